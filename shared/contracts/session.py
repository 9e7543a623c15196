"""What the session service is asked to do, and what it answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from shared.contracts.base import Command, JsonObject, Reply, Sealed
from shared.contracts.screen import Form
from shared.contracts.visitor import Visitor

INTERACTIVE = "session.interactive"
ENDED = "session.ended"
BULK = "session.bulk"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SessionRequest(Command, queue=INTERACTIVE):
    """What all requests of a person about one session share."""

    operation_id: str
    """One per intent, made by the browser where there is one: a second delivery gets the first outcome."""
    interview: str
    """Reference of the interview."""
    session_code: Sealed[str]
    """The 32 characters that name the session."""
    visitor: Sealed[Visitor]


class OpenSession(SessionRequest):
    """Show the current screen; create the session when there is none by that code and `may_create`."""

    may_create: bool = False
    reset: bool = False
    """Delete the session of this code first and start anew under it."""
    url_args: Sealed[dict[str, str]] = Sealed({})


class Input(_Value):
    """One posted value."""

    name: str
    value: str


class Upload(_Value):
    """One uploaded file, already stored in shared.files."""

    name: str
    number: int
    filename: str
    mimetype: str
    location: str = ""
    """Where its sealed contents lie."""
    key_base64: str = ""
    """What opens them; nobody else knows it until a session claims the file."""
    size_bytes: int = 0


class Submission(_Value):
    """A posted form."""

    form: Form
    inputs: tuple[Input, ...] = ()
    uploads: tuple[Upload, ...] = ()
    visible: tuple[str, ...] | None = None
    """Names of the inputs that were visible; None when the client did not say (no script)."""


class SubmitAnswers(SessionRequest):
    """Take a form's values into the answers."""

    submission: Sealed[Submission]
    step: int
    """The step the form was shown on."""


class GoBack(SessionRequest):
    """Drop the newest step. Without effect, when `step` is no longer the newest."""

    step: int


class NamedAction(_Value):
    """An action by name with its arguments."""

    action: str
    arguments: JsonObject = {}


class PerformAction(SessionRequest):
    """Run an action somebody clicked, called from JavaScript or linked to."""

    call: Sealed[NamedAction]
    is_read_only: bool = False
    url_args: Sealed[dict[str, str]] = Sealed({})


class CheckIn(SessionRequest):
    """The browser's periodic or change-triggered call (spec/area1 §12)."""

    call: Sealed[NamedAction] | None = None
    acknowledged: tuple[int, ...] = ()
    """Numbers of the notices the page has executed; they are deleted."""


class OpenFile(Command, queue=INTERACTIVE):
    """Open a file for whoever asks, if they may see it: they hold a key to its session, or it is shared with them."""

    number: int
    visitor: Sealed[Visitor]
    sessions: Sealed[tuple[tuple[str, str], ...]] = Sealed(())
    """(interview, code) of the sessions this browser is in: the codes of shared sessions are keys to their files."""


class FileTicket(_Value):
    """All that is needed to give a file out."""

    filename: str
    mimetype: str
    location: str
    key_base64: str
    size_bytes: int


class FileReply(Reply):
    """The file; None when there is none, or it is not theirs to see."""

    ticket: Sealed[FileTicket] | None = None


class EndSession(SessionRequest):
    """Restart, leave for good, or delete. Without effect when `step` is given and no longer the newest."""

    how: Literal["restart", "delete"]
    step: int | None = None


class ReadVariables(SessionRequest):
    """The answers as JSON, for the owner (`/vars`, API)."""

    includes_internal: bool = False


class WriteVariables(SessionRequest):
    """Set variables from outside (API, other sessions)."""

    variables: Sealed[JsonObject]
    deletes: tuple[str, ...] = ()
    is_new_step: bool = True


class BrowserCommand(_Value):
    """What a page is told to do (spec/area1 §1.9)."""

    action: str | None = None
    value: Any = None
    extra: str | None = None
    notice: int | None = None
    """Number to acknowledge; None for answers of check-in code."""


class Problem(_Value):
    """What a person is told when something failed, and what an author needs to find it."""

    title: str
    message: str
    file: str | None = None
    line: int | None = None
    block: str | None = None
    sought: tuple[str, ...] = ()
    """Variables being sought, newest first."""
    nearest: tuple[str, ...] = ()
    """For a variable that nothing defines: the names that look most like it."""
    source_line: str = ""
    """The line of the file as its author wrote it: for authors only, like the trace."""
    is_from_code: bool = False
    """The message is the text of an exception of interview code: for authors only, it may hold anything."""
    trace: str | None = None


class HttpAnswer(_Value):
    """A raw HTTP answer made by `response()` and kin."""

    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = {}
    body_base64: str = ""


class SessionCommand(_Value):
    """A session command a run ended in: `exit`, `leave`, `logout`, `refresh`, `signin`, `wait`, …"""

    name: str
    url: str = ""
    sleep_seconds: float | None = None


TurnKind = Literal["screen", "response", "command", "check_in", "variables", "problem", "missing", "locked_out", "busy"]


class TurnReply(Reply):
    """How a request ended. Exactly the field named by `kind` is filled."""

    kind: TurnKind
    session_id: str = ""
    session_code: Sealed[str] = Sealed("")
    """The code the page goes on with: another one than asked for after a new session was made."""
    version: int = 0
    steps: int = 0
    is_multi_user: bool = False
    screen: Sealed[str] | None = None
    """JSON of a Screen: passed through unread by the session service."""
    response: Sealed[HttpAnswer] | None = None
    command: Sealed[SessionCommand] | None = None
    commands: Sealed[tuple[BrowserCommand, ...]] | None = None
    variables: Sealed[JsonObject] | None = None
    problem: Sealed[Problem] | None = None
    ended_tasks: tuple[str, ...] = ()
    """Of a check-in: tasks the newest screen waits for that have ended; the page refreshes if it shows that screen."""
    created: bool = False
    overtaken: bool = False
    """This request waited four seconds for another turn and went on without it."""


class ListInterviews(Command, queue=INTERACTIVE):
    """Which interviews can be started, for the start page."""

    language: str = "en"


class InterviewEntry(_Value):
    """One interview on the start page."""

    reference: str
    title: str
    description: str = ""
    tags: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    """What it needs that may not be there yet, e.g. "mail" (metadata `needs`)."""
    problem: str = ""
    """Why it cannot be read."""


class InterviewList(Reply):
    """The interviews found on the search path."""

    interviews: tuple[InterviewEntry, ...]


class BackgroundEnded(Command, queue=ENDED):
    """A task has ended its first phase; its sealed outcome is in the task row."""

    task_id: str
    session_id: str
    fencing: int


class RunAction(Command, queue=BULK):
    """Run one action that no person waits for (cron, timers, API)."""

    operation_id: str
    session_id: str
    call: Sealed[NamedAction]
    visitor: Sealed[Visitor]


class ActionDone(Reply):
    """How an action that no person waits for ended."""

    status: Literal["done", "failed", "missing", "refused"]
    detail: str = ""


class RunSweep(Command, queue=BULK):
    """Run one cron type on every registered session, page by page."""

    fire_id: str
    cron_type: str
    after_session_id: str = ""


class DeliverMail(Command, queue=BULK):
    """An e-mail for a session has been stored in shared.mailbox."""

    mail_id: str
    session_id: str


class RefusedRequest(Reply):
    """The service could not understand or serve a request at all."""

    error: str
    detail: str = ""
    is_retryable: bool = False
