"""Messages delivered twice: nothing is different from one delivery.

Here an interview with tasks is played in a system whose session service, worker and gateway get every message twice.
`SHOWN` says for every command and event where else that is shown; a message that has no place fails. What the
scheduler consumes and publishes, and mail that comes in, comes twice in the second round of the tests of cron, timers
and incoming mail (tests/flows/session).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest

from shared.contracts import events, file_work, mail, operators, provenance, scheduler, session, session_lists, worker
from shared.contracts.base import Command, Event, Message
from shared.contracts.catalog import message_types
from shared.storage.database import Database
from tests.fault.conftest import INTERVIEWS, troubled_command
from tests.fault.door import Door
from tests.fault.open_page import OpenPage
from tests.flows.session import test_cron, test_incoming_mail
from tests.sites import ROOT, Site, distributed_site, service_command

pytestmark = [pytest.mark.fault, pytest.mark.timeout(120)]

_SOON_SECONDS = 40.0
SERVICES = ("session", "worker", "gateway")
HOW_OFTEN: Mapping[str, Mapping[str, list[str]]] = {
    "once": {name: service_command(name) for name in SERVICES},
    "twice": {name: troubled_command(name, "twice") for name in SERVICES},
}


@pytest.fixture(params=list(HOW_OFTEN))
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A system whose buses deliver so often."""
    commands = HOW_OFTEN[request.param]
    with distributed_site(tmp_path_factory.mktemp("house"), interviews=[INTERVIEWS], commands=commands) as site:
        yield site


async def test_an_interview_with_tasks_within_tasks_is_the_same(house: Site, rows: Database, door: Door) -> None:
    """Form, task, response action, a task launched by it, error action, check-ins and their notices."""
    nested = await played(house, rows, door, "nested")
    assert nested == {
        "saved": "nested and response",
        "notices": ["saved", "saved"],
        "steps": 3,
        "tasks": [("succeeded", 1), ("succeeded", 1)],
        "second phases": 2,
        "notices left": 0,
    }
    assert door.visits == {"nested": 1, "response": 1}
    handled = await played(house, rows, door, "handled failure")
    assert handled == {
        "saved": "repaired ZeroDivisionError",
        "notices": ["repaired"],
        "steps": 3,
        "tasks": [("failed", 1)],
        "second phases": 1,
        "notices left": 0,
    }
    assert door.visits["handled-failure"] == 1
    assert await rows.fetchval("select count(*) from bus.dead_letters") == 0


