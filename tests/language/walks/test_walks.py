"""Walks: an interview, and what somebody does in it, step by step. Each `*.walk` file beside this one is a test.

The first line says what it shows and which row of the behaviour it belongs to. Then comes the interview; then, after a
line `=== walk`, a list of steps, each a mapping with one key:

    see: question                 the screen asks this
    text: words                   the screen shows these words (tags left out); `no text: words` the opposite
    fields: [labels]              the screen has these fields, in this order
    buttons: [labels]             … these buttons
    fill: {variable: text}        fill fields, press Continue
    post: {variable: text}        the same, leaving out everything else the browser would send
    press: label                  press a button
    act: name | {action: …}       follow a link with this action
    edit: label                   click the row of a review screen that is labelled so
    back: true                    press Back
    reload: true                  show the screen again
    choices: {variable: [labels]} this field, or the question itself, offers these choices, in this order
    messages: {variable: {rule: text}}  what the page says of this field when a rule is broken
    answers: {variable: value}    these variables have these values; null: None
    undefined: [variables]        … have none
    invalid: words                the form came back with this message
    progress: number              the progress bar stands here
    steps: number                 so many steps are stored
    may go back: truth            Back is offered
    default: {variable: text}     this stands in the field already
    open with: {parameter: text}  open the page with parameters in its address
    fill numbered: {number: text} fill fields by their place on the screen
    command: name                 the button that was pressed is this command
    table: [[cells]]              the table in the text, row by row, headings first
    sections: [[label, state]]    the navigation column: `current`, `link`, `ahead`, `plain`
    fails: words                  the run ended in an error with these words
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from shared.contracts.screen import Field, Screen, Section
from shared.interview.runtime.operations import ShowScreen, SubmitForm
from shared.interview.runtime.outcomes import CommandGiven, RunFailed
from shared.interview.screen.markdown import to_plain_text
from tests.language.core.sessions import Session

FOLDER = Path(__file__).parent
WALKS = sorted(FOLDER.glob("*.walk"))
_MISSING = object()


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.stem)
def test_walk(walk: Path, tmp_path: Path) -> None:
    interview, _, steps = walk.read_text().partition("=== walk\n")
    walker = Walker(Session(tmp_path, interview))
    for number, step in enumerate(YAML(typ="safe", pure=True).load(steps), start=1):
        ((verb, what),) = step.items()
        try:
            STEPS[verb](walker, what)
        except AssertionError as error:
            raise AssertionError(f"step {number}, {verb}: {what!r}: {error}") from error


class Walker:
    """Somebody who uses an interview."""

    def __init__(self, session: Session) -> None:
        self.session = session
        session.run(ShowScreen(is_first=True))

    @property
    def screen(self) -> Screen:
        outcome = self.session.result.outcome
        if isinstance(outcome, RunFailed):
            raise AssertionError(f"{outcome.failure.error_message} ({outcome.file}, line {outcome.line})")
        return self.session.screen

    @property
    def words(self) -> str:
        """Everything the screen shows, as text."""
        screen = self.screen
        html = " ".join(
            [
                screen.question_html, screen.subquestion_html, screen.under_html, screen.error_html,
                *(" ".join(filter(None, (one.label_html, one.html, one.help_html))) for one in screen.fields),
                *(f"{row.label_html} {row.button_html}" for row in screen.review),
            ]
        )  # fmt: skip
        return " ".join(re.sub(r"<[^>]+>", " ", html).split())

    def labels(self) -> list[str]:
        return [to_plain_text(field.label_html or "") for field in self.screen.fields if field.variable]

    def field(self, name: str) -> Field:
        """The field that saves this variable."""
        shown = [*self.screen.fields, *filter(None, [self.screen.choices_field])]
        return next(field for field in shown if field.variable == name)

    def value(self, name: str) -> Any:
        """The value of a variable, walked to by its name."""
        found: Any = self.session.answers
        for part in re.findall(r"[^.\[\]']+", name):
            if isinstance(found, dict) and isinstance(found.get("elements"), (dict, list)) and part not in found:
                found = found["elements"]
            try:
                found = found[int(part)] if isinstance(found, list) else found[part]
            except (KeyError, IndexError, TypeError):
                return _MISSING
        return found

    def post(self, texts: dict[str, Any]) -> None:
        form = self.screen.form
        assert form is not None
        inputs = {field.variable: field.input_name for field in form.fields}
        pairs = [(inputs[name], str(text)) for name, text in texts.items()]
        self.session.run(SubmitForm(form=form, inputs=tuple(pairs)))

    def fill(self, texts: dict[str, Any]) -> None:
        pairs = dict(texts)
        form = self.screen.form
        assert form is not None
        boxes = [
            (key, "True")
            for field in form.fields
            if field.keys and isinstance(pairs.get(field.variable), list)
            for key, value in zip(field.keys, field.options["values"], strict=True)
            if value in pairs[field.variable]
        ]
        inputs = {field.variable: field.input_name for field in form.fields}
        posted = [(inputs[name], str(text)) for name, text in pairs.items() if not isinstance(text, list)]
        if self.screen.continue_name:
            posted.append((self.screen.continue_name, self.screen.continue_value))
        self.session.run(SubmitForm(form=form, inputs=(*boxes, *posted)))


def see(walker: Walker, question: str) -> None:
    assert walker.screen.question_text == question, f"it asks {walker.screen.question_text!r}"


def shows(walker: Walker, words: str) -> None:
    assert str(words) in walker.words, walker.words


def shows_not(walker: Walker, words: str) -> None:
    assert str(words) not in walker.words, walker.words


def fields(walker: Walker, labels: list[str]) -> None:
    assert walker.labels() == labels


def buttons(walker: Walker, labels: list[str]) -> None:
    assert [button.label_text for button in walker.screen.buttons] == labels


def choices(walker: Walker, wanted: dict[str, list[str]]) -> None:
    assert {name: [choice.label_text for choice in walker.field(name).choices] for name in wanted} == wanted


def messages(walker: Walker, wanted: dict[str, dict[str, str]]) -> None:
    found = {name: walker.field(name).validation_messages for name in wanted}
    assert {name: {rule: found[name].get(rule) for rule in rules} for name, rules in wanted.items()} == wanted


def act(walker: Walker, what: Any) -> None:
    given = {"action": what} if isinstance(what, str) else dict(what)
    walker.session.act(given.pop("action"), **given)


def edit(walker: Walker, label: str) -> None:
    row = next(row for row in walker.screen.review if to_plain_text(row.label_html) == label)
    asked = json.loads(base64.urlsafe_b64decode(row.action + "=" * (-len(row.action) % 4)))
    walker.session.act(asked["action"], **asked["arguments"])


def answers(walker: Walker, wanted: dict[str, Any]) -> None:
    found = {name: walker.value(name) for name in wanted}
    assert found == wanted


def undefined(walker: Walker, names: list[str]) -> None:
    assert [name for name in names if walker.value(name) is not _MISSING] == []


def invalid(walker: Walker, message: str) -> None:
    screen = walker.screen
    assert message in " ".join([screen.error_html, *(field.error_text for field in screen.fields)])


def progress(walker: Walker, wanted: float | None) -> None:
    assert walker.screen.progress == wanted


def fails(walker: Walker, words: str) -> None:
    assert words in walker.session.failure.failure.error_message


def steps(walker: Walker, wanted: int) -> None:
    assert (walker.screen.steps, len(walker.session.steps)) == (wanted, wanted)


def may_go_back(walker: Walker, wanted: bool) -> None:
    assert walker.screen.may_go_back is wanted


def default(walker: Walker, wanted: dict[str, str]) -> None:
    assert {name: walker.field(name).default for name in wanted} == wanted


def fill_numbered(walker: Walker, texts: dict[str, str]) -> None:
    form = walker.screen.form
    assert form is not None
    inputs = {field.number: field.input_name for field in form.fields}
    filled = tuple((inputs[number], text) for number, text in texts.items())
    walker.session.run(SubmitForm(form=form, inputs=filled, visible=tuple(name for name, _ in filled)))


def command(walker: Walker, name: str) -> None:
    outcome = walker.session.result.outcome
    assert isinstance(outcome, CommandGiven), outcome
    assert outcome.name == name


def sections(walker: Walker, wanted: list[list[str]]) -> None:
    def state(one: Section) -> str:
        return "current" if one.is_current else "link" if one.link_action else "ahead" if one.is_dimmed else "plain"

    assert [[to_plain_text(one.label_html), state(one)] for one in walker.screen.sections] == wanted


def table(walker: Walker, wanted: list[list[Any]]) -> None:
    rows = re.findall(r"<tr>(.*?)</tr>", walker.screen.subquestion_html, re.DOTALL)
    found = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    assert found == [[str(cell) for cell in row] for row in wanted], walker.screen.subquestion_html


STEPS: dict[str, Callable[[Walker, Any], object]] = {
    "see": see,
    "text": shows,
    "no text": shows_not,
    "fields": fields,
    "buttons": buttons,
    "fill": Walker.fill,
    "post": Walker.post,
    "press": lambda walker, label: walker.session.press(label),
    "act": act,
    "edit": edit,
    "back": lambda walker, _: walker.session.back(),
    "reload": lambda walker, _: walker.session.run(ShowScreen()),
    "choices": choices,
    "messages": messages,
    "answers": answers,
    "undefined": undefined,
    "invalid": invalid,
    "progress": progress,
    "steps": steps,
    "may go back": may_go_back,
    "default": default,
    "open with": lambda walker, args: walker.session.run(ShowScreen(), url_args=args),
    "fill numbered": fill_numbered,
    "command": command,
    "sections": sections,
    "table": table,
    "fails": fails,
}
