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
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from unicodedata import normalize

import idna

from shared.kernel.errors import Malformed

_ADDRESS = re.compile(r'\s*(?:(?P<name>[^<>]*?)\s*<\s*(?P<in_brackets>[^<>\s]+)\s*>|(?P<bare>[^<>\s",;:]+))\s*\Z')
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
"""RFC 5321 §4.1.2 with the letters of RFC 6531 §3.3."""
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LONGEST_LOCAL, _LONGEST_ADDRESS = 64, 254
"""In octets."""
_JOINERS = dict.fromkeys(map(ord, "\u200c\u200d"))
"""Letters that cannot be seen, and which names in Persian or Hindi are not written without."""
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
    def has_international_headers(self) -> bool:
        """Whether an address in it has letters beyond ASCII before the @: then its headers are UTF-8 (RFC 6532)."""
        named = (*self.to, *self.cc, self.sender, self.reply_to)
        return not all(one.username.isascii() for one in named if one is not None)

    @property
    def recipients(self) -> tuple[str, ...]:
        """Everybody it goes to, each once."""
        return tuple(dict.fromkeys(one.addr_spec for one in (*self.to, *self.cc, *self.bcc)))


def address_of(text: str) -> Address:
    """One address, with or without a name; its domain as the DNS knows it (RFC 5891), what stands before the @ in the
    form that RFC 6532 §3.1 asks for. Raises AddressUnusable, also for two at once.
    """
    text = normalize("NFC", text)
    found = _ADDRESS.match(text)
    if found is None or not text.translate(_JOINERS).isprintable():
        raise AddressUnusable
    spec = found["in_brackets"] or found["bare"]
    local, _, domain = spec.rpartition("@")
    if not spec.isprintable() or not _LOCAL.fullmatch(local) or len(local.encode()) > _LONGEST_LOCAL:
        raise AddressUnusable
    domain = domain_for_dns(domain)
    if not all(_LABEL.fullmatch(label) for label in domain.split(".")):
        raise AddressUnusable
    if len(local.encode()) + len(domain) >= _LONGEST_ADDRESS:
        raise AddressUnusable
    name = " ".join((found["name"] or "").replace('"', "").replace("\\", "").split())
    return Address(display_name=name, username=local, domain=domain)


def domain_for_dns(domain: str) -> str:
    """A domain in ASCII, as people write it or as it stands in the DNS already. Raises AddressUnusable."""
    if domain.isascii():
        return domain
    try:
        # Not the codec of Python, which is IDNA 2003: straße.de and strasse.de are two domains.
        return idna.encode(domain, uts46=True).decode()
    except UnicodeError:
        raise AddressUnusable from None


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
    to, cc, sender, reply_to = (_named_in(found, name) for name in ("To", "Cc", "From", "Reply-To"))
    named = {one.addr_spec for one in (*to, *cc)}
    text, page = found.get_body(("plain",)), found.get_body(("html",))
    return Mail(
        to=to,
        cc=cc,
        bcc=tuple(address_of(one) for one in recipients if one not in named),
        sender=sender[0],
        reply_to=reply_to[0] if reply_to else None,
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


def _named_in(message: EmailMessage, header: str) -> tuple[Address, ...]:
    """The addresses in a header; what is UTF-8 there, the parser leaves as bytes."""
    for name, value in message.raw_items():
        if name.lower() == header.lower():
            letters = str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            unfolded = letters.replace("\r", "").replace("\n", "")
            return tuple(SMTPUTF8.header_factory(header, unfolded).addresses)
    return ()


def _content(part: object) -> str | None:
    return part.get_content().replace("\r\n", "\n") if isinstance(part, EmailMessage) else None


def written(mail: Mail, *, default_sender: str, message_id: str, now: datetime) -> bytes:
    """The mail as bytes to hand over; blind copies are not in it. Raises AddressUnusable for a bad default sender."""
    own = address_of(default_sender)
    is_international = mail.has_international_headers or not (mail.sender or own).username.isascii()
    message = EmailMessage(policy=SMTPUTF8 if is_international else SMTP)
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
    letters = (letter if letter.isprintable() or ord(letter) in _JOINERS else " " for letter in _encodable(text))
    return " ".join("".join(letters).split())


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
