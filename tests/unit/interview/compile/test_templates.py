"""Mako with names that are looked up at use (spec/area4 §7.1)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from shared.interview.compile.expressions import Text
from shared.interview.compile.interview import Interview
from shared.interview.compile.templates import compile_template, is_template
from shared.interview.errors import Position, SourceError, Undefined
from shared.interview.runtime.namespace import as_namespace, builtins_with
from shared.interview.runtime.run import Run
from shared.interview.runtime.text import render


def rendered(source: str, **answers: Any) -> str:
    position = Position("p:data/questions/f.yml", 10)
    text = Text(source, position, compile_template(source, position) if is_template(source) else None)
    interview = Interview(reference="test:data/questions/test.yml", package="test")
    run = SimpleNamespace(answers=as_namespace(answers, builtins_with({})), interview=interview, language="en")
    return render(text, cast("Run", run))


def test_a_text_without_mako_is_literal_whatever_it_contains() -> None:
    assert rendered("100%% sure\n% of people\n$5") == "100%% sure\n% of people\n$5"


def test_expressions_control_lines_and_joined_lines() -> None:
    source = "% for n in numbers:\n${ n }\\\n% if loop.first:\n,\\\n% endif\n% endfor\n"
    assert rendered(source, numbers=[1, 2]) == "1,2"


def test_none_and_truth_values_are_written_out() -> None:
    assert rendered("${ None } ${ True }") == "None True"


def test_loop_variables_are_seen_by_comprehensions_and_functions() -> None:
    source = "% for n in (1, 2):\n${ [n * m for m in (1, 2)] } ${ (lambda: n)() }\\\n% endfor\n"
    assert rendered(source) == "[1, 2] 1[2, 4] 2"


def test_assignments_are_local_to_the_text() -> None:
    answers = {"a": 1}
    assert rendered("<% a = a + 1 %>${ a }", **answers) == "2"
    assert answers["a"] == 1


def test_a_variable_may_be_read_before_the_text_assigns_it() -> None:
    assert rendered("${ a }<% a = 2 %>${ a }", a=1) == "12"


@pytest.mark.parametrize("source", ["${ gone }", "${ gone }<% gone = 1 %>", "${ [gone for n in (1,)] }"])
def test_a_missing_name_is_known_by_its_name(source: str) -> None:
    with pytest.raises(Undefined) as caught:
        rendered(source)
    assert caught.value.name == "gone"


def test_names_that_mako_reserves_elsewhere_are_free() -> None:
    assert rendered("${ context } ${ next } ${ self }", context=1, next=2, self=3) == "1 2 3"


def test_filters_defs_comments_and_literal_passages() -> None:
    source = (
        "${ '<b>' | h }<%text>${ raw }</%text><%doc>gone</%doc>\n## gone\n<%def name=\"twice(t)\">${ t }${ t }</%def>"
    )
    assert rendered(source + "${ twice('x') }") == "&lt;b&gt;${ raw }\nxx"


def test_own_functions_are_filters_too() -> None:
    assert rendered("${ 'x' | shout }", shout=lambda text: text.upper()) == "X"


def test_errors_stand_on_the_line_of_the_file() -> None:
    with pytest.raises(SourceError) as caught:
        rendered("one\n${ 1 + }\n")
    assert caught.value.position is not None
    assert caught.value.position.line == 11
    with pytest.raises(ZeroDivisionError) as raised:
        rendered("one\ntwo\n${ 1 / 0 }\n")
    trace = raised.value.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    assert trace is not None
    assert (trace.tb_lineno, trace.tb_frame.f_code.co_filename) == (12, "p:data/questions/f.yml")
