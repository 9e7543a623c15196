"""The template of interview processes when its server is gone."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

from shared.evaluation.child import ReadyEngine
from shared.evaluation.setup import Setup, Up
from shared.evaluation.template import Template
from shared.kernel.interview_path import InterviewPath
from tests.unit.evaluation.scripted_engine import ScriptedEngine


def test_a_process_that_ends_after_the_template_writes_to_no_socket_of_it(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    server, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server.close()
    handler = signal.getsignal(signal.SIGCHLD)
    try:
        with control:
            engine = ReadyEngine(ScriptedEngine(InterviewPath.of(()), {}), ())
            Template(control, _setup(scratch), Up(user_id=0, is_own_user=False, landlock=0), engine).run()
        assert signal.set_wakeup_fd(-1) == -1
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, handler)
    assert not scratch.exists()


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
