"""Who may work on a session now: one turn at a time, waiters in order, nobody waits longer than four seconds.

The lock spares conflicts, it does not prevent them: what keeps changes from being lost is the version check of the
commit (store.py). So Redis may be lost or paused: turns then go on unguarded. How Redis does each step stands in
lock_scripts.py.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from services.session import lock_scripts
from shared.kernel.clock import Clock
from shared.kernel.ending import end
from shared.kernel.ids import SessionId, new_token
from shared.kernel.now_and_then import Errand
from shared.storage.errors import RedisUnavailable
from shared.storage.redis import Redis, RedisRefused

log = structlog.get_logger()

_QUEUE_LIFE_MS = 120_000
_VERSION_LIFE_MS = 2_000
"""Longer than a turn works on what it read before it had the lock."""
_LOOK_AGAIN_MARGIN_SECONDS = 0.02
_LOST = (RedisUnavailable, RedisRefused)


@dataclass(eq=False, slots=True)
class Lease:
    """A turn's right to work on a session."""

    session_id: SessionId
    token: str
    is_guarded: bool = True
    """False when Redis could not be asked: only the version check stands guard."""
    has_overtaken: bool = False
    """It waited the limit and went on without the holder."""
    is_lost: bool = False
    """Somebody who waited the limit has overtaken this holder."""
    waited_seconds: float = 0.0
    is_immediate: bool = False
    """It was free when it was asked for."""
    version_before: int | None = None
    """What the last holder has saved, when that was a moment ago."""
    saved_version: int | None = None
    """What this holder has saved, for whoever comes next."""


@dataclass(eq=False, slots=True)
class _Waiter:
    """A turn in the queue; `woken` is set when it may look whether it has been given the lock."""

    woken: asyncio.Event = field(default_factory=asyncio.Event)
    is_granted: bool = False


