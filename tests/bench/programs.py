"""What programs cost: a call of the HTTP API, an action that another service publishes, how soon a webhook arrives."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import aio_pika
import asyncpg
import httpx
import orjson

from tests.sites import Site

CALLS = 100
ACTIONS = 400
SESSIONS = 20
HOOKS = 20
MEASUREMENTS = 3
ENVIRONMENT = {"COLLOQUY_WEBHOOKS_PRIVATE": "true"}
"""What the system must be told: the receiver is on this machine."""
_PAYMENT = "colloquy.examples:data/questions/payment-received.yml"
_WARM_UP = 10


@dataclass(frozen=True)
class Measured:
    """One line: seconds of each round, and operations a second."""

    name: str
    seconds: list[float]
    per_second: float | None = None
    note: str = ""


async def measured(site: Site, tick: Callable[[], None]) -> list[Measured]:
    """All of it, on one running system of five processes."""
    _command(site, "users", "create", "programs@example.org", "--privilege", "admin", typed="Correct-horse-7")
    key = _command(site, "api-keys", "create", "programs@example.org", "bench")
    _command(site, "publishers", "allow", "guest", "--interview", _PAYMENT, "--action", "payment_received")
    headers = {"x-api-key": key.strip()}
    found = []
    async with httpx.AsyncClient(base_url=site.url, headers=headers, timeout=60) as http:
        for measure in (_calls, _actions, _webhooks):
            found.append(await measure(site, http))
            tick()
    return found


async def _begin(http: httpx.AsyncClient) -> str:
    code: str = (await http.get("/api/session/new", params={"i": _PAYMENT})).json()["session"]
    return code


async def _act(http: httpx.AsyncClient, code: str) -> None:
    fields = {"i": _PAYMENT, "session": code, "action": "payment_received", "arguments": {"amount": 1}}
    answer = await http.post("/api/session/action", json=fields)
    assert answer.status_code == 204, answer.text


async def _calls(_: Site, http: httpx.AsyncClient) -> Measured:
    code, seconds = await _begin(http), []
    for number in range(_WARM_UP + CALLS):
        began = time.perf_counter()
        await _act(http, code)
        if number >= _WARM_UP:
            seconds.append(time.perf_counter() - began)
    return Measured("API call that changes a session", seconds)


async def _actions(site: Site, http: httpx.AsyncClient) -> Measured:
    """From the first publication to the end of the last action."""
    codes = [await _begin(http) for _ in range(SESSIONS)]
    connection = await asyncpg.connect(site.environment["COLLOQUY_DATABASE_URL"])
    exchange = f"{site.environment['COLLOQUY_AMQP_PREFIX']}colloquy.actions"
    async with await aio_pika.connect(site.environment["COLLOQUY_AMQP_URL"]) as broker, broker.channel() as channel:
        to = await channel.get_exchange(exchange, ensure=False)
        began = time.perf_counter()
        for number in range(ACTIONS):
            data = {"interview": _PAYMENT, "session": codes[number % SESSIONS], "action": "payment_received"}
            event = {"specversion": "1.0", "id": f"bench {codes[0]} {number}", "source": "/bench"}
            body = orjson.dumps(
                {**event, "type": "colloquy.ActionRequested", "data": data | {"arguments": {"amount": 1}}}
            )
            await to.publish(aio_pika.Message(body, user_id="guest"), "action.guest")
        while await connection.fetchval("select count(*) from session.actions where status = 'done'") < ACTIONS:
            await asyncio.sleep(0.02)
        took = time.perf_counter() - began
    await connection.close()
    return Measured("actions from the exchange into sessions", [took / ACTIONS], ACTIONS / took, f"{SESSIONS} sessions")


async def _webhooks(_: Site, http: httpx.AsyncClient) -> Measured:
    """From the request that changes a session to the arrival of the webhook."""
    arrived: asyncio.Queue[float] = asyncio.Queue()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        await arrived.put(time.perf_counter())
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    code, seconds = await _begin(http), []
    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        made = (await http.post("/api/webhooks", json={"url": url, "i": _PAYMENT})).json()
        while arrived.empty():  # until the session service knows of it
            await _act(http, code)
            await asyncio.sleep(0.2)
        for _ in range(HOOKS):
            await asyncio.sleep(0.2)
            while not arrived.empty():
                arrived.get_nowait()
            began = time.perf_counter()
            await _act(http, code)
            seconds.append(await arrived.get() - began)
        await http.delete("/api/webhooks", params={"id": made["id"]})
    return Measured("webhook, from the change to its arrival", seconds)


def _command(site: Site, *words: str, typed: str = "") -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "services.cli", *words],
        cwd=site.folder,
        env={**os.environ, **site.environment},
        capture_output=True,
        text=True,
        input=typed,
        check=True,
    )
    return ended.stdout
