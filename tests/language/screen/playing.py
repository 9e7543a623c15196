"""Play an interview given as text through the engine's door: open it, post forms, press buttons, look at screens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from shared.contracts.screen import Field, Screen
from shared.interview.api import Engine
from shared.interview.runtime.operations import (
    Blobs,
    CallAction,
    ExportVariables,
    Operation,
    RunContext,
    RunRequest,
    ShowScreen,
    StepBack,
    SubmitForm,
)
from shared.interview.runtime.outcomes import CommandGiven, RunFailed, RunResult, ScreenReady
from shared.kernel.interview_path import InterviewPath

REFERENCE = "play:data/questions/test.yml"


class NoHost:
    """These interviews ask nothing of the server."""

    def call(self, request: Any, blobs: Blobs | None = None) -> Any:
        raise AssertionError(f"the interview asked its host: {request}")


class Play:
    """One session of one interview, step by step."""

    def __init__(self, folder: Path, text: str) -> None:
        questions = folder / "play" / "data" / "questions"
        questions.mkdir(parents=True, exist_ok=True)
        (questions / "test.yml").write_text(text)
        self.engine = Engine(InterviewPath.of([folder]))
        self.steps: list[bytes] = []
        self.result: RunResult
        self.screen: Screen
        self.run(ShowScreen(is_first=True))

    def run(self, operation: Operation, prior: bytes | None = None) -> Screen | None:
        """Carry out an operation and keep the answers as the server would. Gives the new screen."""
        blobs: Blobs = {}
        if self.steps:
            blobs["answers"] = self.steps[-1]
        if prior is not None:
            blobs["prior"] = prior
        context = RunContext(interview=REFERENCE, now="2026-05-05T12:00:00+00:00", steps=len(self.steps))
        request = RunRequest(
            operation=operation, context=context, has_answers=bool(self.steps), has_prior=prior is not None
        )
        self.result, out = self.engine.run(request, blobs, NoHost())
        if isinstance(self.result.outcome, RunFailed):
            raise AssertionError(self.result.outcome.failure.error_message)
        if "answers" in out:
            if self.result.save == "new" or not self.steps:
                self.steps.append(out["answers"])
            else:
                self.steps[-1] = out["answers"]
        if isinstance(self.result.outcome, ScreenReady):
            self.screen = Screen.model_validate(orjson.loads(out["screen"]))
            return self.screen
        return None

    def post(self, **texts: str) -> Screen | None:
        """Fill fields by variable (double underscores are dots) and press Continue."""
        return self.post_inputs({self._input(name): text for name, text in texts.items()})

    def fill(self, texts: dict[str, str]) -> Screen | None:
        """Fill fields by variable as it is written, and press Continue."""
        return self.post_inputs({self._input(name): text for name, text in texts.items()})

    def post_inputs(self, inputs: dict[str, str]) -> Screen | None:
        """Post inputs by their own names; boxes that are ticked by default are left to the caller."""
        assert self.screen.form is not None
        pairs = dict(inputs)
        if self.screen.continue_name:
            pairs.setdefault(self.screen.continue_name, self.screen.continue_value)
        return self.run(SubmitForm(form=self.screen.form, inputs=tuple(pairs.items())))

    def press(self, label: str) -> Screen | None:
        """Press a button."""
        button = next(button for button in self.screen.buttons if button.label_text == label)
        return self.post_inputs({button.name: button.value})

    def choose(self, variable: str, label: str) -> Screen | None:
        """Pick one option of a field or of the question, and press Continue."""
        field = self.field(variable)
        choice = next(choice for choice in field.choices if choice.label_text == label)
        return self.post_inputs({field.input_name: choice.key})

    def tick(self, variable: str, *labels: str) -> Screen | None:
        """Tick boxes of a group, and press Continue."""
        boxes = {choice.label_text: choice.input_name for choice in self.field(variable).choices}
        return self.post_inputs({boxes[label]: "True" for label in labels})

    def back(self) -> Screen | None:
        """Go one step back."""
        dropped = self.steps.pop()
        return self.run(StepBack(), prior=dropped)

    def act(self, action: str, **arguments: Any) -> Screen | None:
        """Call an action."""
        return self.run(CallAction(action=action, arguments=arguments))

    def field(self, variable: str = "") -> Field:
        """A field of the screen."""
        fields = (*self.screen.fields, *([self.screen.choices_field] if self.screen.choices_field else []))
        return next(field for field in fields if field.variable and (not variable or field.variable == variable))

    @property
    def shown(self) -> list[Field]:
        """The fields of the screen but for those in reserve."""
        return [field for field in self.screen.fields if not field.is_spare]

    @property
    def answers(self) -> dict[str, Any]:
        """The variables, as JSON."""
        blobs = {"answers": self.steps[-1]}
        context = RunContext(interview=REFERENCE, now="2026-05-05T12:00:00+00:00")
        request = RunRequest(operation=ExportVariables(), context=context)
        _, out = self.engine.run(request, blobs, NoHost())
        found: dict[str, Any] = orjson.loads(out["variables"])
        return found

    @property
    def command(self) -> str:
        """The command the last post ended in."""
        assert isinstance(self.result.outcome, CommandGiven)
        return self.result.outcome.name

    def _input(self, name: str) -> str:
        variable = name.replace("__", ".")
        assert self.screen.form is not None
        return next(field.input_name for field in self.screen.form.fields if field.variable == variable)
