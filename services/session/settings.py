"""Settings of the session service, read once at start from the environment (`COLLOQUY_…`)."""

from __future__ import annotations

from pydantic import Field

from shared.kernel.settings import Settings


class SessionSettings(Settings):
    """What the session service can be told besides. Durations in seconds."""

    interview_processes: int = Field(2, ge=1, le=256)
    """How many interviews run at once in this process's pool."""
    interview_idle_processes: int = Field(8, ge=1, le=1000)
    """How many interview processes wait for more runs: each serves one interview package only."""
    interactive_limit_seconds: float = Field(30.0, gt=0.0)
    """How long a run may take that a person waits for."""
    action_limit_seconds: float = Field(60.0, gt=0.0)
    """How long an action may take that nobody waits for: response actions, timers, cron."""
    lock_lease_seconds: float = Field(2.0, ge=0.2, le=60.0)
    """How long the lock of a process that died keeps others waiting."""
    interactive_prefetch: int = Field(64, ge=1)
    """How many requests are in hand at once; those of one session wait for each other."""
    background_prefetch: int = Field(16, ge=1)
    """How many ends of tasks, and how many actions that nobody waits for, are in hand at once."""
    outcome_days: float = Field(2.0, gt=0.0)
    """How long a second delivery of an operation still gets the first outcome."""
    housekeeping_seconds: float = Field(600.0, gt=0.0)
    """How often what is no longer needed is deleted."""
    default_language: str = "en"
    default_timezone: str = "America/New_York"
    default_country: str = "US"
    default_locale: str = "en_US.utf8"
