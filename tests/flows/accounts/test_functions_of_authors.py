"""What interviews can do with accounts: as much as who runs them, asked of the database, and with the answers."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.flows.accounts.conftest import PASSWORD, MakePerson, Somebody


def said(person: Somebody, order: str, **more: str) -> str:
    person.go_to("clerks")
    answer = person.open(new_session="1", order=order, **more)
    found = re.search(r"\[(.*?)\]</p>", person.page, re.DOTALL)
    return re.sub("[‘’]", "'", unescape(found[1])) if found else f"error {answer.status_code}"


def test_everybody_can_see_and_change_their_own_account(people: MakePerson) -> None:
    ann = people()
    ann.register()
    assert said(ann, "me") == f"{ann.email} ['user']"
    assert said(ann, "own") == "renamed"
    assert ann.me()["first_name"] == "Own"


@pytest.mark.parametrize("order", ["list", "look", "make", "rename", "crown", "close", "invite", "privileges"])
def test_a_plain_user_can_do_nothing_to_others(people: MakePerson, order: str) -> None:
    ann, bob = people(), people()
    ann.register()
    bob.register()
    assert said(ann, order, who=bob.email).startswith("refused: The person who runs")
    assert bob.me()["roles"] == ["user"]
    assert bob.me()["last_name"] == "Lee"


def test_a_plain_user_cannot_make_themselves_an_administrator(people: MakePerson) -> None:
    ann = people()
    ann.register()
    assert said(ann, "crown", who=ann.email).startswith("refused")
    assert ann.me()["roles"] == ["user"]


def test_administrators_look_after_others(people: MakePerson, admin_address: str) -> None:
    root, bob = people(), people()
    root.sign_in(admin_address)
    bob.register()
    assert said(root, "list", who=bob.email) == "listed"
    assert said(root, "look", who=bob.email) == "Ann"
    assert said(root, "rename", who=bob.email) == "renamed Renamed"
    assert bob.me()["last_name"] == "Renamed"
    assert "trainer" in said(root, "privileges", who="bees")
    assert said(root, "close", who=bob.email) == "closed"
    assert bob.me() == {"logged_in": False}


def test_who_gives_privileges_to_somebody_else_keeps_their_own(people: MakePerson, admin_address: str) -> None:
    root, bob = people(), people()
    root.sign_in(admin_address)
    bob.register()
    assert said(root, "demote", who=bob.email) == "['admin']"
    assert bob.me()["roles"] == ["customer"]
    assert root.me()["roles"] == ["admin"]


def test_an_account_is_made_with_the_answers(people: MakePerson, admin_address: str) -> None:
    root, carl = people(), people()
    root.sign_in(admin_address)
    assert said(root, "make", who=carl.email) == "Made['customer']"
    carl.sign_in(password="a long password")
    assert carl.me()["roles"] == ["customer"]
    assert said(root, "make", who=carl.email) == "refused: That e-mail address is already being used."


def test_a_run_that_fails_makes_no_account(people: MakePerson, admin_address: str) -> None:
    root, dora = people(), people()
    root.sign_in(admin_address)
    assert said(root, "fail", who=dora.email).startswith("error 5")
    assert dora.sign_in(password="a long password").status_code == 403


def test_an_invitation_of_an_interview_gives_its_privilege(people: MakePerson, admin_address: str) -> None:
    root, emil = people(), people()
    root.sign_in(admin_address)
    link = said(root, "invite", who=emil.email)
    path = link.partition("/user/")[2]
    emil.send(f"/user/{path}", password=PASSWORD, again=PASSWORD)
    assert emil.me()["roles"] == ["customer"]
    assert emil.me()["email"] == emil.email


def test_what_opens_sessions_is_given_for_the_password_only(people: MakePerson) -> None:
    ann = people()
    ann.register()
    assert said(ann, "secret", who=ann.email, password=PASSWORD) == "user:"
    assert said(ann, "secret", who=ann.email, password="wrong").startswith("refused: The user name or the password")
    assert said(ann, "secret", who="nobody@example.org", password="wrong").startswith("refused: The user name or")


def test_an_interview_makes_an_address_that_signs_somebody_in_once(people: MakePerson) -> None:
    ann = people()
    ann.register()
    address = said(people(), "enter", who=ann.email, password=PASSWORD)
    assert "/user/autologin?key=" in address
    path = address.partition("/user/")[2]
    browser, late = people(), people()
    browser.get(f"/user/{path}")
    assert browser.http.get("/user/profile").status_code == 200
    assert browser.me()["email"] == ann.email
    assert late.get(f"/user/{path}").status_code == 403
    assert late.me() == {"logged_in": False}


def test_such_an_address_leads_into_an_interview(people: MakePerson) -> None:
    ann, browser = people(), people()
    ann.register()
    address = said(people(), "enter", who=ann.email, password=PASSWORD, into="names")
    answer = browser.get("/user/" + address.partition("/user/")[2])
    assert answer.url.params["i"] == "people:data/questions/names.yml"
    assert browser.me()["email"] == ann.email


def test_no_such_address_is_made_without_the_password(people: MakePerson) -> None:
    ann = people()
    ann.register()
    for who, password in ((ann.email, "wrong"), ("nobody@example.org", PASSWORD)):
        assert "The user name or the password is not right" in said(people(), "enter", who=who, password=password)


def test_anonymous_people_get_nothing(people: MakePerson) -> None:
    nobody = people()
    assert said(nobody, "make", who="x@example.org").startswith("refused")
    assert said(nobody, "own").startswith("refused")
