"""Conditions on sessions as interviews write them (spec/area2 §2.10)."""

from __future__ import annotations

import datetime
from types import SimpleNamespace

import pytest

from shared.contracts.session_filter import read
from shared.interview.library import session_columns
from shared.interview.library.faults import DAError
from shared.interview.library.session_columns import condition_of

DA = session_columns


def test_a_condition_of_columns_is_the_one_its_text_writes_out() -> None:
    built = {
        "DA.Sessions.filename == 'a'": DA.Sessions.filename == "a",
        "DA.Sessions.user_id != 5": DA.Sessions.user_id != 5,
        "DA.Sessions.email.Like('%@x')": DA.Sessions.email.Like("%@x"),
        "DA.Sessions.user_id.In(1, 2)": DA.Sessions.user_id.In([1, 2]),
        "DA.Sessions.country.In('US')": DA.Sessions.country.In("US"),
        "DA.And(DA.Sessions.country >= 'A', DA.Sessions.country < 'B', DA.Sessions.country <= 'C')": DA.And(
            DA.Sessions.country >= "A", DA.Sessions.country < "B", DA.Sessions.country <= "C"
        ),
        "DA.Or(DA.Sessions.encrypted == True, ~(DA.Sessions.organization == None))": (
            (DA.Sessions.encrypted == True) | ~(DA.Sessions.organization == None)  # noqa: E711, E712
        ),
        "(DA.Sessions.modtime > '2024-05-01') & (DA.Sessions.last_login > '2024-05-01T10:00:00+00:00')": (
            (DA.Sessions.modtime > datetime.date(2024, 5, 1))
            & (DA.Sessions.last_login > datetime.datetime(2024, 5, 1, 10, tzinfo=datetime.UTC))
        ),
    }
    for text, condition in built.items():
        assert condition_of(condition) == read(text) == condition_of(text), text


def test_values_of_a_list_of_the_interview_are_taken_from_it() -> None:
    assert condition_of(DA.Sessions.user_id.In(SimpleNamespace(elements=[1, 2]))) == read(
        "DA.Sessions.user_id.In(1, 2)"
    )


def test_and_and_or_would_lose_a_condition_and_say_so() -> None:
    with pytest.raises(DAError, match="with & and"):
        bool(DA.Sessions.email == "a")


@pytest.mark.parametrize("query", ["nonsense", 5, True])
def test_what_is_no_condition_is_named(query: object) -> None:
    with pytest.raises(DAError, match="condition"):
        condition_of(query)


def test_a_value_that_no_column_can_have_is_named() -> None:
    with pytest.raises(DAError, match="texts, numbers and moments"):
        DA.Sessions.email == object()  # noqa: B015
    with pytest.raises(DAError, match="compared with a moment"):
        condition_of(DA.Sessions.modtime == "soon")


def test_a_column_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(AttributeError, match="no column secret; there are modtime"):
        DA.Sessions.secret  # noqa: B018
