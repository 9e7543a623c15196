"""Do without libraries that others load wherever they are installed. Imports nothing but the standard library."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

OF_TERMINALS = ("rich", "pygments")
"""Colours for terminals. structlog, httpx and Mako load them for what no service does: some 6 MiB in each process."""


@contextmanager
def left_out(*names: str) -> Iterator[None]:
    """While this lasts, these top-level names cannot be imported, as if they were not installed.

    For libraries that take what is missing for an answer. What is loaded already stays.
    """
    absent = [name for name in names if name not in sys.modules]
    # None there is what the language has for this: "import of rich halted; None in sys.modules".
    sys.modules.update(cast(Any, dict.fromkeys(absent)))
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)
