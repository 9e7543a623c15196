"""Mail that is to go out: written in the transaction that asks for it, sealed, sent by the mail service later.

Whoever queues a letter commits a `SendMail` beside it; nobody sends anything while a transaction is open. Whoever sends
one has claimed it: a message of the bus may come twice, also while the first is still worked on.
"""

from __future__ import annotations

import uuid
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import orjson

from shared.contracts.base import Sealer
from shared.crypto.rotation import SealedColumn, at_rest
from shared.kernel.clock import Clock
from shared.kernel.ids import new_id
from shared.storage.database import Row, Statements

State = Literal["queued", "sent", "failed", "kept"]

_ADD = """
insert into mailbox.outgoing (id, kind, content_sealed, created_at, changed_at) values ($1, $2, $3, $4, $4)
"""
_KEEP = """
insert into mailbox.outgoing (id, kind, state, content_sealed, created_at, changed_at)
values ($1, 'interview', 'kept', $2, $3, $3)
on conflict (id) do nothing
"""
_FIND = "select kind, state, content_sealed, created_at from mailbox.outgoing where id = $1"
_CLAIM = """
update mailbox.outgoing set claimed_until = $2
where id = $1 and state <> 'sent' and (claimed_until is null or claimed_until <= $3)
returning kind, state, content_sealed, created_at
"""
_HOLD = "update mailbox.outgoing set claimed_until = $2 where id = $1 and claimed_until is not null"
_SET = """
update mailbox.outgoing set state = $2, changed_at = $3, claimed_until = null,
       content_sealed = case when $2 = 'sent' then null else content_sealed end
where id = $1
"""
_LIST = """
select id, kind, state, created_at from mailbox.outgoing where state <> 'sent' order by created_at desc limit $1
"""
_TIDY = """
delete from mailbox.outgoing where id in (
    select id from mailbox.outgoing where created_at < $1 order by created_at limit $2 for update skip locked)
"""
_BATCH = 1000
CLAIM_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail. Never logged: addresses are people's, and texts have links that open things."""

    recipient: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    message: bytes = field(default=b"", repr=False)
    """The whole mail as it would have been handed over, when it is more than this text."""
    recipients: tuple[str, ...] = field(default=(), repr=False)
    """Everybody that a whole mail goes to, blind copies too."""
    config: str = ""
    """The way by which a whole mail is to leave."""
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Queued:
    """A letter as it lies in the table."""

    kind: str
    state: State
    letter: Letter | None
    created_at: datetime


class Outgoing:
    """The table of outgoing mail; the only writer of it."""

    def __init__(self, *, sealer: Sealer, clock: Clock) -> None:
        self._sealer, self._clock = sealer, clock

    async def add(self, statements: Statements, letter: Letter, *, kind: str, mail_id: str = "") -> str:
        """Queue a letter, in the caller's transaction; gives its id, which may be known before."""
        mail_id = mail_id or new_id()
        await statements.execute(_ADD, mail_id, kind, self._sealed(letter, mail_id), self._clock.now())
        return mail_id

    async def keep(self, statements: Statements, letter: Letter, *, mail_id: str) -> None:
        """Keep a mail of an interview that there is no server for; one of this id that is there stays."""
        await statements.execute(_KEEP, mail_id, self._sealed(letter, mail_id), self._clock.now())

    async def find(self, statements: Statements, mail_id: str) -> Queued | None:
        """A letter, and what has become of it. Raises SealBroken."""
        try:
            name = str(uuid.UUID(mail_id))
        except ValueError:
            return None
        row = await statements.fetchrow(_FIND, name)
        return None if row is None else self._queued(row, name)

    async def claim(self, statements: Statements, mail_id: str) -> Queued | None:
        """A letter, for whoever sends it now, for `CLAIM_SECONDS` from now; None when it was sent, or somebody is at
        it. Raises SealBroken.
        """
        now = self._clock.now()
        row = await statements.fetchrow(_CLAIM, mail_id, now + timedelta(seconds=CLAIM_SECONDS), now)
        return None if row is None else self._queued(row, str(uuid.UUID(mail_id)))

    async def hold(self, statements: Statements, mail_id: str) -> None:
        """The claim goes on."""
        await statements.execute(_HOLD, mail_id, self._clock.now() + timedelta(seconds=CLAIM_SECONDS))

    async def set_state(self, statements: Statements, mail_id: str, state: State) -> None:
        """What has become of it; the contents of what was sent are forgotten."""
        await statements.execute(_SET, mail_id, state, self._clock.now())

    async def waiting(self, statements: Statements, *, limit: int = 100) -> list[tuple[str, str, str, datetime]]:
        """(id, kind, state, since when) of what was not sent, newest first."""
        return [(row[0], row[1], row[2], row[3]) for row in await statements.fetch(_LIST, limit)]

    async def tidy(self, statements: Statements, *, before: datetime) -> bool:
        """Forget some that are older; whether more may be left."""
        return await statements.execute(_TIDY, before, _BATCH) == f"DELETE {_BATCH}"

    def _queued(self, row: Row, mail_id: str) -> Queued:
        sealed = row["content_sealed"]
        letter = None if sealed is None else _letter(self._sealer.open(sealed, purpose=_purpose(mail_id)))
        return Queued(row["kind"], row["state"], letter, row["created_at"])

    def _sealed(self, letter: Letter, mail_id: str) -> bytes:
        told: dict[str, object] = {"recipient": letter.recipient, "subject": letter.subject, "text": letter.text}
        if letter.message:
            told["message"] = b64encode(letter.message).decode()
            told |= {"recipients": letter.recipients, "config": letter.config, "variables": dict(letter.variables)}
        return self._sealer.seal(orjson.dumps(told), purpose=_purpose(mail_id))


def _letter(told: bytes) -> Letter:
    found = orjson.loads(told)
    return Letter(
        found["recipient"],
        found["subject"],
        found["text"],
        b64decode(found.get("message", "")),
        tuple(found.get("recipients", ())),
        found.get("config", ""),
        found.get("variables", {}),
    )


def _purpose(mail_id: str) -> str:
    return f"outgoing mail {mail_id}"


SEALED = SealedColumn(
    table="mailbox.outgoing",
    column="content_sealed",
    key=("id",),
    seal_again=at_rest(lambda row: _purpose(str(row["id"]))),
)
