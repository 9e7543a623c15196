"""shared/crypto/answers.py: steps as they lie in the database."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto.aead import SealBroken
from shared.crypto.answers import DictionaryMissing, open_step, open_value, seal_step, seal_value
from shared.crypto.envelope import new_data_key
from shared.kernel.ids import new_code

KEY = new_data_key()
PLACE: dict[str, Any] = {"session_id": "s", "step": 3, "version": 7, "generation": 1}


def answers(size: int) -> bytes:
    return b" ".join(new_code(8).encode() for _ in range(size // 9))


@given(plain=st.binary(max_size=2000), dictionary=st.none() | st.binary(max_size=2000))
def test_a_step_comes_back_as_it_was(plain: bytes, dictionary: bytes | None) -> None:
    sealed = seal_step(plain, data_key=KEY, dictionary=dictionary, **PLACE)
    assert open_step(sealed, data_key=KEY, dictionary=dictionary, **PLACE) == plain


@pytest.mark.parametrize(("field", "value"), [("session_id", "other"), ("step", 4), ("version", 8), ("generation", 2)])
def test_a_step_put_into_another_row_is_refused(field: str, value: object) -> None:
    sealed = seal_step(b"plain", data_key=KEY, **PLACE)
    with pytest.raises(SealBroken):
        open_step(sealed, data_key=KEY, **{**PLACE, field: value})


@given(data=st.data())
def test_a_changed_step_is_refused(data: st.DataObject) -> None:
    sealed = bytearray(seal_step(b"plain" * 50, data_key=KEY, **PLACE))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1
    with pytest.raises(SealBroken):
        open_step(bytes(sealed), data_key=KEY, **PLACE)


@pytest.mark.parametrize("wrong", [None, b"", b"another key step"])
def test_a_step_without_its_key_step_says_so(wrong: bytes | None) -> None:
    sealed = seal_step(b"plain", data_key=KEY, dictionary=b"the key step", **PLACE)
    with pytest.raises(DictionaryMissing):
        open_step(sealed, data_key=KEY, dictionary=wrong, **PLACE)


@pytest.mark.parametrize("size", [2_000, 20_000, 200_000, 1_000_000, 5_000_000])
def test_bytes_stored_follow_bytes_changed(size: int) -> None:
    before = answers(size)
    middle = len(before) // 2
    after = before[:middle] + b"a short new answer" + before[middle + 5 :]
    sealed = seal_step(after, data_key=KEY, dictionary=before, **PLACE)
    assert len(sealed) < 1_000
    assert open_step(sealed, data_key=KEY, dictionary=before, **PLACE) == after


def test_a_key_step_is_compressed() -> None:
    assert len(seal_step(b"the same words " * 1000, data_key=KEY, **PLACE)) < 300


@given(plain=st.binary(max_size=500), purpose=st.sampled_from(["arguments", "notice"]))
def test_a_value_opens_only_for_its_purpose_and_ids(plain: bytes, purpose: str) -> None:
    sealed = seal_value(plain, data_key=KEY, purpose=purpose, ids=("session", 5))
    assert open_value(sealed, data_key=KEY, purpose=purpose, ids=("session", 5)) == plain
    for other, ids in ((purpose, ("session", 6)), ("outcome", ("session", 5)), (purpose, ("session", "5"))):
        with pytest.raises(SealBroken):
            open_value(sealed, data_key=KEY, purpose=other, ids=ids)


def test_a_value_is_no_step() -> None:
    sealed = seal_value(b"plain", data_key=KEY, purpose="step", ids=("s", 3, 7, 1))
    with pytest.raises(SealBroken):
        open_step(sealed, data_key=KEY, **PLACE)
