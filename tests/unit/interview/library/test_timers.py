"""Timers of `colloquy.interview`: what is set, for when, and how it is taken back."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta

from shared.interview.library.dates import as_datetime
from shared.interview.library.faults import DAError
from shared.interview.library.timers import MOST_TIMERS, TimerHandle, schedule_action, take_back
from shared.interview.runtime.effects import CancelScheduled, ScheduleTimer
from shared.interview.runtime.operations import StepBack
from shared.interview.runtime.pickling import dump_value, load_value
from shared.interview.runtime.run import Run, running
from tests.unit.interview.library.being_asked import make_run


@pytest.fixture
def run(run: Run) -> Run:
    """Noon in New York, on the first of March 2026, a week before the clocks go forward."""
    run.context = run.context.model_copy(update={"now": "2026-03-01T17:00:00+00:00", "operation_id": "submit-1"})
    return run


def set_by(run: Run) -> ScheduleTimer:
    (effect,) = [effect for effect in run.effects if isinstance(effect, ScheduleTimer)]
    return effect


@pytest.mark.parametrize(
    ("given", "due"),
    [
        ({"at": "2026-03-21 09:00"}, "2026-03-21T13:00:00+00:00"),
        ({"at": datetime.date(2026, 3, 5)}, "2026-03-05T05:00:00+00:00"),
        ({"at": datetime.datetime(2026, 3, 5, 9, tzinfo=datetime.UTC)}, "2026-03-05T09:00:00+00:00"),
        ({"at": "2026-03-21 09:00", "timezone": "Europe/Berlin"}, "2026-03-21T08:00:00+00:00"),
        ({"after": 90}, "2026-03-01T17:01:30+00:00"),
        ({"after": datetime.timedelta(hours=2)}, "2026-03-01T19:00:00+00:00"),
        ({"after": relativedelta(days=20)}, "2026-03-21T16:00:00+00:00"),
        ({"repeat": "0 9 * * *"}, "2026-03-02T14:00:00+00:00"),
        ({"repeat": datetime.timedelta(hours=6)}, "2026-03-01T23:00:00+00:00"),
        ({"at": "2026-03-01 10:00"}, "2026-03-01T15:00:00+00:00"),
    ],
)
def test_when_a_timer_is_due(run: Run, given: dict[str, Any], due: str) -> None:
    schedule_action("remind", **given)
    assert set_by(run).due == due


def test_a_timer_carries_its_arguments_and_its_rule(run: Run) -> None:
    handle = schedule_action("remind", after=1, repeat="0 9 * * 1-5", day=datetime.date(2026, 3, 2), words=["a", 1])
    effect = set_by(run)
    assert effect.arguments == {"day": "2026-03-02", "words": ["a", 1]}
    assert effect.repeat == "cron America/New_York 0 9 * * 1-5"
    assert (effect.timer_id, effect.action) == (handle.id, "remind")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "needs `at`, `after` or `repeat`"),
        ({"at": "2026-04-01", "after": 5}, "either `at` or `after`"),
        ({"at": "no time at all"}, "is no time"),
        ({"after": "soon"}, "no span of time"),
        ({"repeat": "9 o'clock"}, "is not understood"),
        ({"repeat": 0.1}, "from 1 second"),
        ({"repeat": relativedelta(months=1)}, "not of one length"),
        ({"at": "2026-02-01", "past": "refuse"}, "has passed"),
        ({"after": 5, "past": "ignore"}, "past is 'run' or 'refuse'"),
        ({"after": 5, "what": object()}, "neither text, number"),
        ({"after": 5, "timezone": "Mars/Olympus", "repeat": "0 9 * * *"}, "no time zone"),
    ],
)
def test_what_makes_no_sense_is_said(run: Run, given: dict[str, Any], says: str) -> None:
    with pytest.raises(DAError, match=says):
        schedule_action("remind", **given)
    assert run.effects == []


def test_an_action_has_a_name_that_can_be_one(run: Run) -> None:
    with pytest.raises(DAError, match="name of an action"):
        schedule_action("__import__('os')", after=1)


def test_a_run_that_is_repeated_sets_the_same_timers() -> None:
    def names() -> list[str]:
        run = make_run()
        run.context = run.context.model_copy(update={"now": "2026-03-01T17:00:00+00:00", "operation_id": "submit-1"})
        with running(run):
            return [schedule_action("remind", at="2026-04-01", number=number).id for number in (1, 1, 2)]

    assert names() == names()
    assert len(set(names())) == 3


@pytest.mark.usefixtures("importable")
def test_a_handle_knows_when_its_time_has_come_also_after_it_was_stored(run: Run) -> None:
    handle: TimerHandle = load_value(dump_value(schedule_action("remind", after=60), "a timer"))
    endless = schedule_action("remind", after=60, repeat=60)
    assert (handle.done, endless.done) == (False, False)
    assert handle.due == as_datetime("2026-03-01 12:01")
    later = make_run()
    later.context, later.answers = run.context.model_copy(update={"now": "2026-03-01T17:02:00+00:00"}), run.answers
    with running(later):
        assert (handle.done, endless.done) == (True, False)


def test_a_timer_is_cancelled_once(run: Run) -> None:
    handle = schedule_action("remind", after=60)
    assert handle.cancel() is True
    assert handle.cancel() is False
    assert [effect.timer_id for effect in run.effects if isinstance(effect, CancelScheduled)] == [handle.id]
    assert handle.done is False


def test_a_session_cannot_set_timers_without_end(run: Run) -> None:
    for number in range(MOST_TIMERS):
        schedule_action("remind", after=60, number=number)
    with pytest.raises(DAError, match="1000 timers at a time"):
        schedule_action("remind", after=60)
    run.context = run.context.model_copy(update={"now": "2026-03-01T18:00:00+00:00"})
    schedule_action("remind", after=60)


def test_timers_of_a_step_that_is_taken_back_are_cancelled(run: Run) -> None:
    kept, dropped = (schedule_action("remind", after=60, number=number) for number in (1, 2))
    back = make_run(StepBack())
    back.context = run.context
    back.prior = run.answers
    with running(back):
        back.internal["timers"] = {kept.id: run.internal["timers"][kept.id]}
        take_back(back)
    assert back.effects == [CancelScheduled(timer_id=dropped.id)]
