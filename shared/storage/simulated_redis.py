"""A process that speaks Redis and forgets everything at its end, for machines without redis-server.

Run as `python -m shared.storage.simulated_redis <socket path or loopback port>` with the password on standard input;
embedded_redis.py does. fakeredis knows passwords but serves callers that give none, so the door is kept here: the first
command must be the right AUTH, or a HELLO with it.
"""

from __future__ import annotations

import hmac
import select
import signal
import socket
import sys
import time
from itertools import count
from typing import Any

from fakeredis import FakeServer, TcpFakeServer
from fakeredis._clients._tcp_server import TCPFakeRequestHandler
from fakeredis._typing import RaiseErrorTypes

_LONGEST_GREETING = 1024
_GREETING_SECONDS = 5.0
_PASSWORD = b"requirepass"


class Caller(TCPFakeRequestHandler):
    """Lets in who knows the password; tells a caller of a refused command and goes on (fakeredis would hang up)."""

    def setup(self) -> None:
        """Begin to serve one caller."""
        super().setup()
        read = self.current_client.read_response

        def read_or_refusal(*arguments: Any, **options: Any) -> Any:
            try:
                return read(*arguments, **options)
            except RaiseErrorTypes as refusal:
                return refusal

        self.current_client.read_response = read_or_refusal  # type: ignore[method-assign]

    def handle(self) -> None:
        """Hear the first command, then serve whoever gave the password with it."""
        greeting = self._greeting()
        if not _has_password(greeting, self.server.fake_server.config[_PASSWORD]):
            self.wfile.write(b"-NOAUTH Authentication required.\r\n")
            return
        self.current_client.get_socket().sendall(greeting)
        super().handle()

    def _greeting(self) -> bytes:
        """The first command; what came of it when it is too long or too slow."""
        greeting = b""
        deadline = time.monotonic() + _GREETING_SECONDS
        while _words_in(greeting) is None and greeting[:1] in (b"", b"*") and len(greeting) < _LONGEST_GREETING:
            byte = self.rfile.read(1)
            if byte is None:  # nothing has come yet
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([self.connection], [], [], left)[0]:
                    break
            elif not byte:
                break
            greeting += byte or b""
        return greeting


def _words_in(command: bytes) -> list[bytes] | None:
    """The words of one whole command, an array of bulk strings; None while some are missing."""
    lines = command.split(b"\r\n")
    if not lines[0].startswith(b"*") or not lines[0][1:].isdigit() or not command.endswith(b"\r\n"):
        return None
    words = lines[2:-1:2]
    return words if len(words) == int(lines[0][1:]) else None


def _has_password(greeting: bytes, password: bytes) -> bool:
    match _words_in(greeting):
        case [name, *_, given] if name.upper() == b"AUTH":
            return hmac.compare_digest(given, password)
        case [name, _, auth, _, given, *_] if (name.upper(), auth.upper()) == (b"HELLO", b"AUTH"):
            return hmac.compare_digest(given, password)
        case _:
            return False


class LoopbackFakeServer(TcpFakeServer):
    """fakeredis's server with a queue for many callers at once."""

    request_queue_size = 128


class UnixFakeServer(LoopbackFakeServer):
    """The same on a Unix socket. Callers there have no address, so they get a number each."""

    address_family = socket.AF_UNIX

    def __init__(self, path: str) -> None:
        self._numbers = count(1)
        super().__init__(path)  # type: ignore[arg-type]

    def get_request(self) -> tuple[Any, Any]:
        """Accept one caller."""
        accepted, _ = self.socket.accept()
        return accepted, ("local", next(self._numbers))


def main(where: str) -> None:
    """Serve until SIGTERM."""
    server = LoopbackFakeServer(("127.0.0.1", int(where))) if where.isdigit() else UnixFakeServer(where)
    password = sys.stdin.readline().strip().encode()
    server.fake_server = FakeServer(server_type="redis", version=(8, 0), config={_PASSWORD: password})
    server.RequestHandlerClass = Caller
    server.daemon_threads = True
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
