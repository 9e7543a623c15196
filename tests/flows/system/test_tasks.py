"""Background actions as a person meets them, in one process and in five through RabbitMQ (spec/area1 §20)."""

from __future__ import annotations

import pytest

from tests.flows.system.conftest import until
from tests.flows.system.person import Person, encoded_action
from tests.sites import Site

pytestmark = pytest.mark.xdist_group("sites")


def begun(site: Site, kind: str) -> Person:
    """Somebody who has chosen a kind."""
    person = Person(site.url, "tasks")
    person.open()
    person.answer(kind=kind)
    return person


def act(person: Person, name: str) -> object:
    """Follow a link with an action; gives what it answers."""
    query = {"i": person.interview, "action": encoded_action(name)}
    answer = person.http.get("/interview", params=query)
    return answer.json() if answer.headers["content-type"].startswith("application/json") else None


def shows(person: Person, heading: str) -> None:
    """Wait until the screen has changed to this one."""
    until(lambda: (person.open(), person.shown == heading)[1], heading)


def test_a_response_action_saves_into_the_step_it_finds_and_back_goes_before_it(site: Site) -> None:
    person = begun(site, "saved")
    assert person.shown == "Before"
    person.answer(anything="x")
    shows(person, "42 and 43")
    answers = person.variables()
    assert answers["results"]["elements"] == ["saved"], "neither what the task changed nor what stands after its end"
    assert answers["kind"] == "saved"
    person.post(person.fields("dabackbutton"))
    assert person.shown == "Before"
    assert "answer_of_task" not in person.variables()


def test_what_the_turn_sets_after_the_launch_is_there_when_the_task_begins(site: Site) -> None:
    person = begun(site, "late")
    assert person.shown == "Looking False"
    shows(person, "seen")


def test_arguments_have_any_name_and_any_value(site: Site) -> None:
    person = begun(site, "arguments")
    shows(person, "Carried")
    words = person.variables()["words"]
    assert words == ["an action", [1, 2], "me", "a name", "2026-02-28", "Žofie", "“ünï”", "worker"]


def test_launching_more_than_there_is_room_for_returns_at_once_and_revoking_ends_them_all(site: Site) -> None:
    person = begun(site, "crowd")
    assert person.shown == "0 of 30"
    other = begun(site, "late")
    shows(other, "seen")
    act(person, "end_them")
    shows(person, "30 of 30")
    assert act(person, "count_states") == ["REVOKED"]
