"""Two people in one session, one person in two browsers, signing in in the middle (spec/area2 §2.5, §3.2).

Nothing is lost, and nobody is locked out who should not be.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.flows.accounts.conftest import PASSWORD, MakePerson, Somebody
from tests.flows.system.conftest import until

NEW = "another horse battery"


def at_once(one: Somebody, values: dict[str, str], other: Somebody, others: dict[str, str]) -> None:
    """Both send the forms on their pages at the same moment."""
    with ThreadPoolExecutor(2) as pool:
        sent = pool.submit(one.answer, **values), pool.submit(other.answer, **others)
        assert [each.result().status_code for each in sent] == [200, 200]


def second_browser(people: MakePerson, ann: Somebody, name: str) -> Somebody:
    """Another browser of the same person, in the session of the first one."""
    elsewhere = people(name)
    elsewhere.sign_in(ann.email)
    elsewhere.get("/interviews", resume=elsewhere.interview)
    assert elsewhere.page_fields()["_session"] == ann.page_fields()["_session"]
    return elsewhere


def test_one_person_answers_in_two_browsers_at_once(people: MakePerson) -> None:
    ann = people("names")
    ann.register()
    ann.open()
    elsewhere = second_browser(people, ann, "names")
    ann.answer(name="Ann")  # the other browser still shows the first question
    at_once(ann, {"age": "40"}, elsewhere, {"name": "Anna"})
    for browser in (ann, elsewhere):
        browser.open()
        assert browser.shown == "Anna is 40."
        assert browser.me()["email"] == ann.email


def test_one_person_goes_back_in_one_browser_and_on_in_the_other(people: MakePerson) -> None:
    ann = people("names")
    ann.register()
    ann.open()
    ann.answer(name="Ann")
    elsewhere = second_browser(people, ann, "names")
    ann.post(ann.fields("dabackbutton"))
    assert ann.shown == "What is your name?"
    elsewhere.answer(age="40")  # of a step that is gone
    ann.answer(name="Ann")
    for browser in (ann, elsewhere):
        browser.open()
        assert browser.shown == "Ann is 40.", "what was typed in either browser is there"


def test_one_of_two_people_signs_in_while_the_other_answers(people: MakePerson) -> None:
    ann, bob = people("shared"), people("shared")
    ann.register()
    ann.http.get("/user/sign-out")
    ann.open()
    code = ann.page_fields()["_session"]
    bob.open(session=code)
    form = bob.filled(name="Bob")
    with ThreadPoolExecutor(2) as pool:
        signed_in, answered = pool.submit(ann.sign_in), pool.submit(bob.post, form)
        assert answered.result().status_code == 200
        assert signed_in.result().status_code == 200
    assert ann.me()["logged_in"]
    for person in (ann, bob):
        person.open(session=code)
        assert person.shown == "Hello, Bob."
    elsewhere = people("shared")
    elsewhere.sign_in(ann.email)
    assert [one["session"] for one in elsewhere.sessions()] == [code]


def test_one_signs_out_and_the_other_goes_on(people: MakePerson) -> None:
    ann, bob = people("shared"), people("shared")
    ann.register()
    ann.open()
    code = ann.page_fields()["_session"]
    bob.open(session=code)
    ann.http.get("/user/sign-out")
    bob.answer(name="Bob")
    assert bob.shown == "Hello, Bob."
    ann.sign_in()
    ann.open(session=code)
    assert ann.shown == "Hello, Bob."


def test_a_password_changes_in_one_browser_while_the_other_waits_for_a_task(people: MakePerson) -> None:
    ann = people("working")
    ann.register()
    ann.open()
    elsewhere = second_browser(people, ann, "working")
    ann.answer(name="Ann")
    assert ann.shown == "Please wait."
    elsewhere.open()
    assert elsewhere.shown == "Please wait."
    ann.send("/user/change-password", present=PASSWORD, password=NEW, again=NEW)
    kept = f"Kept Ann of {ann.email}."
    until(lambda: ann.open() and ann.shown == kept, "the result of the task")
    assert elsewhere.me() == {"logged_in": False}, "the password may have been changed because of that browser"
    assert kept not in elsewhere.open().text
    elsewhere.sign_in(ann.email, NEW)
    elsewhere.get("/interviews", resume=elsewhere.interview)
    assert elsewhere.shown == kept
    ann.post(ann.page_fields() | {"_back_one": "1"})
    assert ann.shown == "What is your name?"
