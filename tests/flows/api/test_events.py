"""Programs are told of what happens in sessions: by a feed, and by signed webhooks that are sent until they arrive."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

from tests.flows.api.conftest import FRUIT, SHARED, Program, Session, someone
from tests.flows.api.receiver import Receiver, receiving
from tests.flows.system.conftest import command, until
from tests.sites import Site


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def webhook(admin: Program, receiver: Receiver) -> Iterator[dict[str, Any]]:
    """A webhook for everything of one interview; it is known to the session service."""
    made = admin.post("/api/webhooks", url=receiver.url, i=SHARED)
    assert made.status_code == 200, made.text
    until(lambda: admin.begin(SHARED) and receiver.taken, "the first delivery")
    yield made.json()
    assert admin.delete("/api/webhooks", id=made.json()["id"]).status_code == 204


def count_on(program: Program, session: Session) -> None:
    answer = program.post("/api/session/action", **session.facts, action="count_on", arguments={"by": 1})
    assert answer.status_code == 204


def test_a_webhook_is_told_of_a_change_signed_and_without_answers(
    program: Program, receiver: Receiver, webhook: dict[str, Any]
) -> None:
    session = program.begin(SHARED)
    count_on(program, session)
    until(lambda: [one for one in receiver.events("SessionChanged") if one["data"]["cause"] == "action"], "the event")
    headers, body = receiver.taken[-1]
    key = base64.b64decode(webhook["secret"].removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    told = orjson.loads(body)
    assert (told["id"], set(told["data"])) == (headers["webhook-id"], {"interview", "session_id", "version", "cause"})
    assert all(session.session.encode() not in body for _, body in receiver.taken)


def test_a_deleted_session_is_told(program: Program, receiver: Receiver, webhook: dict[str, Any]) -> None:
    session = program.begin(SHARED)
    program.delete("/api/session", **session.facts)
    until(lambda: receiver.events("SessionDeleted"), "the event")


def test_what_is_not_of_its_interview_is_not_told(
    program: Program, receiver: Receiver, webhook: dict[str, Any]
) -> None:
    program.begin(FRUIT)
    session = program.begin(SHARED)
    program.delete("/api/session", **session.facts)
    until(lambda: receiver.events("SessionDeleted"), "the event")
    assert {orjson.loads(body)["data"]["interview"] for _, body in receiver.taken} == {SHARED}


def test_a_receiver_that_fails_is_told_again_and_the_log_says_so(
    program: Program, admin: Program, receiver: Receiver, webhook: dict[str, Any]
) -> None:
    receiver.statuses = [500]
    program.begin(SHARED)
    lines = until(
        lambda: [
            one
            for one in admin.get("/api/webhooks/deliveries", id=webhook["id"]).json()
            if (one["attempts"], one["state"]) == (2, "sent")
        ],
        "the second attempt",
    )
    assert lines[0]["status"] == 200
    assert [headers["webhook-id"] for headers, _ in receiver.taken].count(lines[0]["id"]) == 2


def test_a_webhook_is_shown_without_its_secret(admin: Program, webhook: dict[str, Any]) -> None:
    [shown] = [one for one in admin.get("/api/webhooks").json() if one["id"] == webhook["id"]]
    assert set(shown) == {"id", "url", "events", "i", "created_at", "state", "problem"}


@pytest.mark.parametrize("fields", [{}, {"url": "ftp://x"}, {"url": "http://x", "events": ["Everything"]}], ids=str)
def test_what_is_no_webhook_is_refused(admin: Program, fields: dict[str, Any]) -> None:
    assert admin.post("/api/webhooks", **fields).status_code == 400


def test_the_feed_of_a_session_tells_what_happens_in_it(site: Site, program: Program) -> None:
    session = program.begin(SHARED)
    names = []
    with httpx.stream(
        "GET",
        f"{site.url}api/session/events",
        params=session.facts,
        headers={"x-api-key": program.key},
        timeout=60,
    ) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith(":") and not names:
                program.begin(SHARED)
                count_on(program, session)
                names.append("connected")
            if line.startswith("event: "):
                names.append(line.removeprefix("event: "))
                if names[-1] == "SessionDeleted":
                    break
                program.delete("/api/session", **session.facts)
    assert names == ["connected", "SessionChanged", "SessionDeleted"]


def test_the_feed_of_all_sessions_is_for_who_may_see_them(program: Program) -> None:
    assert program.get("/api/events").status_code == 403


def test_a_service_without_a_broker_asks_over_http_and_is_told_once(site: Site, admin: Program) -> None:
    session = admin.begin(SHARED)
    data = {"interview": SHARED, "session": session.session, "action": "count_on", "arguments": {"by": 2}}
    not_allowed = data | {"action": "count_on_its_own"}  # other tests allow the one above
    refused = admin.post("/api/actions", id=f"a {session.session}", data=not_allowed, wait=20)
    assert (refused.status_code, refused.json()["status"]) == (403, "refused")
    allowed = command(site, "publishers", "allow", "shop", "--interview", SHARED, "--action", "count_on")
    assert allowed.returncode == 0, allowed.stderr
    answers = [admin.post("/api/actions", id=f"b {session.session}", data=data, wait=20).json() for _ in range(2)]
    assert [(one["status"], one["repeated"]) for one in answers] == [("done", False), ("done", True)]
    assert admin.variables(session)["counted"] == 2


def test_a_key_without_a_publishers_name_asks_for_no_actions(program: Program) -> None:
    assert program.post("/api/actions", id="1", data={}).status_code == 403


def test_a_webhook_whose_maker_may_not_see_sessions_any_more_is_turned_off(
    site: Site, admin: Program, program: Program, receiver: Receiver
) -> None:
    maker = someone(site, admin, "advocate")
    made = maker.post("/api/webhooks", url=receiver.url, i=SHARED)
    assert made.status_code == 200, made.text
    until(lambda: program.begin(SHARED) and receiver.taken, "the first delivery")
    assert admin.delete(f"/api/user/{maker.get('/api/user').json()['id']}").status_code == 204

    def line() -> Any:
        program.begin(SHARED)
        [found] = [one for one in admin.get("/api/webhooks").json() if one["id"] == made.json()["id"]]
        return found if found["state"] == "off" else None

    assert "may not see sessions" in until(line, "the webhook is off")["problem"]
    told = len(receiver.taken)
    program.delete("/api/session", **program.begin(SHARED).facts)
    assert len(receiver.taken) == told
    assert admin.delete("/api/webhooks", id=made.json()["id"]).status_code == 204
