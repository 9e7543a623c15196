"""An interview that cannot work says why: what is missing, where it is used, what goes round, which line is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.interview.runtime.operations import ShowScreen, SubmitForm
from shared.interview.runtime.outcomes import RunFailed
from tests.language.core.sessions import Session

Open = Callable[..., Session]


def failed(s: Session) -> RunFailed:
    """How the interview fails when it is opened."""
    s.run(ShowScreen(is_first=True))
    return s.failure


def place(failure: RunFailed) -> tuple[str, int | None, str]:
    """The file without its package, the line and its text."""
    assert failure.file is not None
    _, _, file = failure.file.replace(":", "/", 1).partition("/")
    return file, failure.line, failure.source_line


FILE = "data/questions/test.yml"


# What the interview says
@pytest.mark.parametrize(
    ("language", "shown"),
    [("en", "<p>Write to <strong>us</strong> ${ not_sought }.</p>"), ("es", "<p>Escriba.</p>")],
)
def test_what_metadata_say_to_whoever_meets_an_error_comes_in_their_language(
    session: Open, language: str, shown: str
) -> None:
    s = session(f"""
metadata:
  error help:
    es: Escriba.
    "*": Write to **us** ${{ not_sought }}.
---
initial: True
code: set_language('{language}')
---
mandatory: True
code: 1 / 0
""")
    assert failed(s).help_html.strip() == shown


def test_nothing_is_said_of_an_error_where_metadata_do_not(session: Open) -> None:
    assert failed(session("mandatory: True\ncode: 1 / 0\n")).help_html == ""


# What is missing
def test_an_undefined_variable_is_named_with_the_line_that_uses_it(session: Open) -> None:
    failure = failed(session("mandatory: True\ncode: |\n  a = 1\n  b = a + nothing_like_it\n"))
    assert failure.failure.error_type == "NoDefinition"
    assert "'nothing_like_it'" in failure.failure.error_message
    assert place(failure) == (FILE, 4, "b = a + nothing_like_it")
    assert failure.nearest == ()


def test_an_undefined_variable_comes_with_the_chain_that_was_sought(session: Open) -> None:
    s = session("""
mandatory: True
code: outer
---
code: |
  outer = inner + 1
---
question: How much is ${ innermost }?
fields:
  - Amount: inner
""")
    failure = failed(s)
    assert failure.failure.variables == ("innermost", "inner", "outer")
    assert place(failure) == (FILE, 8, "question: How much is ${ innermost }?")
    assert failure.block == "Question_3"


@pytest.mark.parametrize(
    ("used", "exists", "meant"),
    [
        ("favourite_color", "favorite_color", "favorite_color"),
        ("Color", "color", "color"),
        ("colro", "color", "color"),
        ("user.birthdat", "user.birthdate", "user.birthdate"),
        ("user.name.frist", "user.name.first", "user.name.first"),
        ("user.birthdat", "x.birthdate", "user.birthdate"),
    ],
)
def test_the_nearest_name_of_a_block_is_offered(session: Open, used: str, exists: str, meant: str) -> None:
    generic = "generic object: Individual\n" if exists.startswith("x.") else ""
    s = session(f"""
objects:
  - user: Individual
---
mandatory: True
code: {used}
---
{generic}question: What is it?
fields:
  - It: {exists}
