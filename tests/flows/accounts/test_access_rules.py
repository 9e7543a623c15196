"""Who may use an interview (spec/area2 §2.8): asked before anything is evaluated."""

from __future__ import annotations

from tests.flows.accounts.conftest import PASSWORD, MakePerson, operator
from tests.flows.system.person import SCRIPT
from tests.sites import Site


def test_an_interview_for_people_who_signed_in_leads_to_the_sign_in_and_back(people: MakePerson) -> None:
    ann = people()
    ann.register()
    ann.http.get("/user/sign-out")
    ann.go_to("closed")
    answer = ann.open()
    assert answer.url.path == "/user/sign-in"
    assert "You need to be logged in to access this interview." in ann.page
    answer = ann.send_again("/user/sign-in", email=ann.email, password=PASSWORD)
    assert ann.shown == "What is your name?"


def test_programs_are_told_that_they_must_sign_in(people: MakePerson) -> None:
    ann = people("closed")
    assert ann.http.get("/interview", params={"i": ann.interview, "json": "1"}).status_code == 401


def test_without_the_privilege_it_is_forbidden_whatever_way_one_comes(
    people: MakePerson, site: Site, admin_address: str
) -> None:
    root, ann = people("staff"), people("staff")
    root.sign_in(admin_address)
    root.open()
    assert root.shown == "What is your name?"
    code = root.fields()["_session"]
    ann.register()
    assert ann.open().status_code == 403
    assert ann.open(session=code).status_code == 403
    assert ann.open(new_session="1").status_code == 403
    assert ann.http.get("/vars", params={"i": ann.interview, "session": code}).status_code in (403, 404)
    ended = operator(site, "users", "privileges", ann.email, "user", "admin")
    assert ended.returncode == 0, ended.stderr
    assert ann.open().status_code == 200
    assert operator(site, "users", "privileges", ann.email, "user").returncode == 0  # one administrator is left


def test_a_privilege_that_is_taken_away_counts_at_once(people: MakePerson, site: Site) -> None:
    ann = people("members")
    ann.register()
    assert ann.open().status_code == 403
    operator(site, "users", "privileges", ann.email, "customer")
    assert ann.open().status_code == 200
    form = ann.filled(name="Ann")
    operator(site, "users", "privileges", ann.email, "user")
    assert ann.post(form).status_code == 403
    answer = ann.post_by_script(form)
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("application/json")


def test_only_some_may_begin_what_others_may_go_on_with(people: MakePerson, admin_address: str) -> None:
    root, ann = people("starters"), people("starters")
    ann.register()
    assert ann.open().status_code == 403
    root.sign_in(admin_address)
    assert root.open().status_code == 200


def test_one_session_each(people: MakePerson) -> None:
    ann = people("one")
    assert ann.open().url.path == "/user/sign-in"
    ann.register()
    ann.open()
    ann.answer(name="Ann")
    elsewhere = people("one")
    elsewhere.sign_in(ann.email)
    elsewhere.open()
    assert elsewhere.shown == "Hello, Ann."
    elsewhere.open(new_session="1")
    assert elsewhere.shown == "Hello, Ann."
    assert len(ann.sessions()) == 1
    elsewhere.open(reset="1")
    assert elsewhere.shown == "What is your name?"


def test_a_temporary_session_ends_when_another_begins(people: MakePerson) -> None:
    ann = people("brief")
    ann.register()
    ann.open()
    first = ann.fields()["_session"]
    ann.open(new_session="1")
    assert len(ann.sessions()) == 1
    assert ann.open(session=first).status_code == 404


def test_the_sign_in_of_a_script_s_post_is_a_redirect_it_can_follow(people: MakePerson, site: Site) -> None:
    ann = people("closed")
    ann.register()
    ann.open()
    form = ann.filled(name="Ann")
    elsewhere = people()
    elsewhere.sign_in(ann.email)
    elsewhere.send(
        "/user/change-password", present=PASSWORD, password="another horse battery", again="another horse battery"
    )
    answer = ann.http.post("/interview", params={"i": ann.interview}, data=form | {"ajax": "1"}, headers=SCRIPT)
    assert answer.json()["action"] == "redirect"
    assert answer.json()["url"].startswith("/user/sign-in?")
    ann.sign_in(password="another horse battery")
    ann.open()
    assert ann.shown == "Hello, Ann."  # what was sent meanwhile was kept, and is taken now


def test_some_interviews_are_listed_for_some_only(people: MakePerson, site: Site) -> None:
    ann = people()
    ann.register()

    def listed() -> set[str]:
        found = ann.http.get("/list", params={"json": "1"}).json()["interviews"]
        return {one["title"] for one in found if one["reference"].startswith("people:")}

    assert "Names" in listed()
    assert not {"unlisted", "customers"} & listed()
    operator(site, "users", "privileges", ann.email, "customer")
    assert "customers" in listed()
    assert "unlisted" not in listed()
    ann.go_to("unlisted")
    assert ann.open().status_code == 200


def test_a_hidden_session_is_not_in_the_list(people: MakePerson) -> None:
    ann = people("hidden")
    ann.register()
    ann.open()
    assert ann.sessions() == []


def test_leaving_and_signing_out_at_once(people: MakePerson) -> None:
    ann = people("unlisted")
    ann.register()
    ann.open()
    code = ann.fields()["_session"]
    ann.http.get("/exit_logout", params={"i": ann.interview})
    assert ann.me() == {"logged_in": False}
    ann.sign_in()
    assert ann.sessions() == []
    assert ann.open(session=code).status_code == 404


def test_a_link_on_another_site_does_not_delete_and_sign_out(people: MakePerson) -> None:
    ann = people("unlisted")
    ann.register()
    ann.open()
    ann.http.get("/exit_logout", params={"i": ann.interview}, headers={"sec-fetch-site": "cross-site"})
    assert ann.me()["logged_in"]
    assert len(ann.sessions()) == 1
