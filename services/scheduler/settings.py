"""Settings of the scheduler service, read once at start from the environment (`COLLOQUY_…`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from shared.kernel.recurrence import BadRecurrence, Crontab, crontab
from shared.kernel.settings import Settings

USUAL = {
    "cron_hourly": "17 * * * *",
    "cron_daily": "25 6 * * *",
    "cron_weekly": "47 6 * * 0",
    "cron_monthly": "52 6 1 * *",
}
"""When the four types of the interview language come if nothing else is said (spec/area3 §1.1)."""


class SchedulerSettings(Settings):
    """What the scheduler service can be told besides."""

    NEEDED: ClassVar[tuple[str, ...]] = ("database_url", "amqp_url")

    cron: Annotated[dict[str, str], Field(default_factory=dict)]
    """Crontab lines by cron type, as JSON: `{"cron_daily": "0 5 * * *", "reminders": "*/10 * * * *"}`. They add to
    the usual ones, or replace them; an empty line switches a type off."""
    cron_timezone: str = "America/New_York"
    """On whose clocks the lines are read."""
    public_url: str = ""
    """How browsers reach the gateway: where links start that scheduled code makes."""

    @field_validator("cron")
    @classmethod
    def _names(cls, given: dict[str, str]) -> dict[str, str]:
        for name in given:
            if not name.isidentifier():
                raise ValueError(f"{name!r} is no name of a cron type: it is to be the name of a variable")
        for name, line in given.items():
            try:
                crontab(line.strip() or USUAL["cron_daily"], "UTC")
            except BadRecurrence as error:
                raise ValueError(f"{name}: {error.detail}") from error
        return given

    @field_validator("cron_timezone")
    @classmethod
    def _zone(cls, given: str) -> str:
        try:
            crontab(USUAL["cron_daily"], given)
        except BadRecurrence as error:
            raise ValueError(error.detail) from error
        return given

    def timetable(self) -> Mapping[str, Crontab]:
        """The rule of every cron type that is not switched off."""
        lines = {**USUAL, **self.cron}
        return {name: crontab(line, self.cron_timezone) for name, line in lines.items() if line.strip()}
