"""Several people, programs and browsers at one session (spec/area2 §2.5, §2.7, §6.2; §13 and §15)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.flows.system.conftest import only_one
from tests.flows.system.person import Person, encoded_action
from tests.sites import Site


def meeting(site: Site, *, shared: str = "yes") -> Person:
    person = Person(site.url, "meeting")
    person.open(shared=shared)
    assert person.shown == "First?"
    return person


def code_of(person: Person) -> str:
    return person.page_fields()["_session"]


def joined(site: Site, person: Person) -> Person:
    """Another browser at the same session."""
    other = Person(site.url, "meeting")
    other.open(session=code_of(person))
    assert other.shown == person.shown
    return other


def steps(person: Person) -> int:
    return int(person.variables()["_internal"]["steps"])


def test_two_browsers_that_answer_at_once_lose_nothing_and_back_in_one_shows_in_the_other(site: Site) -> None:
    one = meeting(site)
    other = joined(site, one)
    one.answer(first_name="Ann")
    other.open()
    assert (one.shown, other.shown) == ("Second?", "Second?")
    note = {"_action": encoded_action("note", text="by the other"), "ajax": "1", **other.page_fields()}
    with ThreadPoolExecutor(2) as pool:
        answered = pool.submit(one.answer, second_name="Bob")
        noted = pool.submit(other.http.post, "/interview", params={"i": other.interview}, data=note)
        assert {answered.result().status_code, noted.result().status_code} == {200}
    found = one.variables()
    assert (found["first_name"], found["second_name"], found["notes"]) == ("Ann", "Bob", ["by the other"])
    one.open()
    assert one.shown == "Third?"
    for _ in range(2):  # the note and the answer, in whichever order they came
        other.open()
        other.post({**other.page_fields(), "_back_one": "1"})
    one.open()
    assert (one.shown, other.shown) == ("Second?", "Second?")
    assert "second_name" not in one.variables()


@only_one
def test_ten_programs_that_ask_make_no_step_and_take_no_part(site: Site) -> None:
    person = meeting(site)
    before, code = steps(person), code_of(person)
    asked = {"i": person.interview, "session": code, "action": encoded_action("tell")}
    for _ in range(10):
        answer = httpx.get(f"{site.url}interview", params=asked, timeout=60)
        assert (answer.status_code, answer.json()["status"]) == (203, "fine")
    assert steps(person) == before
    person.http.get("/exit", params={"i": person.interview})
    gone = httpx.get(f"{site.url}interview", params={**asked, "json": "1"}, timeout=60)
    assert gone.status_code == 404, "the owner's exit deletes the session: nobody else takes part"


@only_one
def test_a_session_that_code_begins_does_not_take_the_place_of_the_browsers_own(site: Site) -> None:
    person = meeting(site, shared="no")
    own = code_of(person)
    made = person.http.get("/interview", params={"i": person.interview, "action": encoded_action("begin_another")})
    assert (made.status_code, len(made.json())) == (200, 32)
    person.answer(first_name="Ann")
    assert person.shown == "Second?"
    person.open()
    assert (person.shown, code_of(person)) == ("Second?", own)


@only_one
def test_an_encrypted_session_is_not_entered_by_its_link_and_the_visitor_begins_another(site: Site) -> None:
    owner, other = meeting(site, shared="no"), Person(site.url, "meeting")
    owner.answer(first_name="Ann")
    answer = other.open(session=code_of(owner))
    assert (other.shown, code_of(other) == code_of(owner)) == ("First?", False)
    assert "Unable to retrieve interview session.  Starting a new session instead." in answer.text
    assert "To share sessions by link, an interview sets multi_user to True." in answer.text


@only_one
def test_turning_sharing_on_and_off_takes_all_steps_along(site: Site) -> None:
    owner = meeting(site, shared="no")
    owner.answer(first_name="Ann")
    code, other = code_of(owner), Person(site.url, "meeting")
    other.open(session=code)
    assert code_of(other) != code
    owner.open(shared="yes")
    other.open(session=code)
    assert (other.shown, code_of(other)) == ("Second?", code)
    assert other.variables()["first_name"] == "Ann"
    other.answer(second_name="Bob")
    owner.open(shared="no")
    other.open(session=code)
    assert (other.shown, code_of(other)) == ("Third?", code), "who takes part keeps the session"
    assert other.variables()["second_name"] == "Bob"
    stranger = Person(site.url, "meeting")
    stranger.open(session=code)
    assert code_of(stranger) != code
    owner.open(shared="yes")
    stranger.open(session=code)
    assert code_of(stranger) == code
