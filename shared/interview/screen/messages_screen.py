"""Screens that no question block describes: `message()` and waiting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.contracts.screen import Button, Form, FormField, Screen
from shared.interview.runtime.run import Run
from shared.interview.runtime.signals import CommandCalled, MessageShown
from shared.interview.screen import parts
from shared.interview.screen.build import surroundings
from shared.interview.screen.buttons import COMMAND_COLORS, MULTIPLE_CHOICE, button_color
from shared.interview.screen.markdown import to_plain_text
from shared.interview.screen.markup import encoded
from shared.interview.screen.texts import Scene

_TEMPORARY = "Question_Temp"
_DEFAULT_SLEEP_SECONDS = 4.0


def build_message_screen(message: MessageShown, run: Run) -> Screen:
    """The temporary screen of `message()`: heading, text, and buttons that are commands or links."""
    scene = Scene(run)
    options: Mapping[str, Any] = message.options
    labelled = () if message.is_dead_end else message.buttons
    buttons, choices = [], {}
    for index, (label, target) in enumerate(labelled):
        words = scene.words_of(label)
        is_command = target in COMMAND_COLORS
        buttons.append(
            Button(
                label_html=words.html,
                label_text=words.text,
                name=encoded(MULTIPLE_CHOICE) if is_command else "",
                value=str(index) if is_command else "",
                color=button_color("", COMMAND_COLORS.get(target, "primary")),
                url="" if is_command else target,
            )
        )
        if is_command:
            choices[str(index)] = {"command": target}
    field = FormField(
        input_name=encoded(MULTIPLE_CHOICE), variable=MULTIPLE_CHOICE, datatype="embedded", options={"choices": choices}
    )
    form = Form(question_name=_TEMPORARY, fields=(field,) if choices else ())
    return _temporary(
        scene, "message", message.question, message.subquestion, options, buttons=tuple(buttons), form=form
    )


def build_wait_screen(command: CommandCalled, run: Run) -> Screen:
    """The page of `command('wait')`: it asks again after a while."""
    scene = Scene(run)
    heading = command.question_text or scene.word("Please wait . . .")
    seconds = _DEFAULT_SLEEP_SECONDS if command.sleep_seconds is None else command.sleep_seconds
    screen = _temporary(scene, "wait", heading, command.subquestion_text, {})
    return screen.model_copy(update={"reload_seconds": max(0.0, float(seconds))})


def _temporary(
    scene: Scene, kind: Any, question: str, subquestion: str, options: Mapping[str, Any], **shown: Any
) -> Screen:
    question_html = scene.finish(str(question), trims=True)
    found = parts.build_parts(scene)
    for name, target in parts.BLOCK_PARTS.items():
        if options.get(name):
            found[target] = scene.finish(str(options[name]))
    if options.get("css class"):
        found["css_class"] = str(options["css class"])
    return Screen(
        kind=kind,
        question_html=question_html,
        question_text=to_plain_text(question_html),
        subquestion_html=scene.finish(str(subquestion or "")),
        reload_seconds=_seconds(options.get("reload")),
        **found,
        **shown,
        **(surroundings(scene) | {"question_name": _TEMPORARY}),
    )


def _seconds(wanted: Any) -> float | None:
    if wanted is None or wanted is False:
        return None
    if wanted is True:
        return 10.0
    digits = "".join(mark for mark in str(wanted) if mark.isdigit())
    return max(4.0, float(digits)) if digits else None
