"""Mail that a provider posts: signed, and whole as it came.

Mailgun forwards MIME as `body-mime` and signs a timestamp and a token with a shared key, but not the mail: so a token
stands for the first mail that comes with it, and for no other (`ticket`). SendGrid's Inbound Parse posts
it as `email` (its option for the raw message) and signs the whole request with a key whose public half we have. Which
of them it is, the headers say. What other forms they have are taken apart by them already, and are refused.
"""

from __future__ import annotations

import hmac
import io
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Protocol
from urllib.parse import unquote_to_bytes

import orjson
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, parse_form

from shared.crypto.aead import KeyMalformed, signature_holds
from shared.kernel.errors import Malformed, NotAllowed

_LATE_SECONDS = 900.0
_MOST_FIELDS = 200
_MOST_RECIPIENTS = 100
_SIGNATURE, _TIMESTAMP = "x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp"
_MOMENT = re.compile(r"[0-9]{1,12}")


class MailNotSigned(NotAllowed):
    """This mail does not come from the provider that this server knows."""


class NotAMail(Malformed):
    """This request has no whole mail in it: let the provider forward raw MIME."""


class Posted(Protocol):
    """A request, as far as it counts here."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers; names in any case."""
        ...


@dataclass(frozen=True, slots=True)
class ProviderMail:
    """What was posted."""

    raw: bytes = field(repr=False)
    recipients: Sequence[str] = field(repr=False)
    sender: str = field(repr=False)
    ticket: bytes = field(default=b"", repr=False)
    """What was signed instead of the mail; empty: the mail itself was."""

    @property
    def digest(self) -> bytes:
        """Of everything that counts."""
        said = orjson.dumps([list(self.recipients), self.sender]) + b"\n" + self.raw
        return sha256(said).digest()


@dataclass(frozen=True, slots=True)
class ProviderKeys:
    """What providers sign with; empty: nothing is taken from that one."""

    mailgun: str = field(default="", repr=False)
    """A text that both know."""
    sendgrid: str = ""
    """A public key: base64 of DER."""

    def __bool__(self) -> bool:
        return bool(self.mailgun or self.sendgrid)


def provider_mail(request: Posted, body: bytes, keys: ProviderKeys, *, now: float) -> ProviderMail:
    """The mail of a request; `now` in seconds since 1970. Raises MailNotSigned, NotAMail."""
    signature, moment = request.headers.get(_SIGNATURE, ""), request.headers.get(_TIMESTAMP, "")
    if signature:
        _check_sendgrid(keys.sendgrid, signature, moment, body, now)
        return _from_sendgrid(_fields(request, body))
    if not keys.mailgun:
        raise MailNotSigned
    said = _fields(request, body)
    _check_mailgun(keys.mailgun, said, now)
    recipients = _text(said, "recipient").split(",")
    mail = _mail(said.get("body-mime", b""), recipients, _text(said, "sender"))
    signed = _text(said, "timestamp").encode() + said.get("token", b"")
    return replace(mail, ticket=sha256(b"mailgun " + signed).digest())


def _from_sendgrid(said: Mapping[str, bytes]) -> ProviderMail:
    try:
        envelope = orjson.loads(said.get("envelope", b""))
        recipients, sender = [str(one) for one in envelope["to"]], str(envelope.get("from") or "")
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise NotAMail from None
    return _mail(said.get("email", b""), recipients, sender)


def _mail(raw: bytes, recipients: Sequence[str], sender: str) -> ProviderMail:
    named = [one.strip() for one in recipients if one.strip()]
    if not raw or not named:
        raise NotAMail
    return ProviderMail(raw, named[:_MOST_RECIPIENTS], sender.strip("<> "))


def _check_sendgrid(key: str, signature: str, moment: str, body: bytes, now: float) -> None:
    """ECDSA with SHA-256 over timestamp and body. Raises MailNotSigned."""
    _check_moment(moment, now)
    try:
        is_signed = bool(key) and signature_holds(
            b64decode(key), b64decode(signature, validate=True), moment.encode() + body
        )
    except (ValueError, KeyMalformed):
        is_signed = False
    if not is_signed:
        raise MailNotSigned


def _check_mailgun(key: str, said: Mapping[str, bytes], now: float) -> None:
    """HMAC-SHA256 over timestamp and token. Raises MailNotSigned."""
    moment = _text(said, "timestamp")
    _check_moment(moment, now)
    expected = hmac.new(key.encode(), moment.encode() + said.get("token", b""), sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), said.get("signature", b"")):
        raise MailNotSigned


def _check_moment(moment: str, now: float) -> None:
    """Old ones are not believed. Raises MailNotSigned."""
    if not _MOMENT.fullmatch(moment) or abs(now - int(moment)) > _LATE_SECONDS:
        raise MailNotSigned


def _fields(request: Posted, body: bytes) -> Mapping[str, bytes]:
    """The fields of a form, as bytes: a mail has any. Raises NotAMail."""
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        return _of_a_line(body)
    found: dict[str, bytes] = {}

    def add(one: Field) -> None:
        if len(found) >= _MOST_FIELDS:
            raise NotAMail
        found.setdefault((one.field_name or b"").decode(errors="replace"), one.value or b"")

    try:
        parse_form({"Content-Type": kind.encode("latin-1")}, io.BytesIO(body), add, None)
    except (FormParserError, ValueError):
        raise NotAMail from None
    return found


def _of_a_line(body: bytes) -> Mapping[str, bytes]:
    """The same of a form as browsers send it without files. Raises NotAMail."""
    pairs = body.split(b"&", _MOST_FIELDS)
    if len(pairs) > _MOST_FIELDS:
        raise NotAMail
    found: dict[str, bytes] = {}
    for pair in pairs:
        name, _, value = pair.partition(b"=")
        found.setdefault(name.decode(errors="replace"), unquote_to_bytes(value.replace(b"+", b" ")))
    return found


def _text(said: Mapping[str, bytes], name: str) -> str:
    return said.get(name, b"").decode(errors="replace").strip()
