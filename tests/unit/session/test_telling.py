"""Who is told that webhooks are to be sent: only when there are some."""

from __future__ import annotations

import asyncio

import pytest

from shared.contracts.events import SessionChanged, WebhooksDue
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.mailbox.webhooks import EVENTS, Webhooks
from tests.fault.rig import INTERVIEW, Browser, running_rig


@pytest.mark.parametrize(("listens_to", "is_told"), [("another:*", False), ("*", True), (INTERVIEW, True)])
async def test_the_bell_rings_for_interviews_that_somebody_listens_to(
    postgres_url: str, redis_url: str, server_keys: ServerKeys, listens_to: str, is_told: bool
) -> None:
    webhooks = Webhooks(sealer=server_keys.at_rest, clock=SystemClock())
    async with running_rig(postgres_url, redis_url, server_keys) as before:
        made = await webhooks.add(before.database, 1, url="https://hook.example", events=EVENTS, interview=listens_to)
    async with running_rig(postgres_url, redis_url, server_keys) as rig:  # it knows the webhook from its start
        browser = Browser(rig.bus)
        await browser.open()
        await browser.submit(token="a")
        async with asyncio.timeout(30):
            while not rig.heard.of(SessionChanged):
                await asyncio.sleep(0.01)
        await browser.end("delete")
        async with asyncio.timeout(30):
            while not [one for one in rig.heard.of(SessionChanged) if one.cause == "deleted"]:
                await asyncio.sleep(0.01)
        written = await rig.database.fetchval("select count(*) from mailbox.webhook_deliveries")
        await webhooks.remove(rig.database, made.id)
    assert bool(rig.heard.of(WebhooksDue)) is is_told
    assert bool(written) is is_told
