"""One evaluation: initial and mandatory blocks in order, again and again, until a screen is found (spec/area4 §4.2)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from shared.contracts.screen import Screen
from shared.interview.compile.blocks import Definer, EmbeddedChoice, QuestionBlock, RequireBlock
from shared.interview.errors import EvaluationLimit, NoEndpoint
from shared.interview.evaluate import dependencies, stack
from shared.interview.evaluate.actions import process_action
from shared.interview.evaluate.ask import ask
from shared.interview.evaluate.choices import followed
from shared.interview.evaluate.execute import conditions_hold, holds, run_whole, value_of
from shared.interview.evaluate.missing import missing_name, remember_mention
from shared.interview.evaluate.modules import bring_modules
from shared.interview.evaluate.seek import seek
from shared.interview.runtime.run import Run
from shared.interview.runtime.signals import CodeExecution, ForcedAsk, ForcedGather, ReRun
from shared.interview.runtime.sought import MANDATORY

_Attempt = Callable[[Run], Screen | None]


def begin(run: Run) -> None:
    """What comes once before the passes: modules, `reset`, code that is always reconsidered."""
    run.internal["tracker"] += 1
    bring_modules(run)
    for name in run.interview.resets:
        run.undefine(name)
    for block in run.interview.always_reconsidered:
        if block.generic_object is None or _x_is(run, block.generic_object):
            for name in block.defines:
                run.undefine(name)


def evaluate(run: Run) -> Screen:
    """The screen this session is at. Raises the signals that end a run otherwise, and errors.

    A missing name is sought; when it was obtained without asking, everything starts again from the top: code that was
    interrupted runs again from its first line.
    """
    attempt: _Attempt = _pass
    for _ in range(run.interview.loop_limit):
        run.passes += 1
        run.sought.clear()
        run.waiting.clear()
        try:
            screen = attempt(run)
            if screen is not None:
                return screen
            attempt = _pass
        except ReRun:
            attempt = _pass
        except ForcedAsk as signal:
            attempt = partial(_force, signal=signal)
        except ForcedGather as signal:
            attempt = partial(_gather, signal=signal)
        except CodeExecution as signal:
            attempt = partial(_assign, signal=signal)
        except Exception as error:
            name = missing_name(error, run)
            if name is None:
                raise
            remember_mention(run, name, error)
            attempt = partial(seek, name=name)
    raise EvaluationLimit(
        f"The interview went round {run.interview.loop_limit} times without reaching a screen (`loop limit`): "
        "some code may undefine what other code defines",
        sought=tuple(reversed(run.sought)),
    )


def _pass(run: Run) -> Screen | None:
    """Go through the initial and mandatory blocks once."""
    run.gathering.clear()
    if not run.interview.calls_process_action:
        process_action(run)
    answered: set[str] = run.internal["answered"]
    for block in run.interview.steps:
        run.block = block.name
        if holds(block.initial, run):
            if conditions_hold(block, run) and not isinstance(block, QuestionBlock):
                run_whole(block, run)
            continue
        if block.name in answered or not holds(block.mandatory, run) or not conditions_hold(block, run):
            continue
        try:
            screen = _step(block, run)
        except CodeExecution:  # nothing to choose: what it would have asked is set, and it has had its turn
            answered.add(block.name)
            raise
        if screen is not None:
            return screen
        answered.add(block.name)
    raise NoEndpoint(
        "All mandatory blocks are done, but none of them ended in a screen: the interview needs a final question "
        "that is mandatory, or that mandatory code refers to"
    )


def _step(block: Definer, run: Run) -> Screen | None:
    """Carry out one mandatory block: its screen, or None when it is done."""
    target = followed(block, run)
    if isinstance(target, RequireBlock):
        if all(value_of(condition, run) for condition in target.required):
            return None
        return _step(target.otherwise, run)
    if isinstance(target, EmbeddedChoice):
        return None
    if isinstance(target, QuestionBlock):
        return ask(target, run, MANDATORY)
    run_whole(target, run)
    return None


def _force(run: Run, *, signal: ForcedAsk) -> Screen | None:
    """Seek what was asked for by force, and remember it until its form is posted."""
    if signal.forgets_prior:
        stack.clear(run)
    if signal.is_persistent:
        stack.push(run, signal.asks)
    first = signal.asks[0]
    if first.action.startswith("_da_"):
        if not signal.is_persistent:
            run.action, run.arguments = first.action, dict(first.arguments)
        return None
    if first.arguments:
        run.arguments = dict(first.arguments)
    if first.action not in run.forgiven:
        run.forgiven.append(first.action)
    return seek(run, first.action, is_forced=True)


def _gather(run: Run, *, signal: ForcedGather) -> Screen | None:
    if signal.forgets_prior:
        stack.clear(run)
        run.internal["gather"].clear()
    for name in signal.names:
        run.seek_later(name)
    return None


def _assign(run: Run, *, signal: CodeExecution) -> Screen | None:
    for name, value in signal.assignments:
        run.define(name, value)
    names = [name for name, _ in signal.assignments]
    dependencies.variables_changed(run, names)
    stack.pop(run, names)  # as a post would: whoever asked for these by force has got them
    return None


def _x_is(run: Run, class_name: str) -> bool:
    thing = run.peek("x")
    return thing is not None and class_name in {cls.__name__ for cls in type(thing).__mro__}
