"""The template of interview processes: `python -m shared.evaluation.template <control socket>`.

It is started by exec with an empty environment and no descriptor but its control socket, gives up what it can, imports
the engine once, makes it ready, and then forks a process for each request: what they all need is in memory once. It
reaps and kills them by their id, which nobody else can do without racing the kernel's reuse of ids. It never runs
interview code itself. The end of its socket is the end of the server: then it kills what it forked, cleans up and ends.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import NoReturn

from pydantic import TypeAdapter

from shared.evaluation import child, hardening, landlock
from shared.evaluation.child import Engine, ReadyEngine
from shared.evaluation.setup import MESSAGE_BYTES, Broken, Ended, Kill, Setup, Spawn, Started, Up
from shared.kernel.interview_path import InterviewPath
from shared.kernel.left_out import OF_TERMINALS, left_out

_ORDERS: TypeAdapter[Spawn | Kill] = TypeAdapter(Spawn | Kill)


class Template:
    """The loop: orders in, forks and reaped children out."""

    def __init__(self, control: socket.socket, setup: Setup, facts: Up, engine: ReadyEngine) -> None:
        self._control, self._setup, self._facts, self._engine = control, setup, facts, engine
        self._numbers: dict[int, int] = {}
        self._sweepers: set[int] = set()
        self._woken, self._wake = socket.socketpair()

    def run(self) -> None:
        """Serve until the server is gone."""
        self._woken.setblocking(False)
        self._wake.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        try:
            self._say(self._facts)
            while True:
                ready = {descriptor for descriptor, _ in poll.poll()}
                if self._woken.fileno() in ready:
                    self._reap()
                if self._control.fileno() in ready and not self._obey():
                    return
        except (BrokenPipeError, ConnectionResetError):
            return
        finally:
            self._end()

    def _end(self) -> None:
        """Leave nothing behind, also when the server has been killed and cannot clean up itself."""
        signal.set_wakeup_fd(-1)  # who ends from here on wakes nobody: the socket may be gone before Python is
        for pid in self._numbers:
            _kill(pid)
        for pid in self._numbers:
            os.waitpid(pid, 0)
        self._kill_orphans()
        shutil.rmtree(self._setup.scratch, ignore_errors=True)

    def _obey(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self._control, MESSAGE_BYTES, 1)
        if not data:
            return False
        match _ORDERS.validate_json(data):
            case Spawn(number=number):
                with socket.socket(fileno=descriptors[0]) as pipe:
                    pid = os.fork()
                    if pid == 0:
                        self._become_child(number, pipe)
                    self._numbers[pid] = number
                self._say(Started(number=number, pid=pid))
            case Kill(number=number):
                for pid, other in self._numbers.items():
                    if other == number:
                        _kill(pid)
        return True

    def _become_child(self, number: int, pipe: socket.socket) -> NoReturn:
        status = 70
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for inherited in (self._control, self._woken, self._wake):
                inherited.close()
            child.main(pipe, number, self._setup, self._facts, self._engine)
            status = 0
        finally:
            os._exit(status)

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            _kill_group(ended.si_pid)  # before its id is given back to the kernel
            status = os.waitpid(ended.si_pid, 0)[1]
            self._sweepers.discard(ended.si_pid)
            number = self._numbers.pop(ended.si_pid, None)
            if number is not None:
                self._kill_orphans()
                self._sweep(number)
                self._say(Ended(number=number, status=os.waitstatus_to_exitcode(status)))

    def _kill_orphans(self) -> None:
        """End what an ended process left behind; the kernel has made us its parent."""
        with contextlib.suppress(OSError):
            listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            for pid in set(map(int, listed)) - set(self._numbers) - self._sweepers:
                _kill(pid)

    def _sweep(self, number: int) -> None:
        """Remove the private folder of an ended process, in a process of its own: it may be large."""
        folder = Path(self._setup.scratch, str(number))
        if not folder.is_dir():
            return
        pid = os.fork()
        if pid == 0:
            try:
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os._exit(0)
        self._sweepers.add(pid)

    def _say(self, message: Up | Started | Ended) -> None:
        self._control.send(message.model_dump_json().encode())


def _kill(pid: int) -> None:
    _kill_group(pid)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _give_up_privileges(setup: Setup) -> Up:
    """Become another user where that leaves the code readable; otherwise keep the user, without its powers."""
    is_own_user = False
    if os.geteuid() == 0:
        if setup.user_id is not None and _is_readable_for(setup.user_id, setup):
            os.chown(setup.scratch, setup.user_id, setup.user_id)
            hardening.become(setup.user_id)
            is_own_user = True
        else:
            hardening.drop_capabilities()
    hardening.make_undumpable()
    hardening.adopt_orphans()
    hardening.forbid_new_privileges()
    os.umask(0o077)
    version = landlock.version() if setup.has_sandbox else 0
    return Up(user_id=os.geteuid(), is_own_user=is_own_user, landlock=version)


def _is_readable_for(user_id: int, setup: Setup) -> bool:
    """Whether that user can read Python, our code and the interviews; tried out in a process of its own."""
    needed = [
        *map(Path, (sys.prefix, sys.base_prefix, os.__file__, *setup.code)),
        *(Path(folder) for folder in setup.folders if Path(folder).exists()),
        Path(setup.scratch).parent,
    ]
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            hardening.become(user_id)
            is_fine = all(os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)) for path in needed)
            status = 0 if is_fine else 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _ready_engine(setup: Setup) -> ReadyEngine:
    """The engine, as every process will find it. Here it stays unused, and nothing of interviews can be imported."""
    module, _, name = setup.engine.partition(":")
    finders = list(sys.meta_path)
    with left_out(*OF_TERMINALS):
        engine: Engine = getattr(importlib.import_module(module), name)(InterviewPath.of(setup.folders), setup.config)
    ready = ReadyEngine(engine, tuple(sys.meta_path))
    sys.meta_path[:] = finders
    return ready


def main(control: socket.socket) -> None:
    """Read the setup, prepare, serve."""
    setup = Setup.model_validate_json(control.recv(MESSAGE_BYTES))
    try:
        facts = _give_up_privileges(setup)
        engine = _ready_engine(setup)
    except Exception as error:  # whatever it is, the server must be told
        control.send(Broken(problem=f"{type(error).__name__}: {error}"[:2000]).model_dump_json().encode())
        raise
    gc.collect()
    gc.freeze()
    Template(control, setup, facts, engine).run()


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as _control:
        _control.set_inheritable(False)
        main(_control)
