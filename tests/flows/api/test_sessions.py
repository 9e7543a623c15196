"""Sessions through the HTTP API, in the documented shapes (spec/area2 §11.2 and appendix A)."""

from __future__ import annotations

import httpx
import pytest

from shared.kernel.ids import new_id
from tests.flows.api.conftest import FILES, FRUIT, QUESTIONLESS, SHARED, Program, Session, limited, someone
from tests.sites import Site


def test_a_new_session_is_told_with_what_opens_it(program: Program) -> None:
    told = program.get("/api/session/new", i=FRUIT).json()
    assert set(told) == {"session", "i", "secret", "encrypted"}
    assert (len(told["session"]), told["i"], len(told["secret"]), told["encrypted"]) == (32, FRUIT, 16, True)


def test_what_is_given_as_a_secret_is_not_told_back(program: Program) -> None:
    told = program.get("/api/session/new", i=FRUIT, secret="abcdefghijklmnop").json()
    assert "secret" not in told
    session = Session(FRUIT, told["session"], "abcdefghijklmnop")
    assert program.get("/api/session", **session.facts).status_code == 200


def test_a_session_that_the_server_opens_has_no_secret(program: Program) -> None:
    told = program.get("/api/session/new", i=SHARED).json()
    assert (set(told), told["encrypted"]) == ({"session", "i", "encrypted"}, False)


def test_other_parameters_become_url_args(program: Program) -> None:
    session = program.begin(FRUIT, **{"from": "é", "_x": "1", "9": "not a name"})
    assert program.variables(session)["url_args"] == {"from": "é", "_x": "1"}


@pytest.mark.parametrize(
    ("query", "message"),
    [({}, "Parameter i is required."), ({"i": "nobody:data/questions/no.yml"}, "NotAnInterview: ")],
)
def test_without_an_interview_nothing_begins(program: Program, query: dict[str, str], message: str) -> None:
    answer = program.get("/api/session/new", **query)
    assert answer.status_code == 400
    assert answer.json().startswith(message)


def test_variables_are_read_as_json_with_what_belongs_to_the_system(program: Program) -> None:
    found = program.variables(program.begin())
    assert {"_internal", "nav", "url_args"} <= set(found)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_session_is_named_by_interview_and_code(program: Program, method: str) -> None:
    answer = program.http.request(method, "/api/session", params={"i": FRUIT} if method != "POST" else None)
    assert (answer.status_code, answer.json()) == (400, "Parameters i and session are required.")


def test_a_wrong_secret_opens_nothing(program: Program) -> None:
    session = program.begin()
    for secret in ("wrongwrongwrongw", "", "x" * 40):
        answer = program.get("/api/session", i=session.i, session=session.session, secret=secret)
        assert answer.status_code == 400
        assert answer.json().startswith("Unable to decrypt interview dictionary")


def test_a_session_that_is_not_there_is_not_obtained(program: Program) -> None:
    answer = program.get("/api/session", i=FRUIT, session="a" * 32, secret="abcdefghijklmnop")
    assert (answer.status_code, answer.json()) == (400, "Unable to obtain interview dictionary.")


def test_variables_are_set_and_the_question_that_follows_is_told(program: Program) -> None:
    session = program.begin()
    first = program.get("/api/session/question", **session.facts).json()
    assert (first["questionName"], first["event_list"]) == ("ID intro", ["favorite_fruit"])
    assert [(one["variable_name"], one["datatype"]) for one in first["fields"]] == [("favorite_fruit", "text")]
    asked = {
        **session.facts,
        "variables": {"favorite_fruit": "apple"},
        "question_name": "ID intro",
        "event_list": ["favorite_fruit"],
        "question": 1,
    }
    second = program.post("/api/session", **asked).json()
    assert second["questionText"] == "When did it start?"
    assert second["fields"][0]["datatype"] == "date"
    assert program.variables(session)["favorite_fruit"] == "apple"


def test_texts_that_look_like_dates_become_dates_unless_they_are_raw(program: Program) -> None:
    session = program.begin()
    asked = {"favorite_fruit": "apple", "start_date": "2024-05-01"}
    said = program.post("/api/session", **session.facts, variables=asked).json()
    assert "May 1, 2024" in said["questionText"] or "2024-05-01T00:00:00" in said["questionText"]
    raw = program.post("/api/session", **session.facts, variables=asked, raw=True).json()
    assert "apple since 2024-05-01" in raw["questionText"]


