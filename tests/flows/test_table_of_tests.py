"""The tables of rules and their tests name only tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent.parent
_NAMED = re.compile(r"([a-z_/]+)::(test_\w*)")


def test_every_test_of_the_tables_is_there() -> None:
    named = _NAMED.findall((Path(__file__).parent / "README.md").read_text())
    assert len(named) > 80
    assert [f"{file}::{test}" for file, test in named if not _is_there(file, test)] == []


def _is_there(file: str, test: str) -> bool:
    """`test_` alone stands for all tests of its file."""
    path = TESTS / f"{file}.py"
    if not path.is_file():
        return False
    end = "" if test == "test_" else r"\("
    return re.search(rf"^(async )?def {test}{end}", path.read_text(), re.MULTILINE) is not None
