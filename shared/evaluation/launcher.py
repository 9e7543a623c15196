"""The server's side of the template process: start it, have it fork and kill, hear what ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path

import structlog
from pydantic import TypeAdapter, ValidationError

import shared
from shared.evaluation import hardening
from shared.evaluation.port import ProcessDied
from shared.evaluation.setup import MESSAGE_BYTES, Broken, Ended, Kill, Setup, Spawn, Started, Up
from shared.kernel.errors import ColloquyError

log = structlog.get_logger()

_NEWS: TypeAdapter[Up | Broken | Started | Ended] = TypeAdapter(Up | Broken | Started | Ended)
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_LINE_LENGTH = 500
_LINES = 200


class TemplateFailed(ColloquyError):
    """The process that starts interview processes cannot work."""


class Launcher:
    """Starts the template, and again when it has ended. `make_setup` is given the scratch folder."""

    def __init__(
        self, *, make_setup: Callable[[str], Setup], python: str | None = None, scratch_parent: Path | None = None
    ) -> None:
        self._make_setup = make_setup
        self._python = python or sys.executable
        self._scratch_parent = scratch_parent
        self._template: _Running | None = None
        self._starting = asyncio.Lock()
        self._numbers = 0

    @property
    def facts(self) -> Up | None:
        """How interviews are kept apart; None while no template runs."""
        return self._template.facts if self._template and self._template.is_alive else None

    async def start(self) -> None:
        """Start the template and wait until it can fork. Raises TemplateFailed."""
        async with self._starting:
            if self._template is not None and self._template.is_alive:
                return
            if self._template is not None:
                await self._template.stop()
                self._template = None
            hardening.make_undumpable()
            scratch = tempfile.mkdtemp(prefix="colloquy-", dir=self._scratch_parent)
            template = _Running(python=self._python, setup=self._make_setup(scratch))
            try:
                await template.start()
            except BaseException:
                await template.stop()
                raise
            self._template = template

    async def stop(self) -> None:
        """End the template and every process it forked."""
        async with self._starting:
            template, self._template = self._template, None
            if template is not None:
                await template.stop()

    async def spawn(self, pipe: socket.socket, on_end: Callable[[int], None]) -> Callable[[], None]:
        """Fork a process that holds `pipe`; gives the function that kills it.

        `on_end` is called once with the exit status after it is reaped (or is lost together with the template).
        Raises ProcessDied when there is no template and none can be started.
        """
        template = self._template
        if template is None or not template.is_alive:
            await self.start()
            template = self._template
        if template is None:
            raise ProcessDied("The pool is stopped.")
        self._numbers += 1
        number = self._numbers
        template.spawn(number, pipe, on_end)
        return lambda: template.kill(number)


class _Running:
    """One running template."""

    def __init__(self, *, python: str, setup: Setup) -> None:
        self._python, self._setup = python, setup
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._log: _LogPipe | None = None
        self._on_end: dict[int, Callable[[int], None]] = {}
        self._up: asyncio.Future[Up] = asyncio.get_running_loop().create_future()
        self.facts: Up | None = None

    @property
    def is_alive(self) -> bool:
        return self._control is not None and self.facts is not None

    async def start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        self._control = ours
        self._log = _LogPipe()
        with theirs:
            self._process = subprocess.Popen(  # noqa: ASYNC220  (returns after exec, in milliseconds)
                [self._python, "-P", "-s", "-m", "shared.evaluation.template", str(theirs.fileno())],
                env=_environment(),
                cwd=self._setup.scratch,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._log.write_end,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self._log.start()
        asyncio.get_running_loop().add_reader(ours, self._hear)
        ours.send(self._setup.model_dump_json().encode())
        try:
            async with asyncio.timeout(_START_SECONDS):
                self.facts = await self._up
        except TimeoutError:
            raise TemplateFailed(f"It was not ready within {_START_SECONDS:g} s.") from None
        _log_isolation(self.facts)

    def spawn(self, number: int, pipe: socket.socket, on_end: Callable[[int], None]) -> None:
        if self._control is None:
            raise ProcessDied("The template has ended.")
        order = Spawn(number=number).model_dump_json().encode()
        try:
            socket.send_fds(self._control, [order], [pipe.fileno()])
        except OSError as error:
            raise ProcessDied(f"The template takes no orders: {error}") from error
        self._on_end[number] = on_end

    def kill(self, number: int) -> None:
        if self._control is not None and number in self._on_end:
            with contextlib.suppress(OSError):
                self._control.send(Kill(number=number).model_dump_json().encode())

    async def stop(self) -> None:
        self._lose()
        process = self._process
        if process is not None:
            try:
                await asyncio.to_thread(process.wait, _STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                await asyncio.to_thread(process.wait)
        if self._log is not None:
            self._log.stop()
        await asyncio.to_thread(shutil.rmtree, self._setup.scratch, True)

    def _hear(self) -> None:
        while self._control is not None:
            try:
                data = self._control.recv(MESSAGE_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                if self.facts is not None:
                    log.error("interviews.template_ended")
                self._lose()
                return
            try:
                self._heed(_NEWS.validate_json(data))
            except ValidationError:
                log.error("interviews.template_broken")
                self._lose()

    def _heed(self, news: Up | Broken | Started | Ended) -> None:
        match news:
            case Up() if not self._up.done():
                self._up.set_result(news)
            case Broken(problem=problem) if not self._up.done():
                self._up.set_exception(TemplateFailed(problem))
            case Ended(number=number, status=status):
                on_end = self._on_end.pop(number, None)
                if on_end is not None:
                    on_end(status)
            case _:
                pass

    def _lose(self) -> None:
        """The template is gone, or has to go: closing its socket ends it and everything it forked."""
        control, self._control = self._control, None
        if control is not None:
            asyncio.get_running_loop().remove_reader(control)
            control.close()
        if not self._up.done():
            self._up.set_exception(TemplateFailed("It ended at its start; its messages are in the log."))
            self._up.exception()
        ended, self._on_end = self._on_end, {}
        for on_end in ended.values():
            on_end(-9)


class _LogPipe:
    """What the template writes to its standard error, line by line into the log; so much and no more."""

    def __init__(self) -> None:
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._rest = b""
        self._lines: deque[float] = deque(maxlen=_LINES)

    def start(self) -> None:
        os.close(self.write_end)
        asyncio.get_running_loop().add_reader(self._read_end, self._read)

    def stop(self) -> None:
        if self._read_end >= 0:
            self._read()
        self._close()

    def _close(self) -> None:
        if self._read_end >= 0:
            asyncio.get_running_loop().remove_reader(self._read_end)
            os.close(self._read_end)
            self._read_end = -1

    def _read(self) -> None:
        try:
            data = os.read(self._read_end, 65536)
        except BlockingIOError:
            return
        if not data:
            self._close()
            return
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[-_LINE_LENGTH:]
        now = asyncio.get_running_loop().time()
        for line in lines:
            if len(self._lines) == _LINES and now - self._lines[0] < 60.0:
                continue
            self._lines.append(now)
            log.warning("interviews.stderr", line=line[:_LINE_LENGTH].decode(errors="replace"))


def _log_isolation(facts: Up) -> None:
    """Say how well interviews are kept apart; where only our silence protects the key file, say what would help."""
    how = {"own_user": facts.is_own_user, "user_id": facts.user_id, "landlock_version": facts.landlock}
    if facts.is_own_user or facts.landlock:
        log.info("interviews.isolated", **how)
    else:
        advice = (
            "Interview code can read the files of this server's user. Use a kernel with Landlock, or start as root."
        )
        log.warning("interviews.weakly_isolated", advice=advice, **how)


def _environment() -> dict[str, str]:
    """The whole environment of interview processes: nothing of ours."""
    root = Path(shared.__file__ or "").resolve().parent.parent
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(root),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
