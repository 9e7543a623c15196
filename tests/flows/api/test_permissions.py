"""What each permission of an API key allows: what it names, by itself, and nothing of what others name.

The table is held to the permissions of the code: a new one without a call here fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from services.gateway.routes.api import ENDPOINTS
from shared.kernel.ids import new_code
from shared.people.api_keys import KEY_PERMISSIONS, PUBLISH
from tests.flows.api.conftest import FRUIT, PASSWORD, SHARED, Program, limited, someone
from tests.flows.system.conftest import command
from tests.sites import Site

DENIED = "Access denied."
_OTHER = "/api/user/{number}"
_KEYS = "/api/user/{number}/api"

ABOUT_NOTHING_HERE = frozenset({"demo_interviews", "manage_packages", "read_packages"})
"""Known, so that what was configured elsewhere is taken; the server has nothing that they could allow."""


@dataclass(frozen=True)
class Asked:
    """A call that asks for a permission; `{…}` stands for something of the person it is about."""

    method: str
    path: str
    fields: dict[str, Any] = field(default_factory=dict)
    file: bytes = b""
    by_endpoint: bool = False
    """Whether the document says of the endpoint that it asks for this permission."""


def asks(method: str, path: str, *, file: bytes = b"", by_endpoint: bool = True, **fields: Any) -> Asked:
    return Asked(method, path, fields, file, by_endpoint)


def looks_at(method: str, path: str, **fields: Any) -> Asked:
    """It depends on whom the call is about."""
    return Asked(method, path, fields)


ALLOWS: dict[str, tuple[Asked, ...]] = {
    "access_privileges": (looks_at("GET", "/api/privileges"),),
    "access_sessions": (
        looks_at("GET", f"{_OTHER}/interviews"),
        asks("GET", "/api/users/interviews", user_id="{number}"),
        asks("GET", "/api/interviews", i=SHARED),
        asks("GET", "/api/webhooks"),
        asks("POST", "/api/webhooks", url="http://127.0.0.1:1/", i="nothing"),
        asks("GET", "/api/webhooks/deliveries", id="{webhook}"),
        asks("DELETE", "/api/webhooks", id="{webhook}"),
        asks("GET", "/api/events"),
    ),
    "access_user_info": (
        looks_at("GET", _OTHER),
        looks_at("GET", f"{_OTHER}/privileges"),
        asks("GET", "/api/user_info", username="{email}"),
        asks("GET", "/api/user_list"),
    ),
    "access_user_api_info": (looks_at("GET", _KEYS),),
    "create_user": (
        asks("POST", "/api/user/new", username="{new}@example.org"),
        asks("POST", "/api/user_invite", email_addresses="{new}@example.com", send_emails=False),
    ),
    "delete_user": (looks_at("DELETE", _OTHER, remove="account"),),
    "edit_privileges": (
        asks("POST", "/api/privileges", privilege="p{new}"),
        asks("DELETE", "/api/privileges", privilege="{privilege}"),
    ),
    "edit_sessions": (
        looks_at("DELETE", "/api/session", i=SHARED, session="{session}"),
        asks("DELETE", "/api/users/interviews", user_id="{number}"),
        asks("DELETE", "/api/interviews", query="DA.Sessions.email == '{email}'"),
    ),
    "edit_user_active_status": (looks_at("PATCH", _OTHER, active=False), looks_at("DELETE", _OTHER)),
    "edit_user_info": (looks_at("PATCH", _OTHER, first_name="Eve"), looks_at("POST", _OTHER, last_name="Adams")),
    "edit_user_api_info": (
        looks_at("POST", _KEYS, name="{new}", permissions=["edit_user_api_info"]),
        looks_at("DELETE", _KEYS, api_key="{limited_key}"),
        looks_at("PATCH", _KEYS, api_key="{limited_key}", name="{new}"),
    ),
    "edit_user_password": (looks_at("PATCH", _OTHER, password="another battery"),),
    "edit_user_privileges": (
        asks("POST", f"{_OTHER}/privileges", privilege="customer"),
        asks("DELETE", f"{_OTHER}/privileges", privilege="user"),
    ),
    "interview_data": (asks("GET", "/api/interview_data", i=FRUIT),),
    "log_user_in": (asks("POST", "/api/login_url", username="{email}", password=PASSWORD),),
    "playground_control": (looks_at("POST", "/api/clear_cache"),),
    "template_parse": (asks("POST", "/api/fields", file=b"# Letter"),),
    PUBLISH: (
        looks_at(
            "POST",
            "/api/actions",
            id="{new}",
            data={"interview": SHARED, "session": "{session}", "action": "count_on", "arguments": {"by": 1}},
            wait=20,
        ),
    ),
}
"""Permission → calls that it allows by itself."""
DELETES_OF_NOBODY = {("DELETE", "/api/session")}
"""Answered alike whether there was something to delete: whoever may not learns nothing."""


class Subject:
    """A person that calls are about: as often as asked another one, with what calls need of them."""

    def __init__(self, site: Site, admin: Program) -> None:
        self._admin = admin
        self.program = someone(site, admin)
        self.facts = {
            "number": self.program.get("/api/user").json()["id"],
            "email": self.program.email,
            "session": self.program.begin(SHARED).session,
            "webhook": admin.post("/api/webhooks", url="http://127.0.0.1:1/", i="nothing").json()["id"],
            "privilege": f"p{new_code(12).lower()}",
        }
        path = _KEYS.format(**self.facts)
        fields = {"name": "limited", "permissions": ["edit_user_api_info"]}
        self.facts["limited_key"] = admin.post(path, **fields).json()
        assert admin.post("/api/privileges", privilege=self.facts["privilege"]).status_code == 204

    def close(self) -> None:
        self.program.http.close()
        self._admin.delete("/api/webhooks", id=self.facts["webhook"])
        self._admin.delete("/api/privileges", privilege=self.facts["privilege"])

    def call(self, by: Program, asked: Asked) -> httpx.Response:
        facts = {**self.facts, "new": new_code(12).lower()}
        fields = filled(asked.fields, facts)
        given: dict[str, Any] = {"params": fields} if asked.method in ("GET", "DELETE") else {"json": fields}
        if asked.file:
            given = {"files": {"template": ("letter.md", asked.file)}}
        with by.http.stream(asked.method, asked.path.format(**facts), **given) as answer:
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):  # a feed does not end
                answer.read()
            return answer


def filled(value: Any, facts: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: filled(one, facts) for name, one in value.items()}
    return value.format(**facts) if isinstance(value, str) else value


@pytest.fixture(scope="module", autouse=True)
def shop(site: Site) -> None:
    allowed = command(site, "publishers", "allow", "shop", "--interview", SHARED, "--action", "count_on")
    assert allowed.returncode == 0, allowed.stderr


@pytest.fixture
def subject(site: Site, admin: Program) -> Iterator[Subject]:
    subject = Subject(site, admin)
    yield subject
    subject.close()


def keyed(site: Site, admin: Program, *permissions: str, is_publisher: bool = False) -> Program:
    """A key of the administrator with these permissions; only an operator gives one the name of a publisher."""
    if not is_publisher:
        return limited(site, admin, *permissions)
    words = [word for one in permissions for word in ("--permission", one)]
    made = command(site, "api-keys", "create", admin.email, f"for {new_code(8)}", "--publisher", "shop", *words)
    assert made.returncode == 0, made.stderr
    return Program(site.url, made.stdout.strip(), admin.email)


@pytest.mark.parametrize("permission", sorted(ALLOWS))
def test_a_permission_allows_by_itself_what_it_names(site: Site, admin: Program, permission: str) -> None:
    with keyed(site, admin, permission, is_publisher=permission == PUBLISH) as only:
        for asked in ALLOWS[permission]:
            subject = Subject(site, admin)
            answer = subject.call(only, asked)
            assert answer.status_code in (200, 204), (asked, answer.is_stream_consumed and answer.text)
            subject.close()


@pytest.mark.parametrize("permission", sorted(KEY_PERMISSIONS))
def test_a_permission_allows_nothing_that_others_name(
    site: Site, admin: Program, subject: Subject, permission: str
) -> None:
    own = {(asked.method, asked.path) for asked in ALLOWS.get(permission, ())}
    with keyed(site, admin, permission) as only:
        for other, calls in ALLOWS.items():
            for asked in calls if other != permission else ():
                if asked.method == "PATCH" and asked.path == _OTHER and (asked.method, asked.path) in own:
                    continue  # one address for several permissions: what each may change is tried by itself below
                refused(subject, only, asked)


@pytest.mark.parametrize("permission", sorted(ALLOWS))
def test_what_a_permission_names_needs_it(site: Site, admin: Program, subject: Subject, permission: str) -> None:
    rest = KEY_PERMISSIONS - {permission}
    with keyed(site, admin, *rest, is_publisher=permission == PUBLISH) as without:
        for asked in ALLOWS[permission]:
            refused(subject, without, asked)


def refused(subject: Subject, by: Program, asked: Asked) -> None:
    answer = subject.call(by, asked)
    if (asked.method, asked.path) in DELETES_OF_NOBODY:
        assert subject.program.get("/api/session", i=SHARED, session=subject.facts["session"]).status_code == 200
        return
    assert (answer.status_code, answer.json()) == (403, DENIED), asked


def test_each_permission_of_the_code_is_tried() -> None:
    assert set(ALLOWS) | ABOUT_NOTHING_HERE == KEY_PERMISSIONS
    assert not set(ALLOWS) & ABOUT_NOTHING_HERE


def test_each_endpoint_that_asks_for_a_permission_is_tried_with_it() -> None:
    tried = {
        (asked.method, asked.path, permission)
        for permission, calls in ALLOWS.items()
        for asked in calls
        if asked.by_endpoint
    }
    asked_for = {(one.method, one.path.replace("{number:int}", "{number}"), one.needs) for one in ENDPOINTS}
    assert tried == {one for one in asked_for if one[2]}


def test_a_key_cannot_name_what_is_no_permission(site: Site, admin: Program) -> None:
    answer = admin.post("/api/user/api", name="odd", permissions=["rule_the_world"])
    assert (answer.status_code, answer.json()) == (
        400,
        "This is not how an API key can be. There is no permission 'rule_the_world'.",
    )


def test_what_needs_no_permission_stays_open_to_a_limited_key(site: Site, admin: Program) -> None:
    with limited(site, admin, "read_packages") as only:
        session = only.begin(FRUIT)
        assert only.variables(session)["url_args"] == {}
        assert only.get("/api/user").json()["email"] == admin.email
        assert only.get("/api/user/privileges").json() == []
        assert only.get("/api/list").status_code == 200
        assert only.get("/api/user/api").status_code == 403
