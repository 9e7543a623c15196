"""Fetch the files of text messages, before the action runs that is told of them.

A text message is kept, and its webhook answered, without them: whoever delivers it does not wait for a download. They
are fetched at once afterwards, again with growing pauses when nobody answers. What has come is kept at once, and is not
asked for again; when nothing is missing any more it is told together with the doorbell for the session, so that
whatever dies in between, it is done once. What cannot be had stays what came: an address, and why there is no file.
"""

from __future__ import annotations

import asyncio
import contextlib
from base64 import b64encode
from collections.abc import Callable
from functools import partial

import structlog

from services.mail.media_source import MediaAway, MediaFile, MediaGone, MediaSource
from shared.bus.outbox import Outbox
from shared.contracts.envelope import Envelopes
from shared.contracts.session import DeliverMail
from shared.files import leftovers
from shared.files.records import ContentsLost
from shared.files.store import Files
from shared.kernel.clock import Clock
from shared.kernel.ending import end
from shared.kernel.errors import ColloquyError, Refused
from shared.kernel.now_and_then import Errand
from shared.mailbox import received
from shared.mailbox.claims import held
from shared.mailbox.media_to_fetch import CLAIM_SECONDS, PAUSES_SECONDS, MediaToFetch, Order
from shared.mailbox.received import MailPart, MediaProblem
from shared.storage.database import Database

log = structlog.get_logger()

_AT_ONCE = 4
_LOOK_SECONDS = 5.0
_LIMIT_SECONDS = 120.0
"""How long the files of one message may take together."""
_MISSING_ATTEMPTS = 2
"""How often a file that is not there is asked for again: one that has just come may not be there at once."""


class FetchedElsewhere(Refused):
    """Somebody else goes on with these files, or their message is gone."""


