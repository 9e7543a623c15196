"""What is no longer needed is deleted, and nothing else."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, cast

from structlog.testing import capture_logs

from services.session.housekeeping import Housekeeping
from shared.kernel.clock import ManualClock, SystemClock
from shared.storage.database import Database
from tests.fault.rig import Browser, Rig


async def test_old_outcomes_are_forgotten_and_new_ones_kept(browser: Browser, rig: Rig) -> None:
    opened = await browser.open()
    await browser.submit(token="old")
    long_ago = SystemClock().now() - timedelta(days=3)
    await rig.database.execute("update session.inbox set handled_at = $1", long_ago)
    message = browser.post(token="new")
    first = await browser.send(message)
    housekeeping = Housekeeping(
        database=rig.database, clock=SystemClock(), keeps_outcomes_seconds=86_400, every_seconds=600
    )
    await housekeeping.tidy()
    sql = "select count(*) from session.inbox where session_id = $1"
    assert await rig.database.fetchval(sql, opened.session_id) == 1
    assert await browser.send(message) == first


async def test_expired_wraps_are_forgotten(browser: Browser, rig: Rig) -> None:
    opened = await browser.open()
    long_ago = SystemClock().now() - timedelta(minutes=11)
    await rig.database.execute(
        "insert into session.wraps (session_id, holder, generation, wrapped, expires_at) "
        "values ($1, 'cookie:old', 1, '', $2)",
        opened.session_id,
        long_ago,
    )
    await Housekeeping(
        database=rig.database, clock=SystemClock(), keeps_outcomes_seconds=86_400, every_seconds=600
    ).tidy()
    rows = await rig.database.fetch("select holder from session.wraps where session_id = $1", opened.session_id)
    assert [row["holder"] for row in rows] == [browser.visitor.keys[0].holder]


class BrokenOnce:
    """A database that breaks in a way nobody has thought of, the first time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.has_broken = False

    def __getattr__(self, name: str) -> Any:
        if not self.has_broken:
            self.has_broken = True
            raise RuntimeError("an answer")
        return getattr(self._database, name)


async def test_it_goes_on_after_an_error_that_nobody_has_thought_of(browser: Browser, rig: Rig) -> None:
    opened = await browser.open()
    await browser.submit(token="old")
    long_ago = SystemClock().now() - timedelta(days=3)
    await rig.database.execute("update session.inbox set handled_at = $1", long_ago)
    clock, broken = ManualClock(SystemClock().now()), BrokenOnce(rig.database)
    housekeeping = Housekeeping(
        database=cast(Database, broken), clock=clock, keeps_outcomes_seconds=86_400, every_seconds=60
    )
    sql = "select count(*) from session.inbox where session_id = $1"
    with capture_logs() as lines:
        await housekeeping.start()
        async with asyncio.timeout(30):
            while await rig.database.fetchval(sql, opened.session_id):
                await clock.advance(90)
        await housekeeping.stop()
    assert ("service.errand_broken", "RuntimeError") in [(one["event"], one.get("error")) for one in lines]
