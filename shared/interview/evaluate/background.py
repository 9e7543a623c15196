"""Tasks: the action a worker runs on a snapshot, and the action that saves what it found (spec/area1 §5, §7–§9)."""

from __future__ import annotations

from typing import Any

from shared.interview.errors import EvaluationError, Signal
from shared.interview.evaluate.endings import Ended, background_value, finished, with_command, with_signal
from shared.interview.evaluate.failure import failed
from shared.interview.evaluate.loop import begin, evaluate
from shared.interview.library.sessions import log
from shared.interview.runtime.operations import Blobs, RunBackgroundAction, RunResponseAction
from shared.interview.runtime.outcomes import BackgroundValue, ScreenReady
from shared.interview.runtime.pickling import dump_value, load_value
from shared.interview.runtime.run import Run
from shared.interview.runtime.signals import (
    BackgroundResponse,
    BackgroundResponseAction,
    CommandCalled,
    MessageShown,
    ResponseCalled,
)

_ENDING = frozenset({"restart", "exit", "exit_logout"})


def run_task(operation: RunBackgroundAction, run: Run, blobs: Blobs) -> Ended:
    """First phase: nothing it changes is kept. An error, or a question it reaches, names the error action, if any."""
    _prepare(operation, run, blobs)
    begin(run)
    try:
        screen = evaluate(run)
    except Signal as signal:
        return _end_of_task(signal, run)
    except Exception as error:  # errors of interview code are outcomes
        outcome = failed(error, run)
        return Ended(outcome.model_copy(update={"error_action": _error_action(run)}), "ignore")
    return Ended(ScreenReady(question_text=screen.question_text, error_action=_error_action(run)), "ignore")


def _end_of_task(signal: Signal, run: Run) -> Ended:
    match signal:
        case BackgroundResponse() | BackgroundResponseAction():
            return with_signal(signal, run, "ignore")
        case CommandCalled(name=name) if name in _ENDING:
            return with_command("exit" if name == "restart" else name, signal.url, run, "ignore")
        case MessageShown():
            return Ended(ScreenReady(question_text=signal.question, error_action=_error_action(run)), "ignore")
        case CommandCalled() | ResponseCalled():
            return Ended(BackgroundValue(json_value=None), "ignore")
        case _:
            raise signal


def run_response_action(operation: RunResponseAction, run: Run, blobs: Blobs) -> Ended:
    """Second phase: what it changes is kept. Its value is what it gives to background_response(), else none."""
    _prepare(operation, run, blobs)
    if operation.failure is not None:
        run.arguments.update(
            error_type=operation.failure.error_type,
            error_message=operation.failure.error_message,
            error_trace=operation.failure.error_trace,
            variables=list(operation.failure.variables),
        )
    begin(run)
    try:
        evaluate(run)
        log(
            f"{operation.action} did not end in background_response(): the logic of the interview was run after it, "
            "and what that changed is saved, too"
        )
    except BackgroundResponse as response:
        return Ended(background_value(response, run), "overwrite")
    except CommandCalled as command:
        if command.name in _ENDING:
            return with_command("exit" if command.name == "restart" else command.name, command.url, run, "overwrite")
    except BackgroundResponseAction as error:
        raise EvaluationError("background_response_action() cannot be called by the action that it started") from error
    except Signal:
        pass
    return finished("overwrite")


def _prepare(operation: RunBackgroundAction | RunResponseAction, run: Run, blobs: Blobs) -> None:
    data = blobs.get(operation.arguments_blob)
    arguments: dict[str, Any] = load_value(data) if data else {}
    run.action, run.arguments = operation.action, dict(arguments)
    if operation.language:
        run.language = operation.language


def _error_action(run: Run) -> str | None:
    """Name of the error action; its arguments go into the blob."""
    if run.error_action is None:
        return None
    name, arguments = run.error_action
    run.blobs["arguments"] = dump_value(arguments, "An argument of background_error_action()")
    return name
