"""A double of Twilio's REST interface: takes messages over HTTP as it does, or refuses them as it does, and gives out
the files of those that came.
"""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs

SID, TOKEN = "AC" + "0" * 32, "a token of ours"
EXPECTED = "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Kept:
    """How one file is given out."""

    contents: bytes = b""
    mimetype: str = "image/png"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    is_open: bool = False
    """Whether it needs no credentials."""
    waits: threading.Event | None = None
    """Until when half of it is all that comes."""


class PhoneOffice:
    """What was taken, and how it behaves."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self.taken: list[dict[str, Any]] = []
        self.refuses: dict[str, tuple[int, int]] = {}
        """By recipient: the HTTP status and Twilio's number of the error."""
        self.tries = 0
        self.files: dict[str, Kept] = {}
        """By path."""
        self.asked: list[tuple[str, str]] = []
        """Paths of files, and with which credentials."""
        self._numbers = count(1)

    @property
    def settings(self) -> dict[str, Any]:
        """How a service reaches it."""
        return {
            "twilio": [
                {"account sid": SID, "auth token": TOKEN, "number": "+15550000001", "whatsapp number": "+15550000002"},
                {"name": "other", "account sid": SID, "auth token": TOKEN, "number": "+15550000003"},
                {"name": "mute", "account sid": SID, "auth token": TOKEN, "number": "+15550000004", "sms": False},
                {"name": "lacking", "number": "+15550000005"},
            ],
            "twilio_url": self.url,
            "twilio_callback_url": "https://forms.example.org/",
        }

    def keep(self, contents: bytes = b"", mimetype: str = "image/png", **how: Any) -> str:
        """Keep a file; the address that a message names, which is Twilio's own."""
        path = f"/2010-04-01/Accounts/{SID}/Messages/MM{next(self._numbers)}/Media/ME1"
        self.files[path] = Kept(contents, mimetype, **how)
        return f"https://api.twilio.com{path}"

    def give(self, path: str, authorization: str) -> Kept:
        """What is given out for a path."""
        self.asked.append((path, authorization))
        kept = self.files.get(path, Kept(status=404))
        if not kept.is_open and authorization != EXPECTED:
            return Kept(status=401)
        return kept

    def answer(self, path: str, authorization: str, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        self.tries += 1
        if authorization != EXPECTED or path != f"/2010-04-01/Accounts/{SID}/Messages.json":
            return 401, {"code": 20003, "message": "Authenticate", "status": 401}
        to = form["To"][0]
        if to in self.refuses:
            status, code = self.refuses[to]
            return status, {"code": code, "message": f"Not for {to}", "status": status}
        self.taken.append({name: values if name == "MediaUrl" else values[0] for name, values in form.items()})
        return 201, {"sid": "SM" + "1" * 32, "status": "queued"}


@contextlib.contextmanager
def phone_office(kind: type[PhoneOffice] = PhoneOffice) -> Iterator[PhoneOffice]:
    """A running double."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            status, told = office.answer(self.path, self.headers["authorization"], parse_qs(body))
            said = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def do_GET(self) -> None:
            kept = office.give(self.path, self.headers["authorization"] or "")
            self.send_response(kept.status)
            size = str(len(kept.contents))
            for name, value in {"content-type": kept.mimetype, "content-length": size, **kept.headers}.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            half = len(kept.contents) // 2
            with contextlib.suppress(OSError):  # whoever asked may not wait
                self.wfile.write(kept.contents[:half])
                if kept.waits is not None:
                    self.wfile.flush()
                    kept.waits.wait(_PATIENCE_SECONDS)
                self.wfile.write(kept.contents[half:])

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    office = kind(server)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield office
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
