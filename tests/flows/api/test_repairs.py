"""What goes wrong elsewhere when programs ask, and must not here (spec/area2 §13 rows 13 and 26)."""

from __future__ import annotations

from tests.flows.api.conftest import FRUIT, Program

REACHES = "programs:data/questions/reaches.yml"


def test_code_is_told_that_a_program_asks(program: Program) -> None:
    session = program.begin(REACHES)
    told = program.post("/api/session/action", **session.facts, action="whose").json()
    assert told == ["api", program.email, ["user"]]


def test_no_answer_to_a_program_leaves_a_cookie(program: Program) -> None:
    session = program.begin()
    for answer in (
        program.get("/api/session/new", i=FRUIT),
        program.get("/api/session/question", **session.facts),
        program.post("/api/session", **session.facts, variables={"favorite_fruit": "fig"}),
        program.get("/api/user"),
        program.get("/api/list"),
    ):
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
