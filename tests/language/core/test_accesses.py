"""When a session was used, and by whom (spec/area2 §2.5, §13.26)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.contracts.visitor import UserFacts
from shared.interview.runtime.operations import CallAction
from tests.language.core.sessions import Session

Open = Callable[..., Session]

LAST = """
mandatory: True
question: ${ last_access_hours(PRIVILEGES) } ${ returning_user() }
---
event: cron_hourly
code: response(null=True, response='')
---
event: cron_note
code: noted = True
"""
ANN = UserFacts(is_anonymous=False, is_authenticated=True, the_user_id="7", roles=("advocate",))
CRON = UserFacts(is_anonymous=False, is_authenticated=True, the_user_id="3", roles=("cron",))


def at(session: Session, hour: int, user: UserFacts | None = None) -> str:
    """Look at the session at this hour; gives what it says."""
    session.now, session.user = f"2026-05-05T{hour:02}:00:00+00:00", user or UserFacts()
    return session.open()


def with_last(session: Open, privileges: str = "") -> Session:
    return session(LAST.replace("PRIVILEGES", privileges))


def test_the_last_access_is_the_one_before_this(session: Open) -> None:
    s = with_last(session)
    assert at(s, 1) == "0.0 False"
    assert at(s, 4) == "3.0 False"
    assert at(s, 6) == "2.0 False"


def test_a_visit_that_changes_nothing_is_noted_when_it_is_five_minutes_later(session: Open) -> None:
    s = session("mandatory: True\nquestion: Hello\n")
    at(s, 1)
    at(s, 1)
    assert (s.result.is_changed, s.result.is_visit) == (False, False)
    at(s, 2)
    assert (s.result.is_changed, s.result.is_visit) == (False, True)


def test_somebody_returns_after_more_than_six_hours(session: Open) -> None:
    s = with_last(session)
    at(s, 1)
    assert at(s, 7) == "6.0 False"
    assert at(s, 14) == "7.0 True"


def test_somebody_who_is_signed_in_counts_beside_those_who_are_not(session: Open) -> None:
    s = with_last(session)
    at(s, 1)
    at(s, 2, ANN)
    at(s, 3)
    assert at(s, 5, ANN) == "2.0 False"


@pytest.mark.parametrize(
    ("privileges", "hours"),
    [
        ("include_privileges='advocate'", "4.0"),
        ("include_privileges=['anonymous']", "3.0"),
        ("exclude_privileges='anonymous'", "4.0"),
        ("include_privileges='trainer'", "0.0"),
        ("include_cron=True", "2.0"),
        ("include_privileges=['cron']", "2.0"),
        ("", "3.0"),
    ],
)
def test_privileges_choose_whose_access_counts(session: Open, privileges: str, hours: str) -> None:
    s = with_last(session, privileges)
    at(s, 1, ANN)
    at(s, 2)
    s.now, s.user = "2026-05-05T03:00:00+00:00", CRON
    s.run(CallAction(action="cron_note", keeps_step=True), interface="cron")
    assert at(s, 5) == f"{hours} False"
