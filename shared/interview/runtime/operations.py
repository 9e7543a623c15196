"""What a run is asked to do, as data that crosses the pipe to an interview process.

Large or binary parts (answers, pickled arguments) travel beside the JSON as blobs; fields called `*_blob` name them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.screen import Form
from shared.contracts.visitor import RequestFacts, UserFacts
from shared.kernel.defaults import empty_dict


class Value(BaseModel):
    """Base of all data that crosses the pipe: frozen; unknown fields refused, both ends are one release."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ShowScreen(Value):
    """Evaluate and show the current screen (open, reload, refresh)."""

    kind: Literal["show"] = "show"
    is_first: bool = False
    """The answers are to be made now: `answers` of the request is None."""
    tolerates_missing: bool = False
    """A variable that nothing defines is no error: what was reached is saved."""


class PostedFile(Value):
    """An uploaded file that is already stored."""

    name: str
    number: int
    filename: str
    mimetype: str


class SubmitForm(Value):
    """Take a posted form into the answers (spec/area4 §5), then evaluate."""

    kind: Literal["submit"] = "submit"
    form: Form
    inputs: tuple[tuple[str, str], ...] = ()
    files: tuple[PostedFile, ...] = ()
    visible: tuple[str, ...] | None = None


class StepBack(Value):
    """Evaluate the step before: `answers` is that step, `prior` the one that was dropped (spec/area4 §5.8)."""

    kind: Literal["back"] = "back"


class CallAction(Value):
    """Run an action a person or a service asked for (spec/area1 §2)."""

    kind: Literal["action"] = "action"
    action: str
    arguments: dict[str, Any] = empty_dict()
    is_read_only: bool = False
    keeps_step: bool = False
    """Save in place instead of as a new step (cron, persistent=False of run_action_in_session)."""
    is_persistent: bool = True
    """Whether questions it leads to stay pending, and are asked next."""
    tolerates_missing: bool = False
    """A variable that nothing defines is no error: what was reached is saved."""


class StartTask(Value):
    """Launch a background action for nobody in particular: the twin of a cron type (spec/area3 §1.8), or the action
    for an e-mail (§6.6) or a text message that has come.
    """

    kind: Literal["start_task"] = "start_task"
    action: str
    mail_id: str = ""
    """The e-mail that is its argument `email`, or the text message that is `text`."""


class CheckInCall(Value):
    """Run check-in code (spec/area1 §12.4)."""

    kind: Literal["check_in"] = "check_in"
    action: str
    arguments: dict[str, Any] = empty_dict()


class RunBackgroundAction(Value):
    """First phase of a task: nothing it changes is kept (spec/area1 §5)."""

    kind: Literal["task"] = "task"
    task_id: str
    action: str
    arguments_blob: str = "arguments"
    language: str = ""


class RunResponseAction(Value):
    """Second phase of a task: a response or error action whose changes are kept (spec/area1 §7, §8)."""

    kind: Literal["response_action"] = "response_action"
    task_id: str
    action: str
    arguments_blob: str = "arguments"
    language: str = ""
    failure: TaskFailure | None = None
    """Set for an error action: merged over its arguments."""


class AssignVariables(Value):
    """Set and delete variables from outside, then evaluate once."""

    kind: Literal["assign"] = "assign"
    variables: dict[str, Any] = empty_dict()
    deletes: tuple[str, ...] = ()
    is_converted: bool = False
    """Texts that look like dates become dates, and JSON forms of objects become objects (spec/area2 §7)."""
    question_name: str = ""
    """A question that counts as answered from now on: `ID <id>` or `Question_<n>`."""
    events: tuple[str, ...] = ()
    """Pending actions of the caller that are done, from the front."""
    files: tuple[tuple[str, tuple[PostedFile, ...]], ...] = ()
    """Uploads by the variable that becomes a list of them."""
    advances_progress: bool = False
    """The progress bar moves as it does for a form."""
    runs: bool = True
    """False: nothing is evaluated afterwards."""
    values_blob: str = ""
    """Blob with further variables, a pickled dictionary: from another session."""
    is_exact: bool = False
    """As `set_session_variables()` does it: what is deleted must be there, and only a question that counts as answered
    makes what depends on the variables be asked anew."""


class ExportVariables(Value):
    """Return the answers as JSON (spec/area1 §1.10); nothing is saved."""

    kind: Literal["export"] = "export"
    includes_internal: bool = False
    for_session: Literal["", "plain", "objects"] = ""
    """For code of another session: pickled in the blob "objects", as plain data or as they are."""


class StartOver(Value):
    """Fresh answers that keep url_args and the referer (spec/area2 §2.6 restart), then evaluate."""

    kind: Literal["restart"] = "restart"


class TaskFailure(Value):
    """Why a task failed (spec/area1 §1.7)."""

    error_type: str
    error_message: str
    error_trace: str | None = None
    variables: tuple[str, ...] = ()


Operation = Annotated[
    ShowScreen
    | SubmitForm
    | StepBack
    | CallAction
    | StartTask
    | CheckInCall
    | RunBackgroundAction
    | RunResponseAction
    | AssignVariables
    | ExportVariables
    | StartOver,
    Field(discriminator="kind"),
]


TaskState = Literal["pending", "running", "succeeded", "failed", "revoked"]


class TaskPicture(Value):
    """The state of one task as it stood when the answers were loaded (DESIGN §6)."""

    task_id: str
    state: TaskState
    ended_at: str | None = None
    """ISO 8601, UTC."""
    failure: TaskFailure | None = None
    progress: float | None = None
    """From 0 to 1, as its code said last."""
    progress_message: str = ""


class RunContext(Value):
    """The facts of the request a run may know (`current_info` of spec/area1 §1.2)."""

    interview: str
    session_code: str = ""
    session_id: str = ""
    user: UserFacts = UserFacts()
    request: RequestFacts = RequestFacts()
    url_args: dict[str, str] = empty_dict()
    """Query parameters of this request that are not reserved."""
    operation_id: str = ""
    """What this run is for: ids of tasks and timers are derived from it, so that a re-run gives the same ones."""
    steps: int = 1
    is_encrypted: bool = True
    has_looked_for_sessions: bool = False
    """Whether the parent has looked for a session that is to be resumed instead of a new one."""
    now: str = ""
    """ISO 8601, UTC: the moment of this run."""
    default_language: str = "en"
    default_timezone: str = "America/New_York"
    default_country: str = "US"
    default_locale: str = "en_US.utf8"
    config: dict[str, Any] = empty_dict()
    """What `get_config()` may show: never a secret."""
    author_redis_url: str = Field("", repr=False)
    """Where the Redis of authors is; empty when there is none."""
    author_databases: dict[str, str] = Field(default_factory=dict, repr=False)
    """URLs of the databases of authors, by the name their code calls them."""
    notes_changes: bool = True
    """Whether anybody will read which variables the run has set: they are compared only then."""
    links_open_session: bool = False
    """Whether links to this session carry a key that opens it."""


class RunRequest(Value):
    """Everything one run needs. The answers and other bytes travel beside it (see `Blobs`)."""

    operation: Operation
    context: RunContext
    has_answers: bool = True
    has_prior: bool = False


Blobs = dict[str, bytes]
"""Request: "answers", "prior", "arguments". Result: "answers", "screen" (JSON of Screen), "body", "payload",
"arguments", "variables", and one per launched task, named by its effect."""

RunResponseAction.model_rebuild()
