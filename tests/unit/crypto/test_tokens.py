"""shared/crypto/tokens.py and passwords.py."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto.passwords import hash_password, is_password, key_from_password, needs_rehash, new_salt
from shared.crypto.tokens import Signer, TokenBroken, TokenExpired
from shared.kernel.clock import ManualClock

SIGNER = Signer(lambda: [b"new key", b"old key"], clock=ManualClock())


@given(payload=st.binary(max_size=1000))
def test_a_signed_payload_comes_back(payload: bytes) -> None:
    assert SIGNER.unsign(SIGNER.sign(payload, salt="form"), salt="form") == payload


@given(payload=st.binary(max_size=300), data=st.data())
def test_a_changed_token_is_refused(payload: bytes, data: st.DataObject) -> None:
    token = SIGNER.sign(payload, salt="form")
    position = data.draw(st.integers(0, len(token) - 2))
    other = "A" if token[position] != "A" else "B"
    with pytest.raises(TokenBroken):
        SIGNER.unsign(token[:position] + other + token[position + 1 :], salt="form")


@given(garbage=st.text(max_size=80))
def test_garbage_is_refused(garbage: str) -> None:
    with pytest.raises(TokenBroken):
        SIGNER.unsign(garbage, salt="form")


def test_a_token_is_good_for_its_salt_only() -> None:
    with pytest.raises(TokenBroken):
        SIGNER.unsign(SIGNER.sign(b"x", salt="form"), salt="link")


def test_a_token_signed_with_an_older_key_is_accepted_and_with_a_foreign_one_refused() -> None:
    old = Signer(lambda: [b"old key"], clock=ManualClock()).sign(b"x", salt="form")
    assert SIGNER.unsign(old, salt="form") == b"x"
    with pytest.raises(TokenBroken):
        SIGNER.unsign(Signer(lambda: [b"foreign"], clock=ManualClock()).sign(b"x", salt="form"), salt="form")


async def test_a_token_ends_with_its_age(clock: ManualClock) -> None:
    signer = Signer(lambda: [b"key"], clock=clock)
    token = signer.sign(b"x", salt="form")
    await clock.advance(60)
    assert signer.unsign(token, salt="form", max_age_seconds=60) == b"x"
    await clock.advance(1)
    with pytest.raises(TokenExpired):
        signer.unsign(token, salt="form", max_age_seconds=60)
    assert signer.unsign(token, salt="form") == b"x"


def test_tokens_of_repetitive_payloads_are_short() -> None:
    assert len(SIGNER.sign(b'{"variable": "x"},' * 200, salt="form")) < 200


def test_a_password_is_recognised_and_another_is_not() -> None:
    stored = hash_password("correct horse")
    assert is_password(stored, "correct horse")
    assert not is_password(stored, "correct horse ")
    assert not is_password("damaged", "correct horse")
    assert not needs_rehash(stored)
    assert "correct" not in stored


def test_a_password_stands_for_one_key_per_salt() -> None:
    salt = new_salt()
    assert key_from_password("p", salt=salt) == key_from_password("p", salt=salt)
    assert key_from_password("p", salt=salt) != key_from_password("p", salt=new_salt())
    assert key_from_password("p", salt=salt) != key_from_password("q", salt=salt)


def test_what_a_token_carries_is_read_without_its_key_only_where_that_is_asked_for() -> None:
    foreign = Signer(lambda: [b"foreign"], clock=ManualClock())
    token = foreign.sign(b"x" * 500, salt="form")
    assert SIGNER.unverified(token) == b"x" * 500
    with pytest.raises(TokenBroken):
        SIGNER.unverified("AA")
