"""An interview may ask for a variable of any name: nothing stands in its way but what docs/authors/names.md lists.

The page is written by hand and compared both ways: what an interview finds and the page does not name, and what the
page names and an interview does not find.
"""

from __future__ import annotations

import builtins
import re
from pathlib import Path

import pytest

from shared.interview.api import Engine
from shared.interview.library.exports import COLLOQUY_TABLE, LEGAL_TABLE, SQL_TABLE, TABLE
from shared.interview.runtime.host import HostAnswer, HostCall
from shared.interview.runtime.operations import RunContext, RunRequest, ShowScreen
from shared.kernel.interview_path import InterviewPath

PAGE = Path(__file__).parents[2] / "docs" / "authors" / "names.md"
EVERYWHERE = "In every interview"
OF_MODULES = ("colloquy.interview", "docassemble.base.sql")
"""Modules whose names an interview gets only by listing them under `modules`."""

_INTERVIEW = """
{modules}
mandatory: True
code: |
  import builtins as _builtins
  seen = sorted(name for name in set(__builtins__) | set(globals()) if not hasattr(_builtins, name))
  response(' '.join(seen))
"""
_OWN = {"_builtins", "__builtins__", "seen", "_internal"}
"""What this interview made, and the bookkeeping of every interview's answers."""


class NoHost:
    """A run of this interview asks nothing of the outside."""

    def call(self, request: HostCall, blobs: dict[str, bytes] | None = None) -> tuple[HostAnswer, dict[str, bytes]]:
        raise AssertionError(request)


def names_seen(folder: Path, *modules: str) -> set[str]:
    """What stands in the namespace of an interview that lists these modules."""
    questions = folder / "house" / "data" / "questions"
    questions.mkdir(parents=True)
    listed = "".join(f"  - {module}\n" for module in modules)
    (questions / "names.yml").write_text(_INTERVIEW.format(modules=f"modules:\n{listed}---" if modules else ""))
    request = RunRequest(
        operation=ShowScreen(is_first=True), context=RunContext(interview="house:names.yml"), has_answers=False
    )
    result, blobs = Engine(InterviewPath.of([folder])).run(request, {}, NoHost())
    assert "body" in blobs, result.outcome
    return set(blobs["body"].decode().split()) - _OWN


def documented(section: str) -> list[str]:
    """The names under one heading of the page, in its order."""
    parts = re.split(r"^## (.+)$", PAGE.read_text(), flags=re.MULTILINE)
    sections = dict(zip((title.replace("`", "") for title in parts[1::2]), parts[2::2], strict=True))
    items = re.findall(r"^- .+\n(?:  .+\n)*", sections[section], flags=re.MULTILINE)
    return [name for item in items for name in re.findall(r"`(\w+)`", item)]


def test_an_interview_sees_the_documented_names_and_no_other(tmp_path: Path) -> None:
    seen, listed = names_seen(tmp_path), set(documented(EVERYWHERE))
    assert sorted(seen - listed) == [], "an interview cannot have variables of these names, and no page says so"
    assert sorted(listed - seen) == [], "the page promises these, and no interview finds them"


@pytest.mark.parametrize("module", OF_MODULES)
def test_a_module_gives_the_documented_names_and_no_other(tmp_path: Path, module: str) -> None:
    given = names_seen(tmp_path / "with", module) - names_seen(tmp_path / "without")
    assert sorted(given) == sorted(documented(module))


def test_the_page_names_nothing_twice() -> None:
    listed = [name for section in (EVERYWHERE, *OF_MODULES) for name in documented(section)]
    assert sorted({name for name in listed if listed.count(name) > 1}) == []


def test_names_that_docassemble_does_not_have_are_in_no_interview_unasked() -> None:
    assert set(documented("colloquy.interview")) & set(documented(EVERYWHERE)) == set()


def test_every_name_of_the_library_says_where_its_rule_stands() -> None:
    told = ("spec/", "seed", "area")
    assert [names for source, _, names in (*TABLE, *LEGAL_TABLE, *SQL_TABLE) if not source.startswith(told)] == []
    assert [names for page, _, names in COLLOQUY_TABLE if not (PAGE.parents[2] / page).is_file()] == []


def test_no_documented_name_hides_one_of_python() -> None:
    assert set(documented(EVERYWHERE)) & set(dir(builtins)) == set()
