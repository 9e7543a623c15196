"""The names library things go by: the module interviews import them from, which pickles and JSON repeat (DESIGN §5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

UTIL = "docassemble.base.util"
LEGAL = "docassemble.base.legal"
CORE = "docassemble.base.core"
ERROR = "docassemble.base.error"
LOGGER = "docassemble.base.logger"
FUNCTIONS = "docassemble.base.functions"
SQL = "docassemble.base.sql"
DATES = "docassemble.base.dates"
CONFIG = "docassemble.base.config"
GENERATE_KEY = "docassemble.base.generate_key"
QUERIES = "docassemble.base.DA"
COLLOQUY = "colloquy.interview"

T = TypeVar("T", bound=type[Any])


def public(cls: T) -> T:
    """Class decorator: authors know this class as a member of `docassemble.base.util`."""
    cls.__module__ = UTIL
    return cls


def public_in(module: str) -> Callable[[T], T]:
    """Class decorator: authors know this class as a member of another module of the library."""

    def rename(cls: T) -> T:
        cls.__module__ = module
        return cls

    return rename
