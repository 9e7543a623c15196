"""What a browser's request says, read with care."""

from __future__ import annotations

import pytest

from services.gateway.names import encoded_name, watched_variables
from services.gateway.requests import (
    BadParameter,
    NotAnInterview,
    action_in,
    interview_in,
    operation_id,
    session_code,
    url_args_of,
)
from tests.flows.gateway.session_double import action


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("pkg:file.yml", "pkg:data/questions/file.yml"),
        ("pkg:questions/file.yml", "pkg:data/questions/file.yml"),
        ("pkg:data/questions/file.yml", "pkg:data/questions/file.yml"),
        ("", ""),
    ],
)
def test_short_references_are_completed(given: str, meant: str) -> None:
    assert interview_in({"i": given}) == meant


@pytest.mark.parametrize("given", ["pkg", ":", "pkg:", ":file.yml", "pkg:\0", "pkg:" + "x" * 500])
def test_what_names_no_interview_is_not_looked_for(given: str) -> None:
    with pytest.raises(NotAnInterview):
        interview_in({"i": given})


def test_of_a_repeated_parameter_the_first_value_counts_and_reserved_ones_do_not() -> None:
    assert url_args_of([("i", "x"), ("a", "1"), ("a", "2"), ("reset", "1"), ("code", "c")]) == {"a": "1", "code": "c"}


def test_an_action_is_read_with_and_without_padding() -> None:
    call = action_in(action("add", color="blue"))
    assert call is not None
    assert (call.action, call.arguments) == ("add", {"color": "blue"})
    assert action_in(action("add") + "==") == action_in(action("add"))


@pytest.mark.parametrize("given", ["", "%%%", "bm90IGpzb24", encoded_name("[1]"), encoded_name('{"action": 3}')])
def test_what_is_no_action_is_none(given: str) -> None:
    assert action_in(given) is None


def test_an_operation_id_that_is_none_is_replaced() -> None:
    assert operation_id("0123456789abcdef") == "0123456789abcdef"
    assert operation_id("x' or 1=1") != "x' or 1=1"


def test_a_code_that_is_none_is_refused() -> None:
    assert session_code("") is None
    assert session_code("A" * 32) == "A" * 32
    with pytest.raises(BadParameter):
        session_code("../etc/passwd")


def test_the_watched_variables_of_a_condition_are_its_literal_names() -> None:
    assert watched_variables("""val('a') == 1 && getField("b.c") && val(a) || val( 'a' )""") == ["a", "b.c"]
