"""What the `colloquy` command prints for people and for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.cli import app, print_rows

WRONG = """
mandatory: True
code: |
  rent = 1
  if rent = 2:
    rent = 3
"""
ODD = """
question: What is the rent?
fieldz: none
"""


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    folder = tmp_path / "house" / "data" / "questions"
    folder.mkdir(parents=True)
    return folder


def lint(file: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["lint", str(file), *options], env={"COLLOQUY_DATA_DIR": str(file.parent)})


def test_a_finding_of_lint_names_line_and_block(questions: Path) -> None:
    file = questions / "wrong.yml"
    file.write_text(WRONG.lstrip())
    told = lint(file)
    assert told.stdout.startswith("house:data/questions/wrong.yml: error: Python: invalid syntax")
    assert "if rent = 2: (line 4, Question_1)\n" in told.stdout
    assert told.exit_code == 1


def test_what_is_only_odd_is_no_error(questions: Path) -> None:
    file = questions / "odd.yml"
    file.write_text(ODD.lstrip())
    told = lint(file)
    assert "warning: The key 'fieldz' has no meaning" in told.stdout
    assert told.exit_code == 0


def test_lint_tells_programs_the_same_by_name(questions: Path) -> None:
    file = questions / "wrong.yml"
    file.write_text(WRONG.lstrip())
    (read,) = json.loads(lint(file, "--json").stdout)
    assert read["interview"] == "house:data/questions/wrong.yml"
    assert [finding["position"]["line"] for finding in read["findings"]] == [4]


def test_a_list_cuts_nothing_off_where_it_is_narrow(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    name = "4e3074ed-e4e7-8bed-9447-442054dfef5c"
    moment = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    print_rows([{"id": name, "session": name, "launched_at": moment}], as_json=False, empty="")
    assert capsys.readouterr().out.splitlines()[1].split() == [name, name, "2026-01-02", "03:04:05"]
