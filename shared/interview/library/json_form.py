"""Values as plain data for JSON (spec/area1 §1.10, spec/area2 §7), and objects made of such data again."""

from __future__ import annotations

import datetime
import json
import math
import re
from collections.abc import Iterable
from decimal import Decimal
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from shared.interview.library.dates import as_datetime
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.gathering import Gathered
from shared.interview.library.objects.remembered import DANav
from shared.interview.library.objects.texts import DALazyTemplate

__all__ = ["json", "safe_json", "transform_json_variables"]

_DEEPEST = 20
_CODE = (FunctionType, BuiltinFunctionType, MethodType, ModuleType)
_HIDDEN = frozenset({"has_nonrandom_instance_name", "attrList"})
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]|\Z)")
_TIME = re.compile(r"\d{2}:\d{2}:\d{2}\Z")


def simplified(value: Any, level: int = 0, is_key: bool = False) -> Any:
    """The value as str, int, float, bool, None, list and dict; what cannot be said so is None (as a key: `None`)."""
    if level > _DEEPEST:
        return "None" if is_key else None
    found = _simplified(value, level)
    return "None" if is_key and found is None else found


def _simplified(value: Any, level: int) -> Any:
    match value:
        case None | bool() | int() | str():
            return value if not is_subclassed(value) else _plain(value)
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return float(value)
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case type():
            own = value.__module__.startswith(("docassemble.", "colloquy."))
            return {"_class": "type", "name": class_name(value) if own else "None"}
        case _ if isinstance(value, _CODE):
            return None
        case DALazyTemplate():
            return {"_class": class_name(type(value)), "instanceName": value.instanceName}
        case DANav():
            return value.as_dict()
        case DAObject():
            return _object(value, level)
        case dict():
            return _dictionary(value, level)
        case list() | tuple() | set() | frozenset():
            return [simplified(item, level + 1) for item in _in_order(value)]
    for name in ("as_dict", "to_json"):
        if callable(method := getattr(value, name, None)):
            return simplified(method(), level + 1)
    return None


def is_subclassed(value: Any) -> bool:
    """Whether this is a derived kind of text or number, e.g. of an enumeration."""
    return type(value) not in (type(None), bool, int, str)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else int(value)


def class_name(cls: type[Any]) -> str:
    """The full name of a class."""
    return f"{cls.__module__}.{cls.__qualname__}"


def _in_order(items: Iterable[Any]) -> list[Any]:
    if isinstance(items, set | frozenset):
        try:
            return sorted(items)
        except TypeError:
            return list(items)
    return list(items)


def _object(thing: DAObject, level: int) -> dict[str, Any]:
    found: dict[str, Any] = {"_class": class_name(type(thing))}
    for name, value in thing.__dict__.items():
        if name not in _HIDDEN:
            found[name] = simplified(value, level + 1)
    return found


def _dictionary(entries: dict[Any, Any], level: int) -> dict[Any, Any]:
    """Keys become texts when they are of several kinds."""
    keys = {type(key) for key in entries}
    must_be_text = len(keys) > 1 or any(not issubclass(kind, str | int | float | bool) for kind in keys)
    found: dict[Any, Any] = {}
    for key, value in entries.items():
        plain = simplified(key, level + 1, is_key=True)
        found[str(plain) if must_be_text else plain] = simplified(value, level + 1)
    return found


def safe_json(the_object: Any, level: int = 0, is_key: bool = False) -> Any:
    """The value as plain data that JSON can hold."""
    return simplified(the_object, level, is_key)


def simplified_answers(answers: dict[str, Any], *, includes_internal: bool = False) -> dict[str, Any]:
    """All variables as plain data; `_internal` and `nav` only if wanted."""
    left_out = {"__builtins__", "__value"} | (set() if includes_internal else {"_internal", "nav"})
    found: dict[str, Any] = {}
    for name, value in answers.items():
        if name in left_out or isinstance(value, (*_CODE, type)):
            continue
        found[name] = simplified(value)
    return found


def transform_json_variables(data: Any) -> Any:
    """Plain data as richer values: dates and times from their texts, objects from `_class` and `instanceName`."""
    match data:
        case str() if _DATE.match(data):
            try:
                return as_datetime(data)
            except (ValueError, OverflowError):
                return data
        case str() if _TIME.match(data):
            try:
                return datetime.time.fromisoformat(data)
            except ValueError:
                return data
        case dict() if "_class" in data:
            return _object_from(data)
        case dict():
            return {transform_json_variables(key): transform_json_variables(value) for key, value in data.items()}
        case list():
            return [transform_json_variables(item) for item in data]
        case tuple():
            return tuple(transform_json_variables(item) for item in data)
        case set():
            return {transform_json_variables(item) for item in data}
    return data


def _object_from(data: dict[str, Any]) -> Any:
    """The object or class that plain data describe, or None when it is none of the library's."""
    from shared.interview.library.exports import class_by_full_name

    if data["_class"] == "type":
        return class_by_full_name(str(data.get("name", "")))
    cls = class_by_full_name(str(data["_class"]))
    if cls is None or not issubclass(cls, DAObject) or "instanceName" not in data:
        return None
    made = cls(str(data["instanceName"]))
    for name, value in data.items():
        if name not in ("_class", "instanceName"):
            made.__dict__[name] = transform_json_variables(value)
    if (
        isinstance(made, Gathered)
        and isinstance(made.__dict__.get("elements"), list)
        and isinstance(made._empty(), set)
    ):
        made.__dict__["elements"] = set(made.__dict__["elements"])
    return made
