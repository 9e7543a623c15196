"""Carry out what a run is asked to do, whatever it is (spec/area1, spec/area2 §2.5, spec/area4 §5)."""

from __future__ import annotations

from typing import assert_never

import orjson

from shared.contracts.screen import Screen
from shared.interview.errors import EvaluationError, Signal
from shared.interview.evaluate import dependencies
from shared.interview.evaluate.background import run_response_action, run_task
from shared.interview.evaluate.check_in import check_in
from shared.interview.evaluate.endings import Ended, chosen_save, with_command, with_screen, with_signal
from shared.interview.evaluate.fresh import forget_empty_locals
from shared.interview.evaluate.loop import begin, evaluate
from shared.interview.evaluate.submit import submit
from shared.interview.library.json_form import simplified_answers
from shared.interview.runtime.names import IllegalName
from shared.interview.runtime.namespace import LOCALS
from shared.interview.runtime.operations import (
    AssignVariables,
    Blobs,
    CallAction,
    CheckInCall,
    ExportVariables,
    RunBackgroundAction,
    RunResponseAction,
    ShowScreen,
    StartOver,
    StepBack,
    SubmitForm,
)
from shared.interview.runtime.outcomes import SaveMode, VariablesExported
from shared.interview.runtime.run import Run
from shared.interview.runtime.signals import BackgroundResponseAction
from shared.interview.screen.build import with_errors


def carry_out(run: Run, blobs: Blobs, *, url_args_changed: bool) -> Ended:
    """Do it. Raises FormRefused when a posted form is not valid, and errors of the interview."""
    match run.operation:
        case ShowScreen() as operation:
            wanted: SaveMode = "new" if url_args_changed and not operation.is_first else "overwrite"
            ended = _evaluated(run, wanted)
        case SubmitForm() as operation:
            ended = _submitted(operation, run)
        case StepBack() | StartOver():
            ended = _evaluated(run, "overwrite")
        case CallAction() as operation:
            ended = _called(operation, run)
        case CheckInCall() as operation:
            ended = check_in(operation, run)
        case RunBackgroundAction() as operation:
            ended = run_task(operation, run, blobs)
        case RunResponseAction() as operation:
            ended = run_response_action(operation, run, blobs)
        case AssignVariables() as operation:
            ended = _assigned(operation, run)
        case ExportVariables() as operation:
            shown = {name: value for name, value in run.answers.items() if name not in LOCALS}
            found = simplified_answers(shown, includes_internal=operation.includes_internal)
            run.blobs["variables"] = orjson.dumps(found, option=orjson.OPT_NON_STR_KEYS)
            return Ended(VariablesExported(), "ignore")
        case operation:
            assert_never(operation)
    ended.save = chosen_save(ended.save, run)
    return ended


def shown_again(run: Run) -> Ended:
    """After a refused form: the screen where the session is, with messages and what was typed when it is the same."""
    ended = _evaluated(run, "overwrite")
    operation, result = run.operation, run.form_result
    assert isinstance(operation, SubmitForm)
    assert result is not None
    if ended.screen is None:
        return ended
    if ended.screen.question_name == operation.form.question_name:
        return with_screen(with_errors(ended.screen, result), "overwrite", is_invalid=True)
    return with_screen(ended.screen, "overwrite", is_invalid=True)


def _evaluated(run: Run, save: SaveMode) -> Ended:
    begin(run)
    try:
        return with_screen(evaluate(run), save)
    except Signal as signal:
        return with_signal(signal, run, save)


def _submitted(operation: SubmitForm, run: Run) -> Ended:
    begin(run)
    try:
        result = submit(operation, run)
        if isinstance(result, Screen):
            return with_screen(result, "new")
        if result.command and result.command not in {"continue", "refresh"}:
            return with_command(result.command, result.command_url, run)
        return with_screen(evaluate(run), "overwrite" if result.command == "refresh" else "new")
    except Signal as signal:
        return with_signal(signal, run, "new")


def _called(operation: CallAction, run: Run) -> Ended:
    run.action, run.arguments = operation.action, dict(operation.arguments)
    run.is_check_in = operation.keeps_step
    save: SaveMode = "ignore" if operation.is_read_only else "overwrite" if operation.keeps_step else "new"
    for _ in range(run.interview.loop_limit):
        begin(run)
        try:
            return with_screen(evaluate(run), save)
        except BackgroundResponseAction as asked:
            # Outside a task there is no second phase: the action runs here, on the same answers (spec/area1 §7.8).
            run.action, run.arguments = asked.action, dict(asked.arguments)
        except Signal as signal:
            return with_signal(signal, run, save)
    raise EvaluationError(f"The action {operation.action} starts response actions without end")


def _assigned(operation: AssignVariables, run: Run) -> Ended:
    begin(run)
    for name, value in operation.variables.items():
        try:
            run.define(name, value)
        except IllegalName as error:
            raise EvaluationError(f"{name!r} is not a name that a value can be saved under") from error
    for name in operation.deletes:
        run.undefine(name)
    dependencies.variables_changed(run, [*operation.variables, *operation.deletes])
    try:
        return with_screen(evaluate(run), "new")
    except Signal as signal:
        return with_signal(signal, run, "new")


def settle(ended: Ended, run: Run) -> None:
    """Bookkeeping before the answers are stored: steps, what nobody needs any more, and the screen's part in it."""
    internal = run.internal
    steps = _steps_after(run, ended.save)
    internal["steps"] = steps
    if run.forbids_back:
        internal["steps_offset"] = steps - 1
    if not run.followed_choice:
        internal["answers"].clear()
    dirty = internal["dirty"]
    for name in [name for name in dirty if run.is_defined(name)]:
        del dirty[name]
    internal["modtime"] = run.context.now
    internal["accesstime"][_accessor(run)] = run.context.now
    forget_empty_locals(run.answers)
    if ended.screen is not None:
        may_go_back = ended.screen.may_go_back and steps - int(internal["steps_offset"]) > 1
        ended.screen = ended.screen.model_copy(update={"steps": steps, "may_go_back": may_go_back})


def _accessor(run: Run) -> int:
    """Whose access it was: the account's number, or -1 for somebody anonymous."""
    number = run.context.user.the_user_id
    return int(number) if number.isdigit() else -1


def _steps_after(run: Run, save: SaveMode) -> int:
    match run.operation:
        case StepBack():
            return max(run.context.steps - 1, 1)
        case StartOver():
            return 1
        case _:
            return run.context.steps + (1 if save == "new" else 0)
