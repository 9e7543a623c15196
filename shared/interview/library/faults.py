"""Errors that authors may raise and catch, under the names they know (spec/area2 appendix B)."""

from __future__ import annotations

from shared.interview.library.named import public
from shared.interview.runtime.signals import InvalidInput

__all__ = ["DAError", "DAException", "DAValidationError", "validation_error"]


@public
class DAException(Exception):
    """Something asked of the library is not possible."""


@public
class DAError(Exception):
    """A library function was used in a way that cannot work."""


@public
class DAValidationError(InvalidInput):
    """What somebody typed is not valid; `field` is the variable whose input the message belongs to."""

    def __init__(self, message: object = "", field: str | None = None) -> None:
        super().__init__(str(message), field)


def validation_error(message: object, field: str | None = None) -> None:
    """End `validation code` or a `validate` function with a message for the person. Raises DAValidationError."""
    raise DAValidationError(message, field)
