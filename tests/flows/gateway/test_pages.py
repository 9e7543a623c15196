"""What a browser without scripts gets from `/interview`."""

from __future__ import annotations

from shared.contracts.base import Sealed
from shared.contracts.session import (
    GoBack,
    HttpAnswer,
    OpenSession,
    PerformAction,
    SessionCommand,
    SubmitAnswers,
    TurnReply,
)
from tests.flows.gateway.conftest import Visitor
from tests.flows.gateway.house import House
from tests.flows.gateway.session_double import action, encoded, problem, raw

NAMES = "test:data/questions/names.yml"


async def test_a_visitor_without_scripts_answers_a_question_and_sees_the_next_one(visitor: Visitor) -> None:
    await visitor.open()
    assert "What is your name?</h1>" in visitor.page
    answer = await visitor.post(visitor.fields() | {encoded("user.name"): "Ann"})
    assert answer.status_code == 200
    assert "Hello, Ann!" in visitor.page


async def test_labels_name_their_inputs_and_buttons_hold_nothing_but_their_text(visitor: Visitor) -> None:
    await visitor.open()
    name = encoded("user.name")
    assert f'<label for="{name}" class="form-label">First name</label>' in visitor.page
    assert f'id="{name}" name="{name}" alt="Input box"' in visitor.page
    assert ">Continue</button>" in visitor.page
    assert 'class="dabody da-pad-for-navbar question-the-name"' in visitor.page


async def test_the_short_reference_opens_the_same_interview(house: House, visitor: Visitor) -> None:
    await visitor.open("test:names.yml")
    assert [asked.interview for asked in house.double.asked_for(OpenSession)] == [NAMES]


async def test_reloading_shows_the_same_session(house: House, visitor: Visitor) -> None:
    await visitor.open()
    await visitor.post(visitor.fields() | {encoded("user.name"): "Ann"})
    await visitor.open()
    assert "Hello, Ann!" in visitor.page
    assert len(house.double.sessions) == 1


async def test_a_new_session_leaves_the_old_one_alone(house: House, visitor: Visitor) -> None:
    await visitor.open()
    first = visitor.facts["session"]
    await visitor.open(new_session="1")
    assert visitor.facts["session"] != first
    assert len(house.double.sessions) == 2


async def test_reset_starts_anew_under_the_same_code(house: House, visitor: Visitor) -> None:
    await visitor.open()
    code = visitor.facts["session"]
    await visitor.post(visitor.fields() | {encoded("user.name"): "Ann"})
    await visitor.open(reset="1")
    assert "What is your name?" in visitor.page
    assert visitor.facts["session"] == code


async def test_two_tabs_with_two_sessions_do_not_mix(house: House, visitor: Visitor) -> None:
    await visitor.open()
    first_tab, first_code = visitor.fields(), visitor.facts["session"]
    await visitor.open(new_session="1")
    second_code = visitor.facts["session"]
    await visitor.post(first_tab | {encoded("user.name"): "Ann"})
    assert house.double.sessions[str(first_code)].answers["user.name"] == "Ann"
    assert house.double.sessions[str(second_code)].answers == {}


async def test_an_unknown_session_in_the_address_becomes_a_new_one_and_says_so(house: House, visitor: Visitor) -> None:
    answer = await visitor.open(session="x" * 32)
    assert answer.status_code == 404
    assert "Unable to locate interview session.  Starting a new session instead." in visitor.page
    assert "What is your name?" in visitor.page


async def test_a_session_that_is_gone_is_replaced_without_a_word(house: House, visitor: Visitor) -> None:
    await visitor.open()
    house.double.sessions.clear()
    await visitor.open()
    assert "What is your name?" in visitor.page
    assert "Unable to locate" not in visitor.page


async def test_parameters_that_are_not_reserved_become_url_args(house: House, visitor: Visitor) -> None:
    await visitor.http.get("/interview?i=test:names.yml&from=moon&cache=0&from=mars&utm_source=x")
    asked = house.double.asked_for(OpenSession)[0]
    assert asked.url_args.value == {"from": "moon", "utm_source": "x"}


async def test_the_interview_learns_who_asks_but_not_the_cookies(house: House, visitor: Visitor) -> None:
    await visitor.open()
    await visitor.open()
    first, second = (asked.visitor.value for asked in house.double.asked_for(OpenSession))
    assert first.user.is_anonymous
    assert first.user.the_user_id.startswith("t")
    assert first.user == second.user
    assert first.keys == second.keys
    assert len(first.keys[0].key) == 44
    assert "cookie" not in second.request.headers
    assert second.request.url == f"{house.url}/interview"


async def test_back_goes_back_from_the_step_of_the_page(house: House, visitor: Visitor) -> None:
    await visitor.open()
    assert 'id="dabackbutton"' not in visitor.page
    await visitor.post(visitor.fields() | {encoded("user.name"): "Ann"})
    await visitor.post(visitor.fields("dabackbutton"))
    assert "What is your name?" in visitor.page
    assert house.double.asked_for(GoBack)[0].step == 2


async def test_an_action_of_an_address_runs_after_the_session_was_entered(house: House, visitor: Visitor) -> None:
    await visitor.open(action=action("rename", to="Zoe"))
    asked = house.double.asked_for(PerformAction)[0]
    assert asked.call.value.action == "rename"
    assert asked.call.value.arguments == {"to": "Zoe"}


