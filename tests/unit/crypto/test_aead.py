"""shared/crypto/aead.py: what was sealed opens unchanged, for the same place, with the same key, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto.aead import KeyMalformed, SealBroken, associated_data, derive_key, key_id_of, open_sealed, seal

KEY = bytes(range(32))
names = st.text(alphabet="abcXYZ019._-", max_size=40)


@given(plain=st.binary(max_size=300), associated=st.binary(max_size=60), key_id=names)
def test_what_was_sealed_opens_again(plain: bytes, associated: bytes, key_id: str) -> None:
    sealed = seal(KEY, plain, associated=associated, key_id=key_id)
    assert open_sealed(KEY, sealed, associated=associated) == plain
    assert key_id_of(sealed) == key_id


@given(plain=st.binary(max_size=60), key_id=names, data=st.data())
def test_any_changed_bit_is_refused(plain: bytes, key_id: str, data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, plain, associated=b"place", key_id=key_id))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealBroken):
        open_sealed(KEY, bytes(sealed), associated=b"place")


@given(plain=st.binary(max_size=60), data=st.data())
def test_anything_cut_short_is_refused(plain: bytes, data: st.DataObject) -> None:
    sealed = seal(KEY, plain, associated=b"place", key_id="k")
    with pytest.raises(SealBroken):
        open_sealed(KEY, sealed[: data.draw(st.integers(0, len(sealed) - 1))], associated=b"place")


@given(first=st.binary(max_size=40), second=st.binary(max_size=40))
def test_sealed_for_one_place_it_opens_at_no_other(first: bytes, second: bytes) -> None:
    sealed = seal(KEY, b"plain", associated=first)
    if first != second:
        with pytest.raises(SealBroken):
            open_sealed(KEY, sealed, associated=second)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(SealBroken):
        open_sealed(bytes(32), seal(KEY, b"plain", associated=b""), associated=b"")


@given(garbage=st.binary(max_size=200))
def test_garbage_is_refused_whatever_it_is(garbage: bytes) -> None:
    with pytest.raises(SealBroken):
        open_sealed(KEY, garbage, associated=b"")


def test_the_same_text_is_never_sealed_the_same_way() -> None:
    assert len({seal(KEY, b"plain", associated=b"") for _ in range(100)}) == 100


def test_a_key_of_the_wrong_size_is_refused() -> None:
    with pytest.raises(KeyMalformed):
        seal(b"short", b"plain", associated=b"")


def test_keys_for_different_purposes_have_nothing_in_common() -> None:
    keys = {derive_key(KEY, purpose=purpose) for purpose in ("transport", "wrap", "token", "rest")}
    assert len(keys) == 4
    assert KEY not in keys


@given(
    first=st.lists(st.text(max_size=5) | st.integers(0, 99), max_size=4),
    second=st.lists(st.text(max_size=5) | st.integers(0, 99), max_size=4),
)
def test_different_parts_never_make_the_same_associated_data(first: list[str | int], second: list[str | int]) -> None:
    if first != second:
        assert associated_data(*first) != associated_data(*second)


def test_the_message_of_a_broken_seal_tells_what_may_have_happened() -> None:
    assert "changed, cut short, moved" in str(SealBroken())
