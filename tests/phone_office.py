"""A double of Twilio's REST interface: takes messages over HTTP as it does, or refuses them as it does."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

SID, TOKEN = "AC" + "0" * 32, "a token of ours"


class PhoneOffice:
    """What was taken, and how it behaves."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self.taken: list[dict[str, Any]] = []
        self.refuses: dict[str, tuple[int, int]] = {}
        """By recipient: the HTTP status and Twilio's number of the error."""
        self.tries = 0

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

    def answer(self, path: str, authorization: str, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        self.tries += 1
        expected = "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
        if authorization != expected or path != f"/2010-04-01/Accounts/{SID}/Messages.json":
            return 401, {"code": 20003, "message": "Authenticate", "status": 401}
        to = form["To"][0]
        if to in self.refuses:
            status, code = self.refuses[to]
            return status, {"code": code, "message": f"Not for {to}", "status": status}
        self.taken.append({name: values if name == "MediaUrl" else values[0] for name, values in form.items()})
        return 201, {"sid": "SM" + "1" * 32, "status": "queued"}


@contextlib.contextmanager
def phone_office() -> Iterator[PhoneOffice]:
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

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    office = PhoneOffice(server)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield office
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
