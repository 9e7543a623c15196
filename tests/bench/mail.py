"""Mail into sessions, over real SMTP: how many a second are kept, how long until the result is saved, and what a large
one takes.

Kept means that the sender was told 250. The delay is from there to the commit of the response action that files the
mail, by the clock of the database. Memory is the highest that the mail service had while it took a mail of 25 MB.
"""

from __future__ import annotations

import asyncio
import re
import smtplib
import time
from collections.abc import Callable
from dataclasses import dataclass
from email import policy

import psutil

from shared.storage.database import Database
from tests.bench.http import Client
from tests.bench.visitor import Visitor
from tests.letters import letter
from tests.sites import Site, free_port

SENDERS, MAILS, FILED = 8, 400, 60
MEASUREMENTS = MAILS + FILED + 1
LARGE_BYTES = 18 * 1024 * 1024
"""Of a file: as base64, with its line ends, about 25 MB."""
SMTP_PORT = free_port()
ENVIRONMENT = {
    "COLLOQUY_SMTP_PORT": str(SMTP_PORT),
    "COLLOQUY_SMTP_MAILS_PER_MINUTE": "0",
    "COLLOQUY_MAILS_PER_ADDRESS_HOUR": "1000000",
    "COLLOQUY_SMTP_MAX_BYTES": str(64 * 1024 * 1024),
}
PATIENCE_SECONDS = 120.0
_ADDRESS = re.compile(r"[a-z]{6}@[a-z0-9.]+")

_DONE = """
select count(*) from mailbox.mails where session_id = (select session_id from mailbox.addresses where local_part = $1)
       and action = 'done'
"""


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    name: str
    seconds: list[float]
    per_second: float | None
    memory_mib: float | None = None
    note: str = ""


async def measured(site: Site, tick: Callable[[], None]) -> list[Line]:
    """All lines."""
    database = Database(url=site.environment["COLLOQUY_DATABASE_URL"], minimum=1, maximum=2)
    await database.start()
    try:
        address = await _address(site)
        filed = await _filed(database, address, tick)
        return [await _kept(await _address(site), tick), filed, await _large(site, await _address(site), tick)]
    finally:
        await database.stop()


async def _address(site: Site) -> str:
    """A new session's."""
    client = Client("127.0.0.1", site.port)
    try:
        visitor = Visitor(client, "bench:data/questions/post.yml")
        await visitor.open()
    finally:
        await client.close()
    found = _ADDRESS.search(visitor.body)
    assert found is not None, visitor.body
    return found[0]


async def _kept(address: str, tick: Callable[[], None]) -> Line:
    def send(number: int) -> list[float]:
        times = []
        with smtplib.SMTP("127.0.0.1", SMTP_PORT, timeout=60) as server:
            for index in range(MAILS // SENDERS):
                message = letter(address, subject=f"{number} {index}", text="Some words.\n" * 20).as_bytes(
                    policy=policy.SMTP
                )
                began = time.perf_counter()
                server.sendmail("ann@example.org", [address], message)
                times.append(time.perf_counter() - began)
                tick()
        return times

    began = time.perf_counter()
    found = await asyncio.gather(*(asyncio.to_thread(send, number) for number in range(SENDERS)))
    seconds = time.perf_counter() - began
    return Line("mail kept, over SMTP", [one for times in found for one in times], MAILS / seconds)


async def _filed(database: Database, address: str, tick: Callable[[], None]) -> Line:
    """One after another: from 250 until its result is saved."""
    times = []
    name = address.partition("@")[0]
    with smtplib.SMTP("127.0.0.1", SMTP_PORT, timeout=60) as server:
        for number in range(FILED):
            message = letter(address, subject=f"Filed {number}").as_bytes(policy=policy.SMTP)
            await asyncio.to_thread(server.sendmail, "ann@example.org", [address], message)
            began = time.perf_counter()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await database.fetchval(_DONE, name) <= number:
                    await asyncio.sleep(0.002)
            times.append(time.perf_counter() - began)
            tick()
    return Line("from 250 to the saved result", times[10:], None)


async def _large(site: Site, address: str, tick: Callable[[], None]) -> Line:
    process = psutil.Process(site.processes["mail"].pid)
    before = highest = process.memory_info().rss
    message = letter(address, subject="Large")
    message.add_attachment(bytes(LARGE_BYTES), maintype="application", subtype="octet-stream", filename="large.bin")
    raw = message.as_bytes(policy=policy.SMTP)

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", SMTP_PORT, timeout=120) as server:
            server.sendmail("ann@example.org", [address], raw)

    began = time.perf_counter()
    sending = asyncio.create_task(asyncio.to_thread(send))
    while not sending.done():
        highest = max(highest, process.memory_info().rss)
        await asyncio.sleep(0.01)
    await sending
    tick()
    seconds = time.perf_counter() - began
    note = f"{len(raw) / 2**20:.0f} MiB; the mail service had {before / 2**20:.0f} MiB before"
    return Line("a mail of 25 MB", [seconds], None, highest / 2**20, note)
