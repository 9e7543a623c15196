"""What administrators are told of all sessions costs little, however many there are."""

from __future__ import annotations

from services.session.overview import SessionOverview
from shared.contracts.operators import Oversee
from shared.kernel.clock import ManualClock, SystemClock
from tests.fault.rig import Browser, Rig

_MANY = """
insert into session.sessions (id, interview, code_hash, code_sealed, version, steps, created_at, modified_at)
select gen_random_uuid(), 'a.b:data/questions/many.yml', decode(md5(n::text), 'hex'), '', 1, 1, now(), now()
from generate_series(1, $1) n
"""


async def sessions(overview: SessionOverview) -> int:
    return sum(one.sessions for one in (await overview.of(Oversee())).interviews)


async def test_few_sessions_are_counted_at_every_look(browser: Browser, rig: Rig) -> None:
    clock = ManualClock(SystemClock().now())
    overview = SessionOverview(database=rig.database, clock=clock)
    before = await sessions(overview)
    await browser.open()
    await clock.advance(0.01)
    assert await sessions(overview) == before + 1


async def test_many_sessions_are_counted_again_after_a_second_for_every_two_thousand(
    browser: Browser, rig: Rig
) -> None:
    clock = ManualClock(SystemClock().now())
    await rig.database.execute(_MANY, 8000)
    overview = SessionOverview(database=rig.database, clock=clock)
    counted_at = clock.now()
    number = await sessions(overview)
    await browser.open()
    await clock.advance(3.9)
    assert (await overview.of(Oversee())).counted_at == counted_at
    assert await sessions(overview) == number
    await clock.advance(1)
    assert await sessions(overview) == number + 1
    assert (await overview.of(Oversee())).counted_at == clock.now()
