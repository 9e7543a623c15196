"""Many services ask many sessions for actions at once, every request comes twice, and one session service goes away."""

from __future__ import annotations

import asyncio

from shared.crypto.keys import ServerKeys
from tests.fault.serving import event, publish_all, serving


async def test_each_action_takes_effect_once_and_in_the_order_of_its_service(
    postgres_url: str, redis_url: str, amqp_url: str, server_keys: ServerKeys, rounds: int
) -> None:
    """With `--fault-rounds 20`: 50 services, 10,000 actions, 100 sessions."""
    services, actions, sessions = min(50, 10 * rounds), 500 * rounds, 5 * rounds
    async with serving(postgres_url, redis_url, amqp_url, server_keys) as running:
        browsers = [await running.session() for _ in range(sessions)]
        bodies: list[list[bytes]] = [[] for _ in range(services)]
        for number in range(actions):
            service, place = number % services, number // services
            session = browsers[(service * 7 + place) % sessions]
            bodies[service].append(event(f"{service}-{place}", session.code, f"{service}:{place}"))
        exchange = running.topology.actions
        publishing = asyncio.gather(*(publish_all(running.url, exchange, one) for one in bodies))
        await running.until_ended(actions // 3)
        await running.services[1].stop()
        await publishing
        await running.until_ended(actions)
        logs = [await browser.log() for browser in browsers]
    tokens = [token for log in logs for token in log]
    assert len(tokens) == len(set(tokens)) == actions
    for log in logs:
        for service in range(services):
            places = [int(token.partition(":")[2]) for token in log if token.partition(":")[0] == str(service)]
            assert places == sorted(places)
    assert {one.status for one in running.finished} == {"done"}
