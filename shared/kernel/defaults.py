"""Defaults of pydantic's models that cost little, because messages and screens are made of many small objects."""

from __future__ import annotations

from typing import Any

from pydantic import Field


def empty_dict() -> Any:
    """A dictionary that is empty unless it is given.

    A plain `{}` is deep-copied for every object that is made, which takes ten times as long as making a new one. The
    JSON Schema is the same.
    """
    return Field(default_factory=dict, json_schema_extra={"default": {}})
