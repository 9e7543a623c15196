"""What a task is: its states, how it is launched, how it looks to others, how its first phase ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from shared.contracts.visitor import RequestFacts, UserFacts
from shared.kernel.errors import ColloquyError, Refused

State = Literal["pending", "running", "responding", "succeeded", "failed", "revoked"]
FinalState = Literal["succeeded", "failed", "revoked"]
Reason = Literal["worker_lost", "key_lost", "revoked"]


class StaleTask(ColloquyError):
    """This task has moved on: its lease was lost, or it has ended already."""


class UnknownTask(Refused):
    """There is no such task in this session."""


class GrantBroken(ColloquyError):
    """The grant of a task does not open its session; the server key it was wrapped with is missing or changed."""


class Failure(BaseModel):
    """Why a task failed (spec/area1 §1.7). Holds what interview code said: sealed wherever it is stored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    error_type: str
    error_message: str
    error_trace: str | None = None
    variables: tuple[str, ...] = ()
    file: str = ""
    line: int = 0
    """Where in the interview; 0 where nothing is known of it."""


REVOKED = Failure(error_type="TaskRevokedError", error_message="This task was revoked.")
_REASONS: Mapping[str, Failure] = {
    "worker_lost": Failure(
        error_type="WorkerLost",
        error_message="The process that ran this task ended in the middle of it. It is not run a second time, "
        "because what it had done by then would be done twice.",
    ),
    "key_lost": Failure(
        error_type="KeyLost",
        error_message="The server could not open the session for this task: its server key is missing or was changed.",
    ),
    "revoked": REVOKED,
}


def failure_of(reason: str) -> Failure:
    """The failure that stands for what only the server knows."""
    return _REASONS[reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A background action that a turn launches."""

    task_id: str
    action: str
    arguments: bytes = field(repr=False)
    """Pickled keyword arguments."""
    mode: str | None
    language: str
    user: UserFacts
    request: RequestFacts
    launched_at: datetime
    is_low_priority: bool = False
    interview: str = ""
    """Reference of the interview, for limits by interview and for operators."""
    time_limit_seconds: float | None = None
    """Asked for by the author; the server's own limit holds in any case."""
    is_idempotent: bool = False
    """The author allows it to run again after it had begun, when its worker is lost."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A task as others see it: `responding` looks like running."""

    task_id: str
    state: Literal["pending", "running", "succeeded", "failed", "revoked"]
    ended_at: datetime | None = None
    failure: Failure | None = None
    progress: float | None = None
    """How far its code says it is, from 0 to 1."""
    progress_message: str = field(default="", repr=False)


class Outcome(BaseModel):
    """How the first phase of a task ended (spec/area1 §9); pickles travel beside it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["value", "response_action", "failed", "ends_session"]
    json_value: Any = None
    """For a value: what the browser may be told."""
    action: str | None = None
    """The response action; for a failure the error action, if one was registered."""
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedTask:
    """A task whose first phase has ended, opened for the turn that takes its result in."""

    task_id: str
    session_id: str
    fencing: int
    outcome: Outcome
    arguments: bytes = field(repr=False)
    """Pickled arguments of the response or error action; empty when there is none."""
    payload: bytes = field(repr=False)
    """Pickled value; empty when there is none."""
    mode: str | None
    language: str
    audience: str
    user: UserFacts
    request: RequestFacts
    keys: Mapping[int, bytes] = field(repr=False)
    """The session's data keys by generation, out of the grant."""
    interview: str = ""


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What `.get()` and `.result()` are made of."""

    picture: Picture
    payload: bytes | None = field(repr=False)
