"""The ends of tasks and of actions of other services, told to programs by webhooks and by the feed, without answers."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import orjson
import pytest

from shared.kernel.ids import new_id
from tests.flows.api.conftest import TASKS, Program, Session, limited
from tests.flows.api.receiver import Receiver, receiving
from tests.flows.system.conftest import command, until
from tests.sites import Site

Event = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def shop(site: Site, admin: Program) -> None:
    """The administrator's key may ask for actions of these interviews as the publisher `shop`."""
    for action in ("count_on", "raise_it"):
        allowed = command(site, "publishers", "allow", "shop", "--interview", TASKS, "--action", action)
        assert allowed.returncode == 0, allowed.stderr


@pytest.fixture
def receiver(admin: Program) -> Iterator[Receiver]:
    """Told of the ends in these interviews, and known to be."""
    with receiving() as receiver:
        made = admin.post("/api/webhooks", url=receiver.url, i=TASKS, events=["TaskEnded", "ActionFinished"])
        assert made.status_code == 200, made.text
        until(lambda: act(admin, admin.begin(TASKS), "count_on", by=0) and receiver.taken, "the first delivery")
        receiver.taken.clear()
        yield receiver
        assert admin.delete("/api/webhooks", id=made.json()["id"]).status_code == 204


def act(admin: Program, session: Session, action: str, **arguments: Any) -> dict[str, Any]:
    """An action as another service asks for it, waited for."""
    data = {"interview": session.i, "session": session.session, "action": action, "arguments": arguments}
    answer = admin.post("/api/actions", id=new_id(), data=data, wait=20)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def launch(program: Program, session: Session, work: str) -> None:
    answer = program.post("/api/session/action", **session.facts, action="begin", arguments={"work": work})
    assert answer.status_code == 204, answer.text


