"""The root of all our errors, and what the bus and a page do with each branch.

    ColloquyError
    ├── Retryable        try again later: the broker delays and redelivers, a page says "busy"
    ├── Refused          the request is wrong and will stay wrong: told to the caller, never retried
    │   ├── NotFound
    │   ├── NotAllowed
    │   └── Malformed
    └── Unavailable      a part we need (database, broker, cache) does not answer

A class's docstring is its message; data are attributes, and `__str__` shows both. Never put an answer,
a secret or a token into an attribute: errors are logged.
"""

from __future__ import annotations

import inspect


class ColloquyError(Exception):
    """Something in Colloquy went wrong."""

    def __init__(self, detail: str = "") -> None:
        self.detail = detail
        super().__init__(detail)

    def __str__(self) -> str:
        message = inspect.cleandoc(type(self).__doc__ or type(self).__name__).splitlines()[0]
        return f"{message} {self.detail}".strip()


class Retryable(ColloquyError):
    """This could not be done now; it is tried again."""


class Refused(ColloquyError):
    """This request cannot be carried out."""


class NotFound(Refused):
    """There is nothing here by that name."""


class NotAllowed(Refused):
    """You are not allowed to do this."""


class Malformed(Refused):
    """This request could not be understood."""


class Unavailable(Retryable):
    """A part of the server does not answer."""
