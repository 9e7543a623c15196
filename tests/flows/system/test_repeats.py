"""A submission that comes twice counts once; two that come at once both count; a killed system goes on."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from shared.kernel.ids import new_id
from tests.flows.system.person import Person
from tests.sites import Site

pytestmark = pytest.mark.xdist_group("systems")


def test_a_submission_that_is_sent_again_is_applied_once_and_gets_the_same_answer(site: Site) -> None:
    person = Person(site.url, "counting")
    person.open()
    form = person.filled(amount="5")
    first = person.post_by_script(form).json()
    again = person.post_by_script(form).json()
    assert (first["steps"], first["version"]) == (again["steps"], again["version"])
    assert first["id_dict"] == again["id_dict"]
    assert person.variables()["total"] == 5
    person.open()
    assert person.shown == "The total is 5"


def test_a_submission_that_is_sent_many_times_at_once_is_applied_once(site: Site) -> None:
    person = Person(site.url, "counting")
    person.open()
    form = person.filled(amount="5")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: person.post_by_script(form).json(), range(4)))
    assert {answer["version"] for answer in answers} == {answers[0]["version"]}
    assert person.variables()["total"] == 5


def test_two_submissions_at_once_both_survive(site: Site) -> None:
    person = Person(site.url, "counting")
    person.open()
    one = person.filled(amount="5")
    person.open(action=_ask("nickname"))
    other = person.filled(nickname="Annie")
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(person.post_by_script, (one, other)))
    assert [answer.status_code for answer in answers] == [200, 200]
    variables = person.variables()
    assert (variables["total"], variables["nickname"]) == (5, "Annie")


def test_many_submissions_at_once_are_all_counted(site: Site) -> None:
    person = Person(site.url, "counting")
    person.open()
    form = {name: value for name, value in person.fields().items() if name in ("csrf_token", "_session", "_step")}
    posts = [form | {"_action": _ask("add_one"), "_operation": new_id()} for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(person.post_by_script, posts))
    assert {answer.status_code for answer in answers} == {200}
    assert person.variables()["total"] == 8


def test_after_a_kill_everything_goes_on_where_it_was(site: Site) -> None:
    person = Person(site.url)
    person.open()
    person.answer(first_name="Ann")
    half_filled = person.filled(favorite_color="red")
    for name in tuple(site.processes):
        site.kill(name)
    site.start()
    site.wait_until_ready()
    assert person.variables()["first_name"] == "Ann"
    person.post(half_filled)
    assert person.shown == "All is known"
    assert "Name: Ann. Color: red." in person.page
    person.open()
    assert person.shown == "All is known"


def _ask(action: str) -> str:

    return base64.b64encode(orjson.dumps({"action": action, "arguments": {}})).decode()
