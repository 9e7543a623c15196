"""Settings of the session service, read once at start from the environment (`COLLOQUY_…`)."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from services.session.error_mail import ErrorMailRules
from services.session.inactive import Patience
from services.session.inactive_people import PatienceWithPeople
from shared.kernel.settings import Settings
from shared.mailbox.mail import AddressUnusable, addresses_of


class SessionSettings(Settings):
    """What the session service can be told besides. Durations in seconds."""

    NEEDED: ClassVar[tuple[str, ...]] = ("database_url", "redis_url", "amqp_url")

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
    background_prefetch: int = Field(48, ge=1)
    """How many ends of tasks, and how many actions that nobody waits for, are in hand at once."""
    public_url: str = ""
    """How browsers reach the gateway: where links start that an action of another service makes."""
    action_lines: int = Field(8, ge=1)
    """For how many sessions actions of other services are run at once; those of one session run in sequence."""
    kept_actions_days: float = Field(14.0, gt=0.0)
    """How long a request of another service that comes again is known."""
    sweep_per_second: float = Field(100.0, ge=0.0)
    """How many sessions one fire of a cron type visits in a second at most; 0: as many as can be."""
    kept_runs_days: float = Field(30.0, gt=0.0)
    """How long the record of a run of a cron type is kept."""
    kept_changes_days: float = Field(365.0, ge=0.0)
    """How long it is kept who set which variables of a session, by name; 0: it is not noted."""
    outcome_days: float = Field(2.0, gt=0.0)
    """How long a second delivery of an operation still gets the first outcome."""
    housekeeping_seconds: float = Field(600.0, gt=0.0)
    """How often what is no longer needed is deleted."""
    interview_delete_days: float = Field(90.0, ge=0.0)
    """After so many days without a change a session is deleted; 0: never."""
    interview_delete_days_by_filename: dict[str, float] = {}
    """The same for some interviews, which the general rule leaves alone then, as JSON:
    `{"package:data/questions/file.yml": 365}`."""
    user_delete_days: float = Field(0.0, ge=0.0)
    """After so many days without signing in, using a key or a change in a session an account is deleted; 0: never."""
    user_delete_privileges: str = "user"
    """Only accounts that have no other privileges than these, with commas between them, are deleted by themselves."""
    user_delete_shared: bool = False
    """Whether sessions of such an account are deleted although others take part."""
    default_language: str = "en"
    """The language of interviews that name none."""
    default_timezone: str = "America/New_York"
    """The time zone of what interviews say about dates, unless a person has another."""
    default_country: str = "US"
    """The country whose telephone numbers have no prefix."""
    default_locale: str = "en_US.utf8"
    """How numbers and money are written, unless an interview says otherwise."""

    error_mail_to: str = Field("", pattern=r"^[^\r\n]*$")
    """Who is told by mail where interviews fail, with commas between the addresses; empty: nobody. What errors say is
    not told."""
    error_mail_minutes: float = Field(10.0, ge=1.0)
    """How long after such a mail the next one is written at the earliest."""
    error_mail_besides: str = ""
    """Classes of errors that nobody is told of, with commas between them."""

    @field_validator("error_mail_to")
    @classmethod
    def _check_error_mail(cls, value: str) -> str:
        try:
            addresses_of(_listed(value))
        except AddressUnusable as error:
            raise ValueError(str(error)) from error
        return value

    @property
    def error_mail_rules(self) -> ErrorMailRules:
        """Whom to tell of errors."""
        return ErrorMailRules(
            to=_listed(self.error_mail_to),
            besides=_listed(self.error_mail_besides),
            pause=timedelta(minutes=self.error_mail_minutes),
            site=urlsplit(self.public_url).hostname or "",
        )

    @property
    def patience(self) -> Patience:
        """How long sessions are kept in which nothing happens."""
        return Patience(self.interview_delete_days, self.interview_delete_days_by_filename)

    @property
    def patience_with_people(self) -> PatienceWithPeople:
        """How long accounts are kept to which nobody comes back."""
        names = _listed(self.user_delete_privileges)
        return PatienceWithPeople(self.user_delete_days, names, for_all=self.user_delete_shared)


def _listed(given: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in given.split(",") if one.strip())
