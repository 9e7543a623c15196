"""Who may use an interview is asked of programs and of code of other sessions as of people (spec/area2 §2.8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.flows.api.conftest import PASSWORD, Program, Session, someone
from tests.sites import Site

MEMBERS, STARTERS, EACH, REACHES = (
    f"programs:data/questions/{name}.yml" for name in ("members", "starters", "each", "reaches")
)
REFUSED = "PermissionMissing: You do not have the privilege that this interview asks for."
INSUFFICIENT = "Insufficient permissions to run this interview."
CALLS = (
    "get_session_variables", "set_session_variables", "run_action_in_session", "get_question_data",
    "go_back_in_session",
)  # fmt: skip


@pytest.fixture(scope="module")
def member(site: Site, admin: Program) -> Iterator[Program]:
    """Somebody with the privilege that the interviews ask for."""
    program = someone(site, admin, "customer")
    with program.http:
        yield program


def of_member(member: Program, interview: str = MEMBERS) -> Session:
    """Of somebody with the privilege, two steps long."""
    session = member.begin(interview)
    answer = member.post("/api/session", **session.facts, variables={"fruit": "fig"})
    assert answer.json()["questionText"] == "So fig.", answer.text
    return session


def reach(program: Program, call: str, i: str, session: Session | None = None) -> Any:
    """What code of a session of theirs is told."""
    own = program.begin(REACHES)
    given = {"call": call, "i": i, "session": session.session if session else "", "secret": session and session.secret}
    answer = program.post("/api/session/action", **own.facts, action="reach", arguments=given)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_program_begins_only_what_its_person_may(program: Program, member: Program) -> None:
    for interview in (MEMBERS, STARTERS):
        answer = program.get("/api/session/new", i=interview)
        assert (answer.status_code, answer.json()) == (400, REFUSED)
        member.begin(interview)


@pytest.mark.parametrize("is_open", ["with its key", "with the key of another"])
def test_a_session_that_others_may_use_is_closed_to_a_program_whatever_it_asks(
    program: Program, member: Program, is_open: str
) -> None:
    session = of_member(member)
    facts = session.facts if is_open == "with its key" else session.facts | {"secret": program.begin().secret}
    answers = [
        program.get("/api/session", **facts),
        program.get("/api/session/question", **facts),
        program.post("/api/session", **facts, variables={"fruit": "kale"}),
        program.post("/api/session", **facts, variables={"fruit": "kale"}, question=False),
        program.post("/api/session/back", **facts),
        program.post("/api/session/action", **facts, action="mark", arguments={"fruit": "kale"}),
    ]
    assert [answer.status_code for answer in answers] == [400] * len(answers)
    if is_open == "with its key":
        assert [answer.json() for answer in answers] == [REFUSED] * len(answers)
    assert member.variables(session)["fruit"] == "fig"
    assert member.get("/api/session/question", **session.facts).json()["questionText"] == "So fig."


def test_who_may_not_begin_an_interview_goes_on_with_a_session_of_it(program: Program, member: Program) -> None:
    session = of_member(member, STARTERS)
    assert program.get("/api/session/question", **session.facts).json()["questionText"] == "So fig."


def test_code_begins_only_what_its_person_may(program: Program, member: Program) -> None:
    for interview in (MEMBERS, STARTERS):
        assert reach(program, "create_session", interview) == {"error": "DAException", "text": INSUFFICIENT}
        assert len(reach(member, "create_session", interview)["answer"].strip("'")) == 32


@pytest.mark.parametrize("call", CALLS)
def test_code_reaches_no_session_of_an_interview_that_its_person_may_not_use(
    program: Program, member: Program, call: str
) -> None:
    session = of_member(member)
    said = reach(program, call, MEMBERS, session)
    assert said["text"].removeprefix("run_action_in_session: ") == INSUFFICIENT
    assert member.variables(session)["fruit"] == "fig"
    assert "answer" in reach(member, call, MEMBERS, session)


def test_who_gets_one_session_each_is_a_matter_of_privileges(program: Program, member: Program) -> None:
    def begun(who: Program) -> str:
        secret = who.get("/api/secret", username=who.email, password=PASSWORD).json()
        return who.begin(EACH, secret=secret).session

    assert begun(member) == begun(member)
    assert begun(program) != begun(program)


def test_one_session_each_is_one_that_opens(member: Program) -> None:
    """The one there is was begun with another key: who cannot open it begins another one."""
    first, second = member.begin(EACH), member.begin(EACH)
    assert first.session != second.session
    for session in (first, second):
        assert member.get("/api/session/question", **session.facts).json()["questionText"] == "Which fruit?"


def test_code_that_begins_one_session_each_is_given_the_one_there_is(member: Program, program: Program) -> None:
    def begun(who: Program) -> tuple[str, str]:
        own = who.begin(REACHES)
        first, second = (
            who.post(
                "/api/session/action", **own.facts, action="reach", arguments={"call": "create_session", "i": EACH}
            )
            for _ in range(2)
        )
        return first.json()["answer"], second.json()["answer"]

    first, second = begun(member)
    assert first == second
    first, second = begun(program)
    assert first != second
