"""Dead letters: messages nobody could handle, kept in PostgreSQL until an operator replays or drops them.

Bodies stay as they were on the bus, sealed. With a broker, dead letters wait in its queue of the dead until a
`DeadLetterKeeper` has written them here; locally the bus writes them here itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.bus.port import DeadLetter
from shared.bus.topology import ACTIONS_INTAKE
from shared.kernel.clock import Clock
from shared.storage.database import Database, Row

_KEEP = """
insert into bus.dead_letters (queue, type, message_id, subject, reason, attempts, body, died_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_LIST = """
select number, queue, type, message_id, subject, reason, attempts, body, died_at
from bus.dead_letters
where number > $1 and ($2 = '' or queue = $2)
order by number
limit $3
"""
_ABOUT = """
select number, queue, type, message_id, subject, reason, attempts, body, died_at
from bus.dead_letters where position($1::bytea in body) > 0 order by number limit 100
"""
_COUNT = "select count(*) from bus.dead_letters"
# A dead letter goes back to the one queue it died in, also an event: other queues have handled their copy. Of what
# other services publish neither contents nor the broker's word on the publisher are kept: it would only die again.
_REPLAY = """
with gone as (delete from bus.dead_letters where number = any($1::bigint[]) and queue <> $2 returning *)
insert into bus.outbox (id, type, destination, is_event, subject, body)
select message_id, type, queue, false, subject, body from gone order by number
"""
_DROP = "delete from bus.dead_letters where number = any($1::bigint[])"


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A dead letter and the number it is listed under."""

    number: int
    letter: DeadLetter


class MemoryDeadLetters:
    """A `DeadLetterBox` for tests: a list."""

    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []

    async def keep(self, letter: DeadLetter) -> None:
        """Add it to `letters`."""
        self.letters.append(letter)


class DeadLetters:
    """The `DeadLetterBox` in PostgreSQL, and what an operator does with it."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def keep(self, letter: DeadLetter) -> None:
        """Keep it durably."""
        await self._database.execute(
            _KEEP,
            letter.queue,
            letter.type,
            letter.message_id,
            letter.subject,
            letter.reason,
            letter.attempts,
            letter.body,
            letter.died_at or self._clock.now(),
        )

    async def list(self, *, queue: str = "", after: int = 0, limit: int = 100) -> list[KeptLetter]:
        """The oldest first, page by page: `after` is the number of the last one seen."""
        return [_kept(row) for row in await self._database.fetch(_LIST, after, queue, limit)]

    async def about(self, text: str) -> Sequence[KeptLetter]:
        """Those in whose bodies a text stands in clear, e.g. the id of a task; a hundred at most."""
        return [_kept(row) for row in await self._database.fetch(_ABOUT, text.encode())]

    async def count(self) -> int:
        """How many there are."""
        number: int = await self._database.fetchval(_COUNT)
        return number

    async def replay(self, numbers: Sequence[int]) -> int:
        """Put letters back into the queues they died in, through the outbox; gives how many there were.

        The running relay of any service publishes them. Those without contents stay: their publishers send again.
        """
        return _count(await self._database.execute(_REPLAY, list(numbers), ACTIONS_INTAKE))

    async def drop(self, numbers: Sequence[int]) -> int:
        """Forget letters for good; gives how many there were."""
        return _count(await self._database.execute(_DROP, list(numbers)))


def _kept(row: Row) -> KeptLetter:
    return KeptLetter(
        number=row["number"],
        letter=DeadLetter(
            queue=row["queue"],
            type=row["type"],
            reason=row["reason"],
            attempts=row["attempts"],
            body=row["body"],
            message_id=row["message_id"],
            subject=row["subject"],
            died_at=row["died_at"],
        ),
    )


def _count(tag: str) -> int:
    """The number of rows in a command tag, e.g. `INSERT 0 3`."""
    return int(tag.rpartition(" ")[2])
