"""The Evaluator over a pool of interview processes (DESIGN §6).

    pool = ProcessPool(settings=PoolSettings(size=2), folders=[Path("examples")])
    await pool.start()
    result, blobs = await pool.run(request, blobs, host=host, limit_seconds=30)

A run that goes past its limit, is cancelled or breaks the rules of the pipe costs its process the life; the next run
gets another. What comes out of a process is validated here as if it came from the network, and never unpickled. A
process that ran an interview runs only interviews of the same package afterwards; others get others (idle.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson
import structlog
from pydantic import TypeAdapter, ValidationError

import shared
from shared.evaluation import hardening
from shared.evaluation.frames import Frame, FrameLimits, FrameTooLarge, Kind
from shared.evaluation.idle import IdleProcesses
from shared.evaluation.launcher import Launcher, TemplateFailed
from shared.evaluation.port import (
    Begins,
    HostServer,
    ProcessDied,
    RunKilled,
    RunTimedOut,
    ValueUnreadable,
    WorkRefused,
)
from shared.evaluation.process import InterviewProcess
from shared.evaluation.programs import Programs, ProgramSettings
from shared.evaluation.setup import Setup, Up
from shared.evaluation.slots import Slot, Slots
from shared.interview.documents.work_order import DocumentWork
from shared.interview.errors import HostRefused
from shared.interview.runtime.document_calls import ProgramCall
from shared.interview.runtime.effects import LaunchTask
from shared.interview.runtime.host import HostCall, ReportProgress
from shared.interview.runtime.operations import Blobs, RunBackgroundAction, RunRequest
from shared.interview.runtime.outcomes import BackgroundValue, ResponseActionAsked, RunResult, ScreenReady
from shared.kernel.errors import ColloquyError, Refused
from shared.kernel.telemetry import Metrics

log = structlog.get_logger()
T = TypeVar("T")

_CALL: TypeAdapter[HostCall] = TypeAdapter(HostCall)
_DEPTH: ContextVar[int] = ContextVar("depth of nested runs", default=0)
_DESCRIBE_SECONDS = 20.0
_READY_SECONDS = 60.0
"""It loads the engine meanwhile: two seconds of a processor that others may hold."""
_REPORTS_PER_SECOND = 50
_READING = ":"
"""In place of a package (none has a colon in its name): processes that read interviews of all packages and run none."""

_ONCE = ":once"
"""Likewise: processes that are given back to nobody."""


class InterviewUnreadable(Refused):
    """This interview cannot be described."""


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How many interview processes there are, and what each may use."""

    size: int = 2
    """How many interviews run at once."""
    waiting: int = 16
    """How many more may wait for a task or another session meanwhile; each keeps a process."""
    reserve: int = 1
    """How many processes that have run nothing are kept ready for packages that have none."""
    max_idle: int = 8
    """How many used processes wait for more runs of their packages; as many as may run at once in any case."""
    backlog: int = 1000
    """How many runs may queue for a slot."""
    depth: int = 3
    """How deep runs may be nested in each other."""
    runs: int = 1000
    """After so many runs a process is replaced."""
    growth_bytes: int = 512 * 1024**2
    """A process that has grown by this much is replaced."""
    calls: int = 2000
    """How many host calls one run may make."""
    user_id: int | None = 64_646
    """Number of the user that interviews run as, where the server is root and that user can read what it needs."""
    has_sandbox: bool = True
    """Use the kernel's file sandbox where there is one."""
    resources: hardening.ResourceLimits = hardening.ResourceLimits()
    frames: FrameLimits = FrameLimits()


