"""Which session gets what comes by text message from a number, and who has said STOP: the only writer of
`mailbox.line_key`, `mailbox.expected_texts`, `mailbox.stopped_lines` and `mailbox.heard_words`.

A line is a number of ours and somebody's number. A session that expects something from there has an address of its own
for it (addresses.py): what comes is closed for that, as mail is. Of several sessions that expect something on one line
the one gets it that has written there last: people answer what they have read last. Anybody may type a number that is
not theirs, so a session that only expects gets what comes only where none of them has written; of those, the one that
has asked last. Numbers are nowhere in clear: fingerprints are taken with a key of their own, which outlives the
server's keys, because STOP has no end.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import orjson

from shared.contracts.base import Sealer
from shared.crypto.rotation import SealedColumn, at_rest
from shared.kernel.clock import Clock
from shared.kernel.ids import random_bytes
from shared.mailbox.addresses import Addresses, Keys, KnownAddress
from shared.storage.database import Database, Statements

_PURPOSE = "line key"
_KEY_BYTES = 32
_ADD_KEY = "insert into mailbox.line_key (key_sealed) values ($1) on conflict do nothing"
_KEY = "select key_sealed from mailbox.line_key"
_EXPECT = """
insert into mailbox.expected_texts as it (local_part, line_hash, touched_at, until_at) values ($1, $2, $3, $4)
on conflict (local_part) do update
set touched_at = greatest(it.touched_at, excluded.touched_at), until_at = greatest(it.until_at, excluded.until_at)
"""
_SENT = """
update mailbox.expected_texts e set sent_at = greatest(e.sent_at, $3) from mailbox.addresses a
where e.line_hash = $2 and a.local_part = e.local_part and a.session_id = $1 and a.retired_at is null
"""
_WHO = """
select e.local_part from mailbox.expected_texts e join mailbox.addresses a using (local_part)
where e.line_hash = $1 and e.until_at > $2 and a.retired_at is null
order by e.sent_at desc nulls last, e.touched_at desc, e.local_part limit 1
"""
_STOP = "insert into mailbox.stopped_lines (line_hash, stopped_at) values ($1, $2) on conflict do nothing"
_GO_ON = "delete from mailbox.stopped_lines where line_hash = $1 returning true"
_IS_STOPPED = "select exists (select 1 from mailbox.stopped_lines where line_hash = $1)"
_HEAR = """
insert into mailbox.heard_words (word_hash, outcome, heard_at) values ($1, 'answer', $2)
on conflict do nothing returning true
"""
_HEARD = "select outcome from mailbox.heard_words where word_hash = $1"
_SET_HEARD = "update mailbox.heard_words set outcome = $2 where word_hash = $1"
_TIDY = """
delete from mailbox.heard_words where word_hash in (
    select word_hash from mailbox.heard_words where heard_at < $1 order by heard_at limit $2 for update skip locked)
"""
_BATCH = 1000

Word = Literal["stop", "start"]
Heard = Literal["stopped", "started", "answer"]
"""answer: START or YES of somebody who had not said STOP; it is for a session."""


@dataclass(frozen=True, slots=True)
class Line:
    """A number of ours, and somebody's; `whatsapp:` stands before both where it is that."""

    ours: str
    theirs: str

    def __str__(self) -> str:
        return f"{self.ours} {self.theirs}"


class TextLines:
    """The tables of them."""

    def __init__(self, *, database: Database, sealer: Sealer, clock: Clock) -> None:
        self._database, self._sealer, self._clock = database, sealer, clock
        self._addresses = Addresses(database=database, clock=clock)
        self._key = b""

    async def expect(self, keys: Keys, lines: Sequence[Line], *, interview: str, owner: str, span: timedelta) -> None:
        """Let what comes on these lines lead into a session for so long; at once, whatever becomes of the turn: who is
        written to may answer before it ends. Raises TooManyAddresses, NoFreeAddress, and what the database raises.
        """
        for line in lines:
            local_part = await self._addresses.make(
                keys, interview=interview, owner=owner, key=str(line), index=None, kind="text"
            )
            now = self._clock.now()
            await self._database.execute(_EXPECT, local_part, await self._hash(line), now, now + span)

    async def note_sent(self, statements: Statements, line: Line, session_id: str) -> None:
        """The provider has taken a text that a session writes there."""
        await statements.execute(_SENT, session_id, await self._hash(line), self._clock.now())

    async def expecting(self, line: Line) -> KnownAddress | None:
        """The address for what comes on a line now; None when no session expects anything from there."""
        local_part = await self._database.fetchval(_WHO, await self._hash(line), self._clock.now())
        if local_part is None:
            return None
        return (await self._addresses.known(self._database, [local_part], kind="text")).get(local_part)

    async def hear(self, line: Line, word: Word, message_id: str) -> Heard:
        """Do what somebody says about text messages themselves: `stop`, no more from that number of ours; `start`, more
        again. The same message again changes nothing and gives the same, also when another word has come meanwhile.
        """
        line_hash, word_hash = await self._hash(line), await self._hash(line, message_id)
        now = self._clock.now()
        async with self._database.transaction() as statements:
            if not await statements.fetchval(_HEAR, word_hash, now):
                earlier: Heard = await statements.fetchval(_HEARD, word_hash)
                return earlier
            heard: Heard = "answer"
            if word == "stop":
                await statements.execute(_STOP, line_hash, now)
                heard = "stopped"
            elif await statements.fetchval(_GO_ON, line_hash):
                heard = "started"
            await statements.execute(_SET_HEARD, word_hash, heard)
        return heard

    async def is_stopped(self, line: Line) -> bool:
        """Whether they have said STOP."""
        return bool(await self._database.fetchval(_IS_STOPPED, await self._hash(line)))

    async def _hash(self, line: Line, *about: str) -> bytes:
        if not self._key:
            self._key = await _line_key(self._database, self._sealer)
        return hmac.digest(self._key, orjson.dumps([line.ours, line.theirs, *about]), "sha256")


async def tidy(statements: Statements, *, before: datetime) -> bool:
    """Forget some words about text messages that came before; whether more may be left. STOP itself stays."""
    return await statements.execute(_TIDY, before, _BATCH) == f"DELETE {_BATCH}"


async def _line_key(statements: Statements, sealer: Sealer) -> bytes:
    """The key of this installation; made by whoever needs it first."""
    sealed = await statements.fetchval(_KEY)
    if sealed is None:
        await statements.execute(_ADD_KEY, sealer.seal(random_bytes(_KEY_BYTES), purpose=_PURPOSE))
        sealed = await statements.fetchval(_KEY)
    return sealer.open(sealed, purpose=_PURPOSE)


SEALED = SealedColumn(
    table="mailbox.line_key", column="key_sealed", key=("id",), seal_again=at_rest(lambda _: _PURPOSE)
)
