"""How a run ended, as the reply to whoever asked: from the engine's outcome to TurnReply. Pure."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import assert_never

import orjson
from pydantic import BaseModel

from services.session.keys import DataKeys
from services.session.operations import Request
from shared.contracts.base import Sealed
from shared.contracts.session import (
    ActionDone,
    BrowserCommand,
    HttpAnswer,
    Problem,
    SessionCommand,
    TurnKind,
    TurnReply,
)
from shared.interview.runtime.operations import Blobs, TaskFailure
from shared.interview.runtime.outcomes import (
    AccessRefused,
    BackgroundValue,
    BrowserAnswer,
    CommandGiven,
    Finished,
    ResponseActionAsked,
    ResponseReady,
    RunFailed,
    RunResult,
    ScreenReady,
    VariablesExported,
)
from shared.kernel.errors import Retryable
from shared.kernel.ids import SessionCode, SessionId

NOBODY_HAS_THE_KEY = (
    "The answers of this session can be opened only by its visitor. An interview whose actions run while nobody is "
    "there needs multi_user: True, or allow_unattended() of colloquy.interview."
)

NOT_FOR_THEM = "The metadata of this interview do not let them use it."


class TooManyTurns(Retryable):
    """This session is changed so often that a turn found no gap."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the session stands after the turn, as the page that asked should know it."""

    session_id: SessionId
    code: SessionCode
    version: int
    steps: int
    is_multi_user: bool
    is_created: bool = False
    is_overtaken: bool = False


@dataclass(frozen=True, slots=True)
class Turned:
    """How a turn ended: the reply, and for those who go on with the session its keys and the run's result."""

    reply: TurnReply
    keys: DataKeys | None = None
    result: RunResult | None = None
    blobs: Blobs = field(default_factory=dict)
    followers: int = 0
    """How many of those that might go along went along."""
    next_failed: RunResult | None = None
    """The next one failed on what is saved now, which its failure did not change: it need not run again."""


def reply_of(
    result: RunResult,
    blobs: Blobs,
    standing: Standing,
    *,
    check_in_action: str | None = None,
) -> TurnReply:
    """The reply to a run; `check_in_action` is the action of a check-in."""
    reply = opened_reply(standing)
    if check_in_action is not None and not isinstance(result.outcome, RunFailed):
        return reply.model_copy(update={"commands": Sealed(_browser_commands(result, check_in_action))})
    match result.outcome:
        case ScreenReady():
            return reply.model_copy(update={"kind": "screen", "screen": Sealed(blobs["screen"].decode())})
        case ResponseReady() as response:
            answer = HttpAnswer(
                status=response.status,
                content_type=response.content_type,
                headers=response.headers,
                body_base64=base64.b64encode(blobs.get("body", b"")).decode(),
            )
            return reply.model_copy(update={"kind": "response", "response": Sealed(answer)})
        case CommandGiven() as given:
            command = SessionCommand(
                name=given.name,
                url=given.url,
                sleep_seconds=given.sleep_seconds,
                url_args=given.url_args,
                referer=given.referer,
            )
            return reply.model_copy(update={"kind": "command", "command": Sealed(command)})
        case VariablesExported():
            variables = orjson.loads(blobs["variables"])
            return reply.model_copy(update={"kind": "variables", "variables": Sealed(variables)})
        case BackgroundValue() | ResponseActionAsked() | BrowserAnswer() | Finished():
            # Not meant for a page (spec/area1 §6.2): it shows its current screen again.
            return reply.model_copy(update={"kind": "command", "command": Sealed(SessionCommand(name="refresh"))})
        case AccessRefused(reason=reason):
            kind: TurnKind = "sign_in" if reason == "sign_in" else "forbidden"
            return bare_reply(kind, standing.session_id, standing.code)
        case RunFailed(is_unknown=True):
            return bare_reply("missing", standing.session_id, standing.code)
        case RunFailed() as failed:
            return problem_reply(problem_of(failed), standing)
        case outcome:
            assert_never(outcome)


