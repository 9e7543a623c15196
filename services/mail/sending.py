"""Send what is queued: through the mail server of the settings, or not at all when there is none.

Then a letter is kept, and its operator can read it with `colloquy mail show`: nobody is told that it was sent.

Whoever sends holds a claim, and goes on holding it while a server is slow: the same order that comes again meanwhile
waits. What a server has taken is written down however long the database is away, within reason; only a process that
dies between the two leaves a mail that is sent again, under the same Message-ID.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Literal

import structlog

from shared.contracts.mail import SendMail
from shared.kernel.clock import Clock
from shared.kernel.errors import Retryable
from shared.mailbox.claims import held
from shared.mailbox.courier import return_path_of
from shared.mailbox.deliveries import Deliveries
from shared.mailbox.mail import read_back
from shared.mailbox.outgoing import CLAIM_SECONDS, Letter, Outgoing
from shared.mailbox.sendings import insist, settle
from shared.mailbox.transport_smtp import MailRefused, MailServerBusy, SmtpTransport
from shared.mailbox.ways_out import DEFAULT, Letters, Transport, WayOut
from shared.storage.database import Database

log = structlog.get_logger()

_NOTE = """
insert into mail.deliveries (id, state, attempts, detail, changed_at) values ($1, $2, 1, $3, $4)
on conflict (id) do update
set state = excluded.state, attempts = mail.deliveries.attempts + 1, detail = excluded.detail,
    changed_at = excluded.changed_at
"""


class MailUnderWay(Retryable):
    """Somebody else is sending this letter at this moment."""


class Sending:
    """Carries out `SendMail`; the ledger of the schema `mail` says how each went."""

    def __init__(
        self,
        *,
        database: Database,
        outgoing: Outgoing,
        transport: Letters | SmtpTransport | None,
        clock: Clock,
        ways: Mapping[str, WayOut] | None = None,
        deliveries: Deliveries | None = None,
        bounce_domain: str = "",
    ) -> None:
        """`ways` and what follows are for mail of interviews."""
        self._database, self._outgoing, self._transport, self._clock = database, outgoing, transport, clock
        self._ways, self._deliveries, self._bounce_domain = ways or {}, deliveries, bounce_domain

    async def send(self, message: SendMail, *, is_last: bool = False) -> None:
        """Send a letter, unless that was done. Raises MailServerBusy, MailUnderWay: the bus tries again later.

        With `is_last` it will not: a letter that is not taken then has failed, and waits among the dead letters.
        """
        queued = await self._outgoing.find(self._database, message.mail_id)
        if queued is None or queued.letter is None or queued.state == "sent":
            return
        claimed = await self._outgoing.claim(self._database, message.mail_id)
        if claimed is None or claimed.letter is None:
            raise MailUnderWay
        letter = claimed.letter
        transport: Transport | Letters | SmtpTransport | None = self._transport
        if letter.message:
            way = self._ways.get(letter.config) or self._ways.get(DEFAULT)
            transport = None if way is None else way.transport
        if transport is None:
            log.warning("mail.kept", mail=message.mail_id, hint="Set COLLOQUY_MAIL_HOST, or run `colloquy mail show`.")
            await self._outgoing.set_state(self._database, message.mail_id, "kept")
            return
        hold = partial(self._outgoing.hold, self._database, message.mail_id)
        async with held(hold, claim_seconds=CLAIM_SECONDS, clock=self._clock):
            await self._hand_over(transport, message.mail_id, letter, is_last=is_last)

    async def _hand_over(
        self, transport: Transport | Letters | SmtpTransport, mail_id: str, letter: Letter, *, is_last: bool
    ) -> None:
        try:
            if letter.message and not isinstance(transport, Letters):
                mail = read_back(letter.message, letter.recipients, letter.variables)
                path = return_path_of(mail_id, self._bounce_domain)
                await transport.deliver(mail, letter.message, return_path=path)
            elif isinstance(transport, Letters | SmtpTransport):
                await transport.send(letter, mail_id=mail_id)
        except MailServerBusy as error:
            if is_last:
                log.warning("mail.given_up", mail=mail_id, reason=error.detail, hint="colloquy dead-letters list")
                await self._fail(mail_id, error.detail)
            else:
                await self._note(mail_id, "queued", error.detail)
            raise
        except MailRefused as error:
            log.warning("mail.refused", mail=mail_id, reason=error.detail)
            await self._fail(mail_id, error.detail)
            return
        await insist(lambda: self._note(mail_id, "sent"), clock=self._clock)

    async def _fail(self, mail_id: str, detail: str) -> None:
        await self._note(mail_id, "failed", detail)
        if self._deliveries is not None:
            await self._deliveries.note(mail_id, "failed")

    async def _note(self, mail_id: str, state: Literal["queued", "sent", "failed"], detail: str = "") -> None:
        """How it went; the claim ends with it."""
        async with self._database.transaction() as connection:
            await self._outgoing.set_state(connection, mail_id, state)
            await connection.execute(_NOTE, mail_id, state, detail, self._clock.now())
            if state != "queued":
                await settle(connection, mail_id, was_sent=state == "sent")
