"""Mail for who tries interviews out on their own machine, without a mail server: what was sent, and a way to send some.

There is one only where everything runs in one process for one person: on a loopback address, with no public one, and
without a mail server. And it opens only for a request from this machine that names this machine, and that no proxy has
passed on: letters have links in them that open accounts.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import urlsplit

from starlette.requests import Request

from services.gateway.settings import GatewaySettings
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound
from shared.mailbox.outgoing import Letter, Outgoing
from shared.storage.database import Database

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


class NoLetterBox(NotFound):
    """There is no such page."""


@dataclass(frozen=True, slots=True)
class ShownLetter:
    """A letter on the page."""

    id: str
    kind: str
    at: datetime
    recipient: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    sender: str = field(default="", repr=False)
    attachments: Sequence[str] = ()
    raw: bytes = field(default=b"", repr=False)


class LetterBox:
    """Reads what was kept."""

    def __init__(self, *, database: Database, outgoing: Outgoing) -> None:
        self._database, self._outgoing = database, outgoing

    async def letters(self, *, limit: int = 100) -> list[ShownLetter]:
        """The newest."""
        found = []
        for letter_id, *_ in await self._outgoing.waiting(self._database, limit=limit):
            letter = await self.find(letter_id)
            if letter is not None:
                found.append(letter)
        return found

    async def find(self, letter_id: str) -> ShownLetter | None:
        """One of them."""
        queued = await self._outgoing.find(self._database, letter_id)
        if queued is None or queued.letter is None:
            return None
        html, sender, attachments = _inside(queued.letter)
        return ShownLetter(
            id=letter_id,
            kind=queued.kind,
            at=queued.created_at,
            recipient=queued.letter.recipient,
            subject=queued.letter.subject,
            text=queued.letter.text,
            html=html,
            sender=sender,
            attachments=attachments,
            raw=queued.letter.message,
        )


def attachment(letter: ShownLetter, number: int) -> tuple[str, bytes]:
    """Name and contents of one of the files that went with a letter. Raises NoLetterBox."""
    message = message_from_bytes(letter.raw, policy=policy.default)
    parts = list(message.iter_attachments()) if isinstance(message, EmailMessage) else []
    if not 0 <= number < len(parts):
        raise NoLetterBox
    contents = parts[number].get_payload(decode=True)
    return parts[number].get_filename() or "file", contents if isinstance(contents, bytes) else b""


def check_local(request: Request) -> None:
    """Raises NoLetterBox for a request that does not come from this machine to this machine.

    A proxy on this machine may name it, and say nothing of whom it asks for: nginx does so as long as nobody has told
    it otherwise, and then speaks HTTP/1.0, which no browser does.
    """
    client = request.client.host if request.client else ""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    is_direct = is_loopback(client) and is_loopback(host) and request.scope.get("http_version") != "1.0"
    if not is_direct or any(name in request.headers for name in _FORWARDED):
        raise NoLetterBox


def check_own_page(request: Request) -> None:
    """Raises NoLetterBox for a post that another site's page makes in this person's browser."""
    origin = urlsplit(request.headers.get("origin", ""))
    if origin.netloc != request.headers.get("host", ""):
        raise NoLetterBox


def is_loopback(host: str) -> bool:
    """Whether a name or an address means the machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def letter_box_of(
    settings: GatewaySettings, *, database: Database, server_keys: ServerKeys, clock: Clock
) -> LetterBox | None:
    """The letter box of somebody who runs everything for themselves; None for everybody else."""
    if settings.mail_host or settings.public_url or not is_loopback(settings.host):
        return None
    return LetterBox(database=database, outgoing=Outgoing(sealer=server_keys.at_rest, clock=clock))


def _inside(letter: Letter) -> tuple[str, str, list[str]]:
    """HTML, sender and names of attachments of a whole mail."""
    if not letter.message:
        return "", "", []
    message = message_from_bytes(letter.message, policy=policy.default)
    if not isinstance(message, EmailMessage):
        return "", "", []
    page = message.get_body(("html",))
    names = [part.get_filename() or "" for part in message.iter_attachments()]
    return page.get_content() if isinstance(page, EmailMessage) else "", str(message["From"] or ""), names
