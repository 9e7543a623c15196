"""What never appears in a log, whoever wrote the line: session codes, tokens, passwords in URLs, addresses, bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

REDACTED = "[redacted]"

SECRET_FIELDS = frozenset({
    "answers", "api_key", "arguments", "authorization", "body", "cookie", "password", "payload", "secret",
    "session_code", "token", "variables",
})  # fmt: skip
"""Fields whose value is left out altogether."""

_LOWER_HEX = re.compile(r"[0-9a-f]+\Z")
_OPAQUE = re.compile(r"(?<![A-Za-z0-9_\-])(?:[A-Za-z0-9]{32}|[A-Za-z0-9_\-]{40,})(?![A-Za-z0-9_\-])")
_USER_INFO = re.compile(r"(://)[^/@\s]+@")
_QUERY = re.compile(r"([?&](?:session|code|token|key|secret|signature|password|state)=)[^&\s\"']+")
_ADDRESS = re.compile(r"(?<![\w.+\-])[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")
_DEEPEST = 6


def redacted_text(text: str) -> str:
    """The text without what looks like a secret. Ids of ours (UUIDs with dashes) and hexadecimal digests stay."""
    if "@" in text:
        text = _ADDRESS.sub("[address]", _USER_INFO.sub(rf"\1{REDACTED}@", text))
    if "=" in text:
        text = _QUERY.sub(rf"\1{REDACTED}", text)
    if len(text) >= 32:
        text = _OPAQUE.sub(_opaque, text)
    return text


def redacted(value: Any, *, depth: int = 0) -> Any:
    """The same for any value of a log line; objects we do not know are shown by their text."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return redacted_text(value)
        case bytes() | bytearray() | memoryview():
            return f"[{len(value)} bytes]"
        case _ if depth >= _DEEPEST:
            return REDACTED
        case Mapping():
            return {
                redacted_text(str(name)): REDACTED if name in SECRET_FIELDS else redacted(inner, depth=depth + 1)
                for name, inner in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [redacted(inner, depth=depth + 1) for inner in value]
        case _:
            return redacted_text(str(value))


def redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor."""
    for name, value in event.items():
        if name.startswith("_"):
            continue
        event[name] = REDACTED if name in SECRET_FIELDS else redacted(value)
    return event


def _opaque(match: re.Match[str]) -> str:
    text = match[0]
    if _LOWER_HEX.match(text):
        return text
    if len(text) != 32 and text.replace("_", "").replace("-", "").isalpha():
        return text  # a long name made of words
    return REDACTED
