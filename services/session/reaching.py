"""What code of one session does with other sessions (spec/area2 §8): each a turn on the other session, like any other.

A turn that reaches out lets go of its own session first, as one that waits for a task does: two sessions that write to
each other at once cannot wait for each other, and whether the answers are still the newest is for the version check to
say. What was done is remembered for the attempts of the turn, and by the other session under an operation id that
follows from who asks for what: a turn that runs again gets the first reply and changes nothing twice.
"""

from __future__ import annotations

import base64
import binascii
from typing import Protocol

import structlog

from services.session.my_sessions import MySessions
from services.session.names import BadInterviewReference, BadSessionCode, SessionName, name_of
from services.session.operations import Cause, Found, Keep, Plan, Request
from services.session.outcomes import TooManyTurns, Turned
from shared.contracts.base import Sealed
from shared.contracts.session import (
    ReachedSession,
    ReachOtherSession,
)
from shared.contracts.session_lists import LeaveSessions, ListSessions, SessionEntry
from shared.contracts.visitor import SECRET_LETTERS, KeyHolder, Visitor, secret_holder
from shared.crypto.aead import SealBroken
from shared.evaluation.port import PoolBusy
from shared.interview.errors import HostRefused
from shared.interview.runtime.operations import (
    AssignVariables,
    Blobs,
    CallAction,
    ExportVariables,
    Operation,
    ShowScreen,
    StepBack,
)
from shared.interview.runtime.session_calls import (
    ListMySessions,
    ReachSession,
    SessionAnswer,
    SessionListAnswer,
    SessionPicture,
)
from shared.kernel.errors import Refused

_UNKNOWN = "Unable to obtain interview dictionary."
_CLOSED = "Unable to decrypt interview dictionary"
_NOT_ALLOWED = "Insufficient permissions to run this interview."
log = structlog.get_logger()

_BUSY = "The other session is too busy now. Try again later."
_NO_KEY = (
    "The session could not be encrypted: there is no key. Give a secret, or let the interview say multi_user = True."
)
_DAMAGED = (
    "The other session is damaged: what is stored of it does not belong together. Whoever runs the server can say more."
)
_OWN = "This is the current interview session: it cannot be reached as another one."
_UNDEFINED = "NoDefinition"
_STAFF = frozenset({"admin", "advocate"})


class CannotGoBack(Refused):
    """Cannot go back."""


class Runner(Protocol):
    """Runs turns; services.session.turn.Turns fits."""

    async def run(self, request: Request) -> Turned:
        """One turn."""
        ...


class Reaching:
    """Carries out what code of one session asks of others."""

    def __init__(self, *, mine: MySessions) -> None:
        self._mine = mine
        self._turns: Runner | None = None

    def through(self, turns: Runner) -> None:
        """Turns need hosts, and hosts need turns: these are told last."""
        self._turns = turns

    async def reach(
        self, call: ReachSession, blobs: Blobs, *, visitor: Visitor, own: str, operation_id: str
    ) -> tuple[SessionAnswer, Blobs]:
        """One turn on another session than `own`. Raises HostRefused with a sentence for the author."""
        assert self._turns is not None
        request = _request_of(call, blobs, visitor, operation_id)
        if request.session_id == own:
            raise HostRefused(_OWN)
        try:
            turned = await self._turns.run(request)
        except (PoolBusy, TooManyTurns):
            raise HostRefused(_BUSY) from None
        except SealBroken:
            log.warning("session.damaged", session=request.session_id)
            raise HostRefused(_DAMAGED) from None
        except Refused as error:
            raise HostRefused(str(error)) from None
        return _answer(call, turned)

    async def sessions(self, call: ListMySessions, visitor: Visitor) -> SessionListAnswer:
        """List or leave somebody's sessions. Raises HostRefused."""
        whose = _on_behalf(call, visitor)
        if not whose.user.is_authenticated:
            return SessionListAnswer()
        try:
            if call.leaves:
                return await self._leave(call, whose)
            listed = ListSessions(
                visitor=Sealed(whose),
                tag=Sealed(call.tag),
                interview=call.interview,
                after=call.after,
                of_everybody=call.of_everybody,
                shows_codes=whose is not visitor or call.of_everybody,
                condition=Sealed(call.condition),
            )
            page = await self._mine.page(listed)
        except Refused as error:
            raise HostRefused(str(error)) from None
        entries = [one for one in page.entries.value if not call.code or one.code == call.code]
        return SessionListAnswer(sessions=tuple(map(_picture, entries)), next_after=page.next_after)

    async def _leave(self, call: ListMySessions, visitor: Visitor) -> SessionListAnswer:
        ids: tuple[str, ...] = ()
        if call.code:
            ids = (_named(call.interview, call.code, visitor).session_id,)
        left = await self._mine.leave(
            LeaveSessions(
                visitor=Sealed(visitor), session_ids=ids, of_everybody=call.of_everybody, for_all=call.for_all
            )
        )
        return SessionListAnswer(count=left.count)


