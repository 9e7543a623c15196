"""What is documented as JSON, literally, as it comes through the whole system (spec/area2, appendix A)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.flows.api.conftest import FRUIT, QUESTIONLESS, Program, Session, someone
from tests.sites import Site

SHAPES = "programs:data/questions/shapes.yml"
_PLACE = {"_class": "docassemble.base.util.LatitudeLongitude", "gathered": False, "known": False}
_SETTINGS = {
    "auto_gather": True,
    "ask_number": False,
    "minimum_number": None,
    "object_type": None,
    "object_type_parameters": {},
    "complete_attribute": None,
    "ask_object_type": False,
}
"""Of every group, as it is made."""


@pytest.fixture(scope="module")
def person(site: Site, admin: Program) -> Iterator[Program]:
    """Somebody with nothing but the session of this module."""
    with someone(site, admin) as person:
        yield person


@pytest.fixture(scope="module")
def filled(person: Program) -> Session:
    session = person.begin(SHAPES)
    assert act(person, session, "fill").status_code == 204
    return session


def act(program: Program, session: Session, action: str) -> httpx.Response:
    return program.post("/api/session/action", **session.facts, action=action)


def told(program: Program, session: Session, action: str) -> Any:
    answer = act(program, session, action)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_json_response_is_sorted_indented_and_ends_with_its_line(person: Program, filled: Session) -> None:
    answer = act(person, filled, "vegetables")
    assert answer.text == '{\n  "fruit": "apple",\n  "vegetable": "kale"\n}\n'
    assert answer.headers["content-type"] == "application/json"


def test_a_link_into_a_session_carries_its_action_as_documented(person: Program, filled: Session) -> None:
    url = httpx.URL(told(person, filled, "link"))
    assert dict(url.params) == {
        "i": SHAPES,
        "session": filled.session,
        "action": "eyJhY3Rpb24iOiAiY2hlY2tfdXBkYXRlX3N0YXR1cyIsICJhcmd1bWVudHMiOiB7InN0YXR1cyI6ICJkYW5nZXIifX0",
    }
    assert url.path == "/interview"


def test_a_person_is_told_with_name_and_places_in_the_order_they_were_made(person: Program, filled: Session) -> None:
    documented = {
        "_class": "docassemble.base.util.Individual",
        "instanceName": "user",
        "name": {
            "_class": "docassemble.base.util.IndividualName",
            "instanceName": "user.name",
            "uses_parts": True,
            "first": "John",
            "last": "Smith",
        },
        "address": {
            "_class": "docassemble.base.util.Address",
            "instanceName": "user.address",
            "location": {**_PLACE, "instanceName": "user.address.location"},
            "_geocoded": False,
            "geolocated": False,
            "city_only": False,
        },
        "location": {**_PLACE, "instanceName": "user.location"},
        "birthdate": "2000-01-31T00:00:00-05:00",
    }
    found = person.variables(filled)["user"]
    assert found == documented
    assert list(found) == list(documented)
    assert list(found["address"]) == list(documented["address"])  # type: ignore[call-overload]


def test_groups_and_files_are_told_with_all_they_are_documented_with(person: Program, filled: Session) -> None:
    found = person.variables(filled)
    assert found["things"] == {
        "_class": "docassemble.base.util.DAList",
        "instanceName": "things",
        "elements": ["apple"],
        **_SETTINGS,
        "there_are_any": True,
        "gathered": True,
    }
    assert found["fruit"] == {
        "_class": "docassemble.base.util.DAList",
        "instanceName": "fruit",
        "elements": [],
        **_SETTINGS,
        "object_type": {"_class": "type", "name": "docassemble.base.util.Individual"},
        "gathered": True,
    }
    assert found["colors"] == {
        "_class": "docassemble.base.util.DADict",
        "instanceName": "colors",
        "elements": {"apple": "red"},
        **_SETTINGS,
        "there_are_any": True,
        "gathered": True,
    }
    number = found["paper"].pop("number")
    assert isinstance(number, int)
    assert found["paper"] == {
        "_class": "docassemble.base.util.DAFile",
        "instanceName": "paper",
        "filename": "note.txt",
        "mimetype": "text/plain",
        "extension": "txt",
        "ok": True,
        "initialized": True,
        "has_specific_filename": True,
    }
    assert found["plain"] == {
        "vegetable": "kale",
        "fruit": "apple",
        "when": "2024-05-01",
        "price": 1.5,
        "nothing": None,
        "kinds": ["a"],
        "pair": [1, 2],
    }


def test_all_variables_as_json_leave_out_what_belongs_to_the_system(person: Program, filled: Session) -> None:
    found = told(person, filled, "all_as_json")
    whole = person.variables(filled)
    assert {"_internal", "nav"} <= set(whole)
    assert not {"_internal", "nav", "__builtins__"} & set(found)
    assert {name: found[name] for name in ("user", "things", "paper")} == {
        name: whole[name] for name in ("user", "things", "paper")
    }
    assert list(found) == sorted(found)


def test_a_new_session_is_told_as_documented(program: Program) -> None:
    told = program.get("/api/session/new", i=FRUIT).json()
    assert re.fullmatch(r"[A-Za-z0-9]{32}", told.pop("session"))
    assert re.fullmatch(r"[A-Za-z]{16}", told.pop("secret"))
    assert told == {"i": FRUIT, "encrypted": True}


def test_variables_are_set_with_the_documented_body(program: Program) -> None:
    session = program.begin(FRUIT)
    body = {
        "i": session.i,
        "session": session.session,
        "secret": session.secret,
        "variables": {"favorite_fruit": "apple", "start": "2024-05-01"},
        "question_name": "ID intro",
        "event_list": ["favorite_fruit"],
        "question": 1,
    }
    assert program.post("/api/session", **body).json()["questionText"] == "When did it start?"
    found = program.variables(session)
    assert (found["favorite_fruit"], found["start"]) == ("apple", "2024-05-01T00:00:00-04:00")


def test_what_is_undefined_is_told_as_documented(program: Program) -> None:
    answer = program.get("/api/session/question", **program.begin(QUESTIONLESS).facts)
    assert answer.status_code == 200
    assert answer.json() == {"questionType": "undefined_variable", "variable": "favorite_number", "message_log": []}


def test_a_stash_is_told_as_documented(program: Program) -> None:
    told = program.post("/api/stash_data", data={"fruit": "apple"}).json()
    assert set(told) == {"stash_key", "secret"}
    assert re.fullmatch(r"[A-Za-z0-9]{16}", told["stash_key"])
    assert re.fullmatch(r"[A-Za-z]{16}", told["secret"])


def test_the_list_of_an_interview_has_the_items_of_the_api(person: Program, filled: Session) -> None:
    [item], place = told(person, filled, "own_list")
    assert place is None
    [listed] = person.get("/api/user/interviews").json()["items"]
    assert set(item) >= {
        "filename", "session", "modtime", "starttime", "utc_modtime", "utc_starttime", "title", "subtitle", "valid",
        "metadata", "tags", "email", "user_id", "temp_user_id",
    }  # fmt: skip
    same = ("filename", "session", "title", "subtitle", "valid", "metadata", "email", "user_id", "temp_user_id")
    assert {name: item[name] for name in same} == {name: listed[name] for name in same}
    assert (item["filename"], item["session"], item["title"]) == (SHAPES, filled.session, "Shapes")


def test_tasks_that_persist_are_kept_under_the_documented_key(person: Program, filled: Session) -> None:
    assert told(person, filled, "task_store") == {"fruit_gathered": 1}


def test_messages_for_the_browser_are_told_with_their_priority(person: Program, filled: Session) -> None:
    assert person.get("/api/session/question", **filled.facts).json()["message_log"] == []
    answer = person.post("/api/session", **filled.facts, variables={"says": True})
    assert answer.json()["message_log"] == [
        {"message": "Something for the console", "priority": "console"},
        {"message": "Well done", "priority": "success"},
    ]
