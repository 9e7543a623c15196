"""Hold what was posted to the limits its field had on the page (spec/area4 §5.6): the page checks, and so do we.

Which limits, and what to say, the signed form knows: nothing is evaluated here.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable
from typing import Any

from shared.contracts.screen import FormField
from shared.interview.screen.form import LIMITS

_ADDRESS = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")


def complaint(field: FormField, text: str, value: Any) -> str:
    """What is wrong with a posted text and the value made of it; empty when nothing is, or nothing was typed."""
    if not text.strip():
        return ""
    for rule, (limit, message) in field.options.get(LIMITS, {}).items():
        if rule in _KEPT and not _KEPT[rule](text, value, str(limit)):
            return str(message)
    return ""


def _is_at_least(_text: str, value: Any, limit: str) -> bool:
    least = _number(limit)
    return least is None or not isinstance(value, int | float) or value >= least


def _is_at_most(_text: str, value: Any, limit: str) -> bool:
    most = _number(limit)
    return most is None or not isinstance(value, int | float) or value <= most


def _number(limit: str) -> float | None:
    try:
        number = float(limit)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _is_not_before(_text: str, value: Any, limit: str) -> bool:
    return not isinstance(value, datetime.date) or _day(value) >= limit[:10]


def _is_not_after(_text: str, value: Any, limit: str) -> bool:
    return not isinstance(value, datetime.date) or _day(value) <= limit[:10]


def _day(value: datetime.date) -> str:
    return f"{value.year:04d}-{value.month:02d}-{value.day:02d}"


def _is_long_enough(text: str, _value: Any, limit: str) -> bool:
    return _length(text) >= int(limit)


def _is_short_enough(text: str, _value: Any, limit: str) -> bool:
    return _length(text) <= int(limit)


def _length(text: str) -> int:
    """As browsers count: line ends are one letter, letters beyond the basic plane two."""
    return len(text.strip().replace("\r\n", "\n").encode("utf-16-le", "surrogatepass")) // 2


def _is_address(text: str, _value: Any, _limit: str) -> bool:
    return _ADDRESS.fullmatch(text.strip()) is not None


_KEPT: dict[str, Callable[[str, Any, str], bool]] = {
    "min": _is_at_least,
    "max": _is_at_most,
    "mindate": _is_not_before,
    "maxdate": _is_not_after,
    "minlength": _is_long_enough,
    "maxlength": _is_short_enough,
    "email": _is_address,
}
"""Whether a rule is kept, by its name (`limits_of()` of the screen says which a field brings along)."""
