"""What a message asks of a session, as the turn understands it: from a command of the bus to an operation of the
engine.

Nothing here reads or writes. `Request` says whose session it is and who asks; its `plan` says what to run and how the
result is kept once the session has been loaded, because some depend on what is found (a Back pressed on an old step
only shows the current screen).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from services.session.names import SessionName, name_of
from shared.contracts.base import JsonObject
from shared.contracts.session import (
    CheckIn,
    EndSession,
    GoBack,
    OpenSession,
    PerformAction,
    ReadVariables,
    RunAction,
    SessionRequest,
    Submission,
    SubmitAnswers,
    Unattended,
    Upload,
    WriteVariables,
)
from shared.contracts.visitor import Visitor
from shared.interview.runtime.operations import (
    AssignVariables,
    CallAction,
    CheckInCall,
    ExportVariables,
    Operation,
    PostedFile,
    RunResponseAction,
    ShowScreen,
    StartOver,
    StartTask,
    StepBack,
    SubmitForm,
    TaskFailure,
)
from shared.kernel.ids import SessionId

Cause = Literal["answers", "shown", "action", "check_in", "task", "cron", "mail", "back", "api", "deleted"]

Keep = Literal["as_run", "in_place", "nothing", "back", "anew", "gone"]
"""How the result is kept: as the run says; always over the newest step; not at all; over the step before, dropping the
newest; as the only step; and the session goes away without a run."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one attempt of a turn does, decided on the loaded session."""

    operation: Operation | None
    """None: nothing is run, the session is only opened."""
    keep: Keep = "as_run"


@dataclass(frozen=True, slots=True)
class Found:
    """What a request may look at before it says what to do."""

    is_new: bool
    newest_step: int
    allows_cron: bool = False


