"""Take a posted form into the answers (spec/area4 §5.3 steps 2 to 9).

Three passes: convert everything, and refuse the form if something cannot be; then validate and assign, field by field,
in the order of the form; then the question's `validation code`. A refused form may have assigned already: whoever
called loads the answers again before showing the screen with its messages.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from shared.contracts.screen import Form, FormField
from shared.interview.compile.blocks import FieldItem, Fields, QuestionBlock
from shared.interview.errors import Signal, Undefined, UndefinedAttribute
from shared.interview.evaluate import dependencies
from shared.interview.evaluate.forms_convert import ConversionRefused
from shared.interview.evaluate.forms_memory import finish_list, leads_to_block, remember_choice, remember_post
from shared.interview.evaluate.forms_posted import Posted, typed_texts
from shared.interview.evaluate.forms_values import UNTOUCHED, value_of
from shared.interview.library.languages import word
from shared.interview.runtime import names
from shared.interview.runtime.form_result import FormResult
from shared.interview.runtime.namespace import CONTEXT_NAMES, ITERATORS
from shared.interview.runtime.operations import SubmitForm
from shared.interview.runtime.run import Run
from shared.interview.runtime.signals import InvalidInput
from shared.interview.runtime.sought import Sought
from shared.interview.screen.computed_fields import read_computed
from shared.interview.screen.list_collect import growing
from shared.interview.screen.list_spares import believed, with_revealed
from shared.interview.screen.messages import INVALID_VALUE
from shared.interview.screen.texts import Scene
from shared.kernel.plain_text import strip_markup

_EXECUTED_AT_ONCE = frozenset(
    {"restart", "exit", "leave", "logout", "exit_logout", "new_session", "signin", "register"}
)
_DIGITS = 4
"""More than any number of spare elements has."""


class OutOfReach(Exception):
    """What a form writes to, or the object it is about, is not there (any more); `cause` says what exactly."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Pending:
    """One assignment to be made."""

    field: FormField
    literal: str
    value: Any


def apply_form(operation: SubmitForm, run: Run) -> FormResult:
    """Write what was posted into the answers, or say what is wrong with it.

    Raises OutOfReach when an object the form writes to has gone, Undefined and kin for what else is missing, and
    signals of the author's validation code.
    """
    revealed = _revealed(operation)
    form = with_revealed(operation.form, revealed)
    posted = Posted(operation.model_copy(update={"form": form}))
    choice = _embedded_choice(form, posted)
    if choice is not None and choice.get("command") in _EXECUTED_AT_ONCE:
        return FormResult(is_valid=True, command=choice["command"], command_url=str(choice.get("url") or ""))
    sought = context_of(form)
    with _reaching():
        run.enter(sought)
        collected = run.evaluate(form.list_collect["list"]) if isinstance(form.list_collect, dict) else None
    pending, errors = _convert_all(form, posted, sought, run)
    if errors:
        return FormResult(is_valid=False, errors=errors, typed=typed_texts(posted), revealed=revealed)
    before = {one.literal: dependencies.comparable(run.peek(one.literal, UNTOUCHED)) for one in pending}
    block = run.interview.by_name.get(form.question_name)
    with growing(collected):
        errors = _assign_all(pending, block, sought, run)
    flash = "" if errors else _validation_code(block, sought, run, errors)
    if errors or flash:
        return FormResult(is_valid=False, errors=errors, flash=flash, typed=typed_texts(posted), revealed=revealed)
    run.internal.get("objselections", {}).pop("_kept", None)
    changed = tuple(dict.fromkeys(one.literal for one in pending if _is_another(before[one.literal], one.literal, run)))
    if choice is not None:
        _take_choice(form, choice, sought, run)
    wants_more = form.list_collect is not None and _take_list(form, posted, run)
    if not wants_more and _is_answered(form, choice, run):
        remember_post(form, [name for one in pending for name in (one.literal, one.field.variable)], run)
    dependencies.variables_changed(run, changed)
    return FormResult(
        is_valid=True,
        changed=changed,
        command="" if choice is None else str(choice.get("command") or ""),
        command_url="" if choice is None else str(choice.get("url") or ""),
        wants_more=wants_more,
    )


def _revealed(operation: SubmitForm) -> int:
    """How many spare elements of a list that is collected the page has shown; none where no script could."""
    texts = [value for name, value in operation.inputs if name == "_collect_revealed"]
    if not texts or not texts[-1].isascii() or not texts[-1].isdigit() or len(texts[-1]) >= _DIGITS:
        return 0
    return believed(operation.form, int(texts[-1]))


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except (Undefined, UndefinedAttribute, LookupError) as error:
        raise OutOfReach(error) from error


def context_of(form: Form) -> Sought:
    """What x and i … n stood for when the screen was made. Raises IllegalName for what no screen of ours says."""
    for name, expression in form.context.items():
        if name not in CONTEXT_NAMES or not names.is_legal(f"context[{expression}]"):
            raise names.IllegalName(expression)
    iterators = tuple(form.context[name] for name in ITERATORS if name in form.context)
    return Sought(name=form.sought[0] if form.sought else "", x=form.context.get("x"), iterators=iterators)


# -- First pass: conversion -----------------------------------------------------------------------------------------


