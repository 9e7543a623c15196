"""What became of a posted form: made by evaluate.forms, read by evaluate.submit and, when refused, by screen.build."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FormResult:
    """The form was taken into the answers, or refused with reasons."""

    is_valid: bool
    errors: dict[str, str] = field(default_factory=dict)
    """Messages by saved name, to be shown beside the fields."""
    flash: str = ""
    """A message that belongs to no field (HTML)."""
    is_outdated: bool = False
    """What the form writes to is not there any more: the session moved on while the person looked at an old page."""
    changed: tuple[str, ...] = ()
    """Saved names (x and i … n replaced) whose value is another one now."""
    typed: dict[str, Any] = field(default_factory=dict)
    """What was typed, by saved name: the defaults of a refused form that is shown again."""
    command: str = ""
    """A button command the form asked for (`restart`, `exit`, `leave`, …), from an embedded choice."""
    command_url: str = ""
    revealed: int = 0
    """How many spare elements of a collected list were on the screen: they stay when the form is shown again."""
    wants_more: bool = False
    """The list that is collected is to have another row. Where the same screen goes on with it, that is no step: Back
    leads from the longer screen to the one before it."""
