"""A session service for tests of the gateway: plays fixed screens over a real LocalBus and notes what it was asked.

It keeps what the gateway relies on: one outcome per operation id, steps that go back, sessions by code.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared.bus.dispatch import QueueSettings, consumers
from shared.bus.local import LocalBus
from shared.contracts.base import Message, Sealed
from shared.contracts.events import SessionChanged
from shared.contracts.screen import Form, FormField, Screen
from shared.contracts.session import (
    AdoptedSessions,
    AdoptSessions,
    BrowserCommand,
    CheckIn,
    EndSession,
    GoBack,
    HttpAnswer,
    InterviewEntry,
    InterviewList,
    ListInterviews,
    OpenSession,
    PerformAction,
    Problem,
    ReadVariables,
    SessionCommand,
    SessionRequest,
    SubmitAnswers,
    TurnReply,
)
from shared.kernel.ids import new_id


@dataclass
class PlayedSession:
    """What the double keeps of one session: the values posted so far, step by step."""

    id: str
    interview: str
    steps: list[dict[str, str]] = field(default_factory=lambda: [{}])
    version: int = 1

    @property
    def answers(self) -> dict[str, str]:
        return self.steps[-1]


Play = Callable[[PlayedSession], Screen]
"""From what has been posted to the screen that is shown."""


class SessionDouble:
    """Handlers for `session.interactive`, to be registered on a LocalBus."""

    def __init__(self, bus: LocalBus, plays: dict[str, Play]) -> None:
        self.bus, self.plays = bus, plays
        self.sessions: dict[str, PlayedSession] = {}
        self.asked: list[Message] = []
        self.outcomes: dict[tuple[str, str], TurnReply] = {}
        self.replies: list[TurnReply] = []
        """Given instead of the play's screen, first one first."""
        self.commands: list[BrowserCommand] = []
        """Handed out at the next check-in."""
        self.held: list[asyncio.Event] = []
        """Check-ins that are answered only when their event is set, with the commands of when they came: the next one
        has the first event."""
        self.held_screens: list[asyncio.Event] = []
        """The same for screens that are asked for: they are as they were when the question came."""
        self.ended_tasks: list[str] = []
        """Of what a page waits for, this is told to have ended when it checks in."""
        self.entries: Sequence[InterviewEntry] = ()
        self.pause: asyncio.Event | None = None
        """Set it to an Event to make submissions wait for it."""
        handlers = {
            OpenSession: self.on_open,
            SubmitAnswers: self.on_submit,
            GoBack: self.on_back,
            PerformAction: self.on_action,
            CheckIn: self.on_check_in,
            EndSession: self.on_end,
            ReadVariables: self.on_read,
            ListInterviews: self.on_list,
            AdoptSessions: self.on_adopt,
        }
        table = {message: _plain(handler) for message, handler in handlers.items()}
        for consumer in consumers(table, parts={}, queues={"session.interactive": QueueSettings(is_quorum=False)}):
            bus.consume(consumer)

    def asked_for(self, kind: type[Message]) -> list[Any]:
        """The commands of one kind that came in, in order."""
        return [message for message in self.asked if isinstance(message, kind)]

    async def change(self, code: str, **facts: Any) -> None:
        """Announce that a session changed."""
        session = self.sessions[code]
        session.version += 1
        event = SessionChanged(session_id=session.id, version=session.version, **({"cause": "task"} | facts))
        await self.bus.announce(event)

    async def on_adopt(self, message: AdoptSessions) -> AdoptedSessions:
        self.asked.append(message)
        return AdoptedSessions(count=len(self.sessions))

    async def on_open(self, message: OpenSession) -> TurnReply:
        code = message.session_code.value
        self.asked.append(message)
        if message.interview not in self.plays:
            return TurnReply(kind="missing")
        if message.reset:
            self.sessions.pop(code, None)
        if code not in self.sessions:
            if not message.may_create:
                return TurnReply(kind="missing")
            self.sessions[code] = PlayedSession(new_id(), message.interview)
        reply = self._shown(message)
        if self.held_screens:
            await self.held_screens.pop(0).wait()
        return reply

    async def on_submit(self, message: SubmitAnswers) -> TurnReply:
        self.asked.append(message)
        if self.pause is not None:
            await self.pause.wait()
        key = (message.session_code.value, message.operation_id)
        if key not in self.outcomes:
            session = self.sessions[message.session_code.value]
            submission = message.submission.value
            variables = {one.input_name: one.variable for one in submission.form.fields}
            posted = {variables.get(one.name, one.name): one.value for one in submission.inputs}
            kept = {one.name: f"{one.filename} {one.mimetype}" for one in submission.uploads}
            session.steps.append({**session.answers, **posted, **kept})
            session.version += 1
            self.outcomes[key] = self._shown(message)
        return self.outcomes[key]

    async def on_back(self, message: GoBack) -> TurnReply:
        self.asked.append(message)
        session = self.sessions[message.session_code.value]
        if message.step == len(session.steps) and len(session.steps) > 1:
            session.steps.pop()
            session.version += 1
        return self._shown(message)

    async def on_action(self, message: PerformAction) -> TurnReply:
        self.asked.append(message)
        if message.session_code.value not in self.sessions:
            return TurnReply(kind="missing")
        session = self.sessions[message.session_code.value]
        call = message.call.value
        session.steps.append(
            {**session.answers, "action": call.action, **{k: str(v) for k, v in call.arguments.items()}}
        )
        session.version += 1
        return self._shown(message)

    async def on_check_in(self, message: CheckIn) -> TurnReply:
        self.asked.append(message)
        self.commands = [one for one in self.commands if one.notice not in message.acknowledged]
        if message.session_code.value not in self.sessions:
            return TurnReply(kind="missing")
        commands, given = tuple(self.commands), [one for one in self.commands if one.notice is not None]
        self.commands = given
        if self.held:
            await self.held.pop(0).wait()
        return TurnReply(
            kind="check_in",
            commands=Sealed(commands),
            version=self.sessions[message.session_code.value].version,
            ended_tasks=tuple(task for task in message.awaited if task in self.ended_tasks),
        )

    async def on_end(self, message: EndSession) -> TurnReply:
        self.asked.append(message)
        self.sessions.pop(message.session_code.value, None)
        return TurnReply(kind="command", command=Sealed(SessionCommand(name="exit")))

    async def on_read(self, message: ReadVariables) -> TurnReply:
        self.asked.append(message)
        session = self.sessions.get(message.session_code.value)
        if session is None:
            return TurnReply(kind="missing")
        return TurnReply(
            kind="variables",
            variables=Sealed(dict(session.answers)),
            steps=len(session.steps),
            session_code=message.session_code,
        )

    async def on_list(self, message: ListInterviews) -> InterviewList:
        self.asked.append(message)
        return InterviewList(interviews=tuple(self.entries))

    def _shown(self, message: SessionRequest) -> TurnReply:
        if self.replies:
            return self.replies.pop(0)
        session = self.sessions[message.session_code.value]
        screen = self.plays[session.interview](session)
        steps = len(session.steps)
        screen = screen.model_copy(update={"interview": session.interview, "steps": steps, "may_go_back": steps > 1})
        return TurnReply(
            kind="screen",
            session_id=session.id,
            session_code=message.session_code,
            version=session.version,
            steps=steps,
            screen=Sealed(screen.model_dump_json()),
        )


def _plain(method: Callable[..., Any]) -> Callable[..., Any]:
    async def handle(message: Any) -> Any:
        return await method(message)

    return handle


def encoded(name: str) -> str:
    """How a variable is named in a form."""
    return base64.b64encode(name.encode()).decode().rstrip("=")


def action(name: str, **arguments: Any) -> str:
    """An action as a link carries it."""
    return base64.b64encode(orjson.dumps({"action": name, "arguments": arguments})).decode().rstrip("=")


def form_of(*variables: str, name: str = "Question_1") -> Form:
    """A form that takes these variables as text."""
    return Form(question_name=name, fields=tuple(FormField(input_name=encoded(one), variable=one) for one in variables))


def raw(text: str, content_type: str = "text/plain; charset=utf-8", status: int = 200) -> TurnReply:
    """The reply for a `response()`."""
    body = base64.b64encode(text.encode()).decode()
    return TurnReply(
        kind="response", response=Sealed(HttpAnswer(status=status, content_type=content_type, body_base64=body))
    )


def problem(message: str, **facts: Any) -> TurnReply:
    """The reply for an interview that is wrong."""
    return TurnReply(kind="problem", problem=Sealed(Problem(title="Error", message=message, **facts)))
