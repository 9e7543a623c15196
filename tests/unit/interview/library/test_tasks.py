"""Background tasks: launching, handles, endings."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from shared.interview.library import tasks
from shared.interview.library.faults import DAError
from shared.interview.library.objects import DADict, DAList
from shared.interview.library.tasks import TaskHandle, background_action, background_response
from shared.interview.runtime.effects import LaunchTask, LogLine, RevokeTask
from shared.interview.runtime.host import (
    AwaitTask,
    FetchTaskResult,
    HostAnswer,
    HostCall,
    LookAtTasks,
    TaskAnswer,
    TaskPictures,
)
from shared.interview.runtime.operations import Blobs, RunBackgroundAction, RunResponseAction, TaskFailure, TaskPicture
from shared.interview.runtime.pickling import dump_value, load_value
from shared.interview.runtime.run import Run, running
from shared.interview.runtime.signals import BackgroundResponse, BackgroundResponseAction, CommandCalled
from tests.unit.interview.library.being_asked import AnsweringHost, make_run

DONE = TaskPicture(task_id="t1", state="succeeded", ended_at="2026-05-05T11:00:00+00:00")
FAILED = TaskPicture(
    task_id="t1",
    state="failed",
    failure=TaskFailure(error_type="IndexError", error_message="gone", error_trace="trace", variables=("a", "b")),
)


def launched(run: Run) -> LaunchTask:
    (effect,) = [effect for effect in run.effects if isinstance(effect, LaunchTask)]
    return effect


def test_launching_is_an_effect_and_returns_at_once(run: Run) -> None:
    run.language = "es"
    handle = background_action("bg_task", "flash", additional=5, action="any name", ui_notification=[1])
    effect = launched(run)
    assert (effect.action, effect.mode, effect.language, effect.task_id) == ("bg_task", "flash", "es", handle.id)
    assert load_value(run.blobs[effect.arguments_blob]) == {
        "additional": 5,
        "action": "any name",
        "ui_notification": [1],
    }


def test_a_run_that_is_repeated_gives_equal_tasks_the_same_name_and_others_another() -> None:
    def names(*numbers: int) -> list[str]:
        run = make_run()
        run.context = run.context.model_copy(update={"operation_id": "submit-1"})
        with running(run):
            return [background_action("bg_task", number=number).id for number in numbers]

    first, second = names(1, 1)
    assert first != second
    assert names(1, 1) == [first, second]
    assert names(2, 1)[1] == first
    assert names(2)[0] not in (first, second)


def test_a_task_is_not_ready_in_the_turn_that_launched_it(run: Run) -> None:
    handle = background_action("bg_task")
    assert not handle.ready()
    assert run.waits_for_tasks == {handle.id}
    assert handle.state() == "PENDING"
    assert handle.date_done() is None


@pytest.mark.parametrize("name", [None, 5, "", "not a name()"])
def test_a_task_needs_the_name_of_an_action(run: Run, name: Any) -> None:
    with pytest.raises(DAError):
        background_action(name)
    with pytest.raises(DAError):
        background_action()
    assert run.effects == []


def test_an_unknown_way_to_tell_the_browser_is_noted_and_nothing_is_told(run: Run) -> None:
    background_action("bg_task", "shout")
    assert launched(run).mode is None
    assert isinstance(run.effects[0], LogLine)


@pytest.mark.parametrize("mode", [["flash"], 5, {}])
def test_a_mode_that_is_no_text_is_noted_like_any_other(run: Run, mode: Any) -> None:
    background_action("bg_task", mode)
    assert launched(run).mode is None


def test_a_task_has_the_options_it_was_launched_with_and_every_keyword_is_an_argument(run: Run) -> None:
    careful = background_action.with_options(idempotent=True, time_limit=90, low_priority=True)
    careful("bg_task", "flash", idempotent="mine", time_limit=5)
    effect = launched(run)
    assert (effect.is_idempotent, effect.time_limit_seconds, effect.is_low_priority) == (True, 90.0, True)
    assert load_value(run.blobs[effect.arguments_blob]) == {"idempotent": "mine", "time_limit": 5}
    run.effects.clear()
    background_action("bg_task")
    effect = launched(run)
    assert (effect.is_idempotent, effect.time_limit_seconds, effect.is_low_priority) == (False, None, False)


@pytest.mark.usefixtures("importable")
def test_a_stored_kind_of_task_is_told_by_names_that_stay() -> None:
    careful = background_action.with_options(idempotent=True, time_limit=90)
    stored = dump_value(careful, "it")
    assert b"colloquy.interview" in stored
    assert b"time_limit_seconds" in stored
    assert load_value(stored) == careful


@pytest.mark.parametrize("limit", [0, -1, "60", True, float("inf"), float("nan")])
def test_a_time_limit_is_a_number_of_seconds(limit: Any) -> None:
    with pytest.raises(DAError, match="time_limit needs a number of seconds"):
        background_action.with_options(time_limit=limit)


@pytest.mark.parametrize("picture", [DONE, FAILED, TaskPicture(task_id="t1", state="revoked")])
def test_a_task_that_has_ended_is_ready_however_it_ended(picture: TaskPicture) -> None:
    with running(make_run(tasks=(picture,))) as run:
        assert TaskHandle("t1").ready()
        assert run.waits_for_tasks == set()


def test_the_value_is_fetched_once_and_kept_with_the_handle() -> None:
    handle = TaskHandle("t1")
    with running(make_run(tasks=(DONE,))) as run:
        run.host.answers.append((TaskAnswer(task=DONE), {"payload": dump_value({"a": 1}, "it")}))
        assert (handle.get(), handle.failed(), handle.wait()) == ({"a": 1}, False, True)
        assert [call for call, _ in run.host.calls] == [FetchTaskResult(task_id="t1")]
        assert str(handle.date_done()) == "May 5, 2026"
        assert handle.state() == handle.status() == "SUCCESS"
    with running(make_run()) as later:
        assert handle.ready()
        assert handle.get() == {"a": 1}
        assert later.host.calls == []


@pytest.mark.usefixtures("importable")
def test_a_stored_handle_is_its_id_and_its_result() -> None:
    handle = TaskHandle("t1")
    handle._result = tasks.TaskResult(5)
    stored = pickle.dumps(handle)
    assert b"colloquy.interview" in stored
    again = pickle.loads(stored)
    assert (again.id, again.get.__self__._result.value) == ("t1", 5)


def test_a_failure_has_its_particulars() -> None:
    with running(make_run(tasks=(FAILED,))) as run:
        run.host.answers.append((TaskAnswer(task=FAILED), {}))
        result = TaskHandle("t1").result()
    assert (result.error_type, result.error_message, result.error_trace) == ("IndexError", "gone", "trace")
    assert (result.variables, result.value, str(result)) == (["a", "b"], None, "gone")


def test_a_revoked_task_failed() -> None:
    revoked = TaskPicture(task_id="t1", state="revoked")
    with running(make_run(tasks=(revoked,))) as run:
        run.host.answers.append((TaskAnswer(task=revoked), {}))
        handle = TaskHandle("t1")
        assert (handle.failed(), handle.get(), handle.wait()) == (True, None, True)
        assert handle.result().error_type == "TaskRevokedError"


def test_waiting_for_a_task_of_this_turn_hands_over_its_launch(run: Run) -> None:
    handle = background_action("bg_task", x=1)
    effect = launched(run)
    run.host.answers.append((TaskAnswer(task=DONE), {"payload": dump_value(558, "it")}))
    assert handle.get() == 558
    ((call, blobs),) = run.host.calls
    assert call == AwaitTask(task_id=handle.id, launch=effect)
    assert load_value(blobs[effect.arguments_blob]) == {"x": 1}
    assert handle.ready()


def test_a_refused_wait_tells_the_author_why(run: Run) -> None:
    handle = background_action("bg_task")
    run.host.answers.append((TaskAnswer(task=DONE, refusal="It uses a response action."), {}))
    with pytest.raises(DAError, match="response action"):
        handle.wait()


@pytest.mark.parametrize(
    "operation", [RunBackgroundAction(task_id="t0", action="a"), RunResponseAction(task_id="t0", action="a")]
)
def test_background_code_cannot_wait_but_may_look(operation: Any) -> None:
    with running(make_run(operation, tasks=(DONE,))) as run:
        handle = TaskHandle("t1")
        assert handle.ready()
        for method in (handle.wait, handle.get, handle.failed, handle.result):
            with pytest.raises(DAError, match="background code"):
                method()
        assert run.host.calls == []


def test_revoking_is_an_effect_unless_the_task_has_ended() -> None:
    with running(make_run()) as run:
        TaskHandle("t1").revoke(terminate=False)
        assert run.effects == [RevokeTask(task_id="t1", terminate=False)]
    with running(make_run(tasks=(DONE,))) as run:
        TaskHandle("t1").revoke()
        assert run.effects == []


def payload_of(*positional: Any, **keywords: Any) -> Any:
    with pytest.raises(BackgroundResponse) as caught:
        background_response(*positional, **keywords)
    return caught.value.payload


def test_a_response_is_one_value_a_list_or_the_keywords() -> None:
    assert payload_of() == {}
    assert payload_of(5) == 5
    assert payload_of("x", "flash") == ["x", "flash"]
    assert payload_of(a=1) == {"a": 1}
    assert payload_of(1, a=2) == {"pargs": [1], "kwargs": {"a": 2}}


def test_a_response_can_ask_cron_to_pause() -> None:
    with pytest.raises(BackgroundResponse) as caught:
        background_response(sleep=2)
    assert (caught.value.payload, caught.value.sleep_seconds) == ({}, 2.0)


@pytest.mark.parametrize(
    ("given", "pairs"),
    [
        (["a", "b"], [["a", "a"], ["b", "b"]]),
        ({"01": "Aveiro", "02": "Beja"}, [["01", "Aveiro"], ["02", "Beja"]]),
        ([{"01": "Aveiro"}, ["02", "Beja"], ("03", "Braga")], [["01", "Aveiro"], ["02", "Beja"], ["03", "Braga"]]),
        ([{"label": "Aveiro", "value": 1}, {"label": "Beja", "key": 2}], [[1, "Aveiro"], [2, "Beja"]]),
        (DAList("l", elements=["a"]), [["a", "a"]]),
        (DADict("d", elements={"a": "A"}), [["a", "A"]]),
    ],
)
def test_choices_for_fields_become_ordered_pairs(given: Any, pairs: list[list[Any]]) -> None:
    assert payload_of({"state": {"choices": given, "value": "a"}}, "fields") == [
        {"state": {"choices": pairs, "value": "a"}},
        "fields",
    ]
    assert payload_of({"state": {"choices": given}})["state"]["choices"] == pairs


def test_fields_need_a_dictionary() -> None:
    with pytest.raises(DAError, match="dictionary"):
        background_response(["a"], "fields")


def test_a_response_action_carries_its_arguments() -> None:
    with pytest.raises(BackgroundResponseAction) as caught:
        tasks.background_response_action("save_it", result=5)
    assert (caught.value.action, caught.value.arguments) == ("save_it", {"result": 5})
    with pytest.raises(DAError, match="needs the name of an action"):
        tasks.background_response_action()


def test_the_last_error_action_counts(run: Run) -> None:
    tasks.background_error_action("first")
    tasks.background_error_action("second", stage=2)
    assert run.error_action == ("second", {"stage": 2})


def test_a_background_action_object_waits_then_gives_the_value() -> None:
    action = tasks.BackgroundAction("it")
    with running(make_run()) as first, pytest.raises(CommandCalled) as caught:
        action.run("bg_task", x=1)
    assert (caught.value.name, caught.value.sleep_seconds, first.save_status) == ("wait", 4.0, None)
    task_id = launched(first).task_id
    with running(make_run()) as second:
        assert action.running()
        with pytest.raises(CommandCalled):
            action.run("bg_task", x=1)
        assert second.save_status == "ignore"
    picture = TaskPicture(task_id=task_id, state="succeeded")
    with running(make_run(tasks=(picture,))) as third:
        third.host.answers.append((TaskAnswer(task=picture), {"payload": dump_value(7, "it")}))
        assert action.run("bg_task", x=1) == 7
    assert not action.running()


def test_tasks_are_looked_at_when_they_are_asked_for_and_once() -> None:
    with running(make_run(tasks=(DONE,))) as run:
        assert run.host.looks == []
        assert TaskHandle("t1").ready()
        assert TaskHandle("t1").state() == "SUCCESS"
        assert not TaskHandle("gone").ready()
        assert not TaskHandle("gone").ready()
        assert [look.task_id for look in run.host.looks] == ["t1", "gone"]


def test_a_task_of_this_run_is_not_ready_without_a_look(run: Run) -> None:
    handle = background_action("bg_task")
    assert not handle.ready()
    assert run.host.looks == []


def test_thousands_of_tasks_need_a_handful_of_looks() -> None:
    class Crowd(AnsweringHost):
        def call(self, request: HostCall, blobs: Blobs | None = None) -> tuple[HostAnswer, Blobs]:
            assert isinstance(request, LookAtTasks)
            self.looks.append(request)
            first = int(request.task_id)
            near = range(first, first + request.number)
            return TaskPictures(tasks=tuple(TaskPicture(task_id=str(one), state="succeeded") for one in near)), {}

    run = make_run()
    run.host = Crowd()
    with running(run):
        assert all(TaskHandle(str(number)).ready() for number in range(10_000))
        assert len(run.host.looks) < 8


def test_what_a_run_has_seen_of_a_task_stays_as_it_was() -> None:
    with running(make_run(tasks=(TaskPicture(task_id="t1", state="running"),))) as run:
        assert not TaskHandle("t1").ready()
        run.host.tasks = (DONE, TaskPicture(task_id="t2", state="succeeded"))
        assert TaskHandle("t2").ready()
        assert not TaskHandle("t1").ready()
