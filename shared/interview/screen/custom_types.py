"""Fields of datatypes that authors define: what their class says about the input (spec/area4 §5.5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from shared.contracts.screen import Field
from shared.interview.compile.blocks import FieldItem
from shared.interview.compile.expressions import Text
from shared.interview.compile.fields import BUILT_IN
from shared.interview.library.datatypes import CustomDataType, custom_datatype, rules_of
from shared.interview.runtime.run import Run
from shared.interview.screen.messages import INVALID_VALUE, Messages
from shared.interview.screen.texts import Scene, as_json


def class_of(datatype: str, run: Run) -> type[CustomDataType] | None:
    """The author's class of a datatype; None for built-in ones and unknown ones."""
    return None if datatype in BUILT_IN else custom_datatype(datatype, run)


def with_input(item: FieldItem, cls: type[CustomDataType]) -> FieldItem:
    """The item with the input its class wants, unless the author names another."""
    return item if item.input_type else replace(item, input_type=str(cls.input_type or "text"))


def parameters_of(cls: type[CustomDataType]) -> frozenset[str]:
    """The modifiers only this datatype knows."""
    return frozenset((*cls.parameters, *cls.code_parameters, *cls.mako_parameters))


def look_of(item: FieldItem, cls: type[CustomDataType], scene: Scene) -> dict[str, Any]:
    """What the page must know beside the input: classes, and the parameters the author gave."""
    around = [scene.plain(item.css_class), cls.container_class or ""]
    return {
        "css_class": " ".join(filter(None, around)),
        "input_class": cls.input_class or "",
        "parameters": as_json(_parameters(item, cls, scene)),
    }


def rule_messages(messages: Messages, cls: type[CustomDataType]) -> dict[str, str]:
    """What the page says when a rule of the class is broken: the field's words, the interview's, the class's."""
    return {rule: messages.text(rule, said or INVALID_VALUE) for rule, said in rules_of(cls).items()}


def _parameters(item: FieldItem, cls: type[CustomDataType], scene: Scene) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in item.options.items():
        if name in cls.code_parameters:
            found[name] = scene.run.evaluate(value.source) if isinstance(value, Text) else value
        elif name in cls.mako_parameters:
            found[name] = scene.resolve(value)
        elif name in cls.parameters:
            found[name] = value.source if isinstance(value, Text) else value
    return found


def scripts_of(fields: Iterable[Field], run: Run) -> list[str]:
    """The scripts of the datatypes on a screen, each once; one that fails does not keep the page from working."""
    classes = {field.datatype: class_of(field.datatype, run) for field in fields if field.variable}
    sources = [cls.javascript.strip() for cls in classes.values() if cls is not None and cls.javascript]
    return [f"try {{\n{source}\n}} catch (error) {{ console.warn(error); }}" for source in sources]
