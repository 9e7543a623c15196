"""Schedulers and sweeps that die in any gap, a broker that is away, a long outage: nothing is missed or doubled.

Time is a clock in a file that all schedulers look at: hours pass when the test sets it on. The long history is short
in the whole suite; `make test-faults` makes more of it, and `-s` shows the figures.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared.storage.database import Database
from tests import servers
from tests.fault.conftest import INTERVIEWS, troubled_command
from tests.fault.own_servers import CutLine, OwnRabbit, own_broker, own_postgres
from tests.fault.storm import one_of
from tests.fault.watch import ENVIRONMENT, HourlyPage, Watch, set_to_half_past
from tests.moved_clock import ClockOfFile
from tests.sites import Site, service_command, site_on

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1800)]

HOUR, SECOND, MINUTE = timedelta(hours=1), timedelta(seconds=1), timedelta(minutes=1)
SCHEDULER_MOMENTS, SESSION_MOMENTS = ("claimed", "published"), ("planned", "loaded", "evaluated", "committed")


@pytest.fixture
async def watch(tmp_path: Path, rows: Database) -> AsyncIterator[Watch]:
    watch = Watch(tmp_path / "clock", rows)
    yield watch
    await watch.begin_anew()


@pytest.fixture
def schedulers(house: Site, watch: Watch, tmp_path: Path) -> Iterator[Site]:
    """Schedulers of that house, and session services that die; none runs yet."""
    clock = f"clock={tmp_path / 'clock'}"
    commands = {
        "scheduler": troubled_command("scheduler", clock),
        "scheduler ahead": troubled_command("scheduler", f"{clock},skew=3500"),
        "scheduler behind": troubled_command("scheduler", f"{clock},skew=-3500"),
    }
    for moment in SCHEDULER_MOMENTS:
        commands[f"scheduler that dies when {moment}"] = troubled_command("scheduler", f"{clock},{moment}")
    for moment in SESSION_MOMENTS:
        commands[f"session that dies when {moment}"] = troubled_command("session", moment)
    schedulers = Site(
        folder=house.folder, port=house.port, commands=commands, environment={**house.environment, **ENVIRONMENT}
    )
    yield schedulers
    for name in tuple(schedulers.processes):
        schedulers.kill(name)
    if "session" not in house.processes:
        house.start("session")
        house.wait_until_ready()


async def died(site: Site, name: str) -> None:
    """Wait until a process has ended by itself."""
    async with asyncio.timeout(240):
        await asyncio.to_thread(site.processes[name].wait)
    del site.processes[name]


async def an_hour_passes(watch: Watch, hour: datetime, *, visits: int) -> None:
    """The clock shows this hour, and everybody is visited for it."""
    watch.clock.move_to(hour + SECOND)
    await watch.fired(hour)
    await watch.visited(1, visits)


@pytest.mark.parametrize("moment", SCHEDULER_MOMENTS)
async def test_a_scheduler_that_dies_around_a_fire_loses_none_and_doubles_none(
    house: Site, schedulers: Site, watch: Watch, moment: str
) -> None:
    hour = watch.set_to_half_past()
    page = HourlyPage(house)
    await page.begin(0, hour)
    name = f"scheduler that dies when {moment}"
    schedulers.start(name)
    await watch.entered()
    watch.clock.move_to(hour + SECOND)
    await died(schedulers, name)
    assert await watch.fires() == ([] if moment == "claimed" else [hour])
    schedulers.start("scheduler")
    await an_hour_passes(watch, hour, visits=1)
    await an_hour_passes(watch, hour + HOUR, visits=2)
    assert await watch.fires() == [hour, hour + HOUR]
    assert await page.counts() == (2, Counter())


@pytest.mark.parametrize("moment", SCHEDULER_MOMENTS)
async def test_a_scheduler_that_dies_around_a_timer_rings_each_once(
    house: Site, schedulers: Site, watch: Watch, moment: str
) -> None:
    hour = watch.set_to_half_past()
    first = hour - 25 * MINUTE
    page = HourlyPage(house)
    name = f"scheduler that dies when {moment}"
    schedulers.start(name)
    await page.begin(3, first)
    await watch.timers_are_set(3)
    watch.clock.move_to(first + SECOND)
    await died(schedulers, name)
    schedulers.start("scheduler")
    watch.clock.move_to(first + 30 * MINUTE + SECOND)
    await an_hour_passes(watch, hour + HOUR, visits=1)
    async with asyncio.timeout(240):
        while (await page.counts())[1].total() < 3:
            await asyncio.sleep(0.05)
    await an_hour_passes(watch, hour + 2 * HOUR, visits=2)
    assert (await page.counts())[1] == Counter(range(3))


@pytest.mark.parametrize("moment", SESSION_MOMENTS)
async def test_a_session_service_that_dies_within_a_sweep_visits_everybody_once(
    house: Site, schedulers: Site, watch: Watch, moment: str
) -> None:
    hour = watch.set_to_half_past()
    pages = [HourlyPage(house) for _ in range(3)]
    for page in pages:
        await page.begin(0, hour)
    house.kill("session")
    name = f"session that dies when {moment}"
    schedulers.start(name, "scheduler")
    await watch.entered()
    watch.clock.move_to(hour + SECOND)
    await died(schedulers, name)
    house.start("session")
    await asyncio.to_thread(house.wait_until_ready)
    await watch.visited(3, 1)
    watch.clock.move_to(hour + HOUR + SECOND)
    await watch.visited(3, 2)
    assert [await page.counts() for page in pages] == [(2, Counter())] * 3
    assert await watch.runs("lost") == Counter()


async def test_schedulers_whose_clocks_are_an_hour_apart_fire_each_hour_once(
    house: Site, schedulers: Site, watch: Watch
) -> None:
    hour = watch.set_to_half_past()
    page = HourlyPage(house)
    await page.begin(0, hour)
    schedulers.start("scheduler")  # first: the hour that is next is told by the clock of who reads the timetable first
    await watch.entered()
    schedulers.start("scheduler ahead", "scheduler behind")
    for number in range(4):
        watch.clock.move_to(hour + number * HOUR + MINUTE)
        await watch.fired(hour + number * HOUR)
        await watch.visited(1, number + 1)  # a fire that finds the sweep before it unfinished is merged with it
    assert await watch.fires() == [hour + number * HOUR for number in range(4)]
    assert (await page.counts())[0] == 4


# -- A long history

HOURS_A_ROUND, KILLS_AN_HOUR, PAGES, TIMERS = 3, 1, 4, 10
NAMES = ("session 1", "session 2", "scheduler 1", "scheduler 2")


@contextlib.asynccontextmanager
async def a_house_of_hours(
    folder: Path, redis_url: str, *, is_broker_killed: bool
) -> AsyncIterator[tuple[Site, OwnRabbit | CutLine, Watch]]:
    """Gateway, two session services and two schedulers with clocks half a minute apart; the broker can go away."""
    set_to_half_past(ClockOfFile(folder / "clock"))
    clock = f"clock={folder / 'clock'}"
    commands = {
        "gateway": service_command("gateway"),
        "session 1": service_command("session"),
        "session 2": service_command("session"),
        "scheduler 1": troubled_command("scheduler", clock),
        "scheduler 2": troubled_command("scheduler", f"{clock},skew=30"),
    }
    with servers.own_vhost() as amqp_url:
        async with (
            own_postgres(folder / "p") as postgres,
            own_broker(amqp_url, is_killed=is_broker_killed) as broker,
        ):
            started = site_on(
                folder,
                interviews=[INTERVIEWS],
                commands=commands,
                database_url=postgres.url,
                redis_url=redis_url,
                amqp_url=broker.url,
                environment={**ENVIRONMENT, "COLLOQUY_INTERVIEW_PROCESSES": "1"},
            )
            site = await asyncio.to_thread(started.__enter__)  # in a thread: the line to the broker runs in this one
            rows = Database(url=postgres.url, minimum=1, maximum=1)
            await rows.start()
            try:
                yield site, broker, Watch(folder / "clock", rows)
            finally:
                await rows.stop()
                await asyncio.to_thread(started.__exit__, None, None, None)


async def strike(site: Site) -> str:
    """Kill a session service or a scheduler and start it again."""
    name = one_of(NAMES)
    await asyncio.to_thread(site.kill, name)
    site.start(name)
    return name.split()[0]


async def test_hours_of_kills_a_broker_that_is_away_and_a_long_outage_miss_and_double_nothing(
    tmp_path_factory: pytest.TempPathFactory, redis_url: str, rounds: int
) -> None:
    """With `--fault-rounds` the broker is killed, and started again after an hour of the services' clocks. Else the
    line to it stands still: all the difference is that nothing says that it is gone.
    """
    kills: Counter[str] = Counter()
    expected: list[datetime] = []
    began = time.monotonic()
    house = a_house_of_hours(tmp_path_factory.mktemp("h"), redis_url, is_broker_killed=rounds > 1)
    async with house as (site, broker, watch):
        hour = watch.next_hour()
        pages = [HourlyPage(site) for _ in range(PAGES)]
        for page in pages:
            await page.begin(TIMERS * rounds, hour + 5 * MINUTE)
        await watch.timers_are_set(PAGES * TIMERS * rounds)
        for _ in range(rounds):
            for number in range(HOURS_A_ROUND):
                is_broker_away = number == 1
                if is_broker_away:
                    await broker.go_away()
                watch.clock.move_to(hour + SECOND)
                for _ in range(KILLS_AN_HOUR):
                    await asyncio.sleep(0.3)
                    kills[await strike(site)] += 1
                await watch.fired(hour)
                if is_broker_away:
                    watch.clock.move_to(hour + HOUR - 2 * MINUTE)
                    await broker.come_back()
                expected.append(hour)
                await watch.visited(PAGES, len(expected))
                hour += HOUR
            for name in ("scheduler 1", "scheduler 2"):
                await asyncio.to_thread(site.kill, name)
            hour += 5 * HOUR  # a night without a scheduler: the newest of what was missed is caught up with
            watch.clock.move_to(hour + SECOND)
            site.start("scheduler 1", "scheduler 2")
            await watch.fired(hour)
            expected.append(hour)
            await watch.visited(PAGES, len(expected))
            hour += HOUR
        await watch.timers_are_set(0)
        async with asyncio.timeout(240):
            while [rung.total() for _, rung in [await page.counts() for page in pages]] != [TIMERS * rounds] * PAGES:
                await asyncio.sleep(0.2)
        assert await watch.fires() == expected
        for page in pages:
            assert await page.counts() == (len(expected), Counter(range(TIMERS * rounds)))
        assert await watch.runs("lost") == Counter()
    print(
        f"{len(expected)} fires, {PAGES} sessions, {PAGES * TIMERS * rounds} timers, "
        f"{kills.total()} kills {dict(kills)} in {time.monotonic() - began:.0f} s"
    )
