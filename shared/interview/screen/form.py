"""The contract between a shown screen and its post: what may be written, by which rules, in which context.

It travels signed with the page. Names come from it alone; whatever else a browser posts is data (spec/area4 §5).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shared.contracts.screen import Form, FormField
from shared.interview.compile.blocks import QuestionBlock
from shared.interview.compile.expressions import Expression
from shared.interview.screen.markup import encoded
from shared.interview.screen.texts import Scene

ALWAYS = "always"
"""Option of a FormField whose absent value counts although its input is a button that may not have been pressed."""

LIMITS = "limits"
"""Option of a FormField: rule → [limit, message], of what the server checks as well as the page."""


def make_form(
    block: QuestionBlock,
    scene: Scene,
    fields: Iterable[FormField] = (),
    *,
    signature: str = "",
    list_collect: Any = None,
) -> Form:
    """The form of a question; its `continue button field` comes last."""
    entries = list(fields)
    if block.continue_field:
        entries.append(continue_field(block.continue_field))
    return Form(
        question_name=block.name,
        sought=sought_names(scene),
        fields=tuple(entries),
        context=scene.sought.context,
        allowed_to_set=_allowed(block, scene),
        list_collect=list_collect,
        is_mandatory=block.mandatory is not False,
        signature=signature,
    )


def continue_field(variable: str) -> FormField:
    """A variable that pressing Continue makes True, however the form is sent."""
    return FormField(
        input_name=encoded(variable), variable=variable, datatype="boolean", absent="True", options={ALWAYS: True}
    )


def sought_names(scene: Scene) -> tuple[str, ...]:
    """What this screen answers: popped from the stack of pending actions when it is posted."""
    sought = scene.sought
    if sought.events:
        return sought.events
    return (sought.name,) if sought.name else ()


def _allowed(block: QuestionBlock, scene: Scene) -> tuple[str, ...] | None:
    given = block.allowed_to_set
    if isinstance(given, Expression):
        value = scene.value(given)
        return (value,) if isinstance(value, str) else tuple(str(name) for name in value)
    return given
