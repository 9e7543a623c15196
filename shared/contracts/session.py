"""What the session service is asked to do, and what it answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from shared.contracts.base import Command, JsonObject, Reply, Sealed
from shared.contracts.events import ActionRequested, ActionStatus
from shared.contracts.screen import Form
from shared.contracts.visitor import Visitor
from shared.kernel.defaults import empty_dict

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
    url_args: Sealed[dict[str, str]] = Sealed({})


class GoBack(SessionRequest):
    """Drop the newest step. Without effect, when `step` is no longer the newest."""

    step: int


class NamedAction(_Value):
    """An action by name with its arguments."""

    action: str
    arguments: JsonObject = empty_dict()


class PerformAction(SessionRequest):
    """Run an action somebody clicked, called from JavaScript or linked to."""

    call: Sealed[NamedAction]
    is_read_only: bool = False
    keeps_step: bool = False
    """Its changes go into the newest step."""
    is_persistent: bool = True
    """Questions it leads to stay pending, and are asked next."""
    url_args: Sealed[dict[str, str]] = Sealed({})


class CheckIn(SessionRequest):
    """The browser's periodic or change-triggered call (spec/area1 §12)."""

    call: Sealed[NamedAction] | None = None
    acknowledged: tuple[int, ...] = ()
    """Numbers of the notices the page has executed."""
    notices_after: int | None = None
    """Up to which number the page knows the notices, as it was told last; None for one that was just opened."""
    awaited: tuple[str, ...] = ()
    """Tasks that the screen on the page waits for. Empty: those that the newest saved run has waited for."""


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
    is_converted: bool = False
    """Texts that look like dates become dates, and JSON forms of objects become objects."""
    question_name: str = ""
    """A question that counts as answered from now on: `ID <id>` or `Question_<n>`."""
    events: tuple[str, ...] = ()
    """Pending actions that are done."""
    uploads: Sealed[tuple[Upload, ...]] = Sealed(())
    """Files; the `name` of each is the variable that becomes a list of them."""
    advances_progress: bool = False
    """The progress bar moves as it does for a form."""
    runs: bool = True
    """False: nothing is evaluated afterwards."""
    may_create: bool = False
    """Begin the session if there is none: one whose questions cannot be asked yet."""
    url_args: Sealed[dict[str, str]] = Sealed({})


class BrowserCommand(_Value):
    """What a page is told to do (spec/area1 §1.9)."""

    action: str | None = None
    value: Any = None
    extra: str | None = None
    notice: int | None = None
    """Number to acknowledge; None for answers of check-in code."""
    task: str | None = None
    """Which task it tells of."""


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
    error_type: str = ""
    """Class of the error, e.g. `NoDefinition`."""
    is_from_code: bool = False
    """The message is the text of an exception of interview code: for authors only, it may hold anything."""
    trace: str | None = None
    help_html: str = ""
    """What the interview says to whoever meets an error (`error help` in its metadata)."""


class HttpAnswer(_Value):
    """A raw HTTP answer made by `response()` and kin."""

    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = empty_dict()
    body_base64: str = ""


class SessionCommand(_Value):
    """A session command a run ended in: `exit`, `leave`, `logout`, `refresh`, `signin`, `wait`, …"""

    name: str
    url: str = ""
    sleep_seconds: float | None = None
    url_args: dict[str, str] = empty_dict()
    """Of `new_session`: what the other session is opened with."""
    referer: str | None = None


class TaskProgress(_Value):
    """How far a running task says it is."""

    task: str
    fraction: float | None = None
    """From 0 to 1; None: it goes on, nobody knows how far."""
    message: str = ""


TurnKind = Literal[
    "screen",
    "response",
    "command",
    "check_in",
    "variables",
    "problem",
    "missing",
    "locked_out",
    "busy",
    "sign_in",
    "forbidden",
]
"""`sign_in`: the interview is for people who have signed in; `forbidden`: theirs are not the privileges it asks for."""


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
    """Of a check-in: those of the awaited tasks that have ended; the page refreshes if its screen waits for one."""
    notices_up_to: int = 0
    """Of a check-in: up to which number the page knows the notices once it has executed these."""
    progress: Sealed[tuple[TaskProgress, ...]] | None = None
    """Of a check-in: how far the awaited tasks are."""
    created: bool = False
    overtaken: bool = False
    """This request waited four seconds for another turn and went on without it."""


class SimplifyValue(Command, queue=INTERACTIVE):
    """Tell the plain form of a value that interview code has put away, e.g. in a stash."""

    value: Sealed[str]
    """The pickled value, in base64: only an interview process opens it."""


class SimpleValue(Reply):
    """A value as JSON."""

    value: Sealed[Any] | None = None
    """None when it cannot be read."""


class ListInterviews(Command, queue=INTERACTIVE):
    """Which interviews can be started, for the start page."""

    language: str = "en"
    privileges: tuple[str, ...] = ("anonymous",)
    """Of who asks: some interviews are listed for some only."""


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


