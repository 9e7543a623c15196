"""`/api/events`, `/api/session/events`, `/api/webhooks`: be told of what happens in sessions."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import Response, StreamingResponse

from services.gateway.api_answers import ApiRefused, nothing, said
from services.gateway.api_calls import Call, Endpoint, Parameter
from services.gateway.feed import FEED_EVENTS, Feed
from services.gateway.routes.api.sessions import facts_of, refuse_failure
from shared.contracts.session import CheckIn
from shared.mailbox.webhooks import EVENTS, UnknownWebhook, Webhook


async def of_session(call: Call) -> Response:
    """What happens in one session, for who can open it."""
    reply = await call.desk.sessions.ask(CheckIn(**await facts_of(call)))
    refuse_failure(call, reply)
    return _stream(call, reply.session_id)


async def of_all(call: Call) -> Response:
    """What happens in all sessions."""
    return _stream(call, "")


def _stream(call: Call, session_id: str) -> Response:
    feed: Feed = call.desk.feed
    wanted = _wanted(call)
    beat_seconds = min(call.desk.settings.heartbeat_seconds, 30.0)

    async def events() -> AsyncIterator[bytes]:
        with feed.listening(session_id, events=wanted) as listener:
            async for event in listener.stream(beat_seconds):
                yield event

    return StreamingResponse(events(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})


def _wanted(call: Call) -> tuple[str, ...]:
    """Names of events, with commas between them; none: all. Raises ApiRefused."""
    names = tuple(filter(None, (one.strip() for one in call.text("events").split(","))))
    if not set(names) <= set(FEED_EVENTS):
        raise ApiRefused(f"events are some of {', '.join(FEED_EVENTS)}, with commas between them.")
    return names or FEED_EVENTS


async def show(call: Call) -> Response:
    """All webhooks; their secrets are told only when they are made."""
    return said([_shown(one) for one in await call.desk.webhooks.all(_database(call))])


async def make(call: Call) -> Response:
    """A new webhook."""
    wrong = f"events must be a list of some of {', '.join(EVENTS)}."
    made = await call.desk.webhooks.add(
        _database(call),
        call.account.id,
        url=call.needed("url", "A url must be provided."),
        events=call.names("events", malformed=wrong, wrong=wrong) or EVENTS,
        interview=call.text("i"),
    )
    return said({**_shown(made), "secret": made.secret})


async def remove(call: Call) -> Response:
    """Tell it nothing more."""
    await call.desk.webhooks.remove(_database(call), _id(call))
    return nothing()


async def log(call: Call) -> Response:
    """What became of its deliveries, newest first."""
    lines = await call.desk.webhooks.log(_database(call), _id(call))
    return said(
        [
            {
                "id": one.id,
                "event": one.event,
                "state": one.state,
                "attempts": one.attempts,
                "status": one.status,
                "problem": one.problem,
                "created_at": one.created_at.isoformat(),
                "changed_at": one.changed_at.isoformat(),
                "due_at": one.due_at.isoformat() if one.due_at else None,
            }
            for one in lines
        ]
    )


def _id(call: Call) -> str:
    try:
        return str(uuid.UUID(call.needed("id", "An id must be provided.")))
    except ValueError:
        raise UnknownWebhook from None


def _shown(one: Webhook) -> dict[str, Any]:
    return {
        "id": one.id,
        "url": one.url,
        "events": list(one.events),
        "i": one.interview,
        "created_at": one.created_at.isoformat(),
        "state": "off" if one.off_reason else "on",
        "problem": one.off_reason,
    }


def _database(call: Call) -> Any:
    return call.desk.people.directory.database


_ID = Parameter("id", "Of the webhook.", is_required=True)
_NEEDS = "access_sessions"
_WANTED = Parameter("events", f"Some of {', '.join(FEED_EVENTS)}, with commas between them; none: all.")
_FEED = {200: f"Server-sent events: {', '.join(FEED_EVENTS)}."}

ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/session/events",
        "What happens in one session, as it happens",
        of_session,
        (
            Parameter("i", "The interview.", is_required=True),
            Parameter("session", "The session.", is_required=True),
            Parameter("secret", "What opens an encrypted session."),
            _WANTED,
        ),
        answers=_FEED,
        tag="events",
    ),
    Endpoint(
        "GET",
        "/api/events",
        "What happens in all sessions, as it happens",
        of_all,
        (_WANTED,),
        needs=_NEEDS,
        answers=_FEED,
        tag="events",
    ),
    Endpoint("GET", "/api/webhooks", "All webhooks", show, needs=_NEEDS, answers={200: "A list."}, tag="events"),
    Endpoint(
        "POST",
        "/api/webhooks",
        "Be told at an address",
        make,
        (
            Parameter("url", "Where to.", is_required=True),
            Parameter("events", f"Some of {', '.join(EVENTS)}; none: all.", "list"),
            Parameter("i", "Only of this interview; `*` stands for anything."),
        ),
        needs=_NEEDS,
        answers={200: "The webhook with its `secret`, which is told only now."},
        tag="events",
    ),
    Endpoint("DELETE", "/api/webhooks", "Be told no more", remove, (_ID,), needs=_NEEDS, tag="events"),
    Endpoint(
        "GET",
        "/api/webhooks/deliveries",
        "What became of what was to be told",
        log,
        (_ID,),
        needs=_NEEDS,
        answers={200: "The newest hundred: state, attempts, what the receiver answered."},
        tag="events",
    ),
)
