"""Fixtures of the tests of lint: sessions of interviews given as text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.language.core.sessions import Session


@pytest.fixture
def session(tmp_path: Path) -> Callable[..., Session]:
    """Open a session of an interview given as text, with further files by their path in the package."""
    return lambda text, files=None: Session(tmp_path, text, files)
