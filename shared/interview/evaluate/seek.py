"""Seek one name: try the blocks that may define it until it has a value or a screen asks for it (spec/area4 §4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.contracts.screen import Screen
from shared.interview.compile.blocks import (
    AttachmentBlock,
    CodeBlock,
    DataBlock,
    Definer,
    EmbeddedChoice,
    ObjectsBlock,
    QuestionBlock,
    ResponseBlock,
)
from shared.interview.compile.names import parsed
from shared.interview.errors import AlreadySought, EvaluationLimit, NoDefinition
from shared.interview.evaluate import dependencies, stack
from shared.interview.evaluate.ask import ask, may_show
from shared.interview.evaluate.candidates import candidates
from shared.interview.evaluate.choices import followed
from shared.interview.evaluate.execute import conditions_hold, create, need_after, prepare, run_code
from shared.interview.evaluate.making import library_class
from shared.interview.evaluate.missing import missing_name, remember_mention
from shared.interview.evaluate.responding import respond
from shared.interview.runtime.run import Run
from shared.interview.runtime.sought import Sought

Tried = dict[str, set[Definer]]
"""Blocks that wait for a name, by that name: they cannot be tried for it."""
_MOST_REENTRIES = 3
"""How often a block may be tried for the same name while it is waiting in the same chain already."""

_NOT_DEFINED = object()


class _NotHere(Exception):
    """This candidate does not define the name; the next is tried."""


def seek(run: Run, name: str, *, is_forced: bool = False, tried: Tried | None = None) -> Screen | None:
    """A screen that asks for the name (or for something it needs), or None when it was obtained without asking.

    Raises NoDefinition when nothing can define it, AlreadySought when everything that could is waiting for it.
    """
    tried = {} if tried is None else tried
    if len(run.sought) >= run.interview.recursion_limit:
        raise EvaluationLimit(
            f"There appears to be an infinite loop: seeking {name} went deeper than the recursion limit of "
            f"{run.interview.recursion_limit}. The last variables sought were {' → '.join(run.sought[-5:])}",
            sought=_chain(run, name),
        )
    run.sought.append(name)
    for _ in range(run.interview.loop_limit):
        run.gathering = {group: cause for group, cause in run.gathering.items() if cause != name}
        is_settled, screen = _round(run, name, is_forced, tried)
        if is_settled:
            run.sought.pop()
            return screen
    raise EvaluationLimit(
        f"Seeking {name} took more rounds than the loop limit of {run.interview.loop_limit}", sought=_chain(run)
    )


def _round(run: Run, name: str, is_forced: bool, tried: Tried) -> tuple[bool, Screen | None]:
    """Go through the candidates once; not settled when something was obtained that makes another round worth it."""
    was_defined = run.is_defined(name)
    skipped = False
    for sought, block in candidates(run, name, is_forced=is_forced):
        if block in tried.get(name, ()) or run.waiting.count((block.name, name)) >= _MOST_REENTRIES:
            skipped = True
            continue
        try:
            return True, _attempt(run, block, sought)
        except _NotHere:
            continue
        except Exception as error:
            missing = missing_name(error, run)
            if missing is None:
                raise
            remember_mention(run, missing, error)
            if not isinstance(block, ObjectsBlock):
                tried.setdefault(missing, set()).add(block)
            run.waiting.append((block.name, name))
            screen = seek(run, missing, tried=tried)
            run.waiting.pop()
        if screen is not None:
            return True, screen
        return not was_defined and run.is_defined(name), None
    _exhausted(run, name, skipped=skipped)
    return True, None


def _exhausted(run: Run, name: str, *, skipped: bool) -> None:
    if name in run.forgiven:
        run.forgiven.remove(name)
        stack.drop(run, name)
        gather: list[dict[str, Any]] = run.internal["gather"]
        gather[:] = [entry for entry in gather if entry["var"] != name]
        return
    if skipped:
        circle = _once_around(run.sought)
        raise AlreadySought(
            f"There is an infinite loop: {name} was already looked for. It is needed in order to define {name}, and "
            f"every block that could define it is waiting for it. The variables sought were {' → '.join(circle)}",
            sought=tuple(reversed(circle)),
        )
    if run.interview.features.get("use catchall") and not name.endswith(".value"):
        run.define(name, library_class(run, "DACatchAll")(name))
        return
    raise NoDefinition(
        f"Interview has an error. There was a reference to a variable '{name}' that could not be looked up in the "
        f"question file (for language '{run.language}') or in any of the files incorporated by reference into the "
        "question file." + _mention(run, name),
        sought=_chain(run),
    )


def _mention(run: Run, name: str) -> str:
    """Which template of a document uses the name, as a sentence of its own."""
    return f" {run.mentions[name]}" if name in run.mentions else ""


def _chain(run: Run, *more: str) -> tuple[str, ...]:
    """The variables being sought, newest first."""
    return tuple(reversed([*run.sought, *more]))


def _once_around(names: Sequence[str]) -> list[str]:
    """What was sought, outermost first, up to where it begins to repeat itself."""
    found: list[str] = []
    for name in names:
        found.append(name)
        if found.count(name) > 1:
            break
    return found


def _attempt(run: Run, block: Definer, sought: Sought) -> Screen | None:
    """Try one candidate. Raises _NotHere, a missing name, a signal, or what the author's code raises."""
    run.enter(sought)
    if not conditions_hold(block, run):
        raise _NotHere
    is_led = sought.is_forced and stack.has_choice(run, sought.name)
    if not sought.is_forced or is_led:
        target = followed(block, run)
        if isinstance(target, EmbeddedChoice):
            if target.command == "continue":
                raise _NotHere
        elif target is not block:
            block = target
            if not conditions_hold(block, run):
                raise _NotHere
    match block:
        case QuestionBlock():
            if not may_show(block, run, sought):
                raise _NotHere
            return ask(block, run, sought)
        case CodeBlock() if block.events and sought.variant in block.events:
            stack.drop(run, sought.name)
            prepare(block, run)
            run_code(block, run)
            need_after(block, run)
            return None
        case ResponseBlock():
            stack.drop(run, sought.name)
            prepare(block, run)
            respond(block, run)
        case CodeBlock():
            _run_code(run, block, sought)
        case _:
            _create(run, block, sought)
    if is_led:
        stack.drop(run, sought.name)
    elif sought.is_forced:
        raise _NotHere
    return None


