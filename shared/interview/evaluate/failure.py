"""Errors of an interview as outcomes: what a person is told, and what an author needs to find them (DESIGN §5)."""

from __future__ import annotations

from shared.interview.compile.interview import Interview
from shared.interview.errors import AlreadySought, InterviewError, NoDefinition, NoEndpoint
from shared.interview.evaluate.missing import missing_name
from shared.interview.evaluate.nearest import nearest_names
from shared.interview.evaluate.whereabouts import Place, block_at, innermost_place, place_of, trace_for_author
from shared.interview.runtime.effects import LogLine
from shared.interview.runtime.operations import (
    CallAction,
    Operation,
    ShowScreen,
    StepBack,
    SubmitForm,
    TaskFailure,
)
from shared.interview.runtime.outcomes import Outcome, RunFailed
from shared.interview.runtime.run import Run
from shared.interview.screen.markdown import to_html
from shared.kernel.errors import ColloquyError
from shared.kernel.interview_path import BadReference, UnknownPackageFile

_LONGEST_MESSAGE = 10_000
_LONGEST_TRACE = 20_000
_LONGEST_LINE = 500


def failure_of(error: BaseException, run: Run | None = None) -> TaskFailure:
    """Type, text, trace, and the names that were sought, newest first."""
    sought = error.sought if isinstance(error, InterviewError) else ()
    if not sought and run is not None:
        sought = tuple(reversed(run.sought))
        missing = missing_name(error, run)
        if missing is not None and missing not in sought:
            sought = (missing, *sought)
    message = error.message if isinstance(error, InterviewError) else str(error)
    if not message and isinstance(error, MemoryError):
        message = "There is not enough memory for this"
    for note in getattr(error, "__notes__", ()):
        message = f"{message.rstrip('.')}. {note}" if message else note
    return TaskFailure(
        error_type=type(error).__name__,
        error_message=message[:_LONGEST_MESSAGE],
        error_trace=trace_for_author(error, run)[-_LONGEST_TRACE:],
        variables=sought,
    )


def failed(error: BaseException, run: Run | None = None, *, title: str = "Error") -> RunFailed:
    """The outcome of a run that ended in an error."""
    failure = failure_of(error, run)
    place, block = _whereabouts(error, run)
    if place is None and isinstance(error, InterviewError) and error.position is not None:
        place, block = Place(error.position.file, error.position.line, error.source_line), error.position.block
    return RunFailed(
        failure=failure,
        title=title,
        file=place.file if place is not None else run.interview.reference if run is not None else None,
        line=place.line if place is not None else None,
        block=block or None,
        source_line=place.source[:_LONGEST_LINE] if place is not None else "",
        nearest=_nearest(error, run),
        is_from_code=not isinstance(error, (InterviewError, ColloquyError)) or error.__cause__ is not None,
        help_html="" if run is None else to_html(run.interview.metadata_text("error help", run.language)),
        is_unknown=run is None and isinstance(error, UnknownPackageFile | BadReference),
    )


def error_action(interview: Interview, operation: Operation, outcome: Outcome) -> CallAction | None:
    """What is done instead of showing an error, if the interview says so: `error action` in its metadata.

    The action gets error_message, error_trace and error_history (the variables being sought, a line each), and is part
    of the present step. Only what a person waits for has one; a task has its own (`background_error_action`).
    """
    name = interview.metadata.get("error action")
    is_for_a_person = isinstance(operation, (ShowScreen, SubmitForm, StepBack)) or (
        isinstance(operation, CallAction) and not operation.keeps_step and not operation.is_read_only
    )
    if not isinstance(outcome, RunFailed) or not isinstance(name, str) or not is_for_a_person:
        return None
    failure = outcome.failure
    arguments = {
        "error_message": failure.error_message,
        "error_trace": failure.error_trace or "",
        "error_history": "\n".join(reversed(failure.variables)),
    }
    return CallAction(action=name.strip(), arguments=arguments, keeps_step=True)


def error_note(interview: Interview, outcome: Outcome) -> LogLine:
    """The line for the server's log that an error action has taken the place of an error page.

    The kind of the error and its place, never its text, which may hold answers.
    """
    assert isinstance(outcome, RunFailed)
    place = ", ".join(
        part for part in (outcome.file, f"line {outcome.line}" if outcome.line else "", outcome.block) if part
    )
    kind, action = outcome.failure.error_type, interview.metadata["error action"]
    return LogLine(message=f"{kind} in {place or interview.reference}; the error action {action} was run instead")


def _whereabouts(error: BaseException, run: Run | None) -> tuple[Place | None, str]:
    """Where it happened, and in which block.

    That is what the error says itself; else where the variable is mentioned that nothing defines; else the innermost
    line of the author's files; else the field or the block that was being made.
    """
    if run is None or isinstance(error, NoEndpoint):
        return None, ""
    running = run.interview.by_name.get(run.block)
    position = error.position if isinstance(error, InterviewError) else None
    if position is None and isinstance(error, (NoDefinition, AlreadySought)) and error.sought:
        position = run.mentioned.get(error.sought[0])
    place = None if position is not None else innermost_place(error.__traceback__, run)
    if position is None and place is None:
        position = run.place or (running.position if running is not None else None)
    if position is not None:
        place = place_of(position, run)
    if place is None:
        return None, ""
    block = block_at(run.interview, place.file, place.line) or running
    return place, position.block if position is not None and position.block else block.name if block else ""


def _nearest(error: BaseException, run: Run | None) -> tuple[str, ...]:
    if run is None or not isinstance(error, NoDefinition) or not error.sought:
        return ()
    return nearest_names(run, error.sought[0])