async def answer_to_task(message: ReachOtherSession, reaching: Reaching) -> ReachedSession:
    """The same for code of a background action, which a worker runs."""
    visitor, asked = message.visitor.value, message.call.value
    blobs = {name: base64.b64decode(value) for name, value in message.blobs.value.items()}
    answer: SessionAnswer | SessionListAnswer
    try:
        if asked.get("call") == "list_my_sessions":
            answer, made = await reaching.sessions(ListMySessions.model_validate(asked), visitor), Blobs()
        else:
            answer, made = await reaching.reach(
                ReachSession.model_validate(asked),
                blobs,
                visitor=visitor,
                own=message.own_session_id,
                operation_id=message.operation_id,
            )
    except HostRefused as refusal:
        return ReachedSession(refusal=Sealed(refusal.message))
    told = {name: base64.b64encode(value).decode() for name, value in made.items()}
    return ReachedSession(answer=Sealed(answer.model_dump(mode="json")), blobs=Sealed(told))


def _request_of(call: ReachSession, blobs: Blobs, visitor: Visitor, operation_id: str) -> Request:
    visitor = _with_secret(visitor, call.secret)
    if call.order == "create" and not visitor.keys:
        raise HostRefused(_NO_KEY)
    name = _named(call.interview, call.code, visitor, operation_id)
    if call.order != "create" and not call.code:
        raise HostRefused(_UNKNOWN)
    operation, keep = _operation(call)

    def plan(found: Found) -> Plan:
        if call.order == "back" and found.newest_step <= 1:
            raise CannotGoBack
        return Plan(operation, keep=keep)

    causes: dict[str, Cause] = {"back": "back", "act": "action"}
    return Request(
        session_id=name.session_id,
        operation_id=operation_id,
        visitor=visitor,
        cause=causes.get(call.order, "api"),
        plan=plan,
        name=name,
        url_args=call.url_args,
        blobs={"values": blobs["values"]} if "values" in blobs else {},
        may_create=call.order == "create",
        is_read_only=call.order == "read" or call.is_read_only,
        is_passing_by=call.order != "create",
        steps=2 if call.order == "back" else 1,
        limit="action" if call.order == "act" else "interactive",
    )


def _operation(call: ReachSession) -> tuple[Operation, Keep]:
    changing: Keep = "as_run" if call.is_new_step else "in_place"
    match call.order:
        case "create":
            return ShowScreen(is_first=True, tolerates_missing=True), "anew"
        case "read":
            form = "plain" if call.is_simplified else "objects"
            return ExportVariables(includes_internal=True, for_session=form), "nothing"
        case "write":
            operation = AssignVariables(
                values_blob="values",
                deletes=call.deletes,
                is_converted=call.is_converted,
                question_name=call.question_name,
                runs=False,
                is_exact=True,
            )
            return operation, changing
        case "act":
            action = CallAction(
                action=call.action,
                arguments=call.arguments,
                is_read_only=call.is_read_only,
                keeps_step=not call.is_new_step,
                is_persistent=call.is_persistent,
                tolerates_missing=True,
            )
            return action, "nothing" if call.is_read_only else changing
        case "ask":
            return ShowScreen(), "in_place"
        case "back":
            return StepBack(), "back"


