"""One session of an interview given as text, run through the engine's door in every way a server runs it."""

from __future__ import annotations

import pickle
from hashlib import md5
from pathlib import Path
from typing import Any

import orjson

from shared.contracts.screen import Screen
from shared.contracts.visitor import Interface, RequestFacts, UserFacts
from shared.interview.api import Engine
from shared.interview.runtime.host import FetchTaskResult, HostAnswer, HostCall, LookAtTasks, TaskAnswer, TaskPictures
from shared.interview.runtime.operations import (
    AssignVariables,
    Blobs,
    CallAction,
    CheckInCall,
    ExportVariables,
    Operation,
    RunBackgroundAction,
    RunContext,
    RunRequest,
    RunResponseAction,
    ShowScreen,
    StartOver,
    StepBack,
    SubmitForm,
    TaskFailure,
    TaskPicture,
)
from shared.interview.runtime.outcomes import RunFailed, RunResult, ScreenReady
from shared.kernel.interview_path import InterviewPath


class Session:
    """Keeps the answers as a server would: `steps` are the stored versions, newest last."""

    def __init__(
        self, folder: Path, text: str, files: dict[str, str] | None = None, config: dict[str, Any] | None = None
    ) -> None:
        package = f"core_{md5(str(folder).encode(), usedforsecurity=False).hexdigest()[:12]}"
        self.reference = f"{package}:data/questions/test.yml"
        """Another package for every test: modules of a package stay imported."""
        self.folder = folder / package
        for name, content in {"data/questions/test.yml": text, **(files or {})}.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        self.engine = Engine(InterviewPath.of([folder]), config)
        self.config = config or {}
        self.steps: list[bytes] = []
        self.browser = "first browser"
        self.user = UserFacts()
        self.now = "2026-05-05T12:00:00+00:00"
        self.tasks: dict[str, TaskPicture] = {}
        self.payloads: dict[str, bytes] = {}
        self.result: RunResult
        self.blobs: Blobs = {}
        self.screen = Screen(kind="deadend")

    # Host
    def call(self, request: HostCall, blobs: Blobs | None = None) -> tuple[HostAnswer, Blobs]:
        """What a run asks of the server."""
        if isinstance(request, LookAtTasks):
            return TaskPictures(tasks=tuple(self.tasks.values()) if request.task_id in self.tasks else ()), {}
        assert isinstance(request, FetchTaskResult)
        payload = self.payloads.get(request.task_id)
        return TaskAnswer(task=self.tasks[request.task_id]), {} if payload is None else {"payload": payload}

    # Runs
    def run(
        self,
        operation: Operation,
        *,
        url_args: dict[str, str] | None = None,
        interface: Interface = "web",
        **blobs: bytes,
    ) -> RunResult:
        """Carry out an operation on the newest step and keep what it says is to be kept."""
        context = RunContext(
            interview=self.reference,
            now=self.now,
            steps=max(len(self.steps), 1),
            user=self.user.model_copy(update={"session_uid": self.browser}),
            request=RequestFacts(interface=interface),
            url_args=url_args or {},
            operation_id=f"operation {len(self.steps)}",
            config=self.config,
        )
        if self.steps:
            blobs["answers"] = self.steps[-1]
        request = RunRequest(
            operation=operation,
            context=context,
            has_answers=bool(self.steps),
            has_prior="prior" in blobs,
        )
        self.result, self.blobs = self.engine.run(request, dict(blobs), self)
        for effect in self.result.effects:
            if effect.kind == "launch_task":
                self.tasks[effect.task_id] = TaskPicture(task_id=effect.task_id, state="pending")
                self._launched = effect, self.blobs[effect.arguments_blob]
        if "answers" in self.blobs:
            self._keep(self.blobs["answers"])
        if isinstance(self.result.outcome, ScreenReady) and "screen" in self.blobs:
            self.screen = Screen.model_validate(orjson.loads(self.blobs["screen"]))
        return self.result

    def _keep(self, answers: bytes) -> None:
        if self.result.save == "new" or not self.steps:
            self.steps.append(answers)
        else:
            self.steps[-1] = answers

    def open(self, **url_args: str) -> str:
        """Open the session, or show its screen again; gives the question."""
        return self.asked(self.run(ShowScreen(is_first=not self.steps), url_args=url_args))

    def asked(self, result: RunResult) -> str:
        """The question of a run's screen. Fails with the error of one that failed."""
        if isinstance(result.outcome, RunFailed):
            raise AssertionError(result.outcome.failure.error_message)
        assert isinstance(result.outcome, ScreenReady), result.outcome
        return self.screen.question_text

    def answer(self, **texts: str) -> str:
        """Fill the fields of the screen in order of the names given, and press Continue; gives the next question."""
        return self.fill({name.replace("__", "."): text for name, text in texts.items()})

    def fill(self, texts: dict[str, str]) -> str:
        """Fill fields by variable, and press Continue; gives the next question."""
        assert self.screen.form is not None
        inputs = {field.variable: field.input_name for field in self.screen.form.fields}
        pairs = [(inputs[name], text) for name, text in texts.items()]
        if self.screen.continue_name:
            pairs.append((self.screen.continue_name, self.screen.continue_value))
        return self.asked(self.run(SubmitForm(form=self.screen.form, inputs=tuple(pairs))))

    def press(self, label: str) -> RunResult:
        """Press a button of the screen."""
        assert self.screen.form is not None
        button = next(button for button in self.screen.buttons if button.label_text == label)
        return self.run(SubmitForm(form=self.screen.form, inputs=((button.name, button.value),)))

    def act(self, action: str, **arguments: Any) -> RunResult:
        """Click a link that is an action."""
        return self.run(CallAction(action=action, arguments=arguments))

    def check_in(self, action: str, **arguments: Any) -> RunResult:
        """The page checks in."""
        return self.run(CheckInCall(action=action, arguments={"_initial": False, "_changed": None, **arguments}))

    def assign(self, **variables: Any) -> RunResult:
        """Set variables from outside."""
        return self.run(AssignVariables(variables=variables))

    def back(self) -> str:
        """Press Back."""
        context_steps = len(self.steps)
        dropped = self.steps.pop()
        request = RunRequest(
            operation=StepBack(),
            context=RunContext(interview=self.reference, now="2026-05-05T12:00:00+00:00", steps=context_steps),
            has_prior=True,
        )
        self.result, self.blobs = self.engine.run(request, {"answers": self.steps[-1], "prior": dropped}, self)
        self.steps[-1] = self.blobs["answers"]
        self.screen = Screen.model_validate(orjson.loads(self.blobs["screen"]))
        return self.screen.question_text

    def restart(self) -> str:
        """Begin again with fresh answers."""
        return self.asked(self.run(StartOver()))

    @property
    def failure(self) -> RunFailed:
        """How the last run failed."""
        assert isinstance(self.result.outcome, RunFailed), self.result.outcome
        return self.result.outcome

    @property
    def answers(self) -> dict[str, Any]:
        """The variables as JSON."""
        request = RunRequest(operation=ExportVariables(), context=RunContext(interview=self.reference))
        _, blobs = self.engine.run(request, {"answers": self.steps[-1]}, self)
        found: dict[str, Any] = orjson.loads(blobs["variables"])
        return found

    # Tasks
    def work(self) -> RunResult:
        """Run the task launched last as a worker does: its action on a snapshot, then what it asks to be saved."""
        launch, arguments = self._launched
        kept = list(self.steps)
        task = RunBackgroundAction(task_id=launch.task_id, action=launch.action, language=launch.language)
        first = self.run(task, arguments=arguments)
        self.steps = kept
        blobs, failure, payload = self.blobs, None, self.blobs.get("payload")
        outcome = first.outcome
        match outcome.kind:
            case "response_action_asked":
                payload = self.respond(launch.task_id, outcome.action, blobs["arguments"])
            case "failed":
                failure = outcome.failure
            case "screen":
                failure = TaskFailure(error_type="QuestionError", error_message=outcome.question_text)
        if failure is not None and outcome.error_action is not None:
            payload = self.respond(launch.task_id, outcome.error_action, blobs["arguments"], failure)
        if payload is not None:
            self.payloads[launch.task_id] = payload
        state = "failed" if failure else "succeeded"
        self.tasks[launch.task_id] = TaskPicture(task_id=launch.task_id, state=state, failure=failure)
        return first

    def respond(self, task_id: str, action: str, arguments: bytes, failure: TaskFailure | None = None) -> bytes | None:
        """Run a response or error action; gives the pickled value it ended with."""
        language = self._launched[0].language
        self.run(
            RunResponseAction(task_id=task_id, action=action, failure=failure, language=language), arguments=arguments
        )
        return self.blobs.get("payload")

    def payload(self) -> Any:
        """The value of background_response() in the last run."""
        return pickle.loads(self.blobs["payload"])
