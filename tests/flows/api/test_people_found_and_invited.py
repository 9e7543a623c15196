"""Accounts in lists, by address and by invitation; keys whose lists grow and shrink; interviews that can be started."""

from __future__ import annotations

import re

import httpx
import pytest

from shared.kernel.ids import new_code
from tests.flows.api.conftest import PASSWORD, SHARED, Program, Session, someone
from tests.sites import Site

LISTED = "programs:data/questions/listed.yml"


def test_closed_accounts_are_listed_when_they_are_asked_for(site: Site, admin: Program) -> None:
    with someone(site, admin) as gone, someone(site, admin) as here:
        numbers = [one.get("/api/user").json()["id"] for one in (gone, here)]
        assert admin.delete(f"/api/user/{numbers[0]}").status_code == 204

    def listed(**query: object) -> dict[int, bool]:
        found, place = {}, None
        while place is not None or not found:
            told = admin.get("/api/user_list", **query, **({"next_id": place} if place else {})).json()
            found |= {one["id"]: one["active"] for one in told["items"] if one["id"] in numbers}
            place = told["next_id"]
        return found

    assert listed() == {numbers[1]: True}
    assert listed(include_inactive=0) == {numbers[1]: True}
    assert listed(include_inactive=1) == {numbers[0]: False, numbers[1]: True}


def test_an_address_is_found_however_it_is_written_unless_letters_are_to_count(admin: Program) -> None:
    name = new_code(8).lower()
    number = admin.post("/api/user/new", username=f"{name.title()}@Example.org").json()["user_id"]
    for written, counts, status in (
        (f"{name}@example.org", 0, 200),
        (f"{name.upper()}@EXAMPLE.ORG", 0, 200),
        (f"{name}@example.org", 1, 404),
        (f"{name.title()}@Example.org", 1, 200),
    ):
        answer = admin.get("/api/user_info", username=written, case_sensitive=counts)
        assert answer.status_code == status, (written, counts)
        assert answer.json() == "User not found." if status == 404 else answer.json()["id"] == number


def test_several_people_are_invited_and_each_link_gives_an_account_with_the_privilege(
    site: Site, admin: Program
) -> None:
    addresses = [f"{new_code(8).lower()}@example.org" for _ in range(2)]
    told = admin.post("/api/user_invite", email_addresses=addresses, privilege="advocate", send_emails=0).json()
    assert [(one["email"], one["invitation_sent"]) for one in told] == [(address, False) for address in addresses]
    assert all(set(one) == {"email", "url", "invitation_sent"} for one in told)
    assert len({one["url"] for one in told}) == 2
    with httpx.Client(timeout=60, follow_redirects=True) as browser:
        page = browser.get(told[0]["url"])
        assert addresses[0] in page.text
        token = re.search('name="csrf_token" value="([^"]+)"', page.text)
        assert token is not None
        invitation = told[0]["url"].partition("token=")[2]
        fields = {"csrf_token": token[1], "token": invitation, "password": PASSWORD, "again": PASSWORD}
        assert browser.post(told[0]["url"], data=fields).status_code == 200
    made = admin.get("/api/user_info", username=addresses[0])
    assert (made.status_code, made.json()["privileges"]) == (200, ["advocate"])
    assert admin.get("/api/user_info", username=addresses[1]).status_code == 404


def test_one_address_is_invited_as_an_ordinary_person_by_letter_unless_it_says_otherwise(admin: Program) -> None:
    address = f"{new_code(8).lower()}@example.org"
    for given in (address, f'["{address}"]'):
        [told] = admin.post("/api/user_invite", email_addresses=given).json()
        assert (told["email"], told["invitation_sent"]) == (address, True)


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({}, 400, "An e-mail address must be supplied."),
        ({"email_addresses": []}, 400, "An e-mail address must be supplied."),
        ({"email_addresses": ["nobody"]}, 400, "This is not an e-mail address."),
        ({"email_addresses": "a@b.org", "privilege": "emperor"}, 400, "Invalid privilege name."),
        ({"email_addresses": "a@b.org", "privilege": "cron"}, 403, "Access denied."),
        ({"email_addresses": {"a": 1}}, 400, "email_addresses must be a list of e-mail addresses."),
    ],
    ids=str,
)
def test_what_is_wrong_with_an_invitation_is_said(
    admin: Program, fields: dict[str, object], status: int, message: str
) -> None:
    answer = admin.post("/api/user_invite", **fields)
    assert (answer.status_code, answer.json()) == (status, message)


