"""Actions: what is done before the normal logic because somebody asked for it (spec/area1 §2, spec/area4 §4.8)."""

from __future__ import annotations

from typing import Any, NoReturn

from shared.interview.errors import EvaluationError, Undefined
from shared.interview.evaluate import dependencies, items, stack
from shared.interview.evaluate.document_actions import download_documents, mail_documents
from shared.interview.library import reading_pictures, reminders
from shared.interview.runtime.names import IllegalName, is_legal
from shared.interview.runtime.run import Run
from shared.interview.runtime.signals import Ask, CommandCalled, ForcedAsk, ReRun, ResponseCalled
from shared.interview.screen.documents import DOWNLOAD_ACTION, MAIL_ACTION


def process_action(run: Run) -> None:
    """Treat the pending action, or what is left to gather, or the top of the stack.

    Returns when there is nothing to do. Raises ForcedAsk, ReRun, Undefined to steer the evaluation.
    """
    if run.action is not None:
        action, run.action = run.action, None
        _perform(run, action, run.arguments)
    _gather_next(run)
    pending = stack.entries(run)
    if not pending:
        return
    entry = pending[0]
    run.answers.update(entry["context"])
    run.arguments = dict(entry["arguments"])
    until_done = _UNTIL_DONE.get(entry["action"])
    if until_done is not None:
        until_done(run, entry["arguments"])
        pending.remove(entry)
        raise ReRun
    if str(entry["action"]).startswith("_da_"):
        del pending[0]
        run.action = entry["action"]
        raise ReRun
    run.forgiven.append(entry["action"])
    raise ForcedAsk((Ask(entry["action"], entry["arguments"]),), is_persistent=False)


def _gather_next(run: Run) -> None:
    """Seek the next variable of the gather list that has no value; those that have one leave the list."""
    gather: list[dict[str, Any]] = run.internal["gather"]
    while gather:
        entry = gather[0]
        if run.is_defined(entry["var"]):
            del gather[0]
            continue
        run.answers.update(entry["context"])
        run.forgiven.append(entry["var"])
        raise Undefined(entry["var"])


def _perform(run: Run, action: str, arguments: dict[str, Any]) -> NoReturn:
    if action in _UNTIL_DONE:
        stack.push(run, (Ask(action, arguments),))
        raise ReRun
    reserved = _RESERVED.get(action)
    if reserved is not None:
        reserved(run, arguments)
        raise ReRun
    if not is_legal(action):
        raise EvaluationError(f"{action!r} is not the name of an action")
    run.forgiven.append(action)
    raise ForcedAsk((Ask(action, arguments),), is_persistent=not run.is_check_in)


def asks_of(variables: Any) -> tuple[Ask, ...]:
    """What `_da_force_ask` and `force_ask()` are given, as entries for the stack: names and control dictionaries."""
    found: list[Ask] = []
    for item in variables if isinstance(variables, list | tuple) else [variables]:
        if isinstance(item, str):
            found.append(Ask(item))
            continue
        if not isinstance(item, dict):
            raise EvaluationError(f"{item!r} is neither a name nor an action to ask for")
        if "action" in item:
            found.append(Ask(str(item["action"]), dict(item.get("arguments") or {})))
        if "follow up" in item:
            found.extend(Ask(str(name)) for name in _listed(item["follow up"]))
        for control, reserved in _CONTROLS.items():
            if control in item:
                found.append(Ask(reserved, {"variables": item[control]}))
    return tuple(found)


_CONTROLS = {
    "undefine": "_da_undefine",
    "invalidate": "_da_invalidate",
    "recompute": "_da_compute",
    "set": "_da_set",
}


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _names(arguments: dict[str, Any]) -> list[str]:
    given = [*_listed(arguments.get("variables") or []), *_listed(arguments.get("variable") or [])]
    for name in given:
        if not isinstance(name, str) or not is_legal(name):
            raise EvaluationError(f"{name!r} is not the name of a variable")
    return given


def _force_ask(run: Run, arguments: dict[str, Any]) -> None:
    asks = asks_of(arguments.get("variables") or [])
    if asks:
        run.forgiven.extend(ask.action for ask in asks if not ask.action.startswith("_da_"))
        raise ForcedAsk(asks, is_persistent=not run.is_check_in)


def _priority(run: Run, arguments: dict[str, Any]) -> None:
    stack.clear(run)
    run.arguments = dict(arguments.get("_arguments") or {})
    _perform(run, str(arguments.get("_action") or ""), run.arguments)


def _later(run: Run, arguments: dict[str, Any]) -> None:
    for name in _names(arguments):
        run.seek_later(name)


def _compute(run: Run, arguments: dict[str, Any]) -> None:
    for name in _names(arguments):
        run.undefine(name)
        run.seek_later(name)


def _set(run: Run, arguments: dict[str, Any]) -> None:
    pairs: list[tuple[str, Any]] = []
    for item in arguments.get("variables") or []:
        pairs.extend(item.items() if isinstance(item, dict) else [(item[0], item[1])])
    for name, value in pairs:
        if not is_legal(name):
            raise EvaluationError(f"{name!r} is not the name of a variable")
        try:
            run.define(name, value)
        except IllegalName as error:
            raise EvaluationError(f"{name!r} is not the name of a variable") from error
    dependencies.variables_changed(run, [name for name, _ in pairs])


def _undefine(run: Run, arguments: dict[str, Any]) -> None:
    for name in _names(arguments):
        run.undefine(name)


def _invalidate(run: Run, arguments: dict[str, Any]) -> None:
    for name in _names(arguments):
        dependencies.invalidate(run, name)


def _exit(run: Run, arguments: dict[str, Any]) -> None:
    raise CommandCalled("interview_exit")


def _remind(run: Run, arguments: dict[str, Any]) -> None:
    """Send a reminder and end there: nobody waits for a screen. People do not set off reminders by addresses."""
    if run.context.request.interface != "cron":
        return
    reminders.send_due(run, arguments)
    pending = stack.entries(run)
    pending[:] = [each for each in pending if (each["action"], each["arguments"]) != (reminders.ACTION, arguments)]
    raise ResponseCalled(b"", content_type="text/plain; charset=utf-8")


_UNTIL_DONE = {**items.UNTIL_DONE, reminders.ACTION: _remind}
"""Actions that stay pending until they have found everything they need."""

_RESERVED = {
    "need": _later,
    "_da_compute": _compute,
    "_da_define": _later,
    DOWNLOAD_ACTION: download_documents,
    MAIL_ACTION: mail_documents,
    "_da_exit": _exit,
    "_da_force_ask": _force_ask,
    "_da_invalidate": _invalidate,
    "_da_priority_action": _priority,
    "_da_set": _set,
    "_da_undefine": _undefine,
    "_da_list_add": items.add,
    "_da_list_edit": items.edit,
    "_da_list_remove": items.remove,
    "_da_list_move": items.move,
    "_da_dict_add": items.add,
    "_da_dict_edit": items.edit,
    "_da_dict_remove": items.remove,
    reading_pictures.READ_ACTION: reading_pictures.read_in_background,
    reading_pictures.KEEP_ACTION: reading_pictures.keep_searchable,
}
"""Actions with a meaning of their own; each ends in a re-run unless it raises something else."""
