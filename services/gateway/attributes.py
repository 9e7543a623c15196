"""HTML attributes of form fields. In Python: as macros they were a fifth of what a page cost."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import orjson
from markupsafe import Markup, escape

from shared.contracts.screen import Field

_RULES = ("disable_others", "uncheck_others", "check_others")
_GROUPS = frozenset({"radio", "checkboxes"})
_UNLABELLED = Markup(' aria-labelledby="daMainQuestion"')


def limits(field: Field) -> Markup:
    """What may be typed: smallest and largest value, shortest and longest text.

    The longest is told to the scripts only: the browser's own `maxlength` would cut what is typed or pasted without
    a word, and the author's message about it would never be seen.
    """
    named = (
        ("min", field.minimum),
        ("max", field.maximum),
        ("minlength", field.minlength),
        ("data-maxlength", field.maxlength),
    )
    return _joined(_attribute(name, value) for name, value in named if value is not None)


def own_data(field: Field) -> Markup:
    """Parameters of an author's datatype, each as a `data-` attribute of the input, where its script looks for them."""
    named = ((re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"), value) for name, value in field.parameters.items())
    return _joined(
        _attribute(f"data-{name}", value) if isinstance(value, str) else _json_attribute(f"data-{name}", value)
        for name, value in named
        if name
    )


def state(field: Field) -> Markup:
    """Whether it must be filled in, and whether it can be."""
    if field.disabled:
        return Markup(" disabled")
    return Markup(' required aria-required="true"') if field.required else Markup()


def describedby(field: Field) -> Markup:
    """Where the explanation of an input stands, and what was wrong with it; one without label has the heading."""
    if not (field.error_text or field.under_html):
        return Markup() if field.label_html or field.input_type in _GROUPS else _UNLABELLED
    places = [f"{field.input_name}-error"] if field.error_text else []
    if field.under_html:
        places.append(f"{field.input_name}-under")
    invalid = ' aria-invalid="true"' if field.error_text else ""
    label = _UNLABELLED if not field.label_html and field.input_type not in _GROUPS else ""
    return Markup(_attribute("aria-describedby", " ".join(places)) + invalid + label)  # noqa: S704 - escaped by _attribute


def container_attributes(field: Field) -> Markup:
    """Of the element around a field: classes for its look, data for the scripts."""
    classes = [
        "da-form-group da-field-container",
        f"da-field-container-inputtype-{field.input_type.replace(' ', '-')}",
        f"da-field-container-datatype-{field.datatype}",
        grid_class(field.grid),
    ]
    if field.css_class:
        classes.append(field.css_class)
    if field.required and field.variable:
        classes.append("darequired")
    if field.error_text:
        classes.append("da-has-error")
    if field.label_above is False:
        classes.append("da-side-by-side")
    return _joined([_attribute("class", " ".join(classes)).lstrip(), data_attributes(field)])


def data_attributes(field: Field) -> Markup:
    """What the scripts must know of a field, on the element around it."""
    found: list[str] = []
    if field.variable:
        found += (
            _attribute("data-variable", field.variable),
            _attribute("data-input-name", field.input_name),
            _attribute("data-input-type", field.input_type),
            _attribute("data-datatype", field.datatype),
        )
        if field.required:
            found.append(' data-required="1"')
    if field.validation_messages:
        found.append(_json_attribute("data-messages", field.validation_messages))
    found += (
        _json_attribute(f"data-{rule.replace('_', '-')}", getattr(field, rule))
        for rule in _RULES
        if getattr(field, rule)
    )
    if field.rules:
        found.append(_json_attribute("data-rules", field.rules))
    if field.parameters:
        found.append(_json_attribute("data-parameters", field.parameters))
    if field.none_of_the_above:
        found.append(_attribute("data-nota", Markup(field.none_of_the_above).striptags()))  # noqa: S704 - tags go
    if field.list_index is not None:
        found.append(_attribute("data-list-index", field.list_index))
    return _joined(found)


def grid_class(grid: Any) -> str:
    """Columns of a field on Bootstrap's grid of twelve; a field without `grid` fills the row."""
    width, point = grid, "md"
    if isinstance(grid, dict):
        width, point = grid.get("width"), str(grid.get("breakpoint") or "md")
    try:
        columns = int(width)
    except (TypeError, ValueError):
        return "col-12"
    offset = grid.get("offset") if isinstance(grid, dict) else None
    classes = f"col-12 col-{point}-{min(max(columns, 1), 12)}"
    return f"{classes} offset-{point}-{int(offset)}" if isinstance(offset, int) else classes


def _attribute(name: str, value: object) -> str:
    """One attribute with a blank before it, its value escaped."""
    return f' {name}="{escape(value)}"'


def _json_attribute(name: str, value: object) -> str:
    return _attribute(name, orjson.dumps(value).decode())


def _joined(attributes: Iterable[str]) -> Markup:
    return Markup("".join(attributes))  # noqa: S704 - every value is escaped by _attribute
