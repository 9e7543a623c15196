"""Fixtures of the language tests for the library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.language.screen.playing import Play


@pytest.fixture
def play(tmp_path: Path) -> Callable[[str], Play]:
    """Open an interview given as text."""
    return lambda text: Play(tmp_path, text)
