"""Fixtures of the language tests for the core: sessions of interviews given as text, in every kind of run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.language.core.sessions import Session


@pytest.fixture
def session(tmp_path: Path) -> Callable[..., Session]:
    """Open a session of an interview given as text, with further files by their path in the package."""
    return lambda text, config=None, **files: Session(tmp_path, text, files, config)
