"""What an open page costs: its check-ins, what is pushed to it, many at once, and the first load of a page.

`python -m tests.bench.live [--rounds N] [--pages N]` on its own; `make bench` has the same lines. The pages that listen
are held by this process, each as one bare connection, so that they cost it next to nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import psutil
from playwright.async_api import async_playwright

from tests import servers
from tests.bench.http import Client
from tests.bench.visitor import Visitor
from tests.sites import Site, distributed_site

INTERVIEWS = Path(__file__).with_name("interviews")
PAGES = 2000
MEASUREMENTS = 6
_VISITORS = 8
_WARM_UP = 30
_EVENTS = 20
_OPENED_AT_ONCE = 50


@dataclass(frozen=True)
class Measured:
    """One line: seconds of each round, operations a second, and what else there is to say."""

    name: str
    seconds: list[float]
    per_second: float | None = None
    memory_mib: float | None = None
    note: str = ""


class CheckingIn(Visitor):
    """A page that checks in as its script does."""

    sent_bytes = 0
    answered_bytes = 0

    async def check_in(self, *, runs_code: bool = True, **values: str) -> None:
        """One call, as after a change."""
        form = {
            "action": "checkin",
            "csrf_token": self.page["csrf_token"],
            "ajax": "1",
            "checkinCode": "0.4711081508150815",
            "_session": self.page["session"],
            "_operation": os.urandom(16).hex(),
            "acknowledged": "",
            "chatstatus": "off",
            "chatmode": "help",
        }
        if runs_code:
            parameters = {**values, "_initial": False, "_changed": "favorite_food"}
            form |= {"do_action": self.page["do_action"], "parameters": json.dumps(parameters)}
        answer = await self.client.post(self.page["check_in_url"], form)
        said = json.loads(answer.body)
        if not said.get("success") or len(said["commands"]) != int(runs_code):
            raise AssertionError(answer.text)
        self.sent_bytes, self.answered_bytes = len(urlencode(form)), len(answer.body)


class Listener(asyncio.Protocol):
    """One open page: says hello on a WebSocket, and notes when it is told something and how long that was."""

    def __init__(self, visitor: Visitor, heard: Callable[[int], None]) -> None:
        self._visitor, self._heard = visitor, heard
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._frames = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        client = self._visitor.client
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        key = base64.b64encode(os.urandom(16)).decode()
        head = (
            f"GET /ws HTTP/1.1\r\nHost: {client.host}:{client.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nCookie: {cookies}\r\n\r\n"
        )
        transport.write(head.encode())

    def data_received(self, data: bytes) -> None:
        """First the end of the handshake, then `watching`, then what there is to hear."""
        assert self._transport is not None
        if self._frames < 0:
            if b"\r\n\r\n" in data:
                self._frames = 0
                self._transport.write(_masked(self._visitor.hello().encode()))
            return
        self._frames += 1
        if self._frames == 1:
            self.ready.set_result(None)
        else:
            self._heard(len(data))

    def connection_lost(self, error: Exception | None) -> None:
        """Too early is a failure."""
        if not self.ready.done():
            self.ready.set_exception(AssertionError("A page was not let in."))

    def close(self) -> None:
        """Close the page."""
        if self._transport is not None:
            self._transport.abort()


def _masked(payload: bytes) -> bytes:
    """A text frame as browsers send it, with a mask of zeros."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + payload


