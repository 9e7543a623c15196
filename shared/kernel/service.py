"""The life cycle every service shares: start in order, say whether it is ready, stop in reverse order and in time.

A process that is told to stop is not ready from that moment on, finishes or gives back what it has in hand, and is gone
within `STOP_SECONDS`, whatever hangs: what was not finished then comes again elsewhere, as after a crash.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
import uvloop

from shared.kernel.errors import ColloquyError

log = structlog.get_logger()

STOP_SECONDS = 27.0
"""After so long a process that was told to stop waits for nothing any more; Kubernetes kills ours after 30 seconds."""
_BLOCKED_SECONDS = 2.0
"""How much later it ends even if its event loop is blocked."""
_STANDARD_ERROR = 2


class Component(Protocol):
    """One started and stopped thing inside a service: a pool, a consumer, a listener."""

    async def start(self) -> None:
        """Begin; raises when it cannot."""
        ...

    async def stop(self) -> None:
        """Finish what is in hand, then end; idempotent."""
        ...


Check = Callable[[], Awaitable[str | None]]
"""A readiness check: None when fine, otherwise what is missing, in a sentence for operators."""


@dataclass
class Service:
    """A service as built by its `app.build`: components in the order they start, and readiness checks by name."""

    name: str
    components: Sequence[Component]
    checks: Mapping[str, Check] = field(default_factory=dict)
    _started: list[Component] = field(default_factory=list)
    _unready: str = ""

    async def start(self) -> None:
        """Start all components; on failure those already started are stopped and the error is raised."""
        self._unready = "It is starting."
        try:
            for component in self.components:
                self._started.append(component)
                await component.start()
        except BaseException:
            await self.stop()
            raise
        self._unready = ""
        log.info("service.started", service=self.name)

    def leave(self) -> None:
        """Be ready no longer: it is about to stop, and load balancers are to know."""
        self._unready = "It is stopping."

    @property
    def stopping(self) -> str:
        """The class of the component that stops next, or is stopping; empty when all have stopped."""
        return type(self._started[-1]).__name__ if self._started else ""

    async def stop(self) -> None:
        """Stop in reverse order; an error in one does not keep the others running."""
        self.leave()
        while self._started:
            component = self._started[-1]
            try:
                await component.stop()
            except Exception as error:  # every component must get its chance to stop
                log.error(
                    "service.stop_failed", service=self.name, component=type(component).__name__, error=str(error)
                )
            self._started.pop()

    async def problems(self) -> dict[str, str]:
        """What keeps this service from being ready, by check name; empty when ready."""
        if self._unready:
            return {"service": self._unready}
        names = list(self.checks)
        found = await asyncio.gather(*(self.checks[name]() for name in names), return_exceptions=True)
        return {name: str(result) for name, result in zip(names, found, strict=True) if result is not None}


def run_process(main: Callable[[], None]) -> None:
    """Run the `main` of a process; an error of ours ends it with one sentence on standard error and status 1."""
    try:
        main()
    except ColloquyError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


def run(program: Coroutine[Any, Any, None]) -> None:
    """Run a program of ours to its end, on uvloop: reading and writing sockets is most of what our services do."""
    uvloop.run(program)


async def run_until_signalled(
    services: Sequence[Service],
    *,
    ready: Callable[[], Awaitable[None]] | None = None,
    stop_seconds: float = STOP_SECONDS,
) -> None:
    """Start the services, wait for SIGINT or SIGTERM, stop them in reverse order, in `stop_seconds` at most.

    A signal that comes while they are starting ends the start.
    """
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    started: list[Service] = []
    try:
        await _unless(told, _start(services, started, ready))
        # What was made until now stays for good: the garbage collector need not look through it ever again.
        gc.collect()
        gc.freeze()
        await told.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(ValueError):
                loop.remove_signal_handler(number)
        await _stop(started, stop_seconds)


async def _start(
    services: Sequence[Service], started: list[Service], ready: Callable[[], Awaitable[None]] | None
) -> None:
    for service in services:
        await service.start()
        started.append(service)
    if ready is not None:
        await ready()


async def _unless(told: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do this until it is done or it is time to go."""
    doing, waiting = asyncio.create_task(work), asyncio.create_task(told.wait())
    try:
        await asyncio.wait([doing, waiting], return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        log.info("service.start_given_up")
    finally:
        for task in (doing, waiting):
            task.cancel()
        await asyncio.gather(doing, waiting, return_exceptions=True)


async def _stop(started: Sequence[Service], limit_seconds: float) -> None:
    """Stop in reverse order; when the time is over, name what did not stop, and leave it to the process's end."""
    for service in started:
        service.leave()
    # To the descriptor itself: whoever has replaced sys.stderr need not have a file behind it.
    faulthandler.dump_traceback_later(limit_seconds + _BLOCKED_SECONDS, exit=True, file=_STANDARD_ERROR)
    try:
        async with asyncio.timeout(limit_seconds):
            for service in reversed(started):
                await service.stop()
    except TimeoutError:
        late = {service.name: service.stopping for service in started if service.stopping}
        log.error("service.stop_cut_short", limit_seconds=limit_seconds, late=late)
    finally:
        faulthandler.cancel_dump_traceback_later()
