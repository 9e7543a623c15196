"""Carry out what a run is asked to do, whatever it is (spec/area1, spec/area2 §2.5, spec/area4 §5)."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable
from typing import Any, assert_never

import orjson

from shared.contracts.screen import Form, Screen
from shared.interview.errors import EvaluationError, InterviewError, NoDefinition, NoSuchQuestion, NotDeleted, Signal
from shared.interview.evaluate import dependencies, stack
from shared.interview.evaluate.background import run_response_action, run_task
from shared.interview.evaluate.check_in import check_in
from shared.interview.evaluate.endings import Ended, chosen_save, with_command, with_screen, with_signal
from shared.interview.evaluate.forms_values import received
from shared.interview.evaluate.fresh import accessor, forget_empty_locals
from shared.interview.evaluate.loop import begin, evaluate
from shared.interview.evaluate.submit import submit, with_notice
from shared.interview.library.json_form import simplified_answers, transform_json_variables
from shared.interview.library.receiving_mail import received_email
from shared.interview.library.receiving_texts import INCOMING_TEXT, received_text
from shared.interview.library.sessions import moment_of
from shared.interview.library.tasks import background_action
from shared.interview.library.timers import take_back
from shared.interview.runtime.names import IllegalName
from shared.interview.runtime.namespace import CONTEXT_NAMES, LOCALS
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
    StartTask,
    StepBack,
    SubmitForm,
)
from shared.interview.runtime.outcomes import Finished, SaveMode, VariablesExported
from shared.interview.runtime.pickling import dump_value, is_stored, load_value
from shared.interview.runtime.run import Run
from shared.interview.runtime.signals import BackgroundResponseAction
from shared.interview.screen.build import with_errors
from shared.interview.screen.navigation import advance_progress

_WORTH_NOTING = datetime.timedelta(minutes=5)
_WORD = re.compile(r"\w+")


def carry_out(run: Run, blobs: Blobs, *, url_args_changed: bool) -> Ended:
    """Do it. Raises FormRefused when a posted form is not valid, and errors of the interview."""
    match run.operation:
        case ShowScreen() as operation:
            wanted: SaveMode = "new" if url_args_changed and not operation.is_first else "overwrite"
            ended = _evaluated(run, wanted, tolerates_missing=operation.tolerates_missing)
        case SubmitForm() as operation:
            ended = _submitted(operation, run)
        case StepBack():
            take_back(run)
            ended = _evaluated(run, "overwrite")
        case StartOver():
            ended = _evaluated(run, "overwrite")
        case CallAction() as operation:
            ended = _called(operation, run)
        case StartTask(action=action, mail_id=mail_id):
            if mail_id:  # one that its worker has lost is worked on again: it is saved once (spec/area3 §9.3)
                launch = background_action.with_options(idempotent=True)
                if action == INCOMING_TEXT:
                    launch(action, text=received_text(mail_id))
                else:
                    launch(action, email=received_email(mail_id))
            else:
                background_action(action)
            return Ended(Finished(), "ignore")
        case CheckInCall() as operation:
            ended = check_in(operation, run)
        case RunBackgroundAction() as operation:
            ended = run_task(operation, run, blobs)
        case RunResponseAction() as operation:
            ended = run_response_action(operation, run, blobs)
        case AssignVariables() as operation:
            ended = _assigned(operation, run, blobs)
        case ExportVariables() as operation:
            shown = {name: value for name, value in run.answers.items() if name not in LOCALS}
            found = simplified_answers(shown, includes_internal=operation.includes_internal)
            run.blobs["variables"] = _as_json({} if operation.for_session else found)
            if operation.for_session:
                kept = {name: value for name, value in shown.items() if is_stored(name, value) or name == "_internal"}
                run.blobs["objects"] = dump_value(kept if operation.for_session == "objects" else found, "A variable")
            return Ended(VariablesExported(), "ignore")
        case operation:
            assert_never(operation)
    ended.save = chosen_save(ended.save, run)
    return ended


def _as_json(found: Any) -> bytes:
    try:
        return orjson.dumps(found, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # whole numbers beyond 64 bits
        return json.dumps(found).encode()


def shown_again(run: Run) -> Ended:
    """After a refused form: the screen where the session is, with messages and what was typed when it is the same."""
    ended = _evaluated(run, "overwrite")
    operation, result = run.operation, run.form_result
    assert isinstance(operation, SubmitForm)
    assert result is not None
    if ended.screen is None:
        return ended
    if _asks_the_same(ended.screen, operation.form) and not result.is_outdated:
        return with_screen(with_errors(ended.screen, result), "overwrite", is_invalid=True)
    return with_screen(with_notice(ended.screen), "overwrite", is_invalid=True)


def _asks_the_same(screen: Screen, form: Form) -> bool:
    """Whether a screen is the one a form was posted from: the same question, about the same thing."""
    context = screen.form.context if screen.form is not None else {}
    return screen.question_name == form.question_name and context == form.context


def _evaluated(run: Run, save: SaveMode, *, tolerates_missing: bool = False) -> Ended:
    begin(run)
    try:
        return with_screen(evaluate(run), save)
    except Signal as signal:
        return with_signal(signal, run, save)
    except NoDefinition:
        if not tolerates_missing:
            raise
        return Ended(Finished(), save)


def _submitted(operation: SubmitForm, run: Run) -> Ended:
    begin(run)
    try:
        result = submit(operation, run)
        if isinstance(result, Screen):
            return with_screen(result, "new")
        if result.command and result.command not in {"continue", "refresh"}:
            return with_command(result.command, result.command_url, run, "new")
        shown = evaluate(run)
        is_longer = result.wants_more and getattr(shown, "question_name", "") == operation.form.question_name
        return with_screen(shown, "overwrite" if is_longer or result.command == "refresh" else "new")
    except Signal as signal:
        return with_signal(signal, run, "new")


def _called(operation: CallAction, run: Run) -> Ended:
    if operation.is_persistent:
        return _acted(operation, run)
    pending = list(stack.entries(run))
    ended = _acted(operation, run)
    stack.entries(run)[:] = pending  # nobody looks at the questions that it has led to
    return ended


def _acted(operation: CallAction, run: Run) -> Ended:
    run.action, run.arguments = operation.action, dict(operation.arguments)
    run.is_check_in = operation.keeps_step or not operation.is_persistent
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
        except NoDefinition:
            if not operation.tolerates_missing:
                raise
            return Ended(Finished(), save)
    raise EvaluationError(f"The action {operation.action} starts response actions without end")


def _assigned(operation: AssignVariables, run: Run, blobs: Blobs) -> Ended:
    begin(run)
    given: dict[str, Any] = dict(operation.variables)
    if operation.values_blob:
        given |= load_value(blobs[operation.values_blob])
        _place_context(run, given)
    if operation.is_converted:
        given = transform_json_variables(given)
    for name, value in given.items():
        _define(name, value, run)
    for name, files in operation.files:
        _define(name, received(files, name, run), run)
    for name in operation.deletes:
        if not _is_deleted(name, run):
            raise NotDeleted(f"{name!r} cannot be deleted: it has no value")
    if operation.question_name:
        _mark_answered(operation.question_name, run)
    stack.pop(run, operation.events)
    if operation.advances_progress:
        advance_progress(run)
    if operation.is_exact:
        stack.pop(run, given)
    if operation.question_name or not operation.is_exact:
        dependencies.variables_changed(run, [*given, *(name for name, _ in operation.files), *operation.deletes])
    if not operation.runs:
        return Ended(Finished(), "new")
    try:
        return with_screen(evaluate(run), "new")
    except Signal as signal:
        return with_signal(signal, run, "new")


def _place_context(run: Run, names: Iterable[str]) -> None:
    """What x and i stand for, for names that are said with them, is known once the logic has been followed."""
    if not any(set(CONTEXT_NAMES) & set(_WORD.findall(name)) for name in names):
        return
    try:
        evaluate(run)
    except (Signal, InterviewError):
        return  # wherever it stopped, the names are placed as far as they can be


def _define(name: str, value: Any, run: Run) -> None:
    try:
        run.define(name, value)
    except IllegalName as error:
        raise EvaluationError(f"{name!r} is not a name that a value can be saved under") from error


def _is_deleted(name: str, run: Run) -> bool:
    try:
        return run.undefine(name)
    except IllegalName as error:
        raise NotDeleted(f"{name!r} is not a name that a value can be saved under") from error


def _mark_answered(name: str, run: Run) -> None:
    block = run.interview.by_name.get(name)
    if block is None:
        raise NoSuchQuestion(f"There is no question {name!r} that could count as answered")
    run.internal["answered"].add(block.name)


def settle(ended: Ended, run: Run) -> None:
    """Bookkeeping before the answers are stored: steps, what nobody needs any more, and the screen's part in it."""
    internal = run.internal
    steps = _steps_after(run, ended.save)
    internal["steps"] = steps
    if run.forbids_back:
        internal["steps_offset"] = steps - 1
    if not run.followed_choice:
        internal["answers"].clear()
    stacks = internal["event_stack"]
    for browser in [browser for browser, pending in stacks.items() if not pending]:
        del stacks[browser]  # every program that looks in without a cookie is another browser
    dirty = internal["dirty"]
    for name in [name for name in dirty if run.is_defined(name)]:
        del dirty[name]
    internal["modtime"] = run.context.now
    who = accessor(run.context)
    internal["accesstime"][who] = run.context.now
    if run.context.user.roles:
        internal["accessroles"][who] = list(run.context.user.roles)
    forget_empty_locals(run.answers)
    if ended.screen is not None:
        may_go_back = ended.screen.may_go_back and steps - int(internal["steps_offset"]) > 1
        ended.screen = ended.screen.model_copy(update={"steps": steps, "may_go_back": may_go_back})


def is_visit(run: Run) -> bool:
    """Whether somebody looks again, after a while, at what is there: worth noting although no answer changes."""
    if not isinstance(run.operation, ShowScreen):
        return False
    noted = run.internal["accesstime"].get(accessor(run.context))
    return noted is None or run.now - moment_of(noted) > _WORTH_NOTING


def _steps_after(run: Run, save: SaveMode) -> int:
    match run.operation:
        case StepBack():
            return max(run.context.steps - 1, 1)
        case StartOver():
            return 1
        case _:
            return run.context.steps + (1 if save == "new" else 0)