def problem_of(failed: RunFailed) -> Problem:
    """What a person is told, and what an author needs."""
    return Problem(
        title=failed.title,
        message=failed.failure.error_message,
        file=failed.file,
        line=failed.line,
        block=failed.block,
        sought=failed.failure.variables,
        nearest=failed.nearest,
        error_type=failed.failure.error_type,
        source_line=failed.source_line,
        is_from_code=failed.is_from_code,
        trace=failed.failure.error_trace,
        help_html=failed.help_html,
    )


def problem_reply(problem: Problem, standing: Standing) -> TurnReply:
    """Something failed; nothing was saved."""
    return opened_reply(standing).model_copy(update={"kind": "problem", "problem": Sealed(problem)})


def bare_reply(kind: TurnKind, session_id: SessionId, code: SessionCode, *, overtaken: bool = False) -> TurnReply:
    """A reply that holds nothing of the session: it is missing, locked, or too busy."""
    return TurnReply(kind=kind, session_id=session_id, session_code=Sealed(str(code)), overtaken=overtaken)


def busy_reply(request: Request) -> TurnReply:
    """The server has no room for this request now."""
    return bare_reply("busy", request.session_id, request.name.code if request.name else SessionCode(""))


def deleted_reply(session_id: SessionId, code: SessionCode) -> TurnReply:
    """The session is gone, as was asked for."""
    gone = Sealed(SessionCommand(name="deleted"))
    return TurnReply(kind="command", session_id=session_id, session_code=Sealed(str(code)), command=gone)


def cut_short(error: Exception) -> RunResult:
    """A run that did not come to its end (too slow, ended from outside, its process died) has failed like any other."""
    failure = TaskFailure(error_type=type(error).__name__, error_message=str(error))
    return RunResult(outcome=RunFailed(failure=failure, title="Error"), save="ignore", is_changed=False)


def done_of(reply: TurnReply) -> ActionDone:
    """The reply to an action that nobody waits for."""
    match reply.kind:
        case "problem" if reply.problem:
            return ActionDone(status="failed", detail=reply.problem.value.title)
        case "missing":
            return ActionDone(status="missing")
        case "locked_out":
            return ActionDone(status="refused", detail=NOBODY_HAS_THE_KEY)
        case "sign_in" | "forbidden":
            return ActionDone(status="refused", detail=NOT_FOR_THEM)
        case _:
            return ActionDone(status="done")


def opened_reply(standing: Standing) -> TurnReply:
    """The session was opened and is told about; commands for the page may be added."""
    return TurnReply(
        kind="check_in",
        session_id=standing.session_id,
        session_code=Sealed(str(standing.code)),
        version=standing.version,
        steps=standing.steps,
        is_multi_user=standing.is_multi_user,
        created=standing.is_created,
        overtaken=standing.is_overtaken,
    )


def _browser_commands(result: RunResult, action: str) -> tuple[BrowserCommand, ...]:
    """The command check-in code ended with, or none (spec/area1 §12.6)."""
    outcome = result.outcome
    if not isinstance(outcome, BrowserAnswer) or outcome.is_silent:
        return ()
    return (BrowserCommand(action=outcome.action or action, value=outcome.value, extra=outcome.extra),)


_PACKED = ("plain", "sealed")


def pack(reply: TurnReply) -> bytes:
    """The reply in clear, to be sealed as one with the session's own key and kept for a second delivery."""
    plain: dict[str, object] = {}
    sealed: dict[str, object] = {}
    for name in reply.model_fields_set:
        value = getattr(reply, name)
        if isinstance(value, Sealed):
            sealed[name] = value.value
        elif value is not None:
            plain[name] = value
    return orjson.dumps(dict(zip(_PACKED, (plain, sealed), strict=True)), default=_as_json)


def unpack(packed: bytes) -> TurnReply:
    """The reply of the first delivery again."""
    plain, sealed = (orjson.loads(packed)[part] for part in _PACKED)
    return TurnReply.model_validate({**plain, **{name: Sealed(value) for name, value in sealed.items()}})


def _as_json(value: object) -> object:
    if isinstance(value, BaseModel):
        return orjson.Fragment(value.model_dump_json())  # orjson itself has no integers beyond 64 bits
    raise TypeError
