"""Every service is replaced, pod by pod, while people work: nothing of that is to be seen.

The tables are then already those of a newer release, which an upgrade has brought and which stay when it is taken back:
what is started on them is older than they are.

Short in the whole suite, with one of two pods replaced; `make test-faults` makes it long: both, and 50 requests a
second. `-s` shows the figures.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from shared.storage.database import Database
from tests import servers
from tests.bench.http import Client
from tests.fault.conftest import INTERVIEWS
from tests.fault.fleet import Fleet, fleet
from tests.fault.open_page import INTERVIEW, OpenPage
from tests.sites import SERVICES

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1200)]

PEOPLE = 6
KINDS = ("form", "task", "form", "timer")
PATIENCE_SECONDS = 90.0
SERVICE_RESTART = 1012
MEASURED = {
    "gateway": "http_seconds_count",
    "session": "turn_seconds_count",
    "worker": "task_seconds_count",
    "scheduler": "timers_rung_total",
    "mail": "database_connections_limit",
}
"""What each service must have counted when all is over."""
_TABLES = """
select format('%I.%I', schemaname, tablename) as name from pg_tables
where schemaname in (select schema_name from colloquy.migrations) order by 1
"""
_RECORD_A_NEWER_RELEASE = """
insert into colloquy.migrations (schema_name, number, name, checksum)
select schema_name, max(number) + 1, 'newer', 'of a newer release' from colloquy.migrations group by schema_name
"""


class Person(OpenPage):
    """Posts form after form, never twice, and has the page open meanwhile."""

    def __init__(self, fleet: Fleet) -> None:
        self.client = Client(fleet.host, fleet.port)
        self.interview = INTERVIEW.format(name="rolling")
        self.hidden, self.page, self.body, self.commands = {}, {}, "", []
        self.posted: list[int] = []
        self.of_kind: dict[str, list[int]] = {kind: [] for kind in KINDS}
        self.told_version = 0

    async def post(self) -> None:
        number, kind = len(self.posted), KINDS[len(self.posted) % len(KINDS)]
        await self.submit(entry=str(number), kind=kind)
        self.posted.append(number)
        self.of_kind[kind].append(number)

    async def lists(self) -> tuple[list[int], list[int], list[int]]:
        await self.look()
        entries, worked, rung = json.loads(self.text)
        return entries, worked, rung


@dataclass
class Traffic:
    """So many requests a second, as long as it is wanted; what went wrong is kept."""

    people: list[Person]
    per_second: float
    failures: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    closes: Counter[int] = field(default_factory=Counter)
    """Of live connections, by their codes."""
    refusals: list[str] = field(default_factory=list)
    reached: float = 0.0
    """Requests a second, as many as the machine could answer of those that were wanted."""
    _is_over: bool = False

    @contextlib.asynccontextmanager
    async def flowing(self):  # type: ignore[no-untyped-def]
        began = time.monotonic()
        posting = [asyncio.create_task(self._post(person)) for person in self.people]
        watching = [asyncio.create_task(self._watch(person)) for person in self.people]
        try:
            yield
        finally:
            self._is_over = True
            await asyncio.gather(*posting)
        self.reached = len(self.seconds) / (time.monotonic() - began)
        await self._until_told()
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)

    async def _post(self, person: Person) -> None:
        pause = len(self.people) / self.per_second
        due = time.monotonic()
        while not self._is_over:
            began = time.monotonic()
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await person.post()
            except Exception as error:
                self.failures.append(f"{type(error).__name__}: {error}"[:300])
                return
            self.seconds.append(time.monotonic() - began)
            due = max(due + pause, time.monotonic() - 2 * pause)
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _watch(self, person: Person) -> None:
        """The live connection; when it is closed, the next one, as the page's script makes it."""
        while True:
            try:
                async with person.listening_live() as live:
                    while True:
                        change = json.loads(await live.recv())
                        person.told_version = max(person.told_version, change.get("version", 0))
            except ConnectionClosed as closed:
                self.closes[closed.rcvd.code if closed.rcvd else 1006] += 1
            except (OSError, InvalidHandshake, TimeoutError) as error:
                self.refusals.append(f"{type(error).__name__}: {error}")
            await asyncio.sleep(0.1)

    async def _until_told(self) -> None:
        """Every page is told of the newest version, by its last connection; one more change for each makes sure."""
        for person in self.people:
            if not self.failures:
                await person.submit(entry="0", kind="end")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while any(person.told_version < person.page["version"] for person in self.people):
                    await asyncio.sleep(0.1)


@pytest.fixture
def per_second(rounds: int) -> float:
    return 50.0 if rounds > 1 else 6.0


@pytest.fixture
def replaced(rounds: int) -> int | None:
    """How many of the two pods of a service."""
    return None if rounds > 1 else 1


async def test_a_rolling_restart_of_every_service_is_not_noticed(
    tmp_path: Path, redis_url: str, amqp_url: str, name_prefix: str, per_second: float, replaced: int | None
) -> None:
    with servers.own_database(servers.postgres_server()) as database_url:
        async with fleet(
            tmp_path,
            COLLOQUY_DATABASE_URL=database_url,
            COLLOQUY_REDIS_URL=redis_url,
            COLLOQUY_AMQP_URL=amqp_url,
            COLLOQUY_AMQP_PREFIX=f"{name_prefix}.",
            COLLOQUY_INTERVIEW_PATH=str(INTERVIEWS),
            COLLOQUY_POSTS_PER_MINUTE="0",
        ) as cluster:
            await asyncio.gather(*(cluster.start(service) for service in SERVICES for _ in range(2)))
            people = [Person(cluster) for _ in range(PEOPLE)]
            await asyncio.gather(*(person.open() for person in people))
            traffic = Traffic(people, per_second)
            async with traffic.flowing():
                await bring_tables_of_a_newer_release(database_url)
                for service in SERVICES:
                    await cluster.roll(service, most=replaced)
            print(f"{len(traffic.seconds)} requests, {traffic.reached:.1f} a second of {per_second:g} wanted")
            print(f"the slowest took {max(traffic.seconds):.2f} s; {dict(traffic.closes)}")
            print({name: round(seconds, 1) for name, seconds in cluster.stops.items()})
            assert traffic.failures == []
            assert traffic.refusals == []
            assert set(traffic.closes) == {SERVICE_RESTART}
            assert [person for person in people if person.told_version < person.page["version"]] == []
            for person in people:
                await nothing_is_lost(person)
            for service, metric in MEASURED.items():
                numbers = [await asyncio.to_thread(pod.measured, metric) for pod in cluster.of(service)]
                assert sum(numbers) > 0, metric


async def bring_tables_of_a_newer_release(database_url: str) -> None:
    """Every table has a column more, as the release after this one may add them while this one runs."""
    database = Database(url=database_url)
    await database.start()
    try:
        for row in await database.fetch(_TABLES):
            await database.execute(f"alter table {row['name']} add column of_a_newer_release text")
        await database.execute(_RECORD_A_NEWER_RELEASE)
    finally:
        await database.stop()


async def nothing_is_lost(person: Person) -> None:
    """What was posted was saved once; each task and each timer has worked once."""
    until = time.monotonic() + PATIENCE_SECONDS
    entries, worked, rung = await person.lists()
    while time.monotonic() < until and (
        len(worked) < len(person.of_kind["task"]) or len(rung) < len(person.of_kind["timer"])
    ):
        await asyncio.sleep(0.2)
        entries, worked, rung = await person.lists()
    assert entries == person.posted
    assert sorted(worked) == person.of_kind["task"]
    assert sorted(rung) == person.of_kind["timer"]
