"""Settings of the mail service; all but the common ones come with what they govern."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from shared.kernel.settings import Settings


class MailSettings(Settings):
    """What the mail service needs to know."""

    NEEDED: ClassVar[tuple[str, ...]] = ("database_url", "amqp_url")

    webhooks_private: bool = False
    """Whether webhooks may lead to this machine and private networks."""
    smtp_host: str = "127.0.0.1"
    """The address at which mail is received; 0.0.0.0 for all."""
    smtp_port: int = Field(8025, ge=0, le=65535)
    """Where mail is received, with STARTTLS once there is a certificate; 0: nowhere."""
    smtp_tls_port: int = Field(0, ge=0, le=65535)
    """Where mail is received with TLS from the first byte; 0: nowhere. Needs a certificate."""
    smtp_certificate_file: Path | None = None
    """The certificate for receiving mail, with those above it, as PEM. A renewed file is read without a restart."""
    smtp_certificate_key_file: Path | None = None
    """Its private key, as PEM; empty: it is in the file of the certificate."""
    smtp_max_bytes: int = Field(25 * 1024 * 1024, gt=0)
    """The largest mail that is taken; the files of a text message may be as large together."""
    smtp_timeout_seconds: float = Field(300.0, gt=0.0)
    """How long one command, or the text of a mail, may take the sender."""
    smtp_connections: int = Field(200, ge=0)
    """How many senders may be connected at once; 0: any number."""
    smtp_connections_per_peer: int = Field(20, ge=0)
    """How many connections one sender may have; 0: any number."""
    smtp_mails_per_minute: int = Field(300, ge=0)
    """How many mails one sender may hand over within a minute; 0: any number."""
    smtp_unknown_limit: int = Field(50, ge=0)
    """How many unknown addresses one sender may name within ten minutes; 0: any number."""
    mail_resolver: str = Field("", pattern=r"^(system|[0-9.]+(:[0-9]+)?|[0-9A-Fa-f:]+)?$")
    """Which DNS resolver tells whether mail is from whom it says (SPF, DKIM, DMARC): an address, or `system`; empty:
    none is asked."""
    mail_resolver_seconds: float = Field(10, gt=0, le=60)
    """How long one mail may wait for what the resolver says, in seconds; what is then not known counts for nothing."""
    mail_policy: Literal["record", "dmarc", "strict"] = "record"
    """What is done with mail that is not from whom it says. `record`: it is noted; `dmarc`: what the sender's domain
    asks for, to refuse it or to put it in quarantine; `strict`: besides, mail from a place that the domain of its
    envelope excludes (SPF) is refused. Needs COLLOQUY_MAIL_RESOLVER."""
    mails_per_address_hour: int = Field(200, ge=1)
    """How many mails one address of a session takes within an hour."""
    mail_bytes_of_session: int = Field(500 * 1024 * 1024, gt=0)
    """How much mail one session may have."""
    twilio_media_hosts: str = ""
    """Further hosts from which files of text messages are fetched when Twilio's interface sends there, with commas
    between them; Twilio's own are known."""

    @property
    def media_hosts(self) -> frozenset[str]:
        """Each of them, in small letters."""
        return frozenset(host.strip().lower() for host in self.twilio_media_hosts.split(",") if host.strip())
