"""Scheduled actions over months: worked results of spec/area3 §1.13 and §1.14, with a clock that is moved."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest

from shared.interview.runtime.operations import CallAction, StartTask
from shared.interview.runtime.outcomes import CommandGiven, ResponseReady, RunFailed, RunResult, ScreenReady
from tests.language.core.sessions import Session

Open = Callable[..., Session]

COUNTS = """
mandatory: True
code: |
  multi_user = True
  allow_cron = True
  c = 0
---
initial: True
code: |
  if defined('c'):
    c += 1
  process_action()
---
event: save_it
code: |
  c = action_argument('value')
  background_response()
---
mandatory: True
question: Counted ${ c }
---
"""


def fire(s: Session, cron_type: str, *, is_background: bool = False) -> RunResult:
    """One visit of a sweep; a background action is worked off at once."""
    operation = StartTask(action=cron_type) if is_background else CallAction(action=cron_type, keeps_step=True)
    result = s.run(operation, interface="cron")
    assert not isinstance(result.outcome, RunFailed), result.outcome
    if is_background:
        s.work()
    return result


def printed(s: Session, cron_type: str) -> str:
    """What a visit printed."""
    outcome = fire(s, cron_type).outcome
    assert isinstance(outcome, ResponseReady), outcome
    return s.blobs["body"].decode()


def test_without_a_call_of_process_action_the_type_comes_first_and_ends_the_session_when_it_says_so(
    session: Open,
) -> None:
    s = session("""
mandatory: True
code: |
  multi_user = True
  allow_cron = True
  visits = 0
---
mandatory: True
question: Visited ${ visits } times
---
event: cron_hourly
code: |
  visits += 1
  if visits > 48:
    command('exit')
  background_response()
""")
    s.open()
    for _ in range(48):
        assert fire(s, "cron_hourly").save == "overwrite"
    assert s.open() == "Visited 48 times"
    last = fire(s, "cron_hourly")
    assert isinstance(last.outcome, CommandGiven)
    assert (last.outcome.name, last.save, len(s.steps)) == ("exit", "delete", 1)


def test_a_background_twin_counts_in_what_it_saves_and_not_on_its_way(session: Open) -> None:
    s = session(
        COUNTS
        + """
event: cron_hourly_background
code: |
  background_response_action('save_it', value=c)
"""
    )
    s.open()
    before = s.answers["c"]
    for number in (1, 2, 3):
        fire(s, "cron_hourly_background", is_background=True)
        assert s.answers["c"] == before + number


def test_what_a_background_twin_computes_is_stored_as_it_was_handed_over(session: Open) -> None:
    s = session(
        COUNTS
        + """
event: cron_daily_background
code: |
  background_response_action('save_it', value=c + 555)
---
event: cron_hourly
code: |
  response('Called.  Counter is ${ c }.')
"""
    )
    s.open()
    before = s.answers["c"]
    fire(s, "cron_daily_background", is_background=True)
    assert s.answers["c"] == before + 1 + 555
    assert printed(s, "cron_hourly") == f"Called.  Counter is {before + 557}."
    assert s.answers["c"] == before + 557


def test_what_is_to_be_reconsidered_is_computed_at_every_visit_and_the_rest_once(session: Open) -> None:
    s = session("""
mandatory: True
code: |
  multi_user = True
  allow_cron = True
  counter = 0
---
reconsider: True
code: now = current_datetime()
---
code: alarm = now + date_interval(hours=3)
---
mandatory: True
question: The alarm is set for ${ alarm }
---
event: cron_hourly
code: |
  is_early = now < alarm
  counter += 1
  if is_early:
    response('Not yet: ' + str(now))
  command('exit')
""")
    start = datetime.datetime.fromisoformat(s.now)
    s.open()
    for hours in (1, 2):
        s.now = (start + datetime.timedelta(hours=hours)).isoformat()
        assert printed(s, "cron_hourly") == "Not yet: May 5, 2026"
        assert s.answers["counter"] == hours
    s.now = (start + datetime.timedelta(hours=3)).isoformat()
    assert isinstance(fire(s, "cron_hourly").outcome, CommandGiven)


REMINDER = """
mandatory: True
code: |
  allow_cron = True
  multi_user = True
---
initial: True
code: process_action()
---
mandatory: True
question: Come back in twenty days
buttons:
  - Leave: leave
need:
  - filing_date
  - email_address
---
question: When did you file?
fields:
  - Date: filing_date
    datatype: date
---
question: Where do you get e-mail?
fields:
  - Address: email_address
---
event: cron_daily
code: |
  if task_not_yet_performed('20 day reminder') and date_difference(starting=filing_date).days > 20:
    reminders = reminders + [str(today())] if defined('reminders') else [str(today())]
    mark_task_as_performed('20 day reminder')
  response()
"""


def test_the_reminder_goes_out_once_on_the_first_day_after_twenty_days(session: Open) -> None:
    s = session(REMINDER)
    s.open()
    s.answer(filing_date="2026-05-05")
    assert s.answer(email_address="ann@example.org") == "Come back in twenty days"
    for day in range(1, 61):
        moment = datetime.datetime(2026, 5, 5, 10, 25, tzinfo=datetime.UTC) + datetime.timedelta(days=day)
        s.now = moment.isoformat()
        assert isinstance(fire(s, "cron_daily").outcome, ResponseReady)
        assert ("reminders" in s.answers) is (day >= 20), day
    assert s.answers["reminders"] == ["May 25, 2026"]


@pytest.mark.parametrize(("guard", "runs"), [("", False), (" and not user_has_privilege('cron')", True)])
def test_a_screen_for_strangers_before_the_actions_stops_the_visit_unless_it_lets_it_pass(
    session: Open, guard: str, runs: bool
) -> None:
    s = session(f"""
mandatory: True
code: |
  multi_user = True
  allow_cron = True
  visits = 0
---
initial: True
code: |
  if not user_has_privilege('advocate'){guard}:
    farewell
  process_action()
---
event: farewell
question: This is not for you
---
event: cron_daily
code: |
  visits += 1
  response()
---
mandatory: True
question: Visited ${{ visits }} times
""")
    s.user = s.user.model_copy(update={"is_authenticated": True, "roles": ("advocate",)})
    assert s.open() == "Visited 0 times"
    s.user = s.user.model_copy(update={"roles": ("cron",)})
    result = fire(s, "cron_daily")
    assert isinstance(result.outcome, ResponseReady if runs else ScreenReady)
    assert s.answers["visits"] == int(runs)
