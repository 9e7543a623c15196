"""`show if` and its kin: what the server decides now, and what the browser watches (spec/area4 §8.3, §2.5)."""

from __future__ import annotations

from collections.abc import Sequence

from shared.contracts.screen import Condition as Shown
from shared.interview.compile.expressions import Condition
from shared.interview.screen.texts import Scene


def is_on_screen(conditions: Sequence[Condition], scene: Scene) -> bool:
    """Whether the `{code}` forms of `show if` and `hide if` let the field on the screen at all."""
    return all(
        bool(scene.value(condition.code)) == condition.sign
        for condition in conditions
        if condition.code is not None and not condition.only_enables
    )


def is_enabled(conditions: Sequence[Condition], scene: Scene) -> bool:
    """Whether the `{code}` forms of `enable if` and `disable if` let it be filled."""
    return all(
        bool(scene.value(condition.code)) == condition.sign
        for condition in conditions
        if condition.code is not None and condition.only_enables
    )


def watched(conditions: Sequence[Condition], scene: Scene) -> tuple[Shown, ...]:
    """The conditions that the browser has to watch."""
    return tuple(
        Shown(
            variable=condition.variable or "",
            value=True if condition.value is None else scene.plain(condition.value),
            javascript=scene.plain(condition.javascript),
            sign=condition.sign,
            only_enables=condition.only_enables,
        )
        for condition in conditions
        if condition.variable or condition.javascript is not None
    )


def has_watched(conditions: Sequence[Condition]) -> bool:
    """Whether the browser has to watch anything for this field."""
    return any(condition.variable or condition.javascript is not None for condition in conditions)
