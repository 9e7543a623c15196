"""A real engine, but a tiny one: the answers are lists that operations append tokens to.

It knows every operation of the port of evaluation, and a few words that tests need: `sleep` (be slow), `launch` (a
background task), `await` (and wait for it), `timer`, `multi_user`, `unattended`, `fail`, `restart`, `exit`. Answers are
JSON, so that a test can read them without unpickling.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared.evaluation.port import Begins, HostServer, RunKilled, RunTimedOut
from shared.interview.errors import HostRefused
from shared.interview.runtime.effects import Effect, LaunchTask, RevokeTask, ScheduleTimer
from shared.interview.runtime.host import AwaitTask, FetchTaskResult, Host, LookAtTasks, TaskPictures
from shared.interview.runtime.operations import (
    AssignVariables,
    Blobs,
    CallAction,
    CheckInCall,
    ExportVariables,
    Operation,
    RunBackgroundAction,
    RunRequest,
    RunResponseAction,
    ShowScreen,
    StartOver,
    StepBack,
    SubmitForm,
    TaskFailure,
)
from shared.interview.runtime.outcomes import (
    BackgroundValue,
    BrowserAnswer,
    CommandGiven,
    Finished,
    Header,
    Outcome,
    ResponseActionAsked,
    RunFailed,
    RunResult,
    SaveMode,
    ScreenReady,
    VariablesExported,
)
from shared.kernel.interview_path import InterviewPath

Answers = dict[str, Any]


@dataclass
class AppendRun:
    """One run: what it was asked, and what has come of it so far."""

    request: RunRequest
    answers: Answers
    blobs: Blobs
    words: dict[str, Any]
    out: Blobs = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    outcome: Outcome | None = None
    save: SaveMode = "overwrite"
    before: bytes = b""

    @property
    def sleep_seconds(self) -> float:
        """`sleep` sleeps in every attempt, `sleep_at_first` only while nothing has been appended."""
        at_first = 0 if self.answers.get("log") else self.words.get("sleep_at_first", 0)
        return float(self.words.get("sleep", 0)) + float(at_first)


def begin(request: RunRequest, blobs: Mapping[str, bytes]) -> AppendRun:
    """Open the answers and read the words of the operation."""
    before = blobs.get("answers", b"")
    answers: Answers = orjson.loads(before) if before else {"log": [], "multi_user": False}
    return AppendRun(request, answers, dict(blobs), _words(request.operation, blobs), before=before)


def _words(operation: Operation, blobs: Mapping[str, bytes]) -> dict[str, Any]:
    match operation:
        case SubmitForm(inputs=inputs):
            return dict(inputs)
        case CallAction(arguments=arguments) | CheckInCall(arguments=arguments):
            return dict(arguments)
        case AssignVariables(variables=variables):
            return dict(variables)
        case RunBackgroundAction() | RunResponseAction():
            loaded: dict[str, Any] = orjson.loads(blobs.get("arguments") or b"{}")
            return loaded
        case _:
            return {}


def apply(run: AppendRun) -> None:
    """Do what the words say."""
    words, answers, operation = run.words, run.answers, run.request.operation
    if isinstance(operation, StartOver) or (isinstance(operation, ShowScreen) and operation.is_first):
        answers.clear()
        answers.update({"log": [], "multi_user": False, "url_args": dict(run.request.context.url_args)})
    if "fail" in words:
        failure = TaskFailure(error_type="ValueError", error_message=str(words["fail"]))
        run.outcome = RunFailed(failure=failure)
        return
    if "token" in words:
        answers["log"].append(words["token"])
    if "payload" in words:
        answers["payload"] = words["payload"]
    if "multi_user" in words:
        answers["multi_user"] = words["multi_user"] == "on"
    if "unattended" in words:
        answers["unattended"] = orjson.loads(words["unattended"])
    if "launch" in words:
        _launch(run, str(words["launch"]), words.get("mode"))
    if "timer" in words:
        run.effects.append(
            ScheduleTimer(timer_id=_task_id(run, "timer"), action=str(words["timer"]), due="2030-01-01T00:00:00+00:00")
        )
    if "revoke" in words:
        own = operation.task_id if isinstance(operation, RunResponseAction) else ""
        run.effects.append(RevokeTask(task_id=own if words["revoke"] == "own" else str(words["revoke"])))
    _conclude(run)


def _task_id(run: AppendRun, salt: str) -> str:
    digest = hashlib.sha256(f"{run.request.context.session_id}{run.words}{salt}{time.time_ns()}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-7{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def launch_of(run: AppendRun) -> LaunchTask:
    """The launch the words ask for, with its arguments among the blobs."""
    task_id = _task_id(run, "task")
    arguments = run.words.get("task") or "{}"
    run.out[f"arguments-{task_id}"] = arguments.encode() if isinstance(arguments, str) else orjson.dumps(arguments)
    return LaunchTask(
        task_id=task_id,
        action=str(run.words["launch"]),
        arguments_blob=f"arguments-{task_id}",
        mode=run.words.get("mode"),
        is_low_priority=bool(run.words.get("low")),
    )


def _launch(run: AppendRun, action: str, mode: Any) -> None:
    launch = launch_of(run)
    run.effects.append(launch)
    run.answers["task"] = launch.task_id


def _conclude(run: AppendRun) -> None:
    words, operation = run.words, run.request.operation
    if "exit" in words:
        run.outcome, run.save = CommandGiven(name="exit", url="https://example.org/"), "delete"
        return
    if "restart" in words:
        run.outcome, run.save = CommandGiven(name="restart"), "ignore"
        return
    match operation:
        case ShowScreen() | StepBack() | StartOver():
            run.outcome = ScreenReady()
        case SubmitForm():
            run.outcome, run.save = ScreenReady(is_invalid="invalid" in words), "new"
            if "invalid" in words:
                run.save = "overwrite"
        case CallAction(is_read_only=is_read_only, keeps_step=keeps_step):
            run.outcome, run.save = ScreenReady(), "overwrite" if keeps_step else "new"
            if is_read_only:
                run.save = "ignore"
        case CheckInCall(action=action):
            run.outcome = BrowserAnswer(action=action, value=len(run.answers["log"]), is_silent=False)
        case RunResponseAction() | RunBackgroundAction() if "response_action" in words:
            run.out["arguments"] = orjson.dumps(words["response_action"])
            run.outcome = ResponseActionAsked(action="append")
        case RunResponseAction() | RunBackgroundAction():
            run.out["payload"] = orjson.dumps(words)
            run.outcome = BackgroundValue(json_value=words.get("token"))
        case AssignVariables():
            run.outcome, run.save = Finished(), "new"
        case ExportVariables():
            run.out["variables"] = orjson.dumps(run.answers)
            run.outcome, run.save = VariablesExported(), "ignore"


def finish(run: AppendRun) -> tuple[RunResult, Blobs]:
    """The result as the port of evaluation has it."""
    assert run.outcome is not None
    after = orjson.dumps(run.answers)
    if run.save != "ignore" and not isinstance(run.outcome, RunFailed):
        run.out["answers"] = after
    if isinstance(run.outcome, ScreenReady):
        run.out["screen"] = orjson.dumps({"kind": "message", "data": run.answers})
    header = Header(
        title="Append",
        multi_user=bool(run.answers.get("multi_user")),
        unattended=tuple(run.answers.get("unattended", ())),
        waits_for_tasks=(run.answers["task"],) if run.answers.get("task") else (),
    )
    result = RunResult(
        outcome=run.outcome,
        save=run.save,
        is_changed=after != run.before,
        effects=tuple(run.effects),
        header=header,
    )
    return result, run.out


class AppendEngine:
    """The engine as interview processes load it."""

    def __init__(self, path: InterviewPath, config: object) -> None:
        self.path = path

    def run(self, request: RunRequest, blobs: Blobs, host: Host) -> tuple[RunResult, Blobs]:
        """One run; sleeps in earnest."""
        run = begin(request, blobs)
        time.sleep(run.sleep_seconds)
        apply(run)
        return finish(run)

    def simplify(self, value: bytes) -> object:
        return None

    def describe(self, reference: str, language: str) -> Mapping[str, Any]:
        """What the start page would say."""
        return {"title": reference}

    def lint(self, reference: str) -> Sequence[object]:
        """There is nothing to find."""
        return []


class AppendEvaluator:
    """The port of evaluation in this process. `size` runs go on at a time."""

    def __init__(self, *, size: int = 4) -> None:
        self._slots = asyncio.Semaphore(size)
        self.runs = 0

    async def run(
        self,
        request: RunRequest,
        blobs: Blobs,
        *,
        host: HostServer,
        limit_seconds: float,
        cancelled: asyncio.Event | None = None,
        begins: Begins | None = None,
    ) -> tuple[RunResult, Blobs]:
        """One run; its sleep counts against the limit."""
        async with self._slots:
            self.runs += 1
            if cancelled is not None and cancelled.is_set():
                raise RunKilled
            if begins is not None:
                await begins()
            run = begin(request, blobs)
            if run.sleep_seconds > limit_seconds:
                await asyncio.sleep(limit_seconds)
                raise RunTimedOut(f"{limit_seconds:g} s")
            await asyncio.sleep(run.sleep_seconds)
            apply(run)
        if "await" in run.words:
            await self._await_task(run, host)
        if "fetch" in run.words:
            _, answered = await host.answer(FetchTaskResult(task_id=str(run.words["fetch"])), {})
            run.answers["fetched"] = orjson.loads(answered["payload"])
        if "look" in run.words:
            await self._look_at_those_before(run, host)
        return finish(run)

    async def _look_at_those_before(self, run: AppendRun, host: HostServer) -> None:
        """Note how the tasks stand that have come here before this one."""
        before = run.answers.setdefault("been_here", [])
        for task_id in before:
            answer, _ = await host.answer(LookAtTasks(task_id=task_id, number=1), {})
            assert isinstance(answer, TaskPictures)
            run.answers.setdefault("seen", []).extend(picture.state for picture in answer.tasks)
        operation = run.request.operation
        before.append(operation.task_id if isinstance(operation, RunResponseAction) else "")

    async def _await_task(self, run: AppendRun, host: HostServer) -> None:
        launch = next(effect for effect in run.effects if isinstance(effect, LaunchTask))
        try:
            answer, _ = await host.answer(AwaitTask(task_id=launch.task_id, launch=launch), run.out)
        except HostRefused as refused:
            run.outcome = RunFailed(failure=TaskFailure(error_type="HostRefused", error_message=refused.message))
            return
        run.answers["awaited"] = answer.task.state

    async def simplify(self, value: bytes) -> object:
        """Nobody asks."""
        raise NotImplementedError

    async def names(self, reference: str) -> dict[str, object]:
        """Nobody asks."""
        raise NotImplementedError

    async def work(self, work: object, contents: bytes) -> tuple[dict[str, object], bytes]:
        """Nobody asks."""
        raise NotImplementedError

    async def describe(self, reference: str, language: str) -> dict[str, object]:
        """What the start page would say."""
        return {"title": reference, "description": "", "tags": [], "needs": [], "problem": ""}
