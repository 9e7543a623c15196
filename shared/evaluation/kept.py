"""The server's side of a program that is kept apart (confined.py): a folder, a keeper, one command, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from shared.evaluation.confined import Order, command_line

log = structlog.get_logger()

_ROOT = str(Path(__file__).resolve().parent.parent.parent)
_MOST_ANSWER_BYTES = 256 * 1024**2
_MOST_WORDS = 20_000
_END_SECONDS = 2.0
"""How long it may take what was killed to be gone."""
_NOISE = "javaldx"
"""LibreOffice misses Java, always."""


class ProgramProblem(Exception):
    """A program did not do what it was asked."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use."""

    seconds: float
    """How long it may take."""
    memory_bytes: int = 4 * 1024**3
    user_id: int | None = 64_646
    """Whom it runs as where the server is root."""


def new_folder() -> Path:
    """A folder for one program; whoever starts the keeper with it gives it up."""
    return Path(tempfile.mkdtemp(prefix="colloquy-program-"))


class Keeper:
    """A process that runs one command for us, in a folder of its own, and has to be ended, whatever happens.

    async with kept(limits, program="/usr/bin/tesseract") as keeper:
        picture = keeper.place("picture.png", contents)
        await keeper.run(("/usr/bin/tesseract", str(picture), "made"))
        made = keeper.result("made.txt")
    """

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.folder = folder
        self._process = process
        assert process.stdout is not None
        assert process.stderr is not None
        self._status = asyncio.create_task(process.stdout.readline())
        self._words = asyncio.create_task(_beginning(process.stderr))

    @classmethod
    async def started(
        cls, limits: Limits, *, program: str, folder: Path, ahead: Sequence[str] = (), leaves: Sequence[str] = ()
    ) -> Keeper:
        """Start one; what is in the folder is its own from now on. `ahead` and `leaves` as in its Order."""
        order = Order(
            program=program,
            folder=str(folder),
            seconds=int(limits.seconds * 2) + 1,
            memory_bytes=limits.memory_bytes,
            user_id=limits.user_id,
            ahead=tuple(ahead),
            leaves=tuple(leaves),
        )
        try:
            process = await asyncio.create_subprocess_exec(
                *command_line(order, python=sys.executable),
                env={"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHONPATH": _ROOT, "PYTHONDONTWRITEBYTECODE": "1"},
                cwd=folder,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return cls(process, folder)

    @property
    def is_waiting(self) -> bool:
        """Whether it can still be given its command, and what was started ahead lives."""
        return not self._status.done()

    async def gone(self) -> None:
        """Until it tells the end of its command, or is no more."""
        await asyncio.wait([self._status])

    def place(self, name: str, contents: bytes) -> Path:
        """Put a file into its folder. Raises OSError when there is one."""
        path = self.folder / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o644)  # whoever reads it may be another user; nobody else gets into the folder
            file.write(contents)
        return path

    async def run(self, command: Sequence[str]) -> None:
        """Run a command to its end, and end the rest. Raises ProgramProblem."""
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(json.dumps(list(command)).encode() + b"\n")
            await self._process.stdin.drain()
        line = await asyncio.shield(self._status)
        self.kill()
        said = [line for line in (await self._words).strip().splitlines() if _NOISE not in line]
        status = int(line) if line.strip() else None
        if status != 0:
            name = Path(command[0]).name
            log.warning("documents.program_failed", program=name, status=status)
            raise ProgramProblem(f"{name} ended with an error" + (f": {said[-1]}" if said else ""))

    def result(self, name: str) -> bytes:
        """What was made. Raises ProgramProblem."""
        path = self.folder / name
        if not path.is_file() or path.is_symlink():
            raise ProgramProblem("nothing came of it; the file may be damaged or protected by a password")
        if path.stat().st_size > _MOST_ANSWER_BYTES:
            raise ProgramProblem("the result is too large")
        return path.read_bytes()

    def kill(self) -> None:
        """End it with all that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def end(self) -> None:
        """Leave nothing of it."""
        self.kill()
        assert self._process.stdin is not None
        self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                await asyncio.wait([self._status, self._words])
                await self._process.wait()
        self._status.cancel()
        self._words.cancel()
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)


@contextlib.asynccontextmanager
async def kept(limits: Limits, *, program: str) -> AsyncIterator[Keeper]:
    """A keeper for the time of the block."""
    keeper = await Keeper.started(limits, program=program, folder=new_folder())
    try:
        yield keeper
    finally:
        await asyncio.shield(keeper.end())


async def _beginning(stream: asyncio.StreamReader) -> str:
    """The first words of a stream, which is read to its end: who writes more is not to wait for ever."""
    said = b""
    while piece := await stream.read(65_536):
        said += piece[: _MOST_WORDS - len(said)]
    return said.decode(errors="replace")