class AdoptSessions(Command, queue=INTERACTIVE):
    """Somebody has signed in: what they did in this browser before is theirs. Their keys open it from now on."""

    visitor: Sealed[Visitor]
    """With the keys of the browser and of the account, and what they were called before (`former_id`)."""


class AdoptedSessions(Reply):
    """How many sessions have changed hands."""

    count: int = 0


class ReachOtherSession(Command, queue=INTERACTIVE):
    """Code of a background action asks something of another session. A second delivery gets the first reply."""

    operation_id: str
    own_session_id: str
    """Whose task it is: that session is not another one."""
    visitor: Sealed[Visitor]
    call: Sealed[JsonObject]
    """A call of interview code; its form is the engine's."""
    blobs: Sealed[dict[str, str]] = Sealed({})
    """base64."""


class ReachedSession(Reply):
    """What came of it; `refusal` is a sentence for the author."""

    answer: Sealed[JsonObject] = Sealed({})
    blobs: Sealed[dict[str, str]] = Sealed({})
    refusal: Sealed[str] = Sealed("")


class BackgroundEnded(Command, queue=ENDED):
    """A task has ended its first phase; its sealed outcome is in the task row."""

    task_id: str
    session_id: str
    fencing: int


class EndedTask(_Value):
    """One of several tasks that have ended their first phase."""

    task_id: str
    session_id: str
    fencing: int


class BackgroundsEnded(Command, queue=ENDED):
    """Several tasks have ended their first phase at the same moment; their sealed outcomes are in the task rows."""

    tasks: tuple[EndedTask, ...]


Unattended = Literal["cron", "mail", "timers", "actions"]
"""Why a session is opened while nobody is there: a cron type, an e-mail, a timer, an action of another service."""


class RunAction(Command, queue=BULK):
    """Run one action that no person waits for (cron, timers, other services)."""

    operation_id: str
    session_id: str
    call: Sealed[NamedAction]
    visitor: Sealed[Visitor]
    unattended: Unattended = "cron"
    """Why: an encrypted session opens for what its author has allowed with `allow_unattended()`."""


class ActionDone(Reply):
    """How an action that no person waits for ended."""

    status: Literal["done", "failed", "missing", "refused"]
    detail: str = ""


class TakeAction(Command, queue=INTERACTIVE):
    """Another service asks for an action: record it, and run it after those that came before (DESIGN §4).

    What comes over the broker waits in `session.actions.0 … 15` instead, a queue for each part of the sessions.
    """

    publisher: str
    """Who asks: verified by the broker, or by an API key."""
    request_id: str
    """What makes two requests of one publisher the same."""
    asked: Sealed[ActionRequested]
    reply_to: str = ""
    """Where the publisher waits for ActionFinished at the broker; empty: it does not."""
    correlation_id: str = ""
    wait_seconds: float = 0.0
    """How long the reply to this command may wait for the end of the action."""


class ActionTaken(Reply):
    """What has become of a request so far."""

    status: ActionStatus | Literal["pending"]
    detail: str = ""
    sequence: int = 0
    session_id: str = ""
    is_repeated: bool = False
    """The same request had come before; it was not run again."""


class RunSweep(Command, queue=BULK):
    """Run one cron type on every registered session, page by page."""

    fire_id: str
    cron_type: str
    after_session_id: str = ""
    interview: str = ""
    """Empty: find the interviews that have such a block first."""


class RunCron(Command, queue=BULK):
    """Run a cron type on one session, as one fire wants it. What earlier releases have sent; now VisitSessions."""

    fire_id: str
    session_id: str
    cron_type: str
    is_background: bool = False
    """Start the background action of that name, instead of running the action in the session."""
    with_twin: bool = False
    """Start the background action afterwards, too."""


class VisitSessions(Command, queue=BULK):
    """Run a cron type on several sessions of one interview, as one fire wants it."""

    fire_id: str
    cron_type: str
    session_ids: tuple[str, ...]
    is_background: bool = False
    """Start the background action of that name, instead of running the action in the sessions."""
    with_twin: bool = False
    """Start the background action afterwards, too."""


class DeleteInactive(Command, queue=BULK):
    """Delete the sessions in which nothing has happened for as long as the operator says; daily (cron_daily)."""

    after: str = ""
    """Internal id of the last session that was looked at; empty: from the beginning."""


class DeletedSessions(Reply):
    """What became of it; the rest, if there is more, is deleted by a further message."""

    count: int = 0
    has_more: bool = False


class DeliverMail(Command, queue=BULK):
    """An e-mail for a session has been stored in shared.mailbox."""

    mail_id: str
    session_id: str


class RefusedRequest(Reply):
    """The service could not understand or serve a request at all."""

    error: str
    detail: str = ""
    is_retryable: bool = False
