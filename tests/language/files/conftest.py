"""Fixtures of the language tests for files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.language.files.filing import FilingSession


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., FilingSession]:
    """Open a session of an interview given as text, with further files by their path in the package."""
    copies = tmp_path / "copies"
    copies.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(copies))
    return lambda text, **files: FilingSession(tmp_path / "packages", text, files)