async def test_an_action_of_an_address_is_all_that_is_run_in_a_session_that_is_there(
    house: House, visitor: Visitor
) -> None:
    await visitor.open()
    opened = len(house.double.asked_for(OpenSession))
    answer = await visitor.open(action=action("rename", to="Zoe"), color="red")
    assert answer.status_code == 200
    assert len(house.double.asked_for(OpenSession)) == opened
    assert house.double.asked_for(PerformAction)[0].url_args.value == {"color": "red"}


async def test_an_action_of_an_address_whose_session_is_gone_runs_in_a_new_one(house: House, visitor: Visitor) -> None:
    await visitor.open()
    house.double.sessions.clear()
    answer = await visitor.open(action=action("rename", to="Zoe"))
    assert answer.status_code == 200
    assert len(house.double.sessions) == 1


async def test_the_same_submission_sent_twice_has_one_effect(house: House, visitor: Visitor) -> None:
    await visitor.open()
    fields = visitor.fields() | {encoded("user.name"): "Ann"}
    await visitor.post(fields)
    again = await visitor.post(fields)
    assert "Hello, Ann!" in again.text
    first, second = house.double.asked_for(SubmitAnswers)
    assert first.operation_id == second.operation_id
    assert len(next(iter(house.double.sessions.values())).steps) == 2


async def test_only_inputs_reach_the_interview_never_our_own_fields(house: House, visitor: Visitor) -> None:
    await visitor.open()
    await visitor.post(visitor.fields() | {encoded("user.name"): "Ann", "_visible": "W10"})
    submission = house.double.asked_for(SubmitAnswers)[0].submission.value
    assert [(one.name, one.value) for one in submission.inputs] == [(encoded("user.name"), "Ann")]
    assert submission.visible == ()
    assert submission.form.fields[0].variable == "user.name"


async def test_the_json_form_of_a_screen_is_no_document(visitor: Visitor) -> None:
    answer = await visitor.open(json="1")
    assert answer.headers["content-type"] == "application/json"
    said = answer.json()
    assert said["questionText"] == "What is your name?"
    assert said["fields"][0]["variable_name"] == "user.name"
    assert said["steps"] == 1


async def test_a_program_posts_what_the_json_form_gave_it(visitor: Visitor) -> None:
    said = (await visitor.open(json="1")).json()
    fields = {"csrf_token": said["csrf_token"], "_session": said["session"], "_form": said["form"], "json": "1"}
    answer = await visitor.post(fields | {encoded("user.name"): "Ann"})
    assert answer.json()["questionText"] == "Hello, Ann!"


async def test_a_raw_response_reaches_the_browser_as_it_is(house: House, visitor: Visitor) -> None:
    house.double.replies.append(raw('{"a": 1}\n', "application/json"))
    answer = await visitor.http.get("/interview?i=test:names.yml")
    assert answer.headers["content-type"] == "application/json"
    assert answer.text == '{"a": 1}\n'


async def test_a_response_cannot_set_our_cookies(house: House, visitor: Visitor) -> None:
    answer = HttpAnswer(body_base64="", headers={"Set-Cookie": "colloquy_session=evil", "X-Own": "yes"})
    house.double.replies.append(TurnReply(kind="response", response=Sealed(answer)))
    got = await visitor.http.get("/interview?i=test:names.yml")
    assert "evil" not in str(got.headers)
    assert got.headers["x-own"] == "yes"


async def test_a_wrong_interview_shows_where_it_is_wrong(house: House, visitor: Visitor) -> None:
    house.double.replies.append(
        problem("There was a reference to <x>.", file="names.yml", line=7, block="ID intro", sought=("x", "y"))
    )
    answer = await visitor.open()
    assert answer.status_code == 500
    assert "<title>Error</title>" in answer.text
    assert "There was a reference to &lt;x&gt;." in answer.text
    assert "names.yml, line 7 (ID intro)" in answer.text


async def test_leave_forgets_nothing_and_exit_forgets_the_session(house: House, visitor: Visitor) -> None:
    await visitor.open()
    code = visitor.facts["session"]
    house.double.replies.append(TurnReply(kind="command", command=Sealed(SessionCommand(name="leave", url="/list"))))
    left = await visitor.http.get("/interview?i=test:names.yml")
    assert left.headers["location"] == "/list"
    await visitor.open()
    assert visitor.facts["session"] == code
    house.double.replies.append(TurnReply(kind="command", command=Sealed(SessionCommand(name="exit"))))
    assert (await visitor.http.get("/interview?i=test:names.yml")).headers["location"] == "/"
    await visitor.open()
    assert visitor.facts["session"] != code


async def test_logout_takes_the_keys_away(house: House, visitor: Visitor) -> None:
    await visitor.open()
    secret = visitor.http.cookies["secret"]
    house.double.replies.append(TurnReply(kind="command", command=Sealed(SessionCommand(name="logout"))))
    await visitor.http.get("/interview?i=test:names.yml")
    assert "secret" not in visitor.http.cookies
    await visitor.open()
    assert visitor.http.cookies["secret"] != secret


async def test_the_secret_ends_with_the_browser_and_scripts_cannot_read_it(house: House, visitor: Visitor) -> None:
    answer = await visitor.http.get("/interview?i=test:names.yml")
    cookies = {line.partition("=")[0]: line for line in answer.headers.get_list("set-cookie")}
    assert "Max-Age" not in cookies["secret"]
    assert "Max-Age" in cookies["colloquy_session"]
    assert all("HttpOnly" in line and "SameSite=lax" in line for line in cookies.values())