async def check_ins(name: str, site: Site, rounds: int, *, runs_code: bool = True, **values: str) -> Measured:
    """Check-ins one after the other, then of several visitors at once."""
    visitors = [CheckingIn(Client("127.0.0.1", site.port), "bench:live.yml") for _ in range(_VISITORS)]
    for visitor in visitors:
        await visitor.open()
    one = visitors[0]
    seconds = []
    for number in range(_WARM_UP + rounds):
        began = time.perf_counter()
        await one.check_in(runs_code=runs_code, **values)
        if number >= _WARM_UP:
            seconds.append(time.perf_counter() - began)

    async def repeat(visitor: CheckingIn, times: int) -> None:
        for _ in range(times):
            await visitor.check_in(runs_code=runs_code, **values)

    each = max(rounds // _VISITORS, 10)
    await asyncio.gather(*(repeat(visitor, 5) for visitor in visitors))
    began = time.perf_counter()
    await asyncio.gather(*(repeat(visitor, each) for visitor in visitors))
    rate = each * _VISITORS / (time.perf_counter() - began)
    for visitor in visitors:
        await visitor.client.close()
    note = f"{one.sent_bytes} bytes sent, {one.answered_bytes} answered, without HTTP's heads"
    return Measured(name, seconds, rate, note=note)


async def many_pages(site: Site, pages: int) -> Measured:
    """Pages of one session on one gateway process, and how long it takes until the last one is told of an event."""
    visitor = Visitor(Client("127.0.0.1", site.port), "bench:posts.yml")
    await visitor.open()
    gateway = psutil.Process(site.processes["gateway"].pid)
    lengths: list[int] = []
    all_told = asyncio.Event()

    def heard(length: int) -> None:
        lengths.append(length)
        if len(lengths) == pages:
            all_told.set()

    loop = asyncio.get_running_loop()
    before = gateway.memory_full_info().uss
    listeners: list[Listener] = []
    for start in range(0, pages, _OPENED_AT_ONCE):
        several = [Listener(visitor, heard) for _ in range(min(_OPENED_AT_ONCE, pages - start))]
        await asyncio.gather(
            *(loop.create_connection(lambda one=one: one, visitor.client.host, visitor.client.port) for one in several)
        )
        await asyncio.gather(*(one.ready for one in several))
        listeners += several
    each_kib = (gateway.memory_full_info().uss - before) / pages / 1024
    seconds = []
    for _ in range(_EVENTS):
        lengths.clear()
        all_told.clear()
        began = time.perf_counter()
        posting = asyncio.create_task(visitor.submit(entry_name="Ana", entry_amount="12.50", entry_note="For the bus"))
        async with asyncio.timeout(30):
            await all_told.wait()
        seconds.append(time.perf_counter() - began)
        await posting
    for one in listeners:
        one.close()
    await visitor.client.close()
    note = f"{each_kib:.0f} KiB a page, {statistics.median(lengths):.0f} bytes a notice"
    return Measured(
        f"{pages} open pages, from the post to the last one told", seconds, None, pages * each_kib / 1024, note
    )


async def first_load(site: Site) -> Measured:
    """What a browser that knows nothing fetches for its first screen, in bytes as they cross the line."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=os.environ.get("COLLOQUY_CHROMIUM", "/usr/bin/chromium")
        )
        page = await browser.new_page()
        await page.goto(f"{site.url}interview?i=bench:live.yml&new_session=1", wait_until="networkidle")
        parts = await page.evaluate(TRANSFERRED)
        await browser.close()
    total = sum(parts.values())
    largest = sorted(parts.items(), key=lambda part: -part[1])[:4]
    said = ", ".join(f"{name} {size / 1000:.1f}" for name, size in largest)
    return Measured("first load of a page", [], note=f"{total / 1000:.1f} kB in {len(parts)} files; {said}")


TRANSFERRED = """() => Object.fromEntries(
    [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .filter((one) => !one.name.includes('/checkin'))
        .map((one) => [one.name.split('?')[0].split('/').pop() || 'page', one.encodedBodySize]))"""
"""Bytes of everything a page has fetched by name, compressed as it came, without HTTP's heads."""


async def measured(site: Site, rounds: int, pages: int, tick: Callable[[], None]) -> list[Measured]:
    """All lines, on one running system of five processes."""
    lines: list[Callable[[], Awaitable[Measured]]] = [
        lambda: check_ins("check-in, code that answers", site, rounds, favorite_food="soup"),
        lambda: check_ins(
            "check-in, code that saves a draft", site, rounds, favorite_food="soup", favorite_drink="tea"
        ),
        lambda: check_ins("check-in without code", site, rounds, runs_code=False),
        lambda: many_pages(site, 1),
        lambda: many_pages(site, pages),
        lambda: first_load(site),
    ]
    found = []
    for line in lines:
        found.append(await line())
        tick()
    return found


ENVIRONMENT = {"COLLOQUY_MAX_SOCKETS_PER_SESSION": str(2 * PAGES)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--pages", type=int, default=PAGES)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="colloquy-bench-") as name:
        os.environ.setdefault(servers.RUN_FOLDER, name)
        with distributed_site(Path(name) / "site", interviews=(INTERVIEWS,), environment=ENVIRONMENT) as site:
            found = asyncio.run(measured(site, given.rounds, given.pages, lambda: None))
    for one in found:
        milliseconds = sorted(1000 * seconds for seconds in one.seconds)
        said = f"p50 {statistics.median(milliseconds):.2f} ms, " if milliseconds else ""
        said += f"p95 {milliseconds[int(len(milliseconds) * 0.95) - 1]:.2f} ms, " if milliseconds else ""
        said += f"{one.per_second:.0f} a second, " if one.per_second else ""
        print(f"{one.name}: {said}{one.note}")


if __name__ == "__main__":
    main()
