"""Conditions on sessions, as programs write them."""

from __future__ import annotations

import pytest

from shared.contracts.session_filter import (
    COLUMNS,
    Among,
    BadFilter,
    Compared,
    Joined,
    Like,
    Negated,
    checked,
    read,
)

FRUIT = Compared(column="filename", operator="==", value="p:data/questions/fruit.yml")


@pytest.mark.parametrize("operator", ["==", "!=", "<", "<=", ">", ">="])
def test_a_column_is_compared_with_each_operator(operator: str) -> None:
    found = read(f"DA.Sessions.modtime {operator} '2024-05-01T12:00:00'")
    assert found == Compared.model_validate({"column": "modtime", "operator": operator, "value": "2024-05-01T12:00:00"})


def test_conditions_are_joined_and_turned_around() -> None:
    one, other = "DA.Sessions.filename == 'p:data/questions/fruit.yml'", "DA.Sessions.email.Like('%@example.org')"
    like = Like(column="email", pattern="%@example.org")
    both = Joined(how="and", parts=(FRUIT, like))
    assert read(f"({one}) & ({other})") == both == read(f"DA.And({one}, {other})")
    assert read(f"({one}) | ~({other})") == Joined(how="or", parts=(FRUIT, Negated(part=like)))
    assert read(f"DA.Or({one}, {other})") == Joined(how="or", parts=(FRUIT, like))


@pytest.mark.parametrize("values", ["1, 2", "[1, 2]", "(1, 2)"])
def test_one_of_several_values_is_asked_for_in_any_of_its_forms(values: str) -> None:
    assert read(f"DA.Sessions.user_id.In({values})") == Among(column="user_id", values=(1, 2))


def test_every_column_can_be_asked_for_nothing() -> None:
    for column in COLUMNS:
        assert read(f"DA.Sessions.{column} == None") == Compared.model_validate(
            {"column": column, "operator": "==", "value": None}
        )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "DA.Sessions.modtime",
        "DA.Sessions.secret == 'x'",
        "DA.Sessions.__class__ == 'x'",
        "DA.Users.email == 'x'",
        "sessions.email == 'x'",
        "DA.Sessions.email == 'a' == 'b'",
        "DA.Sessions.email == 'a' and DA.Sessions.email == 'b'",
        "DA.Sessions.email == DA.Sessions.first_name",
        "DA.Sessions.email == __import__('os').getcwd()",
        "DA.Sessions.email == f'{x}'",
        "DA.Sessions.email.Like(pattern='x')",
        "DA.Sessions.email.Unlike('x')",
        "DA.Sessions.modtime.Like('2024%')",
        "DA.Sessions.modtime == 'yesterday'",
        "DA.Sessions.modtime > 5",
        "DA.Sessions.user_id == 'x'",
        "DA.Sessions.user_id == 99999999999999999999",
        "DA.Sessions.encrypted == 'maybe'",
        "DA.And()",
        "x = 1",
        "(",
        "~" * 100 + "(DA.Sessions.user_id == 1)",
        "(" * 3000 + "1" + ")" * 3000,
        "DA.Sessions.email == '" + "x" * 5000 + "'",
    ],
    ids=lambda text: text[:40],
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(BadFilter):
        read(text)


def test_conditions_that_stand_too_deep_are_refused_in_messages_too() -> None:
    found: Negated | Compared = FRUIT
    for _ in range(30):
        found = Negated(part=found)
    with pytest.raises(BadFilter):
        checked(found)
