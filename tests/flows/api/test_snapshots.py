"""What one command starts lets interviews query the snapshots of all, and nothing else (spec/area2 §9.6)."""

from __future__ import annotations

from typing import Any

from tests.flows.api.conftest import Program

SNAPSHOTS = "programs:data/questions/snapshots.yml"


def told(program: Program, action: str, **arguments: Any) -> Any:
    session = program.begin(SNAPSHOTS)
    answer = program.post("/api/session/action", **session.facts, action=action, arguments=arguments)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_snapshots_of_several_sessions_are_counted_with_sql(program: Program) -> None:
    for fruit in ("apple", "fig", "apple"):
        assert told(program, "keep", fruit=fruit) is True
    assert told(program, "count_fruits") == [["apple", 2], ["fig", 1]]


def test_a_snapshot_is_found_by_the_code_of_its_session(program: Program) -> None:
    session = program.begin(SNAPSHOTS)
    assert program.post("/api/session/action", **session.facts, action="keys").status_code == 200
    assert told(program, "find", key=session.session) == [[SNAPSHOTS, "pear", "own"]]


def test_the_same_connection_reads_nothing_else_and_writes_nothing(program: Program) -> None:
    assert told(program, "pry") == ["InsufficientPrivilege"] * 3
