"""Data that programs and interviews leave for each other (spec/area2 §9.1, §11.7)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.flows.api.conftest import Program

STASH = "programs:data/questions/stash.yml"
NOT_THERE = "The stashed data could not be retrieved: "


def stashed(program: Program, **fields: Any) -> dict[str, str]:
    answer = program.post("/api/stash_data", **fields)
    assert answer.status_code == 200, answer.text
    told: dict[str, str] = answer.json()
    return told


def retrieved(program: Program, **query: Any) -> httpx.Response:
    return program.get("/api/retrieve_stashed_data", **query)


def test_what_a_program_stashes_opens_with_both_tokens(program: Program, admin: Program) -> None:
    keys = stashed(program, data={"fruit": ["apple", 2.5, None], "start": "2024-05-01"})
    assert (set(keys), len(keys["stash_key"]), len(keys["secret"])) == ({"stash_key", "secret"}, 16, 16)
    assert keys["secret"].isalpha()
    assert retrieved(admin, **keys).json() == {"fruit": ["apple", 2.5, None], "start": "2024-05-01"}
    for wrong in ({**keys, "secret": "a" * 16}, {**keys, "stash_key": "b" * 16}, {**keys, "secret": "c" * 500}):
        answer = retrieved(program, **wrong)
        assert answer.status_code == 400
        assert answer.json().startswith(NOT_THERE)


def test_a_stash_that_is_deleted_opens_once(program: Program) -> None:
    keys = stashed(program, data={"a": 1})
    assert retrieved(program, **keys, delete=1).json() == {"a": 1}
    assert retrieved(program, **keys).status_code == 400


def test_data_may_come_in_a_form_as_json(program: Program) -> None:
    keys = program.http.post("/api/stash_data", data={"data": '{"a": 1}', "expire": "never"}).json()
    assert retrieved(program, **keys, refresh="a while").json() == {"a": 1}
    assert retrieved(program, **keys, refresh=60).json() == {"a": 1}


@pytest.mark.parametrize(
    ("fields", "message"),
    [({}, "Data must be provided."), ({"data": [1]}, "Malformed data."), ({"data": "{"}, "Malformed data.")],
)
def test_what_is_no_object_is_not_stashed(program: Program, fields: dict[str, Any], message: str) -> None:
    answer = program.post("/api/stash_data", **fields)
    assert (answer.status_code, answer.json()) == (400, message)


def test_a_stash_is_named_by_key_and_secret(program: Program) -> None:
    answer = retrieved(program, stash_key="a")
    assert (answer.status_code, answer.json()) == (400, "The stash key and secret parameters are required.")


def test_a_program_retrieves_what_an_interview_has_stashed_in_its_plain_form(program: Program) -> None:
    session = program.begin(STASH)
    keys = program.post("/api/session/action", **session.facts, action="put_away").json()
    found = retrieved(program, **keys).json()
    assert found["person"]["_class"] == "docassemble.base.util.Individual"
    assert (found["person"]["name"]["first"], found["born"]) == ("Ada", "1815-12-10")
    assert found["numbers"] == {"1": "one"}


@pytest.mark.parametrize(("raw", "person", "start"), [(False, "Individual", "DADateTime"), (True, "dict", "str")])
def test_an_interview_finds_dates_and_objects_in_a_stash_unless_it_is_raw(
    program: Program, raw: bool, person: str, start: str
) -> None:
    form = {"_class": "docassemble.base.util.Individual", "instanceName": "person"}
    keys = stashed(program, data={"person": form, "start": "2024-05-01", "note": "x"}, raw=raw)
    session = program.begin(STASH)
    told = program.post("/api/session/action", **session.facts, action="look_into", arguments=keys).json()
    assert told == {"person": person, "start": start, "note": "x"}
