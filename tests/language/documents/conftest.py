"""Fixtures of the language tests for documents."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.language.documents.assembling import Assemble, AssemblingSession


@pytest.fixture
def assemble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Assemble:
    """Open a session of an interview given as text, with templates by their name."""
    copies = tmp_path / "copies"
    copies.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(copies))

    def start(text: str, **templates: bytes | str) -> AssemblingSession:
        session = AssemblingSession(tmp_path / "packages", text)
        for name, contents in templates.items():
            session.put(name, contents)
        return session

    return start
