"""What interviews put into the head of an answer, made safe: addresses to go to, and header lines.

Both often hold what somebody typed or what stood in a link. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

_IGNORED_BY_BROWSERS = re.compile(r"[\t\r\n]|^[\x00-\x20]+|[\x00-\x20]+$")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_SCHEMES = frozenset({"http", "https", "mailto", "tel", "sms"})
_KEPT = "%/:=&?~#+!$,;'@()*[]"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")


def address_to_go_to(url: str, *, otherwise: str) -> str:
    """The address as a browser may be sent to it; `otherwise` when it would run a script or show made-up data."""
    text = _IGNORED_BY_BROWSERS.sub("", url)
    scheme = _SCHEME.match(text)
    if not text or (scheme is not None and scheme[1].lower() not in _SCHEMES):
        return otherwise
    return quote(text, safe=_KEPT)


@lru_cache(maxsize=512)
def naming(interview: str) -> str:
    """The part of an address of ours that says which interview is meant: `i=…`."""
    return urlencode({"i": interview})


@lru_cache(maxsize=512)
def sign_in_before(interview: str) -> str:
    """The address of the sign-in, from where one comes back to an interview."""
    return f"/user/sign-in?{urlencode({'next': f'/interview?{naming(interview)}'})}"


def with_json(url: str) -> str:
    """An address of ours, asked for in its JSON form; one of another site as it is."""
    parts = urlsplit(url)
    if parts.scheme or parts.netloc or "json=" in parts.query:
        return url
    return urlunsplit(parts._replace(query=f"{parts.query}&json=1" if parts.query else "json=1"))


def header_lines(headers: Mapping[str, str]) -> dict[str, str]:
    """Names in small letters, each with a value of one line; what is no name of a header is left out."""
    return {name.lower(): header_value(value) for name, value in headers.items() if _NAME.match(name)}


def header_value(value: str) -> str:
    """One line of the letters that HTTP headers know."""
    return _CONTROLS.sub(" ", value).encode("latin-1", "replace").decode("latin-1")
