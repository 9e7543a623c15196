"""Ask a question: everything around the making of its screen (spec/area4 §2.8, §4.5)."""

from __future__ import annotations

from shared.contracts.screen import Screen
from shared.interview.compile.blocks import Fields, QuestionBlock, Review
from shared.interview.errors import Undefined
from shared.interview.evaluate import stack
from shared.interview.evaluate.documents import documents_of_screen
from shared.interview.evaluate.execute import need_after, prepare_question, value_of
from shared.interview.runtime.run import Run
from shared.interview.runtime.signals import Ask
from shared.interview.runtime.sought import Sought
from shared.interview.screen.build import build_screen, require_parents


def ask(block: QuestionBlock, run: Run, sought: Sought) -> Screen:
    """The screen of a question, sought or mandatory; x and i … n are set already. Raises what its texts lack."""
    run.block = block.name
    prepare_question(block, run)
    screen = documents_of_screen(build_screen(block, run, sought), block, run, sought)
    require_parents(screen, run, sought)
    _check_role(block, run)
    need_after(block, run)
    if _stays_current(block, run, sought):
        stack.push(run, (Ask(sought.name),))
    return screen


def _check_role(block: QuestionBlock, run: Run) -> None:
    """A question for others than who is there: `role_event` says what to do. Raises Undefined (spec/area4 §4.10)."""
    wanted = block.roles or run.interview.default_roles
    if not wanted or "role" not in run.answers or run.answers["role"] in wanted or "role_event" in block.events:
        return
    run.answers["role_needed"] = list(wanted)
    raise Undefined("role_event")


def _stays_current(block: QuestionBlock, run: Run, sought: Sought) -> bool:
    """A review screen that is an event is come back to after each edit."""
    return (
        isinstance(block.style, Review)
        and block.continue_field is None
        and bool(sought.name)
        and sought.variant in block.events
        and not run.is_check_in
    )


def may_show(block: QuestionBlock, run: Run, sought: Sought) -> bool:
    """False when the fields that would save the sought name are left out by `show if: {code: …}`."""
    if not isinstance(block.style, Fields):
        return True
    saving = [item for item in block.style.items if item.variable == sought.variant]
    codes = [[condition for condition in item.conditions if condition.code is not None] for item in saving]
    if not saving or not all(codes):
        return True
    return any(
        all(bool(value_of(condition.code, run)) is condition.sign for condition in conditions if condition.code)
        for conditions in codes
    )
