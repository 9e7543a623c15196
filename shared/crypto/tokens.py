"""Signed texts that a browser carries and brings back: page forms, links. Signed, not secret: anybody can read them.

A token is URL-safe base64 of: 1 byte form (0 plain, 1 deflated), 5 bytes time of signing in seconds, the payload,
16 bytes of HMAC-SHA256 under a key of its own per salt.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import zlib
from collections.abc import Callable, Sequence

from shared.kernel.clock import Clock
from shared.kernel.errors import Refused

_HEAD_SIZE = 6
_MAC_SIZE = 16
_LIMIT = 4 * 1024 * 1024
_WORTH_DEFLATING = 120


class TokenBroken(Refused):
    """This link or page was not made by this server, or it was changed; open the page again."""


class TokenExpired(Refused):
    """This link or page is too old; open the page again."""


class Signer:
    """Signs with the newest key, accepts any of them. `salt` names what a token is for and is not interchangeable."""

    def __init__(self, keys: Callable[[], Sequence[bytes]], *, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    def sign(self, payload: bytes, *, salt: str) -> str:
        """A compact text that carries the payload."""
        form = 0
        if len(payload) > _WORTH_DEFLATING:
            deflated = zlib.compress(payload, 6)
            if len(deflated) < len(payload):
                form, payload = 1, deflated
        body = bytes((form,)) + int(self._clock.now().timestamp()).to_bytes(5, "big") + payload
        return base64.urlsafe_b64encode(body + _mac(self._keys()[0], salt, body)).rstrip(b"=").decode()

    def unsign(self, token: str, *, salt: str, max_age_seconds: float | None = None) -> bytes:
        """The payload. Raises TokenBroken, TokenExpired."""
        body, mac = _parts(token)
        if len(body) < _HEAD_SIZE or not any(hmac.compare_digest(mac, _mac(key, salt, body)) for key in self._keys()):
            raise TokenBroken
        age = self._clock.now().timestamp() - int.from_bytes(body[1:_HEAD_SIZE], "big")
        if max_age_seconds is not None and age > max_age_seconds:
            raise TokenExpired
        return _payload(body)

    def fingerprints(self, payload: bytes, *, salt: str) -> tuple[bytes, ...]:
        """What stands for the payload in a table and tells nobody without our keys whether a guess is right; the one
        of the newest key first, then what it was under the others. 16 bytes each.
        """
        return tuple(_mac(key, salt, payload) for key in self._keys())

    @staticmethod
    def unverified(token: str) -> bytes:
        """The payload, whoever made the token: for what is proved in another way. Raises TokenBroken."""
        body, _ = _parts(token)
        if len(body) < _HEAD_SIZE:
            raise TokenBroken
        return _payload(body)


def _parts(token: str) -> tuple[bytes, bytes]:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise TokenBroken from None
    return raw[:-_MAC_SIZE], raw[-_MAC_SIZE:]


def _payload(body: bytes) -> bytes:
    payload = body[_HEAD_SIZE:]
    return _inflate(payload) if body[0] == 1 else payload


def _mac(key: bytes, salt: str, body: bytes) -> bytes:
    own = hmac.digest(key, b"salt " + salt.encode(), "sha256")
    return hmac.digest(own, body, "sha256")[:_MAC_SIZE]


def _inflate(payload: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(payload, _LIMIT)
    except zlib.error:
        raise TokenBroken from None
    if inflater.unconsumed_tail or not inflater.eof:
        raise TokenBroken
    return plain
