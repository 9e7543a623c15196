"""Many writers on one session, and the trouble they get: everything they were answered, for the history checker.

A writer repeats an operation under the same id until it is answered, as a browser does. What a process that was killed
had in hand is answered by another one, once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from shared.bus.port import BusUnavailable, RequestRefused, RequestTimedOut
from shared.contracts.session import SessionRequest, TurnReply
from shared.kernel.ids import uniform
from tests.fault.cluster import Cluster
from tests.fault.history import Answered, Kind, Seen
from tests.fault.rig import Browser


@dataclass
class Journal:
    """What all writers were answered."""

    answered: list[Answered] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    backs: dict[str, TurnReply] = field(default_factory=dict)
    task_tokens: set[str] = field(default_factory=set)
    overtaken: int = 0
    repeated: int = 0

    def note_repetition(self) -> None:
        self.repeated += 1


class Writer:
    """One page that shows the session."""

    def __init__(self, browser: Browser, journal: Journal, name: str, *, slow_seconds: float) -> None:
        self._browser = browser
        self._journal = journal
        self._name = name
        self._slow_seconds = slow_seconds
        self._number = 0
        self._kinds: Sequence[Callable[[], Awaitable[None]]] = (
            self._post,
            self._post,
            self._act,
            self._check_in,
            self._write,
            self._write_in_place,
            self._launch,
            self._look,
            self._be_slow,
            *([self._back] if browser.goes_back else []),
        )

    async def work(self, count: int) -> None:
        """Do so many operations, one after the other, in any order."""
        for _ in range(count):
            await self._kinds[int(uniform(0, len(self._kinds)))]()
            await asyncio.sleep(uniform(0, 0.05))

    def _token(self) -> str:
        self._number += 1
        return f"{self._name}{self._number}"

    async def _post(self, **words: object) -> None:
        token = self._token()
        await self._append("step", token, self._browser.post(token=token, **words))

    async def _be_slow(self) -> None:
        await self._post(sleep=str(self._slow_seconds))

    async def _launch(self) -> None:
        token = f"{self._token()}-task"
        self._journal.task_tokens.add(token)
        await self._post(launch="work", task={"response_action": {"token": token}})

    async def _act(self) -> None:
        token = self._token()
        await self._append("step", token, self._browser.action(token=token))

    async def _check_in(self) -> None:
        token = self._token()
        reply = await self._answer(self._browser.checking_in(token=token))
        assert reply.commands is not None
        length = int(reply.commands.value[0].value)
        self._journal.answered.append(Answered("in_place", token, reply.version, length=length))

    async def _write(self) -> None:
        token = self._token()
        await self._append("step", token, self._browser.writing(token=token))

    async def _write_in_place(self) -> None:
        token = self._token()
        await self._append("in_place", token, self._browser.writing(is_new_step=False, token=token))

    async def _look(self) -> None:
        reply = await self._answer(self._browser.opening())
        self._journal.seen.append(Seen(reply.version, self._browser.shown_log(reply)))

    async def _back(self) -> None:
        message = self._browser.going_back()
        self._journal.backs[message.operation_id] = await self._answer(message)

    async def _append(self, kind: Kind, token: str, message: SessionRequest) -> None:
        reply = await self._answer(message)
        view = self._browser.shown_log(reply) if reply.screen else None
        self._journal.answered.append(Answered(kind, token, reply.version, view))

    async def _answer(self, message: SessionRequest) -> TurnReply:
        reply = await answer_of(self._browser, message, on_repeat=self._journal.note_repetition)
        self._journal.overtaken += reply.overtaken
        return reply


async def answer_of(
    browser: Browser, message: SessionRequest, *, on_repeat: Callable[[], None] | None = None
) -> TurnReply:
    """Ask until there is an answer, as a browser does: the same operation again."""
    while True:
        try:
            reply = await browser.send(message)
        except (RequestTimedOut, BusUnavailable):
            pass
        except RequestRefused as refused:
            if not refused.is_retryable:
                raise
        else:
            assert reply.kind not in ("missing", "locked_out"), reply.kind
            if reply.kind != "problem":  # an interview process was killed: nothing was saved, ask again
                return reply
        if on_repeat is not None:
            on_repeat()
        await asyncio.sleep(0.05)


async def all_tasks_ended(cluster: Cluster) -> int:
    """How many tasks were taken in, once none is under way."""
    while await cluster.database.fetchval("select count(*) from tasks.tasks where ended_at is null"):
        await asyncio.sleep(0.05)
    return int(await cluster.database.fetchval("select count(*) from tasks.tasks where state = 'succeeded'"))


async def kill_now_and_then(cluster: Cluster, *, pause_seconds: float) -> None:
    """Kill one process after the other and start it again, until cancelled."""
    while True:
        for process in cluster.processes:
            await asyncio.sleep(pause_seconds * uniform(0.5, 1.5))
            await process.kill()
            cluster.kills += 1
            await process.start()


async def freeze_now_and_then(cluster: Cluster, *, pause_seconds: float, frozen_seconds: float) -> None:
    """Freeze Redis for a while, again and again, until cancelled."""
    try:
        while True:
            await asyncio.sleep(pause_seconds * uniform(0.5, 1.5))
            cluster.redis_line.freeze()
            cluster.freezes += 1
            await asyncio.sleep(frozen_seconds)
            cluster.redis_line.thaw()
    finally:
        cluster.redis_line.thaw()
