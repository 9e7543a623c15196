"""What happened, for whoever listens; and what other services may publish."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.contracts.base import Event, JsonObject, Sealed


class SessionChanged(Event, topic="session.changed"):
    """A commit changed a session: pages that show it do their ordinary check-in. Carries ids, never content."""

    session_id: str
    version: int
    cause: Literal["answers", "shown", "action", "check_in", "task", "cron", "mail", "back", "api", "deleted"]
    """`shown`: a screen was shown again, which changes no answer by itself."""
    operation_id: str = ""
    """Which request did it, so that the page that made it can ignore the echo."""
    has_notices: bool = False
    ended_tasks: tuple[str, ...] = ()


class TaskRevoked(Event, topic="task.revoked"):
    """A task was revoked: the worker that runs it kills it."""

    task_id: str
    session_id: str


class TaskProgressed(Event, topic="task.progressed"):
    """A running task says how far it is; at most a few times a second, and only the newest counts."""

    task_id: str
    session_id: str
    fraction: float | None = None
    """From 0 to 1; None: it goes on, nobody knows how far."""
    message: Sealed[str] = Sealed("")


ActionStatus = Literal["done", "failed", "missing", "refused"]
"""`done`: it ran and its changes are saved. `failed`: its code raised, nothing is saved. `missing`: there is no such
session. `refused`: it was not run; the detail says why."""


class ActionRequested(Event, topic="action"):
    """Another service asks for an action of a session (DESIGN §4). Published to the exchange `colloquy.actions` with
    the routing key `action.<publisher>`, where the publisher is the broker's user.
    """

    interview: str = Field(description="Reference of the interview: `package:data/questions/file.yml`.")
    session: str = Field(description="The 32 characters that name the session.")
    action: str = Field(description="Name of an `event` block of the interview.")
    arguments: JsonObject = Field({}, description="What `action_argument()` finds.")


class ActionFinished(Event, topic="action.finished"):
    """An action another service asked for has ended."""

    session_id: str = Field(description="Internal id of the session; it opens nothing.")
    request_id: str = Field(description="The id of the event that asked for it.")
    status: ActionStatus
    detail: str = Field("", description="For people: why it was not done. Never holds answers.")
    publisher: str = Field("", description="Who asked.")
    interview: str = ""
    action: str = ""
    sequence: int = Field(0, description="Its place among all actions that were recorded; 0: it was not recorded.")


class WebhooksDue(Event, topic="webhooks.due"):
    """A doorbell: there are deliveries to be sent. The truth is their rows; to lose it costs a few seconds."""


class Canary(Event, topic="canary"):
    """Says nothing; used to see whether messages pass."""

    text: Sealed[str] | None = None
