"""DAWeb: calls of other servers, against one that tells what it was asked (spec/area2 §10)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from shared.interview.library.author_stores.web import DAWeb, DAWebError
from shared.interview.library.faults import DAError
from shared.interview.library.objects.files import DAStaticFile
from shared.interview.runtime.run import Run


class Echo(BaseHTTPRequestHandler):
    """Answers with the request; its path says with which status."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def do_OPTIONS(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
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
            "mark": self.headers.get("X-Mark"),
        }
        data = b"not JSON" if "text" in self.path else json.dumps(told).encode()
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Set-Cookie", "seen=yes")
        self.send_header("X-Method", self.command)
        self.end_headers()
        if self.command != "HEAD":
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


def test_headers_cookies_and_auth_of_one_call_are_not_those_of_the_next(run: Run, address: str) -> None:
    web = DAWeb("web", base_url=address, headers={"X-Mark": "own"})
    told = web.get("x", headers={"X-Mark": "once"}, cookies={"once": "1"}, auth={"type": "bearer", "token": "once"})
    assert (told["mark"], told["cookie"], told["authorization"]) == ("once", "once=1", "Bearer once")
    told = web.get("x")
    assert (told["mark"], told["cookie"], told["authorization"]) == ("own", None, None)


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


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_what_is_sent_to_be_written_goes_in_the_body_beside_the_query(run: Run, address: str, method: str) -> None:
    web = DAWeb("web", base_url=address, headers={"X-Of-All": "1"})
    told = getattr(web, method)("fruit", data={"name": "fig"}, params={"dry": "1"})
    assert (told["method"], told["path"]) == (method.upper(), "/fruit?dry=1")
    assert json.loads(told["body"]) == {"name": "fig"}


@pytest.mark.parametrize("method", ["get", "delete", "options"])
def test_what_is_sent_to_ask_goes_into_the_query(run: Run, address: str, method: str) -> None:
    told = getattr(DAWeb("web", base_url=address), method)("fruit", data={"name": "fig"})
    assert (told["method"], told["path"], told["body"]) == (method.upper(), "/fruit?name=fig", "")


def test_headers_alone_are_asked_for(run: Run, address: str) -> None:
    web = DAWeb("web", base_url=address)
    assert web.head("x", on_success="status_code") == 200
    with pytest.raises(DAWebError) as told:
        web.head("x", on_success="raise")
    assert told.value.__dict__["response_headers"]["X-Method"] == "HEAD"
    assert told.value.__dict__["success"] is True


def test_files_of_the_package_are_sent_as_a_form(run: Run, address: str, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("a note")
    note = DAStaticFile("note", filename="note.txt")
    note.__dict__["path"] = lambda: str(tmp_path / "note.txt")
    told = DAWeb("web", base_url=address).post("fruit", data={"name": "fig"}, files={"paper": note})
    assert told["type"].startswith("multipart/form-data; boundary=")
    assert 'name="paper"; filename="note.txt"' in told["body"]
    assert "Content-Type: text/plain" in told["body"]
    assert "a note" in told["body"]
    assert 'name="name"' in told["body"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"files": {"paper": 7}}, "A int cannot be attached"),
        ({"files": {"paper": None}}, "There is no file for 'paper'"),
        ({"files": "paper"}, "files of a DAWeb call have to be a dictionary"),
        ({"params": "a=1"}, "params of a DAWeb call have to be a dictionary"),
        ({"success_code": "soon"}, "success_code has to be a number"),
    ],
    ids=str,
)
def test_what_cannot_be_sent_is_said(run: Run, address: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DAError, match=message):
        DAWeb("web", base_url=address).post("missing", **options)
