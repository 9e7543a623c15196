"""The gateway's settings, read once at start from the environment (`COLLOQUY_…`)."""

from __future__ import annotations

from typing import ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from services.gateway.peers import is_loopback
from shared.kernel.settings import Settings

SHORTEST_TOKEN = 24


class GatewaySettings(Settings):
    """What the gateway can be told besides. Durations in seconds, sizes in bytes."""

    NEEDED: ClassVar[tuple[str, ...]] = ("database_url", "amqp_url")

    host: str = "127.0.0.1"
    """The address browsers connect to; 0.0.0.0 for all."""
    port: int = Field(8000, ge=0, le=65535)
    """Its port; 0 takes a free one."""
    public_url: str = ""
    """How browsers reach us when a proxy stands before us, e.g. `https://forms.example.org/`."""
    exit_page: str = "/"
    """Where a browser goes after `exit` or `leave` without a URL."""
    allowed_hosts: str = ""
    """Further names in the addresses of browsers, separated by commas; `.example.org` for all that end so, `*` for
    any. Always allowed are the names of this machine's loopback, the public URL's, and the address of `host`."""
    allowed_origins: str = ""
    """Front ends beside our own pages whose scripts may use this server, separated by commas, e.g.
    `https://app.example.org`. They have to be of the same site: cookies do not travel further. `*`: any page may read
    what needs no cookie, such as the data that an action of a shared session answers with."""
    trusted_proxies: str = ""
    """Addresses whose `X-Forwarded-…` headers are believed, separated by commas."""
    error_details: bool | None = None
    """Whether the page of an interview's error shows its author's lines, the texts of exceptions and traces. They may
    hold what is secret. Not given: as long as only this machine is served and there is no public URL."""
    inline_handlers: bool = True
    """Whether `onclick` and the like in the HTML of interviews run. Where no interview has any, turn it off: what gets
    into a page by mistake then cannot run that way."""
    delete_account_deletes_shared: bool = False
    """Whether the sessions of somebody who deletes their account end for others who take part, too."""
    registration: bool = True
    """Whether people can make accounts themselves; if not, administrators make or invite them."""
    confirm_addresses: bool | None = None
    """Whether an e-mail address counts only once a link that was sent there is opened. Not given: if there is a
    `mail_host`."""
    shortest_password: int = Field(8, ge=6, le=100)
    """How many characters a password has at least."""
    sign_in_attempts: int = Field(10, gt=0)
    """How many wrong passwords for one account from one network address; of all accounts or addresses, ten times."""
    sign_in_window_seconds: float = Field(3600.0, gt=0.0)
    """Within which time they are counted."""
    sign_in_ban_seconds: float = Field(900.0, gt=0.0)
    """How long no password is taken afterwards."""
    oidc_issuer: str = ""
    """Address of an OpenID Connect provider with which people can sign in; empty: none."""
    oidc_client_id: str = ""
    """By which name the provider knows us."""
    oidc_client_secret: str = Field("", repr=False)
    """What proves it."""
    oidc_label: str = "Sign in with your organization"
    """What its button says."""
    check_in_seconds: float = Field(6.0, ge=0.0)
    """How often a page asks by itself when it has no live connection or runs check-in code: 1 at least; 0 turns all
    check-ins off."""
    max_check_in_bytes: int = Field(1024 * 1024, gt=0)
    """The largest check-in: what stands in the fields of a screen."""
    heartbeat_seconds: float = Field(60.0, gt=0.0)
    """How often a quiet live connection says that it is there."""
    request_timeout_seconds: float = Field(60.0, gt=0.0)
    """How long a browser's request waits for the session service."""
    max_body_bytes: int = Field(16 * 1024 * 1024, gt=0)
    """The largest request without files."""
    mail_webhook_key: str = Field("", repr=False)
    """What a provider signs mail with that it posts to /mail/incoming (Mailgun's signing key); empty: none is taken."""
    mail_webhook_public_key: str = Field("", pattern=r"^[A-Za-z0-9+/=]*$")
    """The same of a provider that signs with a key of its own (the verification key of SendGrid's Inbound Parse)."""
    max_fields: int = Field(2000, gt=0)
    """The most fields of a form."""
    max_requests_at_once: int = Field(500, gt=0)
    """What comes beyond that is told to try again."""
    max_connections: int = Field(10_000, gt=0)
    """Open connections of browsers, idle ones too."""
    receive_seconds: float = Field(30.0, gt=0.0)
    """How long a request's head, or the next part of its body, may take to arrive."""
    opens_per_minute: int = Field(300, ge=0)
    """How often one network address may open interviews; 0: no limit. Not counted from this machine itself."""
    posts_per_minute: int = Field(1200, ge=0)
    """How many posts of forms and check-ins one network address may send; 0: no limit."""
    api: bool = True
    """Whether there is the HTTP API at `/api`; nobody can use it without a key."""
    api_calls_per_minute: int = Field(3000, ge=0)
    """How many calls one API key may make; 0: no limit."""
    metrics_for: Literal["private", "all", "nobody"] = "private"
    """Who may read `/metrics`: `private` for this machine and its private network, not through a proxy."""
    operator_token: str = Field("", repr=False)
    """Whoever brings it may see and end background tasks at `/api/tasks`; empty: there is no such address."""
    browser_sessions_kept_days: float = Field(31.0, gt=0.0)
    """After so long without a sign of it a browser is forgotten; its cookie ends a day earlier."""
    housekeeping_seconds: float = Field(3600.0, gt=0.0)
    """How often what is no longer needed is deleted."""
    max_sockets_per_session: int = Field(64, gt=0)
    """Live connections of one session at once; one more is refused, and its page asks every few seconds."""
    leave_seconds: float = Field(0.0, ge=0.0, le=15.0)
    """How long a gateway that is told to stop still takes new requests, not being ready any more, so that load
    balancers find out before it closes. Behind one, a little more than twice the pause between its looks."""

    @field_validator("allowed_origins")
    @classmethod
    def _check_origins(cls, value: str) -> str:
        for origin in _listed(value):
            parts = urlsplit(origin)
            is_origin = (
                parts.scheme in ("http", "https") and parts.netloc and origin == f"{parts.scheme}://{parts.netloc}"
            )
            if origin != "*" and not is_origin:
                raise ValueError(f"{origin} is no origin, which is like https://app.example.org.")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _check_issuer(cls, value: str) -> str:
        is_near = value.startswith("http://") and is_loopback(urlsplit(value).hostname or "")
        if value and not value.startswith("https://") and not is_near:
            raise ValueError("It must start with https://.")
        return value.rstrip("/")

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("It must start with http:// or https://.")
        return value

    @field_validator("check_in_seconds")
    @classmethod
    def _check_interval(cls, value: float) -> float:
        if 0 < value < 1:
            raise ValueError("It must be 0, which turns check-ins off, or at least 1.")
        return value

    @field_validator("operator_token")
    @classmethod
    def _check_operator_token(cls, value: str) -> str:
        if value and len(value) < SHORTEST_TOKEN:
            raise ValueError(f"It must have {SHORTEST_TOKEN} characters or more, made by chance.")
        return value

    @property
    def confirms_addresses(self) -> bool:
        """Whether addresses of new accounts are confirmed by a letter."""
        return bool(self.mail_host) if self.confirm_addresses is None else self.confirm_addresses

    @property
    def shows_error_details(self) -> bool:
        """Whether those who see an error are taken for authors."""
        if self.error_details is not None:
            return self.error_details
        return not self.public_url and is_loopback(self.host)

    @property
    def origins(self) -> tuple[str, ...]:
        """`allowed_origins` one by one."""
        return _listed(self.allowed_origins)

    @property
    def is_secure(self) -> bool:
        """Whether browsers come over https, so that cookies must not go over anything else."""
        return self.public_url.startswith("https://")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(one.strip().lower() for one in text.split(",") if one.strip())
