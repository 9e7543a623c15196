"""Links that sign somebody in, once (spec/area2 §6.5, §11.3)."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.flows.api.conftest import FRUIT, PASSWORD, Program, limited
from tests.sites import Site


def link(admin: Program, program: Program, **fields: Any) -> str:
    answer = admin.post("/api/login_url", username=program.email, password=PASSWORD, expire=600, **fields)
    assert answer.status_code == 200, answer.text
    url: str = answer.json()
    return url


def follow(url: str, **headers: str) -> httpx.Response:
    with httpx.Client(timeout=60.0, headers=headers) as browser:
        return browser.get(url)


def test_a_link_signs_in_and_leads_into_an_interview(admin: Program, program: Program) -> None:
    url = link(admin, program, i=FRUIT, url_args={"from": "é", "action": "x", "session": "y"})
    answer = follow(url)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/interview?i={FRUIT.replace(':', '%3A').replace('/', '%2F')}" + (
        "&new_session=1&from=%C3%A9"
    )


def test_who_has_followed_it_has_signed_in(admin: Program, program: Program) -> None:
    with httpx.Client(timeout=60.0, follow_redirects=True) as browser:
        shown = browser.get(link(admin, program, next="/user/profile"))
    assert shown.url.path == "/user/profile"
    assert program.email in shown.text


def test_a_link_from_elsewhere_takes_no_answers_along_unasked(admin: Program, program: Program) -> None:
    url = link(admin, program, next="/user/profile")
    with httpx.Client(timeout=60.0) as browser:
        browser.get(f"{url.partition('/user/')[0]}/interview", params={"i": FRUIT}, follow_redirects=True)
        asked = browser.get(url)
        assert (asked.status_code, "Sign in?" in asked.text) == (200, True)
        assert "/user/sign-in" in browser.get(f"{url.partition('/user/')[0]}/user/profile").headers["location"]
        token = re.search('name="csrf_token" value="([^"]+)"', asked.text)
        assert token is not None
        assert browser.post(url, data={"csrf_token": "made up"}).status_code == 403
        answer = browser.post(url, data={"csrf_token": token[1]})
    assert (answer.status_code, answer.headers["location"]) == (303, "/user/profile")


def test_a_link_of_our_own_pages_leads_in_at_once(admin: Program, program: Program) -> None:
    url = link(admin, program)
    with httpx.Client(timeout=60.0) as browser:
        browser.get(f"{url.partition('/user/')[0]}/interview", params={"i": FRUIT}, follow_redirects=True)
        assert browser.get(url, headers={"sec-fetch-site": "same-origin"}).headers["location"] == "/interviews"


def test_a_link_works_once(admin: Program, program: Program) -> None:
    url = link(admin, program)
    assert follow(url).headers["location"] == "/interviews"
    assert follow(url).status_code == 403


def test_a_preview_does_not_use_a_link_up(admin: Program, program: Program) -> None:
    url = link(admin, program)
    assert follow(url, **{"user-agent": "WhatsApp/2"}).content == b""
    assert follow(url).status_code == 303


def test_a_link_never_leads_elsewhere(admin: Program, program: Program) -> None:
    assert follow(link(admin, program, next="https://example.org/a")).headers["location"] == "/a"


def test_what_somebody_stashes_signs_nobody_in(site: Site, program: Program) -> None:
    keys = program.post("/api/stash_data", data={"account_id": 1, "key_number": 1, "key": "", "go_on": "/"}).json()
    assert follow(f"{site.url}user/autologin?key={keys['secret']}{keys['stash_key']}").status_code == 403


def test_what_a_link_holds_is_told_to_nobody(admin: Program, program: Program) -> None:
    key = link(admin, program).partition("key=")[2]
    answer = program.get("/api/retrieve_stashed_data", secret=key[:16], stash_key=key[16:])
    assert answer.status_code == 400
    assert answer.json().startswith("The stashed data could not be retrieved: ")


@pytest.mark.parametrize("change", [{"password": "wrong"}, {"username": "nobody@example.org"}])
def test_without_the_right_password_there_is_no_link(admin: Program, program: Program, change: dict[str, str]) -> None:
    asked = {"username": program.email, "password": PASSWORD, **change}
    answer = admin.post("/api/login_url", **asked)
    assert (answer.status_code, answer.json()) == (403, "Incorrect username or password.")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"expire": "soon"}, "Invalid number of seconds."),
        ({"url_args": "["}, "Malformed URL arguments"),
        ({"username": ""}, "A username and password must be supplied"),
    ],
)
def test_what_is_wrong_with_a_link_is_said(
    admin: Program, program: Program, fields: dict[str, str], message: str
) -> None:
    answer = admin.post("/api/login_url", **{"username": program.email, "password": PASSWORD, **fields})
    assert (answer.status_code, answer.json()) == (400, message)


def test_links_are_made_by_who_may_sign_people_in(site: Site, admin: Program, program: Program) -> None:
    asked = {"username": program.email, "password": PASSWORD}
    assert program.post("/api/login_url", **asked).status_code == 403
    assert limited(site, admin, "log_user_in").post("/api/login_url", **asked).status_code == 200
