"""How an interview is read: Jinja2, includes with more in their block, and what cannot be read."""

from __future__ import annotations

import platform
from collections.abc import Callable

import pytest

from shared.interview.runtime.operations import ShowScreen
from tests.language.core.sessions import Session

Open = Callable[..., Session]
PIECES = {"data/questions/pieces.yml": "# use jinja\nquestion: From {{ __parent_filename__ }}\nevent: piece\n"}


def test_jinja_knows_the_file_that_includes_and_the_server(session: Open) -> None:
    s = session("include: pieces.yml\n---\nmandatory: True\ncode: piece\n", **PIECES)
    assert s.open() == f"From {s.reference}"
    s = session('# use jinja\nmandatory: True\nquestion: "{{ __version__ != "" }} {{ __architecture__ != "" }}"\n')
    assert s.open() == "True True"


def test_interviews_read_what_the_operator_lets_them_know(session: Open) -> None:
    config = {"court": {"name": "Housing Court"}, "jinja data": {"counties": ["Essex", "Suffolk"]}}
    s = session(
        "# use jinja\nmandatory: True\nquestion: |\n"
        "  {{ __config__['court']['name'] }}: {{ counties | join(' ') }}, ${ get_config('court')['name'] }\n",
        config=config,
    )
    assert s.open() == "Housing Court: Essex Suffolk, Housing Court"


def test_modules_read_it_as_well(session: Open) -> None:
    module = "from docassemble.base.config import daconfig\n\n\ndef court():\n    return daconfig['court']\n"
    text = "modules:\n  - .places\n---\nmandatory: True\nquestion: ${ court() }\n"
    assert session(text, config={"court": "Housing Court"}, **{"places.py": module}).open() == "Housing Court"


def test_a_file_that_jinja_takes_in_is_watched_too(session: Open) -> None:
    piece = "data/questions/piece.yml"
    s = session('# use jinja\nmandatory: True\nquestion: {% include "piece.yml" %}\n', **{piece: "Before"})
    assert s.open() == "Before"
    (s.folder / piece).write_text("Later on")
    assert s.asked(s.run(ShowScreen())) == "Later on"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{{ nothing.here }}", "'nothing' is undefined"),
        ("{% if %}", "Expected an expression"),
    ],
)
def test_jinja_that_fails_names_its_line(session: Open, template: str, said: str) -> None:
    s = session(f"# use jinja\nmandatory: True\nquestion: |\n  Hello {template}\n")
    s.run(ShowScreen(is_first=True))
    failure = s.failure
    assert said in failure.failure.error_message
    assert failure.line == 4


def test_what_stands_beside_an_include_counts(session: Open) -> None:
    s = session(
        "include: pieces.yml\nmetadata:\n  title: Both\n---\nmandatory: True\ncode: piece\n",
        **{"data/questions/pieces.yml": "event: piece\nquestion: A piece\n"},
    )
    assert s.open() == "A piece"
    assert s.screen.title_html == "Both"
    assert s.engine.lint(s.reference) == []


@pytest.mark.parametrize("style", ["yesno: a", "fields:\n  - A: a", "review:\n  - A: a", "signature: a"])
def test_an_answer_without_a_question_is_an_error(session: Open, style: str) -> None:
    s = session(f"mandatory: True\nquestion: Hello\n---\n{style}\n")
    s.run(ShowScreen(is_first=True))
    assert "it needs `question`" in s.failure.failure.error_message
    assert s.failure.line == 4


def test_jinja_knows_the_machine_and_the_packages(session: Open) -> None:
    s = session(
        "# use jinja\nmandatory: True\nquestion: |\n"
        "  {{ __hostname__ }}|{{ __architecture__ }}|{{ __current_package__ }}|{{ __parent_package__ }}"
        "|{{ __interview_package__ }}|{{ __filename__ == __interview_filename__ }}|{{ __debug__ }}\n"
    )
    package = s.reference.partition(":")[0]
    assert s.open() == f"{platform.node()}|{platform.machine()}|{package}|{package}|{package}|True|False"
