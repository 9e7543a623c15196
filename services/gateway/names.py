"""Names of inputs: base64 of the variable's name without padding (spec/area4 §5.1), and names inside JavaScript."""

from __future__ import annotations

import base64
import re

_WATCHED = re.compile(r"""\b(?:val|getField|daGetField|da_val)\(\s*(?:"([^"]*)"|'([^']*)')\s*\)""")


def encoded_name(name: str) -> str:
    """How a variable is named in a form."""
    return base64.b64encode(name.encode()).decode().rstrip("=")


def watched_variables(expression: str) -> list[str]:
    """The variables whose changes decide a JavaScript condition: literal names in `val()` and `getField()`."""
    found = (double or single for double, single in _WATCHED.findall(expression))
    return list(dict.fromkeys(found))
