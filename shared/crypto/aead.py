"""Authenticated encryption: bytes in, self-describing sealed bytes out. The only module that imports cryptography.

Format, version 1:

    1 byte   version (0x01)
    1 byte   length of the key id
    n bytes  key id (ASCII), so that a key can be rotated; empty where the row beside it says which key it is
    16 bytes random salt
    12 bytes random nonce
    rest     AES-256-GCM under HMAC-SHA256(key, "colloquy aead 1" + salt), with its 16-byte tag

A box is for whoever has the private half of a pair of X25519 keys: 32 bytes of a fresh public key, then the same format
under HKDF-SHA256(agreed secret, "colloquy box 1" + both public keys). Who closes a box cannot open it again.

The head and the caller's associated data are authenticated. A key of its own for every sealing lifts AES-GCM's limit
of 2^32 random nonces per key (NIST SP 800-38D §8.3), which a busy bus would reach in weeks.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

import orjson
from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_der_public_key

from shared.kernel.errors import ColloquyError
from shared.kernel.ids import random_bytes

KEY_SIZE = 32

_VERSION = 1
_SALT_SIZE = 16
_NONCE_SIZE = 12
_TAG_SIZE = 16
OVERHEAD = 2 + _SALT_SIZE + _NONCE_SIZE + _TAG_SIZE
"""How much longer sealed data are than plain ones when no key id is named."""

_CONTEXT = b"colloquy aead 1"


class SealBroken(ColloquyError):
    """Sealed data were changed, cut short, moved from elsewhere, or sealed with another key."""


class KeyMalformed(ColloquyError):
    """A key must be 32 random bytes."""


def seal(key: bytes, plain: bytes, *, associated: bytes, key_id: str = "") -> bytes:
    """Encrypt and authenticate; `associated` is bound to the result and must be given again to open it."""
    name = key_id.encode("ascii")
    head = bytes((_VERSION, len(name))) + name
    chance = random_bytes(_SALT_SIZE + _NONCE_SIZE)
    cipher = _cipher(key, chance[:_SALT_SIZE])
    return head + chance + cipher.encrypt(chance[_SALT_SIZE:], plain, head + associated)


def open_sealed(key: bytes, sealed: bytes, *, associated: bytes) -> bytes:
    """The plain bytes. Raises SealBroken."""
    at = _head_size(sealed)
    body = at + _SALT_SIZE + _NONCE_SIZE
    cipher = _cipher(key, sealed[at : at + _SALT_SIZE])
    try:
        return cipher.decrypt(sealed[at + _SALT_SIZE : body], sealed[body:], sealed[:at] + associated)
    except InvalidTag:
        raise SealBroken from None


def key_id_of(sealed: bytes) -> str:
    """Which key it was sealed with, as far as it says so itself; trust it only after opening. Raises SealBroken."""
    return sealed[2 : _head_size(sealed)].decode("ascii", errors="replace")


def associated_data(*parts: str | int) -> bytes:
    """Several names and numbers as one unambiguous text, to be bound to sealed data."""
    return orjson.dumps(parts)


def derive_key(key: bytes, *, purpose: str) -> bytes:
    """A key of its own for one purpose (HKDF-SHA256, RFC 5869): knowing it tells nothing about the others."""
    if len(key) < KEY_SIZE:
        raise KeyMalformed(f"This one has {len(key)}.")
    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=None, info=b"colloquy " + purpose.encode()).derive(key)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Closes boxes with its public half, opens them with its private one; 32 bytes each."""

    private: bytes = field(repr=False)
    public: bytes

    @classmethod
    def new(cls) -> KeyPair:
        """A pair that nobody else has."""
        private = random_bytes(KEY_SIZE)
        return cls.of(private)

    @classmethod
    def of(cls, private: bytes) -> KeyPair:
        """The pair with this private half."""
        return cls(private, X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw())


def signature_holds(public_key: bytes, signature: bytes, said: bytes) -> bool:
    """Whether a key's holder has signed this: ECDSA with SHA-256, key and signature as DER. Raises KeyMalformed."""
    try:
        key = load_der_public_key(public_key)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyMalformed("It is not a public key.") from error
    if not isinstance(key, EllipticCurvePublicKey):
        raise KeyMalformed("It is not one for ECDSA.")
    try:
        key.verify(signature, said, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def close_box(public: bytes, plain: bytes, *, associated: bytes) -> bytes:
    """Encrypt for whoever has the private key. Raises KeyMalformed."""
    fresh = KeyPair.new()
    return fresh.public + seal(_box_key(fresh.private, public, fresh.public, public), plain, associated=associated)


def open_box(pair: KeyPair, box: bytes, *, associated: bytes) -> bytes:
    """The plain bytes. Raises SealBroken."""
    fresh = box[:KEY_SIZE]
    try:
        key = _box_key(pair.private, fresh, fresh, pair.public)
    except KeyMalformed:
        raise SealBroken from None
    return open_sealed(key, box[KEY_SIZE:], associated=associated)


def _box_key(private: bytes, other: bytes, fresh: bytes, public: bytes) -> bytes:
    try:
        agreed = X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(other))
    except ValueError:  # not 32 bytes, or a point that would agree with everybody
        raise KeyMalformed from None
    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=None, info=b"colloquy box 1" + fresh + public).derive(agreed)


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    if len(key) != KEY_SIZE:
        raise KeyMalformed(f"This one has {len(key)}.")
    return AESGCM(hmac.digest(key, _CONTEXT + salt, "sha256"))


def _head_size(sealed: bytes) -> int:
    if len(sealed) < 2 or sealed[0] != _VERSION:
        raise SealBroken("This is not sealed data of a version this release knows.")
    size = 2 + sealed[1]
    if len(sealed) < size + _SALT_SIZE + _NONCE_SIZE + _TAG_SIZE:
        raise SealBroken("It is too short.")
    return size
