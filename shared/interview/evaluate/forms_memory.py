"""What is remembered of a form that was taken: its question is answered, what asked for it is done (spec/area4 §5.3).

"Answered" is kept for mandatory questions only, and under the outermost of nested blocks, which is the mandatory one.
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.contracts.screen import Form
from shared.interview.compile.blocks import Definer, EmbeddedChoices, QuestionBlock
from shared.interview.evaluate import choices, stack
from shared.interview.runtime.run import Run
from shared.interview.runtime.signals import Ask
from shared.interview.screen.list_collect import forget_wish, remember_wish


def remember_post(form: Form, variables: Iterable[str], run: Run) -> None:
    """Mark the question answered and take what it answers off this visitor's stack of pending actions."""
    block = run.interview.by_name.get(form.question_name)
    if block is not None:
        for name in _mandatory_above(block, run):
            run.internal["answered"].add(name)
    stack.pop(run, {*form.sought, *variables})


def remember_choice(form: Form, index: int, run: Run) -> None:
    """Store which embedded choice was pressed, for the next evaluation to follow."""
    block = run.interview.by_name.get(form.question_name)
    if block is not None:
        choices.remember(block, run, index)
    if leads_to_block(form, index, run):
        stack.choose(run, form.sought)


def leads_to_block(form: Form, index: int, run: Run) -> bool:
    """Whether a choice goes on with a block of its own: then its question is not answered yet."""
    block = run.interview.by_name.get(form.question_name)
    if not isinstance(block, QuestionBlock) or not isinstance(block.style, EmbeddedChoices):
        return False
    return index < len(block.style.choices) and block.style.choices[index].block is not None


def finish_list(form: Form, wants_more: bool, deleted: Iterable[int], run: Run) -> None:
    """After `list collect`: take out what was deleted, then show one more element, or call the list gathered."""
    collected = form.list_collect
    name = str(collected["list"])
    things = run.evaluate(name)
    places = {place for place in deleted if 0 <= place < len(getattr(things, "elements", ()))}
    if places:
        things.delitem(*places)  # never gathers: what is taken out need not be complete
    if wants_more:
        remember_wish(run.internal, name, int(collected["count"]) + 1)
        stack.push(run, [Ask(sought) for sought in form.sought[:1]])  # the screen comes again, although all is known
        return
    forget_wish(run.internal, name)
    if collected.get("is_final", True):
        things.there_are_any = bool(things.elements)
        if getattr(things, "ask_number", False):
            things.target_number = len(things.elements)
        else:
            things.there_is_another = False


def _mandatory_above(block: Definer, run: Run) -> Iterable[str]:
    """The block itself if it is mandatory, and the mandatory blocks it is nested in."""
    if block.mandatory is not False:
        yield block.name
    if block in run.interview.definers:
        return
    for outer in run.interview.by_name.values():
        style = outer.style if isinstance(outer, QuestionBlock) else None
        if isinstance(style, EmbeddedChoices) and any(choice.block is block for choice in style.choices):
            yield from _mandatory_above(outer, run)
