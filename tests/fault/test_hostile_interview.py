"""A hostile interview looks for everything of ours, and finds nothing (DESIGN §6).

The server runs in a process of its own, with secrets in its environment, in its memory and in a key file. It runs once
for every way in which interviews can be kept apart on this machine: under a user of their own (needs root and a Python
that others may read), under root without its powers, and under the very user of a server that is not root.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.fault

HERE = Path(__file__).parent
MARK = "SECRET-"
PLAIN_USER = 64_640


@dataclass(frozen=True)
class Way:
    """One way to start the server and its interviews."""

    name: str
    server: tuple[str, ...]
    python: str
    is_own_user: bool
    owner: int


def ways(folder: Path) -> list[Way]:
    """What is possible on this machine."""
    if os.geteuid() != 0:
        return [Way("plain user", (sys.executable,), sys.executable, False, os.geteuid())]
    found = [Way("root without powers", (sys.executable,), sys.executable, not _is_private(sys.executable), 0)]
    if (python := _python_for_others(folder)) is not None:
        drop = ("setpriv", f"--reuid={PLAIN_USER}", f"--regid={PLAIN_USER}", "--clear-groups", "--inh-caps=-all")
        found.append(Way("own user", (sys.executable,), python, True, 0))
        found.append(Way("plain user", (*drop, python), python, False, PLAIN_USER))
    return found


def _is_private(path: str) -> bool:
    """Whether other users cannot get at this file."""
    real = Path(path).resolve()
    return any(not parent.stat().st_mode & stat.S_IXOTH for parent in real.parents)


def _python_for_others(folder: Path) -> str | None:
    """A Python of our version that every user may run, with our libraries; None where there is none."""
    if not _is_private(sys.executable):
        return sys.executable
    system = Path(f"/usr/bin/python3.{sys.version_info.minor}")
    libraries = Path(psutil.__file__).parents[1]
    if not system.exists() or _is_private(str(libraries)):
        return None
    script = folder / "python"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{libraries}:$PYTHONPATH" exec {system} "$@"\n')
    script.chmod(0o755)
    return str(script)


@pytest.fixture(params=["root without powers", "own user", "plain user"])
def way(request: pytest.FixtureRequest, open_folder: Path) -> Way:
    """Each way that this machine allows; one at least."""
    possible = {way.name: way for way in ways(open_folder)}
    assert possible
    if request.param not in possible:
        return next(iter(possible.values()))
    return possible[request.param]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter. Not one of pytest's: it closes them whenever another run begins beside."""
    with tempfile.TemporaryDirectory(prefix="colloquy-open-", dir="/tmp") as made:
        folder = Path(made)
        folder.chmod(0o755)
        yield folder


def attack(way: Way, folder: Path, hostile: Path = HERE / "hostile.py") -> dict[str, Any]:
    """Start a server with secrets, and let the hostile interview run in it."""
    key_file = folder / "server.keys"
    key_file.write_text(MARK + "the key of the server")
    key_file.chmod(0o600)
    interviews = folder / "interviews"
    interviews.mkdir(mode=0o755)
    for path in (key_file, interviews):
        os.chown(path, way.owner, -1)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHON_TO_USE": way.python,
        "COLLOQUY_DATABASE_URL": f"postgresql://colloquy:{MARK}database@127.0.0.1/colloquy",
        "COLLOQUY_AMQP_URL": f"amqp://colloquy:{MARK}broker@127.0.0.1/",
        "COLLOQUY_SERVER_KEY_FILE": str(key_file),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    ended = subprocess.run(
        [*way.server, str(HERE / "hostile_server.py"), str(key_file), str(hostile), str(interviews)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    report: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return report


def test_a_hostile_interview_finds_nothing(way: Way, open_folder: Path) -> None:
    report = attack(way, open_folder)
    assert report["outcome"]["kind"] == "response", report["outcome"]
    found = report["found"]
    if not way.is_own_user:
        # Landlock does not watch over modes: under its own user the server's files can be made unreadable, not read.
        found.pop("key file mode", None)
    assert found == {}
    assert report["isolation"]["is_own_user"] is way.is_own_user
    assert report["is_neighbour_alive"], "the neighbour was ended"
    assert report["key_is_there"]


def test_the_attack_finds_what_is_not_protected(open_folder: Path) -> None:
    """The same code as an ordinary program, so that we know that it looks in the right places."""
    key_file = open_folder / "server.keys"
    key_file.write_text(MARK + "the key of the server")
    victim = subprocess.Popen(["/bin/sleep", "60"])
    target = {
        "mark": MARK,
        "pids": [victim.pid],
        "key_file": str(key_file),
        "checkout": str(open_folder),
        "is_rehearsal": True,
    }
    code = f"target = {target!r}\n{(HERE / 'hostile.py').read_text()}\nimport json\nprint(json.dumps(found))"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={"COLLOQUY_DATABASE_URL": MARK + "database"},
        capture_output=True,
        text=True,
        check=True,
        cwd=open_folder,
    )
    victim.kill()
    victim.wait()
    found = json.loads(ended.stdout)
    assert {"environment", "key file", "proc", "signal", "all processes", "writing", "folders"} <= found.keys()
    assert any(MARK in got for got in found["key file"])
