"""An engine without interviews: the name of an action says which function below runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from shared.interview.documents.errors import NotConvertible
from shared.interview.documents.work_order import DocumentWork
from shared.interview.runtime.effects import LaunchTask, LogLine
from shared.interview.runtime.host import AwaitTask, FetchTaskResult, Host, LookAtTasks, ReportProgress, TaskPictures
from shared.interview.runtime.operations import CallAction, RunBackgroundAction, RunRequest, TaskFailure
from shared.interview.runtime.outcomes import (
    BackgroundValue,
    Finished,
    ResponseActionAsked,
    RunFailed,
    RunResult,
    ScreenReady,
)
from shared.kernel.ids import new_id
from shared.kernel.interview_path import InterviewPath


class ScriptedEngine:
    """Fits shared.evaluation.child.Engine."""

    def __init__(self, path: InterviewPath, config: object) -> None:
        self._path = path
        self.kept: list[bytes] = []

    def run(self, request: RunRequest, blobs: dict[str, bytes], host: Any) -> tuple[RunResult, dict[str, bytes]]:
        match request.operation:
            case CallAction(action=action, arguments=arguments):
                return getattr(self, "do_" + action)(blobs, host, **arguments)
            case RunBackgroundAction(action="tell_answers"):
                context = request.context
                told = {
                    "answers": len(blobs["answers"]),
                    "interview": context.interview,
                    "code": context.session_code,
                    "user": context.user.the_user_id,
                    "interface": context.request.interface,
                    "client_ip": context.request.client_ip,
                    "tasks": _states(request, host),
                }
                return self._value(told)
            case RunBackgroundAction(action=action):
                return getattr(self, "do_" + action)(blobs, host, **json.loads(blobs["arguments"]))
            case _:
                return RunResult(outcome=Finished()), blobs

    def describe(self, reference: str, language: str) -> dict[str, Any]:
        if reference == "missing":
            raise LookupError("no such interview")
        return {"title": reference, "language": language, "folders": [str(folder) for folder in self._path.folders]}

    def simplify(self, value: bytes) -> object:
        if value == b"broken":
            raise LookupError("no such class")
        return [os.getpid(), value.decode()]

    def names(self, reference: str) -> dict[str, Any]:
        return {"names": [reference], "vocabulary": []}

    def work(self, work: DocumentWork, contents: bytes) -> tuple[dict[str, Any], bytes]:
        if contents == b"broken":
            raise NotConvertible(work.name, "anything")
        return {"task": work.task, "process": os.getpid()}, contents[::-1]

    def lint(self, reference: str) -> list[object]:
        return [{"file": reference, "line": 3}]

    def _value(self, value: Any) -> tuple[RunResult, dict[str, bytes]]:
        return RunResult(outcome=BackgroundValue(json_value=value)), {"payload": b""}

    def do_echo(self, blobs: dict[str, bytes], host: Any) -> tuple[RunResult, dict[str, bytes]]:
        return RunResult(outcome=Finished()), blobs

    def do_pid(self, blobs: dict[str, bytes], host: Any) -> tuple[RunResult, dict[str, bytes]]:
        return self._value(os.getpid())

    def do_pid_after(self, blobs: dict[str, bytes], host: Any, seconds: float) -> tuple[RunResult, dict[str, bytes]]:
        time.sleep(seconds)
        return self._value(os.getpid())

    def do_sleep(self, blobs: dict[str, bytes], host: Any, seconds: float = 60.0) -> tuple[RunResult, dict[str, bytes]]:
        time.sleep(seconds)
        return self._value("slept")

    def do_sleep_stubbornly(self, blobs: dict[str, bytes], host: Any) -> tuple[RunResult, dict[str, bytes]]:
        while True:
            try:
                time.sleep(60)
            except BaseException:
                continue

    def do_raise(self, blobs: dict[str, bytes], host: Any) -> tuple[RunResult, dict[str, bytes]]:
        raise ValueError("not this way")

    def do_exit_politely(self, blobs: dict[str, bytes], host: Any) -> tuple[RunResult, dict[str, bytes]]:
        sys.exit(3)

    def do_die(self, blobs: dict[str, bytes], host: Any, status: int = 7) -> tuple[RunResult, dict[str, bytes]]:
        os._exit(status)

    def do_crash(self, blobs: dict[str, bytes], host: Any) -> tuple[RunResult, dict[str, bytes]]:
        os.abort()

    def do_eat_memory(self, blobs: dict[str, bytes], host: Any) -> tuple[RunResult, dict[str, bytes]]:
        eaten = bytearray(8 * 1024**3)
        return self._value(len(eaten))

    def do_keep(self, blobs: dict[str, bytes], host: Any, size: int) -> tuple[RunResult, dict[str, bytes]]:
        self.kept.append(bytes(os.urandom(1)) * size)
        return self._value(os.getpid())

    def do_fetch(self, blobs: dict[str, bytes], host: Any, task: str = "t") -> tuple[RunResult, dict[str, bytes]]:
        answer, parts = host.call(FetchTaskResult(task_id=task), {"question": b"what"})
        return self._value([answer.task.state, parts.get("payload", b"").decode()])

    def do_wait(self, blobs: dict[str, bytes], host: Any, task: str = "t") -> tuple[RunResult, dict[str, bytes]]:
        answer, _ = host.call(AwaitTask(task_id=task))
        return self._value(answer.task.state)

    def do_ask_often(self, blobs: dict[str, bytes], host: Any, times: int) -> tuple[RunResult, dict[str, bytes]]:
        for _ in range(times):
            host.call(FetchTaskResult(task_id="t"))
        return self._value("asked")

    def do_tell_progress(
        self, blobs: dict[str, bytes], host: Any, times: int = 1, seconds: float = 0.0
    ) -> tuple[RunResult, dict[str, bytes]]:
        for number in range(1, times + 1):
            host.call(ReportProgress(fraction=number / times, message=f"{number} of {times}"))
        time.sleep(seconds)
        return self._value("told")

    def do_respond(self, blobs: dict[str, bytes], host: Any, response: str) -> tuple[RunResult, dict[str, bytes]]:
        return RunResult(outcome=ResponseActionAsked(action=response)), {"arguments": b"pickle"}

    def do_fail_with_error_action(self, blobs: dict[str, bytes], host: Any) -> tuple[RunResult, dict[str, bytes]]:
        failure = TaskFailure(error_type="ZeroDivisionError", error_message="division by zero")
        return RunResult(outcome=RunFailed(failure=failure, error_action="on_error")), {"arguments": b"pickle"}

    def do_log_and_fail(self, blobs: dict[str, bytes], host: Any) -> tuple[RunResult, dict[str, bytes]]:
        failure = TaskFailure(error_type="ZeroDivisionError", error_message="what somebody typed")
        line = LogLine(message="so far", place="docs:data/questions/a.yml, line 7")
        outcome = RunFailed(failure=failure, file="docs:data/questions/a.yml", line=8)
        return RunResult(outcome=outcome, effects=(line,)), {}

    def do_ask(self, blobs: dict[str, bytes], host: Any) -> tuple[RunResult, dict[str, bytes]]:
        outcome = ScreenReady(question_text="What is your name?", error_action="on_error")
        return RunResult(outcome=outcome), {"arguments": b"pickle"}

    def do_launch_another(self, blobs: dict[str, bytes], host: Any) -> tuple[RunResult, dict[str, bytes]]:
        effect = LaunchTask(task_id=new_id(), action="sleep", arguments_blob="further")
        return RunResult(outcome=Finished(), effects=(effect,)), {"further": b'{"seconds": 0}'}

    def do_launch_without_arguments(self, blobs: dict[str, bytes], host: Any) -> tuple[RunResult, dict[str, bytes]]:
        effect = LaunchTask(task_id="t", action="a", arguments_blob="nowhere")
        return RunResult(outcome=Finished(), effects=(effect,)), {}

    def do_screen_without_screen(self, blobs: dict[str, bytes], host: Any) -> tuple[RunResult, dict[str, bytes]]:
        return RunResult(outcome=ScreenReady()), {}

    def do_return_much(self, blobs: dict[str, bytes], host: Any, size: int) -> tuple[RunResult, dict[str, bytes]]:
        return RunResult(outcome=Finished()), {"answers": bytes(size)}

    def do_write_raw(self, blobs: dict[str, bytes], host: Any, text: str) -> tuple[RunResult, dict[str, bytes]]:
        os.write(_pipe(), bytes.fromhex(text))
        time.sleep(60)
        return self._value(None)

    def do_speak_later(self, blobs: dict[str, bytes], host: Any, text: str) -> tuple[RunResult, dict[str, bytes]]:
        pipe = _pipe()
        threading.Timer(0.05, lambda: os.write(pipe, bytes.fromhex(text))).start()
        return self._value(os.getpid())

    def do_litter(self, blobs: dict[str, bytes], host: Any) -> tuple[RunResult, dict[str, bytes]]:
        found = sorted(entry.name for entry in Path.cwd().iterdir())
        Path("note.txt").write_text("somebody's answer")
        Path("deep/er").mkdir(parents=True)
        Path("deep/er/note.txt").write_text("somebody's answer")
        return self._value(found)

    def do_leave_process(self, blobs: dict[str, bytes], host: Any) -> tuple[RunResult, dict[str, bytes]]:
        escaped = subprocess.Popen(["/bin/sleep", "300"], start_new_session=True)
        near = subprocess.Popen(["/bin/sleep", "300"])
        return self._value([os.getpid(), escaped.pid, near.pid])

    def do_python(self, blobs: dict[str, bytes], host: Any, code: str) -> tuple[RunResult, dict[str, bytes]]:
        names: dict[str, Any] = {"host": host}
        exec(code, names)
        return self._value(names.get("found"))


class BrokenEngine:
    """Cannot be made."""

    def __init__(self, path: InterviewPath, config: object) -> None:
        raise RuntimeError("the engine does not fit")


def _pipe() -> int:
    """The descriptor of this process's pipe: what hostile code would look for first."""
    import socket
    import stat

    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                with socket.socket(fileno=os.dup(number)) as found:
                    if found.type == socket.SOCK_STREAM:
                        return number
        except OSError:
            continue
    raise LookupError("no pipe")


def _states(request: RunRequest, host: Host) -> list[list[str]]:
    """The task itself, as a look at it shows it."""
    assert isinstance(request.operation, RunBackgroundAction)
    answer, _ = host.call(LookAtTasks(task_id=request.operation.task_id))
    assert isinstance(answer, TaskPictures)
    return [[task.task_id, task.state] for task in answer.tasks]
