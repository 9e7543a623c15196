"""One question of an interview, compiled from YAML and shown, without the evaluation around it."""

from __future__ import annotations

from typing import Any

from shared.contracts.screen import Field, Screen
from shared.interview.compile.blocks import QuestionBlock
from shared.interview.compile.interview import Interview
from shared.interview.compile.questions import read_question
from shared.interview.compile.reading import Reading, Scope
from shared.interview.evaluate.forms import apply_form
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.dicts import DADict
from shared.interview.library.objects.lists import DAList
from shared.interview.runtime.form_result import FormResult
from shared.interview.runtime.namespace import as_namespace, builtins_with
from shared.interview.runtime.operations import RunContext, ShowScreen, SubmitForm
from shared.interview.runtime.run import Run, running
from shared.interview.runtime.sought import MANDATORY, Sought
from shared.interview.screen.build import build_screen, require_parents
from shared.interview.source.documents import load, split
from shared.interview.source.reader import RawBlock

LIBRARY = {"DAObject": DAObject, "DAList": DAList, "DADict": DADict}


class Asking:
    """A question, the answers it is asked with, and what posting it does."""

    def __init__(
        self, text: str, sought: Sought = MANDATORY, *, interview: dict[str, Any] | None = None, **answers: Any
    ):
        document = next(iter(split(text)))
        data = load(document, "test.yml", "block 1")
        assert data is not None
        raw = RawBlock(file="test.yml", package="demo", line=1, number=1, data=data, source=text)
        block = read_question(Reading(raw, Scope(), name="Question_1", language="*", number=1), _no_nested)
        assert isinstance(block, QuestionBlock)
        self.block, self.sought = block, sought
        compiled = Interview(
            reference="demo:data/questions/test.yml", package="demo", by_name={"Question_1": block}, **(interview or {})
        )
        internal = {"answered": set(), "answers": {}, "event_stack": {}, "gather": [], "dirty": {}, "objselections": {}}
        self.answers = as_namespace({"_internal": internal, **answers}, builtins_with(LIBRARY))
        self.run = Run(
            interview=compiled,
            answers=self.answers,
            operation=ShowScreen(),
            context=RunContext(interview=compiled.reference, now="2026-05-05T12:00:00+00:00"),
            host=None,  # type: ignore[arg-type]
            steering=None,  # type: ignore[arg-type]
        )

    def screen(self) -> Screen:
        """Show it."""
        with running(self.run):
            self.run.enter(self.sought)
            screen = build_screen(self.block, self.run, self.sought)
            require_parents(screen, self.run, self.sought)
            return screen

    def field(self, variable: str = "") -> Field:
        """One of its fields."""
        fields = self.screen().fields
        return next(field for field in fields if not variable or field.variable == variable)

    def post(self, values: dict[str, str], *, visible: tuple[str, ...] | None = None) -> FormResult:
        """Show it, then post texts by variable (boxes by input name)."""
        screen = self.screen()
        assert screen.form is not None
        names = {field.variable: field.input_name for field in screen.form.fields}
        inputs = tuple((names.get(name, name), value) for name, value in values.items())
        with running(self.run):
            return apply_form(SubmitForm(form=screen.form, inputs=inputs, visible=visible), self.run)


def _no_nested(mapping: Any, number: int) -> Any:
    raise AssertionError("this question has no nested blocks")
