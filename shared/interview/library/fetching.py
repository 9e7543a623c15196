"""What is found at an address of the web, or within a `data:` address (spec/area4 §6.6)."""

from __future__ import annotations

import base64
import urllib.error
import urllib.request
from pathlib import PurePosixPath
from urllib.parse import unquote_to_bytes, urlsplit

from shared.interview.library.faults import DAError

_LARGEST_DOWNLOAD = 64 * 1024 * 1024
_DOWNLOAD_SECONDS = 20.0


def fetched(url: str) -> bytes:
    """What is found at an address, or in it (`data:…`). Raises DAError."""
    if str(url).startswith("data:"):
        return _in_the_address(str(url))
    if not str(url).startswith(("http://", "https://")):
        raise DAError(f"{url} is no address of the web")
    request = urllib.request.Request(str(url), headers={"User-Agent": "colloquy"})  # noqa: S310  # checked above
    try:
        with urllib.request.urlopen(request, timeout=_DOWNLOAD_SECONDS) as answer:  # noqa: S310
            contents: bytes = answer.read(_LARGEST_DOWNLOAD + 1)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise DAError(f"{url} could not be fetched: {error}") from error
    if len(contents) > _LARGEST_DOWNLOAD:
        raise DAError(f"What is found at {url} is too large")
    return contents


def named_by(url: str) -> dict[str, str]:
    """Name or kind of what an address leads to."""
    if url.startswith("data:"):
        kind = url[5:].partition(",")[0].partition(";")[0] or "text/plain"
        return {"mimetype": kind}
    name = PurePosixPath(urlsplit(url).path).name
    return {"filename": name} if name.strip(".") else {}


def _in_the_address(url: str) -> bytes:
    """The contents of a `data:` address (RFC 2397). Raises DAError."""
    head, comma, rest = url.partition(",")
    if not comma or len(rest) > 2 * _LARGEST_DOWNLOAD:
        raise DAError("The address that begins with data: is not well formed, or too long")
    if not head.endswith(";base64"):
        return unquote_to_bytes(rest)
    try:
        return base64.b64decode(unquote_to_bytes(rest), validate=True)
    except ValueError as error:
        raise DAError("The address that begins with data: is not well formed") from error
