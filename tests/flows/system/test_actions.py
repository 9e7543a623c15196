"""Actions through whole systems: from links, from other browsers, from scripts, and such as cannot be meant."""

from __future__ import annotations

import re
import threading
from html import unescape

import pytest

from tests.flows.system.conftest import only_one, until
from tests.flows.system.person import Person, encoded_action
from tests.sites import Site

pytestmark = only_one


@pytest.fixture
def owner(site: Site) -> Person:
    """Somebody in a session that is shared with whoever has its code."""
    person = Person(site.url, "acting")
    person.open(shared="1")
    return person


def link(person: Person, text: str) -> str:
    """The address of a link on the page."""
    found = re.search(rf'<a href="([^"]+)"[^>]*>{text}</a>', person.page)
    assert found is not None, person.page
    return unescape(found[1])


def steps(person: Person) -> int:
    found: int = person.http.get("/vars", params={"i": person.interview}).json()["steps"]
    return found


def test_a_link_tells_another_program_and_ten_looks_make_no_step(owner: Person, somebody_else: Person) -> None:
    before = steps(owner)
    for _ in range(10):
        answer = somebody_else.http.get(link(owner, "all"))
        assert (answer.status_code, answer.json()) == (203, {"status": "open"})
    assert steps(owner) == before


def test_a_link_acts_in_the_session_it_was_made_in_as_a_step(owner: Person, somebody_else: Person) -> None:
    before = steps(owner)
    somebody_else.http.get(link(owner, "set"))
    owner.open()
    assert owner.shown.startswith("Status paid")
    assert steps(owner) == before + 1


def test_a_short_link_lasts_and_one_for_a_single_visit_does_not(owner: Person, somebody_else: Person) -> None:
    short, once = link(owner, "short"), link(owner, "once")
    assert re.search(r"/goto\?c=[A-Za-z0-9]{32}\Z", short)
    for _ in range(2):
        assert somebody_else.http.get(short).status_code == 200
    assert owner.variables()["status"] == "short"
    assert somebody_else.http.get(once).status_code == 200
    refused = somebody_else.http.get(once)
    assert refused.status_code == 403
    assert "has expired" in refused.text
    assert owner.variables()["status"] == "once"


def test_a_link_into_somebody_elses_private_session_does_nothing(site: Site, somebody_else: Person) -> None:
    owner = Person(site.url, "acting")
    owner.open()
    answer = somebody_else.http.get(link(owner, "set"))
    assert answer.status_code == 403
    assert "Unable to retrieve interview session" in answer.text
    assert somebody_else.http.get(link(owner, "all") + "&json=1").status_code == 403
    assert owner.variables()["status"] == "open"


def test_a_post_into_somebody_elses_session_is_refused(site: Site, somebody_else: Person) -> None:
    owner = Person(site.url, "acting")
    owner.open()
    theirs = owner.page_fields()["_session"]
    somebody_else.interview = owner.interview
    somebody_else.open()
    fields = somebody_else.page_fields() | {"_session": theirs, "_action": encoded_action("set_status", status="taken")}
    assert somebody_else.post_by_script(fields).status_code == 403
    check_in = {"csrf_token": fields["csrf_token"], "_session": theirs, "do_action": "set_status", "parameters": "{}"}
    said = somebody_else.http.post("/checkin", params={"i": owner.interview}, data=check_in).json()
    assert said == {"success": True, "action": "reload"}
    assert owner.variables()["status"] == "open"


def test_an_action_that_nothing_defines_shows_the_normal_screen(owner: Person) -> None:
    answer = owner.post_by_script(owner.page_fields() | {"_action": encoded_action("no_such_thing", a=1)})
    assert answer.json()["action"] == "body"
    assert "Status open" in answer.json()["body"]


@pytest.mark.parametrize("name", ["__import__('os')", "status.__class__", "1 + 1", "lambda: 0", "_internal"])
def test_an_action_that_is_no_name_changes_nothing(owner: Person, name: str) -> None:
    before = owner.variables()["status"], steps(owner)
    answer = owner.post_by_script(owner.page_fields() | {"_action": encoded_action(name)})
    assert answer.status_code in (200, 500)
    assert (owner.variables()["status"], steps(owner)) == before


@pytest.mark.parametrize("encoded", ["%%%", "bm8gSlNPTg", "WzFd", "eyJhY3Rpb24iOiA3fQ", "e30"])
def test_an_action_that_cannot_be_read_is_told_and_does_nothing(owner: Person, encoded: str) -> None:
    before = steps(owner)
    answer = owner.post_by_script(owner.page_fields() | {"_action": encoded})
    assert answer.status_code == 400
    assert "cannot be read" in answer.json()["error"]["message"]
    page = owner.http.get("/interview", params={"i": owner.interview, "action": encoded})
    assert page.status_code == 400
    assert "cannot be read" in page.text
    assert "Status open" in page.text, "and the screen is there all the same"
    assert steps(owner) == before


def test_a_read_only_action_is_answered_while_another_is_under_way_and_keeps_nothing(owner: Person) -> None:
    fields = owner.page_fields()
    slow = threading.Thread(
        target=lambda: owner.post_by_script(fields | {"_action": encoded_action("dawdle"), "_operation": "dawdling-1"})
    )
    reader = Person(str(owner.http.base_url), "acting")
    reader.http.cookies = owner.http.cookies
    slow.start()
    try:
        answer = reader.http.post(
            "/interview",
            params={"i": owner.interview},
            data=fields | {"_action": encoded_action("glance"), "_readonly": "1", "_operation": "glancing-1"},
        )
        assert slow.is_alive(), "nobody waited for the other"
        assert answer.json() == "seen"
    finally:
        slow.join()
    until(lambda: owner.variables()["status"] == "late", "the slow action")


def test_an_action_that_answers_a_script_with_data_runs_once(owner: Person) -> None:
    said = owner.post_by_script(owner.page_fields() | {"_action": encoded_action("look")}).json()
    assert said["action"] == "redirect"
    assert owner.http.get(said["url"]).json() == 1
    assert owner.http.get(said["url"]).json() == 1
    assert owner.variables()["looks"] == 1


def test_a_task_can_make_a_short_link(owner: Person, somebody_else: Person) -> None:
    owner.post_by_script(owner.page_fields() | {"_action": encoded_action("prepare")})
    link = until(lambda: owner.variables().get("kept_link"), "the link")
    assert "/goto?c=" in link
    assert somebody_else.http.get(link).status_code == 200
    assert owner.variables()["status"] == "mailed"
