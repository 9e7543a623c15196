"""One short function for every message the worker works on."""

from __future__ import annotations

from shared.bus.dispatch import HandlerTable
from shared.contracts.events import TaskRevoked
from shared.contracts.worker import RunTask, RunTaskLow

from .runs import Runs


async def on_run_task(message: RunTask, *, runs: Runs) -> None:
    """Take a task under a lease; it runs on after this has returned."""
    await runs.take(message)


async def on_run_task_low(message: RunTaskLow, *, runs: Runs) -> None:
    """The same for work nobody is waiting for."""
    await runs.take(message)


async def on_task_revoked(message: TaskRevoked, *, runs: Runs) -> None:
    """End a task that runs here."""
    runs.revoke(message.task_id)


HANDLERS: HandlerTable = {RunTask: on_run_task, RunTaskLow: on_run_task_low, TaskRevoked: on_task_revoked}
