"""The template of interview processes when its server is gone."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

from shared.evaluation.child import ReadyEngine
from shared.evaluation.setup import Setup, Up
from shared.evaluation.template import Template
from shared.kernel.interview_path import InterviewPath
from tests.unit.evaluation.scripted_engine import ScriptedEngine

REPOSITORY = Path(__file__).parents[3]


def test_a_process_that_ends_after_the_template_writes_to_no_socket_of_it(tmp_path: Path) -> None:
    """In a process of its own: at its end the template takes all its children along, servers of other tests too."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    order = [sys.executable, "-m", __name__, str(scratch)]
    ended = subprocess.run(order, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout.strip()) == (0, "-1"), ended.stderr
    assert not scratch.exists()


def run_until_the_server_is_gone(scratch: Path) -> None:
    """Print what wakes this process when one of its children ends after the template; -1: nothing."""
    server, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server.close()
    with control:
        engine = ReadyEngine(ScriptedEngine(InterviewPath.of(()), {}), ())
        Template(control, _setup(scratch), Up(user_id=0, is_own_user=False, landlock=0), engine).run()
    print(signal.set_wakeup_fd(-1))


def _setup(scratch: Path) -> Setup:
    return Setup(
        engine="tests.unit.evaluation.scripted_engine:ScriptedEngine",
        folders=(),
        scratch=str(scratch),
        code=(),
        memory_bytes=1,
        file_bytes=1,
        open_files=1,
        processes=1,
        growth_bytes=1,
        runs=1,
        body_bytes=1,
        parts_bytes=1,
    )


if __name__ == "__main__":
    run_until_the_server_is_gone(Path(sys.argv[1]))
