"""Who set which variables of one session: what administrators ask the session service.

The gateway has checked who asks. Names come from the record of changes; a value is shown only to whoever can open the
session. Every question is written down.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.contracts.base import Command, Reply, Sealed
from shared.contracts.session import INTERACTIVE
from shared.contracts.visitor import Visitor

Setter = Literal["person", "task", "timer", "cron", "mail", "service", "api", "session", "other"]
"""Who or what set something: a person in a browser, the end of a background task, a timer, a scheduled action, an
e-mail, another service, the HTTP API, code of another session, and what a newer release may add."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class TellProvenance(Command, queue=INTERACTIVE):
    """Which variables of a session were set when, and by whom; the newest first."""

    session_id: str
    account: int
    """The number of the administrator's account: who looks is written down."""
    name: Sealed[str] = Sealed("")
    """A variable, an attribute or an item; empty: every change."""
    before: int = 0
    """Only changes before this version of the session; 0: from the newest."""
    visitor: Sealed[Visitor] | None = None
    """Who wants to see the value, with the keys they have."""
    limit: int = 100


class ChangeLine(_Value):
    """What one run set."""

    version: int
    step: int
    saved: AwareDatetime
    cause: str
    """Which kind of request it was: `answers`, `back`, `action`, …"""
    by: Setter
    user: str = ""
    """The number of an account, or `t<number>` of a browser that has not signed in."""
    email: str = ""
    """Of the account, if there still is one."""
    what: str = ""
    """The action that ran, or who asked for it."""
    task: str = ""
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Look(_Value):
    """Somebody has looked at this record."""

    at: AwareDatetime
    account: int
    email: str = ""
    name: str = ""
    saw_value: bool = False


class Provenance(Reply):
    """What is on record."""

    is_there: bool = False
    """False: there is no such session."""
    interview: str = ""
    steps: int = 0
    version: int = 0
    changes: Sealed[tuple[ChangeLine, ...]] = Sealed(())
    next_before: int = 0
    """Where to go on looking; 0: that was all."""
    value: Sealed[Any] | None = None
    """The variable as JSON, for whoever can open the session and asked to see it."""
    value_problem: str = ""
    """Why it is not shown."""
    looks: Sealed[tuple[Look, ...]] = Sealed(())
