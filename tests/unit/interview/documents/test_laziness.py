"""What documents need is loaded when there are documents: most interviews have none, and every process would pay."""

from __future__ import annotations

import subprocess
import sys

import pytest

_HEAVY = (
    "docx", "docxcompose", "docxtpl", "lxml", "num2words", "openpyxl",
    "pikepdf", "pypdf", "pypdfium2", "segno", "typst",
)  # fmt: skip


@pytest.mark.parametrize("library", _HEAVY)
def test_engine_alone_loads_no_library_for_documents(library: str, loaded: frozenset[str]) -> None:
    assert library not in loaded


@pytest.mark.parametrize("library", ["redis", "requests", "urllib3", "sqlalchemy", "psycopg"])
def test_a_ready_engine_has_loaded_no_client_of_authors_stores(library: str, ready: frozenset[str]) -> None:
    assert "shared.interview.library.author_stores.redis_client" in ready
    assert library not in ready


@pytest.fixture(scope="module")
def ready() -> frozenset[str]:
    """Modules of a process that could run an interview now."""
    code = (
        "import sys; from shared.interview.api import Engine; from shared.kernel.interview_path import InterviewPath; "
        "Engine(InterviewPath.of([])); import docassemble.base.util, docassemble.base.sql; print(*sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return frozenset(ended.stdout.split())


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    """Modules of a process that has loaded the engine and done nothing."""
    code = "import shared.interview.api, shared.evaluation.child, sys; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return frozenset(ended.stdout.split())