def test_without_question_nothing_is_said_and_nothing_is_run(program: Program) -> None:
    session = program.begin()
    answer = program.post("/api/session", **session.facts, variables={"favorite_fruit": "fig"}, question=False)
    assert (answer.status_code, answer.content) == (204, b"")
    assert program.variables(session)["favorite_fruit"] == "fig"


def test_variables_are_deleted(program: Program) -> None:
    session = program.begin()
    program.post("/api/session", **session.facts, variables={"favorite_fruit": "fig", "note": "x"}, question=0)
    program.post("/api/session", **session.facts, delete_variables=["note"], question=0)
    assert "note" not in program.variables(session)


def test_attributes_and_items_are_set_by_their_names(program: Program) -> None:
    session = program.begin()
    program.post("/api/session", **session.facts, variables={"d": {"a": 1}}, question=0)
    program.post("/api/session", **session.facts, variables={"d['b']": 2}, question=0)
    assert program.variables(session)["d"] == {"a": 1, "b": 2}


def test_a_form_says_the_same_as_json(program: Program) -> None:
    session = program.begin()
    fields = {**session.facts, "variables": '{"favorite_fruit": "pear"}', "question": "0"}
    assert program.http.post("/api/session", data=fields).status_code == 204
    assert program.variables(session)["favorite_fruit"] == "pear"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"variables": "{"}, "Malformed variables."),
        ({"variables": [1]}, "Variables data is not a dict."),
        ({"delete_variables": "["}, "Malformed list of delete variables."),
        ({"delete_variables": {}}, "Delete variables data is not a list."),
        ({"file_variables": "{"}, "Malformed list of file variables."),
        ({"file_variables": []}, "File variables data is not a dict."),
        ({"file_variables": {"a": 1}}, "Malformed file variable."),
        ({"event_list": "["}, "Malformed event list."),
        ({"variables": {"f()": 1}}, "Problem setting variables: "),
        ({"variables": {"nobody.name": 1}}, "Problem setting variables: "),
        ({"delete_variables": ["nothing_of_the_kind"]}, "Problem deleting variables: "),
        ({"delete_variables": ["f()"]}, "Problem deleting variables: "),
        ({"question_name": "ID nothing"}, "Problem marking question as completed"),
    ],
    ids=str,
)
def test_what_cannot_be_set_is_told_and_changes_nothing(
    program: Program, fields: dict[str, object], message: str
) -> None:
    session = program.begin()
    before = program.variables(session)
    answer = program.post("/api/session", **session.facts, **fields)
    assert answer.status_code == 400
    assert answer.json().startswith(message)
    assert program.variables(session)["_internal"]["steps"] == before["_internal"]["steps"]


def test_what_nothing_defines_is_asked_of_the_program(program: Program) -> None:
    session = program.begin(QUESTIONLESS)
    undefined = {"questionType": "undefined_variable", "variable": "favorite_number", "message_log": []}
    asked = program.get("/api/session/question", **session.facts)
    assert (asked.status_code, asked.json()) == (200, undefined)
    answer = program.post("/api/session", **session.facts, variables={"favorite_number": 21})
    assert (answer.status_code, answer.json()) == (200, {"doubled": 42})


def test_what_is_set_is_saved_although_something_else_is_undefined(program: Program) -> None:
    session = program.begin(QUESTIONLESS)
    program.post("/api/session", **session.facts, variables={"other": 1})
    assert program.variables(session)["other"] == 1