""")
    assert failed(s).nearest[0] == meant


def test_the_nearest_name_may_be_one_of_the_answers_or_of_the_library(session: Open) -> None:
    s = session("mandatory: True\ncode: |\n  total_amount = 5\n  totl_amount\n")
    assert failed(s).nearest == ("total_amount",)
    s = session("objects:\n  - someone: Individaul\n---\nmandatory: True\ncode: someone\n")
    failure = failed(s)
    assert failure.nearest == ("Individual",)
    assert place(failure) == (FILE, 2, "- someone: Individaul")


def test_keys_of_dictionaries_are_not_offered_because_they_may_be_answers(session: Open) -> None:
    s = session("mandatory: True\ncode: |\n  known = {'secret word': 1}\n  known_['secret word']\n")
    failure = failed(s)
    assert failure.nearest == ("known",)
    assert "secret" not in failure.failure.error_message


# What goes round
def test_variables_that_need_each_other_are_shown_once_around(session: Open) -> None:
    s = session("mandatory: True\ncode: first\n---\ncode: first = second\n---\ncode: second = first\n")
    failure = failed(s)
    assert failure.failure.error_type == "AlreadySought"
    assert "infinite loop: first was already looked for" in failure.failure.error_message
    assert "first → second → first" in failure.failure.error_message
    assert place(failure) == (FILE, 6, "code: second = first")


def test_a_chain_that_is_too_deep_is_stopped_at_the_recursion_limit(session: Open) -> None:
    links = "".join(f"---\ncode: a{number} = a{number + 1}\n" for number in range(40))
    failure = failed(session(f"features:\n  recursion limit: 30\n---\nmandatory: True\ncode: a0\n{links}"))
    assert failure.failure.error_type == "EvaluationLimit"
    assert "infinite loop" in failure.failure.error_message
    assert "recursion limit of 30" in failure.failure.error_message
    assert "a28 → a29" in failure.failure.error_message


def test_an_interview_that_starts_over_for_ever_is_stopped_at_the_loop_limit(session: Open) -> None:
    failure = failed(session("features:\n  loop limit: 10\n---\nmandatory: True\ncode: re_run_logic()\n"))
    assert "went round 10 times" in failure.failure.error_message
    assert failure.block == "Question_2"


def test_an_interview_without_an_end_is_told_what_it_needs(session: Open) -> None:
    failure = failed(session("mandatory: True\ncode: a = 1\n"))
    assert "needs a final question" in failure.failure.error_message
    assert (failure.file or "").endswith(FILE)


# Code
@pytest.mark.parametrize(
    ("text", "line", "source"),
    [
        ("mandatory: True\ncode: |\n  a = 1\n\n  # why\n  b = a / 0\n", 6, "b = a / 0"),
        ("# before\n\nmandatory: True\ncode: |\n  1 / 0\n", 5, "1 / 0"),
        ("mandatory: True\ncode: |\n\tif True:\n\t\t1 / 0\n", 4, "1 / 0"),
        ("code: |\n  def f(n):\n    return n / 0\n  g = f\n---\nmandatory: True\ncode: g(1)\n", 3, "return n / 0"),
        (
            "objects:\n  - a: Thing.using(name=1 / 0)\n---\nmandatory: True\ncode: a\n",
            2,
            "- a: Thing.using(name=1 / 0)",
        ),
        ("mandatory: 1 / 0\nquestion: Hello\n", 1, "mandatory: 1 / 0"),
        ("mandatory: True\nquestion: Hello\nif: 1 / 0\n", 3, "if: 1 / 0"),
    ],
)
def test_an_error_of_code_names_the_line_and_shows_it(session: Open, text: str, line: int, source: str) -> None:
    failure = failed(session(text))
    assert failure.failure.error_type == "ZeroDivisionError"
    assert place(failure) == (FILE, line, source)
    assert failure.is_from_code


def test_the_block_of_an_error_is_the_one_the_line_belongs_to(session: Open) -> None:
    s = session("id: maker\nobjects:\n  - a: Thing.using(name=1 / 0)\n---\nid: user\nmandatory: True\ncode: a\n")
    assert failed(s).block == "ID maker"


def test_the_line_in_an_included_file_is_named_with_that_file(session: Open) -> None:
    s = session(
        "include: more.yml\n---\nmandatory: True\ncode: g\n", {"data/questions/more.yml": "code: |\n  g = 1 / 0\n"}
    )
    assert place(failed(s)) == ("data/questions/more.yml", 2, "g = 1 / 0")


def test_an_error_in_a_module_of_the_package_names_its_file_and_line(session: Open) -> None:
    module = "def half(n):\n    return 1 / n\n"
    failure = failed(session("modules:\n  - .halves\n---\nmandatory: True\ncode: half(0)\n", {"halves.py": module}))
    assert place(failure) == ("halves.py", 2, "return 1 / n")
    assert "half(0)" in (failure.failure.error_trace or "")


def test_a_name_that_a_module_lacks_is_an_error_and_not_sought(session: Open) -> None:
    module = "def half(n):\n    return n / nothing\n"
    s = session(
        "modules:\n  - .more_halves\n---\nmandatory: True\ncode: half(0)\n---\nquestion: n\nfields:\n  - N: nothing\n",
        {"more_halves.py": module},
    )
    failure = failed(s)
    assert failure.failure.error_type == "NameError"
    assert place(failure) == ("more_halves.py", 2, "return n / nothing")


def test_a_module_with_a_mistake_names_the_line_of_the_module(session: Open) -> None:
    s = session("modules:\n  - .wrong\n---\nmandatory: True\nquestion: Hi\n", {"wrong.py": "a = 1\nb = = 2\n"})
    failure = failed(s)
    assert "The module .wrong cannot be imported" in failure.failure.error_message
    assert place(failure) == ("wrong.py", 2, "b = = 2")


def test_a_module_that_is_not_there_names_the_line_that_asks_for_it(session: Open) -> None:
    failure = failed(session("modules:\n  - docassemble.base.util\n  - .nowhere\n---\nmandatory: True\nquestion: Hi\n"))
    assert place(failure) == (FILE, 3, "- .nowhere")


def test_a_trace_shows_the_files_of_the_author_and_no_folder_of_the_server(session: Open) -> None:
    module = "import json\n\ndef load(text):\n    return json.loads(text)\n"
    s = session("modules:\n  - .loading\n---\nmandatory: True\ncode: |\n  load('{')\n", {"loading.py": module})
    trace = failed(s).failure.error_trace or ""
    assert 'loading.py", line 4, in load\n    return json.loads(text)' in trace
    assert "/test.yml\", line 6\n    load('{')" in trace
    assert 'File "json/decoder.py"' in trace
    assert str(s.folder.parent) not in trace
    assert "shared/interview" not in trace


# Texts and fields
@pytest.mark.parametrize(
    ("text", "line", "source"),
    [
        ("question: |\n  One\n\n  Two ${ 1 / 0 }\n", 4, "Two ${ 1 / 0 }"),
        ("question: Q\nsubquestion: |\n  % for n in [0]:\n  ${ 1 / n }\n  % endfor\n", 4, "${ 1 / n }"),
        ("question: Q\nfields:\n  - ${ 1 / 0 }: a\n", 3, "- ${ 1 / 0 }: a"),
        ("question: Q\nfields:\n  - A: a\n    default: |\n      x\n      ${ 1 / 0 }\n", 6, "${ 1 / 0 }"),
        ("question: Q\nfields:\n  - A: a\n    choices:\n      code: |\n        1 / 0\n", 6, "1 / 0"),
        ("question: Q\nfields:\n  - A: a\n    show if:\n      code: 1 / 0\n", 5, "code: 1 / 0"),
        ("question: Q\nfields:\n  - A: a\n  - B: b\n    help: ${ 1 / 0 }\n", 5, "help: ${ 1 / 0 }"),
        ("question: Q\nunder: ${ 1 / 0 }\n", 2, "under: ${ 1 / 0 }"),
        ("question: Q\nfield: a\nchoices:\n  - One: ${ 1 / 0 }\n", 4, "- One: ${ 1 / 0 }"),
    ],
)
def test_an_error_in_a_text_or_field_names_its_line(session: Open, text: str, line: int, source: str) -> None:
    failure = failed(session(f"{text}mandatory: True\n"))
    assert failure.failure.error_type == "ZeroDivisionError"
    assert place(failure) == (FILE, line, source)


def test_choices_of_a_wrong_kind_name_their_field(session: Open) -> None:
    s = session("mandatory: True\nquestion: Q\nfields:\n  - A: a\n  - B: b\n    choices:\n      code: 5\n")
    failure = failed(s)
    assert "Choices must be" in failure.failure.error_message
    assert place(failure)[1] == 5


def test_a_template_that_fails_names_its_own_line(session: Open) -> None:
    s = session("template: t\ncontent: |\n  Text\n  ${ (1).nothing }\n---\nmandatory: True\nquestion: ${ t }\n")
    assert place(failed(s)) == (FILE, 4, "${ (1).nothing }")


def test_rows_of_a_table_that_are_none_name_the_table(session: Open) -> None:
    s = session("mandatory: True\nquestion: ${ t }\n---\ntable: t\nrows: 5\ncolumns:\n  - A: row_item\n")
    failure = failed(s)
    assert "rows" in failure.failure.error_message
    assert place(failure)[1] == 5


def test_code_of_a_form_that_fails_is_a_message_of_the_form(session: Open) -> None:
    s = session("mandatory: True\nquestion: Q\nfields:\n  - A: a\nvalidation code: |\n  1 / 0\n")
    s.open()
    assert s.screen.form is not None
    s.run(SubmitForm(form=s.screen.form, inputs=((s.screen.form.fields[0].input_name, "x"),)))
    assert "division by zero" in s.screen.error_html


def test_an_error_raised_on_purpose_keeps_its_words(session: Open) -> None:
    failure = failed(session("mandatory: True\ncode: |\n  raise Exception('Custom words')\n"))
    assert failure.failure.error_message == "Custom words"


# What cannot be read
def test_an_interview_that_cannot_be_read_shows_the_line_that_is_wrong(session: Open) -> None:
    failure = failed(session("mandatory: True\nquestion: Hello\n---\ncode: |\n  a = 1\n  b = = 2\n"))
    assert place(failure) == (FILE, 6, "b = = 2")