class MediaFetcher:
    """Works through what is to be fetched; a Component. Any number may work on one database."""

    def __init__(
        self,
        *,
        database: Database,
        orders: MediaToFetch,
        source: MediaSource,
        files: Files,
        outbox: Outbox,
        envelopes: Envelopes,
        wake_relay: Callable[[], None],
        max_bytes: int,
        bytes_of_session: int,
        clock: Clock,
    ) -> None:
        """`max_bytes`: the most that the files of one message may be together. `bytes_of_session`: the most that all
        messages of a session may.
        """
        self._database, self._orders, self._source, self._files = database, orders, source, files
        self._outbox, self._envelopes, self._wake_relay, self._clock = outbox, envelopes, wake_relay, clock
        self._max_bytes, self._bytes_of_session = max_bytes, bytes_of_session
        self._bell = asyncio.Event()
        self._lookout = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin."""
        if not self._tasks:
            await self._source.start()
            self._tasks = [asyncio.create_task(self._go_on(), name="media of texts") for _ in range(_AT_ONCE)]

    async def stop(self) -> None:
        """End; what was in hand is fetched again by whoever goes on."""
        tasks, self._tasks = self._tasks, []
        await end(*tasks)
        await self._source.stop()

    def ring(self) -> None:
        """Something is to be fetched."""
        self._bell.set()

    async def _go_on(self) -> None:
        """One of those at work, each for itself: one that is slow, or a fault of ours, takes no other along."""
        errand = Errand("media of texts")
        while True:
            await errand.attempt(self._fetch_due)
            await asyncio.sleep(errand.rest_seconds)
            async with self._lookout:  # of those that have nothing to do one looks, the next once that one goes to work
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await self._bell.wait()
                self._bell.clear()

    async def _fetch_due(self) -> None:
        """One after the other, until nothing is due."""
        while orders := await self._orders.claim(self._database, limit=1):
            self._bell.set()  # where one was due there may be more
            for order in orders:
                await self._carry_out(order)

    async def _carry_out(self, order: Order) -> None:
        hold = partial(self._orders.hold, self._database, order.mail_id)
        try:
            async with held(hold, claim_seconds=CLAIM_SECONDS, clock=self._clock):
                order = await self._fetched(order)
        except FetchedElsewhere:
            return
        except ColloquyError as error:
            is_counted = isinstance(error, MediaAway)
            await self._orders.again(self._database, order, is_counted=is_counted)
            log.info("text.media_away", mail=order.mail_id, session=order.address.session_id, reason=str(error))
            return
        await self._write_down(order)

    async def _fetched(self, order: Order) -> Order:
        """The order, once it is known what has become of each of its files. Raises MediaAway, when some are to be asked
        for again: the others are kept. Raises FetchedElsewhere, ContentsLost; what database and store raise.
        """
        away: MediaAway | None = None
        missing, now = order.files.missing, asyncio.get_running_loop().time
        ends = now() + _LIMIT_SECONDS
        for number, place in enumerate(missing):
            fair = (ends - now()) / (len(missing) - number)  # one that drips leaves time for the others
            try:
                outcome = await self._outcome(order, place, ends=now() + fair)
            except MediaAway as error:
                away = error
            else:
                order = await self._keep(order, place, outcome)
        if away is not None:
            raise away
        return order

    async def _outcome(self, order: Order, place: int, *, ends: float) -> MailPart | MediaProblem:
        """What becomes of one file. Raises MediaAway, when it is to be asked for again; what database, store raise."""
        asked = order.files.media[place]
        room, is_narrow = await self._room(order)
        try:
            async with asyncio.timeout_at(ends):
                file = await self._source.fetch(
                    asked.url, ours=order.ours, claimed=asked.mimetype, number=place + 1, limit_bytes=room
                )
        except MediaGone as error:
            return "no_room" if is_narrow and error.problem == "too_large" else error.problem
        except TimeoutError:
            return _given_up(order, MediaAway("It took too long."))
        except MediaAway as error:
            return _given_up(order, error)
        except ColloquyError:  # of our own store or database
            raise
        except Exception as error:  # an answer that nobody has thought of must not hold the session's line for good
            return _given_up(order, MediaAway(type(error).__name__))
        [number] = await self._files.next_numbers(self._database, 1)
        return _part(file, number)

    async def _room(self, order: Order) -> tuple[int, bool]:
        """How large the next file may be, and whether it is the session that has no room for more."""
        now = self._clock.now()
        load = await received.load_of(self._database, order.address.local_part, since=now, kind="text")
        of_session = max(0, self._bytes_of_session - load.bytes_of_session) if load else 0
        of_message = max(0, self._max_bytes - sum(part.size_bytes for part in order.files.parts))
        return min(of_message, of_session), of_session < of_message

    async def _keep(self, order: Order, place: int, outcome: MailPart | MediaProblem) -> Order:
        """It is known what has become of this file: nobody asks for it again. Raises FetchedElsewhere, ContentsLost,
        and what the database raises: then it has not come.
        """
        async with self._database.transaction() as connection:
            if isinstance(outcome, MailPart):
                if not await received.add_part(connection, order.mail_id, outcome):
                    raise FetchedElsewhere
                if not await leftovers.claim(connection, outcome.location):
                    raise ContentsLost
            kept = await self._orders.settle(connection, order, place, outcome)
            if kept is None:
                raise FetchedElsewhere
        return kept

    async def _write_down(self, order: Order) -> None:
        """Its action may run. Raises what the database raises: then it is done again."""
        session_id, files = order.address.session_id, order.files
        async with self._database.transaction() as connection:
            is_news = await received.set_media(connection, order.mail_id, order.address, files if files.media else None)
            await self._orders.done(connection, order.mail_id)
            if not is_news:
                return  # somebody else has told it
            bell = DeliverMail(mail_id=order.mail_id, session_id=session_id)
            await self._outbox.add(connection, [self._envelopes.wrap(bell, dedup_key=f"mail {order.mail_id}")])
        self._wake_relay()
        problems = sorted({one.problem for one in files.media if one.problem})
        log.info(
            "text.media_fetched",
            mail=order.mail_id,
            session=session_id,
            files=len(files.parts),
            problems=problems,
        )


def _part(file: MediaFile, number: int) -> MailPart:
    return MailPart(
        role="attachment",
        number=number,
        filename=file.filename,
        mimetype=file.mimetype,
        size_bytes=file.stored.size_bytes,
        location=file.stored.location,
        key=b64encode(file.stored.key).decode(),
    )


def _given_up(order: Order, error: MediaAway) -> MediaProblem:
    """Why there is no file; raises the error as long as it is to be asked for again."""
    if order.attempts < (_MISSING_ATTEMPTS if error.is_missing else len(PAUSES_SECONDS)):
        raise error
    return "missing" if error.is_missing else "no_answer"
