"""Files of text messages that are still to be fetched; the only writer of `mailbox.media_to_fetch`.

An order is written with its text message, in one transaction, and forgotten with what has become of the files. Whoever
fetches them has claimed the order for a short while, and claims it anew as long as that lasts: what a process that
died had in its hands is due again within seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import orjson
import structlog

from shared.contracts.base import Sealer
from shared.crypto.aead import SealBroken
from shared.crypto.rotation import SealedColumn, at_rest
from shared.kernel.clock import Clock
from shared.mailbox.addresses import KnownAddress
from shared.mailbox.received import TextMedia
from shared.storage.database import Row, Statements

log = structlog.get_logger()

PAUSES_SECONDS = (5.0, 30.0, 120.0, 600.0)
"""How long to wait each time that the provider has not answered; then it is given up. The replies that come after
wait as long, because they are worked on in their order.
"""
CLAIM_SECONDS = 20.0

_ADD = "insert into mailbox.media_to_fetch (mail_id, asked_sealed, due_at) values ($1, $2, $3)"
_CLAIM = """
with due as materialized (  -- once: a plan that went through it again for each mail would claim more than the limit
    select mail_id from mailbox.media_to_fetch where due_at <= $1 order by due_at limit $3 for update skip locked
)
update mailbox.media_to_fetch f set due_at = $2
from due, mailbox.mails m, mailbox.addresses a
where f.mail_id = due.mail_id and m.id = f.mail_id and a.local_part = m.local_part
returning f.mail_id::text, f.asked_sealed, f.attempts, a.local_part, a.session_id::text, a.interview, a.owner,
          a.public_key
"""
_HOLD = "update mailbox.media_to_fetch set due_at = $2 where mail_id = $1"
_AGAIN = "update mailbox.media_to_fetch set due_at = $2, attempts = attempts + $3 where mail_id = $1"
_DONE = "delete from mailbox.media_to_fetch where mail_id = $1"


@dataclass(frozen=True, slots=True)
class Order:
    """The files of one text message."""

    mail_id: str
    address: KnownAddress
    ours: str = field(repr=False)
    """Our number that it came to."""
    media: tuple[TextMedia, ...] = field(repr=False)
    """Empty where the order cannot be read: then nothing can be fetched."""
    attempts: int
    """How often they could not be fetched, until now."""


class MediaToFetch:
    """The table of orders."""

    def __init__(self, *, sealer: Sealer, clock: Clock) -> None:
        self._sealer, self._clock = sealer, clock

    async def add(self, statements: Statements, mail_id: str, *, ours: str, media: Sequence[TextMedia]) -> None:
        """These are to be fetched now, once the caller's transaction is committed."""
        asked = orjson.dumps({"ours": ours, "media": [[one.url, one.mimetype] for one in media]})
        await statements.execute(_ADD, mail_id, self._sealer.seal(asked, purpose=_purpose(mail_id)), self._clock.now())

    async def claim(self, statements: Statements, *, limit: int) -> list[Order]:
        """What is due, for whoever asks, for `CLAIM_SECONDS`."""
        now = self._clock.now()
        rows = await statements.fetch(_CLAIM, now, now + timedelta(seconds=CLAIM_SECONDS), limit)
        return [self._order(row) for row in rows]

    async def hold(self, statements: Statements, mail_id: str) -> None:
        """The claim goes on."""
        await statements.execute(_HOLD, mail_id, self._clock.now() + timedelta(seconds=CLAIM_SECONDS))

    async def again(self, statements: Statements, order: Order, *, is_counted: bool = True) -> None:
        """Not now: later, after a pause that grows. Not counted is what was our own fault."""
        pause = PAUSES_SECONDS[min(order.attempts, len(PAUSES_SECONDS) - 1)] if is_counted else CLAIM_SECONDS
        due_at = self._clock.now() + timedelta(seconds=pause)
        await statements.execute(_AGAIN, order.mail_id, due_at, int(is_counted))

    async def done(self, statements: Statements, mail_id: str) -> None:
        """Nothing is to be fetched any more."""
        await statements.execute(_DONE, mail_id)

    def _order(self, row: Row) -> Order:
        address = KnownAddress(row["local_part"], row["session_id"], row["interview"], row["owner"], row["public_key"])
        try:
            asked = orjson.loads(self._sealer.open(row["asked_sealed"], purpose=_purpose(row["mail_id"])))
        except SealBroken:  # a row that was changed, or whose server key is gone: the others go on
            log.warning("text.media_order_not_opened", mail=row["mail_id"])
            return Order(row["mail_id"], address, "", (), row["attempts"])
        media = tuple(TextMedia(url=url, mimetype=mimetype) for url, mimetype in asked["media"])
        return Order(row["mail_id"], address, asked["ours"], media, row["attempts"])


def _purpose(mail_id: str) -> str:
    return f"media to fetch {mail_id}"


SEALED = SealedColumn(
    table="mailbox.media_to_fetch",
    column="asked_sealed",
    key=("mail_id",),
    seal_again=at_rest(lambda row: _purpose(str(row["mail_id"]))),
)
