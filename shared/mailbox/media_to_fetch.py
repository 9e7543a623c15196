"""Files of text messages that are still to be fetched; the only writer of `mailbox.media_to_fetch`.

An order is written with its text message, in one transaction, and forgotten with what has become of the files. Whoever
fetches them has claimed the order for a short while, and claims it anew as long as that lasts: what a process that
died had in its hands is due again within seconds. Which files have come already stands in the order, with what opens
them: as with the addresses of the others, the server could read them until the message is told, and not afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.contracts.base import Sealer
from shared.crypto.aead import SealBroken
from shared.crypto.rotation import SealedColumn, at_rest
from shared.kernel.clock import Clock
from shared.mailbox.addresses import KnownAddress
from shared.mailbox.received import FetchedMedia, MailPart, MediaProblem, TextMedia
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
_SETTLE = "update mailbox.media_to_fetch set asked_sealed = $2 where mail_id = $1 and asked_sealed = $3"
_DONE = "delete from mailbox.media_to_fetch where mail_id = $1"


@dataclass(frozen=True, slots=True)
class Order:
    """The files of one text message."""

    mail_id: str
    address: KnownAddress
    ours: str = field(repr=False)
    """Our number that it came to."""
    files: FetchedMedia = field(repr=False)
    """What has become of them until now. None at all where the order cannot be read: then nothing can be fetched."""
    attempts: int
    """How often some could not be fetched, until now."""
    sealed: bytes = field(repr=False)
    """As it lies in the table."""


class _Asked(BaseModel):
    """What lies in the table."""

    model_config = ConfigDict(frozen=True)

    ours: str
    files: FetchedMedia


class MediaToFetch:
    """The table of orders."""

    def __init__(self, *, sealer: Sealer, clock: Clock) -> None:
        self._sealer, self._clock = sealer, clock

    async def add(self, statements: Statements, mail_id: str, *, ours: str, media: Sequence[TextMedia]) -> None:
        """These are to be fetched now, once the caller's transaction is committed."""
        asked = self._sealed(mail_id, _Asked(ours=ours, files=FetchedMedia(media=tuple(media))))
        await statements.execute(_ADD, mail_id, asked, self._clock.now())

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

    async def settle(
        self, statements: Statements, order: Order, place: int, outcome: MailPart | MediaProblem
    ) -> Order | None:
        """It is known what has become of the file at this place. None when the order is not what it was any more:
        somebody else has gone on with it, or it is gone.
        """
        files = order.files.with_outcome(place, outcome)
        sealed = self._sealed(order.mail_id, _Asked(ours=order.ours, files=files))
        if await statements.execute(_SETTLE, order.mail_id, sealed, order.sealed) != "UPDATE 1":
            return None
        return replace(order, files=files, sealed=sealed)

    async def done(self, statements: Statements, mail_id: str) -> None:
        """Nothing is to be fetched any more."""
        await statements.execute(_DONE, mail_id)

    def _order(self, row: Row) -> Order:
        address = KnownAddress(row["local_part"], row["session_id"], row["interview"], row["owner"], row["public_key"])
        mail_id, sealed = row["mail_id"], row["asked_sealed"]
        try:
            asked = _Asked.model_validate_json(self._sealer.open(sealed, purpose=_purpose(mail_id)))
        except (SealBroken, ValidationError):  # a row that was changed, or whose server key is gone: the others go on
            log.warning("text.media_order_not_opened", mail=mail_id)
            asked = _Asked(ours="", files=FetchedMedia(media=()))
        return Order(mail_id, address, asked.ours, asked.files, row["attempts"], sealed)

    def _sealed(self, mail_id: str, asked: _Asked) -> bytes:
        return self._sealer.seal(asked.model_dump_json().encode(), purpose=_purpose(mail_id))


def _purpose(mail_id: str) -> str:
    return f"media to fetch {mail_id}"


SEALED = SealedColumn(
    table="mailbox.media_to_fetch",
    column="asked_sealed",
    key=("mail_id",),
    seal_again=at_rest(lambda row: _purpose(str(row["mail_id"]))),
)
