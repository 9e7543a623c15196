"""Sign up, sign in, sign out: what changes hands, what changes in the browser, and what strangers can learn."""

from __future__ import annotations

import pytest

from tests.flows.accounts.conftest import PASSWORD, MakePerson, fields_of
from tests.sites import Site


def test_who_signs_up_is_signed_in_and_can_sign_in_elsewhere(people: MakePerson) -> None:
    ann = people()
    answer = ann.register()
    assert answer.url.path == "/interviews"
    assert ann.me()["email"] == ann.email
    assert ann.me()["roles"] == ["user"]
    elsewhere = people()
    elsewhere.sign_in(ann.email.upper())
    assert elsewhere.me()["user_id"] == ann.me()["user_id"]


def test_what_was_answered_before_signing_up_is_read_in_another_browser(people: MakePerson) -> None:
    ann = people()
    ann.open()
    ann.answer(name="Ann")
    ann.register()
    elsewhere = people()
    elsewhere.sign_in(ann.email)
    [session] = elsewhere.sessions()
    assert session["title"] == "Names"
    elsewhere.open(session=session["session"])
    assert elsewhere.shown == "How old are you?"
    elsewhere.answer(age="41")
    assert elsewhere.shown == "Ann is 41."
    assert f"{ann.email} / user" in elsewhere.page


def test_a_form_opened_before_signing_in_in_another_tab_is_taken(people: MakePerson) -> None:
    ann = people()
    ann.register()
    ann.get("/user/sign-out")
    ann.open()
    typed = ann.filled(name="Ann")
    ann.sign_in()
    assert ann.post(typed).status_code == 200
    assert ann.shown == "How old are you?"
    assert len(ann.sessions()) == 1


def test_id_and_secret_of_the_browser_change_at_sign_in(people: MakePerson) -> None:
    ann = people()
    ann.register()
    ann.get("/user/sign-out")
    ann.open()
    before = dict(ann.http.cookies)
    ann.sign_in()
    after = dict(ann.http.cookies)
    assert before["colloquy_session"] != after["colloquy_session"]
    assert before["secret"] != after["secret"]
    assert before["colloquy_device"] == after["colloquy_device"]
    planted = people()
    planted.http.cookies.update(before)
    assert planted.me() == {"logged_in": False}


def test_a_cookie_without_its_secret_is_nobody(people: MakePerson) -> None:
    ann = people()
    ann.register()
    stolen = people()
    stolen.http.cookies.set("colloquy_session", ann.http.cookies["colloquy_session"])
    assert stolen.me() == {"logged_in": False}
    assert stolen.get("/user/profile").url.path == "/user/sign-in"


def test_after_signing_out_nothing_of_it_is_left(people: MakePerson) -> None:
    ann = people()
    ann.register()
    ann.open()
    code = ann.fields()["_session"]
    cookies = dict(ann.http.cookies)
    ann.get("/user/sign-out")
    assert ann.me() == {"logged_in": False}
    ann.http.cookies.update(cookies)
    assert ann.me() == {"logged_in": False}
    assert ann.open(session=code).status_code == 403


def test_the_next_person_at_the_same_browser_gets_nothing_of_the_one_before(people: MakePerson) -> None:
    ann, bob = people(), people()
    bob.register()
    ann.register()
    ann.open()
    ann.answer(name="Ann")
    ann.http.get("/user/sign-out")
    ann.sign_in(bob.email)
    assert ann.sessions() == []
    ann.open()
    assert ann.shown == "What is your name?"


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/x", "//evil.example/x", "/\\evil.example/x", "\\\\evil.example", "javascript:alert(1)",
        "https:evil.example", "http:///evil.example/x", "/\t/evil.example", "data:text/html,x", "///evil.example",
    ],
)  # fmt: skip
def test_nobody_is_led_to_another_site(people: MakePerson, site: Site, wanted: str) -> None:
    ann = people()
    ann.register()
    ann.get("/user/sign-out")
    ann.get("/user/sign-in", next=wanted)
    form = fields_of(ann.page) | {"email": ann.email, "password": PASSWORD, "next": wanted}
    answer = ann.http.post("/user/sign-in", data=form, follow_redirects=False)
    assert answer.status_code == 303
    location = answer.headers["location"]
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))


