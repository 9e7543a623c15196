"""An interview may ask for a variable of any name: nothing stands in its way but what the list says (DESIGN §5)."""

from __future__ import annotations

import builtins
from pathlib import Path

from shared.interview.api import Engine
from shared.interview.library.exports import LEGAL_TABLE, TABLE
from shared.interview.library.unavailable import CLASSES, FUNCTIONS
from shared.interview.runtime.host import HostAnswer, HostCall
from shared.interview.runtime.operations import RunContext, RunRequest, ShowScreen
from shared.kernel.interview_path import InterviewPath

_INTERVIEW = """
mandatory: True
code: |
  import builtins as _builtins
  seen = sorted(name for name in set(__builtins__) | set(globals()) if not hasattr(_builtins, name))
  response(' '.join(seen))
"""
_OWN = {"_builtins", "__builtins__", "seen", "_internal", "url_args", "nav"}
"""What every interview's answers hold from the start (spec/area4 §4.1), and what this one made."""
_LOCAL = {"session_local", "device_local", "user_local"}


class NoHost:
    """A run of this interview asks nothing of the outside."""

    def call(self, request: HostCall, blobs: dict[str, bytes] | None = None) -> tuple[HostAnswer, dict[str, bytes]]:
        raise AssertionError(request)


def names_seen(folder: Path) -> set[str]:
    questions = folder / "house" / "data" / "questions"
    questions.mkdir(parents=True)
    (questions / "names.yml").write_text(_INTERVIEW)
    request = RunRequest(
        operation=ShowScreen(is_first=True), context=RunContext(interview="house:names.yml"), has_answers=False
    )
    _, blobs = Engine(InterviewPath.of([folder])).run(request, {}, NoHost())
    return set(blobs["body"].decode().split()) - _OWN - _LOCAL


def documented() -> set[str]:
    listed = {name for table in (TABLE, LEGAL_TABLE) for _, _, names in table for name in names.split()}
    return listed | set(FUNCTIONS) | set(CLASSES)


def test_an_interview_sees_the_documented_names_and_no_other(tmp_path: Path) -> None:
    assert names_seen(tmp_path) - documented() == set()


def test_every_documented_name_says_where_its_rule_stands() -> None:
    assert [
        names for source, _, names in (*TABLE, *LEGAL_TABLE) if not source.startswith(("spec/", "seed", "area"))
    ] == []


def test_no_documented_name_hides_one_of_python(tmp_path: Path) -> None:
    assert documented() & set(dir(builtins)) == set()
