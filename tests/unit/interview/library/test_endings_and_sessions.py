"""What ends a run with something else than a question; the session, its user, its times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.visitor import RequestFacts, UserFacts
from shared.interview.library import endings, sessions, variables, visitors
from shared.interview.library.faults import DAError, DAValidationError, validation_error
from shared.interview.library.objects import DAObject
from shared.interview.library.other_sessions import interview_list
from shared.interview.library.unavailable import CLASSES, FUNCTIONS
from shared.interview.runtime.effects import LogLine
from shared.interview.runtime.operations import RunBackgroundAction
from shared.interview.runtime.run import Run, running
from shared.interview.runtime.signals import CommandCalled, InvalidInput, MessageShown, ResponseCalled
from tests.unit.interview.library.being_asked import make_run


def answered(function: Any, *arguments: Any, **options: Any) -> ResponseCalled:
    with pytest.raises(ResponseCalled) as caught:
        function(*arguments, **options)
    return caught.value


def test_a_text_is_sent_as_plain_text(run: Run) -> None:
    answer = answered(endings.response, "hello ${ name }")
    assert (answer.body, answer.content_type, answer.status) == (b"hello ${ name }", "text/plain; charset=utf-8", 200)
    assert answered(endings.response).body == b"Empty Response"


def test_bytes_redirects_and_nothing(run: Run) -> None:
    picture = answered(endings.response, binaryresponse=b"\x00", content_type="image/png", response_code=201)
    assert (picture.body, picture.content_type, picture.status) == (b"\x00", "image/png", 201)
    assert answered(endings.response, url="https://example.org").headers == {"Location": "https://example.org"}
    assert answered(endings.response, url="https://example.org").status == 302
    assert answered(endings.response, null=True).is_null


def test_json_is_sorted_and_indented(run: Run) -> None:
    answer = answered(endings.json_response, {"vegetable": "kale", "fruit": "äpple"}, response_code=404)
    assert answer.body.decode() == '{\n  "fruit": "äpple",\n  "vegetable": "kale"\n}\n'
    assert (answer.content_type, answer.status) == ("application/json", 404)
    assert json.loads(answered(endings.json_response, {"it": DAObject("it", a=1)}).body)["it"]["a"] == 1


def test_all_variables_can_be_the_answer(run: Run) -> None:
    run.answers["fruit"] = "apple"
    assert json.loads(answered(endings.variables_as_json).body)["fruit"] == "apple"
    assert json.loads(answered(endings.response, all_variables=True).body)["fruit"] == "apple"


def test_a_message_offers_to_leave_or_begin_again() -> None:
    with pytest.raises(MessageShown) as caught:
        endings.message("The end.", "Better luck next time!", css_class="sad")
    shown = caught.value
    assert (shown.question, shown.subquestion) == ("The end.", "Better luck next time!")
    assert shown.buttons == (("Exit", "exit"), ("Restart", "restart"))
    assert shown.options == {"css class": "sad"}
    with pytest.raises(MessageShown) as caught:
        endings.message("Choose", buttons=[{"Home": "https://example.org"}])
    assert caught.value.buttons == (("Home", "https://example.org"),)
    with pytest.raises(MessageShown) as caught:
        endings.message("Nothing more", dead_end=True)
    assert caught.value.buttons == ()


def test_commands_are_known_ones() -> None:
    with pytest.raises(CommandCalled) as caught:
        endings.command()
    assert caught.value.name == "exit"
    with pytest.raises(CommandCalled) as caught:
        endings.command("wait", sleep=2, question_text="Hold on")
    assert (caught.value.sleep_seconds, caught.value.question_text) == (2.0, "Hold on")
    with pytest.raises(DAError, match="none of"):
        endings.command("explode")


def test_validation_errors_name_their_field() -> None:
    with pytest.raises(DAValidationError) as caught:
        validation_error("Too young", field="person.age")
    assert isinstance(caught.value, InvalidInput)
    assert (str(caught.value), caught.value.field) == ("Too young", "person.age")


# -- The session -------------------------------------------------------------------------------------------------------


def test_ignoring_cannot_be_undone(run: Run) -> None:
    sessions.set_save_status("overwrite")
    sessions.set_save_status("nonsense")
    assert run.save_status == "overwrite"
    sessions.set_save_status("ignore")
    sessions.set_save_status("new")
    assert run.save_status == "ignore"


def test_going_back_progress_and_parts(run: Run) -> None:
    sessions.prevent_going_back()
    sessions.set_progress(40)
    sessions.set_parts(short_title="Ours", subtitle="Theirs")
    sessions.set_title(subtitle=None)
    assert (run.forbids_back, sessions.get_progress()) == (True, 40)
    assert run.internal["screen_parts"] == {"short title": "Ours"}


def test_log_lines_go_where_their_priority_says(run: Run) -> None:
    sessions.log("to the server")
    sessions.log("to the console", "console")
    sessions.log("to the page", "danger")
    assert run.effects == [LogLine(message="to the server")]
    assert run.log_lines == [("console", "to the console")]
    assert run.messages == [("danger", "to the page")]


def test_performed_tasks_are_counted_in_the_answers(run: Run) -> None:
    assert sessions.task_not_yet_performed("mail")
    assert sessions.mark_task_as_performed("mail") == 1
    assert sessions.mark_task_as_performed("mail") == 2
    assert (sessions.task_performed("mail"), sessions.times_task_performed("mail")) == (True, 2)
    sessions.set_task_counter("mail", 0)
    assert run.internal["tasks"] == {"mail": 0}


def test_tags_begin_with_those_of_the_metadata() -> None:
    with running(make_run(interview={"metadata": {"tags": ["estates", "wills"]}})) as run:
        assert variables.all_variables(special="tags") == {"estates", "wills"}
        assert "tags" not in run.internal
        tags = sessions.session_tags()
        tags.add("urgent")
        tags.discard("wills")
        assert run.internal["tags"] == {"estates", "urgent"}
        assert "urgent" in sessions.session_tags()
        assert tags | {"x"} == {"estates", "urgent", "x"}
        told = variables.all_variables(special="tags")
        assert told == {"estates", "urgent"}
        told.add("not kept")
        assert "not kept" not in sessions.session_tags()


def test_times_of_the_session(run: Run) -> None:
    assert str(sessions.start_time()) == "May 5, 2026"
    run.internal["accesstime"] = {}
    assert sessions.last_access_time() is None
    assert sessions.last_access_hours() == 0
    run.internal["accesstime"] = {-1: "2026-05-05T02:00:00+00:00", 5: "2026-05-05T04:00:00+00:00"}
    assert sessions.last_access_hours() == 8
    assert sessions.last_access_hours(include_privileges=["anonymous"]) == 10
    assert sessions.last_access_minutes(exclude_privileges="anonymous") == 480
    assert sessions.returning_user()
    assert not sessions.returning_user(days=1)


# -- The person --------------------------------------------------------------------------------------------------------


def test_somebody_anonymous_counts_as_a_user(run: Run) -> None:
    assert not visitors.user_logged_in()
    assert visitors.user_privileges() == ["user"]
    assert visitors.user_has_privilege("admin", ["user"])
    assert str(visitors.user_info()) == "Anonymous User"


def test_an_account_has_its_privileges_and_names() -> None:
    account = UserFacts(
        is_authenticated=True, the_user_id="5", firstname="Ann", lastname="Lee", email="a@b.c", roles=("admin",)
    )
    with running(make_run(user=account)):
        info = visitors.user_info()
        assert (info.id, info.email, info.name(), info.privileges) == (5, "a@b.c", "Ann Lee", ["admin"])
        assert visitors.user_has_privilege("admin", "developer")
        assert not visitors.user_has_privilege("user")


def test_where_a_run_stands() -> None:
    request = RequestFacts(
        interface="web", url_root="https://x.org/", url="https://x.org/interview", client_ip="1.2.3.4"
    )
    with running(make_run(request=request)) as run:
        run.block, run.sought = "ID intro", ["a", "b"]
        context = visitors.current_context()
        assert (context.session, context.question_id, context.variable) == ("S" * 32, "intro", "b")
        assert (context.request_url.scheme, context.request_url.path) == ("https", "/interview")
        assert (visitors.interface(), visitors.device(ip=True), visitors.device()) == ("web", "1.2.3.4", None)
        assert visitors.get_config("support email") == "help@example.com"
        assert visitors.get_config("nothing", 5) == 5
    with running(make_run(RunBackgroundAction(task_id="t", action="a"), request=request)):
        assert visitors.interface() == "worker"


def test_browsers_are_told_apart() -> None:
    phone = (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 Version/17.0 Mobile/15E148 Safari/604.1"
    )
    with running(make_run(request=RequestFacts(headers={"User-Agent": phone}))):
        device = visitors.device()
        assert (device.is_mobile, device.is_pc, device.browser.family, device.os.family) == (
            True,
            False,
            "Safari",
            "iOS",
        )


# -- What is not there yet ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_that_cannot_work_says_so(name: str) -> None:
    with pytest.raises(DAError, match=f"^{name}\\(\\) is not available on this server yet: it needs "):
        FUNCTIONS[name]("anything", key=1)


INSTEAD = {
    "DACloudStorage": ("COLLOQUY_FILES_URL", "boto3", "docs/operators/packages.md"),
    "DAGoogleAPI": ("google-auth", "docs/operators/packages.md"),
    "DAOAuth": ("DAWeb", "Authlib", "docs/operators/packages.md"),
    "get_sms_session": ("send_sms()", "expect_texts()"),
    "initiate_sms_session": ("send_sms()", "expect_texts()"),
    "send_fax": ("send_email()",),
    "terminate_sms_session": ("send_sms()", "expect_texts()"),
}
"""What each of them is told to take."""


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_class_that_cannot_work_says_so(name: str) -> None:
    with pytest.raises(DAError, match=f"^{name} is not available on this server yet: it needs "):
        CLASSES[name]("thing")


@pytest.mark.parametrize("name", sorted({**FUNCTIONS, **CLASSES}))
def test_what_cannot_work_names_what_to_do_instead(name: str) -> None:
    with pytest.raises(DAError) as refused:
        {**FUNCTIONS, **CLASSES}[name]("anything")
    for word in INSTEAD[name]:
        assert word in str(refused.value)
    if "docs/" in str(refused.value):
        assert (Path(__file__).parents[4] / "docs/operators/packages.md").is_file()


def test_the_sessions_of_nobody_are_none(run: Run) -> None:
    assert interview_list() is None
    with running(make_run(user=UserFacts(is_authenticated=True))), pytest.raises(DAError, match="is no action"):
        interview_list(action="rename")
