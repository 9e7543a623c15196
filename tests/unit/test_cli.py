"""What the `colloquy` command prints for people and for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.cli import app
from services.printing import print_rows

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
    first, source, *_ = told.stdout.splitlines()
    assert first.startswith("house:data/questions/wrong.yml:4: error: Python: invalid syntax")
    assert first.endswith("(Question_1)")
    assert source == "    if rent = 2:"
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
    (finding,) = read["findings"]
    assert finding.pop("message").startswith("Python: invalid syntax")
    assert finding == {
        "severity": "error",
        "file": "house:data/questions/wrong.yml",
        "line": 4,
        "block": "Question_1",
        "source": "if rent = 2:",
    }


def test_strict_lint_fails_for_warnings_too(questions: Path) -> None:
    file = questions / "odd.yml"
    file.write_text(ODD.lstrip())
    assert lint(file, "--strict").exit_code == 1


def test_lint_of_a_folder_reads_every_interview_and_tells_of_an_included_line_once(questions: Path) -> None:
    (questions / "shared.yml").write_text(ODD.lstrip())
    for name in ("one.yml", "two.yml"):
        (questions / name).write_text(f"include: shared.yml\n---\nmandatory: True\nquestion: {name}\n")
    told = lint(questions.parent.parent)
    assert told.stdout.count("fieldz: none") == 1
    assert "Interviews read: 3." in told.stdout


def test_lint_of_a_sound_interview_says_that_there_is_nothing_to_mend(questions: Path) -> None:
    file = questions / "sound.yml"
    file.write_text("mandatory: True\nquestion: Hello\n")
    told = lint(file)
    assert (told.stdout, told.exit_code) == ("Interviews read: 1. Nothing to mend.\n", 0)


@pytest.mark.parametrize("name", ["no_such_package", "no/such/folder", "nowhere.yml"])
def test_lint_says_of_what_is_not_there_what_to_name_instead(name: str) -> None:
    told = CliRunner().invoke(app, ["lint", name])
    assert told.exit_code == 2
    assert name in told.output.replace("\n", "")


def test_a_list_cuts_nothing_off_where_it_is_narrow(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    name = "4e3074ed-e4e7-8bed-9447-442054dfef5c"
    moment = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    print_rows([{"id": name, "session": name, "launched_at": moment}], as_json=False, empty="")
    assert capsys.readouterr().out.splitlines()[1].split() == [name, name, "2026-01-02", "03:04:05"]


def test_the_doctor_tells_programs_checks_and_advice_apart(tmp_path: Path) -> None:
    environment = {"COLLOQUY_DATA_DIR": str(tmp_path), "COLLOQUY_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    told = CliRunner().invoke(app, ["doctor", "--json"], env={**environment, "COLLOQUY_AMQP_URL": ""})
    said = json.loads(told.stdout)
    assert (sorted(said), said["advice"], told.exit_code) == (["advice", "checks"], [], 1)
    assert {name: type(problem) for name, problem in said["checks"].items()} == dict.fromkeys(
        ("database", "server keys", "files", "interviews"), str
    )
    assert said["checks"]["database"]
    assert not said["checks"]["files"]
