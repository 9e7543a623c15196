"""The worker's settings, read once at start from the environment (`COLLOQUY_…`)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from shared.kernel.settings import Settings


class WorkerSettings(Settings):
    """What the worker can be told besides. Durations in seconds."""

    NEEDED: ClassVar[tuple[str, ...]] = ("database_url", "amqp_url")

    worker_queues: Literal["all", "normal", "low"] = "all"
    """Which tasks this worker runs: `normal` leaves those of low priority to others, `low` runs nothing else."""
    worker_concurrency: int = Field(4, ge=1, le=1000)
    """How many tasks run at once."""
    worker_low_concurrency: int = Field(1, ge=1, le=1000)
    """How many of them may be of low priority; without meaning for a worker that runs one kind only."""
    worker_session_concurrency: int = Field(0, ge=0, le=1000)
    """How many of them may be of one session; 0: all but one, so that there is always room for somebody else."""
    worker_interview_concurrency: int = Field(0, ge=0, le=1000)
    """How many of them may be of one interview; 0: all."""
    worker_processes: int = Field(4, ge=1, le=1000)
    """How many interviews run at once in this worker's pool."""
    interview_idle_processes: int = Field(8, ge=1, le=1000)
    """How many interview processes wait for more runs: each serves one interview package only."""
    task_limit_seconds: float = Field(3600.0, gt=0.0)
    """How long a task may run before it is ended; an author may ask for less."""
    task_memory_bytes: int = Field(2 * 1024**3, ge=128 * 1024**2)
    """Address space of a process that runs tasks; beyond it a task gets a MemoryError."""
    task_lease_seconds: float = Field(30.0, ge=1.0)
    """How long a task stays with a worker that is no longer heard of."""
    task_patience_seconds: float = Field(300.0, gt=0.0)
    """How long a message waits in a busy worker before it goes back to the queue."""
    overdue_seconds: float = Field(5.0, gt=0.0)
    """How often tasks are looked for that nobody looks after, and such as wait although there is room."""
    worker_drain_seconds: float = Field(20.0, ge=0.0)
    """How long `stop` waits for tasks in hand. Then those that have not begun, and those that may run twice, are handed
    back; the others end as lost."""
    default_language: str = "en"
    """The language of interviews that name none."""
    default_timezone: str = "America/New_York"
    """The time zone of what interviews say about dates, unless a person has another."""
    default_country: str = "US"
    """The country whose telephone numbers have no prefix."""
    default_locale: str = "en_US.utf8"
    """How numbers and money are written, unless an interview says otherwise."""

    @property
    def low_concurrency(self) -> int:
        """How many tasks of low priority may run at once in this worker."""
        return self.worker_concurrency if self.worker_queues == "low" else self.worker_low_concurrency

    @property
    def priorities(self) -> tuple[bool, ...]:
        """Which priorities this worker looks after; True stands for low."""
        return {"all": (False, True), "normal": (False,), "low": (True,)}[self.worker_queues]
