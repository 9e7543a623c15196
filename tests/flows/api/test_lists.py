"""Lists of sessions through the HTTP API: conditions, whose they are, deleting (spec/area2 §11.3)."""

from __future__ import annotations

import re
from datetime import datetime

import httpx
import pytest

from tests.flows.api.conftest import FRUIT, SHARED, Program, limited, someone
from tests.sites import Site


def codes(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {one["session"] for one in answer.json()["items"]}


def test_a_condition_chooses_sessions(site: Site, admin: Program) -> None:
    program = someone(site, admin)
    with program.http:
        shared = program.begin(SHARED)
        program.begin(FRUIT)
        query = f"(DA.Sessions.filename == '{SHARED}') & (DA.Sessions.modtime > '2024-01-01')"
        assert codes(program.get("/api/user/interviews", query=query)) == {shared.session}
        assert codes(program.get("/api/user/interviews", query=f"~({query})", i=SHARED)) == set()
        theirs = f"DA.Sessions.email == '{program.email}'"
        assert codes(admin.get("/api/interviews", query=theirs)) >= {shared.session}


def test_a_session_is_told_with_all_that_is_documented(site: Site, admin: Program) -> None:
    program = someone(site, admin)
    with program.http:
        session = program.begin(FRUIT)
        query = {"secret": session.secret} if session.secret else {}
        [item] = program.get("/api/user/interviews", **query).json()["items"]
    assert datetime.fromisoformat(item.pop("utc_starttime")) <= datetime.fromisoformat(item.pop("utc_modtime"))
    assert re.fullmatch(r"\d\d/\d\d/\d\d \d\d:\d\d:\d\d", item.pop("modtime"))
    assert re.fullmatch(r"\d\d/\d\d/\d\d \d\d:\d\d:\d\d", item.pop("starttime"))
    assert isinstance(item.pop("user_id"), int)
    assert item == {
        "filename": FRUIT,
        "session": session.session,
        "title": "Fruit",
        "subtitle": None,
        "valid": True,
        "metadata": {"title": "Fruit", "documentation": "https://example.org/fruit", "authors": [{"name": "Ann"}]},
        "tags": [],
        "email": program.email,
        "temp_user_id": None,
    }


@pytest.mark.parametrize("query", ["1", "DA.Sessions.secret == 'x'", "__import__('os').system('true')", "("])
def test_what_is_no_condition_is_refused(program: Program, query: str) -> None:
    answer = program.get("/api/user/interviews", query=query)
    assert (answer.status_code, answer.json()) == (400, "Invalid query parameter")


def test_what_a_condition_chooses_is_deleted_and_nothing_else(site: Site, admin: Program) -> None:
    program = someone(site, admin)
    with program.http:
        gone, stays = program.begin(SHARED), program.begin(FRUIT)
        query = f"(DA.Sessions.filename == '{SHARED}') & (DA.Sessions.email == '{program.email}')"
        assert admin.delete("/api/interviews", query=query).status_code == 204
        assert codes(program.get("/api/user/interviews")) == {stays.session}
        assert program.get("/api/session", **gone.facts).json() == "Unable to obtain interview dictionary."


def test_a_session_without_an_account_is_deleted_too(site: Site, admin: Program) -> None:
    with httpx.Client(base_url=site.url, timeout=60, follow_redirects=True) as browser:
        browser.get("/interview", params={"i": SHARED})
    nobodys = f"(DA.Sessions.user_id == None) & (DA.Sessions.filename == '{SHARED}')"
    assert codes(admin.get("/api/interviews", query=nobodys))
    assert admin.delete("/api/interviews", query=nobodys).status_code == 204
    assert codes(admin.get("/api/interviews", query=nobodys)) == set()


def test_sessions_that_others_take_part_in_are_deleted_by_who_may_edit_sessions(site: Site, admin: Program) -> None:
    program, other = someone(site, admin), someone(site, admin)
    with program.http, other.http:
        session = program.begin(SHARED)
        other.join(session)
        asked = {"i": SHARED, "session": session.session}
        assert program.delete("/api/user/interviews", **asked, delete_shared=1).status_code == 403
        assert program.delete("/api/user/interviews", **asked).status_code == 204
        assert session.session in codes(other.get("/api/user/interviews"))
        number = other.get("/api/user").json()["id"]
        keeper = limited(site, admin, "access_sessions", "edit_sessions")
        with keeper.http:
            path = f"/api/user/{number}/interviews"
            assert keeper.delete(path, **asked, delete_shared=1).status_code == 204
        assert other.get("/api/session", **session.facts).json() == "Unable to obtain interview dictionary."


def test_an_item_has_the_documented_shape(site: Site, admin: Program) -> None:
    program = someone(site, admin)
    with program.http:
        session = program.begin(SHARED)
        [item] = program.get("/api/user/interviews").json()["items"]
        number = program.get("/api/user").json()["id"]
    moments = {name: item.pop(name) for name in ("modtime", "starttime", "utc_modtime", "utc_starttime")}
    assert item == {
        "filename": SHARED,
        "session": session.session,
        "title": "Shared",
        "subtitle": None,
        "valid": True,
        "metadata": {"title": "Shared"},
        "tags": [],
        "email": program.email,
        "user_id": number,
        "temp_user_id": None,
    }
    assert all(len(moments[name]) == len("2024-05-01T14:00:00") for name in ("utc_modtime", "utc_starttime"))
    assert all(len(moments[name]) == len("05/01/24 10:00:00") for name in ("modtime", "starttime"))
