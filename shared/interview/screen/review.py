"""Review screens: rows that lead back to questions, shown once what they speak of is known (spec/area4 §2.8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared.contracts.screen import ReviewItem
from shared.interview.compile.blocks import Review, ReviewEntry
from shared.interview.compile.expressions import ActionItem
from shared.interview.errors import UndefinedTemplate
from shared.interview.library.objects.texts import LazyName
from shared.interview.runtime.run import missing_of
from shared.interview.screen.texts import Scene, encoded_action

_PLAIN = "variable"


def review_items(style: Review, scene: Scene) -> tuple[ReviewItem, ...]:
    """The rows that can be shown now. Nothing is asked for their sake, unless `skip undefined` is false."""
    return tuple(_rows(style, scene))


def _rows(style: Review, scene: Scene) -> Iterator[ReviewItem]:
    for entry in style.items:
        try:
            row = _row(entry, scene)
        except (UndefinedTemplate, LazyName):
            raise
        except Exception as error:
            if not style.skips_undefined or missing_of(error) is None:
                raise
            continue
        if row is not None:
            yield row


def _row(entry: ReviewEntry, scene: Scene) -> ReviewItem | None:
    for name in _variables(entry.commands):
        scene.run.evaluate(name)
    if not all(scene.value(condition) for condition in entry.show_if):
        return None
    css_class = scene.plain(entry.css_class)
    if entry.content is not None:
        is_raw = entry.content_kind in {"html", "raw html"}
        html = scene.finish_raw(scene.plain(entry.content)) if is_raw else scene.block_html(entry.content)
        return ReviewItem(html=html, css_class=css_class)
    return ReviewItem(
        label_html=scene.line_html(entry.label) or scene.word("Edit"),
        button_html=scene.block_html(entry.button),
        edit_label_text=scene.word("Edit"),
        action=_action(entry, scene),
        help_html=scene.block_html(entry.help),
        css_class=css_class,
    )


def _variables(commands: tuple[ActionItem, ...]) -> Iterator[str]:
    for command in commands:
        if command.kind == _PLAIN:
            yield from command.names


def _action(entry: ReviewEntry, scene: Scene) -> str:
    """What a press on the row does: one variable is an action of that name, more are forced one after another."""
    if entry.action is not None:
        given = scene.value(entry.action)
        return str(given)
    if len(entry.commands) == 1 and entry.commands[0].kind == _PLAIN and len(entry.commands[0].names) == 1:
        return encoded_action(scene.literal(entry.commands[0].names[0]))
    return encoded_action("_da_force_ask", {"variables": [_command(item, scene) for item in _flat(entry.commands)]})


def _flat(commands: tuple[ActionItem, ...]) -> Iterator[ActionItem]:
    for command in commands:
        if command.kind == _PLAIN:
            for name in command.names:
                yield ActionItem(kind=_PLAIN, names=(name,))
        else:
            yield command


def _command(item: ActionItem, scene: Scene) -> Any:
    match item.kind:
        case "variable":
            return scene.literal(item.names[0])
        case "set":
            return {"set": [{scene.literal(name): scene.resolve(value)} for name, value in item.values.items()]}
        case "action":
            return {"action": item.names[0], "arguments": scene.resolve(item.values)}
        case _:
            return {item.kind: [scene.literal(name) for name in item.names]}
