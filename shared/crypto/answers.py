"""How answers lie in the database: compressed, then sealed with the session's data key and bound to their place.

A step is compressed with the plain bytes of its key step as dictionary, so the bytes stored follow the bytes changed.
Inside the seal: 1 byte form (0 as it is, 1 zstd, 2 zstd with dictionary), for form 2 the first 16 bytes of the
dictionary's SHA-256, then the frame. Pure functions on the hot path: about 100 µs for 20 kB.
"""

from __future__ import annotations

import hashlib

import zstandard

from shared.crypto.aead import SealBroken, associated_data, open_sealed, seal
from shared.kernel.errors import ColloquyError

_PLAIN, _ZSTD, _ZSTD_WITH_DICTIONARY = b"\x00", b"\x01", b"\x02"
_DIGEST_SIZE = 16
_SMALL = 64
_LARGE = 1024 * 1024
_WIDEST_WINDOW = 27
"""128 MiB, the largest window a decoder accepts without being asked to."""


class DictionaryMissing(ColloquyError):
    """A step can only be read together with the plain bytes of its key step."""


def seal_step(
    plain: bytes,
    *,
    data_key: bytes,
    session_id: str,
    step: int,
    version: int,
    generation: int,
    dictionary: bytes | None = None,
    previous_mac: bytes | None = None,
) -> bytes:
    """The stored form of one step; `dictionary` is the plain key step, None for a key step itself.

    `previous_mac` names the step it is written on (chain.py).
    """
    place = _place(session_id, step, version, generation, previous_mac)
    return seal(data_key, _compress(plain, dictionary), associated=place)


def open_step(
    sealed: bytes,
    *,
    data_key: bytes,
    session_id: str,
    step: int,
    version: int,
    generation: int,
    dictionary: bytes | None = None,
    previous_mac: bytes | None = None,
) -> bytes:
    """The plain bytes of a stored step. Raises SealBroken, DictionaryMissing."""
    place = _place(session_id, step, version, generation, previous_mac)
    return _decompress(open_sealed(data_key, sealed, associated=place), dictionary)


def seal_value(plain: bytes, *, data_key: bytes, purpose: str, ids: tuple[str | int, ...]) -> bytes:
    """The stored form of something smaller (arguments, a notice, an outcome), bound to its purpose and its ids."""
    return seal(data_key, _compress(plain, None), associated=associated_data("value", purpose, *ids))


def open_value(sealed: bytes, *, data_key: bytes, purpose: str, ids: tuple[str | int, ...]) -> bytes:
    """The plain bytes again. Raises SealBroken."""
    return _decompress(open_sealed(data_key, sealed, associated=associated_data("value", purpose, *ids)), None)


def _place(session_id: str, step: int, version: int, generation: int, previous_mac: bytes | None) -> bytes:
    if previous_mac is None:  # of a release without the chain
        return associated_data("step", session_id, step, version, generation)
    return associated_data("step", session_id, step, version, generation, previous_mac.hex())


def _compress(plain: bytes, dictionary: bytes | None) -> bytes:
    if dictionary:
        parameters = zstandard.ZstdCompressionParameters.from_level(
            1,
            source_size=len(plain),
            dict_size=len(dictionary),
            window_log=_window(len(plain) + len(dictionary)),
            hash_log=_hash_log(len(dictionary)),
            write_content_size=1,
            write_checksum=1,
        )
        known = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        frame = zstandard.ZstdCompressor(compression_params=parameters, dict_data=known).compress(plain)
        return _ZSTD_WITH_DICTIONARY + _digest(dictionary) + frame
    if len(plain) <= _SMALL:
        return _PLAIN + plain
    frame = zstandard.ZstdCompressor(level=1 if len(plain) > _LARGE else 3).compress(plain)
    return _ZSTD + frame if len(frame) < len(plain) else _PLAIN + plain


def _decompress(stored: bytes, dictionary: bytes | None) -> bytes:
    try:
        match stored[:1]:
            case b"\x00":
                return stored[1:]
            case b"\x01":
                return zstandard.ZstdDecompressor().decompress(stored[1:])
            case b"\x02":
                if not dictionary or stored[1 : 1 + _DIGEST_SIZE] != _digest(dictionary):
                    raise DictionaryMissing
                known = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
                return zstandard.ZstdDecompressor(dict_data=known).decompress(stored[1 + _DIGEST_SIZE :])
    except zstandard.ZstdError:
        raise SealBroken("It was sealed by us but cannot be decompressed.") from None
    raise SealBroken("It was stored by a newer release.")


def _digest(dictionary: bytes) -> bytes:
    return hashlib.sha256(dictionary).digest()[:_DIGEST_SIZE]


def _window(size: int) -> int:
    """The window must reach over the whole dictionary and the answers, or old bytes are stored again."""
    return min(max(size.bit_length(), 17), _WIDEST_WINDOW)


def _hash_log(size: int) -> int:
    """Entries enough to remember the whole dictionary: level 1 alone finds nothing again beyond some 200 kB."""
    return min(max(size.bit_length() - 2, 12), 22)
