"""What `colloquy lint` finds in an interview without running it: every mistake, each with its line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.bench.large import household, large_interview
from tests.language.core.sessions import Session

Open = Callable[..., Session]
END = "---\nmandatory: True\nquestion: The end\n"


def found(s: Session) -> list[tuple[str, int, str]]:
    """Severity, line and text of the line of each finding."""
    findings = s.engine.lint(s.reference)
    return [(one.severity, one.position.line if one.position else 0, one.source_line) for one in findings]


def messages(s: Session) -> list[str]:
    return [finding.message for finding in s.engine.lint(s.reference)]


# Nothing
@pytest.mark.parametrize("text", [large_interview(60), household(), "mandatory: True\nquestion: Hello\n"])
def test_there_is_nothing_to_say_of_an_interview_that_works(session: Open, text: str) -> None:
    assert found(session(text)) == []


def test_an_interview_that_is_not_there_is_an_error(session: Open) -> None:
    s = session(END)
    (finding,) = s.engine.lint(s.reference.replace("test.yml", "nowhere.yml"))
    assert finding.severity == "error"
    assert "nowhere.yml" in finding.message


# Errors
def test_all_mistakes_are_found_in_one_go_in_the_order_of_their_lines(session: Open) -> None:
    s = session(
        """\
question: |
  One ${ 1 + }
subquestion: |
  % if True:
  Two
fields:
  - A: a
    default:
      code: 1 +
  - B: b
    C: c
  - D: d
    show if:
      code: d ==
  - E: (e)
