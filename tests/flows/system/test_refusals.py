"""What cannot be done gets a clear answer, on the page and as JSON, and changes nothing."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from tests.flows.system.person import SCRIPT, Person, encoded, interview
from tests.sites import Site

pytestmark = pytest.mark.xdist_group("systems")


def error_of(answer: httpx.Response) -> dict[str, Any]:
    """The error in a JSON answer."""
    said = answer.json()
    assert said["success"] is False
    assert said["action"] == "error"
    error: dict[str, Any] = said["error"]
    assert error["status"] == answer.status_code
    return error


@pytest.mark.parametrize(
    "reference",
    ["trials:data/questions/nothing.yml", "nobody:file.yml", "nonsense", "trials:../../../../etc/passwd", "a:\0"],
)
def test_an_unknown_interview_is_a_404_that_says_where_to_look(person: Person, reference: str) -> None:
    page = person.http.get("/interview", params={"i": reference})
    assert page.status_code == 404
    assert "from the list" in page.text
    assert "Traceback" not in page.text
    for query, headers in (({"json": "1"}, {}), ({}, SCRIPT), ({}, {"accept": "application/json"})):
        error = error_of(person.http.get("/interview", params={"i": reference, **query}, headers=headers))
        assert error["status"] == 404
        assert error["reason"] == "not_found"
        assert "from the list" in error["message"]


def test_an_unknown_session_is_a_404_with_a_new_one_at_hand(person: Person) -> None:
    page = person.open(session="A" * 32)
    assert page.status_code == 404
    assert "Unable to locate interview session.  Starting a new session instead." in page.text
    assert person.shown == "Who are you?"
    person.answer(first_name="Ann")
    assert person.shown == "What is your favorite color?"


def test_a_program_that_names_an_unknown_session_gets_no_other_one(person: Person) -> None:
    person.open()
    unknown = {"i": person.interview, "session": "A" * 32}
    assert error_of(person.http.get("/interview", params={**unknown, "json": "1"}))["status"] == 404
    assert error_of(person.http.get("/vars", params=unknown))["status"] == 404


def test_a_post_to_a_session_that_was_deleted_is_a_404(person: Person) -> None:
    person.open()
    form = person.filled(first_name="Ann")
    person.http.get("/exit", params={"i": person.interview})
    page = person.post(form)
    assert page.status_code == 404
    assert "choose an interview from the list" in page.text
    assert error_of(person.post_by_script(form))["status"] == 404


def test_malformed_yaml_is_shown_with_file_line_and_block(site: Site) -> None:
    person = Person(site.url, "malformed")
    page = person.open()
    assert page.status_code == 500
    assert "This is not valid YAML" in page.text
    assert "trials:data/questions/malformed.yml, line 12 (block 3)" in page.text
    error = error_of(person.open(json="1"))
    assert error["where"] == "trials:data/questions/malformed.yml, line 12 (block 3)"
    assert "not valid YAML" in error["message"]


def test_the_start_page_says_what_is_wrong_with_an_interview(person: Person) -> None:
    page = person.http.get("/")
    assert "trials:data/questions/malformed.yml, line 12 (block 3)" in page.text
    listed = person.http.get("/list", params={"json": "1"}).json()["interviews"]
    problems = {entry["reference"]: entry["problem"] for entry in listed}
    assert "line 12 (block 3)" in problems[interview("malformed")]
    assert problems[interview("names")] == ""


def test_an_error_of_interview_code_is_shown_with_its_place_and_what_was_sought(site: Site) -> None:
    person = Person(site.url, "failing")
    page = person.open()
    assert page.status_code == 500
    assert "division by zero" in page.text
    assert "trials:data/questions/failing.yml, line 13 (ID the culprit)" in page.text
    assert "<code>inner</code> ← <code>outer</code>" in page.text
    error = error_of(person.open(json="1"))
    assert error["sought"] == ["inner", "outer"]
    assert error["where"] == "trials:data/questions/failing.yml, line 13 (ID the culprit)"


def test_a_variable_that_nothing_defines_is_named(site: Site) -> None:
    page = Person(site.url, "endless").open()
    assert page.status_code == 500
    assert "nobody_defines_this" in page.text
    assert "trials:data/questions/endless.yml, line 6" in page.text


@pytest.mark.parametrize("token", [None, "", "nonsense", "é", "of somebody else"])
def test_a_post_without_its_token_changes_nothing_and_can_be_sent_again(
    person: Person, somebody_else: Person, token: str | None
) -> None:
    person.open()
    somebody_else.open()
    form = person.filled(first_name="Ann")
    before = person.variables()
    forged = {name: value for name, value in form.items() if name != "csrf_token"}
    if token is not None:
        forged["csrf_token"] = somebody_else.fields()["csrf_token"] if token == "of somebody else" else token
    page = person.http.post("/interview", params={"i": person.interview}, data=forged)
    assert page.status_code == 403
    assert "nothing was changed" in page.text
    error = error_of(person.post_by_script(forged))
    assert error["status"] == 403
    assert "reload it and send it again" in error["message"]
    assert person.variables() == before
    person.post(form)
    assert person.shown == "What is your favorite color?"
    assert person.variables()["first_name"] == "Ann"


def test_a_changed_form_changes_nothing(person: Person) -> None:
    person.open()
    form = person.filled(first_name="Ann")
    before = person.variables()
    for broken in (form["_form"][:-4] + "AAAA", "nonsense", "é" * 10):
        assert person.http.post("/interview", params={"i": person.interview}, data=form | {"_form": broken})
        error = error_of(person.post_by_script(form | {"_form": broken}))
        assert error["status"] == 400
        assert "open the page again" in error["message"]
    assert person.variables() == before
    assert person.post(form).status_code == 200


def test_the_form_of_another_session_changes_nothing(person: Person, somebody_else: Person) -> None:
    person.open()
    somebody_else.open()
    before = person.variables()
    mixed = person.filled(first_name="Ann") | {"_form": somebody_else.fields()["_form"]}
    assert error_of(person.post_by_script(mixed))["status"] == 400
    assert person.variables() == before


def test_a_session_cannot_be_entered_with_the_cookies_of_somebody_else(person: Person, somebody_else: Person) -> None:
    person.open()
    person.answer(first_name="Ann")
    theirs = person.fields()["_session"]
    somebody_else.open()
    said = error_of(somebody_else.open(session=theirs, json="1"))
    assert said["status"] == 403
    assert said["reason"] == "locked_out"
    form = somebody_else.fields()
    read = {"csrf_token": form["csrf_token"], "_session": theirs}
    assert error_of(somebody_else.post_by_script(read))["status"] == 403
    assert person.variables()["first_name"] == "Ann"


def test_a_variable_that_was_not_asked_cannot_be_posted(person: Person) -> None:
    person.open()
    person.post(person.filled(first_name="Ann", is_admin="True", favorite_color="red"))
    assert person.shown == "What is your favorite color?"
    variables = person.variables()
    assert "is_admin" not in variables
    assert "favorite_color" not in variables


def test_what_does_not_fit_its_type_is_said_beside_the_field_and_stays_typed(person: Person) -> None:
    person.open()
    page = person.answer(first_name="Ann", age="twelve", birthdate="yesterday")
    assert person.shown == "Who are you?"
    assert f'id="{encoded("age")}-error">You need to enter a valid number.</div>' in page.text
    assert f'id="{encoded("birthdate")}-error">You need to enter a valid date.</div>' in page.text
    for typed in ("Ann", "twelve", "yesterday"):
        assert f'value="{typed}"' in page.text
    assert "first_name" not in person.variables()
    said = person.post_by_script(person.filled(first_name="Ann", age="twelve")).json()
    assert "You need to enter a valid number." in said["body"]
    person.answer(first_name="Ann", age="12")
    assert person.variables()["age"] == 12


def test_a_body_over_the_limit_is_refused_and_changes_nothing(person: Person) -> None:
    person.open()
    form = person.filled(first_name="Ann")
    large = form | {encoded("first_name"): "x" * (16 * 1024 * 1024 + 1)}
    page = person.http.post("/interview", params={"i": person.interview}, data=large)
    assert page.status_code == 413
    assert "The limit is 16 MiB." in page.text
    error = error_of(person.post_by_script(large))
    assert error["status"] == 413
    assert "nothing was changed" in error["message"]
    person.post(form)
    assert person.variables()["first_name"] == "Ann"


BROKEN_ACTIONS = ["%%%", "bm9uc2Vuc2U", base64.b64encode(b'{"action": 5}').decode()]


@pytest.mark.parametrize("broken", BROKEN_ACTIONS)
def test_an_action_that_cannot_be_read_is_told_and_not_done(person: Person, broken: str) -> None:
    person.open()
    before = person.variables()
    page = person.open(action=broken)
    assert page.status_code == 400
    assert "cannot be read; nothing was done" in page.text
    assert person.shown == "Who are you?"
    assert error_of(person.open(action=broken, json="1"))["status"] == 400
    form = person.fields()
    post = {"csrf_token": form["csrf_token"], "_session": form["_session"], "_action": broken}
    assert "nothing was done" in error_of(person.post_by_script(post))["message"]
    assert person.variables() == before


@pytest.mark.parametrize("parameter", ["reset", "new_session", "json"])
@pytest.mark.parametrize("value", ["x", "9" * 5000, "1.5"])
def test_parameters_that_are_no_whole_numbers_are_refused_by_name(person: Person, parameter: str, value: str) -> None:
    person.open()
    before = person.variables()
    page = person.http.get("/interview", params={"i": person.interview, parameter: value}, headers={"accept": "*/*"})
    assert page.status_code == 400
    assert f"{parameter} must be a whole number." in page.text
    error = error_of(person.http.get("/interview", params={"i": person.interview, parameter: value}, headers=SCRIPT))
    assert f"{parameter} must be a whole number." in error["message"]
    assert person.variables() == before


@pytest.mark.parametrize("step", ["x", "9" * 30])
def test_a_back_with_a_broken_step_is_refused(person: Person, step: str) -> None:
    person.open()
    person.answer(first_name="Ann")
    back = person.fields("dabackbutton")
    assert "_step must be a whole number." in error_of(person.post_by_script(back | {"_step": step}))["message"]
    person.post(back)
    assert person.shown == "Who are you?"


def test_check_ins_are_refused_as_json(person: Person) -> None:
    person.open()
    form = {name: value for name, value in person.fields().items() if name in ("csrf_token", "_session")}
    refused = {
        403: {},
        400: form | {"do_action": "count_up", "parameters": "[1"},
    }
    for status, data in refused.items():
        error = error_of(person.http.post("/checkin", params={"i": person.interview}, data=data))
        assert error["status"] == status


@pytest.mark.parametrize("path", ["/nowhere", "/start/trials/nothing", "/run/nobody/x", "/interview/x", "/static/x"])
def test_an_unknown_address_is_a_404_page_and_json(person: Person, path: str) -> None:
    page = person.http.get(path)
    assert page.status_code == 404
    assert "<title>Not found</title>" in page.text
    assert error_of(person.http.get(path, headers={"accept": "application/json"}))["reason"] == "not_found"


def test_another_method_is_a_405(person: Person) -> None:
    assert person.http.put("/interview").status_code == 405
    assert error_of(person.http.delete("/interview", headers=SCRIPT))["status"] == 405


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=a", "application/json"])
def test_a_body_that_is_no_form_is_refused(person: Person, kind: str) -> None:
    person.open()
    answer = person.http.post(
        "/interview", params={"i": person.interview}, content=b'{"a": 1}', headers={"content-type": kind, **SCRIPT}
    )
    assert error_of(answer)["status"] in (400, 403)
