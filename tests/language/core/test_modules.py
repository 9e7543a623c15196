"""Python modules beside an interview (spec/area4 §2.1)."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from shared.interview.runtime.operations import ShowScreen
from shared.interview.runtime.outcomes import RunFailed
from shared.interview.runtime.pickling import StoredAnswers, load_answers
from tests.language.core.sessions import Session

Open = Callable[..., Session]
_TEXT = """
modules:
  - .greeting
---
mandatory: True
question: ${ greeting() }
"""


def _write(session: Session, name: str, text: str, moment: int) -> None:
    file = session.folder / name
    file.write_text(text)
    os.utime(file, (moment, moment))


def test_a_changed_module_is_noticed_without_a_restart(session: Open) -> None:
    s = session(_TEXT, **{"greeting.py": "def greeting():\n    return 'Hello'\n"})
    assert s.open() == "Hello"
    _write(s, "greeting.py", "def greeting():\n    return 'Good morning'\n", 1_900_000_000)
    assert s.open() == "Good morning"


def test_modules_that_hold_what_a_changed_one_defines_are_imported_anew(session: Open) -> None:
    files = {
        "greeting.py": "from .words import WORD\n\ndef greeting():\n    return WORD\n",
        "words.py": "WORD = 'Hello'\n",
    }
    s = session(_TEXT, **files)
    assert s.open() == "Hello"
    _write(s, "words.py", "WORD = 'Good day to you'\n", 1_900_000_000)
    assert s.open() == "Good day to you"


def test_what_a_module_teaches_a_language_is_known_in_every_run(session: Open) -> None:
    text = """
modules:
  - .teaching
---
initial: True
code: |
  set_language('tlh')
---
mandatory: True
question: ${ comma_and_list('a', 'b') }, ${ capitalize('x') }, ${ nice_number(11) }, ${ ordinal(0) }
"""
    module = """
from docassemble.base.util import update_language_function, update_word_collection, update_nice_numbers
from docassemble.base.util import update_ordinal_numbers

update_word_collection('tlh', {'and': 'je'})
update_language_function('tlh', 'capitalize', lambda text, **options: f'!{text}')
update_nice_numbers('tlh', {'11': "wa'maH wa'"})
update_ordinal_numbers('tlh', {'1': "wa'DIch"})
"""
    s = session(text, **{"teaching.py": module})
    for _ in range(2):
        assert s.open() == "a je b, !x, wa'maH wa', wa'DIch".replace("'", "’")


def test_what_hooks_of_a_collection_compute_follows_what_is_added_and_edited(session: Open) -> None:
    text = """
modules:
  - .herd
---
objects:
  - cows: Herd.using(object_type=Thing, complete_attribute='milk', keys=['Berta'], there_is_another=False)
---
mandatory: True
code: cows.gather()
---
question: How much milk gives ${ i }?
fields:
  - Milk: cows[i].milk
    datatype: integer
---
question: Which cow?
fields:
  - Name: cows.new_item_name
---
question: Why so much?
fields:
  - Reason: cows.reason
---
mandatory: True
question: ${ cows.total } litres, ${ cows.complete_ones } counted
"""
    module = """
from docassemble.base.util import DADict

class Herd(DADict):
    def hook_on_item_complete(self, item, **options):
        self.complete_ones = len([cow for cow in self.elements.values() if hasattr(cow, 'milk')])

    def hook_on_gather(self, **options):
        if sum(cow.milk for cow in self.elements.values()) > 50:
            self.reason

    def hook_after_gather(self, **options):
        self.total = sum(cow.milk for cow in self.elements.values())
"""
    s = session(text, **{"herd.py": module})
    assert s.open() == "How much milk gives Berta?"
    assert s.fill({"cows[i].milk": "20"}) == "20 litres, 1 counted"
    edit = {"item": "cows['Berta']", "items": ["cows['Berta'].milk"], "group": "cows"}
    assert s.asked(s.act("_da_dict_edit", **edit)) == "How much milk gives Berta?"
    assert s.fill({"cows[i].milk": "25"}) == "25 litres, 1 counted"
    assert s.asked(s.act("_da_dict_add", dict="cows")) == "Which cow?"
    assert s.fill({"cows.new_item_name": "Emma"}) == "How much milk gives Emma?"
    assert s.fill({"cows[i].milk": "30"}) == "Why so much?"
    assert s.fill({"cows.reason": "Clover"}) == "55 litres, 2 counted"


def test_what_a_module_has_from_the_library_is_no_variable(session: Open) -> None:
    text = (
        "from docassemble.base.util import *\n\n\ndef greeting():\n"
        "    return ordinal(0) + this_thread.current_package[:4]\n"
    )
    s = session(_TEXT, **{"greeting.py": text})
    assert s.open() == "firstcore"
    kept = load_answers(StoredAnswers.from_bytes(s.steps[-1]))
    assert set(kept) == {"_internal", "url_args", "nav"}


_OWN_WORDS = """
metadata:
  suppress loading util: True
