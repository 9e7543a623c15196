"""Stored answers (spec/area4 §6.8)."""

from __future__ import annotations

import math
import os
import pickle

import pytest

from shared.interview.runtime.pickling import (
    StoredAnswers,
    UnreadableAnswers,
    UnstorableValue,
    dump_answers,
    load_answers,
    load_value,
)


def answers(**variables: object) -> dict[str, object]:
    return {"_internal": {"answered": {"a"}, "tracker": 1, "modtime": "then"}, **variables}


def test_answers_come_back_with_what_they_share() -> None:
    shared = [1]
    stored = StoredAnswers.from_bytes(dump_answers(answers(a=shared, b=shared)).to_bytes())
    found = load_answers(stored)
    assert found["a"] is found["b"]
    assert found["_internal"] == {"answered": {"a"}, "tracker": 1, "modtime": "then"}


def test_modules_functions_and_classes_are_left_out() -> None:
    found = load_answers(dump_answers(answers(m=math, f=len, g=lambda: 1, c=dict, kept=1, session_local=2)))
    assert set(found) == {"kept", "_internal"}


def test_bookkeeping_alone_is_no_change() -> None:
    before, after = answers(a=[1]), answers(a=[1])
    after["_internal"] = {"answered": {"a"}, "tracker": 2, "modtime": "now"}
    assert dump_answers(after).is_same_as(dump_answers(before))
    assert not dump_answers(answers(a=[2])).is_same_as(dump_answers(before))
    changed = answers(a=[1])
    changed["_internal"] = {"answered": {"a", "b"}, "tracker": 1, "modtime": "then"}
    assert not dump_answers(changed).is_same_as(dump_answers(before))


def test_what_cannot_be_stored_is_named() -> None:
    with pytest.raises(UnstorableValue, match="The variable stream"):
        dump_answers(answers(fine=1, stream=(n for n in "a")))


@pytest.mark.parametrize("data", [b"", b"CQ1\x00", b"something else", dump_answers(answers()).to_bytes()[:-1]])
def test_damaged_answers_are_refused(data: bytes) -> None:
    with pytest.raises(UnreadableAnswers):
        load_answers(StoredAnswers.from_bytes(data))


def test_reading_names_nothing_that_acts_on_the_machine() -> None:
    class Trap:
        def __reduce__(self) -> object:
            return os.system, ("true",)

    with pytest.raises(UnreadableAnswers, match="may not be part"):
        load_value(pickle.dumps(Trap()))
