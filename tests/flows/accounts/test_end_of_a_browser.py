"""The key of somebody anonymous ends with their browser, and with it what only they could read (spec/area2 §3.1)."""

from __future__ import annotations

from tests.flows.accounts.conftest import MakePerson, Somebody


def close_browser(person: Somebody) -> None:
    """What a browser forgets when it is closed: cookies without an age."""
    for cookie in [one for one in person.http.cookies.jar if one.expires is None]:
        person.http.cookies.jar.clear(cookie.domain, cookie.path, cookie.name)


def test_the_secret_ends_with_the_browser_and_the_rest_of_its_cookies_stays(people: MakePerson) -> None:
    ann = people()
    ann.open()
    before = {one.name for one in ann.http.cookies.jar}
    close_browser(ann)
    assert before - {one.name for one in ann.http.cookies.jar} == {"secret"}


def test_an_encrypted_session_of_somebody_anonymous_is_closed_from_then_on(people: MakePerson) -> None:
    ann = people()
    ann.open()
    ann.answer(name="Ann")
    code = ann.fields()["_session"]
    close_browser(ann)
    assert ann.open(session=code).status_code == 403
    assert "Unable to retrieve interview session.  Starting a new session instead." in ann.page
    assert ann.shown == "What is your name?"
    assert ann.fields()["_session"] != code


def test_a_shared_session_is_open_to_who_knows_its_code_all_the_same(people: MakePerson) -> None:
    ann = people("shared")
    ann.open()
    ann.answer(name="Ann")
    code = ann.page_fields()["_session"]
    close_browser(ann)
    ann.open(session=code)
    assert ann.shown == "Hello, Ann."
