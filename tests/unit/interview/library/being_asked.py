"""A run without an evaluation around it: what library functions read and write, and what they ask of the steering."""

from __future__ import annotations

from typing import Any

from shared.contracts.visitor import RequestFacts, UserFacts
from shared.interview.compile.interview import Interview
from shared.interview.evaluate.fresh import fresh_answers
from shared.interview.library.exports import public_names
from shared.interview.runtime.host import HostAnswer, HostCall, LookAtTasks, TaskPictures
from shared.interview.runtime.namespace import as_namespace, builtins_with
from shared.interview.runtime.operations import Blobs, Operation, RunContext, ShowScreen, TaskPicture
from shared.interview.runtime.run import Run

REFERENCE = "docs:data/questions/intake.yml"


class NotedSteering:
    """Writes down what the evaluation would be asked to do."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def process_action(self, run: Run) -> None:
        self.asked.append(("process_action", ""))

    def invalidate(self, run: Run, name: str) -> None:
        self.asked.append(("invalidate", name))
        run.undefine(name)

    def reconsider(self, run: Run, name: str) -> None:
        self.asked.append(("reconsider", name))

    def forget_block(self, run: Run, block_id: str) -> None:
        self.asked.append(("forget_block", block_id))

    def forget_pending(self, run: Run, name: str) -> None:
        self.asked.append(("forget_pending", name))

    def evaluate_fresh(self, run: Run, name: str) -> None:
        self.asked.append(("evaluate_fresh", name))

    def html_of(self, run: Run, text: str, trims: bool) -> str:
        self.asked.append(("html_of", text))
        return f"<p>{text}</p>"


class AnsweringHost:
    """Gives prepared answers and keeps what it was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[HostCall, Blobs]] = []
        self.answers: list[tuple[HostAnswer, Blobs]] = []
        self.tasks: tuple[TaskPicture, ...] = ()
        self.looks: list[LookAtTasks] = []

    def call(self, request: HostCall, blobs: Blobs | None = None) -> tuple[HostAnswer, Blobs]:
        if isinstance(request, LookAtTasks):
            self.looks.append(request)
            return TaskPictures(tasks=self.tasks), {}
        self.calls.append((request, blobs or {}))
        return self.answers.pop(0)


def make_run(
    operation: Operation | None = None,
    *,
    user: UserFacts | None = None,
    request: RequestFacts | None = None,
    tasks: tuple[TaskPicture, ...] = (),
    interview: dict[str, Any] | None = None,
    **variables: Any,
) -> Run:
    """A run of an interview without blocks, with these variables."""
    context = RunContext(
        interview=REFERENCE,
        session_code="S" * 32,
        now="2026-05-05T12:00:00+00:00",
        user=user or UserFacts(session_uid="browser"),
        request=request or RequestFacts(url_root="http://example.com/", url="http://example.com/interview"),
        config={"support email": "help@example.com"},
    )
    answers = as_namespace({**fresh_answers(context), **variables}, builtins_with(public_names()))
    host = AnsweringHost()
    host.tasks = tasks
    return Run(
        interview=Interview(reference=REFERENCE, package="docs", **(interview or {})),
        answers=answers,
        operation=operation or ShowScreen(),
        context=context,
        host=host,
        steering=NotedSteering(),
    )


def executed(run: Run, code: str) -> dict[str, Any]:
    """Run interview code; gives the variables."""
    exec(compile(code, "<interview>", "exec"), run.answers)
    return run.answers