class ProcessPool:
    """Interview processes, and who may use them when. A Component and an Evaluator."""

    def __init__(
        self,
        *,
        settings: PoolSettings,
        folders: Sequence[Path | str],
        config: Mapping[str, Any] | None = None,
        engine: str = "shared.interview.api:Engine",
        python: str | None = None,
        scratch_parent: Path | None = None,
        programs: Programs | None = None,
    ) -> None:
        self._settings = settings
        self._programs = programs or Programs(ProgramSettings(office="none", tesseract="none"))
        self._folders = tuple(str(Path(folder).resolve()) for folder in folders)
        self._config = dict(config or {})
        self._engine = engine
        self._slots = Slots(size=settings.size, maximum=settings.size + settings.waiting, backlog=settings.backlog)
        self._launcher = Launcher(make_setup=self._setup, python=python, scratch_parent=scratch_parent)
        self._idle = IdleProcesses(maximum=max(settings.size, settings.max_idle))
        self._preparing: set[asyncio.Task[None]] = set()
        self._in_hand = 0
        self._is_open = False

    @property
    def isolation(self) -> Up | None:
        """How interviews are kept apart from this server; None before the start."""
        return self._launcher.facts

    async def start(self) -> None:
        """Start the template and the first process. Raises TemplateFailed when the engine cannot be loaded."""
        self._is_open = True
        await self._launcher.start()
        try:
            self._idle.add(await self._spawn())
        except ProcessDied as error:
            await self.stop()
            raise TemplateFailed(error.detail) from error
        await self._programs.start()
        self._prepare()

    async def stop(self) -> None:
        """End every process; runs in hand end with ProcessDied."""
        self._is_open = False
        for task in self._preparing:
            task.cancel()
        await asyncio.gather(*self._preparing, return_exceptions=True)
        self._idle.end("The pool is stopped.")
        await self._programs.stop()
        await self._launcher.stop()

    def report_to(self, metrics: Metrics, *, pool: str) -> None:
        """Show what the pool does among the metrics of its process, under this name."""
        runs = metrics.gauge("interview_runs", "Runs of interviews by what they do.", ("pool", "state"))
        runs.labels(pool, "running").set_function(lambda: self._slots.running)
        runs.labels(pool, "queued").set_function(lambda: self._slots.queued)
        runs.labels(pool, "waiting").set_function(lambda: self._slots.lent)
        slots = metrics.gauge("interview_slots", "How many interviews may run at once.", ("pool",))
        slots.labels(pool).set(self._slots.size)

    async def problem(self) -> str | None:
        """Readiness: None when interviews can be run."""
        if not self._is_open or self._launcher.facts is None:
            return "The pool of interview processes is not started."
        return None

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
        """One run. The limit counts from when it begins to run, and includes its waits in host calls.

        `begins` is awaited once there are slot and process; until then nothing of the run has happened. Raises
        RunTimedOut, RunKilled (when `cancelled` is set), ProcessDied, PoolBusy; FrameTooLarge when the request is
        larger than the pipe allows; HostRefused when runs are nested too deep; and what `begins` raises.
        """
        run = self._run(request, blobs, host, limit_seconds, begins)
        return await (run if cancelled is None else _unless(cancelled, run))

    async def describe(self, reference: str, language: str) -> dict[str, object]:
        """Facts about an interview. Raises InterviewUnreadable with the reason, and what `run` raises."""
        return await self._inquire(Kind.DESCRIBE, reference, language)

    async def simplify(self, value: bytes) -> object:
        """The plain form of a value that interview code has put away. Raises ValueUnreadable, and what `run` raises.

        Its classes may be those of any package: the process that opens it serves nothing else, before or after.
        """
        frame = Frame(Kind.SIMPLIFY, orjson.dumps({"reference": ""}), {"value": value})
        async with self._slots.take(), self._process(_ONCE, _DESCRIBE_SECONDS) as held:
            held.process.send(frame)
            report = _report(await held.process.receive())
        if isinstance(report, str):
            raise ValueUnreadable
        return report.get("value")

    async def lint(self, reference: str) -> list[object]:
        """Everything that is wrong with an interview, found without running it. Raises as `describe`."""
        problems = (await self._inquire(Kind.LINT, reference, "en")).get("problems")
        return problems if isinstance(problems, list) else []

    async def names(self, reference: str) -> dict[str, object]:
        """What names an interview defines and may use. Raises as `describe`."""
        return await self._inquire(Kind.NAMES, reference, "en")

    async def work(self, work: DocumentWork, contents: bytes) -> tuple[dict[str, object], bytes]:
        """Do something with a file. Raises WorkRefused with the reason, and what `run` raises.

        It came from anybody: the process that opens it serves nothing else, before or after.
        """
        frame = Frame(Kind.WORK, work.model_dump_json().encode(), {"contents": contents})
        async with self._slots.take(), self._process(_ONCE, _DESCRIBE_SECONDS) as held:
            held.process.send(frame)
            reply = await held.process.receive()
        report = _report(reply)
        if isinstance(report, str):
            raise WorkRefused(report)
        return report, reply.parts.get("made", b"")

    def _setup(self, scratch: str) -> Setup:
        settings, resources = self._settings, self._settings.resources
        return Setup(
            engine=self._engine,
            folders=self._folders,
            config=self._config,
            scratch=scratch,
            code=(str(Path(shared.__file__ or "").resolve().parent),),
            user_id=settings.user_id,
            memory_bytes=resources.memory_bytes,
            file_bytes=resources.file_bytes,
            open_files=resources.open_files,
            processes=resources.processes,
            growth_bytes=settings.growth_bytes,
            runs=settings.runs,
            body_bytes=settings.frames.body_bytes,
            parts_bytes=settings.frames.parts_bytes,
            has_sandbox=settings.has_sandbox,
        )

    async def _inquire(self, kind: Kind, reference: str, language: str) -> dict[str, object]:
        frame = Frame(kind, orjson.dumps({"reference": reference, "language": language}))
        async with self._slots.take(), self._process(_READING, _DESCRIBE_SECONDS) as held:
            held.process.send(frame)
            reply = await held.process.receive()
            report = _report(reply)
            held.release(reply)
        if isinstance(report, str):
            raise InterviewUnreadable(report)
        return report

    async def _run(
        self, request: RunRequest, blobs: Blobs, host: HostServer, limit_seconds: float, begins: Begins | None
    ) -> tuple[RunResult, Blobs]:
        if _DEPTH.get() >= self._settings.depth:
            raise HostRefused(f"Interviews may call each other {self._settings.depth} deep, and no deeper.")
        frame = Frame(Kind.RUN, request.model_dump_json().encode(), blobs)
        package = request.context.interview.partition(":")[0]
        async with self._slots.take() as slot, self._process(package, limit_seconds, begins) as held:
            held.process.send(frame)
            asked = _Asked(self._settings.calls)
            while (reply := await held.process.receive()).kind is Kind.CALL:
                answer = await self._serve(reply, host, slot, asked)
                try:
                    held.process.send(answer)
                except FrameTooLarge as error:
                    held.process.send(Frame(Kind.REFUSED, str(error).encode()))
            result = _result(reply, request)
            held.release(reply)
            return result

    async def _serve(self, frame: Frame, host: HostServer, slot: Slot, asked: _Asked) -> Frame:
        """Answer one host call of a run."""
        try:
            call = _CALL.validate_json(frame.body)
        except ValidationError as error:
            raise ProcessDied("It made a call that does not exist.") from error
        try:
            asked.count(call)
            if isinstance(call, ProgramCall):
                async with slot.lend() if call.may_wait else contextlib.nullcontext():
                    made, contents = await self._programs.answer(call, dict(frame.parts))
                return Frame(Kind.ANSWER, made.model_dump_json().encode(), contents)
            if call.may_wait:
                async with slot.lend():
                    answer, blobs = await _nested(host.answer(call, dict(frame.parts)))
            else:
                answer, blobs = await host.answer(call, dict(frame.parts))
            return Frame(Kind.ANSWER, answer.model_dump_json().encode(), blobs)
        except HostRefused as refusal:
            return Frame(Kind.REFUSED, refusal.message.encode())

    @contextlib.asynccontextmanager
    async def _process(self, package: str, limit_seconds: float, begins: Begins | None = None) -> AsyncIterator[_Held]:
        """Hold a process for the time of the block; unless it ends well, the process is killed."""
        process = self._idle.take(package) or await self._spawn()
        held = _Held(process)
        self._in_hand += 1
        self._prepare()
        limit: asyncio.Timeout | None = None
        try:
            if begins is not None:
                await begins()
            async with asyncio.timeout(limit_seconds) as limit:
                yield held
        except TimeoutError as error:
            if limit is not None and limit.expired():
                raise RunTimedOut(f"The limit is {limit_seconds:g} seconds.") from error
            raise
        finally:
            self._in_hand -= 1
            if held.is_done and self._is_open and process.is_alive:
                self._idle.keep(process, package)
            else:
                process.end()
                self._prepare()

    async def _spawn(self) -> InterviewProcess:
        """A new process, ready for its first request. Raises ProcessDied."""
        if not self._is_open:
            raise ProcessDied("The pool is stopped.")
        process = InterviewProcess(self._settings.frames)
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process.killed_by(await self._launcher.spawn(theirs, process.ended))
            except TemplateFailed as error:
                ours.close()
                raise ProcessDied(f"It could not be started: {error}") from error
            except BaseException:
                ours.close()
                raise
        ours.setblocking(False)
        await process.connect(ours)
        try:
            async with asyncio.timeout(_READY_SECONDS):
                first = await process.receive()
        except BaseException:
            process.end()
            raise
        if first.kind is not Kind.READY:
            process.end()
            raise ProcessDied(f"The engine could not be loaded: {first.body.decode(errors='replace')[:4000]}")
        return process

    def _prepare(self) -> None:
        """See to it that the next runs find processes waiting for them, also those of a package not seen before."""
        wanted = max(self._settings.reserve, self._settings.size - self._idle.used - self._in_hand)
        missing = wanted - self._idle.fresh - len(self._preparing)
        for _ in range(missing if self._is_open else 0):
            task = asyncio.create_task(self._add())
            self._preparing.add(task)
            task.add_done_callback(self._preparing.discard)

    async def _add(self) -> None:
        try:
            process = await self._spawn()
        except (ColloquyError, TimeoutError) as error:
            log.error("interviews.process_not_started", reason=str(error))
            return
        if self._is_open:
            self._idle.add(process)
        else:
            process.end()


