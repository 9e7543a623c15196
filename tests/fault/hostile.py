# ruff: noqa
"""What a hostile interview would try, as code of an interview: every attempt notes what it got in `found`.

`target` tells it more than an interview can know: the ids of our processes, the place of the key file, the mark that all
our secrets bear. Everything it got hold of is searched for the mark by the test.
"""

import contextlib
import ctypes
import errno
import gc
import os
import re
import socket
import stat
import subprocess
import sys

MARK = target["mark"]
PIDS = [pid for pid in target["pids"] if pid != os.getpid()]
KEY_FILE = target["key_file"]
DATA_FOLDER = os.path.dirname(KEY_FILE)

found: dict[str, list[str]] = {}


def note(attempt: str, got: object) -> None:
    found.setdefault(attempt, []).append(str(got)[:2000])


def attempt(name: str, action, *arguments) -> None:
    """Try; a success is noted, a refusal is not."""
    with contextlib.suppress(OSError, ValueError, subprocess.SubprocessError):
        note(name, action(*arguments))


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(100_000)


def leave(path: str) -> str:
    with open(path, "w"):
        os.unlink(path)
    return path


def read_memory(pid: int) -> bytes:
    maps = read(f"/proc/{pid}/maps").decode()
    got = b""
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for start, end in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw", maps, re.M):
            with contextlib.suppress(OSError, ValueError, OverflowError):
                memory.seek(int(start, 16))
                got += memory.read(int(end, 16) - int(start, 16))
    return b"memory of %d bytes" % len(got)


def trace(pid: int) -> str:
    libc = ctypes.CDLL(None, use_errno=True)
    for name, request in (("attach", 16), ("seize", 0x4206)):
        if libc.ptrace(request, pid, 0, 0) == 0:
            return name
    raise OSError(ctypes.get_errno(), "ptrace")


def read_other_memory(pid: int) -> str:
    class Range(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]

    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(8)
    here, there = Range(ctypes.addressof(buffer), 8), Range(id(gc), 8)
    if libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) >= 0:
        return "readable"
    if ctypes.get_errno() == errno.EFAULT:
        return "allowed, with a bad address"
    raise OSError(ctypes.get_errno(), "process_vm_readv")


# What came along: environment, command line, objects, descriptors.
for name, value in os.environ.items():
    if MARK in value or "COLLOQUY" in name:
        note("environment", f"{name}={value}")
for part in [*sys.argv, *sys.orig_argv]:
    if MARK in part:
        note("arguments", part)
for module in list(sys.modules.values()):
    for name, value in list(vars(module).items()) if hasattr(module, "__dict__") else ():
        if name != "target" and isinstance(value, str | bytes) and MARK in str(value) and value != MARK:
            note("modules", f"{module.__name__}.{name}")
for name in list(sys.modules):
    if name.split(".")[0] in ("asyncpg", "aio_pika", "redis", "cryptography") or name.startswith("shared.crypto"):
        note("client libraries", name)
sockets = 0
for number in range(3, 1024):
    try:
        mode = os.fstat(number).st_mode
    except OSError:
        continue
    if stat.S_ISSOCK(mode):
        sockets += 1
    elif not stat.S_ISFIFO(mode):
        note("descriptors", f"{number}: {oct(mode)}")
if sockets != 1:
    note("descriptors", f"{sockets} sockets")

# The server and its neighbours, through the kernel.
for pid in PIDS:
    for name in ("environ", "maps", "mem", "auxv", "cmdline", "stack", "syscall", "root/etc/passwd", "cwd/.", "exe"):
        attempt("proc", read, f"/proc/{pid}/{name}")
    for name in ("fd", "map_files", "task", "root", "cwd"):
        attempt("proc", os.listdir, f"/proc/{pid}/{name}")
    attempt("proc memory", read_memory, pid)
    attempt("ptrace", trace, pid)
    attempt("process_vm_readv", read_other_memory, pid)
    attempt("signal", os.kill, pid, 0)
attempt("all processes", os.listdir, "/proc")

# The key file and whatever lies beside it.
for path in (
    KEY_FILE,
    f"/proc/self/root{KEY_FILE}",
    f"/proc/thread-self/root{KEY_FILE}",
    f"/proc/self/cwd/../../..{KEY_FILE}",
):
    attempt("key file", read, path)
attempt("key file", os.listdir, DATA_FOLDER)
attempt("key file", os.link, KEY_FILE, "linked")
attempt("key file", lambda: os.symlink(KEY_FILE, "link") or read("link"))
attempt("key file", os.rename, KEY_FILE, "moved")
attempt("key file mode", os.chmod, KEY_FILE, 0o600)
attempt("key file", lambda: subprocess.run(["/bin/cat", KEY_FILE], check=True, capture_output=True).stdout)
for folder in ("/root", "/home", os.path.dirname(os.path.abspath(target["checkout"])), target["checkout"]):
    attempt("folders", os.listdir, folder)
attempt("folders", read, "/etc/shadow")

# More power than it was given.
if not target.get("is_rehearsal"):
    attempt("powers", os.setuid, 0) if os.getuid() else None
    attempt("powers", os.chroot, ".")
    attempt("powers", os.setgroups, [0])
    attempt("powers", lambda: subprocess.run(["/usr/bin/unshare", "-m", "true"], check=True, capture_output=True))
    attempt("powers", lambda: subprocess.run(["/bin/mount", "-t", "tmpfs", "x", "."], check=True, capture_output=True))

# Places where something could be left for others, or for later.
for folder in ("/tmp", "/var/tmp", "/dev/shm", target["checkout"], os.path.dirname(os.getcwd())):
    attempt("writing", leave, os.path.join(folder, f"left-behind-{os.getpid()}"))
attempt("writing", lambda: socket.socket(socket.AF_INET).bind(("127.0.0.1", 0)))

# What it may do: its own folder, Python's library, programs of the system.
with open("own.txt", "w") as file:
    file.write("fine")
import xml.dom.minidom

assert subprocess.run(["/bin/cat", "own.txt"], capture_output=True, check=True).stdout == b"fine"
assert xml.dom.minidom