class SessionLockService:
    """Locks of sessions in Redis; a Component: one per process, it listens for its waiters' turns.

    `wait_seconds` is the four-second rule; `lease_seconds` is how long a lock outlives a process that died.
    """

    def __init__(self, *, redis: Redis, clock: Clock, wait_seconds: float = 4.0, lease_seconds: float = 2.0) -> None:
        self._redis = redis
        self._clock = clock
        self._wait_seconds = wait_seconds
        self._lease_seconds = lease_seconds
        self._lease_ms = int(lease_seconds * 1000)
        self._channel = f"colloquy:lock:wake:{new_token(9)}"
        self._acquire = redis.script(lock_scripts.ACQUIRE)
        self._look_again = redis.script(lock_scripts.LOOK_AGAIN)
        self._take_over = redis.script(lock_scripts.TAKE_OVER)
        self._firm = redis.script(lock_scripts.FIRM)
        self._renew = redis.script(lock_scripts.RENEW)
        self._release = redis.script(lock_scripts.RELEASE)
        self._waiters: dict[str, _Waiter] = {}
        self._held: dict[str, Lease] = {}
        self._errands: set[asyncio.Task[None]] = set()
        self._services: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to listen and to renew."""
        listening = asyncio.Event()
        self._services = [
            asyncio.create_task(self._listen(listening), name="lock-listen"),
            asyncio.create_task(self._keep_renewing(), name="lock-renew"),
        ]
        await listening.wait()

    async def stop(self) -> None:
        """Let go of everything that is still held, then stop listening."""
        for lease in list(self._held.values()):
            self.release(lease)
        while self._errands:
            await asyncio.gather(*self._errands, return_exceptions=True)
        services, self._services = self._services, []
        await end(*services)

    async def acquire(self, session_id: SessionId, *, firm_seconds: float = 0.0) -> Lease:
        """Wait for the session, at most `wait_seconds`, then go on; never raises for a lost Redis.

        With `firm_seconds` the lock, once held, cannot be overtaken for that long: whoever meets a holder like that
        waits for it. The caller must `release` what it gets.
        """
        lease = Lease(session_id, f"{session_id}/{new_token(9)}")
        waiter = self._waiters[lease.token] = _Waiter()
        began = self._clock.monotonic()
        try:
            is_held = await self._enter(lease, waiter, firm_seconds)
            if not is_held:
                await self._overtake(lease, waiter, firm_seconds)
            elif waiter.is_granted and firm_seconds:
                await self._firm(keys=self._keys(lease), args=[lease.token, self._lease_ms, int(firm_seconds * 1000)])
            self._held[lease.token] = lease
        except _LOST as error:
            lease.is_guarded = False
            log.warning("lock.unguarded", session=session_id, reason=str(error))
        except BaseException:
            self._run_errand(self._let_go(lease))
            raise
        finally:
            del self._waiters[lease.token]
        lease.waited_seconds = self._clock.monotonic() - began
        if lease.has_overtaken:
            log.warning("lock.overtaken", session=session_id, waited_seconds=round(lease.waited_seconds, 2))
        return lease

    def is_held_here(self, session_id: SessionId) -> bool:
        """Whether a turn of this very process works on the session."""
        return any(lease.session_id == session_id for lease in self._held.values())

    def release(self, lease: Lease) -> None:
        """Let go, without waiting for Redis: the first in the queue is woken."""
        if self._held.pop(lease.token, None) is not None:
            self._run_errand(self._let_go(lease))

    async def _enter(self, lease: Lease, waiter: _Waiter, firm_seconds: float) -> bool:
        """Take a free lock, or queue until it is handed over; False when the wait is over."""
        firm_ms = int(firm_seconds * 1000)
        is_held, look_ms, saved = await self._acquire(
            keys=self._keys(lease), args=[lease.token, self._channel, self._lease_ms, firm_ms, _QUEUE_LIFE_MS]
        )
        lease.is_immediate = bool(is_held)
        lease.version_before = int(saved) if saved else None
        deadline = self._clock.monotonic() + self._wait_seconds
        while not is_held:
            left = deadline - self._clock.monotonic()
            if left <= 0:
                return False
            # A holder that lives renews its lease and wakes us when it ends; one that died leaves a lease that runs
            # out.
            until_look = max(int(look_ms), 0) / 1000 + _LOOK_AGAIN_MARGIN_SECONDS
            await self._woken_within(waiter, min(left, until_look))
            if waiter.is_granted:
                return True
            if self._clock.monotonic() < deadline:
                is_held, look_ms = await self._look_again(keys=self._keys(lease), args=[lease.token, self._lease_ms])
        return True

    async def _overtake(self, lease: Lease, waiter: _Waiter, firm_seconds: float) -> None:
        """Go on although somebody holds the lock; a firm holder is waited for."""
        firm_ms = int(firm_seconds * 1000)
        while not waiter.is_granted:
            is_held, detail = await self._take_over(
                keys=self._keys(lease), args=[lease.token, self._channel, self._lease_ms, firm_ms]
            )
            if is_held:
                lease.has_overtaken = bool(detail)
                return
            await self._woken_within(waiter, min(int(detail) / 1000, self._lease_seconds) + _LOOK_AGAIN_MARGIN_SECONDS)

    async def _woken_within(self, waiter: _Waiter, seconds: float) -> None:
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        waking = asyncio.ensure_future(waiter.woken.wait())
        try:
            await asyncio.wait((sleeping, waking), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            waking.cancel()
            waiter.woken.clear()

    async def _let_go(self, lease: Lease) -> None:
        if not lease.is_guarded:
            return
        with contextlib.suppress(*_LOST):  # the lease runs out by itself
            saved: str | int = "" if lease.saved_version is None else lease.saved_version
            args: list[str | int] = [lease.token, self._channel, self._lease_ms, saved, _VERSION_LIFE_MS]
            await self._release(keys=self._keys(lease), args=args)

    async def _listen(self, listening: asyncio.Event) -> None:
        """Wake waiters whose turn has come; give back what was granted to nobody any more."""
        while True:
            try:
                async with self._redis.listen(self._channel) as inbox:
                    listening.set()
                    while True:
                        self._on_granted((await inbox.get() or b"").decode())
            except RedisUnavailable:
                listening.set()
                await asyncio.sleep(self._lease_seconds)

    def _on_granted(self, token: str) -> None:
        if not token:  # the line was lost and is back: grants may have been missed
            for waiter in self._waiters.values():
                waiter.woken.set()
        elif token in self._waiters:
            self._waiters[token].is_granted = True
            self._waiters[token].woken.set()
        elif token not in self._held:
            self._run_errand(self._let_go(Lease(SessionId(token.partition("/")[0]), token)))

    async def _keep_renewing(self) -> None:
        """Renew what is held for longer than a moment; most turns end before their first renewal."""
        seen: set[str] = set()
        errand = Errand("lock-renew")  # no rest after a fault: a lease does not wait
        while True:
            await asyncio.sleep(self._lease_seconds / 4)
            due = [lease for token, lease in self._held.items() if token in seen and not lease.is_lost]
            seen = set(self._held)
            await errand.attempt(partial(self._renew_all, due))

    async def _renew_all(self, due: Sequence[Lease]) -> None:
        for lease in due:
            try:
                if not await self._renew(keys=self._keys(lease), args=[lease.token, self._lease_ms]):
                    lease.is_lost = True
            except _LOST:
                break

    def _keys(self, lease: Lease) -> list[str]:
        name = f"colloquy:lock:{{{lease.session_id}}}"
        return [name, f"{name}:queue", f"{name}:saved"]

    def _run_errand(self, errand: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
