"""`/api/session…`: begin a session, read and write its variables, ask its question, run actions (spec/area2 §11.2)."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from starlette.responses import Response

from services.gateway.addresses import header_lines, header_value
from services.gateway.api_answers import ApiRefused, nothing, said
from services.gateway.api_calls import Call, Endpoint, Parameter
from services.gateway.requests import RESERVED
from services.gateway.security import DOCUMENT_POLICY
from shared.contracts.base import Sealed
from shared.contracts.question_data import question_data, undefined_variable
from shared.contracts.screen import Screen
from shared.contracts.session import (
    CheckIn,
    EndSession,
    GoBack,
    HttpAnswer,
    NamedAction,
    OpenSession,
    PerformAction,
    Problem,
    ReadVariables,
    TurnReply,
    Upload,
    WriteVariables,
)
from shared.contracts.session_lists import LeaveSessions, LeftSessions
from shared.contracts.visitor import SECRET_LETTERS, Visitor
from shared.kernel.errors import Retryable
from shared.kernel.ids import SessionId, derived_id, new_secret, session_id_of

_BOTH = "Parameters i and session are required."
_UNDEFINED = "NoDefinition"
_WITHOUT_BODY = frozenset({204, 205, 304})
_HOP_HEADERS = frozenset({"connection", "transfer-encoding", "content-length", "set-cookie", "content-type"})
_NOT_ARGUMENTS = frozenset({"key", "i", "secret"})

_I = Parameter("i", "The interview: `package:data/questions/file.yml`.", is_required=True)
_SESSION = Parameter("session", "The 32 characters that name the session.", is_required=True)
_SECRET = Parameter("secret", "What opens an encrypted session.")
_QUESTION = Parameter("question", "Whether to answer with the question that follows.", "flag")


class InTheWay(Retryable):
    """Others kept changing the session while it was to be deleted. Try again."""


async def begin(call: Call) -> Response:
    """A new session, and what opens it."""
    interview = call.interview()
    given = call.text("secret")
    secret = given or new_secret(SECRET_LETTERS)
    visitor = await call.visitor(secret)
    url_args = Sealed(
        {
            name: value
            for name, value in call.query
            if name not in _NOT_ARGUMENTS and name not in RESERVED and (name[:1].isalpha() or name[:1] == "_")
        }
    )
    facts: dict[str, Any] = {
        "interview": interview,
        "session_code": Sealed(""),
        "visitor": Sealed(visitor),
        "may_create": True,
        "url_args": url_args,
    }
    reply = await call.desk.sessions.ask(OpenSession(operation_id=call.operation_id, **facts))
    if reply.kind == "problem" and _problem(reply).error_type == _UNDEFINED:
        # Nothing can be asked before a program has set what is missing: the session begins all the same.
        reply = await call.desk.sessions.ask(
            WriteVariables(operation_id=call.operation_id, variables=Sealed({}), runs=False, **facts)
        )
    refuse_failure(call, reply, unknown="NotAnInterview: There is no interview of this name.")
    told: dict[str, Any] = {
        "session": reply.session_code.value,
        "i": interview,
        "encrypted": not reply.is_multi_user,
    }
    if not given and not reply.is_multi_user:
        told["secret"] = secret
    return said(told)


async def read(call: Call) -> Response:
    """All variables."""
    reply = await call.desk.sessions.ask(ReadVariables(**await facts_of(call), includes_internal=True))
    refuse_failure(call, reply)
    return said(reply.variables.value if reply.variables is not None else {})


async def write(call: Call) -> Response:
    """Set and delete variables, take files."""
    facts = await facts_of(call)
    variables: dict[str, Any] = call.structure(
        "variables", dict, {}, malformed="Malformed variables.", wrong="Variables data is not a dict."
    )
    named = call.structure(
        "file_variables",
        dict,
        {},
        malformed="Malformed list of file variables.",
        wrong="File variables data is not a dict.",
    )
    if not all(isinstance(one, str) for one in named.values()):
        raise ApiRefused("Malformed file variable.")
    deletes = call.names(
        "delete_variables",
        malformed="Malformed list of delete variables.",
        wrong="Delete variables data is not a list.",
    )
    events = call.names("event_list", malformed="Malformed event list.", wrong="Malformed event list.")
    reply = await call.desk.sessions.ask(
        WriteVariables(
            **facts,
            variables=Sealed(variables),
            deletes=deletes,
            is_new_step=not call.flag("overwrite"),
            is_converted=not call.flag("raw"),
            question_name=call.text("question_name"),
            events=events,
            advances_progress=call.flag("advance_progress_meter"),
            uploads=Sealed(tuple(_named(one, named) for one in call.uploads)),
            runs=False,
        )
    )
    refuse_failure(call, reply, problem=_problem_of_writing(reply))
    return await _question_or_nothing(call, facts, otherwise=True)


async def delete(call: Call) -> Response:
    """The session ends for the owner of the key; for all, when nobody else takes part.

    It needs no secret. Who takes no part ends it for all with the permission to edit sessions; else a secret, or the
    code of a shared session, ends it when nobody is left in it.
    """
    facts = await facts_of(call)
    session_id = session_id_of(facts["interview"], facts["session_code"].value)
    if await _left(call, facts["visitor"], session_id):
        return nothing()
    if call.account.may("edit_sessions"):
        await _left(call, facts["visitor"], session_id, of_everybody=True)
    else:
        await call.desk.sessions.ask(EndSession(**facts, how="delete"))
    return nothing()


async def _left(call: Call, visitor: Sealed[Visitor], session_id: SessionId, *, of_everybody: bool = False) -> bool:
    """Whether they took part, and do no more. Raises InTheWay."""
    command = LeaveSessions(visitor=visitor, session_ids=(session_id,), of_everybody=of_everybody)
    left = await call.desk.sessions.request(command, LeftSessions)
    if left.has_more and not left.count:
        raise InTheWay
    return bool(left.count)


async def question(call: Call) -> Response:
    """The question where the session is."""
    return await _question(call, await facts_of(call))


async def back(call: Call) -> Response:
    """One step back."""
    facts = await facts_of(call)
    stands = await call.desk.sessions.ask(CheckIn(**{**facts, "operation_id": _derived(call, "look")}))
    refuse_failure(call, stands)
    if stands.steps <= 1:
        raise ApiRefused("Cannot go back.")
    reply = await call.desk.sessions.ask(GoBack(**facts, step=stands.steps))
    if reply.kind != "problem" or _problem(reply).error_type != _UNDEFINED:
        refuse_failure(call, reply)
    if not call.flag("question", otherwise=True):
        return nothing()
    return _told(call, reply)


async def action(call: Call) -> Response:
    """Run an action; what it answers with is the answer."""
    message = "Parameters i, session, and action are required."
    name = call.needed("action", message)
    facts = await facts_of(call, message=message)
    arguments: dict[str, Any] = call.structure(
        "arguments", dict, {}, malformed="Malformed arguments.", wrong="Arguments data is not a dict."
    )
    reply = await call.desk.sessions.ask(
        PerformAction(
            **facts,
            call=Sealed(NamedAction(action=name, arguments=arguments)),
            is_read_only=call.flag("read_only"),
            keeps_step=call.flag("overwrite"),
            is_persistent=call.flag("persistent"),
        )
    )
    refuse_failure(call, reply, problem="api_session_action: failure to assemble interview: {}")
    if reply.kind == "response" and reply.response is not None:
        return _passed_on(reply.response.value)
    return nothing()


async def facts_of(call: Call, *, message: str = _BOTH) -> dict[str, Any]:
    """What all commands about one session share. Raises ApiRefused."""
    interview = call.interview(message=message)
    code = call.needed("session", message)
    if len(code) != 32 or not code.isascii() or not code.isalnum():
        raise ApiRefused("Unable to obtain interview dictionary.")
    return {
        "operation_id": call.operation_id,
        "interview": interview,
        "session_code": Sealed(code),
        "visitor": Sealed(await call.visitor(call.text("secret"))),
    }


async def _question_or_nothing(call: Call, facts: dict[str, Any], *, otherwise: bool) -> Response:
    if not call.flag("question", otherwise=otherwise):
        return nothing()
    return await _question(call, {**facts, "operation_id": _derived(call, "question")})


async def _question(call: Call, facts: dict[str, Any]) -> Response:
    return _told(call, await call.desk.sessions.ask(OpenSession(**facts)))


def _told(call: Call, reply: TurnReply) -> Response:
    """The question of a reply; or what the interview says instead of one."""
    if reply.kind == "problem" and _problem(reply).error_type == _UNDEFINED:
        sought = _problem(reply).sought
        return said(undefined_variable(sought[0] if sought else ""))
    refuse_failure(call, reply)
    if reply.kind == "screen" and reply.screen is not None:
        screen = Screen.model_validate_json(reply.screen.value)
        user, request = call.user_facts(), call.request_facts()
        code = reply.session_code.value
        return said(question_data(screen, reply.steps, user=user, request=request, session_code=code))
    if reply.kind == "response" and reply.response is not None:
        return _passed_on(reply.response.value)
    if reply.kind == "command" and reply.command is not None:
        command = reply.command.value
        return said({"questionType": command.name, "url": command.url, "message_log": []})
    return nothing()


_PROBLEM_OF_WRITING = "Problem setting variables: {}"
_PROBLEMS = {
    "NotDeleted": "Problem deleting variables: {}",
    "NoSuchQuestion": "Problem marking question as completed: {}",
}
"""What went wrong when variables were written, by the error of the engine."""


def _problem_of_writing(reply: TurnReply) -> str:
    return _PROBLEMS.get(_problem(reply).error_type, _PROBLEM_OF_WRITING)


def refuse_failure(
    call: Call,
    reply: TurnReply,
    *,
    problem: str = "{}",
    unknown: str = "Unable to obtain interview dictionary.",
) -> None:
    """Raises ApiRefused for everything that is not what was asked for."""
    match reply.kind:
        case "missing":
            raise ApiRefused(unknown)
        case "locked_out":
            raise ApiRefused("Unable to decrypt interview dictionary")
        case "busy":
            raise ApiRefused("The server is busy; ask again in a moment.", 503)
        case "sign_in" | "forbidden":
            raise ApiRefused("PermissionMissing: You do not have the privilege that this interview asks for.")
        case "problem":
            found = _problem(reply)
            is_shown = not found.is_from_code or call.desk.settings.shows_error_details or call.account.is_admin
            message = found.message if is_shown else "The code of the interview raised an error."
            text = f"{found.error_type}: {message}" if found.error_type and problem == "{}" else message
            raise ApiRefused(problem.format(text))
        case _:
            return


def _problem(reply: TurnReply) -> Problem:
    return reply.problem.value if reply.problem is not None else Problem(title="Error", message="")


def _passed_on(answer: HttpAnswer) -> Response:
    """What `response()` and kin made, as it is."""
    try:
        body = base64.b64decode(answer.body_base64, validate=True)
    except (binascii.Error, ValueError):
        raise ApiRefused("The interview answered with something that is no text.") from None
    status = answer.status if answer.status in range(200, 600) else 500
    headers = {name: value for name, value in header_lines(answer.headers).items() if name not in _HOP_HEADERS}
    headers.setdefault("content-security-policy", DOCUMENT_POLICY)
    return Response(
        b"" if status in _WITHOUT_BODY else body,
        status_code=status,
        media_type=header_value(answer.content_type),
        headers=headers,
    )


def _named(upload: Upload, variables: dict[str, Any]) -> Upload:
    return upload.model_copy(update={"name": str(variables.get(upload.name, upload.name))})


def _derived(call: Call, what: str) -> str:
    return derived_id("api", call.operation_id, what)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/session/new",
        "Begin a session",
        begin,
        (
            _I,
            Parameter("secret", "What is to open the session; without one, one is made and told."),
        ),
        answers={200: "`{session, i, encrypted, secret}`; other parameters of the query become `url_args`."},
        makes=True,
    ),
    Endpoint("GET", "/api/session", "Read all variables", read, (_I, _SESSION, _SECRET), answers={200: "Variables."}),
    Endpoint(
        "POST",
        "/api/session",
        "Set and delete variables, take files",
        write,
        (
            _I,
            _SESSION,
            _SECRET,
            Parameter("variables", "Values by name.", "object"),
            Parameter("raw", "Leave texts that look like dates, and JSON forms of objects, as they are.", "flag"),
            Parameter("delete_variables", "Names of variables to be undefined.", "list"),
            Parameter("question_name", "A question that counts as answered: `ID <id>` or `Question_<n>`."),
            Parameter("event_list", "As it came with the question: pending actions that are done.", "list"),
            Parameter("file_variables", "Variables by the name of the file's field in the form.", "object"),
            Parameter("overwrite", "Change the newest step instead of adding one.", "flag"),
            Parameter("advance_progress_meter", "Move the progress bar as a form does.", "flag"),
            _QUESTION,
        ),
        answers={200: "The question that follows.", 204: "Without `question`."},
    ),
    Endpoint("DELETE", "/api/session", "End a session", delete, (_I, _SESSION, _SECRET)),
    Endpoint(
        "GET",
        "/api/session/question",
        "The question where the session is",
        question,
        (_I, _SESSION, _SECRET),
        answers={200: "The question."},
    ),
    Endpoint(
        "POST",
        "/api/session/back",
        "One step back",
        back,
        (_I, _SESSION, _SECRET, _QUESTION),
        answers={200: "The question there.", 204: "Without `question`."},
    ),
    Endpoint(
        "POST",
        "/api/session/action",
        "Run an action",
        action,
        (
            _I,
            _SESSION,
            _SECRET,
            Parameter("action", "Its name.", is_required=True),
            Parameter("arguments", "What `action_argument()` finds.", "object"),
            Parameter("persistent", "Questions it leads to are asked next.", "flag"),
            Parameter("overwrite", "Change the newest step instead of adding one.", "flag"),
            Parameter("read_only", "Keep nothing of what it changes.", "flag"),
        ),
        answers={200: "What the action answers with, under its own status and kind.", 204: "It answered nothing."},
    ),
)
