"""A process that speaks Redis and forgets everything at its end, for machines without redis-server.

Run as `python -m shared.storage.simulated_redis <socket path or loopback port>`; embedded_redis.py does.
"""

from __future__ import annotations

import signal
import socket
import sys
from itertools import count
from typing import Any

from fakeredis import TcpFakeServer
from fakeredis._clients._tcp_server import TCPFakeRequestHandler
from fakeredis._typing import RaiseErrorTypes


class Caller(TCPFakeRequestHandler):
    """Tells a caller of a refused command and goes on; fakeredis's own handler would hang up."""

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
    server.RequestHandlerClass = Caller
    server.daemon_threads = True
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
