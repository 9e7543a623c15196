"""A task tells how far it is, and a bar shows it."""

from __future__ import annotations

from typing import Any

import pytest

from shared.interview.library.faults import DAError
from shared.interview.library.task_progress import task_progress
from shared.interview.library.tasks import TaskHandle, TaskResult, background_action
from shared.interview.runtime.host import Noted, ReportProgress
from shared.interview.runtime.operations import RunBackgroundAction, RunResponseAction, TaskPicture
from shared.interview.runtime.run import Run, running
from shared.interview.screen.markdown import to_html
from tests.unit.interview.library.being_asked import make_run


def told(run: Run) -> list[ReportProgress]:
    return [call for call, _ in run.host.calls]


def in_a_task() -> Run:
    run = make_run(RunBackgroundAction(task_id="t0", action="a"))
    run.host.answers.extend([(Noted(), {})] * 1000)
    return run


def test_a_task_tells_its_progress() -> None:
    with running(in_a_task()) as run:
        task_progress(0.25, "Read 1 of 4 pages")
    assert told(run) == [ReportProgress(fraction=0.25, message="Read 1 of 4 pages")]


def test_what_is_told_in_every_round_of_a_loop_is_passed_on_rarely_and_at_the_end() -> None:
    with running(in_a_task()) as run:
        for number in range(1, 501):
            task_progress(number / 500)
    assert len(told(run)) < 250
    assert told(run)[-1].fraction == 1.0


@pytest.mark.parametrize(("given", "meant"), [(-1, 0.0), (2, 1.0), ("0.5", 0.5), (None, None), (True, 1.0)])
def test_a_fraction_lies_between_nothing_and_all(given: Any, meant: float | None) -> None:
    with running(in_a_task()) as run:
        task_progress(given)
    assert told(run)[0].fraction == meant


@pytest.mark.parametrize("given", ["half", float("nan"), [1]])
def test_a_fraction_is_a_number(given: Any) -> None:
    with running(in_a_task()), pytest.raises(DAError, match="a number from 0 to 1"):
        task_progress(given)


def test_a_long_message_is_cut() -> None:
    with running(in_a_task()) as run:
        task_progress(0.5, "x" * 10_000)
    assert len(told(run)[0].message) == 500


@pytest.mark.parametrize("operation", [None, RunResponseAction(task_id="t0", action="a")])
def test_outside_of_a_task_nothing_is_told(operation: Any) -> None:
    with running(make_run(operation)) as run:
        task_progress(0.5, "on the way")
        assert told(run) == []


def bar(**facts: Any) -> str:
    with running(make_run(tasks=(TaskPicture(task_id="t1", **facts),))):
        return TaskHandle("t1").progress_bar()


def test_a_bar_shows_how_far_the_task_is_and_what_it_says() -> None:
    html = bar(state="running", progress=0.4, progress_message="4 of <10>")
    assert 'data-task="t1"' in html
    assert 'aria-valuenow="40"' in html
    assert "width: 40%" in html
    assert "4 of &lt;10&gt;" in html


def test_a_bar_of_a_task_that_says_no_number_moves_by_itself() -> None:
    html = bar(state="running", progress_message="Looking")
    assert "progress-bar-animated" in html
    assert "aria-valuenow" not in html
    assert "Looking" in html


def test_a_bar_is_full_when_the_task_has_succeeded_and_stays_when_it_has_failed() -> None:
    assert "width: 100%" in bar(state="succeeded", progress=0.4)
    assert "width: 40%" in bar(state="failed", progress=0.4)


def test_a_bar_of_a_task_that_has_just_been_launched_is_empty_and_its_screen_waits_for_it() -> None:
    with running(make_run()) as run:
        task = background_action("bg_task")
        assert "width: 0%" in task.progress_bar()
        assert run.waits_for_tasks == {task.id}


def test_a_bar_whose_result_was_kept_needs_no_picture() -> None:
    handle = TaskHandle("t1")
    handle._result = TaskResult(5)
    with running(make_run()) as run:
        assert "width: 100%" in handle.progress_bar()
        assert run.waits_for_tasks == set()


def test_a_bar_stands_in_a_text() -> None:
    html = bar(state="running", progress=0.4, progress_message="4\n\nof 10")
    text = to_html(f"Please wait.\n\n{html}\n\n*Soon* it is done.")
    assert html in text
    assert "4 of 10" in html
    assert "<em>Soon</em>" in text