def test_a_file_becomes_a_variable_of_its_session_and_is_given_out_again(program: Program) -> None:
    session = program.begin(FILES)
    answer = program.http.post(
        "/api/session",
        data={**session.facts, "file_variables": '{"upload": "the_file"}', "question": "1"},
        files={"upload": ("plan.txt", b"the plan", "text/plain")},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["questionText"] == "plan.txt"
    element = program.variables(session)["the_file"]["elements"][0]
    assert (element["filename"], element["extension"], element["ok"]) == ("plan.txt", "txt", True)
    given = program.get(f"/api/file/{element['number']}", secret=session.secret)
    assert (given.status_code, given.content) == (200, b"the plan")
    assert given.headers["content-type"].startswith("text/plain")
    for meant, status in (
        ({"extension": "txt"}, 200),
        ({"extension": ".TXT"}, 200),
        ({"filename": "plan.txt"}, 200),
        ({"extension": "pdf"}, 404),
        ({"filename": "plan.pdf"}, 404),
    ):
        answer = program.get(f"/api/file/{element['number']}", secret=session.secret, **meant)
        assert answer.status_code == status, meant
        assert status == 200 or answer.json() == "File not found"


def test_a_file_of_somebody_else_is_not_found(program: Program, admin: Program) -> None:
    session = admin.begin(FILES)
    admin.http.post(
        "/api/session", data={**session.facts, "question": "0"}, files={"the_file": ("a.txt", b"secret", "text/plain")}
    )
    number = admin.variables(session)["the_file"]["elements"][0]["number"]
    answer = program.get(f"/api/file/{number}")
    assert (answer.status_code, answer.json()) == (404, "File not found")


def test_back_gives_the_question_before(program: Program) -> None:
    session = program.begin()
    program.post("/api/session", **session.facts, variables={"favorite_fruit": "apple"})
    answer = program.post("/api/session/back", **session.facts)
    assert answer.json()["questionName"] == "ID intro"
    assert "favorite_fruit" not in program.variables(session)


def test_at_the_first_step_there_is_no_way_back(program: Program) -> None:
    session = program.begin()
    answer = program.post("/api/session/back", **session.facts)
    assert (answer.status_code, answer.json()) == (400, "Cannot go back.")


def test_back_says_nothing_when_no_question_is_wanted(program: Program) -> None:
    session = program.begin()
    program.post("/api/session", **session.facts, variables={"favorite_fruit": "apple"})
    assert program.post("/api/session/back", **session.facts, question=False).status_code == 204


def begun_with(program: Program, **variables: object) -> Session:
    session = program.begin()
    program.post("/api/session", **session.facts, variables=variables, question=0)
    return session


def test_an_action_changes_variables_and_says_nothing(program: Program) -> None:
    session = begun_with(program, favorite_fruit="apple", start_date="x")
    asked = {**session.facts, "action": "change_fruit", "arguments": {"fruit": "plum"}}
    assert program.post("/api/session/action", **asked).status_code == 204
    assert program.variables(session)["favorite_fruit"] == "plum"


def test_what_an_action_answers_is_passed_on_as_it_is(program: Program) -> None:
    session = begun_with(program, favorite_fruit="apple", start_date="x")
    answer = program.post("/api/session/action", **session.facts, action="tell")
    assert answer.text == '{\n  "fruit": "apple",\n  "vegetable": "kale"\n}\n'
    assert answer.headers["content-type"].startswith("application/json")
    teapot = program.post("/api/session/action", **session.facts, action="teapot")
    assert (teapot.status_code, teapot.text) == (418, "short and stout")
    assert teapot.headers["content-type"].startswith("text/plain")


def test_a_read_only_action_keeps_nothing(program: Program) -> None:
    session = begun_with(program, favorite_fruit="apple", start_date="x")
    asked = {**session.facts, "action": "change_fruit", "arguments": {"fruit": "plum"}, "read_only": 1}
    assert program.post("/api/session/action", **asked).status_code == 204
    assert program.variables(session)["favorite_fruit"] == "apple"


def test_an_action_that_overwrites_adds_no_step(program: Program) -> None:
    session = begun_with(program, favorite_fruit="apple", start_date="x")
    steps = program.variables(session)["_internal"]["steps"]
    asked = {**session.facts, "action": "change_fruit", "arguments": {"fruit": "plum"}, "overwrite": True}
    program.post("/api/session/action", **asked)
    assert program.variables(session)["_internal"]["steps"] == steps


def test_an_action_that_raises_is_told_as_such(program: Program) -> None:
    session = begun_with(program, favorite_fruit="apple", start_date="x")
    answer = program.post("/api/session/action", **session.facts, action="raise_it")
    assert answer.status_code == 400
    assert answer.json().startswith("api_session_action: failure to assemble interview: ")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "Parameters i, session, and action are required."),
        ({"action": "tell", "arguments": "{"}, "Malformed arguments."),
        ({"action": "tell", "arguments": []}, "Arguments data is not a dict."),
    ],
    ids=str,
)
def test_an_action_needs_a_name_and_a_dict(program: Program, fields: dict[str, object], message: str) -> None:
    answer = program.post("/api/session/action", **program.begin().facts, **fields)
    assert (answer.status_code, answer.json()) == (400, message)


