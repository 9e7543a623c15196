"""An interview process: takes requests from its pipe one after the other and runs them, until it is ended.

After `_harden` everything in here may be the doing of a hostile interview; the server relies on none of it.
"""

from __future__ import annotations

import faulthandler
import os
import resource
import shutil
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson
from pydantic import BaseModel, ConfigDict, TypeAdapter

from shared.evaluation import hardening, landlock
from shared.evaluation.frames import BlockingPipe, Frame, FrameLimits, FrameTooLarge, Kind
from shared.evaluation.setup import Setup, Up
from shared.interview.documents.errors import DocumentError
from shared.interview.documents.work_order import DocumentWork
from shared.interview.errors import HostRefused
from shared.interview.runtime.host import HostAnswer, HostCall
from shared.interview.runtime.operations import Blobs, RunRequest, TaskFailure
from shared.interview.runtime.outcomes import RunFailed, RunResult
from shared.kernel.interview_path import LIBRARIES

_ANSWER: TypeAdapter[HostAnswer] = TypeAdapter(HostAnswer)


class Engine(Protocol):
    """What a process needs of the language engine; `shared.interview.api.Engine` fits."""

    def run(self, request: RunRequest, blobs: Blobs, host: PipeHost) -> tuple[RunResult, Blobs]:
        """Run one request."""
        ...

    def describe(self, reference: str, language: str) -> Mapping[str, Any]:
        """Facts about an interview, without running it."""
        ...

    def simplify(self, value: bytes) -> object:
        """The plain form of a value that interview code has put away."""
        ...

    def lint(self, reference: str) -> Sequence[object]:
        """What is wrong with an interview, without running it."""
        ...

    def names(self, reference: str) -> Mapping[str, Any]:
        """Which names an interview defines, and which it may use."""
        ...

    def work(self, work: DocumentWork, contents: bytes) -> tuple[Mapping[str, Any], bytes]:
        """Do something with a file."""
        ...


@dataclass(frozen=True, slots=True)
class ReadyEngine:
    """The engine as the template has made it, and the finders with which `import` finds interviews."""

    engine: Engine
    finders: tuple[Any, ...]


class Inquiry(BaseModel):
    """What DESCRIBE, LINT and NAMES ask."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reference: str
    language: str = "en"


class PipeHost:
    """Host for interview code (shared.interview.runtime.host): asks the server through the pipe and waits."""

    def __init__(self, pipe: BlockingPipe) -> None:
        self._pipe = pipe

    def call(self, request: HostCall, blobs: dict[str, bytes] | None = None) -> tuple[HostAnswer, dict[str, bytes]]:
        """Ask and wait. Raises HostRefused with the server's sentence for the author."""
        try:
            self._pipe.send(Frame(Kind.CALL, request.model_dump_json().encode(), blobs or {}))
        except FrameTooLarge as error:
            raise HostRefused(str(error)) from None
        reply = self._pipe.receive()
        if reply.kind is Kind.REFUSED:
            raise HostRefused(reply.body.decode())
        return _ANSWER.validate_json(reply.body), dict(reply.parts)


def main(connection: socket.socket, number: int, setup: Setup, facts: Up, ready: ReadyEngine) -> None:
    """Prepare this freshly forked process and serve; returns when the server is gone."""
    folder = Path(setup.scratch, str(number))
    _harden(folder, setup, facts)
    limits = FrameLimits(body_bytes=setup.body_bytes, parts_bytes=setup.parts_bytes)
    pipe = BlockingPipe(connection, limits)
    # Last: our own libraries, which the engine works with, keep their versions.
    sys.path += [str(libraries) for each in setup.folders if (libraries := Path(each, LIBRARIES)).is_dir()]
    sys.meta_path[:] = ready.finders
    pipe.send(Frame(Kind.READY))
    _Server(pipe, ready.engine, folder, setup).serve()


