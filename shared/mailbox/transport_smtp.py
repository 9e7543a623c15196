"""Hand a letter to a mail server (SMTP, RFC 5321). The only module that imports aiosmtplib.

Errors say what kind of thing went wrong and the server's code, never an address or a text.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import aiosmtplib

from shared.kernel.clock import Clock
from shared.kernel.errors import Refused, Retryable
from shared.kernel.settings import Settings
from shared.mailbox.mail import AddressUnusable, Mail, address_of, written
from shared.mailbox.outgoing import Letter

Security = Literal["starttls", "tls", "none"]

_FINAL_FROM = 500
_INTERNATIONAL = ("SMTPUTF8", "BODY=8BITMIME")


class MailServerBusy(Retryable):
    """The mail server did not take a letter at this moment."""


class MailRefused(Refused):
    """The mail server does not take this letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where outgoing mail is handed over."""

    host: str
    port: int = 587
    user: str = ""
    password: str = field(default="", repr=False)
    security: Security = "starttls"
    sender: str = ""
    timeout_seconds: float = 30.0


class SmtpTransport:
    """Sends letters through one server."""

    def __init__(self, *, server: MailServer, clock: Clock) -> None:
        self._server, self._clock = server, clock

    async def send(self, letter: Letter, *, mail_id: str) -> None:
        """Hand a letter over. Raises MailServerBusy, MailRefused."""
        try:
            mail = Mail(to=(address_of(letter.recipient),), subject=letter.subject, text=letter.text)
            now = self._clock.now()
            message = written(mail, default_sender=self._server.sender, message_id=mail_id, now=now)
        except AddressUnusable:
            raise MailRefused("One of its addresses cannot be used.") from None
        await self.hand_over(message, recipients=mail.recipients)

    async def deliver(self, mail: Mail, message: bytes, *, return_path: str = "") -> None:
        """Hand over a mail that is written. Raises MailServerBusy, MailRefused."""
        await self.hand_over(message, recipients=mail.recipients, return_path=return_path)

    async def hand_over(self, message: bytes, *, recipients: Sequence[str], return_path: str = "") -> None:
        """Hand a whole mail over, in one conversation. Raises MailServerBusy, MailRefused.

        When the server takes some of several recipients, the mail has been sent. What comes back goes to
        `return_path`, or to the sender of the settings.
        """
        server = self._server
        try:
            sender = return_path or address_of(server.sender).addr_spec
            is_international = _is_international(message, (sender, *recipients))
            client = aiosmtplib.SMTP(
                hostname=server.host,
                port=server.port,
                username=server.user or None,
                password=server.password or None,
                use_tls=server.security == "tls",
                start_tls=server.security == "starttls",
                tls_context=ssl.create_default_context() if server.security != "none" else None,
                timeout=server.timeout_seconds,
            )
            async with client:
                try:
                    await client.sendmail(
                        sender, list(recipients), message, mail_options=_INTERNATIONAL if is_international else ()
                    )
                except aiosmtplib.SMTPNotSupported:
                    raise MailRefused(
                        "It takes no address with letters beyond a to z before the @ (it does not offer SMTPUTF8)."
                    ) from None
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [one.code for one in error.recipients]
            if all(code >= _FINAL_FROM for code in codes):
                raise MailRefused(f"It answered {', '.join(map(str, codes))}.") from None
            raise MailServerBusy(f"It answered {', '.join(map(str, codes))}.") from None
        except aiosmtplib.SMTPResponseException as error:
            if error.code >= _FINAL_FROM and not isinstance(error, aiosmtplib.SMTPAuthenticationError):
                raise MailRefused(f"It answered {error.code}.") from None
            raise MailServerBusy(f"It answered {error.code}.") from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise MailServerBusy(f"{type(error).__name__}.") from None


def _is_international(message: bytes, addresses: Sequence[str]) -> bool:
    """Whether it can be handed over only to a server that takes letters beyond ASCII in addresses (RFC 6531 §3.1)."""
    return not (message.partition(b"\r\n\r\n")[0].isascii() and all(map(str.isascii, addresses)))


def transport_of(settings: Settings, clock: Clock) -> SmtpTransport | None:
    """How mail goes out; None when no server is named."""
    if not settings.mail_host:
        return None
    server = MailServer(
        host=settings.mail_host,
        port=settings.mail_port,
        user=settings.mail_user,
        password=settings.mail_password,
        security=settings.mail_security,
        sender=settings.mail_sender,
    )
    return SmtpTransport(server=server, clock=clock)
