"""Who may do what through the HTTP API: keys, where they come from, what they allow (spec/area2 §11.1, §11.6)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from services.gateway.routes.api import ENDPOINTS
from shared.people.permissions import PERMISSIONS
from tests.flows.api.conftest import FRUIT, PASSWORD, SHARED, Program, limited, someone
from tests.sites import Site

DENIED = "Access denied."


BY_WHOM: list[tuple[str, str, str, dict[str, Any]]] = [
    ("access_user_info", "GET", "/api/user/{other}", {}),
    ("edit_user_info", "PATCH", "/api/user/{other}", {"first_name": "Eve"}),
    ("edit_user_active_status", "PATCH", "/api/user/{other}", {"active": False}),
    ("edit_user_password", "PATCH", "/api/user/{other}", {"password": "another password"}),
    ("delete_user", "DELETE", "/api/user/{other}", {"remove": "account"}),
    ("access_sessions", "GET", "/api/user/{other}/interviews", {}),
    ("edit_sessions", "DELETE", "/api/user/{other}/interviews", {}),
    ("access_user_api_info", "GET", "/api/user/{other}/api", {}),
    (
        "edit_user_api_info",
        "POST",
        "/api/user/{other}/api",
        {"name": "stolen", "permissions": ["access_privileges"]},
    ),
    ("access_privileges", "GET", "/api/privileges", {}),
    ("playground_control", "POST", "/api/clear_cache", {}),
]
"""Calls that are allowed or not by whom they are about."""
WITHOUT_A_CALL = {"demo_interviews", "manage_packages", "read_packages"}
"""Nothing of the API is about these."""


@pytest.mark.parametrize(
    "request_of",
    [
        lambda key: {"params": {"key": key}},
        lambda key: {"headers": {"X-API-Key": key}},
        lambda key: {"headers": {"Authorization": f"Bearer {key}"}},
        lambda key: {"cookies": {"X-API-Key": key}},
    ],
    ids=["query", "header", "bearer", "cookie"],
)
def test_a_key_is_taken_from_each_of_its_places(site: Site, program: Program, request_of: Any) -> None:
    with httpx.Client(base_url=site.url, timeout=60, **request_of(program.key)) as http:
        assert http.get("/api/user").json()["email"] == program.email


@pytest.mark.parametrize("form", ["json", "data"])
def test_a_key_is_taken_from_the_body_of_a_write(site: Site, program: Program, form: str) -> None:
    fields: dict[str, Any] = {form: {"key": program.key, "organization": "Acme"}}
    assert httpx.patch(f"{site.url}api/user", timeout=60, **fields).status_code == 204
    assert program.get("/api/user").json()["organization"] == "Acme"


def test_a_cookie_that_a_page_of_another_site_sends_is_no_key(site: Site, program: Program) -> None:
    headers = {"origin": "https://evil.example", "cookie": f"X-API-Key={program.key}"}
    answer = httpx.get(f"{site.url}api/user", headers=headers, timeout=60)
    assert (answer.status_code, answer.json()) == (403, DENIED)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
def test_without_a_key_nothing_is_told(site: Site, endpoint: Any) -> None:
    path = endpoint.path.replace("{number:int}", "1")
    for key in ("", "x" * 32):
        answer = httpx.request(endpoint.method, f"{site.url}{path[1:]}", headers={"x-api-key": key}, timeout=60)
        assert (answer.status_code, answer.json()) == (403, DENIED)


@pytest.mark.parametrize(
    "endpoint", [one for one in ENDPOINTS if one.needs], ids=lambda one: f"{one.method} {one.path}"
)
def test_an_ordinary_person_may_not_do_what_asks_for_a_permission(program: Program, endpoint: Any) -> None:
    path = endpoint.path.replace("{number:int}", "1")
    answer = program.http.request(endpoint.method, path)
    assert (answer.status_code, answer.json()) == (403, DENIED)


@pytest.mark.parametrize("permission", sorted({one.needs for one in ENDPOINTS if one.needs}))
def test_an_administrators_limited_key_may_do_only_what_it_names(site: Site, admin: Program, permission: str) -> None:
    others = limited(site, admin, *(PERMISSIONS - {permission, "edit_user_api_info"}))
    only = limited(site, admin, permission)
    with others.http, only.http:
        for endpoint in (one for one in ENDPOINTS if one.needs == permission):
            path = endpoint.path.replace("{number:int}", "999999")
            refused = others.http.request(endpoint.method, path)
            assert (refused.status_code, refused.json()) == (403, DENIED), endpoint
            if endpoint.method != "DELETE":
                with only.http.stream(endpoint.method, path) as answer:  # a feed has no end to wait for
                    assert answer.status_code != 403 or permission == "edit_user_privileges"


def test_every_permission_is_left_out_of_some_key_here() -> None:
    asked = {one.needs for one in ENDPOINTS if one.needs}
    assert asked | {row[0] for row in BY_WHOM} | WITHOUT_A_CALL == PERMISSIONS


@pytest.mark.parametrize(
    ("permission", "method", "path", "fields"),
    BY_WHOM,
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_depends_on_whom_it_is_about_is_refused_without_its_permission(
    site: Site, admin: Program, permission: str, method: str, path: str, fields: dict[str, Any]
) -> None:
    other = someone(site, admin)
    with other.http, limited(site, admin, *(PERMISSIONS - {permission})).http as http:
        number = other.get("/api/user").json()["id"]
        given: dict[str, Any] = {"params": fields} if method in ("GET", "DELETE") else {"json": fields}
        answer = http.request(method, path.format(other=number), **given)
        assert (answer.status_code, answer.json()) == (403, DENIED)


def test_a_limited_key_makes_no_key_that_allows_more(site: Site, admin: Program) -> None:
    with limited(site, admin, "edit_user_api_info", "create_user").http as http:
        assert http.post("/api/user/api", json={"name": "all of it"}).status_code == 403
        more = {"name": "more", "permissions": ["delete_user"]}
        assert http.post("/api/user/api", json=more).status_code == 403
        assert http.post("/api/user/api", json={"name": "less", "permissions": ["create_user"]}).status_code == 200


def test_inside_interviews_a_limited_key_is_no_administrator(site: Site, admin: Program) -> None:
    with limited(site, admin, "create_user").http as http:
        assert http.get("/api/user/privileges").json() == []


def test_a_key_works_only_from_the_addresses_it_names(site: Site, admin: Program) -> None:
    key = admin.post("/api/user/api", name="office", method="ip", allowed=["198.51.100.0/24", "203.0.113.7"]).json()
    for address, status in (("198.51.100.9", 200), ("203.0.113.7", 200), ("203.0.113.8", 403)):
        headers = {"x-api-key": key, "x-forwarded-for": address}
        assert httpx.get(f"{site.url}api/user", headers=headers, timeout=60).status_code == status


def test_a_key_works_only_on_the_pages_it_names(site: Site, admin: Program) -> None:
    key = admin.post("/api/user/api", name="pages", method="referer", allowed=["app.example.org/*"]).json()
    for referer, status in (
        ("https://app.example.org/a", 200),
        ("https://evil.example/a", 403),
        ("https://evil.example/app.example.org/a", 403),
        ("https://not-app.example.org/a", 403),
        ("", 403),
    ):
        headers = {"x-api-key": key, "referer": referer}
        assert httpx.get(f"{site.url}api/user", headers=headers, timeout=60).status_code == status


def test_keys_are_shown_without_themselves_changed_and_taken_back(site: Site, admin: Program) -> None:
    program = someone(site, admin)
    with program.http:
        key = program.post("/api/user/api", name="second", method="none").json()
        shown = program.get("/api/user/api", name="second").json()
        assert shown == {
            "name": "second",
            "method": "none",
            "constraints": [],
            "key": f"{'*' * 28}{key[-4:]}",
            "last_four": key[-4:],
            "permissions": [],
        }
        changed = program.patch("/api/user/api", api_key=key, name="third", method="ip", add_to_allowed=["192.0.2.1"])
        assert changed.status_code == 204
        assert program.get("/api/user/api", api_key=key).json()["constraints"] == ["192.0.2.1"]
        assert program.delete("/api/user/api", api_key=key).status_code == 204
        missing = program.get("/api/user/api", name="third")
        assert (missing.status_code, missing.json()) == (404, "No such API key could be found.")


def test_the_key_of_a_closed_account_opens_nothing(site: Site, admin: Program) -> None:
    program = someone(site, admin)
    with program.http:
        number = program.get("/api/user").json()["id"]
        assert admin.delete(f"/api/user/{number}").status_code == 204
        assert program.get("/api/user").status_code == 403


def test_an_account_is_told_in_the_documented_shape(program: Program) -> None:
    assert set(program.get("/api/user").json()) == {
        "id", "email", "first_name", "last_name", "country", "subdivisionfirst", "subdivisionsecond",
        "subdivisionthird", "organization", "timezone", "language", "active", "account_type", "privileges",
    }  # fmt: skip


def test_an_account_is_made_found_and_changed(admin: Program) -> None:
    made = admin.post("/api/user/new", username="Jane@Example.org", first_name="Jane", privileges='["user"]').json()
    assert set(made) == {"user_id", "password"}
    assert len(made["password"]) == 10
    found = admin.get("/api/user_info", username="jane@example.org").json()
    assert (found["id"], found["first_name"], found["privileges"]) == (made["user_id"], "Jane", ["user"])
    assert admin.patch(f"/api/user/{made['user_id']}", country="US").status_code == 204
    assert admin.get(f"/api/user/{made['user_id']}").json()["country"] == "US"
    again = admin.post("/api/user/new", username="jane@example.org")
    assert (again.status_code, again.json()) == (400, "That e-mail address is already being used.")


@pytest.mark.parametrize(
    ("path", "fields", "message"),
    [
        ("/api/user/new", {}, "An e-mail address must be supplied."),
        ("/api/user/new", {"username": "a@b.org", "privileges": ["emperor"]}, "Invalid privilege name."),
        ("/api/resume_url", {}, "No filename supplied."),
        ("/api/resume_url", {"i": FRUIT, "url_args": "["}, "Malformed URL arguments"),
        ("/api/resume_url", {"i": FRUIT, "expire": "soon"}, "Invalid number of seconds."),
    ],
    ids=str,
)
def test_what_is_missing_is_named(admin: Program, path: str, fields: dict[str, Any], message: str) -> None:
    answer = admin.post(path, **fields)
    assert (answer.status_code, answer.json()) == (400, message)


def test_who_is_not_there_is_not_found(admin: Program) -> None:
    for answer in (admin.get("/api/user/999999"), admin.get("/api/user_info", username="nobody@example.org")):
        assert (answer.status_code, answer.json()) == (404, "User not found.")


def test_an_account_is_deleted_with_the_sessions_it_shares_if_that_is_asked_for(site: Site, admin: Program) -> None:
    for remove, status in (("account", 200), ("account_and_shared", 400)):
        program, other = someone(site, admin), someone(site, admin)
        with program.http, other.http:
            session = program.begin(SHARED)
            other.join(session)
            number = program.get("/api/user").json()["id"]
            assert admin.delete(f"/api/user/{number}", remove=remove).status_code == 204
            assert admin.get(f"/api/user/{number}").status_code == 404
            assert program.get("/api/user").status_code == 403
            assert other.get("/api/session", **session.facts).status_code == status
    assert admin.delete("/api/user/1", remove="account").status_code == 403


def test_privileges_are_made_given_and_taken(site: Site, admin: Program) -> None:
    program = someone(site, admin)
    with program.http:
        number = program.get("/api/user").json()["id"]
        assert admin.post("/api/privileges", privilege="helper").status_code == 204
        assert "helper" in admin.get("/api/privileges").json()
        assert admin.post(f"/api/user/{number}/privileges", privilege="helper").status_code == 204
        assert program.get("/api/user/privileges").json() == ["user", "helper"]
        assert admin.delete(f"/api/user/{number}/privileges", privilege="helper").status_code == 204
        assert admin.delete("/api/privileges", privilege="helper").status_code == 204
        assert "helper" not in admin.get("/api/privileges").json()
        for name in ("cron", "admin"):
            assert admin.delete("/api/privileges", privilege=name).status_code == 400
        assert admin.post(f"/api/user/{number}/privileges", privilege="cron").status_code == 403


def test_people_are_listed_page_by_page(admin: Program) -> None:
    told = admin.get("/api/user_list").json()
    assert set(told) == {"next_id", "items"}
    assert "admin@example.org" in [one["email"] for one in told["items"]]


def test_a_secret_of_a_person_opens_their_encrypted_sessions(program: Program) -> None:
    secret = program.get("/api/secret", username=program.email, password=PASSWORD).json()
    session = program.get("/api/session/new", i=FRUIT, secret=secret).json()
    read = program.get("/api/session", i=FRUIT, session=session["session"], secret=secret)
    assert read.status_code == 200
    [item] = [
        one
        for one in program.get("/api/user/interviews", secret=secret, include_dictionary=1).json()["items"]
        if one["session"] == session["session"]
    ]
    assert set(item) == {
        "filename", "session", "modtime", "starttime", "utc_modtime", "utc_starttime", "title", "subtitle", "valid",
        "metadata", "tags", "email", "user_id", "temp_user_id", "dict", "encrypted",
    }  # fmt: skip
    assert (item["filename"], item["title"], item["email"], item["valid"]) == (FRUIT, "Fruit", program.email, True)


def test_a_wrong_password_gets_no_secret(program: Program) -> None:
    assert program.get("/api/secret", username=program.email, password="wrong password").status_code == 403


def test_ones_own_sessions_are_listed_and_left(site: Site, admin: Program) -> None:
    program = someone(site, admin)
    with program.http:
        sessions = {program.begin().session for _ in range(2)}
        number = program.get("/api/user").json()["id"]
        seen = admin.get(f"/api/user/{number}/interviews").json()["items"]
        assert {one["session"] for one in seen} == sessions
        assert sessions <= {one["session"] for one in admin.get("/api/interviews", i=FRUIT).json()["items"]}
        assert program.delete("/api/user/interviews").status_code == 204
        assert program.get("/api/user/interviews").json() == {"next_id": None, "items": []}


def test_a_short_address_leads_into_a_session_with_its_arguments(site: Site, program: Program) -> None:
    session = program.begin()
    url = program.post(
        "/api/resume_url", i=FRUIT, session=session.session, url_args={"from": "mail"}, one_time=1
    ).json()
    first = httpx.get(url, timeout=60)
    assert first.status_code == 302
    assert f"session={session.session}" in first.headers["location"]
    assert "from=mail" in first.headers["location"]
    assert httpx.get(url, timeout=60).status_code == 403


def test_a_short_address_leads_elsewhere(program: Program) -> None:
    url = program.get("/api/temp_url", url="https://example.org/x").json()
    assert httpx.get(url, timeout=60).headers["location"] == "https://example.org/x"
    assert program.get("/api/temp_url").json() == "No url supplied."


def test_every_origin_may_ask(site: Site, program: Program) -> None:
    answer = httpx.options(f"{site.url}api/session", headers={"origin": "https://app.example"}, timeout=60)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert program.get("/api/user").headers["access-control-allow-origin"] == "*"


def test_the_api_is_described_for_programs_and_for_people(site: Site) -> None:
    document = httpx.get(f"{site.url}api/openapi.json", timeout=60).json()
    assert document["openapi"].startswith("3.")
    assert {"get", "post", "delete"} <= set(document["paths"]["/api/session"])
    page = httpx.get(f"{site.url}api/docs", timeout=60)
    assert "/api/session/action" in page.text
    assert "http://" not in page.text.replace(site.url, "")
