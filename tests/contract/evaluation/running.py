"""Short ways to run something in an evaluator."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from shared.evaluation.port import Evaluator
from shared.interview.runtime.host import HostAnswer, HostCall, Noted, ReportProgress, TaskAnswer
from shared.interview.runtime.operations import Blobs, CallAction, RunContext, RunRequest, TaskPicture
from shared.interview.runtime.outcomes import BackgroundValue, RunFailed, RunResult


class Host:
    """A HostServer that answers every call with an ended task, or as it is told."""

    def __init__(self, on_call: Callable[[HostCall, Blobs], Awaitable[None]] | None = None) -> None:
        self.calls: list[tuple[HostCall, Blobs]] = []
        self._on_call = on_call

    async def answer(self, call: HostCall, blobs: Blobs) -> tuple[HostAnswer, Blobs]:
        self.calls.append((call, blobs))
        if self._on_call is not None:
            await self._on_call(call, blobs)
        if isinstance(call, ReportProgress):
            return Noted(), {}
        return TaskAnswer(task=TaskPicture(task_id=call.task_id, state="succeeded")), {"payload": b"42"}


def request_of(action: str, *, interview: str = "docs:data/questions/a.yml", **arguments: Any) -> RunRequest:
    """A request to run one function of the scripted engine."""
    operation = CallAction(action=action, arguments=arguments)
    return RunRequest(operation=operation, context=RunContext(interview=interview))


async def run(
    evaluator: Evaluator,
    action: str,
    *,
    blobs: Blobs | None = None,
    host: Host | None = None,
    limit_seconds: float = 20.0,
    cancelled: asyncio.Event | None = None,
    interview: str = "docs:data/questions/a.yml",
    **arguments: Any,
) -> tuple[RunResult, Blobs]:
    """Run one function of the scripted engine."""
    return await evaluator.run(
        request_of(action, interview=interview, **arguments),
        blobs or {},
        host=host or Host(),
        limit_seconds=limit_seconds,
        cancelled=cancelled,
    )


async def value(evaluator: Evaluator, action: str, **options: Any) -> Any:
    """What a function of the scripted engine returns."""
    result, _ = await run(evaluator, action, **options)
    assert isinstance(result.outcome, BackgroundValue), result.outcome
    return result.outcome.json_value


async def failure(evaluator: Evaluator, action: str, **options: Any) -> RunFailed:
    """How a function of the scripted engine fails."""
    result, _ = await run(evaluator, action, **options)
    assert isinstance(result.outcome, RunFailed), result.outcome
    return result.outcome
