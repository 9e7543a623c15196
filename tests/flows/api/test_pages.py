"""Lists longer than a page: each endpoint that has `next_id` gives everything once (spec/area2 §11.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.gateway.routes.api import ENDPOINTS
from shared.kernel.ids import new_code
from tests.flows.api.conftest import FRUIT, SHARED, Program, someone
from tests.sites import Site

_MORE_THAN_A_PAGE = 103

LISTS: dict[str, dict[str, Any]] = {
    "/api/user/interviews": {},
    "/api/user/{number:int}/interviews": {},
    "/api/users/interviews": {"user_id": "{number}"},
    "/api/interviews": {"query": "DA.Sessions.email == '{email}'"},
    "/api/user_list": {},
}
"""Lists, and what chooses the things of one person where a list is of all."""


@pytest.fixture(scope="module")
def collector(site: Site, admin: Program) -> Iterator[Program]:
    """Somebody with more sessions than a page has, on a server with more people than a page has."""
    with someone(site, admin) as program:
        for _ in range(_MORE_THAN_A_PAGE):
            program.begin(SHARED)
        yield program


@pytest.fixture(scope="module")
def crowd(admin: Program) -> set[int]:
    """More people than a page has."""
    prefix = new_code(8).lower()
    made = [
        admin.post("/api/user/new", username=f"{prefix}{number}@example.org", password=f"pass{prefix}")
        for number in range(_MORE_THAN_A_PAGE)
    ]
    return {answer.json()["user_id"] for answer in made}


def test_each_list_with_pages_is_tried() -> None:
    with_pages = {one.path for one in ENDPOINTS if any(parameter.name == "next_id" for parameter in one.parameters)}
    assert with_pages == set(LISTS)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_gives_everything_once_page_by_page(
    admin: Program, collector: Program, crowd: set[int], path: str
) -> None:
    facts = {"number": collector.get("/api/user").json()["id"], "email": collector.email}
    query = {name: value.format(**facts) for name, value in LISTS[path].items()}
    by = collector if path == "/api/user/interviews" else admin
    place, pages = None, []
    address = path.replace("{number:int}", str(facts["number"]))
    while place is not None or not pages:
        told = by.get(address, **query, **({"next_id": place} if place else {})).json()
        assert set(told) == {"next_id", "items"}
        pages.append(told["items"])
        place = told["next_id"]
        assert place is None or isinstance(place, str)
    assert [len(page) for page in pages[:-1]] == [100] * (len(pages) - 1)
    assert len(pages) > 1
    found = [one.get("session") or one["id"] for page in pages for one in page]
    assert len(set(found)) == len(found)
    if path == "/api/user_list":
        assert set(found) >= crowd
        assert found == sorted(found)
    else:
        assert len(found) == _MORE_THAN_A_PAGE
        begun = [one["utc_starttime"] for page in pages for one in page]
        assert begun == sorted(begun, reverse=True)
    for wrong in ("no place", "-1", "99999999999999999999", "é"):
        assert by.get(address, **query, next_id=wrong).json()["items"] == pages[0], wrong


def test_a_session_that_is_not_on_the_first_page_is_found_by_its_code(admin: Program, collector: Program) -> None:
    place = collector.get("/api/user/interviews").json()["next_id"]
    oldest = collector.get("/api/user/interviews", next_id=place).json()["items"][-1]["session"]
    for by, path in ((collector, "/api/user/interviews"), (admin, "/api/interviews")):
        told = by.get(path, session=oldest).json()
        assert ([one["session"] for one in told["items"]], told["next_id"]) == ([oldest], None)
        assert by.get(path, session=oldest, query=f"DA.Sessions.filename == '{FRUIT}'").json()["items"] == []
        assert by.get(path, session="x" * 32).json() == {"next_id": None, "items": []}


def test_what_begins_meanwhile_moves_nothing_to_another_page(site: Site, admin: Program, collector: Program) -> None:
    first = collector.get("/api/user/interviews").json()
    newer = collector.begin(SHARED)
    second = collector.get("/api/user/interviews", next_id=first["next_id"]).json()
    codes = [one["session"] for one in (*first["items"], *second["items"])]
    assert len(set(codes)) == len(codes) == _MORE_THAN_A_PAGE
    assert newer.session not in codes
    collector.delete("/api/session", **newer.facts)
