"""Temporary addresses: whoever has one may open one file, until it ends.

The address itself carries what opens the file, sealed under the server's key, so nothing has to be stored for it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson

from shared.contracts.base import Sealer
from shared.crypto.aead import SealBroken
from shared.files.contents import StoredContents
from shared.files.records import OpenFile
from shared.kernel.errors import NotFound

_PURPOSE = "file link"


class LinkEnded(NotFound):
    """This link has ended, or it never was one of ours."""


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """What a link leads to."""

    file: OpenFile = field(repr=False)
    is_attachment: bool


def make_link(file: OpenFile, *, sealer: Sealer, now: datetime, seconds: float, is_attachment: bool) -> str:
    """The secret part of an address."""
    contents = file.contents
    said = [
        (now + timedelta(seconds=seconds)).timestamp(),
        file.number,
        file.filename,
        file.mimetype,
        contents.location,
        base64.b64encode(contents.key).decode(),
        contents.size_bytes,
        is_attachment,
    ]
    return base64.urlsafe_b64encode(sealer.seal(orjson.dumps(said), purpose=_PURPOSE)).rstrip(b"=").decode()


def open_link(link: str, *, sealer: Sealer, now: datetime) -> OpenedLink:
    """What the address opens. Raises LinkEnded."""
    try:
        sealed = base64.urlsafe_b64decode(link + "=" * (-len(link) % 4))
        said = orjson.loads(sealer.open(sealed, purpose=_PURPOSE))
    except (binascii.Error, ValueError, SealBroken):
        raise LinkEnded from None
    until, number, filename, mimetype, location, key, size_bytes, is_attachment = said
    if now.timestamp() > until:
        raise LinkEnded
    contents = StoredContents(location, base64.b64decode(key), size_bytes)
    file = OpenFile(number=number, filename=filename, mimetype=mimetype, contents=contents)
    return OpenedLink(file, is_attachment)
