"""Ids sort by the time they were made; codes are letters and digits."""

from __future__ import annotations

import uuid

from shared.kernel.ids import new_code, new_id


def test_ids_are_version_seven_and_sort_by_time() -> None:
    ids = [new_id() for _ in range(50)]
    assert {uuid.UUID(identity).version for identity in ids} == {7}
    assert len(set(ids)) == 50
    assert [identity[:13] for identity in ids] == sorted(identity[:13] for identity in ids)


def test_codes_are_letters_and_digits() -> None:
    assert len(new_code()) == 32
    assert new_code().isalnum()
