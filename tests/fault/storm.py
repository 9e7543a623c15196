"""Processes and servers are killed and started again at random, while pages launch tasks; and what is counted then."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import httpx

from shared.kernel.ids import uniform
from tests.fault.open_page import OpenPage
from tests.sites import Site

T = TypeVar("T")

WEIGHTS = {"worker": 45, "session": 25, "redis": 15, "postgres": 10, "rabbit": 5}
"""How often each kind is hit, of a hundred times."""
PAUSE_SECONDS = (0.1, 1.2)
AGAIN_SECONDS = 0.4
_FAILURES = (AssertionError, OSError, asyncio.IncompleteReadError, ValueError, TimeoutError)
ANSWER_SECONDS = 90.0


def one_of(choices: Sequence[T]) -> T:
    """Any of them."""
    return choices[min(int(uniform(0, len(choices))), len(choices) - 1)]


class Server(Protocol):
    """A server that can be hit."""

    async def strike(self) -> None:
        """Kill it and start it again."""
        ...


class StormyPage(OpenPage):
    """A page that sends its form again, with the same id, until it is answered: what the page's script does."""

    def __init__(self, site: Site, name: str) -> None:
        super().__init__(site, name)
        self.launched = 0
        self._turn = asyncio.Lock()

    async def insist(self, step: Any) -> None:
        """Do a step until it succeeds."""
        while True:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await step()
                return
            except _FAILURES:
                await self.client.close()
                await asyncio.sleep(AGAIN_SECONDS)

    async def launch(self, count: int) -> None:
        """Post a form that launches tasks."""
        async with self._turn:
            await self.insist(lambda: self.submit(batch=str(count)))
            self.launched += count

    async def told_of_all(self) -> Counter[int]:
        """Check in until there is a notice for every task; how often each came."""
        told: Counter[int] = Counter()
        while len(told) < self.launched:
            await self.insist(self.check_in)
            told = Counter(command["notice"] for command in self.commands)
            await asyncio.sleep(0.1)
        return told


@dataclass
class Storm:
    """Who may be hit, by what."""

    site: Site
    servers: dict[str, Server]
    kills: Counter[str] = field(default_factory=Counter)
    ended_by_themselves: Counter[str] = field(default_factory=Counter)

    async def hit(self) -> None:
        """Kill one of them and start it again; a service need not be ready yet when this returns."""
        kind = one_of([kind for kind, weight in WEIGHTS.items() for _ in range(weight)])
        self.kills[kind] += 1
        if kind in self.servers:
            await self.servers[kind].strike()
            return
        name = one_of([name for name in self.site.commands if name.startswith(kind)])
        await asyncio.to_thread(self.site.kill, name)
        self.site.start(name)

    async def pause(self) -> None:
        """Some time passes."""
        await asyncio.sleep(uniform(*PAUSE_SECONDS))

    async def keep_up(self) -> None:
        """Start again what has ended by itself, as whoever looks after services does."""
        while True:
            for name, process in tuple(self.site.processes.items()):
                if process.poll() is not None:
                    self.ended_by_themselves[f"{name}, status {process.returncode}"] += 1
                    self.site.start(name)
            await asyncio.sleep(0.2)


class Operator:
    """Revokes tasks that have not ended, now and then."""

    def __init__(self, site: Site, token: str) -> None:
        self._http = httpx.AsyncClient(base_url=site.url, headers={"authorization": f"Bearer {token}"}, timeout=20)
        self.revoked: set[str] = set()

    async def revoke_one(self) -> None:
        """One of those that are open, if it can be asked."""
        with contextlib.suppress(httpx.HTTPError):
            lines = await self._http.get("/api/tasks", params={"state": "open"})
            open_tasks = lines.json() if lines.status_code == 200 else []
            if open_tasks:
                task = one_of(open_tasks)["id"]
                answer = await self._http.post(f"/api/tasks/{task}/revoke")
                if answer.status_code == 202:
                    self.revoked.add(task)

    async def close(self) -> None:
        await self._http.aclose()
