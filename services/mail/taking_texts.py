"""Text messages that come: each is kept for the session that expects it, before anybody is told that it was taken; who
says STOP is written to no more. Files that come with it are ordered then, and fetched afterwards (fetching_media.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import structlog

from services.mail.receiving import Limits
from shared.bus.outbox import Outbox
from shared.contracts.envelope import Envelopes
from shared.contracts.mail import TakeText, TextTaken
from shared.contracts.session import DeliverMail
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import new_id
from shared.mailbox import received
from shared.mailbox.addresses import KnownAddress
from shared.mailbox.media_to_fetch import MediaToFetch
from shared.mailbox.received import Mailbox, MailContents, NewMail, TextMedia
from shared.mailbox.text_lines import Line, TextLines
from shared.storage.database import Database

log = structlog.get_logger()

_HOUR = timedelta(hours=1)


class TakingTexts:
    """Takes text messages in."""

    def __init__(
        self,
        *,
        database: Database,
        lines: TextLines,
        outbox: Outbox,
        envelopes: Envelopes,
        wake_relay: Callable[[], None],
        orders: MediaToFetch,
        ring: Callable[[], None],
        server_keys: ServerKeys,
        limits: Limits,
        clock: Clock,
    ) -> None:
        """`ring` is called when files of a message are to be fetched."""
        self._orders, self._ring = orders, ring
        self._database, self._lines, self._outbox, self._envelopes = database, lines, outbox, envelopes
        self._wake_relay, self._server_keys, self._limits, self._clock = wake_relay, server_keys, limits, clock

    async def take(self, message: TakeText) -> TextTaken:
        """Keep it for its session, once."""
        try:
            return await self._take(message)
        except ColloquyError as error:
            log.warning("text.not_kept", reason=str(error))
            return TextTaken(outcome="later")

    async def _take(self, message: TakeText) -> TextTaken:
        """Raises what the database raises."""
        line = Line(message.ours.value, message.theirs.value)
        if message.said:
            heard = await self._lines.hear(line, message.said, message.message_id)
            if heard != "answer":
                return TextTaken(outcome=heard)
        address = await self._lines.expecting(line)
        if address is None:
            return TextTaken(outcome="unknown")
        load = await received.load_of(self._database, address.local_part, since=self._clock.now() - _HOUR, kind="text")
        if load is None:
            return TextTaken(outcome="unknown")
        if load.recent >= self._limits.per_address_hour or load.bytes_of_session >= self._limits.bytes_of_session:
            log.warning("text.too_many", session=address.session_id)
            return TextTaken(outcome="later")
        await self._keep(self._text_for(address, line, message))
        return TextTaken(outcome="kept")

    def _text_for(self, address: KnownAddress, line: Line, message: TakeText) -> NewMail:
        text = message.text.value
        media = tuple(TextMedia(url=url, mimetype=mimetype, problem="not_yet") for url, mimetype in message.media.value)
        return NewMail(
            mail_id=new_id(),
            address=address,
            digest=received.digest_of(self._server_keys, f"text {message.message_id}".encode()),
            size_bytes=len(text.encode()),
            received_at=self._clock.now(),
            kind="text",
            action="fetching" if media else "waiting",
            contents=MailContents(
                sender=Mailbox(address=line.theirs),
                to=(Mailbox(address=line.ours),),
                message_id=message.message_id,
                text=text,
                media=media,
            ),
        )

    async def _keep(self, text: NewMail) -> None:
        session_id = text.address.session_id
        async with self._database.transaction() as connection:
            if not await received.add(connection, text):
                log.info("text.repeated", session=session_id)
                return
            if text.contents.media:
                [line] = text.contents.to
                await self._orders.add(connection, text.mail_id, ours=line.address, media=text.contents.media)
            else:
                bell = DeliverMail(mail_id=text.mail_id, session_id=session_id)
                await self._outbox.add(connection, [self._envelopes.wrap(bell, dedup_key=f"mail {text.mail_id}")])
        self._wake_relay()
        if text.contents.media:
            self._ring()
        log.info("text.received", mail=text.mail_id, session=session_id)
