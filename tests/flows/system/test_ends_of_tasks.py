"""How tasks end and what their pages are told, in one process and in five (spec/area1 §4 to §11, §20)."""

from __future__ import annotations

import threading
import time
from typing import Any

import asyncpg
import pytest

from tests.flows.system.conftest import PATIENCE_SECONDS, command, database_of, until
from tests.flows.system.person import Person, encoded_action
from tests.servers import in_thread
from tests.sites import Site

pytestmark = pytest.mark.xdist_group("sites")

PASSWORD = "correct horse battery"
GIVES = {
    "ready": True,
    "failed": False,
    "state": "SUCCESS",
    "value": None,
    "error": None,
    "message": None,
    "trace": None,
    "variables": None,
}


def launched(site: Site, kind: str, mode: str = "None", **query: str) -> Person:
    """Somebody whose task has been launched; it was not ready in that turn."""
    person = Person(site.url, "ends")
    return launch(person, kind, mode, **query)


def launch(person: Person, kind: str, mode: str = "None", **query: str) -> Person:
    person.open(**query)
    person.answer(kind=kind, mode=mode)
    assert person.shown == "Launched False"
    return person


def asked(person: Person, name: str, **arguments: Any) -> Any:
    """What an action answers."""
    action = encoded_action(name, **arguments)
    answer = person.http.get("/interview", params={"i": person.interview, "action": action})
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(person: Person) -> dict[str, Any]:
    """What the handle says once the task has ended."""

    def over() -> dict[str, Any] | None:
        told: dict[str, Any] = asked(person, "tell")
        return told if told["ready"] else None

    found: dict[str, Any] = until(over, "the end of the task")
    return found


def steps(person: Person) -> int:
    found: int = person.http.get("/vars", params={"i": person.interview}).json()["steps"]
    return found


def check_in(person: Person, acknowledged: list[int] | None = None, **fields: str) -> dict[str, Any]:
    """One check-in of the page that was shown last."""
    facts = person.facts()
    form = {
        "action": "checkin",
        "ajax": "1",
        "csrf_token": facts["csrf_token"],
        "_session": facts["session"],
        "acknowledged": ",".join(map(str, acknowledged or [])),
        "awaited": ",".join(facts["waits_for_tasks"]),
        **fields,
    }
    said: dict[str, Any] = person.http.post(facts["check_in_url"], data=form).json()
    assert said["success"], said
    return said


def test_a_value_comes_back_and_nothing_else_does(site: Site) -> None:
    person = launched(site, "gives")
    before = steps(person)
    assert ended(person) == GIVES | {"value": "given back"}
    answers = person.variables()
    assert (answers["kept"], answers["noted"], steps(person)) == (1, [], before)


def test_an_error_action_is_told_what_happened_and_what_it_changes_is_kept(site: Site) -> None:
    person = launched(site, "breaks")
    before = steps(person)
    told = ended(person)
    assert (told["failed"], told["value"], told["error"]) == (True, "mended", "ZeroDivisionError")
    assert "division by zero" in told["message"]
    assert "1 / 0" in told["trace"]
    [given] = person.variables()["noted"]
    assert given["stage"] == "first"
    assert {name: given[name] for name in ("error_type", "error_message", "error_trace", "variables")} == {
        "error_type": told["error"],
        "error_message": told["message"],
        "error_trace": told["trace"],
        "variables": told["variables"],
    }
    assert steps(person) == before


def test_a_task_that_comes_to_a_question_has_failed_with_it(site: Site) -> None:
    person = launched(site, "asks")
    told = ended(person)
    assert (told["failed"], told["error"], told["message"]) == (True, "QuestionError", "What?")
    assert (told["value"], told["trace"]) == ("mended", None)
    assert person.variables()["noted"][0]["stage"] == "asked"


def test_a_name_that_nothing_defines_is_the_first_of_the_variables(site: Site) -> None:
    told = ended(launched(site, "lacks"))
    assert (told["failed"], told["value"], told["variables"][0]) == (True, None, "unheard_of")


