"""Sessions in which nothing happens any more are deleted, with what hangs on them (spec/area2 §2.9)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from services.session.inactive import Patience, count_inactive
from shared.contracts.events import WebhooksDue
from shared.contracts.session import DeletedSessions, DeleteInactive
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.mailbox.webhooks import Webhooks
from tests.fault.rig import INTERVIEW, Browser, Rig, new_visitor, running_rig

DAY = timedelta(days=1)


async def begun(rig: Rig, *, silent_for: timedelta) -> Browser:
    """A session in which nothing has happened for so long."""
    browser = Browser(rig.bus)
    reply = await browser.open()
    moment = SystemClock().now() - silent_for
    await rig.database.execute("update session.sessions set modified_at = $2 where id = $1", reply.session_id, moment)
    return browser


async def sweep(rig: Rig) -> DeletedSessions:
    return await rig.bus.request(DeleteInactive(), DeletedSessions, timeout_seconds=60)


async def is_there(browser: Browser) -> bool:
    return (await browser.open(may_create=False)).kind == "screen"


async def test_a_session_is_deleted_at_exactly_ninety_days_and_not_before(rig: Rig) -> None:
    gone, kept = await begun(rig, silent_for=90 * DAY), await begun(rig, silent_for=90 * DAY - timedelta(minutes=5))
    assert (await sweep(rig)).count == 1
    assert not await is_there(gone)
    assert await is_there(kept)


async def test_webhooks_are_told_at_once(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> None:
    webhooks = Webhooks(sealer=server_keys.at_rest, clock=SystemClock())
    async with running_rig(postgres_url, redis_url, server_keys) as before:
        made = await webhooks.add(
            before.database, 1, url="https://hook.example", events=["SessionDeleted"], interview=INTERVIEW
        )
    async with running_rig(postgres_url, redis_url, server_keys) as rig:  # it knows the webhook from its start
        await begun(rig, silent_for=91 * DAY)
        await sweep(rig)
        async with asyncio.timeout(30):
            while not rig.heard.of(WebhooksDue):
                await asyncio.sleep(0.01)
        assert await rig.database.fetchval("select count(*) from mailbox.webhook_deliveries") == 1
        await webhooks.remove(rig.database, made.id)


async def test_an_interview_may_have_a_rule_of_its_own(
    postgres_url: str, redis_url: str, server_keys: ServerKeys
) -> None:
    own = {INTERVIEW: 10.0}
    async with running_rig(
        postgres_url, redis_url, server_keys, interview_delete_days=0, interview_delete_days_by_filename=own
    ) as rig:
        gone, kept = await begun(rig, silent_for=11 * DAY), await begun(rig, silent_for=9 * DAY)
        await sweep(rig)
        assert not await is_there(gone)
        assert await is_there(kept)


@pytest.mark.parametrize("given", [{"interview_delete_days": 0}, {"interview_delete_days_by_filename": {INTERVIEW: 0}}])
async def test_no_days_keep_sessions_for_ever(
    postgres_url: str, redis_url: str, server_keys: ServerKeys, given: dict[str, object]
) -> None:
    async with running_rig(postgres_url, redis_url, server_keys, **given) as rig:
        browser = await begun(rig, silent_for=5000 * DAY)
        await sweep(rig)
        assert await is_there(browser)


async def test_it_is_deleted_for_everybody_who_takes_part(rig: Rig) -> None:
    browser = await begun(rig, silent_for=timedelta())
    reply = await browser.submit(multi_user="on")
    await browser.joined_by(new_visitor("t2")).submit(token="b")
    long_ago = SystemClock().now() - 91 * DAY
    await rig.database.execute("update session.sessions set modified_at = $2 where id = $1", reply.session_id, long_ago)
    await sweep(rig)
    assert not await is_there(browser)


async def test_tasks_notices_files_and_keys_go_too(rig: Rig) -> None:
    browser = Browser(rig.bus)
    await browser.open()
    reply = await browser.submit(launch="append")
    session_id, long_ago = reply.session_id, SystemClock().now() - 91 * DAY
    await rig.database.execute(
        "insert into session.notices (session_id, audience, payload_sealed, created_at) values ($1, 't1', '', $2)",
        session_id,
        long_ago,
    )
    await rig.database.execute("update session.sessions set modified_at = $2 where id = $1", session_id, long_ago)
    await sweep(rig)
    for table in ("session.notices", "session.wraps", "session.steps", "session.attachments", "tasks.tasks"):
        assert await rig.database.fetchval(f"select count(*) from {table} where session_id = $1", session_id) == 0


async def test_somebody_who_comes_back_keeps_the_session(rig: Rig) -> None:
    browser = await begun(rig, silent_for=200 * DAY)
    await browser.submit(token="back")
    await sweep(rig)
    assert await browser.log() == ["back"]


async def test_an_operator_sees_how_many_there_are_without_deleting(rig: Rig) -> None:
    browser = await begun(rig, silent_for=91 * DAY)
    rows = await count_inactive(rig.database, Patience(), now=SystemClock().now())
    assert [(row["interview"], row["sessions"] >= 1) for row in rows] == [(INTERVIEW, True)]
    assert await is_there(browser)
    await sweep(rig)
