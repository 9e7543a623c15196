"""A DNS server for tests."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


@contextlib.contextmanager
def names(zone: Mapping[str, str]) -> Iterator[str]:
    """A DNS server for these texts; its address. It cannot say anything of names with `silent` in them."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                raw, peer = server.recvfrom(4096)
            except OSError:
                return
            if raw == b"end":
                return
            asked = dns.message.from_wire(raw)
            answer = dns.message.make_response(asked)
            answer.flags |= dns.flags.RA
            [question] = asked.question
            if "silent" in question.name.to_text().lower():
                answer.set_rcode(dns.rcode.SERVFAIL)
                server.sendto(answer.to_wire(), peer)
                continue
            text = zone.get(question.name.to_text().lower())
            if text is None:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            elif question.rdtype == 16:
                pieces = " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", pieces))
            server.sendto(answer.to_wire(), peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    host, port = server.getsockname()
    try:
        yield f"{host}:{port}"
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"end", (host, port))
        thread.join(10)
        server.close()
