"""Other sessions: making them, reading and setting their variables, running their actions (spec/area2 §8, §2.10)."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any, cast

from shared.contracts.question_data import question_data, undefined_variable
from shared.contracts.screen import Screen
from shared.interview.errors import HostRefused
from shared.interview.library.dates import as_datetime
from shared.interview.library.faults import DAError, DAException
from shared.interview.library.links import full_reference
from shared.interview.library.named import public
from shared.interview.library.people import user_number
from shared.interview.library.session_columns import condition_of
from shared.interview.runtime import names
from shared.interview.runtime.operations import Blobs
from shared.interview.runtime.pickling import dump_value, is_stored, load_value
from shared.interview.runtime.run import current_run
from shared.interview.runtime.session_calls import (
    ListMySessions,
    ReachSession,
    SessionAnswer,
    SessionListAnswer,
    SessionPicture,
)

__all__ = [
    "create_session",
    "get_question_data",
    "get_session_variables",
    "go_back_in_session",
    "interview_list",
    "run_action_in_session",
    "set_session_variables",
]

_MEMORY = "_internal["
"""What a session remembers beside its variables: code of another session may set it, browsers may not."""


def create_session(yaml_filename: str, secret: str | None = None, url_args: Any = None) -> str:
    """Begin a session of an interview and give its id; it runs up to its first screen. Raises DAException."""
    given = dict(getattr(url_args, "elements", url_args) or {})
    told = {str(name): value if isinstance(value, str) else str(value) for name, value in given.items()}
    answer, _ = _reach(
        "create_session",
        lambda: ReachSession(order="create", interview=_interview(yaml_filename), secret=secret, url_args=told),
    )
    return answer.code


def get_session_variables(yaml_filename: str, session_id: str, secret: str | None = None, simplify: bool = True) -> Any:
    """The variables of another session, `_internal` and `nav` among them; without `simplify` the objects themselves.

    Raises DAException when there is no such session, or the key does not open it.
    """
    interview, code = _other("get_session_variables", yaml_filename, session_id)
    _, blobs = _reach(
        "get_session_variables",
        lambda: ReachSession(order="read", interview=interview, code=code, secret=secret, is_simplified=bool(simplify)),
    )
    return load_value(blobs["objects"])


@public
class SessionResponse:
    """What another session answers in place of a screen: `status_code`, `content_type` and the bytes of `data`."""

    def __init__(self, data: bytes, status_code: int, content_type: str) -> None:
        self.data, self.status_code, self.content_type = data, status_code, content_type

    def get_data(self, as_text: bool = False) -> bytes | str:
        """The body, as bytes or as a text."""
        return self.data.decode(errors="replace") if as_text else self.data


def get_question_data(yaml_filename: str, session_id: str, secret: str | None = None) -> dict[str, Any]:
    """What another session asks now, in the form of the HTTP API; its logic runs for it, and makes no step.

    A response instead of a screen is `{'questionType': 'response', 'response': …}` with a `SessionResponse`. Raises
    DAException when the session cannot be opened, or its interview fails.
    """
    interview, code = _other("get_question_data", yaml_filename, session_id)
    answer, blobs = _reach(
        "get_question_data", lambda: ReachSession(order="ask", interview=interview, code=code, secret=secret)
    )
    match answer.kind:
        case "screen":
            context = current_run().context
            return question_data(
                Screen.model_validate_json(blobs["screen"]),
                answer.steps,
                user=context.user,
                request=context.request,
                session_code=code,
            )
        case "response":
            told = SessionResponse(blobs["body"], answer.status, answer.content_type)
            return {"questionType": "response", "response": told}
        case "undefined":
            return undefined_variable(answer.detail)
        case _:
            return {"questionType": answer.detail or answer.kind, "url": answer.url or None, "message_log": []}


def set_session_variables(
    yaml_filename: str,
    session_id: str,
    variables: Any,
    secret: str | None = None,
    question_name: str | None = None,
    overwrite: bool = False,
    process_objects: bool = False,
    delete: Any = None,
) -> None:
    """Give variables of another session values; its logic does not run. Objects arrive as they are.

    `delete`: names to delete. `question_name`: a question that counts as answered then. Without `overwrite` it is a
    step that Back undoes. Raises DAException for what is no name, and when the session cannot be opened.
    """
    interview, code = _other("set_session_variables", yaml_filename, session_id)
    entries = getattr(variables, "elements", variables)
    if not isinstance(entries, Mapping):
        raise DAError("set_session_variables(): the variables have to be a dictionary")
    deletes = (delete,) if isinstance(delete, str) else tuple(delete or ())
    for name in (*entries, *deletes):
        if not isinstance(name, str) or not names.is_legal(name.replace(_MEMORY, _MEMORY[1:], 1)):
            raise DAException(f"Illegal value as variable name: {name!r}")
    values = dump_value(dict(entries), "A variable for another session")
    _reach(
        "set_session_variables",
        lambda: ReachSession(
            order="write",
            interview=interview,
            code=code,
            secret=secret,
            names=tuple(entries),
            deletes=deletes,
            is_converted=bool(process_objects),
            question_name=question_name or "",
            is_new_step=not overwrite,
        ),
        {"values": values},
    )


def run_action_in_session(
    yaml_filename: str,
    session_id: str,
    action: str,
    arguments: Any = None,
    secret: str | None = None,
    persistent: bool = False,
    overwrite: bool = False,
    read_only: bool = False,
) -> bool:
    """Run an action in another session, as if its link had been visited; True. What it answers is dropped.

    A question it reaches ends it well; with `persistent` it stays pending. Raises DAError when it fails.
    """
    interview, code = _other("run_action_in_session", yaml_filename, session_id)
    given = dict(getattr(arguments, "elements", arguments) or {})
    try:
        _reach(
            "run_action_in_session",
            lambda: ReachSession(
                order="act",
                interview=interview,
                code=code,
                secret=secret,
                action=str(action),
                arguments=given,
                is_persistent=bool(persistent),
                is_new_step=not overwrite,
                is_read_only=bool(read_only),
            ),
        )
    except DAException as error:
        raise DAError(f"run_action_in_session: {error}") from None
    return True


def go_back_in_session(yaml_filename: str, session_id: str, secret: str | None = None) -> None:
    """Undo the newest step of another session. Raises DAException at the first step."""
    interview, code = _other("go_back_in_session", yaml_filename, session_id)
    _reach("go_back_in_session", lambda: ReachSession(order="back", interview=interview, code=code, secret=secret))


def interview_list(
    exclude_invalid: bool = True,
    action: str | None = None,
    filename: str | None = None,
    session: str | None = None,
    user_id: Any = None,
    query: Any = None,
    include_dict: bool = True,
    delete_shared: bool = False,
    next_id: str | None = None,
) -> Any:
    """The sessions of the person as (list, what to pass as `next_id` for more); None for somebody anonymous.

    `user_id`: the number of somebody else, or `all`. `query`: a condition made of `DA.Sessions`, or its text.
    `action`: `delete` leaves the session of `filename` and `session` (True), `delete_all` leaves all (how many); with
    `delete_shared` they are deleted although others take part. Raises DAException without the privilege for others'
    sessions, DAError for arguments that do not fit.
    """
    run = current_run()
    if not run.context.user.is_authenticated:
        return None
    whose: dict[str, Any] = (
        {"of_everybody": True} if user_id == "all" else {"user_id": user_number(user_id), "of_everybody": False}
    )
    reference = "" if filename is None else _interview(filename)
    if action is not None:
        return _leave(action, reference, session, {**whose, "for_all": bool(delete_shared)})
    condition = None if query is None else condition_of(query)
    answer = _listed(
        lambda: ListMySessions(
            interview=reference, code=session or "", after=next_id or "", condition=condition, **whose
        )
    )
    items = [_item(one, include_dict=bool(include_dict)) for one in answer.sessions]
    return [one for one in items if one["valid"] or not exclude_invalid], answer.next_after or None


def _leave(action: str, interview: str, session: str | None, whose: dict[str, Any]) -> Any:
    if action == "delete":
        if not interview or not session:
            raise DAError("interview_list(): to delete a session takes a filename and a session")
        _listed(lambda: ListMySessions(interview=interview, code=session, leaves=True, **whose))
        return True
    if action == "delete_all":
        if interview or session:
            raise DAError(
                "interview_list(): delete_all deletes the sessions of all interviews, so it takes no filename and no "
                "session. Ask for the list of one interview, and delete each"
            )
        return _listed(lambda: ListMySessions(leaves=True, **whose)).count
    raise DAError(f"interview_list(): {action!r} is no action; there are delete and delete_all")


def _item(one: SessionPicture, *, include_dict: bool) -> dict[str, Any]:
    modified, started = (datetime.datetime.fromisoformat(text) for text in (one.modified_at, one.started_at))
    found = {
        "filename": one.interview,
        "session": one.code,
        "modtime": _told(modified),
        "starttime": _told(started),
        "utc_modtime": modified,
        "utc_starttime": started,
        "title": one.title,
        "subtitle": one.subtitle or None,
        "valid": one.is_readable,
        "metadata": one.metadata,
        "tags": set(one.tags),
        "email": one.email or None,
        "user_id": int(one.user_id) if one.user_id.isdigit() else None,
        "temp_user_id": int(one.user_id[1:]) if one.user_id[:1] == "t" and one.user_id[1:].isdigit() else None,
    }
    if include_dict:
        found |= {"dict": _variables_of(one), "encrypted": not one.is_shared}
    return found


def _variables_of(one: SessionPicture) -> Any:
    """The variables of a session in a list, or None when they cannot be opened."""
    run = current_run()
    if one.code == run.context.session_code:
        kept = {name: value for name, value in run.answers.items() if is_stored(name, value) or name == "_internal"}
        return load_value(dump_value(kept, "A variable"))
    if not one.is_readable:
        return None
    return get_session_variables(one.interview, one.code, simplify=False)


def _told(moment: datetime.datetime) -> str:
    run = current_run()
    return as_datetime(moment, run.context.user.timezone or run.timezone).strftime("%x %X")


def _interview(filename: Any) -> str:
    if not isinstance(filename, str) or not filename:
        raise DAError(f"An interview is named like package:data/questions/file.yml, not {filename!r}")
    return full_reference(current_run(), filename)


def _other(function: str, filename: Any, session_id: Any) -> tuple[str, str]:
    """Interview and code of a session that is not this one. Raises DAError."""
    run = current_run()
    interview = _interview(filename)
    if not isinstance(session_id, str) or not session_id:
        raise DAError(f"{function}() needs the id of a session, not {session_id!r}")
    if session_id == run.context.session_code and interview == run.context.interview:
        raise DAError(f"{function}() cannot be used on the current interview session")
    return interview, session_id


def _reach(function: str, make: Callable[[], ReachSession], blobs: Blobs | None = None) -> tuple[SessionAnswer, Blobs]:
    try:
        call = make()
    except ValueError:
        raise DAError(f"{function}(): these arguments are not what it takes") from None
    try:
        answer, found = current_run().host.call(call, blobs)
    except HostRefused as error:
        raise DAException(error.message) from None
    return cast(SessionAnswer, answer), found


def _listed(make: Callable[[], ListMySessions]) -> SessionListAnswer:
    try:
        call = make()
    except ValueError:
        raise DAError("interview_list(): these arguments are not what it takes") from None
    try:
        answer, _ = current_run().host.call(call)
    except HostRefused as error:
        raise DAException(error.message) from None
    return cast(SessionListAnswer, answer)
