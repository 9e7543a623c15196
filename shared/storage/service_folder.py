"""Where an embedded server keeps its files, and as whom it runs.

An ordinary user keeps them in the data folder. Root cannot run PostgreSQL, so the server gets a uid of its own that
nobody else uses, and a folder (0700) of that uid: inside the data folder if the uid can get there, else under /var/lib
or a temporary folder, remembered in a file of the data folder. No mode of any folder above is ever changed.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

import orjson

from shared.kernel.errors import ColloquyError
from shared.kernel.ids import new_code
from shared.storage.child import RunAs

_UIDS = range(40_000, 60_000)
_MEMORY = "place.json"


class ServerFilesGone(ColloquyError):
    """The files of the embedded server cannot be used."""


@dataclass(frozen=True, slots=True)
class ServiceFolder:
    """`ours` is written by us only; `home` belongs to whom the server runs as. The same, for an ordinary user."""

    ours: Path
    home: Path
    run_as: RunAs | None

    def give(self, path: Path) -> Path:
        """Make a folder that only the server's user can enter."""
        path.mkdir(mode=0o700, exist_ok=True)
        if self.run_as is not None:
            os.chown(path, self.run_as.uid, self.run_as.gid, follow_symlinks=False)
        return path


def service_folder(ours: Path) -> ServiceFolder:
    """The place for the server whose part of the data folder is `ours`; found again on the next start.

    Raises ServerFilesGone when it was put elsewhere and is no longer there.
    """
    ours.mkdir(mode=0o700, parents=True, exist_ok=True)
    ours = ours.resolve()
    if os.geteuid() != 0:
        return ServiceFolder(ours, ours, None)
    owner = ours.stat()
    if owner.st_uid != 0:  # made by an ordinary user: go on as that user
        return ServiceFolder(ours, ours, RunAs(owner.st_uid, owner.st_gid))
    memory = ours / _MEMORY
    if memory.exists():
        return _remembered(ours, memory)
    run_as = _free_user(str(ours))
    home = ours / "server" if may_enter(ours.parent, run_as) else _elsewhere(ours, run_as)
    if home.parent == ours:
        ours.chmod(0o711)  # our own folder, not a parent: the server passes through it and can list nothing
    folder = ServiceFolder(ours, home, run_as)
    folder.give(home)
    draft = memory.with_suffix(f".{new_code(8)}")
    draft.write_bytes(orjson.dumps({"home": str(home) if home.parent != ours else home.name, "uid": run_as.uid}))
    draft.replace(memory)
    return folder


def may_enter(folder: Path, user: RunAs) -> bool:
    """Whether a user who owns nothing and is in no group can get into a folder, by the modes of all above it."""
    return all(_is_open(part, user) for part in (folder, *folder.parents))


def _is_open(part: Path, user: RunAs) -> bool:
    status = part.stat()
    return bool(status.st_mode & (stat.S_IXUSR if status.st_uid == user.uid else stat.S_IXOTH))


def _remembered(ours: Path, memory: Path) -> ServiceFolder:
    known = orjson.loads(memory.read_bytes())
    home, uid = ours / known["home"], int(known["uid"])
    if not home.is_dir() and home.parent == ours:
        raise ServerFilesGone(f"{home} is missing. Put it back, or delete {ours} to begin with empty data.")
    if not home.is_dir():
        raise ServerFilesGone(f"{home} is missing. Put it back, or delete {memory} to begin with empty data.")
    if home.lstat().st_uid != uid:
        raise ServerFilesGone(f"{home} does not belong to uid {uid}: give it back with chown -R {uid}:{uid}.")
    if not may_enter(home.parent, RunAs(uid, uid)):
        raise ServerFilesGone(f"Uid {uid} can no longer get into {home.parent}: a folder above it was closed.")
    return ServiceFolder(ours, home, RunAs(uid, uid))


def _free_user(name: str) -> RunAs:
    """A uid that no account has, the same for the same name."""
    start = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    for offset in range(len(_UIDS)):
        uid = _UIDS[(start + offset) % len(_UIDS)]
        try:
            pwd.getpwuid(uid)
        except KeyError:
            return RunAs(uid, uid)
    raise ServerFilesGone("There is no free uid to run the embedded server as.")


def _elsewhere(ours: Path, run_as: RunAs) -> Path:
    """A new folder outside the data folder that the user can reach."""
    name = hashlib.sha256(str(ours).encode()).hexdigest()[:8]
    for base in (Path("/var/lib"), Path("/var/tmp"), Path(tempfile.gettempdir())):  # noqa: S108 - mkdtemp below
        if base.is_dir() and os.access(base, os.W_OK) and may_enter(base, run_as):
            return Path(tempfile.mkdtemp(prefix=f"colloquy-{name}-", dir=base))
    raise ServerFilesGone(
        f"Root cannot run PostgreSQL, and no folder is open to another user: tried /var/lib, /var/tmp and "
        f"{tempfile.gettempdir()}. Set COLLOQUY_DATABASE_URL, or start as an ordinary user."
    )
