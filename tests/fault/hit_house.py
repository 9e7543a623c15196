"""The services, and the servers below them, hit one after another while something goes on."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from tests.fault.conftest import INTERVIEWS
from tests.fault.own_servers import own_broker, own_postgres
from tests.fault.storm import Server
from tests.sites import SERVICES, Site, service_command, site_on

PATIENCE_SECONDS, STANDS_SECONDS = 600.0, 240.0
_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class House:
    """The services, and the servers below them that can be hit."""

    site: Site
    servers: Mapping[str, Server]


@contextlib.asynccontextmanager
async def hit_house(
    folder: Path, *, redis_url: str, amqp_url: str, is_broker_killed: bool, environment: Mapping[str, str]
) -> AsyncIterator[House]:
    """All but the scheduler, on a PostgreSQL and a broker of their own."""
    async with (
        own_postgres(folder / "p") as postgres,
        own_broker(amqp_url, is_killed=is_broker_killed) as broker,
    ):
        started = site_on(
            folder,
            interviews=[INTERVIEWS],
            commands={name: service_command(name) for name in SERVICES if name != "scheduler"},
            database_url=postgres.url,
            redis_url=redis_url,
            amqp_url=broker.url,
            environment=environment,
        )
        site = await asyncio.to_thread(started.__enter__)  # in a thread: a line to the broker may run in this one
        try:
            yield House(site, {"postgres": postgres, "rabbit": broker})
        finally:
            await asyncio.to_thread(started.__exit__, None, None, None)


async def _nothing(_: str) -> None:
    """Nobody looks."""


@dataclass
class Trouble:
    """Kills these services and all servers in turn, and starts them again."""

    house: House
    services: Sequence[str]
    stands: Callable[[], bool]
    """Whether the next may be hit."""
    looks: Callable[[str], Awaitable[None]] = _nothing
    """Called with the name of a service that is dead, before it is started again."""
    hits: Counter[str] = field(default_factory=Counter)

    async def until(self, is_over: asyncio.Event) -> None:
        """Go on until it is over and each was hit; all stand again then."""
        names = (*self.services, *self.house.servers)
        for name in cycle(names):
            if is_over.is_set() and len(self.hits) == len(names):
                return
            await asyncio.sleep(_PAUSE_SECONDS)
            await self._hit(name)
            await self._stands_again()

    async def _hit(self, name: str) -> None:
        self.hits[name] += 1
        if name in self.house.servers:
            await self.house.servers[name].strike()
            return
        await asyncio.to_thread(self.house.site.kill, name)
        await self.looks(name)
        self.house.site.start(name)

    async def _stands_again(self) -> None:
        """Start what has ended by itself, as its supervisor does, until the house stands."""
        ends = time.monotonic() + STANDS_SECONDS
        while time.monotonic() < ends:
            for name, process in list(self.house.site.processes.items()):
                if process.poll() is not None:
                    await self.looks(name)
                    self.house.site.start(name)
            if await asyncio.to_thread(self.stands):
                return
            await asyncio.sleep(0.2)
