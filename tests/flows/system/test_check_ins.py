"""Check-ins through a whole system: what they change, and what becomes of those that should not be answered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.kernel.ids import new_id
from tests.flows.system.conftest import until
from tests.flows.system.person import Person, interview

_PAGE = re.compile(r'id="da-page">(.*?)</script>', re.DOTALL)

At = Callable[[Person], dict[str, Any]]


@pytest.fixture
def tasting() -> At:
    """Brings a person to the screen that checks in; gives what its page knows."""

    def bring(person: Person) -> dict[str, Any]:
        person.interview = interview("live")
        person.open(new_session="1")
        person.answer(started="True")
        assert person.shown == "What do you eat?"
        match = _PAGE.search(person.page)
        assert match is not None
        page: dict[str, Any] = json.loads(match[1])
        return page

    return bring


def check_in(person: Person, page: dict[str, Any], food: str = "soup", **fields: str) -> httpx.Response:
    form = {
        "action": "checkin",
        "ajax": "1",
        "csrf_token": page["csrf_token"],
        "_session": page["session"],
        "_operation": new_id(),
        "checkinCode": "0.4711",
        "do_action": page["do_action"],
        "parameters": json.dumps({"food": food, "_initial": False, "_changed": "food"}),
    }
    return person.http.post(page["check_in_url"], data=form | fields)


def test_what_check_in_code_changes_is_kept_without_a_step(person: Person, tasting: At) -> None:
    page = tasting(person)
    said = check_in(person, page).json()
    assert said["commands"] == [
        {"action": "taste", "value": {"target": "feedback", "content": "soup"}, "extra": "backgroundresponse"}
    ]
    assert (said["checkin_code"], said["steps"]) == ("0.4711", page["steps"])
    check_in(person, page)
    assert person.variables()["tastings"] == 2
    person.post(person.fields("dabackbutton"))
    assert person.shown == "Shall we start?"


def test_check_in_code_that_changes_nothing_writes_nothing(person: Person, tasting: At) -> None:
    page = tasting(person)
    check_in(person, page)
    answers = [check_in(person, page, do_action="look_only").json() for _ in range(2)]
    assert [one["commands"][0]["value"]["content"] for one in answers] == ["nothing new"] * 2
    assert answers[0]["version"] == answers[1]["version"]
    assert check_in(person, page).json()["version"] > answers[1]["version"]


def test_the_same_check_in_sent_twice_is_answered_twice_and_done_once(person: Person, tasting: At) -> None:
    page, operation = tasting(person), new_id()
    answers = [check_in(person, page, _operation=operation).json()["commands"] for _ in range(2)]
    assert answers[0] == answers[1] != []
    assert person.variables()["tastings"] == 1


def test_code_that_fails_changes_nothing_and_keeps_nobody_from_being_told(person: Person, tasting: At) -> None:
    page = tasting(person)
    check_in(person, page, "task")
    told = until(lambda: check_in(person, page, do_action="").json()["commands"], "the notice")
    before = person.variables()["tastings"]
    failed = check_in(person, page, "stone")
    assert failed.status_code == 500
    assert failed.json()["error"]["reason"] == "interview_error"
    assert failed.json()["commands"] == told
    assert person.variables()["tastings"] == before


def test_a_check_in_of_a_deleted_session_asks_for_a_reload_and_makes_nothing(person: Person, tasting: At) -> None:
    page = tasting(person)
    person.http.post("/exit", params={"i": person.interview, "session": page["session"]}, data=person.fields())
    answer = check_in(person, page)
    assert (answer.status_code, answer.json()) == (200, {"success": True, "action": "reload"})


def test_a_check_in_for_somebody_elses_session_changes_nothing_there(
    person: Person, somebody_else: Person, tasting: At
) -> None:
    page, other = tasting(person), tasting(somebody_else)
    answer = check_in(somebody_else, other, _session=page["session"])
    assert answer.json() == {"success": True, "action": "reload"}
    with_their_token = check_in(somebody_else, page)
    assert (with_their_token.status_code, with_their_token.json()["error"]["reason"]) == (403, "not_allowed")
    assert person.variables()["tastings"] == 0


def test_ten_megabytes_are_refused_before_anybody_reads_them(person: Person, tasting: At) -> None:
    page = tasting(person)
    answer = check_in(person, page, "x" * 10_000_000)
    assert answer.status_code == 413
    assert answer.json()["error"]["reason"] == "too_large"
    assert person.variables()["tastings"] == 0
    assert check_in(person, page).json()["success"] is True


def test_what_is_no_json_object_is_refused(person: Person, tasting: At) -> None:
    page = tasting(person)
    for parameters in ("{", "[1]", '{"food": NaN}'):
        answer = check_in(person, page, parameters=parameters)
        assert (answer.status_code, answer.json()["error"]["reason"]) == (400, "malformed")
    assert person.variables()["tastings"] == 0


def test_a_name_that_nothing_defines_tells_nothing(person: Person, tasting: At) -> None:
    page = tasting(person)
    assert check_in(person, page, do_action="nobody_knows").json()["commands"] == []
    refused = check_in(person, page, do_action="1; import os")
    assert refused.status_code == 500
    assert "is not the name of an action" in refused.text
    assert person.variables()["tastings"] == 0
