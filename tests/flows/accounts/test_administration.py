"""Administrators' pages and commands; and that nobody else gets at them by their addresses."""

from __future__ import annotations

import json

import pytest

from tests.flows.accounts.conftest import PASSWORD, Letterbox, MakePerson, operator
from tests.sites import Site

PAGES = ("/userlist", "/user/invite", "/user/add", "/privilegelist", "/user/1/editprofile")


@pytest.mark.parametrize("page", PAGES)
def test_pages_of_administrators_are_closed_to_others(people: MakePerson, admin_address: str, page: str) -> None:
    ann, nobody = people(), people()
    ann.register()
    assert ann.get(page).status_code == 403
    assert nobody.get(page).url.path == "/user/sign-in"


def test_what_an_administrator_can_post_nobody_else_can(people: MakePerson, admin_address: str) -> None:
    ann = people()
    ann.register()
    ann.get("/user/profile")
    number = ann.me()["user_id"]
    for path, values in (
        ("/user/invite", {"email": "x@example.org", "privilege": "admin"}),
        ("/user/add", {"email": "x@example.org", "password": PASSWORD, "privilege": "admin"}),
        ("/privilegelist", {"name": "emperor", "permission create_user": "1"}),
        (f"/user/{number}/editprofile", {"privilege admin": "1", "is_active": "1"}),
        ("/user/1/editprofile", {"privilege user": "1"}),
    ):
        ann.get("/user/profile")
        assert ann.send_again(path, **values).status_code == 403, path
    assert ann.me()["roles"] == ["user"]


def test_an_administrator_changes_privileges_and_closes_accounts(people: MakePerson, admin_address: str) -> None:
    root, bob = people(), people()
    root.sign_in(admin_address)
    bob.register()
    number = bob.me()["user_id"]
    root.get("/userlist", search=bob.email)
    assert f"/user/{number}/editprofile" in root.page
    path = f"/user/{number}/editprofile"
    root.send(path, **{"privilege developer": "1", "privilege user": "1", "is_active": "1", "first_name": "Bo"})
    assert bob.me()["roles"] == ["user", "developer"] or bob.me()["roles"] == ["developer", "user"]
    assert bob.me()["first_name"] == "Bo"
    root.send(path, **{"privilege user": "1", "first_name": "Bo"})
    assert bob.me() == {"logged_in": False}
    assert bob.sign_in().status_code == 403


def test_a_privilege_of_one_s_own_allows_what_it_says(people: MakePerson, admin_address: str, site: Site) -> None:
    root, clerk = people(), people()
    root.sign_in(admin_address)
    root.send("/privilegelist", **{"name": "clerk", "permission access_user_info": "1"})
    assert "clerk" in root.page
    clerk.register()
    assert operator(site, "users", "privileges", clerk.email, "user", "clerk").returncode == 0
    assert clerk.get("/userlist").status_code == 200
    assert clerk.get("/user/invite").status_code == 403
    assert clerk.get("/privilegelist").status_code == 403


def test_somebody_invited_gets_the_privilege_and_the_address_of_the_invitation(
    people: MakePerson, admin_address: str, letterbox: Letterbox
) -> None:
    root, guest = people(), people()
    root.sign_in(admin_address)
    root.send("/user/invite", email=guest.email, privilege="advocate")
    link = letterbox.link_to(guest.email, "invited")
    guest.send(link, email="somebody-else@example.org", password=PASSWORD, again=PASSWORD)
    assert (guest.me()["email"], guest.me()["roles"]) == (guest.email, ["advocate"])
    assert people().get(link).status_code == 404


def test_the_last_administrator_stays(people: MakePerson, admin_address: str) -> None:
    root = people()
    root.sign_in(admin_address)
    number = root.me()["user_id"]
    answer = root.send(f"/user/{number}/editprofile", **{"privilege user": "1"})
    assert "last account that may administer" in answer.text
    answer = root.send("/user/manage", phrase="delete my account", present=PASSWORD)
    assert "last account that may administer" in answer.text
    assert root.me()["roles"] == ["admin"]


def test_operators_list_close_and_open_accounts(people: MakePerson, site: Site) -> None:
    ann = people()
    ann.register()
    listed = json.loads(operator(site, "users", "list", "--search", ann.email, "--json").stdout)
    assert [one["email"] for one in listed] == [ann.email]
    assert operator(site, "users", "close", ann.email).returncode == 0
    assert ann.me() == {"logged_in": False}
    assert operator(site, "users", "open", ann.email).returncode == 0
    ann.sign_in()
    assert ann.me()["logged_in"]
    ended = operator(site, "users", "close", "nobody@example.org")
    assert ended.returncode != 0
    assert "There is no such account." in ended.stderr + ended.stdout


def test_operators_set_passwords_and_are_told_what_is_lost(people: MakePerson, site: Site) -> None:
    ann = people()
    ann.register()
    ann.open()
    assert operator(site, "users", "password", ann.email, typed="n\n").returncode == 1
    typed = "a password of the operator\n"
    assert operator(site, "users", "password", ann.email, "--lose-sessions", typed=typed).returncode == 0
    ann.sign_in(password="a password of the operator")
    assert [one["valid"] for one in ann.sessions()] == [False]
