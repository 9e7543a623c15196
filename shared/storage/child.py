"""Start a server program that ends when we do, as another user if need be; and find one that was left behind.

The program is started through a few lines of Python that give up rights, ask the kernel for a signal at our death
(Linux) and then become the program: the server is our direct child, with our environment scrubbed.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from shared.kernel.errors import ColloquyError

_BECOME = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
uid, gid, number, parent = (int(word) for word in sys.argv[1:5])
if uid >= 0 and os.geteuid() == 0:  # from here on our own libraries may be out of reach: nothing is imported below
    os.setgroups([]); os.setresgid(gid, gid, gid); os.setresuid(uid, uid, uid)
elif uid >= 0:  # an ordinary user: the number is another name for ours, in a user namespace where there are such
    maps = {"setgroups": "deny", "uid_map": f"{uid} {os.geteuid()} 1", "gid_map": f"{gid} {os.getegid()} 1"}
    if sys.platform == "linux" and libc.unshare(0x10000000) == 0:  # CLONE_NEWUSER
        for name, line in maps.items():
            with open(f"/proc/self/{name}", "w") as file:
                file.write(line)
os.umask(0o077)
if sys.platform == "linux":
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    if number:
        libc.prctl(1, number, 0, 0, 0)  # PR_SET_PDEATHSIG; a change of user would clear it
        if os.getppid() != parent:
            sys.exit("the process that started this has gone")
os.execv(sys.argv[5], sys.argv[5:])
"""

_POLL_SECONDS = 0.01


class DataFolderInUse(ColloquyError):
    """Another running Colloquy uses this data folder; stop it, or choose another with COLLOQUY_DATA_DIR."""


class DataFolderUnusable(ColloquyError):
    """The data folder cannot be written; mend that, or choose another with COLLOQUY_DATA_DIR."""


class ProgramFailed(ColloquyError):
    """A program we need did not do its work."""


@dataclass(frozen=True, slots=True)
class RunAs:
    """A user and group by number; they need no entry in the user database. Only root can really become another."""

    uid: int
    gid: int


def become(
    arguments: Sequence[str | Path], *, run_as: RunAs | None = None, death_signal: signal.Signals | None = None
) -> list[str]:
    """The command line that gives up rights and then becomes the program."""
    user = run_as or RunAs(-1, -1)
    numbers = (user.uid, user.gid, int(death_signal or 0), os.getpid())
    return [sys.executable, "-I", "-S", "-c", _BECOME, *(str(word) for word in (*numbers, *arguments))]


def launch(
    arguments: Sequence[str | Path],
    *,
    folder: Path,
    output: Path,
    environment: Mapping[str, str] | None = None,
    run_as: RunAs | None = None,
    death_signal: signal.Signals | None = None,
    given: bytes = b"",
) -> subprocess.Popen[bytes]:
    """Start a server; its output goes to a file, `given` to its standard input.

    In a session of its own, so that Ctrl-C reaches us only and servers are stopped after those who use them. The
    death signal comes when the *thread* that called this ends: call it from the main thread.
    """
    with _opened(output) as file:
        process = subprocess.Popen(
            become(arguments, run_as=run_as, death_signal=death_signal),
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=folder if run_as is None else "/",
            env=clean_environment(environment),
            start_new_session=True,
        )
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(given)
            process.stdin.close()
    return process


async def run_to_end(
    arguments: Sequence[str | Path],
    *,
    run_as: RunAs | None = None,
    environment: Mapping[str, str] | None = None,
    given: bytes = b"",
    limit_seconds: float = 60.0,
) -> str:
    """Run a program and give what it printed. Raises ProgramFailed with the end of its output."""
    process = await asyncio.create_subprocess_exec(
        *become(arguments, run_as=run_as, death_signal=signal.SIGKILL),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        env=clean_environment(environment),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(limit_seconds):
            output, _ = await process.communicate(given)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    text = output.decode(errors="replace")
    if process.returncode:
        raise ProgramFailed(f"{Path(arguments[0]).name} ended with {process.returncode}: {text.strip()[-1500:]}")
    return text


def clean_environment(additions: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment with nothing of ours in it."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", **(additions or {})}


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold a folder for this process, made if need be; the claim ends with the process.

    Raises DataFolderInUse, DataFolderUnusable.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / "in-use", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise DataFolderUnusable(f"{folder}: {error.strerror}.") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataFolderInUse(str(folder)) from None
        yield
    finally:
        os.close(descriptor)


def is_alive(pid: int) -> bool:
    """Whether there is such a process (a zombie is none)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    return True


def working_folder(pid: int) -> Path | None:
    """The working folder of a process, if it can be known."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cwd").readlink()
        except OSError:
            return None
    found = subprocess.run(
        ["lsof", "-a", "-p", str(pid), "-d", "cwd", "-Fn"], capture_output=True, text=True, check=False
    )
    names = [line[1:] for line in found.stdout.splitlines() if line.startswith("n")]
    return Path(names[0]) if names else None


def is_anyone_in(folder: Path) -> bool:
    """Whether any process has this working folder; servers work in their data folder."""
    wanted = folder.resolve()
    return any(
        working_folder(int(entry.name)) == wanted for entry in Path("/proc").glob("[0-9]*") if entry.name.isdigit()
    )


async def ended(pid: int, *, limit_seconds: float, process: subprocess.Popen[bytes] | None = None) -> bool:
    """Wait until a process has ended; False when it has not in time."""
    deadline = asyncio.get_running_loop().time() + limit_seconds
    while process.poll() is None if process is not None else is_alive(pid):
        if asyncio.get_running_loop().time() >= deadline:
            return False
        await asyncio.sleep(_POLL_SECONDS)
    return True


async def stop_process(
    pid: int,
    first: signal.Signals,
    *,
    process: subprocess.Popen[bytes] | None = None,
    limit_seconds: float = 10.0,
    then: signal.Signals = signal.SIGKILL,
) -> None:
    """Ask a process to end, and make it end when it does not."""
    for number, seconds in ((first, limit_seconds), (then, limit_seconds), (signal.SIGKILL, limit_seconds)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if await ended(pid, limit_seconds=seconds, process=process):
            return


def end_of(path: Path, *, size: int = 2000) -> str:
    """The end of a log file."""
    with contextlib.suppress(OSError):
        return path.read_text(errors="replace")[-size:].strip()
    return ""


@contextlib.contextmanager
def _opened(output: Path) -> Iterator[IO[bytes]]:
    """A log file to append to; begins anew when it has grown large."""
    if output.exists() and output.stat().st_size > 1_000_000:
        output.replace(output.with_suffix(".old"))
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        yield file
