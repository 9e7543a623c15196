"""Errors say what they are by their docstring, and what they met by their detail."""

from __future__ import annotations

from shared.kernel.errors import ColloquyError


class StaleThing(ColloquyError):
    """Another one was faster."""


def test_an_error_shows_its_docstring_and_its_detail() -> None:
    assert str(StaleThing("by 2")) == "Another one was faster. by 2"
    assert str(StaleThing()) == "Another one was faster."
