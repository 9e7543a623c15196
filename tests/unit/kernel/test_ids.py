"""Ids sort by the time they were made; codes are letters and digits."""

from __future__ import annotations

import uuid

from shared.kernel.ids import derived_id, new_code, new_id, session_id_of


def test_ids_are_version_seven_and_sort_by_time() -> None:
    ids = [new_id() for _ in range(50)]
    assert {uuid.UUID(identity).version for identity in ids} == {7}
    assert len(set(ids)) == 50
    assert [str(uuid.UUID(identity)) for identity in ids] == ids
    assert [identity[:13] for identity in ids] == sorted(identity[:13] for identity in ids)


def test_the_same_parts_always_give_the_same_id() -> None:
    assert session_id_of("bench:data/questions/posts.yml", "code") == "2bc66d15-84c4-8852-8f66-21c557125e95"
    derived = uuid.UUID(derived_id("a", "b"))
    assert (derived.version, derived.variant) == (8, uuid.RFC_4122)
    assert derived_id("a", "b") != derived_id("ab", "")


def test_codes_are_letters_and_digits() -> None:
    assert len(new_code()) == 32
    assert new_code().isalnum()
