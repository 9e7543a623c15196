"""What workers are asked to do."""

from __future__ import annotations

from shared.contracts.base import Command

TASKS = "worker.tasks"
TASKS_LOW = "worker.tasks.low"
MOST_RINGS = 8
"""So many doorbells one commit rings at most, for each priority: a worker that finds a task looks for others."""


class RunTask(Command, queue=TASKS):
    """A doorbell: the truth is the task row, which the worker claims with a lease and a fencing token."""

    task_id: str
    session_id: str


class RunTaskLow(Command, queue=TASKS_LOW):
    """The same for work nobody is waiting for."""

    task_id: str
    session_id: str
