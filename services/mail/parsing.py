"""A mail as it came, taken apart: who, what about, when, its texts and its files (RFC 5322, MIME; spec/area3 §6.5).

Pure. What people send is anything at all: every part that cannot be understood is kept as bytes, and a mail that cannot
be taken apart at all is one file.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email import policy
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime

import orjson

from services.mail.bounded_parser import NotUnderstood, message_of
from services.mail.long_runs import shortened
from shared.files.kinds import HEAD_BYTES, UNKNOWN, mimetype_of, safe_name
from shared.mailbox.received import Mailbox, MailContents

MOST_PARTS = 100
DEEPEST = 20
MOST_HOPS = 50
_MOST_HEADERS = 1000
_MOST_HEADER_LETTERS = 100_000
_MOST_PEOPLE = 500
_TRACE = frozenset(
    {"received", "return-path", "delivered-to", "x-original-to", "received-spf", "authentication-results"}
    | {"arc-seal", "arc-message-signature", "arc-authentication-results", "dkim-signature", "x-received"}
)
"""What each server on the way adds or writes anew."""
_NAMING = ("content-disposition", "content-type")
_KNOWN_ENDINGS = {"text/plain": "txt", "text/html": "html", "message/rfc822": "eml", "text/calendar": "ics"}
_UNSEEN = frozenset("\t\u200c\u200d")
"""Beside what is printed: the joiners are a part of names in Persian or Hindi."""
_KIND = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}")
_END_OF_HEADERS = re.compile(rb"(?<=\n)\r?\n|\A\r?\n")
_ANGLE = re.compile(r"<([^<>]*)>")


@dataclass(frozen=True, slots=True)
class ParsedPart:
    """A part of a mail as a file."""

    role: str
    filename: str
    mimetype: str
    contents: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """A mail taken apart; `contents` has no parts yet, they are kept as files first."""

    contents: MailContents = field(repr=False)
    parts: tuple[ParsedPart, ...] = field(repr=False)
    reason: str = ""
    """Why it was not taken apart; empty when it was."""
    hops: int = 0


def parsed(raw: bytes) -> ParsedMail:
    """A mail taken apart; one that cannot be is its headers, as far as they can be read, and one file."""
    try:
        return _taken_apart(raw)
    except NotUnderstood as error:
        reason = error.reason
    except Exception as error:  # the parser of the standard library meets what nobody has thought of
        reason = type(error).__name__
    lines = _header_lines_only(raw)
    return ParsedMail(_contents(lines), (_headers_part(_headers(lines)), _whole(raw)), reason)


def identity(raw: bytes) -> bytes:
    """What makes a mail the same mail when it comes again, whichever way: all but what servers write on the way."""
    at, size = raw.find(b"\r\n\r\n"), 4
    if at < 0:
        at, size = raw.find(b"\n\n"), 2
    head, body = (raw, b"") if at < 0 else (raw[:at], memoryview(raw)[at + size :])  # a mail may be large: no copy
    kept: list[bytes] = []
    is_trace = False
    for line in head.splitlines():
        if line[:1] not in (b" ", b"\t"):
            is_trace = line.partition(b":")[0].strip().lower().decode("ascii", "replace") in _TRACE
        if not is_trace:
            kept.append(line)
    found = hashlib.sha256(b"\n".join(kept) + b"\n\n")
    found.update(body)
    return found.digest()


def _taken_apart(raw: bytes) -> ParsedMail:
    message, leaves, decoded = _leaves_of(raw)
    lines = _header_lines(message)
    headers = _headers(lines)
    text, html = _bodies(leaves)
    parts = [_headers_part(headers)]
    for number, (part, _) in enumerate(leaves, start=1):
        role = "text" if part is text else "html" if part is html else "attachment"
        parts.append(_file_of(part, role, number, decoded.get(number - 1)))
    return ParsedMail(_contents(lines), tuple(parts), hops=sum(name.lower() == "received" for name, _ in headers))


def _leaves_of(raw: bytes) -> tuple[Message, list[tuple[Message, int]], Mapping[int, bytes]]:
    """A mail, its leaves, and what some of them hold by their place."""
    short = shortened(raw)
    for given in (short.raw, raw):
        message = message_of(given)
        leaves = list(_leaves(message))
        if len(leaves) > MOST_PARTS:
            raise NotUnderstood("too_many_parts")
        decoded = short.contents_of(part for part, _ in leaves)
        if decoded is not None:
            return message, leaves, decoded
    return message, leaves, {}


def _header_lines(message: Message) -> list[tuple[str, str]]:
    """Names and values in order, each in one line, its bytes beyond ASCII (RFC 6532) as letters."""
    found = [(str(name), line_of(value)) for name, value in message.raw_items()]
    if len(found) > _MOST_HEADERS:
        raise NotUnderstood("too_many_headers")
    return found


def _headers(lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same, decoded as far as they can be."""
    return [(name, text_of(value)) for name, value in lines]


