"""Run another program on a file that anybody may have made: `python -m shared.evaluation.confined <order as JSON>`.

It becomes the program, with nothing but its own folder to write to, without the network where the kernel lets it be
taken away, within limits of memory and time, and ends with the server.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from shared.evaluation import hardening, landlock
from shared.evaluation.child import SYSTEM_FILES

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_OTHER_SYSTEM_FILES = (
    "/etc/libreoffice", "/var/lib/libreoffice", "/var/spool/libreoffice", "/opt", "/usr/local", "/etc/fonts",
    "/etc/papersize", "/etc/tesseract", "/sys/devices/system/cpu",
)  # fmt: skip


class Order(BaseModel):
    """What is to be run, and within what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: tuple[str, ...]
    folder: str
    """Its only place to write; also its home and its place for temporary files."""
    seconds: int
    """Of processor time."""
    memory_bytes: int
    user_id: int | None = None
    """Whom to become, where the server is root."""


def command_line(order: Order, *, python: str) -> Sequence[str]:
    """The command that starts this program with an order."""
    return [python, "-P", "-s", "-m", "shared.evaluation.confined", order.model_dump_json()]


def main(order: Order) -> None:
    """Give up what is not needed, and become the program. Raises OSError when it cannot be started."""
    _leave_the_network()
    if os.geteuid() == 0:
        if order.user_id is None or not _is_open_to_all(Path(order.folder).parent):
            hardening.drop_capabilities()
        else:
            _give(Path(order.folder), order.user_id)
            hardening.become(order.user_id)
    os.chdir(order.folder)
    hardening.die_with_parent()
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
    program = Path(order.command[0]).resolve().parent
    readable = [program, *(Path(name) for name in (*SYSTEM_FILES, *_OTHER_SYSTEM_FILES))]
    landlock.restrict(
        readable=readable,
        writable=[Path(order.folder), Path("/dev/null")],
        sockets=[Path("/tmp")],  # noqa: S108  # where LibreOffice puts its own, whatever it is told
    )
    os.umask(0o077)
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": order.folder,
        "TMPDIR": order.folder,
        "LANG": "C.UTF-8",
        "OMP_THREAD_LIMIT": "1",
        "SAL_USE_VCLPLUGIN": "svp",
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
    }
    os.execve(order.command[0], order.command, environment)  # noqa: S606  # an absolute path, and no shell


def _leave_the_network() -> None:
    """A network of its own, in which there is nobody. Kernels may refuse; then the program is only told not to ask."""
    libc = ctypes.CDLL(None, use_errno=True)
    with contextlib.suppress(AttributeError):
        if libc.unshare(_NEW_NETWORK) != 0 and os.geteuid() != 0:
            libc.unshare(_NEW_USER | _NEW_NETWORK)


def _is_open_to_all(folder: Path) -> bool:
    """Whether any user can reach what is in a folder."""
    return all(place.stat().st_mode & 0o001 for place in (folder, *folder.parents))


def _give(folder: Path, user_id: int) -> None:
    for place, _, names in os.walk(folder):
        os.chown(place, user_id, user_id)
        for name in names:
            os.chown(Path(place, name), user_id, user_id)


if __name__ == "__main__":
    main(Order.model_validate_json(sys.argv[1]))
