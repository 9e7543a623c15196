"""How a run ended, as data."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from shared.interview.runtime.effects import Effect
from shared.interview.runtime.operations import TaskFailure, Value
from shared.kernel.defaults import empty_dict

MOST_NAMES = 100
"""Names of variables that a run tells of."""
LONGEST_NAME = 120
VariableName = Annotated[str, Field(max_length=LONGEST_NAME)]


class ScreenReady(Value):
    """A screen is to be shown; its JSON is the blob "screen"."""

    kind: Literal["screen"] = "screen"
    is_invalid: bool = False
    """The posted form was refused: the screen shows it again with messages (spec/area4 §5.3 step 10)."""
    question_text: str = ""
    """For tasks: what was asked (a task that ends in a screen has failed, spec/area1 §9)."""
    error_action: str | None = None
    """In a task: as in RunFailed, with the blob "arguments"."""


class ResponseReady(Value):
    """`response()` and kin: the body is the blob "body"."""

    kind: Literal["response"] = "response"
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = empty_dict()
    is_null: bool = False
    """`response(null=True)`: in cron, do not save."""
    is_text: bool = False
    """A text the author wrote: what a scheduled action reports."""


class CommandGiven(Value):
    """`command()` or a button command that the session service or the gateway carries out."""

    kind: Literal["command"] = "command"
    name: str
    url: str = ""
    sleep_seconds: float | None = None
    url_args: dict[str, str] = empty_dict()
    """Of `new_session`: what the other session is opened with, like this one."""
    referer: str | None = None
    question_html: str = ""
    subquestion_html: str = ""


class BackgroundValue(Value):
    """`background_response()`: payload, pickled, in the blob "payload"; here what the page is told (spec/area1 §6)."""

    kind: Literal["background_value"] = "background_value"
    json_value: Any = None
    sleep_seconds: float | None = None


class ResponseActionAsked(Value):
    """`background_response_action()`: pickled arguments in the blob "arguments"."""

    kind: Literal["response_action_asked"] = "response_action_asked"
    action: str


class BrowserAnswer(Value):
    """What check-in code tells the page: a command of spec/area1 §12.6, or nothing."""

    kind: Literal["browser_answer"] = "browser_answer"
    action: str | None = None
    value: Any = None
    extra: str | None = None
    is_silent: bool = True


class VariablesExported(Value):
    """The answers as JSON, in the blob "variables"."""

    kind: Literal["variables"] = "variables"


class RunFailed(Value):
    """Interview code or the interview itself is wrong: an outcome, never retried."""

    kind: Literal["failed"] = "failed"
    failure: TaskFailure
    title: str = "Error"
    file: str | None = None
    line: int | None = None
    block: str | None = None
    source_line: str = ""
    """That line as its author wrote it."""
    nearest: tuple[str, ...] = ()
    """For a variable that nothing defines: the names that look most like it."""
    is_from_code: bool = False
    """The message is the text of an exception of interview code: it may hold anything, also secrets."""
    is_unknown: bool = False
    """There is no interview of this name, so that nothing was run."""
    help_html: str = ""
    """What the interview says to whoever meets an error: `error help` of its metadata."""
    error_action: str | None = None
    """In a task: the action registered by `background_error_action`; its pickled arguments are the blob "arguments"."""


class AccessRefused(Value):
    """The rules of the interview's metadata keep them out; nothing was evaluated (spec/area2 §2.8)."""

    kind: Literal["access_refused"] = "access_refused"
    reason: Literal["sign_in", "forbidden", "unique"]
    """They must sign in; they lack a privilege; they may have one session only, and it is to be looked for."""


class Finished(Value):
    """The run ended without anything to show (assignments, restart in the background)."""

    kind: Literal["finished"] = "finished"


Outcome = Annotated[
    ScreenReady
    | ResponseReady
    | CommandGiven
    | BackgroundValue
    | ResponseActionAsked
    | BrowserAnswer
    | VariablesExported
    | RunFailed
    | AccessRefused
    | Finished,
    Field(discriminator="kind"),
]


class Header(Value):
    """What the parent may know of the answers without opening them (DESIGN §6).

    It is stored beside the answers: one that was written by another release may have fields this one does not know.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str = ""
    subtitle: str = ""
    tags: tuple[str, ...] = ()
    allow_cron: bool = False
    multi_user: bool = False
    steps_offset: int = 0
    waits_for_tasks: tuple[str, ...] = ()
    """Tasks whose `.ready()` said no during this run."""
    language: str = "en"
    progress: float = 0.0
    is_hidden: bool = False
    """It is not shown among somebody's sessions."""
    is_temporary: bool = False
    """Beginning it ends the others of the same person in this interview."""
    metadata: dict[str, Any] = empty_dict()
    """The `metadata` of the interview as JSON; empty when they are very large."""
    unattended: tuple[str, ...] = ()
    """For what the session may be opened while nobody is there (`allow_unattended()`)."""
    link_secret: str = Field("", max_length=64, repr=False)
    """What links to the session carry that open it, if there are any."""
    changed_names: tuple[VariableName, ...] = Field((), max_length=MOST_NAMES)
    """What this run gave a value, or another one. Of the run, not of the answers: it is kept in a record of its own."""
    removed_names: tuple[VariableName, ...] = Field((), max_length=MOST_NAMES)
    """Variables that there are no longer after this run."""

    def as_kept(self) -> bytes:
        """What is stored beside the answers, as JSON."""
        return self.model_dump_json(exclude={"changed_names", "removed_names"}).encode()


SaveMode = Literal["new", "overwrite", "ignore", "delete"]
"""new: a further step; overwrite: the newest step in place; ignore: nothing; delete: the session ends."""


class RunResult(Value):
    """Outcome, effects, how to save, and the header. The new answers are the blob "answers" (absent for ignore)."""

    outcome: Outcome
    save: SaveMode = "overwrite"
    is_changed: bool = True
    """False when the answers equal those loaded, apart from bookkeeping."""
    is_visit: bool = False
    """Somebody looks at the session again, after a while: that is kept with its answers."""
    effects: tuple[Effect, ...] = ()
    header: Header = Header()
