"""The files of one run: its calls about them, and what its result asks to be done with them.

The engine and the room of files may not know each other, so they meet here, for turns and tasks alike. What a run
stores is written at once under a key that only this object knows, and becomes a file when the commit that saves the
answers carries out `changes`; a run that is refused or killed leaves nothing but leftovers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from shared.contracts.base import Sealer
from shared.crypto.aead import SealBroken
from shared.files.contents import FileTooLarge, StoredContents
from shared.files.kinds import mimetype_of, safe_name
from shared.files.links import make_link
from shared.files.port import ContentsMissing
from shared.files.records import FileChange, Keys, OpenFile, UnknownFile, grantee_names
from shared.files.room import FileRoom
from shared.interview.errors import HostRefused
from shared.interview.runtime.effects import Effect, SaveFile
from shared.interview.runtime.host import FetchFile, FileAnswer, FileCall, LinkFile, NewFile, StoreFile
from shared.interview.runtime.operations import Blobs
from shared.kernel.clock import Clock
from shared.kernel.errors import Malformed
from shared.storage.database import Statements

_MOST_STORED = 1000
_MOST_BYTES = 1024**3

_NO_SUCH_FILE = "There is no such file in this session."


class BadFileEffect(Malformed):
    """A run asked for something to be done with a file that makes no sense."""


class RunFiles:
    """Answers file calls and turns effects into changes. One for all attempts of a turn or task."""

    def __init__(
        self, room: FileRoom, *, sealer: Sealer, clock: Clock, uploads: Mapping[int, OpenFile] | None = None
    ) -> None:
        self._room, self._sealer, self._clock = room, sealer, clock
        self._uploads = uploads or {}
        self._keys: Keys | None = None
        self._interview = ""
        self._numbers: set[int] = set()
        self._lent: dict[int, OpenFile] = {}
        self._stored: dict[tuple[int, str], StoredContents] = {}
        self._bytes = 0

    def begin(self, keys: Keys, *, interview: str) -> None:
        """A run begins, on a session with these keys. What an earlier attempt has stored is forgotten."""
        self._keys, self._interview = keys, interview
        self._numbers.clear()
        self._lent.clear()
        self._stored.clear()

    def lend(self, file: OpenFile) -> None:
        """Let this run read a file that becomes one of its session with it, by somebody else's doing."""
        self._lent[file.number] = file

    async def answer(self, call: FileCall, blobs: Blobs) -> tuple[FileAnswer, Blobs]:
        """Carry out one call. Raises HostRefused with a sentence for the author."""
        match call:
            case NewFile():
                number = await self._room.records.next_number(self._room.database)
                self._numbers.add(number)
                return FileAnswer(number=number), {}
            case FetchFile(number=number):
                file = await self._find(number)
                answer = FileAnswer(number=number, filename=file.filename, mimetype=file.mimetype)
                return answer, {"contents": await self._read(file)}
            case StoreFile(number=number):
                return await self._store(number, blobs.get("contents"))
            case LinkFile(number=number):
                return await self._link(call)
            case _:
                assert_never(call)

    def changes(self, effects: Iterable[Effect]) -> list[FileChange]:
        """What the commit has to do, one change a file. Raises BadFileEffect."""
        return [self._change(effect) for effect in effects if isinstance(effect, SaveFile)]

    async def write(self, statements: Statements, changes: Sequence[FileChange], *, keys: Keys) -> None:
        """Carry them out, in the transaction that saves the answers. Raises UnknownFile, ContentsLost."""
        now = self._clock.now()
        await self._room.records.change(statements, changes, keys=keys, interview=self._interview, now=now)

    async def _find(self, number: int) -> OpenFile:
        """A file of this run or of its session."""
        if number in self._uploads or number in self._lent:
            return self._uploads.get(number) or self._lent[number]
        record = await self._room.records.find(self._room.database, number)
        if record is None or self._keys is None:
            raise HostRefused(_NO_SUCH_FILE)
        try:
            return self._room.records.open(record, self._keys)
        except UnknownFile:
            shared = None if record.is_private else self._room.records.open_shared(record)
        if shared is None:
            raise HostRefused(_NO_SUCH_FILE)
        return shared

    async def _read(self, file: OpenFile) -> bytes:
        if file.contents.size_bytes > self._room.max_file_bytes:
            raise HostRefused("This file is too large to be read by interview code.")
        try:
            return await self._room.contents.read(file.contents)
        except (ContentsMissing, SealBroken):
            raise HostRefused("The contents of this file are no longer there.") from None

    async def _store(self, number: int, plain: bytes | None) -> tuple[FileAnswer, Blobs]:
        if plain is None:
            raise HostRefused("A file without contents cannot be stored.")
        await self._may_write(number)
        self._bytes += len(plain)
        if len(self._stored) >= _MOST_STORED or self._bytes > _MOST_BYTES:
            raise HostRefused("One run cannot make so many files.")
        try:
            contents = await self._room.contents.keep(plain, limit_bytes=self._room.max_file_bytes)
        except FileTooLarge as error:
            raise HostRefused(str(error)) from None
        self._stored[(number, contents.location)] = contents
        return FileAnswer(number=number, ticket=contents.location), {}

    async def _may_write(self, number: int) -> None:
        """Only files of this session, and numbers that were given to this run."""
        if number in self._numbers or number in self._uploads:
            return
        record = await self._room.records.find(self._room.database, number)
        if record is None or self._keys is None or record.session_id != self._keys.session_id:
            raise HostRefused(_NO_SUCH_FILE)

    async def _link(self, call: LinkFile) -> tuple[FileAnswer, Blobs]:
        stored = [contents for (number, _), contents in self._stored.items() if number == call.number]
        if stored:
            name = safe_name(call.filename)
            mimetype = call.mimetype or mimetype_of(name)
            file = OpenFile(number=call.number, filename=name, mimetype=mimetype, contents=stored[-1])
        else:
            file = await self._find(call.number)
            if call.filename:
                file = replace(file, filename=safe_name(call.filename))
        link = make_link(
            file,
            sealer=self._sealer,
            now=self._clock.now(),
            seconds=call.seconds,
            is_attachment=call.is_attachment,
        )
        return FileAnswer(number=call.number, link=link), {}

    def _change(self, effect: SaveFile) -> FileChange:
        contents, filename, mimetype = None, effect.filename, effect.mimetype
        if effect.ticket == "":
            upload = self._uploads.get(effect.number)
            if upload is None:
                raise BadFileEffect(f"There is no upload of number {effect.number}.")
            contents, filename, mimetype = upload.contents, filename or upload.filename, upload.mimetype
        elif effect.ticket is not None:
            contents = self._stored.get((effect.number, effect.ticket))
            if contents is None:
                raise BadFileEffect(f"Nothing was stored for number {effect.number}.")
        grantees = None
        if effect.users is not None:
            grantees = grantee_names(users=effect.users, emails=effect.emails or (), privileges=effect.privileges or ())
        return FileChange(
            number=effect.number,
            contents=contents,
            filename=filename,
            mimetype=mimetype,
            is_private=effect.is_private,
            is_persistent=effect.is_persistent,
            grantees=grantees,
        )
