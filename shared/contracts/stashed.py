"""How a program's data lie in a stash, beside what interviews put there: as JSON, which anybody can open safely."""

from __future__ import annotations

import json
from typing import Any

import orjson

_AS_IT_IS, _CONVERTED = b"J", b"C"
"""No pickle begins so: those of today begin with 0x80."""


def as_stashed(data: dict[str, Any], *, is_converted: bool) -> bytes:
    """Data of a program. `is_converted`: for interviews, texts that look like dates are dates, and forms of objects
    objects.
    """
    return (_CONVERTED if is_converted else _AS_IT_IS) + json.dumps(data).encode()


def stashed_json(value: bytes) -> tuple[Any, bool] | None:
    """The data, and whether interviews find them converted; None when an interview has stashed it."""
    if value[:1] not in (_AS_IT_IS, _CONVERTED):
        return None
    return orjson.loads(value[1:]), value[:1] == _CONVERTED
