"""The files of one run as interview code works on them: copies in the process's private folder.

A file is fetched from the server when its path or contents are asked for. At the end of the run `settle` looks which
copies were written to, by whatever code, stores them, and says by effects what is to be kept: files follow the answers,
so a run that fails or is refused changes none.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.interview.library.faults import DAError
from shared.interview.runtime.effects import SaveFile
from shared.interview.runtime.host import FetchFile, FileAnswer, FileCall, LinkFile, NewFile, StoreFile
from shared.interview.runtime.operations import Blobs
from shared.interview.runtime.run import Run, current_run

PAGE_PICTURES = "page pictures"
"""In `_internal`: which files show the first pages of which (`page_pictures.py`)."""
_MEMO = "files"
_UPLOAD = ""
"""Ticket of a file that came with the form."""


@dataclass(slots=True)
class FileAtHand:
    """What the run knows of one file, and what it has done to it."""

    number: int
    filename: str = ""
    mimetype: str = ""
    is_new: bool = False
    """Made in this run: the server has nothing of it yet."""
    path: Path | None = None
    seen: tuple[int, int] | None = None
    """Size and time of the copy as the server knows it; None for one it does not know."""
    ticket: str | None = None
    is_renamed: bool = False
    is_private: bool | None = None
    is_persistent: bool | None = None
    access: tuple[tuple[int, ...], tuple[str, ...], tuple[str, ...]] | None = None
    """Account numbers, addresses, privileges."""

    @property
    def is_written(self) -> bool:
        """Whether the copy holds what the server does not have."""
        return self.path is not None and _stamp(self.path) not in (None, self.seen)

    @property
    def effect(self) -> SaveFile | None:
        """What is to be kept; None when nothing has changed."""
        users, emails, privileges = self.access or (None, None, None)
        renamed = self.is_renamed or self.is_new
        changes = (self.ticket, self.access, self.is_private, self.is_persistent)
        if not renamed and all(change is None for change in changes):
            return None
        return SaveFile(
            number=self.number,
            ticket=self.ticket,
            filename=self.filename if renamed and self.filename else None,
            mimetype=self.mimetype if renamed and self.mimetype else None,
            is_private=self.is_private,
            is_persistent=self.is_persistent,
            users=users,
            emails=emails,
            privileges=privileges,
        )


class FileDesk:
    """The files of the run that is going on."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._folder: Path | None = None
        self._files: dict[int, FileAtHand] = {}

    @classmethod
    def of(cls, run: Run | None = None) -> FileDesk:
        """The desk of this run, made when it is first needed."""
        run = run or current_run()
        desk = run.memo.get(_MEMO)
        if desk is None:
            desk = run.memo[_MEMO] = cls(run)
        assert isinstance(desk, cls)
        return desk

    def make(self, filename: str, mimetype: str) -> FileAtHand:
        """A new file without contents."""
        answer, _ = self._ask(NewFile())
        file = FileAtHand(answer.number, filename, mimetype, is_new=True)
        file.path = self._place(file)
        self._files[file.number] = file
        return file

    def receive(self, number: int, filename: str, mimetype: str, **attributes: Any) -> None:
        """A file has come with the form, and is taken into the answers."""
        file = self.file(number, filename, mimetype)
        file.ticket, file.is_renamed = _UPLOAD, True
        for name, value in attributes.items():
            setattr(file, name, value)

    def file(self, number: int, filename: str = "", mimetype: str = "") -> FileAtHand:
        """What is known of a file; nothing is fetched."""
        file = self._files.setdefault(number, FileAtHand(number))
        file.filename, file.mimetype = file.filename or filename, file.mimetype or mimetype
        return file

    def known(self, number: int) -> FileAtHand | None:
        """A file that this run has had to do with."""
        return self._files.get(number)

    def path(self, number: int, filename: str = "") -> Path:
        """A copy of the file. Raises HostRefused when it is not there or too large."""
        file = self.file(number, filename)
        if file.path is None:
            answer, blobs = self._ask(FetchFile(number=number))
            file.filename, file.mimetype = file.filename or answer.filename, file.mimetype or answer.mimetype
            file.path = self._place(file)
            file.path.write_bytes(blobs["contents"])
            os.utime(file.path, ns=(0, 0))  # whatever is written from now on has another time
            file.seen = _stamp(file.path)
        return file.path

    def rename(self, number: int, filename: str, mimetype: str) -> None:
        """Another name, and the kind that goes with it."""
        file = self.file(number)
        file.filename, file.mimetype, file.is_renamed = filename, mimetype, True

    def link(self, number: int, seconds: float, filename: str, *, is_attachment: bool) -> str:
        """The secret part of a temporary address; what has been written so far is stored for it."""
        file = self.file(number)
        self._store(file)
        call = LinkFile(
            number=number, seconds=seconds, filename=filename, mimetype=file.mimetype, is_attachment=is_attachment
        )
        return self._ask(call)[0].link

    def keep(self, number: int) -> None:
        """Store what was written to a file so far."""
        self._store(self.file(number))

    def settle(self) -> None:
        """Store what was written, and say what is to be kept."""
        for file in self._files.values():
            self._store(file)
            effect = file.effect
            if effect is not None:
                self._run.effects.append(effect)

    def _store(self, file: FileAtHand) -> None:
        if file.is_new and file.path is not None and not file.path.exists():
            file.path.write_bytes(b"")
        if not file.is_written or file.path is None:
            return
        answer, _ = self._ask(StoreFile(number=file.number), {"contents": file.path.read_bytes()})
        self._run.internal.get(PAGE_PICTURES, {}).pop(file.number, None)
        file.ticket, file.seen = answer.ticket, _stamp(file.path)

    def _place(self, file: FileAtHand) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="files-"))
        folder = self._folder / str(file.number)
        folder.mkdir(exist_ok=True)
        name = Path(file.filename).name
        return folder / (name if name.strip(".") else "file")

    def _ask(self, call: FileCall, blobs: Blobs | None = None) -> tuple[FileAnswer, Blobs]:
        answer, given = self._run.host.call(call, blobs)
        if not isinstance(answer, FileAnswer):
            raise DAError("The server gave an answer that is not about files")
        return answer, given


def settle_files(run: Run) -> None:
    """Store what the run has written, if it has had to do with files at all."""
    if _MEMO in run.memo:
        FileDesk.of(run).settle()


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