def _look_only(found: Found) -> Plan:
    return Plan(None, keep="nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One operation on one session."""

    session_id: SessionId
    operation_id: str
    visitor: Visitor
    cause: Cause
    plan: Callable[[Found], Plan] = _look_only
    name: SessionName | None = None
    """Interview and code; None when the session is known by its id alone."""
    unattended: Unattended | None = None
    """Why the session is opened while nobody is there; the visitor's keys count for nothing then."""
    task_id: str = ""
    """The task whose grant opens the session; empty when the visitor's keys or the server's do."""
    url_args: Mapping[str, str] = field(default_factory=dict)
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    uploads: tuple[Upload, ...] = ()
    """Files that came with a form; they become the session's if the run takes them."""
    may_create: bool = False
    is_read_only: bool = False
    """Takes no lock and saves nothing."""
    is_passing_by: bool = False
    """Code of another session asks: whoever runs that does not take part in this one by it."""
    is_end: bool = False
    """The session being gone already is what was asked for."""
    steps: int = 1
    """How many of the newest steps are looked at."""
    check_in_action: str | None = None
    awaited: tuple[str, ...] = ()
    """Tasks whose standing a page asks for; empty for those that the newest saved run has waited for."""
    limit: Literal["interactive", "action"] = "interactive"
    """Which time limit its run has."""
    instead: SessionName | None = None
    """Of a session that is to be started over: where to begin when others stay in it."""
    has_looked_for_sessions: bool = False
    """Whether a session that is to be resumed instead of a new one was looked for."""

    def begun_instead(self) -> Request:
        """The same in a session of its own, which is made."""
        if self.instead is None:
            return self
        return replace(self, session_id=self.instead.session_id, name=self.instead, may_create=True, instead=None)

    @property
    def participant(self) -> Visitor:
        """Who takes part in the session by this: code of another session brings nobody along."""
        return self.visitor.model_copy(update={"keys": ()}) if self.is_passing_by else self.visitor

    def going_on_with(self, name: SessionName | None) -> Request:
        """The same on another session, which was found; on the one that was asked for when none was."""
        if name is None:
            return replace(self, has_looked_for_sessions=True)
        return replace(self, session_id=name.session_id, name=name, has_looked_for_sessions=True)


def open_session(message: OpenSession) -> Request:
    """Show the current screen; make the session if it may be made; start anew if asked to."""

    def plan(found: Found) -> Plan:
        if message.reset or found.is_new:
            return Plan(ShowScreen(is_first=True), keep="anew")
        return Plan(ShowScreen())

    request = _asked(message, "shown", plan, may_create=message.may_create, url_args=dict(message.url_args.value))
    if not message.reset:
        return request
    another = name_of(message.interview, "", message.visitor.value, message.operation_id)
    return replace(request, instead=another)


def submit_answers(message: SubmitAnswers) -> Request:
    """Take a posted form."""
    operation = form_of(message.submission.value)
    request = _asked(message, "answers", lambda found: Plan(operation), url_args=dict(message.url_args.value))
    uploads = message.submission.value.uploads
    return replace(request, uploads=uploads) if uploads else request


def form_of(submission: Submission) -> SubmitForm:
    """The engine's form of a posted one."""
    return SubmitForm(
        form=submission.form,
        inputs=tuple((given.name, given.value) for given in submission.inputs),
        files=tuple(_posted_file(upload) for upload in submission.uploads),
        visible=submission.visible,
    )


def _posted_file(upload: Upload) -> PostedFile:
    return PostedFile(name=upload.name, number=upload.number, filename=upload.filename, mimetype=upload.mimetype)


def go_back(message: GoBack) -> Request:
    """Drop the newest step, if it is still the one Back was pressed on and not the first."""

    def plan(found: Found) -> Plan:
        if found.newest_step != message.step or found.newest_step <= 1:
            return Plan(ShowScreen())
        return Plan(StepBack(), keep="back")

    return _asked(message, "back", plan, steps=2)


def perform_action(message: PerformAction) -> Request:
    """Run an action somebody clicked."""
    call = message.call.value
    operation = CallAction(
        action=call.action,
        arguments=call.arguments,
        is_read_only=message.is_read_only,
        keeps_step=message.keeps_step,
        is_persistent=message.is_persistent,
    )
    keep: Keep = "nothing" if message.is_read_only else "as_run"
    return _asked(
        message,
        "action",
        lambda found: Plan(operation, keep=keep),
        is_read_only=message.is_read_only,
        url_args=dict(message.url_args.value),
    )


def check_in(message: CheckIn) -> Request:
    """Run check-in code, if there is some; what it changes goes into the newest step."""
    if message.call is None:
        return _asked(message, "check_in", _look_only, is_read_only=True, steps=0, awaited=message.awaited)
    call = message.call.value
    operation = CheckInCall(action=call.action, arguments=call.arguments)
    return _asked(message, "check_in", lambda found: Plan(operation, keep="in_place"), check_in_action=call.action)


def end_session(message: EndSession) -> Request:
    """Start over under the same code, or delete; an order given on an old step only shows the current screen."""

    def plan(found: Found) -> Plan:
        if message.step is not None and message.step != found.newest_step:
            return Plan(ShowScreen())
        if message.how == "restart":
            return Plan(StartOver(), keep="anew")
        return Plan(None, keep="gone")

    is_end = message.how == "delete"
    return _asked(message, "deleted" if is_end else "answers", plan, is_end=is_end)


def read_variables(message: ReadVariables) -> Request:
    """The answers as JSON."""
    operation = ExportVariables(includes_internal=message.includes_internal)
    return _asked(message, "api", lambda found: Plan(operation, keep="nothing"), is_read_only=True)


def write_variables(message: WriteVariables) -> Request:
    """Set and delete variables from outside."""
    uploads = message.uploads.value
    operation = AssignVariables(
        variables=message.variables.value,
        deletes=message.deletes,
        is_converted=message.is_converted,
        question_name=message.question_name,
        events=message.events,
        advances_progress=message.advances_progress,
        files=tuple(
            (name, tuple(_posted_file(one) for one in uploads if one.name == name))
            for name in dict.fromkeys(one.name for one in uploads)
        ),
        runs=message.runs,
    )
    keep: Keep = "as_run" if message.is_new_step else "in_place"
    request = _asked(
        message,
        "api",
        lambda found: Plan(operation, keep=keep),
        may_create=message.may_create,
        url_args=dict(message.url_args.value),
    )
    return replace(request, uploads=uploads)


def run_action(message: RunAction) -> Request:
    """An action that no person waits for: it changes the newest step in place."""
    call = message.call.value
    operation = CallAction(action=call.action, arguments=call.arguments, keeps_step=True)
    return Request(
        session_id=SessionId(message.session_id),
        operation_id=message.operation_id,
        visitor=message.visitor.value,
        cause="cron",
        plan=lambda found: Plan(operation, keep="in_place"),
        unattended=message.unattended,
        limit="action",
    )


def run_action_of_service(
    name: SessionName, *, operation_id: str, action: str, arguments: JsonObject, visitor: Visitor
) -> Request:
    """An action that another service asked for: like one that no person waits for."""
    operation = CallAction(action=action, arguments=arguments, keeps_step=True)
    return Request(
        session_id=name.session_id,
        operation_id=operation_id,
        visitor=visitor,
        cause="action",
        plan=lambda found: Plan(operation, keep="in_place"),
        name=name,
        unattended="actions",
        limit="action",
    )


def run_cron(fire_id: str, session_id: SessionId, action: str, visitor: Visitor, *, is_background: bool) -> Request:
    """A cron type, or its background twin, on a session that still allows it."""
    operation: Operation = StartTask(action=action) if is_background else CallAction(action=action, keeps_step=True)

    def plan(found: Found) -> Plan:
        return Plan(operation, keep="in_place") if found.allows_cron else Plan(None, keep="nothing")

    return Request(
        session_id=session_id,
        operation_id=f"cron:{fire_id}:{action}",
        visitor=visitor,
        cause="cron",
        plan=plan,
        unattended="cron",
        limit="action",
    )


def start_for_mail(mail_id: str, session_id: SessionId, action: str, visitor: Visitor) -> Request:
    """The background action for an e-mail or a text message that has come."""
    return Request(
        session_id=session_id,
        operation_id=f"mail:{mail_id}",
        visitor=visitor,
        cause="mail",
        plan=lambda found: Plan(StartTask(action=action, mail_id=mail_id), keep="in_place"),
        unattended="mail",
        limit="action",
    )


def response_action(
    request: Request, *, action: str, arguments: bytes, language: str, failure: TaskFailure | None
) -> Request:
    """The second phase of a task: a response action, or an error action when `failure` is given."""
    operation = RunResponseAction(task_id=request.task_id, action=action, language=language, failure=failure)
    return replace(request, plan=lambda found: Plan(operation, keep="in_place"), blobs={"arguments": arguments})


def operation_of_task(task_id: str) -> str:
    """The operation id of a task's second phase."""
    return f"task:{task_id}"


def end_of_session(request: Request) -> Request:
    """A task ended in a command that deletes the session."""
    return replace(request, plan=lambda found: Plan(None, keep="gone"), is_end=True)


def _asked(
    message: SessionRequest,
    cause: Cause,
    plan: Callable[[Found], Plan],
    *,
    url_args: Mapping[str, str] | None = None,
    may_create: bool = False,
    is_read_only: bool = False,
    is_end: bool = False,
    steps: int = 1,
    check_in_action: str | None = None,
    awaited: tuple[str, ...] = (),
) -> Request:
    visitor = message.visitor.value
    name = name_of(message.interview, message.session_code.value, visitor, message.operation_id)
    return Request(
        session_id=name.session_id,
        operation_id=message.operation_id,
        visitor=visitor,
        cause=cause,
        plan=plan,
        name=name,
        url_args=url_args or {},
        may_create=may_create,
        is_read_only=is_read_only,
        is_end=is_end,
        steps=steps,
        check_in_action=check_in_action,
        awaited=awaited,
    )
