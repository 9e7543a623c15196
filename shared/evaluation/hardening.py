"""What a process gives up before it runs interview code (DESIGN §6, SECURITY.md).

Every function acts on the calling process and raises OSError when the kernel refuses.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
from dataclasses import dataclass

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_SECUREBITS = 28
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_SECUREBITS_NO_ROOT_LOCKED = 0b101111
"""NOROOT and NO_SETUID_FIXUP on, KEEP_CAPS off, each with its lock: user 0 gets nothing back by running a program."""
_CAPABILITY_VERSION = 0x20080522
_LAST_CAPABILITY = 63


@dataclass(frozen=True, slots=True)
class ResourceLimits:
    """What one interview process may use."""

    memory_bytes: int = 2 * 1024**3
    """Address space. Beyond it interview code gets a MemoryError."""
    file_bytes: int = 256 * 1024**2
    """Size of one file it writes."""
    open_files: int = 256
    processes: int = 256
    """Processes and threads of its user: counted by the kernel per user, so only set under a user of its own."""


def make_undumpable() -> None:
    """Put memory, environment and descriptors out of reach of others of the same user; leave no core dumps."""
    _prctl(_PR_SET_DUMPABLE, 0)


def die_with_parent() -> None:
    """End with the thread that started this process. A change of user clears it: call it after."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of descendants whose parent has ended, so that none escapes."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def forbid_new_privileges() -> None:
    """No set-user-id program gives this process or its descendants more than it has."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def become(user_id: int) -> None:
    """Go on as an unprivileged user, without groups. Only root can; there is no way back."""
    os.setgroups([])
    os.setresgid(user_id, user_id, user_id)
    os.setresuid(user_id, user_id, user_id)


def drop_capabilities() -> None:
    """Give up everything that makes root more than a user, for where root has to stay root."""
    for capability in range(_LAST_CAPABILITY + 1):
        with contextlib.suppress(OSError):  # numbers this kernel does not know
            _prctl(_PR_CAPBSET_DROP, capability)
    with contextlib.suppress(OSError):
        _prctl(_PR_SET_SECUREBITS, _SECUREBITS_NO_ROOT_LOCKED)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _checked(_libc().capset(ctypes.byref(header), ctypes.byref(nothing)))


def limit_resources(limits: ResourceLimits, *, has_own_user: bool) -> None:
    """Set the limits, never above those already in force."""
    wanted = {
        resource.RLIMIT_AS: limits.memory_bytes,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CORE: 0,
    }
    if has_own_user:
        wanted[resource.RLIMIT_NPROC] = limits.processes
    for what, value in wanted.items():
        hard = resource.getrlimit(what)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (value, value))


def _prctl(option: int, value: int) -> None:
    _checked(_libc().prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