def test_a_deleted_session_is_gone_and_deleting_again_is_no_error(program: Program) -> None:
    session = program.begin()
    assert program.delete("/api/session", **session.facts).status_code == 204
    assert program.get("/api/session", **session.facts).json() == "Unable to obtain interview dictionary."
    assert program.delete("/api/session", **session.facts).status_code == 204


def test_who_takes_part_deletes_without_the_secret(program: Program) -> None:
    session = program.begin()
    assert session.secret
    assert program.delete("/api/session", i=session.i, session=session.session).status_code == 204
    assert program.get("/api/session", **session.facts).json() == "Unable to obtain interview dictionary."


def test_somebody_elses_session_is_deleted_by_who_may_edit_sessions_alone(
    site: Site, admin: Program, program: Program
) -> None:
    session = program.begin()
    asked = {"i": session.i, "session": session.session}
    with someone(site, admin).http as stranger, limited(site, admin, "access_sessions").http as reader:
        for nobody in (stranger, reader):
            assert nobody.delete("/api/session", params=asked).status_code == 204
            assert program.get("/api/session", **session.facts).status_code == 200
    with limited(site, admin, "edit_sessions").http as editor:
        assert editor.delete("/api/session", params=asked).status_code == 204
    assert program.get("/api/session", **session.facts).json() == "Unable to obtain interview dictionary."


def test_the_same_write_again_has_one_effect_and_one_answer(program: Program) -> None:
    session = program.begin(SHARED)

    def count() -> httpx.Response:
        fields = {**session.facts, "action": "count_on", "arguments": {"by": 1}}
        headers = {"idempotency-key": f"count {session.session}"}
        return program.http.post("/api/session/action", json=fields, headers=headers)

    assert [count().status_code for _ in range(3)] == [204, 204, 204]
    assert program.variables(session)["counted"] == 1


def test_an_idempotency_key_belongs_to_one_request(program: Program) -> None:
    session = program.begin(SHARED)
    headers = {"idempotency-key": f"one {session.session}"}
    fields = {**session.facts, "action": "count_on"}
    program.http.post("/api/session/action", json={**fields, "arguments": {"by": 1}}, headers=headers)
    answer = program.http.post("/api/session/action", json={**fields, "arguments": {"by": 2}}, headers=headers)
    assert answer.status_code == 422
    assert program.variables(session)["counted"] == 1


def test_another_file_of_the_same_name_is_another_request(program: Program) -> None:
    session = program.begin(SHARED)
    headers = {"idempotency-key": new_id()}

    def put(contents: bytes) -> httpx.Response:
        files = {"upload": ("plan.txt", contents, "text/plain")}
        return program.http.post("/api/session", data={**session.facts, "question": "0"}, files=files, headers=headers)

    assert put(b"the plan").status_code < 300
    assert put(b"the plan").headers["idempotency-replayed"] == "true"
    assert put(b"another plan").status_code == 422


def test_a_session_that_is_begun_twice_under_one_idempotency_key_is_one_session(program: Program) -> None:
    headers = {"idempotency-key": new_id()}
    first, second = (
        program.http.get("/api/session/new", params={"i": FRUIT}, headers=headers).json() for _ in range(2)
    )
    assert second == first
    assert program.variables(Session(FRUIT, second["session"], second["secret"]))


def test_a_link_that_is_made_twice_under_one_idempotency_key_is_one_link(program: Program) -> None:
    headers = {"idempotency-key": new_id()}
    made = [
        program.http.get("/api/temp_url", params={"url": "https://example.org/"}, headers=headers) for _ in range(2)
    ]
    assert made[0].json() == made[1].json()
    assert made[1].headers["idempotency-replayed"] == "true"


def test_the_progress_bar_moves_when_it_is_asked_to(program: Program) -> None:
    session = program.begin()
    for asked in ({}, {"advance_progress_meter": True}):
        program.post("/api/session", **session.facts, variables={"favorite_fruit": "fig"}, question=0, **asked)
    assert program.variables(session)["_internal"]["progress"] == 5
