"""Buttons, commands and addresses that end, leave or begin a session (spec/area2 §2.2, §2.4, §2.6, §13)."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.flows.accounts.conftest import MakePerson, Somebody
from tests.flows.system.person import encoded_action


def begun(people: MakePerson, **url_args: str) -> Somebody:
    """Somebody who has told their name."""
    ann = people("doors")
    ann.open(**url_args)
    ann.answer(name="Ann")
    return ann


def press(person: Somebody, label: str) -> str:
    """Press one of the special buttons; the path one is led to."""
    person.open(action=encoded_action("press"))
    assert person.shown == "Press"
    button = next(found for found in re.findall(r"<button[^>]*>.*?</button>", person.page, re.DOTALL) if label in found)
    name, value = (button.partition(f' {key}="')[2].partition('"')[0] for key in ("name", "value"))
    answer = person.post(person.fields() | {name: value})
    return answer.url.path


# -- Buttons


def test_exit_deletes_and_leads_away(people: MakePerson) -> None:
    ann = begun(people)
    code = ann.fields()["_session"]
    assert press(ann, "Exit") == "/list"
    assert ann.open(session=code).status_code == 404


def test_leave_keeps_the_answers(people: MakePerson) -> None:
    ann = begun(people)
    assert press(ann, "Leave") == "/list"
    ann.open()
    assert ann.variables()["name"] == "Ann"


def test_refresh_shows_the_screen_again(people: MakePerson) -> None:
    ann = begun(people)
    assert press(ann, "Refresh") == "/interview"


@pytest.mark.parametrize(("label", "path"), [("Sign in", "/user/sign-in"), ("Register", "/user/register")])
def test_sign_in_and_register_lead_there_and_back_to_this_session(people: MakePerson, label: str, path: str) -> None:
    ann = begun(people)
    assert press(ann, label) == path
    ann.send_again(path, email=ann.email, password="correct horse battery", again="correct horse battery")
    if label == "Register":
        assert ann.variables()["name"] == "Ann"


def test_logout_keeps_the_answers_and_ends_the_sign_in(people: MakePerson) -> None:
    ann = people("doors")
    ann.register()
    ann.open()
    ann.answer(name="Ann")
    assert press(ann, "Log out") == "/list"
    assert ann.me() == {"logged_in": False}
    ann.sign_in()
    assert len(ann.sessions()) == 1


def test_exit_and_logout_deletes_and_ends_the_sign_in(people: MakePerson) -> None:
    ann = people("doors")
    ann.register()
    ann.open()
    ann.answer(name="Ann")
    assert press(ann, "Exit and log out") == "/list"
    assert ann.me() == {"logged_in": False}
    ann.sign_in()
    assert ann.sessions() == []


def test_restart_goes_on_under_the_same_code_with_the_arguments_of_the_address(people: MakePerson) -> None:
    ann = begun(people, fruit="apple")
    code = ann.fields()["_session"]
    press(ann, "Restart")
    assert ann.shown == "What is your name?"
    assert ann.fields()["_session"] == code
    assert ann.variables()["url_args"] == {"fruit": "apple"}


def test_new_session_keeps_the_old_one_and_the_arguments_of_the_address(people: MakePerson) -> None:
    ann = begun(people, fruit="apple")
    code = ann.fields()["_session"]
    press(ann, "New")
    assert ann.shown == "What is your name?"
    assert ann.fields()["_session"] != code
    assert ann.variables()["url_args"] == {"fruit": "apple"}
    ann.open(session=code)
    assert ann.variables()["name"] == "Ann"


# -- Commands, and what was posted with them


@pytest.mark.parametrize("door", ["leave", "refresh", "signin"])
def test_values_posted_together_with_a_command_are_saved(people: MakePerson, door: str) -> None:
    ann = begun(people)
    code = ann.fields()["_session"]
    ann.http.post(
        "/interview", params={"i": ann.interview}, data=ann.filled(door=door, note="typed"), follow_redirects=False
    )
    ann.http.get("/interview", params={"i": ann.interview, "session": code}, follow_redirects=False)
    assert ann.variables()["note"] == "typed"


def test_a_script_that_asked_is_shown_the_first_screen_of_the_new_session(people: MakePerson) -> None:
    ann = begun(people)
    answer = ann.post_by_script(ann.filled(door="new_session")).json()
    assert answer["action"] == "body"
    assert "What is your name?" in answer["body"]


# -- Addresses


def test_the_address_that_restarts_carries_the_arguments_along(people: MakePerson) -> None:
    ann = begun(people, fruit="apple")
    code = ann.fields()["_session"]
    ann.get("/restart_session", i=ann.interview)
    assert (ann.shown, ann.fields()["_session"]) == ("What is your name?", code)
    assert ann.variables()["url_args"] == {"fruit": "apple"}


def test_the_address_of_a_new_session_keeps_the_old_one(people: MakePerson) -> None:
    ann = begun(people)
    code = ann.fields()["_session"]
    ann.get("/new_session", i=ann.interview)
    assert ann.shown == "What is your name?"
    ann.open(session=code)
    assert ann.variables()["name"] == "Ann"


def test_leave_keeps_and_exit_deletes(people: MakePerson) -> None:
    ann = begun(people)
    code = ann.fields()["_session"]
    assert ann.get("/leave", next="/list").url.path == "/list"
    ann.open()
    assert ann.fields()["_session"] == code
    assert ann.get("/exit", i=ann.interview, next="/list").url.path == "/list"
    assert ann.open(session=code).status_code == 404


def test_an_interview_can_lead_out_of_the_site_and_nobody_else_can(people: MakePerson) -> None:
    ann = begun(people)
    ann.answer(door="stay", note="")
    thanks, out = (
        unescape(found) for found in re.findall(r'href="(/(?:leave|user/sign-out)\?next=[^"]+)"', ann.page)[:2]
    )
    assert "example.org" not in thanks + out
    answer = ann.http.get(thanks, follow_redirects=False)
    assert answer.headers["location"] == "https://example.org/thanks"
    changed = ann.http.get(thanks[:-4] + "AAAA", follow_redirects=False)
    foreign = ann.http.get("/leave?next=https://evil.example/", follow_redirects=False)
    assert (changed.headers["location"], foreign.headers["location"]) == ("/", "/")
    answer = ann.http.get(out, follow_redirects=False)
    assert answer.headers["location"] == "https://example.org/out"


def test_who_begins_something_else_is_told_how_to_get_back(people: MakePerson) -> None:
    ann = people("doors")
    ann.open()
    assert "previous interview" not in ann.page
    ann.open(new_session="1")
    assert "Starting a new interview.  To go back to your previous interview" in ann.page
    ann.go_to("names")
    ann.open()
    assert "Entering a different interview." in ann.page
    ann.open()
    assert "previous interview" not in ann.page
    ann.open(new_session="1", from_list="1")
    assert "previous interview" not in ann.page
    ann.open(reset="2")
    assert "previous interview" not in ann.page


@pytest.mark.parametrize("parameter", ["reset", "new_session", "cache", "json"])
def test_a_parameter_that_is_no_whole_number_is_an_error(people: MakePerson, parameter: str) -> None:
    ann = people("doors")
    assert ann.open(**{parameter: "yes"}).status_code == 400


def test_reserved_parameters_are_no_arguments(people: MakePerson) -> None:
    ann = people("doors")
    ann.open(new_session="1", reset="0", cache="0", from_list="1", json="0", fruit="apple", state="s", code="c")
    assert ann.variables()["url_args"] == {"fruit": "apple", "state": "s", "code": "c"}


def test_of_a_repeated_argument_the_first_value_counts(people: MakePerson) -> None:
    ann = people("doors")
    ann.http.get(f"/interview?i={ann.interview}&fruit=apple&fruit=pear")
    assert ann.variables()["url_args"] == {"fruit": "apple"}


def test_new_arguments_are_a_step_that_back_takes_away_and_the_same_again_are_none(people: MakePerson) -> None:
    ann = begun(people, fruit="apple")
    assert ann.shown == "Hello Ann, which door? (apple)"
    ann.open(fruit="pear")
    assert ann.shown == "Hello Ann, which door? (pear)"
    step = ann.fields()["_step"]
    ann.open(fruit="pear")
    assert ann.fields()["_step"] == step
    ann.post(ann.fields("dabackbutton"))
    assert ann.shown == "Hello Ann, which door? (apple)"


def test_arguments_of_an_address_that_is_posted_to_count_too(people: MakePerson) -> None:
    ann = people("doors")
    ann.open()
    ann.http.post("/interview", params={"i": ann.interview, "fruit": "plum"}, data=ann.filled(name="Ann"))
    assert ann.variables()["url_args"] == {"fruit": "plum"}
    assert ann.variables()["name"] == "Ann"


# -- Somebody else takes part


def joined(people: MakePerson) -> tuple[Somebody, Somebody, str]:
    """Two people in one shared session, the second of whom has answered."""
    ann, bob = people("shared"), people("shared")
    ann.open()
    code = ann.fields()["_session"]
    bob.open(session=code)
    bob.answer(name="Bob")
    ann.open()
    return ann, bob, code


def test_reset_leaves_the_session_to_the_others_and_begins_another(people: MakePerson) -> None:
    ann, bob, code = joined(people)
    ann.open(reset="1")
    assert ann.page_fields()["_session"] != code
    bob.open()
    assert bob.page_fields()["_session"] == code
    assert bob.variables()["name"] == "Bob"


def test_a_stranger_who_knows_the_code_does_not_wipe_a_session_by_a_reset(people: MakePerson) -> None:
    _, bob, code = joined(people)
    eve = people("shared")
    eve.open(session=code, reset="1")
    bob.open()
    assert bob.variables()["name"] == "Bob"


def test_exit_leaves_the_session_to_the_others(people: MakePerson) -> None:
    ann, bob, code = joined(people)
    ann.get("/exit", i=ann.interview, next="/list")
    bob.open()
    assert bob.page_fields()["_session"] == code


def test_a_restart_of_a_shared_session_hides_the_steps_before_it(people: MakePerson) -> None:
    ann, bob, code = joined(people)
    ann.get("/restart_session", i=ann.interview)
    assert ann.page_fields() == ann.page_fields() | {"_session": code, "_step": "1"}
    assert "name" not in bob.variables()
