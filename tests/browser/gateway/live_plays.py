"""Screens for tests of open pages: fields of many kinds whose values come from the session, with check-in code."""

from __future__ import annotations

from shared.contracts.screen import Choice, Form, FormField, Screen
from tests.flows.gateway.plays import text
from tests.flows.gateway.session_double import PlayedSession, encoded, form_of


def tasting(session: PlayedSession) -> Screen:
    """Fields whose defaults are what the session says, and places for what check-in code answers."""
    given = session.answers
    fields = (
        text("food", "Food", default=given.get("food")),
        text("drink", "Drink", default=given.get("drink"), required=False),
        text("story", "Story", input_type="area", datatype="area", rows=2, required=False, default=given.get("story")),
        text("size", "Size", input_type="radio", choices=_choices("Small", "Large")),
        text("town", "Town", input_type="dropdown", choices=_choices("Bonn", "Celle")),
        text("cheese", "Cheese", input_type="combobox", choices=_choices("Brie", "Feta")),
        text("is_hot", "It is hot", input_type="yesno", datatype="yesno", required=False),
        text(
            "fruit", "Fruit", input_type="checkboxes", datatype="checkboxes", choices=_boxes("fruit", "Apple", "Pear")
        ),
    )
    return Screen(
        kind="fields",
        question_name="ID tasting",
        question_html="What do you taste?",
        subquestion_html='<p><span class="datargetfirst"></span> <span class="datargetsecond"></span></p>',
        fields=fields,
        form=Form(
            question_name="ID tasting",
            fields=tuple(FormField(input_name=one.input_name, variable=one.variable) for one in fields),
        ),
        check_in="taste",
        has_inputs=True,
    )


def quiet(session: PlayedSession) -> Screen:
    """A form that never checks in."""
    return Screen(
        kind="fields",
        question_name="ID quiet",
        question_html="Quiet",
        fields=(text("food", "Food"),),
        form=form_of("food"),
        check_in="taste",
        check_in_seconds=0.0,
        has_inputs=True,
    )


def two_tasks(session: PlayedSession) -> Screen:
    """Waits for two tasks and shows which have ended."""
    open_tasks = tuple(task for task in ("task-1", "task-2") if task not in session.answers)
    return Screen(
        kind="deadend",
        question_name="ID two tasks",
        question_html=f"Waiting for {' and '.join(open_tasks)}" if open_tasks else "All have ended",
        reload_seconds=300.0 if open_tasks else None,
        waits_for_tasks=open_tasks,
    )


def reloading(session: PlayedSession) -> Screen:
    """A form on a screen that reloads by itself."""
    if "food" in session.answers:
        return Screen(kind="deadend", question_name="ID eaten", question_html=f"Enjoy your {session.answers['food']}!")
    return Screen(
        kind="fields",
        question_name="ID reloading",
        question_html="What do you eat?",
        fields=(text("food", "Food"),),
        form=form_of("food"),
        reload_seconds=1.0,
        has_inputs=True,
    )


def _choices(*labels: str) -> tuple[Choice, ...]:
    return tuple(Choice(key=label.lower(), label_html=label, label_text=label) for label in labels)


def _boxes(variable: str, *labels: str) -> tuple[Choice, ...]:
    names = {label: encoded(f"{variable}[B'{encoded(label.lower())}']") for label in labels}
    return tuple(Choice(key="True", label_html=label, input_name=name) for label, name in names.items())


LIVE_PLAYS = {
    "test:data/questions/tasting.yml": tasting,
    "test:data/questions/quiet.yml": quiet,
    "test:data/questions/two_tasks.yml": two_tasks,
    "test:data/questions/reloading.yml": reloading,
}
