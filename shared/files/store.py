"""The rows of files: the only writer of `files.files`. Seals names and wraps keys; contents are contents.py's.

Everything that changes a row runs in the caller's transaction, the one that saves the answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from shared.crypto.aead import SealBroken, associated_data, open_sealed, seal
from shared.crypto.answers import open_value, seal_value
from shared.crypto.keys import ServerKeys
from shared.crypto.rotation import SealedColumn, wrapped
from shared.files import leftovers
from shared.files.contents import StoredContents
from shared.files.kinds import mimetype_of, safe_name
from shared.files.records import ContentsLost, FileChange, FileRecord, Keys, OpenFile, UnknownFile, is_shared
from shared.storage.database import Row, Statements

log = structlog.get_logger()

_STILL_READ = timedelta(hours=1)
"""How long contents stay that others have taken the place of: for downloads under way and temporary addresses."""
_COLUMNS = """id, session_id, interview, name_sealed, mimetype, size_bytes, is_private, is_persistent, grantees,
       location, key_wrapped, server_wrap, f.version, v.version as told_version"""
_NEXT = "select nextval('files.numbers') from generate_series(1, $1::integer)"
_FIND = f"""
select {_COLUMNS} from files.files f left join files.versions v on v.number = f.id where id = $1
"""  # noqa: S608  (made of constants)
_LOCK = "select id from files.files where id = $1 for update"
_WRITE = """
with written as (
insert into files.files (id, session_id, interview, name_sealed, mimetype, size_bytes, is_private, is_persistent,
                         grantees, location, key_wrapped, server_wrap, server_key_id, created_at, modified_at, version)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15)
on conflict (id) do update
set name_sealed = excluded.name_sealed, mimetype = excluded.mimetype, size_bytes = excluded.size_bytes,
    is_private = excluded.is_private, is_persistent = excluded.is_persistent, grantees = excluded.grantees,
    location = excluded.location, key_wrapped = excluded.key_wrapped, server_wrap = excluded.server_wrap,
    server_key_id = excluded.server_key_id, modified_at = excluded.modified_at, version = excluded.version
where files.session_id = excluded.session_id
returning id, version
)
insert into files.versions (number, version) select id, version from written
on conflict (number) do update set version = excluded.version
returning number
"""
_FORGET = "delete from files.files where session_id = $1 and not is_persistent returning location"
_HAND_OVER = """
update files.files set grantees = array_append(grantees, $2)
where session_id = $1 and is_persistent and not $2 = any(grantees)
"""


class Files:
    """Makes, changes, finds and deletes files."""

    def __init__(self, *, server_keys: ServerKeys) -> None:
        self._server_keys = server_keys

    async def next_number(self, statements: Statements) -> int:
        """A number for a new file; one that is never used leaves a gap."""
        [number] = await self.next_numbers(statements, 1)
        return number

    async def next_numbers(self, statements: Statements, count: int) -> list[int]:
        """So many of them."""
        return [row[0] for row in await statements.fetch(_NEXT, count)]

    async def find(self, statements: Statements, number: int) -> FileRecord | None:
        """The record of a file, whosever it is; None as well for one that was put back as it was before."""
        row = await statements.fetchrow(_FIND, number)
        try:
            return None if row is None else _record(row)
        except UnknownFile:
            log.warning("files.row_put_back", number=number)
            return None

    def open(self, record: FileRecord, keys: Keys) -> OpenFile:
        """With the keys of its session. Raises UnknownFile when it is another's."""
        if record.session_id != keys.session_id:
            raise UnknownFile
        try:
            return _opened(record, _unwrapped(record, keys))
        except SealBroken:  # of a session that was deleted and made anew under the same code
            raise UnknownFile from None

    def open_shared(self, record: FileRecord) -> OpenFile | None:
        """With the server's key, if the file is shared beyond its session; who may have it is the caller's to ask."""
        if record.server_wrap is None:
            return None
        place = _server_place(record.number, record.location, record.version)
        return _opened(record, self._server_keys.unwrap(record.server_wrap, associated=place))

    async def change(
        self, statements: Statements, changes: Sequence[FileChange], *, keys: Keys, interview: str, now: datetime
    ) -> None:
        """Claim new contents and write the rows. Raises UnknownFile, ContentsLost: then nothing may be committed."""
        for change in changes:
            await self._change(statements, change, keys, interview, now)

    async def _change(
        self, statements: Statements, change: FileChange, keys: Keys, interview: str, now: datetime
    ) -> None:
        await statements.fetchval(_LOCK, change.number)
        # In a statement of its own: who had to wait for the row would get the count of before with it.
        row = await statements.fetchrow(_FIND, change.number)
        before = None if row is None else _record(row)
        opened = None if before is None else self.open(before, keys)
        contents = change.contents or (opened.contents if opened else None)
        if contents is None:
            raise UnknownFile(f"Number {change.number}.")
        if change.contents is not None:
            if not await leftovers.claim(statements, change.contents.location):
                raise ContentsLost
            if before is not None:
                await leftovers.discard(statements, [before.location], due_at=now + _STILL_READ)
        version = (before.version if before else 0) + 1
        filename = safe_name(change.filename or (opened.filename if opened else ""))
        is_private = _first(change.is_private, before.is_private if before else None, True)
        is_persistent = _first(change.is_persistent, before.is_persistent if before else None, False)
        grantees = before.grantees if before and change.grantees is None else change.grantees or ()
        server_wrap, server_key_id = None, None
        if is_shared(is_private=is_private, is_persistent=is_persistent, grantees=grantees):
            place = _server_place(change.number, contents.location, version)
            server_wrap, server_key_id = self._server_keys.wrap(contents.key, associated=place)
        written = await statements.fetchval(
            _WRITE,
            change.number,
            keys.session_id,
            interview,
            seal(contents.key, filename.encode(), associated=_name_place(change.number)),
            change.mimetype or (before.mimetype if before else mimetype_of(filename)),
            contents.size_bytes,
            is_private,
            is_persistent,
            list(grantees),
            contents.location,
            _wrapped(contents, change.number, version, keys),
            server_wrap,
            server_key_id,
            now,
            version,
        )
        if written is None:
            raise UnknownFile(f"Number {change.number}.")

    async def forget_session(
        self, statements: Statements, session_id: str, *, now: datetime, heir: str | None = None
    ) -> None:
        """The session's files go away with it; persistent ones stay, and `heir` (who ended it) may open them."""
        rows = await statements.fetch(_FORGET, session_id)
        await leftovers.discard(statements, [row[0] for row in rows], due_at=now)
        if heir is not None:
            await statements.execute(_HAND_OVER, session_id, heir)