def test_addresses_and_permissions_of_a_key_are_added_and_taken_away_one_by_one(site: Site, admin: Program) -> None:
    made = {"method": "ip", "allowed": ["192.0.2.1"], "permissions": ["access_user_info"]}
    key = admin.post("/api/user/api", name=f"grows {new_code(6)}", **made).json()

    def change(**fields: object) -> tuple[list[str], list[str]]:
        assert admin.patch("/api/user/api", api_key=key, **fields).status_code == 204
        shown = admin.get("/api/user/api", api_key=key).json()
        return shown["constraints"], shown["permissions"]

    both = ["192.0.2.1", "198.51.100.0/24"]
    assert change(add_to_allowed="198.51.100.0/24") == (both, ["access_user_info"])
    assert change(add_to_allowed=["198.51.100.0/24"]) == (both, ["access_user_info"])
    assert change(remove_from_allowed='["192.0.2.1", "203.0.113.9"]') == (both[1:], ["access_user_info"])
    grown = ["access_sessions", "access_user_info"]
    assert change(add_to_permissions=["access_sessions"]) == (both[1:], grown)
    assert change(remove_from_permissions="access_user_info") == (both[1:], grown[:1])
    assert change(allowed=["192.0.2.7"], permissions=[]) == (["192.0.2.7"], [])
    assert change(allowed=[], name="whole lists") == ([], [])
    for wrong, status in (
        ({"add_to_permissions": ["rule_the_world"]}, 400),
        ({"add_to_allowed": ["nowhere"]}, 400),
        ({"add_to_allowed": {"a": 1}}, 400),
        ({"method": "magic"}, 400),
    ):
        assert admin.patch("/api/user/api", api_key=key, **wrong).status_code == status, wrong
    assert change(method="none") == ([], [])


def test_a_key_is_used_as_its_lists_say_from_the_next_call_on(site: Site, admin: Program) -> None:
    key = admin.post("/api/user/api", name=f"moves {new_code(6)}", method="ip", allowed=["192.0.2.1"]).json()

    def status(path: str, address: str) -> int:
        headers = {"x-api-key": key, "x-forwarded-for": address}
        return httpx.get(f"{site.url}api/{path}", headers=headers, timeout=60).status_code

    assert [status("user_list", one) for one in ("192.0.2.1", "192.0.2.2")] == [200, 403]
    assert admin.patch("/api/user/api", api_key=key, add_to_allowed=["192.0.2.2"]).status_code == 204
    assert status("user_list", "192.0.2.2") == 200
    assert admin.patch("/api/user/api", api_key=key, add_to_permissions=["access_sessions"]).status_code == 204
    assert [status(path, "192.0.2.2") for path in ("user_list", "interviews")] == [403, 200]


def test_interviews_that_can_be_started_are_listed_with_links(site: Site, program: Program) -> None:
    told = {one["filename"]: one for one in program.get("/api/list").json()}
    assert told[LISTED] == {
        "filename": LISTED,
        "title": "Listed",
        "subtitle": None,
        "tags": ["orchard", "harvest"],
        "link": f"{site.url}interview?i=programs%3Adata/questions/listed.yml",
        "package": "programs",
    }
    assert httpx.get(told[LISTED]["link"], timeout=60, follow_redirects=True).status_code == 200
    assert [one["filename"] for one in program.get("/api/list", tag="orchard").json()] == [LISTED]
    assert program.get("/api/list", tag="nothing").json() == []
    [relative] = program.get("/api/list", tag="harvest", absolute_urls=0).json()
    assert relative["link"] == "/interview?i=programs%3Adata/questions/listed.yml"


def test_a_sign_in_link_begins_anew_unless_it_is_to_resume(site: Site, admin: Program) -> None:
    with someone(site, admin) as program:
        fields = {"username": program.email, "password": PASSWORD, "i": SHARED}
        with httpx.Client(timeout=60) as browser:

            def arrives(**more: object) -> str:
                """The session that the link leads into."""
                url = admin.post("/api/login_url", **fields, expire=600, **more).json()
                answer = browser.get(url)
                if answer.status_code == 200:  # a browser that is in a session already is asked first
                    token = re.search('name="csrf_token" value="([^"]+)"', answer.text)
                    assert token is not None
                    answer = browser.post(url, data={"csrf_token": token[1]})
                page = browser.get(httpx.URL(site.url).join(answer.headers["location"]), follow_redirects=True)
                assert page.status_code == 200
                newest: str = program.get("/api/user/interviews").json()["items"][0]["session"]
                return newest

            first = arrives()
            second = arrives()
            assert second != first
            assert arrives(resume_existing=1) == second
            assert len(program.get("/api/user/interviews").json()["items"]) == 2
            theirs = Session(SHARED, first)
            assert arrives(session=theirs.session) == second
            assert len(program.get("/api/user/interviews").json()["items"]) == 2
