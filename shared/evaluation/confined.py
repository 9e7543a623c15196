"""Keep a program that works on files which anybody may have made: `python -m shared.evaluation.confined <order>`.

The keeper gives up all but a folder to write to: the network where the kernel lets it be taken away, the rest of the
file system, and the server's user where it can; within limits of memory and time. What it starts has no more.

It reads one line, a command as JSON, runs that, and tells its exit status in a line. Before, it may have started
another program `ahead`, which is to wait meanwhile; if that ends too early, so does the keeper. When its input
closes, nothing is left of it nor of what it started: whoever asked has no more use for it, or is dead.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from shared.evaluation import hardening, landlock

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_OTHER_SYSTEM_FILES = (
    "/etc/libreoffice", "/var/lib/libreoffice", "/var/spool/libreoffice", "/opt", "/usr/local", "/etc/fonts",
    "/etc/papersize", "/etc/tesseract", "/sys/devices/system/cpu",
)  # fmt: skip
PUBLIC_FOLDERS = ("/tmp", "/var/tmp")  # noqa: S108
"""Where LibreOffice puts its socket, the first it may write to, whatever it is told."""


@dataclass(frozen=True, slots=True)
class Order:
    """Within what programs are to run."""

    program: str
    """Its absolute path: what lies beside it may be read."""
    folder: str
    """The only place to write; also home and the place for temporary files."""
    seconds: int
    """Of processor time, for each process."""
    memory_bytes: int
    user_id: int | None = None
    """Whom to become, where the server is root."""
    ahead: Sequence[str] = ()
    """A command to start at once; it is to live until it is needed."""
    leaves: Sequence[str] = ()
    """Files outside of the folder that programs may leave behind."""


def command_line(order: Order, *, python: str) -> Sequence[str]:
    """The command that starts this program with an order."""
    return [python, "-P", "-s", "-m", "shared.evaluation.confined", json.dumps(asdict(order))]


def main(order: Order) -> NoReturn:
    """Give up what is not needed, and keep programs until the input closes. Raises OSError when it cannot be done."""
    is_alone = leave_the_network()
    if os.geteuid() == 0:
        if order.user_id is None or not _is_open_to_all(Path(order.folder).parent):
            hardening.drop_capabilities()
        else:
            _give(Path(order.folder), order.user_id)
            hardening.become(order.user_id)
    os.chdir(order.folder)
    hardening.forbid_new_privileges()
    for what, value in (
        (resource.RLIMIT_CPU, order.seconds),
        (resource.RLIMIT_AS, order.memory_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 512 * 1024**2),
    ):
        hard = resource.getrlimit(what)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (value, value))
    program = Path(order.program).resolve().parent
    readable = [program, *(Path(name) for name in (*landlock.SYSTEM_FILES, *_OTHER_SYSTEM_FILES))]
    landlock.restrict(
        readable=readable,
        writable=[Path(order.folder), Path("/dev/null")],
        sockets=[Path(name) for name in PUBLIC_FOLDERS],
    )
    os.umask(0o077)
    try:
        # The socket on which it waits is found by nobody who does not share its network; where that could not be left,
        # other code of the same user, such as that of interviews, could find and call it.
        _keep(order.ahead if is_alone else ())
    except Exception:
        traceback.print_exc()  # what follows leaves no time for it
    finally:
        shutil.rmtree(order.folder, ignore_errors=True)
        for name in order.leaves:
            with contextlib.suppress(OSError):
                Path(name).unlink()
        os.killpg(0, signal.SIGKILL)
    sys.exit(1)


def _keep(ahead: Sequence[str]) -> None:
    """Until the input closes, or what was started ahead has ended before it was needed."""
    orders, answers = 0, 1
    heard, said = os.pipe()
    os.set_blocking(said, False)
    signal.set_wakeup_fd(said)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    waiting = _start(ahead) if ahead else None
    running: subprocess.Popen[bytes] | None = None
    line = b""
    while True:
        ready, _, _ = select.select([orders, heard], [], [])
        if heard in ready:
            os.read(heard, 4096)
            if running is None and waiting is not None and waiting.poll() is not None:
                return
            if running is not None and (status := running.poll()) is not None:
                os.write(answers, b"%d\n" % status)
        if orders in ready:
            piece = os.read(orders, 65_536)
            if not piece:
                return
            line += piece
            if running is None and line.endswith(b"\n"):
                running = _start(json.loads(line))


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": os.getcwd(),  # noqa: PTH109  # its folder
        "TMPDIR": os.getcwd(),  # noqa: PTH109
        "LANG": "C.UTF-8",
        "OMP_THREAD_LIMIT": "1",
        "SAL_USE_VCLPLUGIN": "svp",
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
    }
    return subprocess.Popen(  # an absolute path, and no shell
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )


def leave_the_network() -> bool:
    """A network of its own, in which there is nobody. Kernels may refuse; then the program is only told not to ask."""
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        if libc.unshare(_NEW_NETWORK) == 0:
            return True
        return os.geteuid() != 0 and libc.unshare(_NEW_USER | _NEW_NETWORK) == 0
    except AttributeError:
        return False


def _is_open_to_all(folder: Path) -> bool:
    """Whether any user can reach what is in a folder."""
    return all(place.stat().st_mode & 0o001 for place in (folder, *folder.parents))


def _give(folder: Path, user_id: int) -> None:
    for place, _, names in os.walk(folder):
        os.chown(place, user_id, user_id)
        for name in names:
            os.chown(Path(place, name), user_id, user_id)


if __name__ == "__main__":
    main(Order(**json.loads(sys.argv[1])))
