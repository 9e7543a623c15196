"""Follow embedded choices that were answered earlier (spec/area4 §2.6)."""

from __future__ import annotations

from shared.interview.compile.blocks import Definer, EmbeddedChoice, EmbeddedChoices, QuestionBlock
from shared.interview.runtime.namespace import CONTEXT_NAMES
from shared.interview.runtime.run import Run


def choice_key(block: Definer, run: Run) -> str:
    """The key a choice is stored under: the block's name, and what x and i … n are when the block speaks of them."""
    marks = []
    for name in CONTEXT_NAMES:
        if name in block.uses and name in run.answers:
            value = run.answers[name]
            marks.append(str(getattr(value, "instanceName", value)))
    return block.name + ("|WITH|" + "|".join(marks) if marks else "")


def remembered(block: Definer, run: Run) -> EmbeddedChoice | None:
    """The choice that was made, or None."""
    if not isinstance(block, QuestionBlock) or not isinstance(block.style, EmbeddedChoices):
        return None
    index = run.internal["answers"].get(choice_key(block, run))
    if index is None or not 0 <= int(index) < len(block.style.choices):
        return None
    return block.style.choices[int(index)]


def remember(block: Definer, run: Run, index: int) -> None:
    """Store which choice was made; the name that is asked for the block later has to be in the same context."""
    run.internal["answers"][choice_key(block, run)] = index


def followed(block: Definer, run: Run) -> Definer | EmbeddedChoice:
    """The block at the end of the chosen way: the block itself, a nested one, or a choice that leads to no block."""
    while (choice := remembered(block, run)) is not None:
        run.followed_choice = True
        if choice.block is None:
            return choice
        block = choice.block
    return block
