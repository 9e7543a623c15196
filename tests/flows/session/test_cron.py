"""What cron types and timers do to sessions: who is visited, as whom, what is saved, and what is written down of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import pytest_asyncio

from services.scheduler import store as schedule
from services.session import cron_store
from services.session.cron_store import PlannedRun
from services.session.sweeps import purpose_of
from shared.contracts.scheduler import CancelTimer, CancelTimers, FireNow, ScheduleAction
from shared.contracts.session import BackgroundEnded, BackgroundsEnded, RunAction, RunSweep, VisitSessions
from shared.contracts.worker import RunTask
from shared.crypto.keys import ServerKeys
from shared.kernel.ids import SessionId, new_id
from tests.fault.noted_twice import NotedTwice
from tests.fault.rig import new_visitor
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Cron:
    """An operator who lets cron types fire, and reads what became of it."""

    def __init__(self, house: House, keys: ServerKeys) -> None:
        self.house, self._keys = house, keys

    async def fire(self, cron_type: str) -> str:
        """Fire, and wait until every session was visited."""
        fire_id = new_id()
        await self.house.send(FireNow(fire_id=fire_id, cron_type=cron_type))
        await self.until_over(fire_id)
        return fire_id

    async def until_over(self, fire_id: str) -> None:
        async with asyncio.timeout(60):
            while True:
                counts = {row["status"] for row in await cron_store.summary(self.house.database, fire_id)}
                if counts and "waiting" not in counts:
                    return
                await asyncio.sleep(0.05)

    async def run_of(self, fire_id: str, player: Player) -> tuple[str, dict[str, str]]:
        """Status and report of the run of one session."""
        session_id = player.reply.session_id
        (row,) = await cron_store.runs(self.house.database, fire_id=fire_id, session_id=session_id)
        run = PlannedRun(fire_id=fire_id, session_id=SessionId(session_id), is_background=row["is_background"])
        sealed = row["report_sealed"]
        report = orjson.loads(self._keys.at_rest.open(sealed, purpose=purpose_of(run))) if sealed else {}
        return row["status"], report


DELIVERED_TWICE = (
    FireNow,
    RunSweep,
    CancelTimers,
    VisitSessions,
    ScheduleAction,
    CancelTimer,
    RunAction,
    RunTask,
)
"""What comes twice here, in the second round of these tests; so does the end of a task, alone or with others."""


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["once", "twice"])
async def house(
    request: pytest.FixtureRequest, postgres_url: str, redis_url: str, server_keys: ServerKeys
) -> AsyncIterator[House]:
    twice = NotedTwice() if request.param == "twice" else None
    async with running_house(postgres_url, redis_url, server_keys, 2, twice=twice) as running:
        yield running
    assert twice is None or twice.lacks_in_whole(request, *DELIVERED_TWICE, (BackgroundEnded, BackgroundsEnded)) == []


@pytest.fixture
def cron(house: House, server_keys: ServerKeys) -> Cron:
    return Cron(house, server_keys)


@pytest_asyncio.fixture(loop_scope="module")
async def player(house: House) -> AsyncIterator[Player]:
    player = Player(house, "cron")
    await player.open()
    yield player
    await house.database.execute("update session.sessions set allow_cron = false")


@pytest.mark.parametrize(
    ("how", "saved", "printed"),
    [
        ("nothing", True, ""),
        ("text", True, "Visit 1"),
        ("empty", True, ""),
        ("null", False, ""),
        ("json", True, ""),
        ("binary", True, ""),
        ("value", True, ""),
        ("logout", False, ""),
        ("new_session", False, ""),
        ("leave", True, ""),
        ("signin", True, ""),
        ("message", True, ""),
        ("question", True, ""),
        ("ignored", False, "Printed all the same"),
    ],
)
async def test_how_a_run_ends_says_what_is_saved_and_printed(
    cron: Cron, player: Player, how: str, saved: bool, printed: str
) -> None:
    await player.set(how=how)
    steps = player.reply.steps
    fire_id = await cron.fire("cron_hourly")
    assert await cron.run_of(fire_id, player) == ("done", {"text": printed} if printed else {})
    assert (await player.variables())["visits"] == (1 if saved else 0)
    await player.open()
    assert player.reply.steps == steps


async def test_a_run_that_answers_with_all_variables_prints_them(cron: Cron, player: Player) -> None:
    await player.set(how="variables")
    _, report = await cron.run_of(await cron.fire("cron_hourly"), player)
    assert orjson.loads(report["text"])["visits"] == 1


@pytest.mark.parametrize("how", ["exit", "restart", "exit_logout"])
async def test_a_command_that_ends_the_session_ends_it_for_everybody(cron: Cron, player: Player, how: str) -> None:
    await player.set(how=how)
    fire_id = await cron.fire("cron_hourly")
    assert (await cron.run_of(fire_id, player))[0] == "done"
    await player.open()
    assert player.reply.created


async def test_a_response_action_runs_at_once_and_is_saved(cron: Cron, player: Player) -> None:
    await player.set(how="response action")
    await cron.fire("cron_hourly")
    variables = await player.variables()
    assert (variables["visits"], variables["heard"]) == (1, ["at once"])


async def test_an_error_saves_nothing_says_where_and_does_not_stop_the_others(
    cron: Cron, house: House, player: Player
) -> None:
    others = [Player(house, "cron") for _ in range(3)]
    for other in others:
        await other.open()
    await player.set(how="error")
    fire_id = await cron.fire("cron_hourly")
    status, report = await cron.run_of(fire_id, player)
    assert status == "failed"
    assert "canary in an error" in report["error"]
    assert "cron.yml" in report["place"]
    assert (await player.variables())["visits"] == 0
    assert [(await other.variables())["visits"] for other in others] == [1, 1, 1]


async def test_the_account_of_scheduled_actions_acts(cron: Cron, player: Player) -> None:
    await cron.fire("cron_hourly")
    assert (await player.variables())["who"] == "cron Cron cron True"


async def test_the_action_runs_first_then_its_background_twin(cron: Cron, player: Player) -> None:
    await cron.fire("cron_daily")
    async with asyncio.timeout(60):
        while len((await player.variables())["heard"]) < 2:
            await asyncio.sleep(0.05)
    assert (await player.variables())["heard"] == ["daily", "from the background as worker"]


async def test_a_background_twin_that_ends_the_session_ends_it_for_everybody(
    cron: Cron, house: House, player: Player
) -> None:
    other = Player(house, "cron", new_visitor("t2"), player.code)
    await other.set(who="another")
    await cron.fire("cron_weekly")
    async with asyncio.timeout(60):
        while await house.database.fetchval(
            "select count(*) from session.sessions where id = $1", player.reply.session_id
        ):
            await asyncio.sleep(0.05)
    await player.open()
    assert player.reply.created


async def test_a_type_of_ones_own_is_an_action_like_any_other(cron: Cron, player: Player) -> None:
    await cron.fire("my_own_type")
    assert (await player.variables())["heard"] == ["own"]


async def test_sessions_that_take_no_part_or_cannot_be_opened_are_not_looked_at(
    cron: Cron, house: House, player: Player
) -> None:
    apart, closed = Player(house, "cron"), Player(house, "cron")
    await apart.open(cron="no")
    await closed.open()
    await closed.set(multi_user=False)
    fire_id = await cron.fire("cron_hourly")
    visited = {str(row["session_id"]) for row in await cron_store.runs(house.database, fire_id=fire_id)}
    assert visited == {player.reply.session_id}
    assert [(await one.variables())["visits"] for one in (apart, closed)] == [0, 0]


async def test_an_interview_without_the_block_costs_nothing(cron: Cron, house: House, player: Player) -> None:
    fire_id = new_id()
    await house.send(FireNow(fire_id=fire_id, cron_type="nobody_has_this"))
    await cron.fire("cron_hourly")
    assert await cron_store.summary(house.database, fire_id) == []


async def test_a_fire_that_is_told_twice_visits_nobody_twice(cron: Cron, house: House, player: Player) -> None:
    fire_id = await cron.fire("my_own_type")
    for _ in range(3):
        await house.send(RunSweep(fire_id=fire_id, cron_type="my_own_type"))
        await house.send(FireNow(fire_id=fire_id, cron_type="my_own_type"))
    await cron.fire("cron_hourly")  # behind them in the same queues
    variables = await player.variables()
    assert (variables["heard"], variables["visits"]) == (["own"], 1)


async def test_fires_that_overlap_are_one_for_a_session_that_waits(cron: Cron, house: House, player: Player) -> None:
    waiting = PlannedRun(fire_id=new_id(), session_id=SessionId(player.reply.session_id), is_background=False)
    await house.database.execute(
        "insert into session.cron_runs (fire_id, session_id, is_background, cron_type, interview, planned_at)"
        " values ($1, $2, false, 'my_own_type', 'flows:data/questions/cron.yml', now())",
        waiting.fire_id,
        waiting.session_id,
    )
    merged = new_id()
    await house.send(FireNow(fire_id=merged, cron_type="my_own_type"))
    await cron.fire("cron_hourly")
    assert await cron_store.summary(house.database, merged) == []
    await house.database.execute("update session.cron_runs set planned_at = now() - interval '7 hours'")
    assert (await cron.run_of(await cron.fire("my_own_type"), player))[0] == "done"
    assert (await cron.run_of(waiting.fire_id, player))[0] == "lost"


# -- Timers


async def until_heard(player: Player, words: list[str]) -> None:
    async with asyncio.timeout(60):
        while (await player.variables())["heard"] != words:
            await asyncio.sleep(0.05)


async def test_a_timer_runs_its_action_when_nobody_is_there(player: Player) -> None:
    await player.click("set_timer", after=0.2)
    await until_heard(player, ["timer"])


async def timers_of(house: House, player: Player, state: str) -> list[Any]:
    async with asyncio.timeout(60):
        while not (found := await schedule.timers(house.database, session_id=player.reply.session_id, state=state)):
            await asyncio.sleep(0.05)
    return found


async def test_a_timer_is_taken_back_by_its_handle(house: House, player: Player) -> None:
    await player.click("set_timer", after=86_400)
    await timers_of(house, player, "waiting")
    await player.click("take_timer_back")
    await timers_of(house, player, "cancelled")


async def test_a_timer_goes_back_with_the_step_it_was_set_in(house: House, player: Player) -> None:
    await player.click("set_timer", after=86_400)
    await timers_of(house, player, "waiting")
    await player.back()
    await timers_of(house, player, "cancelled")


async def test_the_timers_of_a_deleted_session_are_gone(cron: Cron, house: House, player: Player) -> None:
    await player.click("set_timer", after=86_400)
    await timers_of(house, player, "waiting")
    await player.set(how="exit")
    await cron.fire("cron_hourly")
    await timers_of(house, player, "cancelled")


async def test_a_timer_that_comes_for_a_session_that_is_gone_ends_all_of_them(house: House, player: Player) -> None:
    await player.click("set_timer", after=86_400)
    (row,) = await timers_of(house, player, "waiting")
    gone = new_id()
    await house.database.execute(
        "update scheduler.timers set session_id = $2, due_at = now(), repeat = 'every 1' where id = $1",
        row["id"],
        gone,
    )
    await player.click("set_timer", after=0.1)  # wakes the scheduler
    async with asyncio.timeout(60):
        while not await schedule.timers(house.database, session_id=gone, state="cancelled"):
            await asyncio.sleep(0.05)
