"""How a task's first phase ended: from what the engine says to what is stored with the task (spec/area1 §9)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

from shared.evaluation.task_pictures import failure_to_keep
from shared.interview.runtime.operations import Blobs
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
from shared.kernel.errors import ColloquyError
from shared.tasks.records import Failure, Outcome

_ENDS_THE_SESSION = frozenset({"restart", "exit", "exit_logout"})
_LONGEST_MESSAGE = 10_000


@dataclass(frozen=True, slots=True)
class Report:
    """What is recorded of a first phase."""

    outcome: Outcome
    arguments: bytes | None = field(default=None, repr=False)
    """Pickled arguments of the response or error action."""
    payload: bytes | None = field(default=None, repr=False)
    """Pickled value."""

    @property
    def has_failed(self) -> bool:
        """Whether nothing of what the run asked for is to be done."""
        return self.outcome.kind == "failed"


def report_of(result: RunResult, blobs: Blobs) -> Report:
    """The report on a run that ended by itself."""
    outcome = result.outcome
    match outcome:
        case BackgroundValue(json_value=json_value):
            return Report(Outcome(kind="value", json_value=json_value), payload=blobs.get("payload"))
        case ResponseActionAsked(action=action):
            return Report(Outcome(kind="response_action", action=action), arguments=blobs.get("arguments"))
        case RunFailed(failure=failure, error_action=action, file=file, line=line):
            kept = failure_to_keep(failure).model_copy(update={"file": file or "", "line": line or 0})
            return _failed(kept, action, blobs)
        case ScreenReady(question_text=text, error_action=action):
            return _failed(Failure(error_type="QuestionError", error_message=text[:_LONGEST_MESSAGE]), action, blobs)
        case CommandGiven(name=name) if name in _ENDS_THE_SESSION:
            return Report(Outcome(kind="ends_session"))
        case (
            CommandGiven() | ResponseReady() | BrowserAnswer() | VariablesExported() | AccessRefused() | Finished()
        ):  # tasks run for somebody who was let in: none is refused
            return Report(Outcome(kind="value"))
        case _:
            assert_never(outcome)


def report_of_error(error: Exception) -> Report:
    """The report on a run that was ended, or never came about. What an error that is not ours says stays in the log."""
    message = str(error) if isinstance(error, ColloquyError) else "The server made a mistake. It has been noted."
    failure = Failure(error_type=type(error).__name__, error_message=message[:_LONGEST_MESSAGE])
    return Report(Outcome(kind="failed", failure=failure))


def _failed(failure: Failure, action: str | None, blobs: Blobs) -> Report:
    arguments = blobs.get("arguments") if action is not None else None
    return Report(Outcome(kind="failed", action=action, failure=failure), arguments=arguments)
