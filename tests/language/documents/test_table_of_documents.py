"""README.md beside this names every key that a document may have, and tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.interview.compile.attachments import KEYS
from tests.language.documents.assembling import Assemble
from tests.language.documents.forms import form
from tests.language.documents.test_keys_of_documents import ended

HERE = Path(__file__).parent
TESTS = HERE.parents[1]
_NAMED = re.compile(r"([a-z_/]+)::(test_\w*)")


def test_every_test_of_the_page_is_there() -> None:
    named = _NAMED.findall((HERE / "README.md").read_text())
    assert len(named) > 70
    assert [f"{file}::{test}" for file, test in named if not _is_there(file, test)] == []


def test_every_key_of_a_document_has_a_row() -> None:
    first = [line.split("|")[1] for line in (HERE / "README.md").read_text().splitlines() if line.startswith("| `")]
    assert set(KEYS) - {key for cell in first for key in re.findall(r"`([^`]+)`", cell)} == set()


@pytest.mark.parametrize("key", ["template file", "rtf template file", "pdftk", "permissions"])
def test_keys_without_effect_are_named(assemble: Assemble, key: str) -> None:
    source = "pdf template file: form.pdf\nfields:\n  - a: x" if key == "pdftk" else "content: x\nvalid formats: pdf"
    session = assemble(
        ended(f"{source}\n{key}: {'a.tex' if key.endswith('file') else 'True'}"), form__pdf=form(a="text")
    )
    assert session.open() == "Done"
    told = [finding.message for finding in session.engine.lint(session.reference)]
    assert any(key in message for message in told), told


def _is_there(file: str, test: str) -> bool:
    """`test_` alone stands for all tests of its file."""
    path = (TESTS if "/" in file else HERE) / f"{file}.py"
    if not path.is_file():
        return False
    end = "" if test == "test_" else r"\("
    return re.search(rf"^\s*(async )?def {test}{end}", path.read_text(), re.MULTILINE) is not None
