"""A mail as it is written down (RFC 5322, MIME): addresses checked, so that no text becomes a header or a recipient.

Pure: who sends it, and through what, is for others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from shared.kernel.errors import Malformed

_ADDRESS = re.compile(r'\s*(?:(?P<name>[^<>]*?)\s*<\s*(?P<in_brackets>[^<>\s]+)\s*>|(?P<bare>[^<>\s",;:]+))\s*\Z')
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LONGEST_LOCAL, _LONGEST_ADDRESS = 64, 254
_MOST_SUBJECT = 300
_NEVER_ATTACHED_AS = ("message/", "multipart/")
"""Kinds that MIME gives a structure of their own: a file that says so is attached as bytes."""


class AddressUnusable(Malformed):
    """This is not one e-mail address, as name@example.org or Name <name@example.org>."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail."""

    filename: str = field(repr=False)
    mimetype: str
    contents: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail to some people. Never logged."""

    to: tuple[Address, ...] = field(repr=False)
    cc: tuple[Address, ...] = field(default=(), repr=False)
    bcc: tuple[Address, ...] = field(default=(), repr=False)
    sender: Address | None = field(default=None, repr=False)
    """What stands in `From`; None: what the server is set to."""
    reply_to: Address | None = field(default=None, repr=False)
    unsubscribe: str = field(default="", repr=False)
    """An address at which people say that they want no more of it, with one click (RFC 8058)."""
    subject: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    html: str | None = field(default=None, repr=False)
    attachments: tuple[Attachment, ...] = field(default=(), repr=False)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """For a service that notes them with the mail; not a part of it."""

    @property
    def recipients(self) -> tuple[str, ...]:
        """Everybody it goes to, each once."""
        return tuple(dict.fromkeys(one.addr_spec for one in (*self.to, *self.cc, *self.bcc)))


def address_of(text: str) -> Address:
    """One address, with or without a name. Raises AddressUnusable, also for two at once."""
    found = _ADDRESS.match(text)
    if found is None or not text.isprintable():
        raise AddressUnusable
    spec = found["in_brackets"] or found["bare"]
    local, _, domain = spec.rpartition("@")
    if not _LOCAL.fullmatch(local) or len(local) > _LONGEST_LOCAL:
        raise AddressUnusable
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        raise AddressUnusable from None
    if not all(_LABEL.fullmatch(label) for label in domain.split(".")) or len(local) + len(domain) >= _LONGEST_ADDRESS:
        raise AddressUnusable
    name = " ".join((found["name"] or "").replace('"', "").replace("\\", "").split())
    return Address(display_name=name, username=local, domain=domain)


def addresses_of(texts: Iterable[str]) -> tuple[Address, ...]:
    """Several, each once. Raises AddressUnusable."""
    found: dict[str, Address] = {}
    for text in texts:
        address = address_of(text)
        found.setdefault(address.addr_spec, address)
    return tuple(found.values())


def read_back(message: bytes, recipients: Sequence[str], variables: Mapping[str, str]) -> Mail:
    """A mail that was written here, for a service that writes it anew. Raises AddressUnusable."""
    found = message_from_bytes(message, policy=SMTP)
    assert isinstance(found, EmailMessage)
    to, cc = (tuple(found[name].addresses) if found[name] else () for name in ("To", "Cc"))
    named = {one.addr_spec for one in (*to, *cc)}
    text, page = found.get_body(("plain",)), found.get_body(("html",))
    return Mail(
        to=to,
        cc=cc,
        bcc=tuple(address_of(one) for one in recipients if one not in named),
        sender=found["From"].addresses[0],
        reply_to=found["Reply-To"].addresses[0] if found["Reply-To"] else None,
        subject=str(found["Subject"] or ""),
        text=_content(text) or "",
        html=_content(page),
        attachments=tuple(
            Attachment(part.get_filename() or "file", part.get_content_type(), contents)
            for part in found.iter_attachments()
            if isinstance(contents := part.get_payload(decode=True), bytes)
        ),
        variables=variables,
    )


def _content(part: object) -> str | None:
    return part.get_content().replace("\r\n", "\n") if isinstance(part, EmailMessage) else None


def written(mail: Mail, *, default_sender: str, message_id: str, now: datetime) -> bytes:
    """The mail as bytes to hand over; blind copies are not in it. Raises AddressUnusable for a bad default sender."""
    message = EmailMessage(policy=SMTP)
    own = address_of(default_sender)
    message["From"] = mail.sender or own
    message["To"] = mail.to
    if mail.cc:
        message["Cc"] = mail.cc
    if mail.reply_to is not None:
        message["Reply-To"] = mail.reply_to
    subject = one_line(mail.subject)[:_MOST_SUBJECT]
    if subject:
        message["Subject"] = subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{message_id}@{own.domain or 'localhost'}>"  # the same for a second delivery
    message["Auto-Submitted"] = "auto-generated"
    if mail.unsubscribe:
        message["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(_encodable(mail.text))
    if mail.html is not None:
        message.add_alternative(_encodable(mail.html), subtype="html")
    for attachment in mail.attachments:
        main, sub = _kind(attachment.mimetype)
        message.add_attachment(attachment.contents, maintype=main, subtype=sub, filename=one_line(attachment.filename))
    return message.as_bytes()


def one_line(text: str) -> str:
    """A text without line breaks and control characters, for a header."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in _encodable(text)).split())


def names_of(attachments: Sequence[Attachment]) -> list[str]:
    """How its attachments are called."""
    return [attachment.filename for attachment in attachments]


def _encodable(text: str) -> str:
    return text.encode(errors="replace").decode()


def _kind(mimetype: str) -> tuple[str, str]:
    main, _, sub = mimetype.lower().partition(";")[0].strip().partition("/")
    is_kind = all(re.fullmatch(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}", part) for part in (main, sub))
    if not is_kind or mimetype.lower().startswith(_NEVER_ATTACHED_AS):
        return "application", "octet-stream"
    return main, sub
