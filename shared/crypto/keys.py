"""The server's keys: a file with the newest first, and from each of them a key of its own per purpose.

    # Colloquy server keys, newest first. Whoever has this file can open what the server can open.
    2026-01-01-k3f9 base64 of 32 bytes

Rotating adds a line on top; the older ones stay for what they sealed. Running processes look at the file every second,
and when they meet a key id they do not know, so a rotation needs no restart. Where several machines have a copy of the
file, a key can be prepared first: it stands last, opens and seals nothing until it is moved to the top.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import re
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shared.crypto.aead import KEY_SIZE, SealBroken, associated_data, derive_key, key_id_of, open_sealed, seal
from shared.crypto.tokens import Signer
from shared.kernel.clock import Clock, SystemClock
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import new_code, random_bytes

_TITLE = "# Colloquy server keys, newest first. Whoever has this file can open what the server can open.\n"
_PREPARED, _SINCE = "# prepared: ", "# newest since: "
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,40}\Z")
_LOOK_AGAIN_SECONDS = 1.0


class ServerKeyMissing(ColloquyError):
    """There is no server key file; set COLLOQUY_SERVER_KEY_FILE, or make one with `colloquy keys create`."""


class ServerKeyExposed(ColloquyError):
    """Others on this machine can read or change the server key file; run `chmod 600` on it."""


class ServerKeyMalformed(ColloquyError):
    """The server key file has lines that are not `<key id> <base64 of 32 bytes>`."""


class KeyPrepared(ColloquyError):
    """A key is prepared already; `colloquy keys rotate` puts it on top."""


class KeyStillNeeded(ColloquyError):
    """This key cannot be taken out of the file."""


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


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What a key file says, without the keys."""

    key_ids: tuple[str, ...]
    """As they stand there, newest first; one that is prepared comes last."""
    prepared: str | None
    newest_since: datetime | None


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

    def seal_again(self, sealed: bytes, *, purpose: str) -> bytes:
        """The same under the newest key. Raises SealBroken, ServerKeyUnknown."""
        return self.seal(self.open(sealed, purpose=purpose), purpose=purpose)


