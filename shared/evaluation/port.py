"""The port of evaluation: run one request in an interview process and serve its host calls meanwhile (DESIGN §6)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from shared.interview.documents.work_order import DocumentWork
from shared.interview.runtime.host import HostAnswer, HostCall
from shared.interview.runtime.operations import Blobs, RunRequest
from shared.interview.runtime.outcomes import RunResult
from shared.kernel.errors import ColloquyError, Refused, Retryable


class RunTimedOut(ColloquyError):
    """The interview's code took longer than it may and was ended."""


class RunKilled(ColloquyError):
    """The run was ended from outside: revoked, or its lease was lost."""


class ValueUnreadable(Refused):
    """What was put away here cannot be read any more."""


class WorkRefused(Refused):
    """This cannot be done with the file."""


class ProcessDied(Retryable):
    """An interview process ended without an answer."""


class PoolBusy(Retryable):
    """Every interview process is busy, and the queue for them is full."""


Begins = Callable[[], Awaitable[None]]
"""Is awaited when a run has its process and its code is about to begin; what it raises, the run raises."""


class HostServer(Protocol):
    """The parent's side of Host: answers a run's calls. One per run, made by the service that runs it."""

    async def answer(self, call: HostCall, blobs: Blobs) -> tuple[HostAnswer, Blobs]:
        """Validate and carry out. Raises HostRefused (shared.interview.errors) with a sentence for the author."""
        ...


class Evaluator(Protocol):
    """Runs interviews somewhere."""

    async def run(
        self,
        request: RunRequest,
        blobs: Blobs,
        *,
        host: HostServer,
        limit_seconds: float,
        cancelled: asyncio.Event | None = None,
        begins: Begins | None = None,
    ) -> tuple[RunResult, Blobs]:
        """One run. Raises RunTimedOut, RunKilled (when `cancelled` is set), ProcessDied, PoolBusy."""
        ...

    async def simplify(self, value: bytes) -> object:
        """The plain form, for JSON, of a value that interview code has put away. Raises ValueUnreadable, PoolBusy."""
        ...

    async def describe(self, reference: str, language: str) -> dict[str, object]:
        """Title, description, tags, needs, actions and problems of an interview, without running it."""
        ...

    async def names(self, reference: str) -> dict[str, object]:
        """`names` an interview defines, and the `vocabulary` its author may use. Raises as `describe`."""
        ...

    async def work(self, work: DocumentWork, contents: bytes) -> tuple[dict[str, object], bytes]:
        """Do something with a file that came from anybody. Raises WorkRefused with the reason, PoolBusy."""
        ...