def _run_code(run: Run, block: CodeBlock, sought: Sought) -> None:
    """Run code for a name. The old value is set aside, and put back when the code does not define the name."""
    before = dependencies.picture(run, map(sought.literal, block.defines))
    old = _set_aside(run, sought.name)
    try:
        prepare(block, run)
        run_code(block, run)
        need_after(block, run)
    except Exception:
        _put_back(run, sought.name, old)
        raise
    if not run.is_defined(sought.name):
        _put_back(run, sought.name, old)
        raise _NotHere
    dependencies.variables_changed(run, dependencies.changed(run, before))


def _create(run: Run, block: Definer, sought: Sought) -> None:
    old = _set_aside(run, sought.name) if isinstance(block, (ObjectsBlock, AttachmentBlock)) else _NOT_DEFINED
    try:
        prepare(block, run)
        is_created = create(block, run, sought)
        need_after(block, run)
    except Exception:
        _put_back(run, sought.name, old)
        raise
    if not is_created or not (isinstance(block, DataBlock) or run.is_defined(sought.name)):
        _put_back(run, sought.name, old)
        raise _NotHere


def _set_aside(run: Run, name: str) -> Any:
    """Take the value away for the time being; items of collections stay, or the others would move up."""
    _, steps = parsed(name)
    if (steps and steps[-1][0] == "item") or not run.is_defined(name):
        return _NOT_DEFINED
    value = run.peek(name)
    run.undefine(name)
    return value


def _put_back(run: Run, name: str, value: Any) -> None:
    if value is not _NOT_DEFINED and not run.is_defined(name):
        run.define(name, value)
