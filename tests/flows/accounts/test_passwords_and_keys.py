"""Passwords change and are forgotten; what that does to encrypted sessions (spec/area2 §3.2), and to work under way."""

from __future__ import annotations

from tests.flows.accounts.conftest import PASSWORD, Letterbox, MakePerson

NEW = "another horse battery"


def test_after_a_change_of_password_every_session_is_read_and_goes_back(people: MakePerson) -> None:
    ann = people()
    ann.register()
    for number in range(3):
        ann.open(new_session="1")
        ann.answer(name=f"Ann{number}")
    ann.send("/user/change-password", present=PASSWORD, password=NEW, again=NEW)
    assert "Your password was changed." in ann.page
    elsewhere = people()
    assert elsewhere.sign_in(ann.email).status_code == 403
    elsewhere.sign_in(ann.email, NEW)
    sessions = elsewhere.sessions()
    assert [one["valid"] for one in sessions] == [True] * 3
    for one in sessions:
        elsewhere.open(session=one["session"])
        assert elsewhere.shown == "How old are you?"
        elsewhere.post(elsewhere.fields("dabackbutton"))
        assert elsewhere.shown == "What is your name?"


def test_a_change_of_password_signs_other_browsers_out_and_they_come_back_to_where_they_were(
    people: MakePerson,
) -> None:
    ann, elsewhere = people(), people()
    ann.register()
    elsewhere.sign_in(ann.email)
    elsewhere.open()
    elsewhere.answer(name="Ann")
    ann.send("/user/change-password", present=PASSWORD, password=NEW, again=NEW)
    assert ann.me()["logged_in"]
    assert elsewhere.me() == {"logged_in": False}
    assert elsewhere.open().url.path == "/user/sign-in"
    elsewhere.send_again("/user/sign-in", email=ann.email, password=NEW)
    assert elsewhere.shown == "How old are you?"


def test_the_present_password_is_asked_for(people: MakePerson) -> None:
    ann = people()
    ann.register()
    assert ann.send("/user/change-password", present="wrong", password=NEW, again=NEW).status_code == 400
    assert ann.send("/user/change-email", present="wrong", email="x@example.org").status_code == 400
    assert ann.send("/user/manage", present="wrong", phrase="delete my account").status_code == 400
    assert ann.me()["email"] == ann.email


def test_a_forgotten_password_closes_encrypted_sessions_and_says_so_before(
    people: MakePerson, letterbox: Letterbox
) -> None:
    ann = people()
    ann.register()
    ann.open()
    ann.answer(name="Ann")
    ann.go_to("shared")
    ann.open()
    ann.answer(name="Ann")
    lost = people()
    lost.get("/user/forgot-password")
    assert "can never be read again" in lost.page
    lost.send("/user/forgot-password", email=ann.email)
    link = letterbox.link_to(ann.email, "Set a new password")
    lost.get(link)
    assert "can never be read again" in lost.page
    lost.send(link, password=NEW, again=NEW)
    lost.sign_in(ann.email, NEW)
    by_validity = {one["valid"]: one for one in lost.sessions()}
    assert by_validity[False]["title"] == ""
    assert by_validity[True]["title"] == "Shared"
    assert "interview answers cannot be decrypted" in lost.get("/interviews").text
    assert lost.get(link).status_code == 404


def test_with_the_old_password_nothing_is_lost(people: MakePerson, letterbox: Letterbox) -> None:
    ann = people()
    ann.register()
    ann.open()
    ann.answer(name="Ann")
    lost = people()
    lost.send("/user/forgot-password", email=ann.email)
    link = letterbox.link_to(ann.email, "Set a new password")
    assert lost.send(link, old="not the old one", password=NEW, again=NEW).status_code == 400
    lost.send(link, old=PASSWORD, password=NEW, again=NEW)
    lost.sign_in(ann.email, NEW)
    [session] = lost.sessions()
    lost.open(session=session["session"])
    assert lost.shown == "How old are you?"


def test_who_is_still_signed_in_somewhere_loses_nothing_by_setting_a_new_one_there(
    people: MakePerson, letterbox: Letterbox
) -> None:
    ann = people()
    ann.register()
    ann.open()
    ann.answer(name="Ann")
    ann.send("/user/forgot-password", email=ann.email)
    link = letterbox.link_to(ann.email, "Set a new password")
    ann.get(link)
    assert "can never be read again" not in ann.page
    ann.send(link, password=NEW, again=NEW)
    ann.sign_in(password=NEW)
    assert [one["valid"] for one in ann.sessions()] == [True]


def test_only_the_newest_link_of_a_reset_works(people: MakePerson, letterbox: Letterbox) -> None:
    ann = people()
    ann.register()
    ann.send("/user/forgot-password", email=ann.email)
    first = letterbox.link_to(ann.email, "Set a new password")
    ann.send("/user/forgot-password", email=ann.email)
    assert ann.get(first).status_code == 404


def test_another_address_is_used_from_then_on(people: MakePerson) -> None:
    ann, bob = people(), people()
    ann.register()
    bob.register()
    assert "already being used" in ann.send("/user/change-email", present=PASSWORD, email=bob.email.upper()).text
    ann.send("/user/change-email", present=PASSWORD, email="new-" + ann.email)
    ann.get("/user/sign-out")
    assert ann.sign_in().status_code == 403
    ann.sign_in("new-" + ann.email)
    assert ann.me()["logged_in"]


def test_a_deleted_account_takes_its_sessions_along(people: MakePerson) -> None:
    ann = people()
    ann.register()
    ann.open()
    code = ann.fields()["_session"]
    assert ann.send("/user/manage", phrase="yes", present=PASSWORD).status_code == 400
    ann.send("/user/manage", phrase="delete my account", present=PASSWORD)
    assert "Your account was deleted." in ann.page
    assert ann.sign_in().status_code == 403
    assert ann.open(session=code).status_code == 404


def test_the_list_of_sessions_resumes_deletes_and_filters(people: MakePerson) -> None:
    ann = people()
    ann.register()
    for name in ("names", "shared", "names"):
        ann.go_to(name)
        ann.open(new_session="1")
        ann.answer(name="Ann")
    assert [one["title"] for one in ann.sessions()] == ["Names", "Shared", "Names"]
    assert ann.get("/interviews", resume="people:data/questions/shared.yml").text.count("Hello, Ann.")
    page = ann.get("/interviews").text
    newest = page.partition('name="delete" value="')[2].partition('"')[0]
    answer = ann.send_again("/interviews", delete=newest)
    assert "One session was deleted." in answer.text
    assert [one["title"] for one in ann.sessions()] == ["Shared", "Names"]
    ann.send_again("/interviews", delete_all="1")
    assert ann.sessions() == []


def test_a_list_is_not_for_those_who_have_not_signed_in(people: MakePerson) -> None:
    nobody = people()
    assert nobody.http.get("/interviews", params={"json": "1"}).status_code == 401
    assert nobody.get("/interviews").url.path == "/user/sign-in"