def _answer(call: ReachSession, turned: Turned) -> tuple[SessionAnswer, Blobs]:
    reply, blobs = turned.reply, Blobs()
    match reply.kind:
        case "missing":
            raise HostRefused(_UNKNOWN)
        case "locked_out":
            raise HostRefused(_CLOSED)
        case "sign_in" | "forbidden":
            raise HostRefused(_NOT_ALLOWED)
        case "problem":
            assert reply.problem is not None
            problem = reply.problem.value
            if call.order == "ask" and problem.error_type == _UNDEFINED and problem.sought:
                return SessionAnswer(code=reply.session_code.value, kind="undefined", detail=problem.sought[0]), blobs
            raise HostRefused(problem.message)
        case "busy":
            raise HostRefused(_BUSY)
    status, content_type = 0, ""
    if call.order == "ask" and reply.screen is not None:
        blobs["screen"] = reply.screen.value.encode()
    if call.order == "ask" and reply.response is not None:
        status, content_type = reply.response.value.status, reply.response.value.content_type
        blobs["body"] = base64.b64decode(reply.response.value.body_base64)
    if "objects" in turned.blobs:
        blobs["objects"] = turned.blobs["objects"]
    command = reply.command.value if reply.command is not None else None
    answer = SessionAnswer(
        code=reply.session_code.value,
        kind=reply.kind,
        detail=command.name if command else "",
        url=command.url or "" if command else "",
        status=status,
        content_type=content_type,
        steps=reply.steps,
    )
    return answer, blobs


def _named(interview: str, code: str, visitor: Visitor, operation_id: str = "") -> SessionName:
    try:
        return name_of(interview, code, visitor, operation_id)
    except (BadInterviewReference, BadSessionCode):
        raise HostRefused(_UNKNOWN) from None


def _with_secret(visitor: Visitor, secret: str | None) -> Visitor:
    """With the key of a secret in place of the visitor's own: that of one session, as programs get it with a new one,
    or somebody's, as `get_user_secret()` gives it (`<holder>.<key in hex>`).
    """
    if secret is None:
        return visitor
    if 0 < len(secret) <= SECRET_LETTERS:
        return visitor.model_copy(update={"keys": (secret_holder(secret),)})
    holder, _, key = secret.rpartition(".")
    try:
        raw = bytes.fromhex(key)
    except (ValueError, binascii.Error):
        raw = b""
    if not holder or len(raw) != 32:
        raise HostRefused(_CLOSED)
    return visitor.model_copy(update={"keys": (KeyHolder(holder=holder, key=base64.b64encode(raw).decode()),)})


def _on_behalf(call: ListMySessions, visitor: Visitor) -> Visitor:
    """Whose sessions are meant: others' need a privilege. Raises HostRefused."""
    user = visitor.user
    is_own = call.user_id is None or str(call.user_id) == user.the_user_id
    if is_own and not call.of_everybody:
        return visitor
    needed = "edit_sessions" if call.leaves else "access_sessions"
    if not _STAFF & set(user.roles) and needed not in user.permissions:
        raise HostRefused("You do not have sufficient privileges to access the sessions of other users.")
    if call.of_everybody:
        return visitor
    return Visitor(user=user.model_copy(update={"the_user_id": str(call.user_id)}), request=visitor.request)


def _picture(entry: SessionEntry) -> SessionPicture:
    return SessionPicture(
        interview=entry.interview,
        code=entry.code,
        title=entry.title,
        subtitle=entry.subtitle,
        tags=entry.tags,
        metadata=entry.metadata,
        started_at=entry.started_at.isoformat(),
        modified_at=entry.modified_at.isoformat(),
        is_readable=entry.is_readable,
        is_shared=entry.is_shared,
        user_id=entry.user_id,
        email=entry.email,
    )