def id_of(session: Session) -> str:
    """The session in events, as docs/integrators/events.md tells programs to find it."""
    digest = hashlib.sha256("\0".join(("colloquy session", session.i, session.session)).encode()).digest()
    value = int.from_bytes(digest[:16], "big")
    value = (value & ~(0xF << 76)) | (0x8 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return str(uuid.UUID(int=value))


def heard(
    program: Program, path: str, query: dict[str, str], *, do: Callable[[], object], ends: Callable[[Event], bool]
) -> list[Event]:
    """What a feed tells, from when it is connected and `do` was done, to the event that `ends` it."""
    found: list[Event] = []
    headers = {"x-api-key": program.key}
    with httpx.stream("GET", f"{program.url}{path[1:]}", params=query, headers=headers, timeout=60) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream"), stream.read()
        name = ""
        for line in stream.iter_lines():
            assert line != ": beat", f"nothing more came after {found}"
            if line == ": connected":
                do()
            elif line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                found.append((name, orjson.loads(line.removeprefix("data: "))))
                if ends(found[-1]):
                    return found
    raise AssertionError(f"the feed ended after {found}")


@pytest.mark.parametrize(
    ("work", "state"), [("of_value", "succeeded"), ("of_response_action", "succeeded"), ("of_error", "failed")]
)
def test_a_webhook_is_told_once_how_a_task_ended_and_nothing_of_what_it_found(
    admin: Program, program: Program, receiver: Receiver, work: str, state: str
) -> None:
    session = program.begin(TASKS)
    launch(program, session, work)
    until(lambda: receiver.events("TaskEnded"), "the event")
    act(admin, admin.begin(TASKS), "count_on", by=1)
    until(lambda: receiver.events("ActionFinished"), "the event of something later")
    [told] = [one["data"] for one in receiver.events("TaskEnded")]
    task_id = told.pop("task_id")
    assert str(uuid.UUID(task_id)) == task_id
    assert told == {"interview": TASKS, "session_id": id_of(session), "state": state}
    assert not any(b"canary" in body or session.session.encode() in body for _, body in receiver.taken)


@pytest.mark.parametrize(("action", "status"), [("count_on", "done"), ("raise_it", "failed")])
def test_a_webhook_is_told_once_how_an_action_of_another_service_ended(
    admin: Program, receiver: Receiver, action: str, status: str
) -> None:
    session = admin.begin(TASKS)
    data = {"interview": TASKS, "session": session.session, "action": action, "arguments": {"by": "canary"}}
    request_id = f"{action} {session.session[:8]}"
    answers = [admin.post("/api/actions", id=request_id, data=data, wait=20).json() for _ in range(2)]
    assert [one["repeated"] for one in answers] == [False, True]
    until(lambda: receiver.events("ActionFinished"), "the event")
    act(admin, admin.begin(TASKS), "count_on", by=1)
    until(lambda: len(receiver.events("ActionFinished")) > 1, "the event of another session")
    [told] = [one["data"] for one in receiver.events("ActionFinished") if one["data"]["session_id"] == id_of(session)]
    assert told == {
        "interview": TASKS,
        "session_id": id_of(session),
        "request_id": request_id,
        "status": status,
        "detail": answers[0]["detail"],
        "publisher": "shop",
        "action": action,
        "sequence": answers[0]["sequence"],
    }
    assert not any(b"canary" in body or session.session.encode() in body for _, body in receiver.taken)


def test_the_feed_of_all_tells_of_every_session_what_happens_in_it(admin: Program, program: Program) -> None:
    begun: list[Session] = []

    def do() -> None:
        begun.extend((program.begin(TASKS), admin.begin(TASKS)))
        launch(program, begun[0], "of_value")
        assert act(admin, begun[1], "count_on", by=3)["status"] == "done"
        assert program.delete("/api/session", **begun[0].facts).status_code == 204

    told = heard(admin, "/api/events", {}, do=do, ends=lambda event: event[0] == "SessionDeleted")
    ours = [id_of(session) for session in begun]
    assert {data["session_id"] for _, data in told} >= set(ours)
    by_session = [{name for name, data in told if data["session_id"] == one} for one in ours]
    assert by_session[0] >= {"SessionChanged", "SessionDeleted"}
    assert by_session[1] >= {"SessionChanged", "ActionFinished"}
    [finished] = [data for name, data in told if name == "ActionFinished"]
    assert set(finished) == {
        "session_id", "request_id", "status", "detail", "publisher", "interview", "action", "sequence"
    }  # fmt: skip
    assert [data for name, data in told if name == "SessionDeleted"] == [{"session_id": ours[0]}]
    for data in (data for name, data in told if name == "SessionChanged"):
        assert set(data) == {"session_id", "version", "cause"}


def test_the_feed_of_a_session_tells_of_its_tasks_and_actions_and_of_no_other_session(
    admin: Program, program: Program
) -> None:
    session, other = admin.begin(TASKS), program.begin(TASKS)

    def do() -> None:
        launch(program, other, "of_value")
        assert act(admin, other, "count_on", by=1)["status"] == "done"
        launch(admin, session, "of_value")

    ended = heard(admin, "/api/session/events", session.facts, do=do, ends=lambda event: event[0] == "TaskEnded")
    assert {data["session_id"] for _, data in ended} == {id_of(session)}
    data = ended[-1][1]
    assert set(data) == {"session_id", "task_id"}
    told = heard(
        admin,
        "/api/session/events",
        session.facts,
        do=lambda: act(admin, session, "count_on", by=2),
        ends=lambda event: event[0] == "ActionFinished",
    )
    assert (told[-1][1]["session_id"], told[-1][1]["status"]) == (id_of(session), "done")


def test_a_feed_tells_only_the_events_that_are_asked_for(admin: Program) -> None:
    session = admin.begin(TASKS)

    def do() -> None:
        assert act(admin, session, "count_on", by=5)["status"] == "done"
        launch(admin, session, "of_value")

    for path, query in (("/api/session/events", session.facts), ("/api/events", {})):
        told = heard(
            admin,
            path,
            {**query, "events": "TaskEnded, ActionFinished"},
            do=do,
            ends=lambda event: event[0] == "TaskEnded",
        )
        assert [name for name, _ in told] == ["ActionFinished", "TaskEnded"]


@pytest.mark.parametrize("path", ["/api/events", "/api/session/events"])
def test_an_event_that_no_feed_tells_is_refused(admin: Program, path: str) -> None:
    session = admin.begin(TASKS)
    answer = admin.get(path, **session.facts, events="TaskEnded,MessageNotDelivered")
    assert answer.status_code == 400
    assert answer.json().startswith("events are some of SessionChanged, SessionDeleted, TaskEnded, ActionFinished")


def test_the_feed_of_all_sessions_asks_for_a_permission_that_a_key_may_name(site: Site, admin: Program) -> None:
    session = admin.begin(TASKS)
    with limited(site, admin, "access_sessions") as may, limited(site, admin, "access_user_info") as may_not:
        assert may_not.get("/api/events").status_code == 403
        told = heard(
            may,
            "/api/events",
            {"events": "ActionFinished"},
            do=lambda: act(admin, session, "count_on", by=1),
            ends=lambda event: True,
        )
    assert told[0][1]["session_id"] == id_of(session)
