"""DAWeb: calls of other servers, against one that tells what it was asked (spec/area2 §10)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from shared.interview.library.author_stores.web import DAWeb, DAWebError
from shared.interview.library.faults import DAError
from shared.interview.runtime.run import Run


class Echo(BaseHTTPRequestHandler):
    """Answers with the request; its path says with which status."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        told = {
            "method": self.command,
            "path": self.path,
            "body": body,
            "type": self.headers.get("Content-Type"),
            "authorization": self.headers.get("Authorization"),
            "cookie": self.headers.get("Cookie"),
        }
        data = b"not JSON" if "text" in self.path else json.dumps(told).encode()
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Set-Cookie", "seen=yes")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_addresses_are_joined_with_one_slash_and_data_become_the_query(run: Run, address: str) -> None:
    web = DAWeb("web", base_url=address + "/api/")
    assert web.get("/fruit", data={"name": "fig"})["path"] == "/api/fruit?name=fig"
    assert web.delete(f"{address}/other")["path"] == "/other"


def test_bodies_are_json_or_forms(run: Run, address: str) -> None:
    web = DAWeb("web", base_url=address)
    sent = web.post("fruit", data={"name": "fig"})
    assert (json.loads(sent["body"]), sent["type"]) == ({"name": "fig"}, "application/json")
    assert web.post("fruit", data={"name": "fig"}, json_body=False)["body"] == "name=fig"
    assert web.post("fruit")["body"] == ""


def test_who_asks_is_told_in_the_way_that_was_chosen(run: Run, address: str) -> None:
    web = DAWeb("web", base_url=address, auth={"type": "bearer", "token": "abc"})
    assert web.get("x")["authorization"] == "Bearer abc"
    basic = web.get("x", auth={"username": "ada", "password": "secret"})
    assert basic["authorization"].startswith("Basic ")
    with pytest.raises(DAError, match="no type of auth"):
        web.get("x", auth={"type": "magic"})


def test_cookies_are_sent_and_taken_over(run: Run, address: str) -> None:
    web = DAWeb("web", base_url=address, cookies={"mine": "1"})
    assert web.get("x")["cookie"] == "mine=1"
    assert web.cookies == {"seen": "yes"}


def test_success_and_failure_give_what_was_wished(run: Run, address: str) -> None:
    web = DAWeb("web", base_url=address, on_failure="status_code")
    assert web.get("text") == "not JSON"
    assert web.get("text", on_success="content") == b"not JSON"
    assert web.get("missing") == 404
    assert web.get("missing", on_failure="nothing there") == "nothing there"
    assert web.get("missing", success_code="404")["path"] == "/missing"


def test_a_call_that_ends_well_marks_its_task(run: Run, address: str) -> None:
    web = DAWeb("web", base_url=address, task="called")
    web.get("missing")
    assert run.internal["tasks"] == {}
    web.get("x")
    assert run.internal["tasks"] == {"called": 1}


def test_a_raised_failure_tells_everything(run: Run, address: str) -> None:
    with pytest.raises(DAWebError) as caught:
        DAWeb("web", base_url=address).get("missing", on_failure="raise")
    error: Any = caught.value
    assert (error.status_code, error.method, error.success) == (404, "GET", False)
    assert error.response_json["path"] == "/missing"
    with pytest.raises(DAWebError) as caught:
        DAWeb("web").get("http://127.0.0.1:9/", on_failure="raise")
    assert caught.value.__dict__["status_code"] == -1
    assert DAWeb("web").get("http://127.0.0.1:9/", on_failure="down") == "down"
