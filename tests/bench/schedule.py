"""What comes by itself: a cron sweep beside sessions that take no part, and timers that are due together.

The sweep has a thousand sessions that take part, first alone, then beside nine thousand that do not. Of a hundred
thousand timers that sleep a thousand are due within one minute; how late each is, is told by the moment at which its
action was committed.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from services.scheduler.ticker import purpose_of
from shared.bus.cloudevents import Codec
from shared.bus.outbox import Outbox
from shared.contracts.catalog import message_types
from shared.contracts.envelope import Envelopes
from shared.contracts.scheduler import FireNow
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from shared.storage.database import Database
from tests.bench.http import Client
from tests.bench.visitor import Visitor
from tests.sites import Site

REGISTERED, OTHERS = 1_000, 9_000
SLEEPING, DUE = 100_000, 1_000
SPREAD_SECONDS = 60.0
HEAD_START = timedelta(seconds=8)
SWEEPS = 3
MEASUREMENTS = 2 * SWEEPS + DUE
ENVIRONMENT = {"COLLOQUY_SWEEP_PER_SECOND": "0"}
PATIENCE_SECONDS = 300.0

_OVER = "select count(*) from session.cron_runs where fire_id = $1 and status = 'done'"
_OTHER_SESSIONS = """
insert into session.sessions
select (jsonb_populate_record(s, jsonb_build_object(
    'id', gen_random_uuid(), 'code_hash', '\\x' || encode(sha256(n::text::bytea), 'hex'), 'allow_cron', false))).*
from session.sessions s, generate_series(1, $1) n where s.id = $2
"""
_LATE = """
select extract(epoch from i.handled_at - t.due_at) as late from session.inbox i
join scheduler.timers t on i.operation_id = 'timer:' || t.id || ':0'
"""
_TIMERS = ("id", "session_id", "action", "arguments_sealed", "due_at", "repeat", "created_at")


@dataclass(frozen=True)
class Line:
    """One line of the table: seconds of each, how many a second, and what was looked at."""

    name: str
    seconds: list[float]
    per_second: float | None
    note: str


Spent = Callable[[], Mapping[str, float]]


async def measured(site: Site, spent: Spent, tick: Callable[[], None]) -> list[Line]:
    """All lines. `spent` tells the CPU seconds that the site's processes have taken so far."""
    database = Database(url=site.environment["COLLOQUY_DATABASE_URL"], minimum=1, maximum=2)
    await database.start()
    try:
        sessions = await _begin_sessions(site, database)
        alone = await _sweeps(database, site, spent, tick, "cron sweep, a session that takes part")
        await database.execute(_OTHER_SESSIONS, OTHERS, sessions[0])
        await database.execute("analyze session.sessions")
        beside = await _sweeps(database, site, spent, tick, f"the same beside {OTHERS} that do not")
        return [alone, beside, await _timers(database, site, sessions, spent, tick)]
    finally:
        await database.stop()


async def _begin_sessions(site: Site, database: Database) -> list[str]:
    """Sessions that take part; gives their ids."""

    async def begin(count: int) -> None:
        for _ in range(count):
            visitor = Visitor(Client("127.0.0.1", site.port), "bench:cron.yml")
            await visitor.open()
            await visitor.client.close()

    await asyncio.gather(*(begin(REGISTERED // 8) for _ in range(8)))
    rows = await database.fetch("select id::text from session.sessions where allow_cron")
    assert len(rows) == REGISTERED, len(rows)
    return [row["id"] for row in rows]


async def _sweeps(database: Database, site: Site, spent: Spent, tick: Callable[[], None], name: str) -> Line:
    times, cpu = [], []
    for _ in range(SWEEPS):
        before, began = sum(spent().values()), time.perf_counter()
        await _sweep(database, site)
        times.append((time.perf_counter() - began) / REGISTERED)
        cpu.append((sum(spent().values()) - before) / REGISTERED)
        tick()
    per_session = statistics.median(times)
    return Line(name, times, 1 / per_session, f"{1000 * statistics.median(cpu):.2f} ms of CPU a session, all services")


async def _sweep(database: Database, site: Site) -> None:
    """Fire, as `colloquy cron` does, and wait until everybody was visited."""
    keys, fire_id = ServerKeys.load(site.folder / "server.keys"), new_id()
    outbox = Outbox(codec=Codec(types=message_types(), sealer=keys.transport))
    message = FireNow(fire_id=fire_id, cron_type="cron_hourly")
    async with database.transaction() as connection:
        await outbox.add(connection, [Envelopes("bench", SystemClock()).wrap(message, subject="")])
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await database.fetchval(_OVER, fire_id) < REGISTERED:
            await asyncio.sleep(0.02)


async def _timers(database: Database, site: Site, sessions: list[str], spent: Spent, tick: Callable[[], None]) -> Line:
    sealer = ServerKeys.load(site.folder / "server.keys").at_rest
    now = datetime.now(UTC)  # noqa: TID251 - rows of the future beside those the services write
    rows = []
    for number in range(SLEEPING):
        timer_id = new_id()
        due = now + timedelta(days=30, seconds=number)
        sealed = sealer.seal(b"{}", purpose=purpose_of(timer_id))
        rows.append((timer_id, sessions[number % len(sessions)], "ring", sealed, due, "", now))
        if number % 2000 == 0:
            await asyncio.sleep(0)
    connection = await asyncpg.connect(site.environment["COLLOQUY_DATABASE_URL"])
    try:
        await connection.copy_records_to_table("timers", schema_name="scheduler", columns=_TIMERS, records=rows)
        await connection.execute("analyze scheduler.timers")
        begin = datetime.now(UTC) + HEAD_START  # noqa: TID251 - as above
        dues = [(rows[100 * n][0], begin + timedelta(seconds=n * SPREAD_SECONDS / DUE)) for n in range(DUE)]
        await connection.executemany("update scheduler.timers set due_at = $2 where id = $1", dues)
    finally:
        await connection.close()
    idle = await _idle(spent)
    before, began = sum(spent().values()), time.monotonic()
    late: list[float] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(late) < DUE:
            await asyncio.sleep(0.5)
            seen = len(late)
            late = [float(row["late"]) for row in await database.fetch(_LATE)]
            for _ in range(len(late) - seen):
                tick()
    took = time.monotonic() - began
    cpu = sum(spent().values()) - before
    late.sort()
    note = (
        f"{DUE} of {SLEEPING} due within {SPREAD_SECONDS:.0f} s: late {1000 * statistics.median(late):.0f} ms at the "
        f"median, {1000 * late[int(0.99 * DUE) - 1]:.0f} ms at the 99th percentile, {1000 * late[-1]:.0f} ms at most; "
        f"{cpu:.1f} s of CPU in {took:.0f} s, of which doing nothing takes {idle * took:.1f}"
    )
    return Line("a timer, from when it is due to its commit", late, None, note)


async def _idle(spent: Spent) -> float:
    """CPU seconds that pass in a second in which nothing is to be done."""
    before = sum(spent().values())
    await asyncio.sleep(3.0)
    return (sum(spent().values()) - before) / 3.0
