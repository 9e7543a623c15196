"""The worker's settings, read once at start from the environment (`COLLOQUY_…`)."""

from __future__ import annotations

from pydantic import Field

from shared.kernel.settings import Settings


class WorkerSettings(Settings):
    """What the worker can be told besides. Durations in seconds."""

    worker_concurrency: int = Field(4, ge=1, le=1000)
    """How many tasks run at once."""
    worker_low_concurrency: int = Field(1, ge=1, le=1000)
    """How many of them may be of low priority."""
    worker_processes: int = Field(4, ge=1, le=1000)
    """How many interviews run at once in this worker's pool."""
    interview_idle_processes: int = Field(8, ge=1, le=1000)
    """How many interview processes wait for more runs: each serves one interview package only."""
    task_limit_seconds: float = Field(3600.0, gt=0.0)
    """How long a task may run before it is ended."""
    task_lease_seconds: float = Field(30.0, ge=1.0)
    """How long a task stays with a worker that is no longer heard of."""
    task_patience_seconds: float = Field(300.0, gt=0.0)
    """How long a message waits in a busy worker before it goes back to the queue."""
    overdue_seconds: float = Field(5.0, gt=0.0)
    """How often tasks are looked for that nobody looks after."""
    worker_drain_seconds: float = Field(20.0, ge=0.0)
    """How long `stop` waits for tasks in hand."""
    default_language: str = "en"
    default_timezone: str = "America/New_York"
    default_country: str = "US"
    default_locale: str = "en_US.utf8"
