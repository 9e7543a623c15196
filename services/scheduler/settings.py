"""Settings of the scheduler service; all but the common ones come with what they govern."""

from __future__ import annotations

from shared.kernel.settings import Settings


class SchedulerSettings(Settings):
    """What the scheduler service needs to know."""
