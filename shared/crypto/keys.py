"""The server's keys: a file with the newest first, and from each of them a key of its own per purpose.

    # Colloquy server keys, newest first. Whoever has this file can open what the server can open.
    2026-01-01-k3f9 base64 of 32 bytes

Rotating adds a line on top; the older ones stay for what they sealed. A running process that meets a key id it does
not know reads the file once more, so a rotation needs no restart.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import re
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shared.crypto.aead import KEY_SIZE, SealBroken, associated_data, derive_key, key_id_of, open_sealed, seal
from shared.crypto.tokens import Signer
from shared.kernel.clock import Clock, SystemClock
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import new_code, random_bytes

_TITLE = "# Colloquy server keys, newest first. Whoever has this file can open what the server can open.\n"
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,40}\Z")


class ServerKeyMissing(ColloquyError):
    """There is no server key file; set COLLOQUY_SERVER_KEY_FILE, or make one with `colloquy keys create`."""


class ServerKeyExposed(ColloquyError):
    """Others on this machine can read or change the server key file; run `chmod 600` on it."""


class ServerKeyMalformed(ColloquyError):
    """The server key file has lines that are not `<key id> <base64 of 32 bytes>`."""


class ServerKeyUnknown(SealBroken):
    """Something was sealed with a server key that is not in the key file; put the old line back."""


@dataclass(frozen=True, slots=True)
class _SubKeys:
    """What one line of the file is used for."""

    key_id: str
    transport: bytes
    rest: bytes
    wrap: bytes
    token: bytes

    @classmethod
    def of(cls, key_id: str, key: bytes) -> _SubKeys:
        return cls(
            key_id,
            transport=derive_key(key, purpose="transport"),
            rest=derive_key(key, purpose="rest"),
            wrap=derive_key(key, purpose="wrap"),
            token=derive_key(key, purpose="token"),
        )


class PurposeSealer:
    """Seals under one purpose of the newest server key and opens with whichever was used; a contracts.base.Sealer."""

    def __init__(self, ring: ServerKeys, kind: str) -> None:
        self._ring = ring
        self._kind = kind

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        """Encrypt; `purpose` is bound to the result and must be named again to open it."""
        newest = self._ring.newest
        key: bytes = getattr(newest, self._kind)
        return seal(key, plain, associated=associated_data(self._kind, purpose), key_id=newest.key_id)

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Decrypt. Raises SealBroken, ServerKeyUnknown."""
        key: bytes = getattr(self._ring.by_id(key_id_of(sealed)), self._kind)
        return open_sealed(key, sealed, associated=associated_data(self._kind, purpose))


class ServerKeys:
    """The key ring of a server.

    `transport` seals what crosses the bus, `at_rest` what lies in tables and belongs to no session's data key,
    `wrap`/`unwrap` a data key the server may open (`multi_user`, grants), `signer` signs what a page brings back.
    """

    def __init__(self, keys: list[tuple[str, bytes]], *, path: Path | None = None, clock: Clock | None = None) -> None:
        """From pairs of key id and key, newest first; `load` reads them from a file."""
        self._path = path
        self._stamp = _stamp(path)
        self._keys = _sub_keys(keys)
        self.transport = PurposeSealer(self, "transport")
        self.at_rest = PurposeSealer(self, "rest")
        self.signer = Signer(lambda: [key.token for key in self._keys.values()], clock=clock or SystemClock())

    @classmethod
    def load(cls, path: Path, *, create: bool = False, clock: Clock | None = None) -> ServerKeys:
        """Read the key file; with `create`, make one with one key if there is none.

        Raises ServerKeyMissing, ServerKeyExposed, ServerKeyMalformed.
        """
        if create and not path.exists():
            _create(path, clock or SystemClock())
        return cls(_read(path), path=path, clock=clock)

    @staticmethod
    def rotate(path: Path, *, clock: Clock | None = None) -> str:
        """Put a new key on top of the file; gives its id. Raises as `load` does."""
        keys = [_new_key((clock or SystemClock()).now()), *_read(path)]
        _write(path.with_name(f".{path.name}.{new_code(8)}"), keys).replace(path)
        return keys[0][0]

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of all keys, newest first."""
        return tuple(self._keys)

    @property
    def newest(self) -> _SubKeys:
        """The key that new things are sealed with."""
        return next(iter(self._keys.values()))

    def by_id(self, key_id: str) -> _SubKeys:
        """The key of this id; reads the file again if it changed. Raises ServerKeyUnknown."""
        if key_id not in self._keys:
            self._read_again()
        try:
            return self._keys[key_id]
        except KeyError:
            raise ServerKeyUnknown(repr(key_id)) from None

    def wrap(self, data_key: bytes, *, associated: bytes) -> tuple[bytes, str]:
        """A data key sealed for the server, and the id of the server key that opens it."""
        newest = self.newest
        return seal(newest.wrap, data_key, associated=b"wrap" + associated, key_id=newest.key_id), newest.key_id

    def unwrap(self, wrapped: bytes, *, associated: bytes) -> bytes:
        """The data key again. Raises SealBroken, ServerKeyUnknown."""
        return open_sealed(self.by_id(key_id_of(wrapped)).wrap, wrapped, associated=b"wrap" + associated)

    def _read_again(self) -> None:
        stamp = _stamp(self._path)
        if self._path is None or stamp == self._stamp:
            return
        self._stamp = stamp
        with contextlib.suppress(ServerKeyMissing, ServerKeyExposed, ServerKeyMalformed):
            self._keys = _sub_keys(_read(self._path))


def _sub_keys(keys: list[tuple[str, bytes]]) -> dict[str, _SubKeys]:
    if not keys:
        raise ServerKeyMalformed("There is no key in it.")
    return {key_id: _SubKeys.of(key_id, key) for key_id, key in keys}


def _new_key(now: datetime) -> tuple[str, bytes]:
    return f"{now:%Y-%m-%d}-{new_code(4)}", random_bytes(KEY_SIZE)


def _stamp(path: Path | None) -> tuple[int, int] | None:
    if path is None:
        return None
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


def _read(path: Path) -> list[tuple[str, bytes]]:
    try:
        with path.open(encoding="ascii") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            # Readable for a group is allowed: Kubernetes mounts secrets so.
            if mode & (stat.S_IRWXO | stat.S_IWGRP | stat.S_IXGRP):
                raise ServerKeyExposed(f"{path} has mode {mode:04o}.")
            text = file.read()
    except FileNotFoundError:
        raise ServerKeyMissing(f"Looked for {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ServerKeyMalformed(f"{path} cannot be read: {type(error).__name__}.") from None
    keys: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        key_id, _, encoded = line.strip().partition(" ")
        try:
            key = base64.b64decode(encoded.strip(), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not _KEY_ID.match(key_id) or len(key) != KEY_SIZE or key_id in keys:
            raise ServerKeyMalformed(f"See line {number} of {path}.")
        keys[key_id] = key
    if not keys:
        raise ServerKeyMalformed(f"There is no key in {path}.")
    return list(keys.items())


def _create(path: Path, clock: Clock) -> None:
    """Make a key file; of several processes that try at once, one wins and all read its file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _write(path.with_name(f".{path.name}.{new_code(8)}"), [_new_key(clock.now())])
    try:
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def _write(path: Path, keys: list[tuple[str, bytes]]) -> Path:
    lines = [f"{key_id} {base64.b64encode(key).decode()}\n" for key_id, key in keys]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.writelines([_TITLE, *lines])
        file.flush()
        os.fsync(file.fileno())
    return path