class ServerKeys:
    """The key ring of a server.

    `transport` seals what crosses the bus, `at_rest` what lies in tables and belongs to no session's data key,
    `wrap`/`unwrap` a data key the server may open (`multi_user`, grants), `signer` signs what a page brings back.
    """

    def __init__(self, keys: list[tuple[str, bytes]], *, path: Path | None = None, clock: Clock | None = None) -> None:
        """From pairs of key id and key, newest first; `load` reads them from a file."""
        self._path, self._clock = path, clock or SystemClock()
        self._stamp, self._looked_at = _stamp(path), self._clock.monotonic()
        self._keys = _sub_keys(keys)
        self.transport = PurposeSealer(self, "transport")
        self.at_rest = PurposeSealer(self, "rest")
        self.signer = Signer(lambda: [key.token for key in self._now().values()], clock=self._clock)

    @classmethod
    def load(cls, path: Path, *, create: bool = False, clock: Clock | None = None) -> ServerKeys:
        """Read the key file; with `create`, make one with one key if there is none.

        Raises ServerKeyMissing, ServerKeyExposed, ServerKeyMalformed.
        """
        if create and not path.exists():
            _create(path, clock or SystemClock())
        return cls(_read(path)[0], path=path, clock=clock)

    @staticmethod
    def look(path: Path) -> KeyFile:
        """What the file says. Raises as `load` does."""
        return _read(path)[1]

    @staticmethod
    def prepare(path: Path, *, clock: Clock | None = None) -> str:
        """Put a new key at the end of the file, to be used later; gives its id. Raises KeyPrepared, and as `load`."""
        keys, file = _read(path)
        if file.prepared:
            raise KeyPrepared(f"It is {file.prepared}.")
        made = _new_key((clock or SystemClock()).now())
        _replace(path, [*keys, made], prepared=made[0], since=file.newest_since)
        return made[0]

    @staticmethod
    def rotate(path: Path, *, clock: Clock | None = None) -> str:
        """Put a new key, or the one that was prepared, on top of the file; gives its id. Raises as `load` does."""
        now = (clock or SystemClock()).now()
        keys, file = _read(path)
        keys = [keys[-1], *keys[:-1]] if file.prepared else [_new_key(now), *keys]
        _replace(path, keys, prepared=None, since=now)
        return keys[0][0]

    @staticmethod
    def retire(path: Path, key_ids: Collection[str]) -> None:
        """Take old keys out of the file: what they sealed can be opened no more. Raises KeyStillNeeded."""
        keys, file = _read(path)
        for key_id in key_ids:
            if key_id not in file.key_ids or key_id in (file.key_ids[0], file.prepared):
                raise KeyStillNeeded(f"{key_id} is not one of the older keys.")
        kept = [key for key in keys if key[0] not in key_ids]
        _replace(path, kept, prepared=file.prepared, since=file.newest_since)

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of all keys, newest first."""
        return tuple(self._now())

    @property
    def newest(self) -> _SubKeys:
        """The key that new things are sealed with."""
        return next(iter(self._now().values()))

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

    def wrap_again(self, wrapped: bytes, *, associated: bytes) -> bytes:
        """The same under the newest key. Raises SealBroken, ServerKeyUnknown."""
        return self.wrap(self.unwrap(wrapped, associated=associated), associated=associated)[0]

    def _now(self) -> dict[str, _SubKeys]:
        """The keys, after a look whether the file has changed."""
        now = self._clock.monotonic()
        if now - self._looked_at >= _LOOK_AGAIN_SECONDS:
            self._looked_at = now
            self._read_again()
        return self._keys

    def _read_again(self) -> None:
        stamp = _stamp(self._path)
        if self._path is None or stamp == self._stamp:
            return
        self._stamp = stamp
        with contextlib.suppress(ServerKeyMissing, ServerKeyExposed, ServerKeyMalformed):
            self._keys = _sub_keys(_read(self._path)[0])


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


def _read(path: Path) -> tuple[list[tuple[str, bytes]], KeyFile]:
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
    prepared: str | None = None
    since: datetime | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(_PREPARED):
            prepared = line.removeprefix(_PREPARED).strip()
        elif line.startswith(_SINCE):
            with contextlib.suppress(ValueError):
                since = datetime.fromisoformat(line.removeprefix(_SINCE).strip())
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
    ids = tuple(keys)
    return list(keys.items()), KeyFile(ids, prepared if len(ids) > 1 and prepared == ids[-1] else None, since)


def _create(path: Path, clock: Clock) -> None:
    """Make a key file; of several processes that try at once, one wins and all read its file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _write(path.with_name(f".{path.name}.{new_code(8)}"), [_new_key(clock.now())])
    try:
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def _replace(path: Path, keys: list[tuple[str, bytes]], *, prepared: str | None, since: datetime | None) -> None:
    notes = [f"{_SINCE}{since.isoformat(timespec='seconds')}\n"] if since else []
    notes += [f"{_PREPARED}{prepared}\n"] if prepared else []
    draft = _write(path.with_name(f".{path.name}.{new_code(8)}"), keys, notes)
    before = path.stat()
    with contextlib.suppress(PermissionError):  # root's command, and a file of the user the server runs as
        os.chown(draft, before.st_uid, before.st_gid)
    draft.chmod(stat.S_IMODE(before.st_mode))
    draft.replace(path)


def _write(path: Path, keys: list[tuple[str, bytes]], notes: Sequence[str] = ()) -> Path:
    lines = [f"{key_id} {base64.b64encode(key).decode()}\n" for key_id, key in keys]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.writelines([_TITLE, *notes, *lines])
        file.flush()
        os.fsync(file.fileno())
    return path
