"""A sweep visits few sessions at once, whatever number of its messages a process has in hand."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from services.session.operations import Request
from services.session.outcomes import Turned, bare_reply
from services.session.sweeps import SweepParts, Sweeps
from shared.contracts.session import VisitSessions
from shared.crypto.aead import SealBroken
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.ids import SessionCode, new_id
from tests.fault.rig import Rig

AT_ONCE = 3
_PLAN = """
insert into session.cron_runs (fire_id, session_id, is_background, cron_type, interview, planned_at)
select $1, id, false, 'cron_hourly', 'x:y.yml', now() from unnest($2::uuid[]) as s (id)
"""
_OPEN = "select count(*) from session.cron_runs where fire_id = $1 and status = 'waiting'"


class SlowTurns:
    """Turns that end when they are told to, and count how many there are at once."""

    def __init__(self) -> None:
        self.now = self.most = self.begun = 0
        self.may_end = asyncio.Event()

    async def run(self, request: Request) -> Turned:
        self.now += 1
        self.begun += 1
        self.most = max(self.most, self.now)
        await self.may_end.wait()
        self.now -= 1
        return Turned(bare_reply("missing", request.session_id, SessionCode("")))


def sweeps_of(rig: Rig, server_keys: ServerKeys, turns: object) -> Sweeps:
    """Sweeps that make their visits with these turns."""
    nobody = cast(Any, None)
    return Sweeps(
        SweepParts(
            database=rig.database,
            turns=cast(Any, turns),
            evaluator=nobody,
            outbox=nobody,
            envelopes=nobody,
            wake_relay=lambda: None,
            sealer=server_keys.at_rest,
            clock=SystemClock(),
            url_root="http://localhost/",
            inactive=nobody,
            inactive_people=nobody,
            at_once=AT_ONCE,
        )
    )


async def test_messages_in_hand_share_the_visits_there_may_be_at_once(rig: Rig, server_keys: ServerKeys) -> None:
    turns, fire_id = SlowTurns(), new_id()
    sweeps = sweeps_of(rig, server_keys, turns)
    messages = [
        VisitSessions(fire_id=fire_id, cron_type="cron_hourly", session_ids=tuple(new_id() for _ in range(4)))
        for _ in range(3)
    ]
    for message in messages:
        await rig.database.execute(_PLAN, fire_id, list(message.session_ids))
    visiting = asyncio.gather(*(sweeps.visit(message) for message in messages))
    async with asyncio.timeout(60):
        while turns.begun < AT_ONCE:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)  # time in which a further one would begin
    assert turns.most == AT_ONCE
    turns.may_end.set()
    await asyncio.wait_for(visiting, 60)
    assert (turns.begun, turns.most) == (12, AT_ONCE)
    assert await rig.database.fetchval(_OPEN, fire_id) == 0


class TurnsOnDamagedSessions:
    """Turns that find some sessions damaged."""

    def __init__(self, damaged: set[str]) -> None:
        self.damaged = damaged

    async def run(self, request: Request) -> Turned:
        if request.session_id in self.damaged:
            raise SealBroken
        return Turned(bare_reply("screen", request.session_id, SessionCode("")))


async def test_a_damaged_session_keeps_no_other_one_waiting(rig: Rig, server_keys: ServerKeys) -> None:
    ids, fire_id = [new_id() for _ in range(3)], new_id()
    sweeps = sweeps_of(rig, server_keys, TurnsOnDamagedSessions({ids[1]}))
    await rig.database.execute(_PLAN, fire_id, ids)
    await rig.database.execute(_PLAN.replace("false", "true"), fire_id, ids)
    await sweeps.visit(VisitSessions(fire_id=fire_id, cron_type="cron_hourly", session_ids=tuple(ids), with_twin=True))
    rows = await rig.database.fetch(
        "select session_id::text, is_background, status from session.cron_runs where fire_id = $1", fire_id
    )
    assert {tuple(row) for row in rows} == {
        (each, is_background, "failed" if each == ids[1] else "done") for each in ids for is_background in (False, True)
    }