def test_a_response_action_that_fails_saves_nothing_and_calls_no_error_action(site: Site) -> None:
    person = launched(site, "saves_badly")
    told = ended(person)
    assert (told["failed"], told["error"], told["value"]) == (True, "ZeroDivisionError", None)
    assert person.variables()["noted"] == []


def test_a_file_is_an_argument_like_any_other(site: Site) -> None:
    assert ended(launched(site, "reads"))["value"] == ["on paper", ["given"]]


def test_an_action_of_a_task_comes_before_initial_code(site: Site) -> None:
    assert ended(launched(site, "comes_early"))["value"] == "nothing"


@pytest.mark.parametrize("kind", ["says_who", "fails_and_says_who"])
def test_all_phases_run_as_who_launched_the_task(site: Site, kind: str) -> None:
    phases = 2 if kind == "says_who" else 1
    stranger = launched(site, kind, color="red")
    ended(stranger)
    assert stranger.variables()["noted"] == [[["worker", None, ["user"], False, "red"]] * phases]
    for privilege in ("user", "admin"):
        somebody = signed_in(site, privilege)
        launch(somebody, kind, color="blue")
        ended(somebody)
        assert somebody.variables()["noted"] == [
            [["worker", f"{privilege}@example.org", [privilege], True, "blue"]] * phases
        ]


def signed_in(site: Site, privilege: str) -> Person:
    """Somebody with an account of this privilege."""
    email = f"{privilege}@example.org"
    made = command(site, "users", "create", email, "--privilege", privilege, typed=PASSWORD + "\n")
    assert made.returncode == 0 or "already" in made.stderr, made.stderr
    person = Person(site.url, "ends")
    form = {"email": email, "password": PASSWORD}
    token = person.http.get("/user/sign-in", headers={"accept": "application/json"}).json()["csrf_token"]
    answer = person.http.post("/user/sign-in", data=form | {"csrf_token": token})
    assert answer.status_code == 200, answer.text
    return person


def test_a_task_that_runs_is_ended_only_where_that_is_wanted(site: Site) -> None:
    running = launched(site, "naps")
    until(lambda: state_of(site, running) == "running", "the begin of the task")
    assert asked(running, "stop_unless_begun") is None
    assert ended(running) == GIVES | {"value": "rested"}
    assert asked(running, "stop") is None
    assert ended(running) == GIVES | {"value": "rested"}, "one that has ended stays as it has ended"
    endless = launched(site, "sleeps")
    until(lambda: state_of(site, endless) == "running", "the begin of the task")
    asked(endless, "stop")
    told = ended(endless)
    assert (told["failed"], told["state"], told["value"], told["error"]) == (True, "REVOKED", None, "TaskRevokedError")


def state_of(site: Site, person: Person) -> str:
    """In which state the newest task of all is, as its row says: that of this person, when no other test runs here."""
    rows = fetched(site, "select state from tasks.tasks order by launched_at desc limit 1")
    return str(rows[0]["state"])


def fetched(site: Site, statement: str) -> list[Any]:
    """Rows of the system's database."""

    async def fetch() -> list[Any]:
        connection = await asyncpg.connect(database_of(site))
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    return in_thread(fetch)


def test_what_a_task_gave_is_there_days_later_and_after_everything_was_started_anew(site: Site) -> None:
    given, failed = launched(site, "gives"), launched(site, "breaks")
    for person in (given, failed):
        ended(person)
    fetched(
        site,
        "update tasks.tasks set launched_at = launched_at - interval '60 days',"
        " ended_at = ended_at - interval '60 days' returning id",
    )
    for name in tuple(site.processes):
        site.kill(name)
    site.start()
    site.wait_until_ready()
    assert asked(given, "tell") == GIVES | {"value": "given back"}
    told = asked(failed, "tell")
    assert (told["value"], told["error"]) == ("mended", "ZeroDivisionError")


