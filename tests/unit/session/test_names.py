"""What sessions are called."""

from __future__ import annotations

import pytest

from services.session.names import BadInterviewReference, BadSessionCode, SessionName, name_of
from shared.contracts.visitor import Visitor
from shared.kernel.ids import SessionCode, new_code
from tests.fault.rig import new_visitor


@pytest.mark.parametrize(
    "reference", ["docs:intake.yml", "docs:questions/intake.yml", "docs:data/questions/intake.yml"]
)
def test_all_ways_to_write_a_reference_mean_one_interview(reference: str) -> None:
    named = name_of(reference, new_code(), new_visitor(), "operation")
    assert named.interview == "docs:data/questions/intake.yml"


@pytest.mark.parametrize("reference", ["", "intake.yml", ":intake.yml", "docs:", "docs:a\0b.yml", "docs:" + "x" * 600])
def test_what_is_no_reference_is_refused(reference: str) -> None:
    with pytest.raises(BadInterviewReference):
        name_of(reference, new_code(), new_visitor(), "operation")


def test_the_id_follows_from_interview_and_code_and_does_not_show_the_code() -> None:
    code = SessionCode(new_code())
    one, same = SessionName("a:b.yml", code), SessionName("a:b.yml", code)
    other = SessionName("a:c.yml", code)
    assert one.session_id == same.session_id != other.session_id
    assert code not in one.session_id
    assert code not in repr(one)


@pytest.mark.parametrize("code", ["short", "x" * 33, "ä" * 32, "x" * 31 + "/", "x" * 31 + "\n"])
def test_a_code_is_32_letters_and_digits(code: str) -> None:
    with pytest.raises(BadSessionCode):
        name_of("a:b.yml", code, new_visitor(), "operation")


def test_a_fresh_code_follows_from_the_visitor_s_secret_and_the_operation() -> None:
    visitor = new_visitor()
    code = name_of("a:b.yml", "", visitor, "operation").code
    assert code == name_of("a:b.yml", "", visitor, "operation").code
    assert code != name_of("a:b.yml", "", visitor, "another").code
    assert code != name_of("a:b.yml", "", new_visitor(), "operation").code
    assert len(code) == 32


def test_a_visitor_without_a_key_gets_no_code() -> None:
    with pytest.raises(BadSessionCode):
        name_of("a:b.yml", "", Visitor(), "operation")
