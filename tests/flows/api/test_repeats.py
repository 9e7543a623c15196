"""Each write of the HTTP API that comes twice under one Idempotency-Key has one effect and one answer.

A case is a write with what can be seen of it. Between the first and the second time the effect is taken back by hand
where that is possible: then a second effect would show, also of writes that set something to a value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from shared.kernel.ids import new_code, new_id
from tests.flows.api.conftest import FRUIT, PASSWORD, SHARED, Program, Session, someone
from tests.flows.system.conftest import command
from tests.sites import Site
from tests.unit.interview.documents.made import docx_file


@dataclass
class World:
    """What a case finds: an administrator, and a person nobody else knows."""

    site: Site
    admin: Program
    person: Program
    folder: Any

    @property
    def number(self) -> int:
        found: int = self.person.get("/api/user").json()["id"]
        return found

    @property
    def theirs(self) -> str:
        """Their path."""
        return f"/api/user/{self.number}"


@dataclass
class Write:
    """A write: who makes it, with what, and with what another one differs from it."""

    by: Program
    fields: dict[str, Any]
    others: dict[str, Any]
    seen: Callable[[], Any] = lambda: None
    """What there is of its effect."""
    undo: Callable[[], object] = lambda: None
    """Takes the effect back."""
    path: str = ""
    file: tuple[str, bytes] | None = None
    """Field and contents of a file: another write has another one."""


Case = Callable[[World], Write]
CASES: dict[str, Case] = {}


def case(*operations: str) -> Callable[[Case], Case]:
    def remember(made: Case) -> Case:
        CASES.update(dict.fromkeys(operations, made))
        return made

    return remember


# -- Sessions


@case("GET /api/session/new")
def _(world: World) -> Write:
    return Write(world.person, {"i": SHARED}, {"i": FRUIT}, seen=lambda: sessions(world.person))


@case("POST /api/session")
def _(world: World) -> Write:
    session = world.person.begin(SHARED)

    def put(counted: int) -> dict[str, Any]:
        return {**session.facts, "variables": {"counted": counted}, "question": 0}

    return Write(
        world.person,
        put(5),
        put(6),
        seen=lambda: world.person.variables(session)["counted"],
        undo=lambda: world.person.post("/api/session", **put(1)),
    )


@case("DELETE /api/session")
def _(world: World) -> Write:
    session, other = world.person.begin(SHARED), world.person.begin(SHARED)
    return Write(world.person, session.facts, other.facts, seen=lambda: sessions(world.person))


@case("POST /api/session/back")
def _(world: World) -> Write:
    session = world.person.begin(SHARED)
    for by in (1, 2, 4):
        count_on(world.person, session, by)
    return Write(
        world.person,
        session.facts,
        {**session.facts, "question": 0},
        seen=lambda: world.person.variables(session)["counted"],
    )


@case("POST /api/session/action")
def _(world: World) -> Write:
    session = world.person.begin(SHARED)
    fields = {**session.facts, "action": "count_on", "arguments": {"by": 1}}
    return Write(
        world.person,
        fields,
        {**fields, "arguments": {"by": 2}},
        seen=lambda: world.person.variables(session)["counted"],
    )


# -- Lists of sessions


@case("DELETE /api/user/interviews")
def _(world: World) -> Write:
    return leaving(world, world.person, "")


@case("DELETE /api/user/{number}/interviews")
def _(world: World) -> Write:
    return leaving(world, world.admin, f"{world.theirs}/interviews")


@case("DELETE /api/users/interviews")
def _(world: World) -> Write:
    return leaving(world, world.admin, "", user_id=world.number)


@case("DELETE /api/interviews")
def _(world: World) -> Write:
    return leaving(world, world.admin, "", query=f"DA.Sessions.email == '{world.person.email}'")


def leaving(world: World, by: Program, path: str, **query: Any) -> Write:
    world.person.begin(SHARED)
    return Write(
        by,
        query,
        {**query, "i": SHARED},
        seen=lambda: len(sessions(world.person)),
        undo=lambda: world.person.begin(SHARED),
        path=path,
    )


# -- Ways into interviews, files, stashes: what is made has a new name each time


@case("POST /api/resume_url")
def _(world: World) -> Write:
    return Write(world.person, {"i": FRUIT}, {"i": SHARED})


@case("GET /api/temp_url")
def _(world: World) -> Write:
    return Write(world.person, {"url": "https://example.org/a"}, {"url": "https://example.org/b"})


@case("POST /api/login_url")
def _(world: World) -> Write:
    fields = {"username": world.person.email, "password": PASSWORD}
    return Write(world.admin, fields, {**fields, "i": FRUIT})


@case("POST /api/clear_cache")
def _(world: World) -> Write:
    return Write(world.admin, {}, {"once": "more"})


@case("POST /api/fields")
def _(world: World) -> Write:
    contents = docx_file(world.folder / "letter.docx", "Dear {{ name }}").read_bytes()
    return Write(world.admin, {}, {}, file=("template", contents))


@case("POST /api/convert_file")
def _(world: World) -> Write:
    contents = docx_file(world.folder / "letter.docx", "Dear all").read_bytes()
    return Write(world.person, {}, {}, file=("file", contents))


@case("POST /api/stash_data")
def _(world: World) -> Write:
    return Write(world.person, {"data": {"fruit": "apple"}}, {"data": {"fruit": "fig"}})


# -- People


@case("POST /api/user", "PATCH /api/user")
def _(world: World) -> Write:
    return changing(world, world.person, "")


@case("POST /api/user/{number}", "PATCH /api/user/{number}")
def _(world: World) -> Write:
    return changing(world, world.admin, world.theirs)


def changing(world: World, by: Program, path: str) -> Write:
    return Write(
        by,
        {"country": "CH"},
        {"country": "AT"},
        seen=lambda: world.person.get("/api/user").json()["country"],
        undo=lambda: world.person.patch("/api/user", country="FR"),
        path=path,
    )


@case("DELETE /api/user/{number}")
def _(world: World) -> Write:
    path = world.theirs
    return Write(
        world.admin,
        {},
        {"remove": "account"},
        seen=lambda: world.admin.get(path).json()["active"],
        undo=lambda: world.admin.patch(path, active=True),
        path=path,
    )


@case("POST /api/user/new")
def _(world: World) -> Write:
    names = [f"{new_code(12)}@example.org" for _ in range(2)]
    return Write(
        world.admin,
        {"username": names[0]},
        {"username": names[1]},
        seen=lambda: [world.admin.get("/api/user_info", username=name).status_code for name in names],
    )


@case("POST /api/user_invite")
def _(world: World) -> Write:
    addresses = [f"{new_code(12)}@example.org" for _ in range(2)]
    fields = {"send_emails": False}
    return Write(world.admin, {**fields, "email_addresses": addresses[0]}, {**fields, "email_addresses": addresses[1]})


@case("POST /api/privileges")
def _(world: World) -> Write:
    one, other = (f"p{new_code(12).lower()}" for _ in range(2))
    return Write(
        world.admin,
        {"privilege": one},
        {"privilege": other},
        seen=lambda: {one, other} & set(world.admin.get("/api/privileges").json()),
        undo=lambda: world.admin.delete("/api/privileges", privilege=one),
    )


@case("DELETE /api/privileges")
def _(world: World) -> Write:
    one, other = (f"p{new_code(12).lower()}" for _ in range(2))
    for name in (one, other):
        assert world.admin.post("/api/privileges", privilege=name).status_code == 204
    return Write(
        world.admin,
        {"privilege": one},
        {"privilege": other},
        seen=lambda: {one, other} & set(world.admin.get("/api/privileges").json()),
        undo=lambda: world.admin.post("/api/privileges", privilege=one),
    )


@case("POST /api/user/{number}/privileges")
def _(world: World) -> Write:
    return of_privileges(world, undo=lambda path: world.admin.delete(path, privilege="customer"))


@case("DELETE /api/user/{number}/privileges")
def _(world: World) -> Write:
    world.admin.post(f"{world.theirs}/privileges", privilege="customer")
    return of_privileges(world, undo=lambda path: world.admin.post(path, privilege="customer"))


def of_privileges(world: World, *, undo: Callable[[str], object]) -> Write:
    path = f"{world.theirs}/privileges"
    return Write(
        world.admin,
        {"privilege": "customer"},
        {"privilege": "trainer"},
        seen=lambda: world.admin.get(path).json(),
        undo=lambda: undo(path),
        path=path,
    )


# -- API keys


@case("POST /api/user/api")
def _(world: World) -> Write:
    return making_a_key(world.person, "/api/user/api")


@case("POST /api/user/{number}/api")
def _(world: World) -> Write:
    return making_a_key(world.admin, f"{world.theirs}/api")


def making_a_key(by: Program, path: str) -> Write:
    one = {"name": "another key"}
    return Write(by, one, {"name": "a third key"}, seen=lambda: names_of_keys(by, path), path=path)


@case("PATCH /api/user/api")
def _(world: World) -> Write:
    return changing_a_key(world.person, "/api/user/api")


@case("PATCH /api/user/{number}/api")
def _(world: World) -> Write:
    return changing_a_key(world.admin, f"{world.theirs}/api")


def changing_a_key(by: Program, path: str) -> Write:
    key = by.post(path, name="a key").json()
    return Write(
        by,
        {"api_key": key, "name": "a better name"},
        {"api_key": key, "name": "the best name"},
        seen=lambda: names_of_keys(by, path),
        undo=lambda: by.patch(path, api_key=key, name="a key"),
        path=path,
    )


@case("DELETE /api/user/api")
def _(world: World) -> Write:
    return deleting_a_key(world.person, "/api/user/api")


@case("DELETE /api/user/{number}/api")
def _(world: World) -> Write:
    return deleting_a_key(world.admin, f"{world.theirs}/api")


def deleting_a_key(by: Program, path: str) -> Write:
    one, other = ({"api_key": by.post(path, name=f"key {place}").json()} for place in range(2))
    return Write(by, one, other, seen=lambda: names_of_keys(by, path), path=path)


# -- Actions of other services, webhooks


@case("POST /api/actions")
def _(world: World) -> Write:
    allowed = command(world.site, "publishers", "allow", "shop", "--interview", SHARED, "--action", "count_on")
    assert allowed.returncode == 0, allowed.stderr
    session = world.admin.begin(SHARED)

    def ask(by: int) -> dict[str, Any]:
        data = {"interview": SHARED, "session": session.session, "action": "count_on", "arguments": {"by": by}}
        return {"id": session.session, "data": data, "wait": 20}

    return Write(world.admin, ask(1), ask(2), seen=lambda: world.admin.variables(session)["counted"])


@case("POST /api/webhooks")
def _(world: World) -> Write:
    one, other = ({"url": f"http://127.0.0.1:1/{new_code(8)}", "i": "nothing"} for _ in range(2))
    urls = {one["url"], other["url"]}
    return Write(world.admin, one, other, seen=lambda: len([hook for hook in webhooks(world) if hook["url"] in urls]))


@case("DELETE /api/webhooks")
def _(world: World) -> Write:
    one, other = (
        {"id": world.admin.post("/api/webhooks", url="http://127.0.0.1:1/", i="nothing").json()["id"]} for _ in range(2)
    )
    ids = {one["id"], other["id"]}
    return Write(world.admin, one, other, seen=lambda: ids & {hook["id"] for hook in webhooks(world)})


# -- What is seen


def sessions(program: Program) -> set[str]:
    return {one["session"] for one in program.get("/api/user/interviews").json()["items"]}


def names_of_keys(program: Program, path: str) -> list[str]:
    return [one["name"] for one in program.get(path).json()]


def webhooks(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.admin.get("/api/webhooks").json()
    return found


def count_on(program: Program, session: Session, by: int) -> None:
    fields = {**session.facts, "action": "count_on", "arguments": {"by": by}}
    assert program.post("/api/session/action", **fields).status_code == 204


# -- The rules


@dataclass
class Sender:
    """Sends a write under one key."""

    operation: str
    write: Write
    key: str = field(default_factory=new_id)

    def send(self, *, other: bool = False) -> httpx.Response:
        method, _, path = self.operation.partition(" ")
        write = self.write
        given = write.others if other else write.fields
        asked: dict[str, Any] = {"params": given} if method in ("GET", "DELETE") else {"json": given}
        if write.file is not None:
            name, contents = write.file
            asked = {"data": given, "files": {name: ("letter.docx", contents + b"\0" * other)}}
        return write.by.http.request(method, write.path or path, headers={"idempotency-key": self.key}, **asked)


@pytest.fixture
def world(site: Site, admin: Program, tmp_path: Any) -> Any:
    with someone(site, admin) as person:
        yield World(site, admin, person, tmp_path)


@pytest.mark.parametrize("operation", CASES)
def test_the_same_write_twice_is_one_and_another_under_its_key_is_refused(world: World, operation: str) -> None:
    write = CASES[operation](world)
    sender = Sender(operation, write)
    before = write.seen()
    first = sender.send()
    assert first.status_code in (200, 204), first.text
    assert "idempotency-replayed" not in first.headers
    assert before is None or write.seen() != before
    write.undo()
    stands = write.seen()
    again = sender.send()
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers.get("content-type") == first.headers.get("content-type")
    assert again.headers["idempotency-replayed"] == "true"
    assert write.seen() == stands
    other = sender.send(other=True)
    assert other.status_code == 422
    assert other.json() == "This Idempotency-Key was used for another request; give each request one of its own."
    assert write.seen() == stands


@pytest.mark.parametrize("action", ["tell", "teapot", "lead_elsewhere", "draw"])
def test_what_an_action_answers_is_answered_again_with_its_status_and_headers(program: Program, action: str) -> None:
    session = program.begin(FRUIT)
    program.post("/api/session", **session.facts, variables={"favorite_fruit": "apple"}, question=0)
    named = {"idempotency-key": new_id()}
    first, again = (
        program.http.post("/api/session/action", json={**session.facts, "action": action}, headers=named)
        for _ in range(2)
    )
    told = {name: value for name, value in again.headers.items() if name not in ("date", "idempotency-replayed")}
    assert "idempotency-replayed" in again.headers
    assert told == {name: value for name, value in first.headers.items() if name != "date"}
    assert (again.status_code, again.content) == (first.status_code, first.content)


def test_every_write_of_the_document_takes_an_idempotency_key_and_is_tried_here(site: Site) -> None:
    document = httpx.get(f"{site.url}api/openapi.json", timeout=60).json()
    operations = {
        f"{method.upper()} {path}": {one["name"] for one in operation.get("parameters", ())}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    takes_one = {name for name, parameters in operations.items() if "Idempotency-Key" in parameters}
    assert {name for name in operations if not name.startswith("GET ")} <= takes_one
    assert takes_one == set(CASES)
