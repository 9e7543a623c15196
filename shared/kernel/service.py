"""The life cycle every service shares: start in order, say whether it is ready, stop in reverse order."""

from __future__ import annotations

import asyncio
import contextlib
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

    async def start(self) -> None:
        """Start all components; on failure those already started are stopped and the error is raised."""
        try:
            for component in self.components:
                self._started.append(component)
                await component.start()
        except BaseException:
            await self.stop()
            raise
        log.info("service.started", service=self.name)

    async def stop(self) -> None:
        """Stop in reverse order; an error in one does not keep the others running."""
        while self._started:
            component = self._started.pop()
            try:
                await component.stop()
            except Exception as error:  # every component must get its chance to stop
                log.error(
                    "service.stop_failed", service=self.name, component=type(component).__name__, error=str(error)
                )

    async def problems(self) -> dict[str, str]:
        """What keeps this service from being ready, by check name; empty when ready."""
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
    services: Sequence[Service], *, ready: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Start the services, wait for SIGINT or SIGTERM, stop them in reverse order."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    started: list[Service] = []
    try:
        for service in services:
            await service.start()
            started.append(service)
        if ready is not None:
            await ready()
        # What was made until now stays for good: the garbage collector need not look through it ever again.
        gc.collect()
        gc.freeze()
        await stop.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(ValueError):
                loop.remove_signal_handler(number)
        for service in reversed(started):
            await service.stop()
