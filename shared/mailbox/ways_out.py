"""The ways mail leaves, by the names authors use (spec/area3 §5.2): the server of the settings, and others beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from shared.kernel.clock import Clock
from shared.kernel.settings import Settings
from shared.mailbox.mail import AddressUnusable, Mail, address_of, written
from shared.mailbox.outgoing import Letter
from shared.mailbox.transport_http import MAILGUN, SENDGRID, MailgunTransport, SendGridTransport
from shared.mailbox.transport_smtp import MailRefused, MailServer, Security, SmtpTransport, transport_of

DEFAULT = "default"
_TLS_PORT = 465


class Transport(Protocol):
    """Hands mail over."""

    async def deliver(self, mail: Mail, message: bytes, *, return_path: str = "") -> None:
        """Hand over what is written; what comes back goes to `return_path`. Raises MailServerBusy, MailRefused."""
        ...


@dataclass(frozen=True, slots=True)
class WayOut:
    """One of them."""

    name: str
    sender: str
    """What stands in `From` when nobody says otherwise."""
    transport: Transport | None
    """None: mail is kept for the operator."""


def ways_out(settings: Settings, clock: Clock) -> Mapping[str, WayOut]:
    """All of them by name; there is always a `default`."""
    found: dict[str, WayOut] = {}
    for number, entry in enumerate(settings.mail_configs):
        name = str(entry.get("name") or f"config{number}")
        found[name] = WayOut(
            name, str(entry.get("default sender") or settings.mail_sender), _transport(entry, settings, clock)
        )
    if settings.mail_host or not found:
        found[DEFAULT] = WayOut(DEFAULT, settings.mail_sender, transport_of(settings, clock))
    elif DEFAULT not in found:
        first = next(iter(found.values()))
        found[DEFAULT] = WayOut(DEFAULT, first.sender, first.transport)
    return found


def _transport(entry: Mapping[str, Any], settings: Settings, clock: Clock) -> Transport:
    """In the order in which docassemble chooses."""
    sender = str(entry.get("default sender") or settings.mail_sender)
    if entry.get("mailgun domain") and entry.get("mailgun api key"):
        return MailgunTransport(
            domain=str(entry["mailgun domain"]),
            key=str(entry["mailgun api key"]),
            url=str(entry.get("mailgun api url") or MAILGUN),
        )
    if entry.get("sendgrid api key"):
        url = str(entry.get("sendgrid api url") or SENDGRID)
        return SendGridTransport(key=str(entry["sendgrid api key"]), sender=sender, url=url)
    port = int(entry.get("port") or 25)
    return SmtpTransport(
        server=MailServer(
            host=str(entry.get("server") or "localhost"),
            port=port,
            user=str(entry.get("username") or ""),
            password=str(entry.get("password") or ""),
            security=_security(entry, port),
            sender=sender,
        ),
        clock=clock,
    )


class Letters:
    """Sends letters of accounts by any of the ways."""

    def __init__(self, way: WayOut, transport: Transport, clock: Clock) -> None:
        self._way, self._transport, self._clock = way, transport, clock

    async def send(self, letter: Letter, *, mail_id: str) -> None:
        """Hand a letter over. Raises MailServerBusy, MailRefused."""
        try:
            mail = Mail(to=(address_of(letter.recipient),), subject=letter.subject, text=letter.text)
            now = self._clock.now()
            message = written(mail, default_sender=self._way.sender, message_id=mail_id, now=now)
        except AddressUnusable:
            raise MailRefused("One of its addresses cannot be used.") from None
        await self._transport.deliver(mail, message)


def letters_of(settings: Settings, clock: Clock) -> Letters | None:
    """How letters of accounts leave; None: they are kept."""
    way = ways_out(settings, clock)[DEFAULT]
    return None if way.transport is None else Letters(way, way.transport, clock)


def _security(entry: Mapping[str, Any], port: int) -> Security:
    if entry.get("use ssl") or port == _TLS_PORT:
        return "tls"
    return "starttls" if entry.get("use tls", True) else "none"