---
question: [
---
code: |
  f = 1
  g = = 2
---
question: a
question: b
---
include:
  - there.yml
  - not_there.yml
  - nor_there.yml
---
- a list
"""
        + END,
        {"data/questions/there.yml": "code: |\n  h = = 3\n"},
    )
    assert [(line, source) for severity, line, source in found(s) if severity == "error"] == [
        (2, "One ${ 1 + }"),
        (4, "% if True:"),
        (9, "code: 1 +"),
        (10, "- B: b"),
        (14, "code: d =="),
        (15, "- E: (e)"),
        (17, "question: ["),
        (21, "g = = 2"),
        (24, "question: b"),
        (28, "- not_there.yml"),
        (29, "- nor_there.yml"),
        (31, "- a list"),
        (2, "h = = 3"),
    ]


def test_an_error_in_an_included_file_names_that_file(session: Open) -> None:
    s = session(f"include: more.yml\n{END}", {"data/questions/more.yml": "code: |\n  h = = 3\n"})
    (finding,) = s.engine.lint(s.reference)
    assert finding.position is not None
    assert finding.position.file.endswith("data/questions/more.yml")


# Unknown words
@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("question: Q\nfieldz: 3\nmandatory: True\n", "'fieldz' has no meaning in a question", 2),
        ("code: a = 1\nmandatry: True\n" + END, "'mandatry' has no meaning in a `code` block", 2),
        ("features:\n  navigation: True\n  nawigation: True\n" + END, "no feature 'nawigation'", 3),
        ("features:\n  table width: 3\n" + END, "'table width' is accepted, but has no effect", 2),
        ("question: Q\nfields:\n  - A: a\n    extras: 1\nmandatory: True\n", "'extras' is accepted, but has no", 4),
        ("question: Q\nfields:\n  - A: a\n    datatype: dat\nmandatory: True\n", "no datatype 'dat'", 3),
        ("colour: red\n" + END, "Nothing is known to do with a block of 'colour'", 1),
    ],
)
def test_words_that_mean_nothing_are_warnings(session: Open, text: str, message: str, line: int) -> None:
    s = session(text)
    (finding,) = s.engine.lint(s.reference)
    assert finding.severity == "warning"
    assert message in finding.message
    assert finding.position is not None
    assert finding.position.line == line


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("## Costs\n  One ${ 1 }", [3]),
        ("One ${ 1 }\n  ###Costs", [4]),
        ("% if True:\n  ## Costs\n  % endif\n  ## Other", [4, 6]),
        ("## Nothing else", [3]),
        ("### Costs\n  #### More\n  ${ 1 }", []),
        ("##note to myself\n  ${ 1 }", []),
        ("<%\n    ## one\n    a = 1\n  %>\n  ${ a }", []),
        ("<%doc>\n  ## one\n  </%doc>", []),
        ("${ 1 } ## in a line", []),
    ],
)
def test_a_heading_that_is_a_comment_of_mako_is_a_warning(session: Open, text: str, lines: list[int]) -> None:
    s = session(f"question: Q\nsubquestion: |\n  {text}\nmandatory: True\n")
    findings = s.engine.lint(s.reference)
    assert [one.position.line for one in findings if one.position and "comment of Mako" in one.message] == lines
    assert len(findings) == len(lines)


def test_a_modifier_that_is_misspelt_is_taken_for_a_second_label(session: Open) -> None:
    s = session("question: Q\nfields:\n  - A: a\n    defualt: 3\nmandatory: True\n")
    (message,) = messages(s)
    assert "more than one label: 'A', 'defualt'" in message


# Names
@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        ("mandatory: True\ncode: |\n  a = 1\n  a + nothing\n" + END, "nothing", 4),
        ("mandatory: True\nquestion: |\n  One\n  ${ nothing.here }\n", "nothing", 4),
        ("mandatory: True\nquestion: Q\nfields:\n  - A: a\n    help: |\n      ${ nothing }\n", "nothing", 6),
        ("mandatory: nothing > 1\nquestion: Q\n", "nothing", 1),
        ("code: |\n  def f(n):\n    return n + nothing\n" + END, "nothing", 3),
        ("objects:\n  - a: Individaul\n" + END, "Individaul", 2),
        ("mandatory: True\nquestion: Q\nfields:\n  - A: a\n    show if: nothing\n", "nothing", 4),
        ("code: a = 1\ndepends on: nothing\n" + END, "nothing", 1),
        ("mandatory: True\nquestion: Q\ncheck in: nothing\n", "nothing", 1),
    ],
)
def test_a_name_that_nothing_defines_is_a_warning_with_its_line(session: Open, text: str, name: str, line: int) -> None:
    s = session(text)
    (finding,) = s.engine.lint(s.reference)
    assert finding.severity == "warning"
    assert name in finding.message
    assert "othing defines" in finding.message or "no block" in finding.message
    assert finding.position is not None
    assert finding.position.line == line


@pytest.mark.parametrize(
    "text",
    [
        "mandatory: True\ncode: |\n  for n in range(3):\n    total = [m for m in [n] if m]\n" + END,
        "mandatory: True\ncode: |\n  def f(a, b=1):\n    c = a + b\n    return c\n  f(1)\n" + END,
        "mandatory: True\nquestion: |\n  % for person in [1]:\n  ${ person } ${ loop.index }\n  % endfor\n",
        "mandatory: True\nquestion: |\n  <% word_of_mine = 'a' %>\n  ${ word_of_mine }\n",
        "mandatory: True\nquestion: ${ url_args['a'] } ${ capitalize('a') } ${ len('a') }\n",
        "imports:\n  - datetime\n---\nmandatory: True\ncode: today_is = datetime.date.today()\n" + END,
        "modules:\n  - math\n---\nmandatory: True\ncode: root = sqrt(4)\n" + END,
        "features:\n  use catchall: True\n---\nmandatory: True\nquestion: ${ anything }\n",
        "event: go\ncode: |\n  kept = 1\n---\nmandatory: True\nquestion: ${ kept if defined('kept') else '' }\n",
        "code: a = 1\nscan for variables: False\nonly sets: b\n---\nmandatory: True\nquestion: ${ b }\n",
        "generic object: Individual\nquestion: ${ x }\nfields:\n  - A: x.age\n" + END,
        "objects:\n  - l: DAList.using(there_are_any=True)\n---\nquestion: ${ i }\nfields:\n  - A: l[i]\n" + END,
        "modules:\n  - no_such_thing\n---\nmandatory: True\nquestion: ${ perhaps_from_there }\n",
    ],
)
def test_names_that_are_given_local_brought_or_unknowable_are_not_mentioned(session: Open, text: str) -> None:
    assert found(session(text)) == []


def test_names_of_the_packages_own_modules_are_read_without_running_them(session: Open) -> None:
    module = "from math import floor as down\nraise SystemExit\ndef half(n): return n\nlimit: int = 5\n"
    text = "modules:\n  - .halving\n---\nmandatory: True\nquestion: ${ half(limit) } ${ down(1.5) } ${ hafl }\n"
    assert messages(session(text, {"halving.py": module})) == ["Nothing defines hafl"]


def test_a_file_that_is_only_included_may_need_names_of_others(session: Open) -> None:
    s = session("question: ${ named_elsewhere }\nfields:\n  - A: a\n")
    assert [finding.severity for finding in s.engine.lint(s.reference)] == ["note"]


# Blocks
def test_an_id_that_is_used_twice_is_a_warning_unless_the_language_differs(session: Open) -> None:
    s = session("id: one\ncode: a = 1\n---\nid: one\ncode: b = 1\n" + END)
    (finding,) = s.engine.lint(s.reference)
    assert "'one' is used twice" in finding.message
    assert finding.position is not None
    assert finding.position.line == 4
    assert found(session("id: one\nlanguage: en\ncode: a = 1\n---\nid: one\nlanguage: es\ncode: b = 1\n" + END)) == []


def test_what_comes_after_a_mandatory_dead_end_is_never_reached(session: Open) -> None:
    (message,) = messages(session("mandatory: True\nquestion: The end\n---\nmandatory: True\nquestion: More\n"))
    assert "never reached" in message
    assert found(session("mandatory: 1 > 2\nquestion: The end\n" + END)) == []


def test_code_that_always_starts_over_can_never_end(session: Open) -> None:
    (message,) = messages(session("mandatory: True\ncode: |\n  a = 1\n  re_run_logic()\n" + END))
    assert "never end" in message
    assert found(session("mandatory: True\ncode: |\n  if 1 > 2:\n    re_run_logic()\n" + END)) == []


@pytest.mark.parametrize(
    ("block", "line", "key"),
    [
        ("question: A\nfield: a\nchoices:\n  - label: A\n    value: b\n    colour: red\n", 6, "colour"),
        ("question: A\nfields:\n  - A: a.b\nlist collect:\n  labell: A\n", 5, "labell"),
        ("table: a\nrows: '[]'\ncolumns:\n  - header: A\n    cell: row_item\n    width: 4\n", 6, "width"),
        ("question: A\nreview:\n  - label: A\n    field: a\n    buton: Edit\n", 5, "buton"),
    ],
)
def test_unknown_keys_are_found_inside_of_blocks_too(session: Open, block: str, line: int, key: str) -> None:
    s = session(f"{block}{END}")
    said = [finding for finding in s.engine.lint(s.reference) if "no meaning" in finding.message]
    assert [(one.severity, one.position.line if one.position else 0, key in one.message) for one in said] == [
        ("warning", line, True)
    ]


@pytest.mark.parametrize(
    ("block", "line"),
    [
        ("question: A\nevent: a\nattachment:\n  content: A\n  pdftk: True\n", 5),
        ("attachment:\n  content: A\n  variable name: a\n  metadata:\n    header-includes: x\n", 5),
        ("attachment options:\n  metadata: {}\n  valid formats: pdf\n", 3),
        ("question: A\nevent: a\nsegment: A\n", 3),
        ("question: A\nevent: a\nsegment:\n  id: A\n  arguments:\n    b: c\n", 3),
        ("metadata:\n  segment:\n    id: A\n", 2),
        ("features:\n  table width: True\n", 2),
        ("default screen parts:\n  undr: A\n", 2),
        ("question: A\nfields:\n  - A: a\n    extras: wide\n", 4),
    ],
)
def test_keys_that_are_accepted_without_effect_are_named(session: Open, block: str, line: int) -> None:
    said = [(severity, at) for severity, at, _ in found(session(f"{block}{END}"))]
    assert ("warning", line) in said


@pytest.mark.parametrize(
    ("key", "meant"), [("requird privileges", "required privileges"), ("Short_Title", "short title"), ("tilte", None)]
)
def test_a_key_of_metadata_that_is_nearly_one_with_a_meaning_is_named(
    session: Open, key: str, meant: str | None
) -> None:
    said = messages(session(f"metadata:\n  title: A\n  {key}: B\n  LIST_topics: C\n---\n{END}"))
    assert [f"{meant!r} has one" in message for message in said] == ([True] if meant else [])


def test_a_machine_learning_storage_needs_a_name(session: Open) -> None:
    assert ("error", 1, "machine learning storage:") in found(session("machine learning storage:\n---\n" + END))


def test_metadata_stands_alone(session: Open) -> None:
    s = session("metadata:\n  title: A\nobjects:\n  - user: DAObject\n" + END)
    assert ("error", 3, "objects:") in found(s)


def test_a_module_of_the_package_that_is_not_there_is_an_error(session: Open) -> None:
    s = session("modules:\n  - .helpers\n---\nmandatory: True\nquestion: ${ of_helpers }\n")
    (finding,) = s.engine.lint(s.reference)
    assert finding.severity == "error"
    assert "no module .helpers" in finding.message


def test_special_variables_need_no_definition(session: Open) -> None:
    code = "mandatory: True\ncode: |\n  [role_event, track_location, incoming_email, speak_text]\n"
    assert found(session(code + END)) == []


def test_conditions_in_javascript_and_others_exclude_each_other(session: Open) -> None:
    s = session("question: A\nfields:\n  - A: a\n  - B: b\n    js show if: val('a')\n    show if: a\n" + END)
    assert ("error", 5, "js show if: val('a')") in found(s)