def line_of(value: object) -> str:
    """A header as it stands there, unfolded."""
    given = str(value).encode("utf-8", "surrogateescape")[:_MOST_HEADER_LETTERS]
    return re.sub(r"\r?\n(?=[ \t])", "", _decoded(given))


def text_of(value: object) -> str:
    """A header as people read it: encoded words (RFC 2047) and bytes beyond ASCII become letters."""
    unfolded = line_of(value)
    try:
        pieces = decode_header(unfolded)
    except Exception:  # binascii.Error and others, for what only looks encoded
        return _clean(unfolded)
    words = []
    for piece, charset in pieces:
        if isinstance(piece, str):
            words.append(piece)
            continue
        try:
            # What stands between encoded words comes as Python writes letters beyond Latin 1.
            words.append(piece.decode(charset or "raw-unicode-escape", "replace"))
        except (LookupError, ValueError):  # no such charset, or a name that is none
            words.append(_decoded(piece))
    return _clean("".join(words))


def _decoded(given: bytes) -> str:
    """Bytes that do not say what they are: UTF-8, else the charset in which every byte is a letter."""
    try:
        return given.decode("utf-8")
    except UnicodeDecodeError:
        return given.decode("latin-1")


def _clean(text: str) -> str:
    letters = (letter if letter.isprintable() or letter in _UNSEEN else " " for letter in text)
    return "".join(letters).encode("utf-8", "replace").decode().strip()


def _leaves(message: Message, depth: int = 0) -> Iterator[tuple[Message, int]]:
    """The parts that hold something, in order; a mail within the mail is one of them."""
    if depth > DEEPEST:
        raise NotUnderstood("nested_too_deep")
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        payload = message.get_payload()
        assert isinstance(payload, list)
        for part in payload:
            assert isinstance(part, Message)
            yield from _leaves(part, depth + 1)
    else:
        yield message, depth


def _bodies(leaves: list[tuple[Message, int]]) -> tuple[Message | None, Message | None]:
    """The first text and the first HTML that are no attachments."""
    found: dict[str, Message] = {}
    for part, _ in leaves:
        kind = part.get_content_type()
        if kind in ("text/plain", "text/html") and not _is_attachment(part):
            found.setdefault(kind, part)
    return found.get("text/plain"), found.get("text/html")