@pytest.mark.parametrize(
    ("mode", "kind", "told"),
    [
        ("flash", "gives", [("flash", "given back")]),
        ("flash", "saves", [("flash", "The answer is 555.")]),
        ("flash", "breaks", [("flash", "mended")]),
        ("flash", "fails", []),
        ("refresh", "gives", [("refresh", None)]),
        ("refresh", "fails", [("refresh", None)]),
        ("refresh", "saves_badly", [("refresh", None)]),
        ("javascript", "gives", [("javascript", "given back")]),
        ("fields", "gives_fields", [("fields", {"state": {"choices": [["1", "Aveiro"]], "value": "1"}, "size": 1.5})]),
        ("None", "gives", []),
        ("shout", "gives", []),
    ],
)  # fmt: skip
def test_the_page_is_told_what_its_mode_says_until_it_has_acknowledged(
    site: Site, mode: str, kind: str, told: list[Any]
) -> None:
    person = launched(site, kind, mode)
    ended(person)
    commands = check_in(person)["commands"]
    assert [(one["extra"], one["value"]) for one in commands] == told
    assert all(set(one) == {"value", "extra", "notice", "task"} for one in commands)
    assert check_in(person)["commands"] == commands
    assert check_in(person, [one["notice"] for one in commands])["commands"] == []
    assert check_in(person)["commands"] == []


def test_what_several_tasks_tell_comes_in_their_order_to_their_own_visitor_and_to_both_tabs(site: Site) -> None:
    person = launched(site, "gives", shared="1")
    other = Person(site.url, "ends")
    other.open(session=person.facts()["session"])
    for number, word in enumerate(("one", "two", "three"), 1):
        person.open(action=encoded_action("say_in_order", word=word))
        until(lambda number=number: len(check_in(person)["commands"]) == number, word)  # type: ignore[misc]
    tab = check_in(person, notices_after="0")
    assert [one["value"] for one in tab["commands"]] == ["one", "two", "three"]
    assert check_in(other)["commands"] == [], "who shares the session has launched nothing"
    notices = [one["notice"] for one in tab["commands"]]
    check_in(person, notices, notices_after="0")
    second_tab = check_in(person, notices_after="0")
    assert [one["value"] for one in second_tab["commands"]] == ["one", "two", "three"], "it has not been told yet"
    assert check_in(person, notices_after=str(second_tab["notices_up_to"]))["commands"] == []


def test_a_screen_learns_of_the_end_of_each_of_its_tasks_and_each_has_saved(site: Site) -> None:
    person = launched(site, "gives")
    ended(person)
    person.open(action=encoded_action("launch_three"))
    assert "[False, False, False]" in person.page
    awaited = person.facts()["waits_for_tasks"]
    assert len(awaited) == 3
    until(lambda: sorted(check_in(person)["ended_tasks"]) == sorted(awaited), "the ends of all tasks")
    person.open()
    assert "[True, True, True]" in person.page
    assert sorted(person.variables()["noted"]) == [1, 2, 3]
    rows = fetched(site, "select fencing, state from tasks.tasks order by launched_at desc limit 3")
    assert [tuple(row) for row in rows] == [(1, "succeeded")] * 3


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("seconds", [1, 3, 5, 8])
def test_what_a_person_sends_slowly_and_what_a_task_saves_meanwhile_are_both_kept(site: Site, seconds: int) -> None:
    person = launched(site, "rests_and_saves")
    assert asked(person, "answer_slowly", seconds=seconds) == "slowly"
    assert ended(person)["value"] == "The answer is 555."
    answers = person.variables()
    assert (answers["answered"], answers["noted"]) == ("slowly", ["saved"])


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_who_finds_a_session_busy_is_answered_with_what_was_saved_last(site: Site) -> None:
    person = launched(site, "gives")
    ended(person)
    slow = threading.Thread(target=lambda: asked(person, "answer_slowly", seconds=10))
    tab = Person(site.url, "ends")
    tab.http.cookies = person.http.cookies
    slow.start()
    try:
        time.sleep(1)  # so that the slow one is first
        tab.open()
        assert slow.is_alive(), "nobody waits until a slow one is done"
        assert tab.shown == "Launched False"
    finally:
        slow.join(PATIENCE_SECONDS)
    assert tab.variables()["answered"] == "slowly"
