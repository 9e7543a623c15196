"""Who may see a file: whoever opens its session, and those it is shared with (spec/area2 §5.1).

An ordinary session opens with a key of its visitor's own. One that is shared (`multi_user`) is open to whoever has its
code, and so are its files. What the session's keys do not open may still be shared beyond it: with everybody
(`private: False`), or by name.
"""

from __future__ import annotations

from base64 import b64encode

import structlog

from services.session import store
from services.session.keys import SessionKeys
from services.session.names import name_of
from shared.contracts import session as contracts
from shared.contracts.base import Sealed
from shared.contracts.session import FileReply, FileTicket
from shared.contracts.visitor import UserFacts, Visitor
from shared.crypto.aead import SealBroken
from shared.files.records import FileRecord, OpenFile, UnknownFile, grantee_names
from shared.files.store import Files
from shared.kernel.errors import Malformed
from shared.kernel.ids import SessionId
from shared.storage.database import Database

log = structlog.get_logger()

_TRUSTED_ROLES = frozenset({"admin", "developer", "advocate", "trainer"})


class FileDoor:
    """Opens files."""

    def __init__(self, *, database: Database, files: Files, keys: SessionKeys) -> None:
        self._database, self._files, self._keys = database, files, keys

    async def open(self, message: contracts.OpenFile) -> FileReply:
        """The file for the one who asks; an empty reply when there is none, or it is not theirs to see."""
        record = await self._files.find(self._database, message.number)
        if record is None:
            return FileReply()
        visitor = message.visitor.value
        file = await self._by_session(record, visitor, message.sessions.value)
        if file is None and _is_shared_with(record, visitor.user):
            file = self._shared(record)
        return FileReply() if file is None else FileReply(ticket=Sealed(_ticket(file)))

    def _shared(self, record: FileRecord) -> OpenFile | None:
        try:
            return self._files.open_shared(record)
        except SealBroken as error:  # an operator has to hear of it: a row was changed, or a key is gone
            log.warning("files.not_opened", number=record.number, reason=str(error))
            return None

    async def _by_session(
        self, record: FileRecord, visitor: Visitor, sessions: tuple[tuple[str, str], ...]
    ) -> OpenFile | None:
        holders = [holder.holder for holder in visitor.keys]
        stored = await store.load(self._database, SessionId(record.session_id), holders=holders, steps=0)
        if stored is None:
            return None
        is_own = any(wrap.holder in holders for wrap in stored.wraps)
        if not is_own and not _has_code(record, visitor, sessions):
            return None
        keys = self._keys.open(stored, visitor.keys)
        if keys is None:
            return None
        try:
            return self._files.open(record, keys)
        except UnknownFile:
            return None


def _has_code(record: FileRecord, visitor: Visitor, sessions: tuple[tuple[str, str], ...]) -> bool:
    """Whether one of the sessions this browser is in is the file's."""
    for interview, code in sessions:
        try:
            if code and name_of(interview, code, visitor, "").session_id == record.session_id:
                return True
        except Malformed:
            continue
    return False


def _is_shared_with(record: FileRecord, user: UserFacts) -> bool:
    if not record.is_private or _TRUSTED_ROLES.intersection(user.roles):
        return True
    if not user.is_authenticated:
        return False
    emails = [user.email] if user.email else []
    names = grantee_names(users=[int(user.the_user_id)], emails=emails, privileges=user.roles)
    return not set(names).isdisjoint(record.grantees)


def _ticket(file: OpenFile) -> FileTicket:
    return FileTicket(
        filename=file.filename,
        mimetype=file.mimetype,
        location=file.contents.location,
        key_base64=b64encode(file.contents.key).decode(),
        size_bytes=file.contents.size_bytes,
    )
