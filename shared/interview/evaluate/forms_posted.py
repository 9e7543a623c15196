"""What a browser posted for one form, input by input, and what is assumed for inputs it left out (spec/area4 §5.3).

Names of variables come from the signed form only; an input nobody asked for is ignored.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from shared.contracts.screen import FormField
from shared.interview.runtime import names
from shared.interview.runtime.operations import PostedFile, SubmitForm
from shared.interview.screen.form import ALWAYS


class Posted:
    """The inputs of one post, by name."""

    def __init__(self, operation: SubmitForm) -> None:
        self.form = operation.form
        self._values: dict[str, list[str]] = {}
        for name, value in operation.inputs:
            self._values.setdefault(name, []).append(value)
        self._files: dict[str, list[PostedFile]] = {}
        for file in operation.files:
            self._files.setdefault(file.name, []).append(file)
        self._visible = None if operation.visible is None else frozenset(operation.visible)

    def text(self, field: FormField) -> tuple[str | None, bool]:
        """The value of an input and whether it was really posted; None when nothing is to be assumed."""
        if field.input_name in self._values:
            return self._values[field.input_name][-1], True
        if field.absent is not None and (field.options.get(ALWAYS) or self.is_visible(field)):
            return field.absent, False
        return None, False

    def ticked(self, field: FormField) -> list[bool] | None:
        """For each box of a group whether it was ticked; None when the group was not on the screen."""
        posted = [self._values.get(name) for name in field.keys]
        chosen = frozenset(self._values.get(field.input_name, ()))
        if not any(posted) and not chosen and not self.is_visible(field):
            return None
        values = field.options.get("values", [])
        return [
            (found is not None and found[-1] == "True") or name in chosen or str(value) in chosen
            for name, found, value in zip(field.keys, posted, values, strict=True)
        ]

    def files(self, field: FormField) -> list[PostedFile]:
        """The uploads of an input."""
        return self._files.get(field.input_name, [])

    def raw(self, input_name: str) -> str | None:
        """The value of an input by its name."""
        found = self._values.get(input_name)
        return found[-1] if found else None

    def is_visible(self, field: FormField) -> bool:
        """Whether the person could see the input; without a script that tells, everything was visible."""
        if self._visible is None:
            return True
        return field.input_name in self._visible or any(name in self._visible for name in field.keys)

    def others_allowed(self) -> Iterator[tuple[str, str]]:
        """(variable, text) for inputs that scripts added and the question's `allowed to set` permits."""
        allowed = self.form.allowed_to_set
        if not allowed:
            return
        known = {name for field in self.form.fields for name in (field.input_name, *field.keys)}
        for input_name, values in self._values.items():
            variable = decoded(input_name)
            if input_name not in known and variable in allowed and names.is_legal(variable):
                yield variable, values[-1]


def decoded(input_name: str) -> str:
    """The variable an input is called after; empty when the name is none of ours."""
    try:
        return base64.b64decode(input_name + "=" * (-len(input_name) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


def typed_texts(posted: Posted) -> dict[str, Any]:
    """What was typed, by saved name, to stand in the inputs again when the form is refused."""
    found: dict[str, Any] = {}
    for field in posted.form.fields:
        if field.keys:
            ticked = posted.ticked(field)
            if ticked is not None:
                values = field.options.get("values", [])
                found[field.variable] = [
                    str(value) for value, is_ticked in zip(values, ticked, strict=True) if is_ticked
                ]
            continue
        text, was_posted = posted.text(field)
        if text is not None and (was_posted or field.datatype == "boolean"):
            found[field.variable] = text
    return found
