"""What is due is said, once, whoever looks and whenever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import orjson
import pytest

from services.scheduler import store
from services.scheduler.store import Timer
from services.scheduler.ticker import Ticker, purpose_of
from shared.contracts.session import RunAction, RunSweep
from shared.kernel.clock import ManualClock
from shared.kernel.ids import new_id
from shared.kernel.recurrence import crontab, interval
from tests.unit.scheduler.conftest import START, Desk

NewClock = Callable[..., ManualClock]
HOUR = 3600.0


async def set_timer(desk: Desk, due: datetime, *, repeat: str = "", session_id: str = "") -> Timer:
    timer_id = new_id()
    timer = Timer(
        timer_id=timer_id,
        session_id=session_id or new_id(),
        action="remind",
        arguments_sealed=desk.keys.at_rest.seal(orjson.dumps({"text": "Soon"}), purpose=purpose_of(timer_id)),
        due=due,
        repeat=repeat,
        fired=0,
    )
    await store.add(desk.database, timer, asked=START)
    return timer


async def run_out(clock: ManualClock, ticker: Ticker, hours: int) -> None:
    for _ in range(hours):
        await clock.advance(HOUR)
        await ticker.tick()


# -- Cron types


async def test_a_cron_type_fires_when_its_line_says(desk: Desk, new_clock: NewClock) -> None:
    clock = new_clock()
    ticker = desk.ticker(clock, {"cron_hourly": crontab("17 * * * *", "UTC")})
    await ticker.tick()
    assert await desk.said() == []
    await clock.advance(17 * 60 - 1)
    await ticker.tick()
    assert await desk.said() == []
    await clock.advance(1)
    await ticker.tick()
    (sweep,) = await desk.said()
    assert isinstance(sweep, RunSweep)
    assert (sweep.cron_type, sweep.interview) == ("cron_hourly", "")
    (fire,) = await store.fires(desk.database)
    assert (fire.fire_id, fire.due, fire.origin) == (sweep.fire_id, START + timedelta(minutes=17), "timetable")


async def test_schedulers_that_look_at_the_same_time_fire_once(desk: Desk, new_clock: NewClock) -> None:
    clock = new_clock()
    rules = {"cron_hourly": crontab("0 * * * *", "UTC")}
    tickers = [desk.ticker(clock, rules) for _ in range(5)]
    await asyncio.gather(*(ticker.tick() for ticker in tickers))
    for _ in range(3):
        await clock.advance(HOUR)
        await asyncio.gather(*(ticker.tick() for ticker in tickers))
    assert len(await desk.said()) == 3


async def test_clocks_that_differ_or_are_set_back_fire_no_moment_twice(desk: Desk, new_clock: NewClock) -> None:
    ahead, behind = new_clock(20 * 60), new_clock()
    rules = {"cron_hourly": crontab("0 * * * *", "UTC")}
    early, late = desk.ticker(ahead, rules), desk.ticker(behind, rules)
    await late.tick()
    for _ in range(12):
        for clock in (ahead, behind):
            await clock.advance(600)
        await early.tick()
        await late.tick()
    set_back = desk.ticker(new_clock(-HOUR), rules)
    await set_back.tick()
    dues = [fire.due for fire in await store.fires(desk.database)]
    assert sorted(dues) == [START + timedelta(hours=number) for number in (1, 2)]
    assert len(await desk.said()) == 2


async def test_what_was_missed_is_caught_up_once(desk: Desk, new_clock: NewClock) -> None:
    clock = new_clock()
    rules = {"cron_hourly": crontab("0 * * * *", "UTC"), "cron_daily": crontab("0 6 * * *", "UTC")}
    await desk.ticker(clock, rules).tick()
    await clock.advance(6 * HOUR + 60)
    after_the_outage = desk.ticker(clock, rules)
    await after_the_outage.tick()
    await after_the_outage.tick()
    (sweep,) = await desk.said()
    assert sweep.cron_type == "cron_hourly"
    assert (await store.fires(desk.database))[0].due == START + timedelta(hours=6)
    await run_out(clock, after_the_outage, 1)
    assert len(await desk.said()) == 1


async def test_a_scheduler_that_was_away_for_months_does_not_go_through_every_minute(
    desk: Desk, new_clock: NewClock
) -> None:
    clock = new_clock()
    rules = {"cron_minutely": crontab("* * * * *", "UTC"), "cron_often": interval(10)}
    await desk.ticker(clock, rules).tick()
    await clock.advance(200 * 24 * HOUR)
    await desk.ticker(clock, rules).tick()
    assert sorted(sweep.cron_type for sweep in await desk.said()) == ["cron_minutely", "cron_often"]


async def test_another_rule_counts_from_now_on_and_a_type_that_is_gone_never_fires(
    desk: Desk, new_clock: NewClock
) -> None:
    clock = new_clock()
    await desk.ticker(clock, {"a": crontab("30 * * * *", "UTC"), "b": crontab("30 * * * *", "UTC")}).tick()
    ticker = desk.ticker(clock, {"a": crontab("45 * * * *", "UTC")})
    await ticker.tick()
    await clock.advance(40 * 60)
    await ticker.tick()
    assert await desk.said() == []
    await clock.advance(5 * 60)
    await ticker.tick()
    assert [sweep.cron_type for sweep in await desk.said()] == ["a"]


async def test_an_operators_fire_is_noted_once_however_often_it_is_told(desk: Desk, new_clock: NewClock) -> None:
    ticker = desk.ticker(new_clock())
    fire_id = new_id()
    for _ in range(2):
        await ticker.fire_now(fire_id, "my_type")
    assert [(sweep.fire_id, sweep.cron_type) for sweep in await desk.said()] == [(fire_id, "my_type")]


# -- Timers


async def test_a_timer_asks_for_its_action_when_it_is_due_and_never_again(desk: Desk, new_clock: NewClock) -> None:
    clock = new_clock()
    ticker = desk.ticker(clock)
    timer = await set_timer(desk, START + timedelta(days=20))
    await clock.advance(20 * 24 * HOUR - 1)
    await ticker.tick()
    assert await desk.said() == []
    await clock.advance(1)
    await ticker.tick()
    (asked,) = await desk.said()
    assert isinstance(asked, RunAction)
    assert (asked.session_id, asked.unattended) == (timer.session_id, "timers")
    assert (asked.call.value.action, asked.call.value.arguments) == ("remind", {"text": "Soon"})
    assert asked.visitor.value.user.roles == ("cron",)
    assert asked.visitor.value.request.url_root == "https://colloquy.example/"
    await run_out(clock, ticker, 2)
    assert await desk.said() == []
    await store.add(desk.database, timer, asked=START)  # the message that set it comes again
    await ticker.tick()
    assert await desk.said() == []


async def test_a_thousand_timers_that_are_due_at_once_are_each_said_once_by_several(
    desk: Desk, new_clock: NewClock
) -> None:
    clock = new_clock()
    timers = [await set_timer(desk, START + timedelta(seconds=number % 60)) for number in range(1000)]
    await clock.advance(60)
    await asyncio.gather(*(desk.ticker(clock).tick() for _ in range(4)))
    said = await desk.said()
    assert sorted(asked.session_id for asked in said) == sorted(timer.session_id for timer in timers)
    assert len({asked.operation_id for asked in said}) == 1000


async def test_a_timer_that_repeats_keeps_the_clock_of_its_zone(desk: Desk, new_clock: NewClock) -> None:
    clock = new_clock()
    ticker = desk.ticker(clock)
    nine = crontab("0 9 * * *", "America/New_York")
    await set_timer(desk, nine.next_after(START, due=START), repeat=nine.text())
    heard: list[int] = []
    for hour in range(24 * 10):
        await clock.advance(HOUR)
        await ticker.tick()
        heard += [hour + 1] * len(await desk.said())
    local = [(START + timedelta(hours=hours)).hour for hours in heard]
    assert local == [14] * 7 + [13] * 3  # the clocks go forward on the eighth of March


async def test_a_timer_that_repeats_is_caught_up_once(desk: Desk, new_clock: NewClock) -> None:
    clock = new_clock()
    ticker = desk.ticker(clock)
    await set_timer(desk, START + timedelta(hours=1), repeat=interval(HOUR).text())
    await clock.advance(6.5 * HOUR)
    await ticker.tick()
    assert len(await desk.said()) == 1
    await clock.advance(0.5 * HOUR)
    await ticker.tick()
    assert len(await desk.said()) == 1


@pytest.mark.parametrize("comes_first", ["set", "cancelled"])
async def test_a_cancelled_timer_is_silent_in_whatever_order_the_messages_come(
    desk: Desk, new_clock: NewClock, comes_first: str
) -> None:
    clock, session_id = new_clock(), new_id()
    timer = await set_timer(desk, START, session_id=session_id)
    if comes_first == "cancelled":
        await desk.database.execute("delete from scheduler.timers")
    await store.cancel(desk.database, timer.timer_id, session_id=session_id, now=START)
    await store.add(desk.database, timer, asked=START)
    await desk.ticker(clock).tick()
    assert await desk.said() == []


async def test_a_session_cancels_its_own_timers_only(desk: Desk, new_clock: NewClock) -> None:
    timer = await set_timer(desk, START)
    await store.cancel(desk.database, timer.timer_id, session_id=new_id(), now=START)
    await store.cancel_all(desk.database, new_id(), asked=START + timedelta(hours=1))
    await desk.ticker(new_clock()).tick()
    assert len(await desk.said()) == 1


async def test_timers_set_after_a_session_began_anew_stay(desk: Desk, new_clock: NewClock) -> None:
    session_id = new_id()
    await set_timer(desk, START, session_id=session_id)
    await store.cancel_all(desk.database, session_id, asked=START)
    await desk.ticker(new_clock()).tick()
    assert len(await desk.said()) == 1


async def test_a_ticker_sleeps_until_something_is_due_or_it_is_woken(desk: Desk, new_clock: NewClock) -> None:
    clock = new_clock()
    ticker = desk.ticker(clock)
    await ticker.start()
    try:
        await set_timer(desk, START)
        ticker.wake()
        async with asyncio.timeout(30):
            while not desk.rings:
                await asyncio.sleep(0.01)
    finally:
        await ticker.stop()
    assert len(await desk.said()) == 1


async def test_what_is_over_is_forgotten_after_a_while(desk: Desk, new_clock: NewClock) -> None:
    clock = new_clock()
    ticker = desk.ticker(clock, {"cron_hourly": crontab("0 * * * *", "UTC")})
    await ticker.tick()
    await set_timer(desk, START)
    later = await set_timer(desk, START + timedelta(days=365))
    await run_out(clock, ticker, 2)
    await clock.advance(91 * 24 * HOUR)
    await ticker.tidy()
    assert await store.fires(desk.database) == []
    assert [str(row["id"]) for row in await store.timers(desk.database)] == [later.timer_id]


async def test_it_ends_whatever_it_is_doing(desk: Desk, new_clock: NewClock) -> None:
    for steps in range(12):  # of the loop, after it was woken
        ticker = desk.ticker(new_clock())
        await ticker.start()
        await asyncio.sleep(0.03)
        ticker.wake()
        for _ in range(steps):
            await asyncio.sleep(0)
        async with asyncio.timeout(4):  # it is told once
            await ticker.stop()