def _is_attachment(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(_name_of(part))


def _name_of(part: Message) -> str:
    naming = Message()
    for name, value in part.raw_items():
        if str(name).lower() in _NAMING:
            naming[str(name)] = line_of(value)  # as letters: bytes beyond ASCII would be lost
    try:
        return text_of(naming.get_filename() or "")
    except Exception:  # a name whose encoding is broken
        return ""


def _file_of(part: Message, role: str, number: int, decoded: bytes | None = None) -> ParsedPart:
    kind = part.get_content_type()
    contents = _bytes_of(part) if decoded is None else decoded
    if role in ("text", "html"):
        contents = _as_utf8(part, contents)
    name = _name_of(part)
    ending = _KNOWN_ENDINGS.get(kind) or _ending_of(kind)
    if role in ("text", "html"):
        name = f"attachment.{ending}"
    name = name_for(name, kind, number)
    return ParsedPart(role, name, kind if role in ("text", "html") else kind_of(name, kind, contents), contents)


def name_for(given: str, kind: str, number: int) -> str:
    """The name under which a part is kept: its own without what file systems stumble over, else one by its kind."""
    if not given:
        ending = _KNOWN_ENDINGS.get(kind) or _ending_of(kind)
        given = f"attachment-{number}.{ending}" if number else f"attachment.{ending}"
    return _file_name(given)


def kind_of(name: str, claimed: str, contents: bytes) -> str:
    """What a file is, by its first bytes and its name; what it claims counts only where these tell nothing."""
    found = mimetype_of(name, contents[:HEAD_BYTES])
    if found != UNKNOWN or claimed.startswith("image/") or claimed == "application/pdf":
        return found
    return claimed if _KIND.fullmatch(claimed) else UNKNOWN


def _bytes_of(part: Message) -> bytes:
    if part.is_multipart():  # a mail within the mail
        inside = part.get_payload()
        assert isinstance(inside, list)
        return b"\r\n".join(one.as_bytes(policy=policy.compat32) for one in inside if isinstance(one, Message))
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _as_utf8(part: Message, contents: bytes) -> bytes:
    """A text in UTF-8 with the line ends of texts here, whatever charset it says it has."""
    charset = part.get_content_charset() or "utf-8"
    try:
        text = contents.decode(charset)
    except (LookupError, ValueError):
        text = _decoded(contents)
    return text.replace("\r\n", "\n").encode("utf-8", "replace")


def _ending_of(kind: str) -> str:
    return (mimetypes.guess_extension(kind) or ".bin").removeprefix(".")


def _file_name(given: str) -> str:
    bare = given.replace("\\", "/").rpartition("/")[2]
    cleaned = re.sub(r"[^\w\-. ]", "_", bare).strip("_ ")
    return safe_name(cleaned or "attachment.bin")


def _headers_part(headers: list[tuple[str, str]]) -> ParsedPart:
    return ParsedPart("headers", "headers.json", "application/json", orjson.dumps(headers))


def _whole(raw: bytes) -> ParsedPart:
    return ParsedPart("attachment", "message.eml", "message/rfc822", raw)


def _header_lines_only(raw: bytes) -> list[tuple[str, str]]:
    """What can be read of the headers of a mail that cannot be taken apart."""
    try:
        head = _END_OF_HEADERS.split(raw[:_MOST_HEADER_LETTERS], maxsplit=1)[0]
        return _header_lines(BytesHeaderParser(policy=policy.compat32).parsebytes(head))
    except Exception:
        return []


def _contents(lines: list[tuple[str, str]]) -> MailContents:
    named: dict[str, list[str]] = {}
    as_written: dict[str, list[str]] = {}
    for name, value in lines:
        named.setdefault(name.lower(), []).append(text_of(value))
        as_written.setdefault(name.lower(), []).append(value)

    def first(*names: str) -> str:
        return next((value for name in names for value in named.get(name, ()) if value), "")

    def all_of(*names: str) -> tuple[Mailbox, ...]:
        return _people([value for name in names for value in as_written.get(name, ())])

    def one(*names: str) -> Mailbox | None:
        found = [person for name in names for person in all_of(name)]
        # A name with a comma, and without the quotes that belong around it, is no address.
        return next((person for person in found if "@" in person.address), found[0] if found else None)

    return MailContents(
        to=all_of("to", "resent-to"),
        cc=all_of("cc", "resent-cc"),
        sender=one("from", "sender"),
        reply_to=one("reply-to"),
        return_path=_return_path(first("return-path")),
        subject=named["subject"][0] if "subject" in named else None,
        date=_date(first("date", "resent-date")),
        message_id=first("message-id"),
        is_automatic=_is_automatic(named),
    )


def _people(values: list[str]) -> tuple[Mailbox, ...]:
    """Everybody who is named in such headers, as they were written: what an encoded word holds is a name, also where
    it looks like an address (RFC 2047 §5).
    """
    found = [person for value in values[:_MOST_PEOPLE] for person in _people_in(value)]
    return tuple(found[:_MOST_PEOPLE])


def _people_in(value: str) -> list[Mailbox]:
    pairs = _pairs(value)
    if not any("@" in address for _, address in pairs):
        pairs = _pairs(text_of(value))  # programs that encode the address as well
    return [Mailbox(name=text_of(name).strip('"'), address=_clean(address)) for name, address in pairs if address]


def people_named(raw: bytes, *names: str) -> tuple[Mailbox, ...]:
    """Everybody in headers of these names, given in small letters, as `parsed` tells them."""
    return _people([value for name, value in _header_lines_only(raw) if name.lower() in names])


def _pairs(value: str) -> list[tuple[str, str]]:
    try:
        return getaddresses([value])[:_MOST_PEOPLE]
    except Exception:
        return []


def _return_path(value: str) -> Mailbox | None:
    found = _ANGLE.search(value)
    address = (found[1] if found else value).strip()
    return Mailbox(address=address) if address else None


def _date(value: str) -> str:
    """ISO 8601; empty for a date that nobody can read."""
    try:
        moment = parsedate_to_datetime(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        moment.astimezone(UTC)  # a year that does not exist there
    except (TypeError, ValueError, OverflowError, IndexError):
        return ""
    return moment.isoformat()


def _is_automatic(named: dict[str, list[str]]) -> bool:
    """Whether a program has sent it by itself (RFC 3834, and what older ones write)."""
    said = next(iter(named.get("auto-submitted", ())), "no").partition(";")[0].strip().lower()
    precedence = next(iter(named.get("precedence", ())), "").strip().lower()
    return said not in ("", "no") or precedence in ("bulk", "junk", "list", "auto_reply") or "list-id" in named