---
objects:
  - user: docassemble.base.util.Individual
---
imports:
  - docassemble.base.util
---
code: |
  word = 'mine'
---
table: rooms
rows: "[1]"
columns:
  - Room: row_item
---
mandatory: True
question: ${ word } ${ user.instanceName } ${ 'Room' in str(rooms) } ${ len([1]) }
"""


def test_an_interview_may_do_without_the_names_of_the_library(session: Open) -> None:
    s = session(_OWN_WORDS)
    assert s.open() == "mine user True 1"
    assert s.engine.lint(s.reference) == []
    missing = session(_OWN_WORDS.replace("word = 'mine'", "nothing = 'mine'"))
    missing.run(ShowScreen(is_first=True))
    assert isinstance(missing.result.outcome, RunFailed)
    assert "'word'" in missing.result.outcome.failure.error_message
    assert [one.message for one in missing.engine.lint(missing.reference)] == ["Nothing defines word"]


def test_an_interview_without_the_library_may_ask_for_it_by_a_block(session: Open) -> None:
    head = "metadata:\n  suppress loading util: True\n---\nmodules:\n  - docassemble.base.util\n---\n"
    s = session(head + "mandatory: True\nquestion: ${ ordinal(0) }\n")
    assert s.open() == "first"
    assert s.engine.lint(s.reference) == []
    assert s.open() == "first"


def test_what_stands_for_the_run_is_stored_by_its_name(session: Open) -> None:
    question = "mandatory: True\nquestion: ${ kept is this_thread }\n"
    s = session("mandatory: True\ncode: |\n  kept = this_thread\n---\n" + question)
    assert s.open() == "True"
    assert s.open() == "True"
    assert b"for_modules" not in s.steps[-1]


_RUNS = """
mandatory: True
code: |
  output, code = run_python_module({module!r}, {arguments!r})
---
mandatory: True
question: |
  ${{ code }}
subquestion: |
  ${{ output }}
"""


@pytest.mark.parametrize(
    ("text", "code", "written"),
    [
        ("import sys\nprint('given', sys.argv[1:])\n", "0", "given"),
        ("import sys\nprint('bad', file=sys.stderr)\nsys.exit(3)\n", "3", "bad"),
        ("raise SystemExit('no good')\n", "1", "no good"),
        ("1 / 0\n", "1", "ZeroDivisionError"),
        ("import nowhere_at_all\n", "1", "nowhere_at_all"),
    ],
)
def test_a_module_runs_as_if_from_the_command_line(session: Open, text: str, code: str, written: str) -> None:
    s = session(_RUNS.format(module="trial", arguments=["a", 1]), **{"trial.py": text})
    assert s.open() == code
    assert written in s.screen.subquestion_html


def test_tests_of_the_package_run_with_what_they_write(session: Open) -> None:
    tests = (
        "import unittest\nfrom docassemble.base.util import ordinal\n\n\n"
        "class Words(unittest.TestCase):\n    def test_first(self):\n        self.assertEqual(ordinal(0), 'first')\n"
        "if __name__ == '__main__':\n    unittest.main()\n"
    )
    s = session(_RUNS.format(module=".trial", arguments=None), **{"trial.py": tests})
    assert s.open() == "0"
    assert "Ran 1 test" in s.screen.subquestion_html


def test_a_module_that_is_not_there_is_told_and_no_name_is_an_error(session: Open) -> None:
    s = session(_RUNS.format(module="absent", arguments=None))
    assert s.open() == "1"
    assert "No module named" in s.screen.subquestion_html
    s = session(_RUNS.format(module="a; b", arguments=None))
    s.run(ShowScreen(is_first=True))
    assert isinstance(s.result.outcome, RunFailed)
    assert "not the name of a module" in s.result.outcome.failure.error_message