def _record(row: Row) -> FileRecord:
    """Raises UnknownFile for a row that is not the newest of its file: somebody put it back."""
    if row["version"] != (row["told_version"] or 0):
        raise UnknownFile(f"Number {row['id']}.")
    return FileRecord(
        number=row["id"],
        session_id=str(row["session_id"]),
        interview=row["interview"],
        mimetype=row["mimetype"],
        size_bytes=row["size_bytes"],
        is_private=row["is_private"],
        is_persistent=row["is_persistent"],
        grantees=tuple(row["grantees"]),
        location=row["location"],
        name_sealed=row["name_sealed"],
        key_wrapped=row["key_wrapped"],
        server_wrap=row["server_wrap"],
        version=row["version"],
    )


def _opened(record: FileRecord, key: bytes) -> OpenFile:
    name = open_sealed(key, record.name_sealed, associated=_name_place(record.number)).decode()
    contents = StoredContents(record.location, key, record.size_bytes)
    return OpenFile(number=record.number, filename=name, mimetype=record.mimetype, contents=contents)


def _wrapped(contents: StoredContents, number: int, version: int, keys: Keys) -> bytes:
    return seal_value(
        contents.key,
        data_key=keys.by_generation[keys.generation],
        purpose="file key",
        ids=(keys.session_id, *_ids(number, contents.location, version)),
    )


def _unwrapped(record: FileRecord, keys: Keys) -> bytes:
    ids = (keys.session_id, *_ids(record.number, record.location, record.version))
    for generation in sorted(keys.by_generation, reverse=True):
        try:
            data_key = keys.by_generation[generation]
            return open_value(record.key_wrapped, data_key=data_key, purpose="file key", ids=ids)
        except SealBroken:
            continue
    raise SealBroken("The key of a file.")


def _server_place(number: int, location: str, version: int) -> bytes:
    return associated_data("file key", *_ids(number, location, version))


def _ids(number: int, location: str, version: int) -> tuple[str | int, ...]:
    """What the key of a file is bound to."""
    return (number, location, version) if version else (number, location)


def _name_place(number: int) -> bytes:
    return associated_data("file name", number)


def _first(*values: bool | None) -> bool:
    return next(value for value in values if value is not None)


SEALED = SealedColumn(
    table="files.files",
    column="server_wrap",
    key=("id",),
    reads=("location", "version"),
    seal_again=wrapped(lambda row: _server_place(row["id"], row["location"], row["version"])),
    key_id_column="server_key_id",
)