def _convert_all(form: Form, posted: Posted, sought: Sought, run: Run) -> tuple[list[Pending], dict[str, str]]:
    pending: list[Pending] = []
    errors: dict[str, str] = {}
    for field in form.fields:
        if field.datatype == "embedded":
            continue
        literal = sought.literal(field.variable)
        try:
            value = value_of(field, literal, posted, run)
        except ConversionRefused as refusal:
            errors.setdefault(field.variable, str(refusal))
            continue
        if value is not UNTOUCHED:
            pending.append(Pending(field, literal, value))
    for variable, text in posted.others_allowed():
        field = FormField(input_name="", variable=variable)
        pending.append(Pending(field, sought.literal(variable), strip_markup(text)))
    return pending, errors


# -- Second pass: validation and assignment -------------------------------------------------------------------------


def _assign_all(pending: list[Pending], block: Any, sought: Sought, run: Run) -> dict[str, str]:
    errors: dict[str, str] = {}
    items = _items_with_validation(pending, block, sought, run)
    for one in pending:
        item = items.get(one.field.number)
        message = _complaint(item, one.value, block, sought, run) if item is not None else ""
        if message:
            errors.setdefault(one.field.variable, message)
        else:
            with _reaching():
                run.define(one.literal, one.value)
    return errors


def _items_with_validation(pending: list[Pending], block: Any, sought: Sought, run: Run) -> dict[str, FieldItem]:
    """The items of the block, by number, whose `validate` has to be asked."""
    wanted = {one.field.number for one in pending if one.field.options.get("validates")}
    if not wanted or not isinstance(block, QuestionBlock) or not isinstance(block.style, Fields):
        return {}
    found: dict[str, FieldItem] = {}
    for item in block.style.items:
        if item.kind == "code" and item.code is not None:
            if any(number.startswith(f"{item.number}_") for number in wanted):
                scene = Scene(run, block, sought)
                found |= {made.number: made for made in read_computed(scene.value(item.code), item, scene)}
        else:
            found[item.number] = item
            found |= {number: item for number in wanted if number.endswith(f"_{item.number}")}
    return {number: item for number, item in found.items() if number in wanted and item.validate is not None}


def _complaint(item: FieldItem, value: Any, block: Any, sought: Sought, run: Run) -> str:
    """What the field's `validate` function has against the value; empty when it accepts it."""
    assert item.validate is not None
    function = Scene(run, block, sought).value(item.validate)
    try:
        accepted = function(value)
    except InvalidInput as refusal:
        return refusal.message
    except Signal:
        raise
    except Exception as error:  # an author's function says by raising what is wrong
        return str(error) or word(INVALID_VALUE)
    return "" if accepted else word(INVALID_VALUE)


# -- Third pass: validation code ------------------------------------------------------------------------------------


def _validation_code(block: Any, sought: Sought, run: Run, errors: dict[str, str]) -> str:
    """Run `validation code`; puts a message beside its field into `errors`, gives one that belongs to none as HTML."""
    if not isinstance(block, QuestionBlock) or block.validation_code is None:
        return ""
    try:
        exec(block.validation_code.code, run.answers)
    except InvalidInput as refusal:
        if refusal.field is None:
            return Scene(run, block, sought).finish(refusal.message, has_terms=False)
        errors[refusal.field] = refusal.message
    except Signal:
        raise
    except Exception as error:  # whatever it raises is what it has to say to the person
        return f"<p>{html.escape(str(error) or word(INVALID_VALUE))}</p>"
    return ""


# -- Embedded choices and what is remembered ------------------------------------------------------------------------


def _embedded_choice(form: Form, posted: Posted) -> dict[str, Any] | None:
    """What the pressed choice means, by the form; None when nothing was pressed or it is not on offer."""
    for field in form.fields:
        if field.datatype == "embedded":
            index = posted.raw(field.input_name)
            meaning = field.options.get("choices", {}).get(index)
            if meaning is None:
                return None
            return {
                **meaning,
                "index": meaning.get("place", index),
                "continue_field": field.options.get("continue_field"),
            }
    return None


def _take_choice(form: Form, choice: dict[str, Any], sought: Sought, run: Run) -> None:
    if choice.get("command") == "continue" and choice.get("continue_field"):
        run.define(sought.literal(choice["continue_field"]), True)
    if choice.get("command") != "refresh":
        remember_choice(form, int(choice["index"]), run)


def _is_answered(form: Form, choice: dict[str, Any] | None, run: Run) -> bool:
    """Whether this post answers the question for good: a refresh does not, nor a choice with a block of its own."""
    if choice is None:
        return not any(field.datatype == "embedded" for field in form.fields)
    return choice.get("command") != "refresh" and not leads_to_block(form, int(choice["index"]), run)


def _take_list(form: Form, posted: Posted, run: Run) -> bool:
    """After `list collect`; True when one more element is to be shown."""
    wants_more = posted.raw("_collect") not in {None, ""}
    deleted = [int(text) for text in (posted.raw("_collect_delete") or "").split(",") if text.strip().isdigit()]
    finish_list(form, wants_more, deleted, run)
    return wants_more


def _is_another(before: Any, literal: str, run: Run) -> bool:
    """Whether a variable that had a value has another one now."""
    return before is not UNTOUCHED and before != dependencies.comparable(run.peek(literal, UNTOUCHED))