def test_after_signing_in_one_goes_where_one_wanted_to(people: MakePerson) -> None:
    ann = people()
    ann.register()
    ann.get("/user/sign-out")
    assert ann.get("/user/profile").url.path == "/user/sign-in"
    answer = ann.send_again("/user/sign-in", email=ann.email, password=PASSWORD)
    assert answer.url.path == "/user/profile"


def test_a_form_of_another_browser_is_refused(people: MakePerson) -> None:
    ann, mallory = people(), people()
    ann.register()
    mallory.get("/user/sign-in")
    token = fields_of(mallory.page)["csrf_token"]
    for path in ("/user/sign-in", "/user/profile", "/user/change-password", "/user/manage", "/interviews"):
        for data in ({"csrf_token": token}, {}):
            assert ann.http.post(path, data=data).status_code == 403
    assert ann.me()["logged_in"]


def test_a_link_on_another_site_does_not_sign_out(people: MakePerson) -> None:
    ann = people()
    ann.register()
    answer = ann.http.get("/user/sign-out", headers={"sec-fetch-site": "cross-site"})
    assert "Sign out?" in answer.text
    assert ann.me()["logged_in"]


def test_strangers_cannot_tell_who_has_an_account(people: MakePerson) -> None:
    ann, mallory = people(), people()
    ann.register()
    said = []
    for email in (ann.email, "nobody-at-all@example.org"):
        answer = mallory.sign_in(email, "wrong password")
        text = answer.text.replace(email, "").replace(fields_of(answer.text)["csrf_token"], "")
        said.append((answer.status_code, text))
        answer = mallory.send("/user/forgot-password", email=email)
        said.append((answer.status_code, answer.text))
    assert said[0] == said[2]
    assert said[1] == said[3]


def test_who_guesses_is_locked_out_and_others_are_not(people: MakePerson) -> None:
    ann = people()
    ann.register()
    ann.http.get("/user/sign-out")
    guesser = people(address="198.51.100.9")
    codes = [guesser.sign_in(ann.email, f"guess number {n}").status_code for n in range(6)]
    assert codes == [403] * 5 + [429]
    assert guesser.sign_in(ann.email).status_code == 429
    ann.sign_in()
    assert ann.me()["logged_in"]


def test_weak_and_mistyped_passwords_are_told(people: MakePerson) -> None:
    ann = people()
    assert "too easy" in ann.register(password="short", again="short").text
    assert "not the same" in ann.register(again="another password").text
    assert "already" not in ann.register().text
    bob = people()
    assert "already being used" in bob.register(email=ann.email).text


def test_names_are_text_and_not_markup(people: MakePerson) -> None:
    ann = people()
    ann.register(first_name="<script>alert(1)</script>")
    assert "<script>alert" not in ann.get("/user/profile").text
    assert "&lt;script&gt;" in ann.page


def test_an_interview_may_leave_the_standard_menu_out(people: MakePerson) -> None:
    ann = people("plain_menu")
    ann.register()
    page = ann.open().text
    assert "Nothing but this" in page
    assert "/user/sign-out" not in page
    assert '<a class="da-account-link" href="/interviews">My Interviews</a>' in page


def test_an_interview_leads_to_the_sign_in_and_back_to_itself(people: MakePerson) -> None:
    ann = people()
    ann.register()
    page = ann.open().text
    for address, label in (("interviews", "My Interviews"), ("user/profile", "Profile"), ("user/sign-out", "Sign Out")):
        assert f'<a class="dropdown-item" href="/{address}">{label}</a>' in page
    assert "Sign in" not in page
    ann.http.get("/user/sign-out")
    ann.open()
    ann.answer(name="Ann")
    assert 'href="/user/sign-in?next=' in ann.page
    ann.sign_in(path="/user/sign-in")
    ann.open()
    assert ann.shown == "How old are you?"
    ann.go_to("quiet")
    ann.http.get("/user/sign-out")
    assert "/user/sign-in" not in ann.open().text