class _Server:
    """The loop of one interview process."""

    def __init__(self, pipe: BlockingPipe, engine: Engine, folder: Path, setup: Setup) -> None:
        self._pipe, self._engine, self._folder = pipe, engine, folder
        self._host = PipeHost(pipe)
        self._runs_left = setup.runs
        self._memory_limit = _peak_bytes() + setup.growth_bytes

    def serve(self) -> None:
        while True:
            try:
                frame = self._pipe.receive()
            except (EOFError, ConnectionResetError):
                return
            self._runs_left -= 1
            answer = self._answer(frame)
            is_last = self._runs_left <= 0 or _peak_bytes() > self._memory_limit
            self._send(Frame(answer.kind, answer.body, answer.parts, is_last))
            self._tidy()

    def _answer(self, frame: Frame) -> Frame:
        match frame.kind:
            case Kind.RUN:
                result, blobs = self._run(frame)
                return Frame(Kind.RESULT, result.model_dump_json().encode(), blobs)
            case Kind.DESCRIBE:
                return self._report(frame, lambda asked: self._engine.describe(asked.reference, asked.language))
            case Kind.LINT:
                return self._report(frame, lambda asked: {"problems": self._engine.lint(asked.reference)})
            case Kind.NAMES:
                return self._report(frame, lambda asked: self._engine.names(asked.reference))
            case Kind.WORK:
                return self._work(frame)
            case Kind.SIMPLIFY:
                return self._report(frame, lambda _: {"value": self._engine.simplify(frame.parts["value"])})
            case _:
                raise EOFError(f"{frame.kind.name} does not begin anything.")

    def _run(self, frame: Frame) -> tuple[RunResult, Blobs]:
        try:
            request = RunRequest.model_validate_json(frame.body)
            return self._engine.run(request, dict(frame.parts), self._host)
        except (EOFError, BrokenPipeError):
            raise
        except BaseException as error:  # also SystemExit and KeyboardInterrupt of interview code
            return failed(error), {}

    def _report(self, frame: Frame, ask: Callable[[Inquiry], object]) -> Frame:
        try:
            return Frame(
                Kind.REPORT,
                orjson.dumps(ask(Inquiry.model_validate_json(frame.body)), default=str, option=orjson.OPT_NON_STR_KEYS),
            )
        except (EOFError, BrokenPipeError):
            raise
        except BaseException as error:
            return Frame(Kind.FAILED, f"{type(error).__name__}: {error}"[:4000].encode())

    def _work(self, frame: Frame) -> Frame:
        try:
            found, made = self._engine.work(DocumentWork.model_validate_json(frame.body), frame.parts["contents"])
            return Frame(Kind.REPORT, orjson.dumps(found, default=str), {"made": made})
        except DocumentError as error:
            return Frame(Kind.FAILED, str(error)[:4000].encode())
        except (EOFError, BrokenPipeError):
            raise
        except BaseException as error:
            return Frame(Kind.FAILED, f"The file cannot be read ({type(error).__name__}).".encode())

    def _send(self, frame: Frame) -> None:
        try:
            self._pipe.send(frame)
        except FrameTooLarge as error:
            result = failed(error, title="The answers of this interview are too large")
            self._pipe.send(Frame(Kind.RESULT, result.model_dump_json().encode(), is_last=True))

    def _tidy(self) -> None:
        """Leave nothing in the private folder for the next run: it may be somebody else's."""
        os.chdir(self._folder)
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    Path(entry.path).unlink(missing_ok=True)


def failed(error: BaseException, *, title: str = "Error") -> RunResult:
    """The result of a run that ended in an error the engine did not turn into an outcome itself."""
    failure = TaskFailure(
        error_type=type(error).__name__,
        error_message=str(error)[:10_000],
        error_trace="".join(traceback.format_exception(error, limit=-20))[-20_000:],
    )
    return RunResult(outcome=RunFailed(failure=failure, title=title), save="ignore", is_changed=False)


def _harden(folder: Path, setup: Setup, facts: Up) -> None:
    hardening.die_with_parent()
    os.setsid()
    folder.mkdir(mode=0o700)
    os.chdir(folder)
    os.environ["TMPDIR"] = os.environ["HOME"] = str(folder)
    tempfile.tempdir = str(folder)
    _mute()
    limits = hardening.ResourceLimits(setup.memory_bytes, setup.file_bytes, setup.open_files, setup.processes)
    hardening.limit_resources(limits, has_own_user=facts.is_own_user)
    if facts.landlock:
        landlock.restrict(readable=_readable(setup), writable=[folder, Path("/dev/null")])


def _mute() -> None:
    """What interview code prints may be an answer: it goes nowhere. Only a crash of Python itself is still reported."""
    log = os.dup(2)
    os.set_inheritable(log, False)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    faulthandler.enable(log)


def _readable(setup: Setup) -> list[Path]:
    """What it may read besides its own folder: Python, our code, interviews, the libraries of the system."""
    python = {sys.prefix, sys.base_prefix, sys.exec_prefix, *(entry for entry in sys.path if _is_library(entry))}
    return [Path(name) for name in (*python, *setup.code, *setup.folders, *landlock.SYSTEM_FILES)]


def _is_library(entry: str) -> bool:
    return "site-packages" in entry or "dist-packages" in entry


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