IN_HISTORIES = "tests/fault/test_history.py::test_every_message_delivered_twice"
HERE = "tests/fault/test_deliveries.py::test_an_interview_with_tasks_within_tasks_is_the_same"
SHOWN: Mapping[type[Message], str] = {
    **dict.fromkeys(
        (session.SubmitAnswers, session.GoBack, session.PerformAction, session.CheckIn, session.WriteVariables),
        IN_HISTORIES,
    ),
    **dict.fromkeys((session.OpenSession, session.BackgroundEnded, worker.RunTask, events.SessionChanged), HERE),
    session.EndSession: "tests/unit/session/test_turn.py::test_deleting_twice_is_deleting_once",
    session.BackgroundsEnded: "tests/unit/session/test_background.py::"
    "test_the_ends_of_tasks_come_in_one_message_and_may_come_twice",
    **dict.fromkeys(
        (session.TakeAction, events.ActionRequested),
        "tests/fault/test_actions_of_services.py::test_each_action_takes_effect_once_and_in_the_order_of_its_service",
    ),
    mail.TakeMail: "tests/flows/session/test_incoming_mail.py::"
    "test_a_mail_that_comes_twice_is_kept_once_also_by_another_way",
    mail.TakeText: "tests/flows/session/test_incoming_texts.py::"
    "test_the_same_message_is_kept_once_also_when_another_session_has_asked_meanwhile",
    **dict.fromkeys(test_cron.DELIVERED_TWICE, "tests/flows/session/test_cron.py::house"),
    mail.SendMail: "tests/unit/mail/test_sending.py::test_a_letter_is_sent_once_and_its_contents_forgotten",
    **dict.fromkeys(test_incoming_mail.DELIVERED_TWICE, "tests/flows/session/test_incoming_mail.py::house"),
}
ONLY_LOOKS = frozenset(
    {
        session.ReadVariables, session.OpenFile, session.SimplifyValue, session.ListInterviews, file_work.NameVariables,
        session_lists.ListSessions, operators.ListRuns, operators.Oversee, scheduler.ListFires, scheduler.ListTimers,
    }
)  # fmt: skip
"""Questions: asked again they are answered again."""
DOORBELLS = frozenset(
    {events.WebhooksDue, events.TaskRevoked, events.TaskProgressed, events.ActionFinished, events.Canary}
)
"""They say that there is something to look at, or show the latest state; the truth is a row."""
LIKE_ANOTHER = {worker.RunTaskLow: worker.RunTask, session.RunCron: session.VisitSessions}
"""Handled by the function of another one."""
ASKED_BY_A_PERSON = frozenset(
    {
        session.AdoptSessions, session.ReachOtherSession, session.DeleteInactive, session_lists.LeaveSessions,
        session_lists.DeleteAccount, file_work.WorkOnFile, provenance.TellProvenance,
    }
)  # fmt: skip
"""Requests to which somebody waits for the answer, in no queue that keeps them; and DeleteInactive, which deletes what
there is to delete. That a second delivery does nothing more is not shown for these."""


def test_every_message_has_its_place() -> None:
    kinds = {one for one in message_types().values() if issubclass(one, Command | Event)}
    placed = [*SHOWN, *ONLY_LOOKS, *DOORBELLS, *LIKE_ANOTHER, *ASKED_BY_A_PERSON]
    assert sorted(one.__name__ for one in kinds - set(placed)) == [], "say where it is shown that these may come twice"
    assert set(placed) <= kinds
    assert len(placed) == len(set(placed)), "in one place"
    assert set(LIKE_ANOTHER.values()) <= SHOWN.keys()


@pytest.mark.parametrize("place", sorted(set(SHOWN.values())))
def test_where_it_is_shown_there_is_such_a_test(place: str) -> None:
    file, _, name = place.partition("::")
    assert f"async def {name}(" in (ROOT / file).read_text()


@contextlib.asynccontextmanager
async def within(seconds: float, awaited: str) -> AsyncIterator[None]:
    """A limit for what is waited for; whoever reads the failure learns what did not come."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        pytest.fail(f"waited {seconds:g} seconds for {awaited}")


async def played(house: Site, rows: Database, door: Door, way: str) -> dict[str, Any]:
    """Play the interview to its end; what an observer can tell afterwards."""
    page = OpenPage(house)
    await page.open()
    await page.submit(door=str(door.port), way=way)
    session = await rows.fetchval("select id from session.sessions order by created_at desc limit 1")
    async with within(_SOON_SECONDS, "its tasks to end"):
        while await rows.fetchval("select count(*) from tasks.tasks where ended_at is null"):
            await asyncio.sleep(0.05)
    await page.look()
    async with within(_SOON_SECONDS, "check-ins to have no more to tell"):
        while await page.check_in():
            continue
    await page.submit(afterwards="more")
    tasks = await rows.fetch("select state, fencing from tasks.tasks where session_id = $1", session)
    handled = "select count(*) from session.inbox where session_id = $1 and operation_id like 'task:%'"
    left = "select count(*) from session.notices where session_id = $1 and acknowledged_at is null"
    return {
        "saved": page.text.partition(" Saved ")[2].removesuffix("."),
        "notices": [command["value"] for command in page.commands],
        "steps": page.page["steps"],
        "tasks": [(task["state"], task["fencing"]) for task in tasks],
        "second phases": await rows.fetchval(handled, session),
        "notices left": await rows.fetchval(left, session),
    }