class _Asked:
    """How often one run has asked. News of its progress may come for hours, so they have a rate instead of an end."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._calls = self._reports = 0
        self._begun = asyncio.get_running_loop().time()

    def count(self, call: HostCall) -> None:
        """One more. Raises HostRefused when it is one too many."""
        if isinstance(call, ReportProgress):
            self._reports += 1
            seconds = asyncio.get_running_loop().time() - self._begun
            if self._reports <= _REPORTS_PER_SECOND * (seconds + 1):
                return
        self._calls += 1
        if self._calls > self._limit:
            raise HostRefused(f"One run may ask the server {self._limit} times, and no more.")


class _Held:
    """A process in the hands of one run."""

    def __init__(self, process: InterviewProcess) -> None:
        self.process = process
        self.is_done = False

    def release(self, last: Frame) -> None:
        """Its answer is as it must be: the process can be used again, unless it asked to be replaced."""
        self.is_done = not last.is_last


async def _unless(cancelled: asyncio.Event, run: Coroutine[Any, Any, T]) -> T:
    """Run until the event is set. Raises RunKilled."""
    task = asyncio.create_task(run)
    end = asyncio.create_task(cancelled.wait())
    try:
        await asyncio.wait((task, end), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise RunKilled
    finally:
        end.cancel()
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _nested(answer: Coroutine[Any, Any, T]) -> T:
    """Answer a call during which other interviews may run: they are one deeper."""
    token = _DEPTH.set(_DEPTH.get() + 1)
    try:
        return await answer
    finally:
        _DEPTH.reset(token)


def _report(frame: Frame) -> dict[str, object] | str:
    """The report in a frame, or why there is none. Raises ProcessDied when it is neither."""
    if frame.kind is Kind.FAILED:
        return frame.body.decode(errors="replace")[:4000]
    try:
        report = orjson.loads(frame.body)
    except orjson.JSONDecodeError as error:
        raise ProcessDied("Its report is not JSON.") from error
    if frame.kind is not Kind.REPORT or not isinstance(report, dict):
        raise ProcessDied("It said something that is not a report.")
    return report


def _result(frame: Frame, request: RunRequest) -> tuple[RunResult, Blobs]:
    """The result in a frame. Raises ProcessDied when it is none, or names parts that are not there."""
    if frame.kind is not Kind.RESULT:
        raise ProcessDied("It said something that is not a result.")
    try:
        result = RunResult.model_validate_json(frame.body)
    except ValidationError as error:
        raise ProcessDied(f"Its result is not valid in {error.error_count()} places.") from error
    wanted = {effect.arguments_blob for effect in result.effects if isinstance(effect, LaunchTask)}
    match result.outcome:
        case ScreenReady() if not isinstance(request.operation, RunBackgroundAction):  # a task's is shown to nobody
            wanted.add("screen")
        case BackgroundValue():
            wanted.add("payload")
        case ResponseActionAsked():
            wanted.add("arguments")
        case _:
            pass
    if missing := wanted - frame.parts.keys():
        raise ProcessDied(f"Its result lacks {sorted(missing)}.")
    return result, dict(frame.parts)
