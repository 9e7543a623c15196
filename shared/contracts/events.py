"""What happened, for whoever listens; and what other services may publish."""

from __future__ import annotations

from typing import Literal

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


class ActionRequested(Event, topic="action"):
    """Another service asks for an action of a session (DESIGN §4). Routing key `action.<publisher>`."""

    interview: str
    session: str
    action: str
    arguments: JsonObject = {}


class ActionFinished(Event, topic="action.finished"):
    """An action another service asked for has ended."""

    session_id: str
    request_id: str
    status: Literal["done", "failed", "missing", "refused"]
    detail: str = ""


class Canary(Event, topic="canary"):
    """Says nothing; used to see whether messages pass."""

    text: Sealed[str] | None = None
