"""Boxes: whoever has the public key closes them, only whoever has the private one opens them."""

from __future__ import annotations

import pytest

from shared.crypto.aead import KeyMalformed, KeyPair, SealBroken, close_box, open_box


def test_a_box_is_opened_by_the_private_key_alone() -> None:
    pair, other = KeyPair.new(), KeyPair.new()
    box = close_box(pair.public, b"words", associated=b"here")
    assert open_box(pair, box, associated=b"here") == b"words"
    with pytest.raises(SealBroken):
        open_box(other, box, associated=b"here")


def test_a_box_that_was_moved_changed_or_cut_does_not_open() -> None:
    pair = KeyPair.new()
    box = close_box(pair.public, b"words", associated=b"here")
    with pytest.raises(SealBroken):
        open_box(pair, box, associated=b"there")
    for place in (0, 40, len(box) - 1):
        changed = bytearray(box)
        changed[place] ^= 1
        with pytest.raises(SealBroken):
            open_box(pair, bytes(changed), associated=b"here")
    for length in (0, 10, 31, 32, 50):
        with pytest.raises(SealBroken):
            open_box(pair, box[:length], associated=b"here")


def test_the_same_words_make_another_box_each_time() -> None:
    pair = KeyPair.new()
    assert close_box(pair.public, b"words", associated=b"") != close_box(pair.public, b"words", associated=b"")


@pytest.mark.parametrize("public", [b"", b"\0" * 31, b"\0" * 32], ids=["empty", "short", "a point of no use"])
def test_a_key_that_is_none_closes_nothing(public: bytes) -> None:
    with pytest.raises(KeyMalformed):
        close_box(public, b"words", associated=b"")
