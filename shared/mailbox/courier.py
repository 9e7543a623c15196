"""Send what an interview asks for while its code waits: through the mail server of the settings, each mail once.

Where no mail server is set, a mail is kept as account letters are, for the operator to read, and counts as sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import structlog

from shared.crypto.keys import ServerKeys
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError, Unavailable
from shared.kernel.settings import Settings
from shared.mailbox.mail import Mail, written
from shared.mailbox.opt_outs import OptOuts
from shared.mailbox.outgoing import Letter, Outgoing
from shared.mailbox.sendings import Errand, Sendings
from shared.mailbox.text_lines import Line, TextLines
from shared.mailbox.texts import NoSuchTextConfig, TextConfig, WantsNoTexts
from shared.mailbox.ways_out import DEFAULT, WayOut, ways_out
from shared.storage.database import Database, Statements

if TYPE_CHECKING:
    from shared.mailbox.transport_twilio import TextTransport

log = structlog.get_logger()


class Courier:
    """Carries mail of interviews."""

    def __init__(
        self,
        *,
        database: Database,
        sendings: Sendings,
        outgoing: Outgoing,
        opt_outs: OptOuts,
        texts: TextTransport | None,
        lines: TextLines,
        takes_texts: bool,
        ways: Mapping[str, WayOut],
        bounce_domain: str,
        max_bytes: int,
        is_queued: bool,
        clock: Clock,
    ) -> None:
        self._database, self._outgoing, self._clock = database, outgoing, clock
        self._ways, self._bounce_domain = ways, bounce_domain
        self.sendings = sendings
        self.opt_outs = opt_outs
        self._texts, self.lines = texts, lines
        self.takes_texts = takes_texts
        """Whether text messages can come in."""
        self.max_bytes = max_bytes
        """The most that the attachments of one mail may be together."""
        self.is_queued = is_queued
        """Whether mail leaves after the answers are saved."""

    async def send(
        self, mail: Mail, errand: Errand, *, config: str = DEFAULT, limit_seconds: float | None = None
    ) -> bool:
        """Whether the mail server has taken it. Raises TooMuchSent, and what the database raises.

        `config` names the way out; the default one for a name that is none. `limit_seconds` is how long the mail server
        is waited for, where that is less than the settings say.
        """
        way = self._ways.get(config)
        if way is None:
            log.warning("mail.no_such_config", session=errand.session_id, known=sorted(self._ways))
            way = self._ways[DEFAULT]

        async def carry_out(message_id: str) -> bool:
            return await self._carry_out(mail, way, message_id, errand.session_id)

        return await self.sendings.once(errand, carry_out, limit_seconds=limit_seconds)

    async def queue(self, statements: Statements, mail: Mail, errand: Errand, *, config: str) -> str | None:
        """Write down a mail that leaves after this transaction; its id, or None when that was done before.

        Whoever asks for it commits a `SendMail` beside it. Raises AddressUnusable.
        """
        name = config if config in self._ways else DEFAULT
        message_id = await self.sendings.queue(statements, errand)
        if message_id is None:
            return None
        sender = self._ways[name].sender
        message = written(mail, default_sender=sender, message_id=message_id, now=self._clock.now())
        letter = Letter(
            ", ".join(mail.recipients), mail.subject, mail.text, message, mail.recipients, name, mail.variables
        )
        await self._outgoing.add(statements, letter, kind="interview", mail_id=message_id)
        return message_id

    def text_config(self, name: str) -> TextConfig:
        """The number that this name stands for. Raises NoSuchTextConfig."""
        if self._texts is None:
            raise NoSuchTextConfig
        return self._texts.config(name)

    async def send_text(
        self, config: TextConfig, recipient: str, body: str, media: Sequence[str], errand: Errand
    ) -> bool:
        """Whether a text message was taken. Raises WantsNoTexts, TooMuchSent, and what the database raises."""

        async def carry_out(message_id: str) -> bool:
            assert self._texts is not None
            try:
                line = Line(config.sender_for(recipient), recipient)
                if await self.lines.is_stopped(line):
                    raise WantsNoTexts
                await self._texts.send(config, recipient=recipient, body=body, media=media, message_id=message_id)
            except Unavailable:  # the database: nothing has left, and the errand is tried again
                raise
            except WantsNoTexts:
                log.info("text.unwanted", message=message_id, session=errand.session_id)
                raise
            except ColloquyError as error:
                log.warning("text.not_sent", message=message_id, session=errand.session_id, reason=str(error))
                return False
            log.info("text.sent", message=message_id, session=errand.session_id)
            return True

        async def note(statements: Statements) -> None:
            # Not before it was taken: who writes to a number gets what comes from there, and trying is not writing.
            await self.lines.note_sent(statements, Line(config.sender_for(recipient), recipient), errand.session_id)

        return await self.sendings.once(errand, carry_out, note=note)

    async def _carry_out(self, mail: Mail, way: WayOut, message_id: str, session_id: str) -> bool:
        try:
            message = written(mail, default_sender=way.sender, message_id=message_id, now=self._clock.now())
            if way.transport is None:
                await self._keep(mail, message, message_id, session_id)
            else:
                await way.transport.deliver(mail, message, return_path=self._return_path(message_id))
        except ColloquyError as error:
            log.warning("mail.not_sent", mail=message_id, session=session_id, reason=str(error))
            return False
        log.info("mail.sent", mail=message_id, session=session_id, is_kept=way.transport is None)
        return True

    def _return_path(self, message_id: str) -> str:
        """Where a mail goes that comes back: an address for this mail alone (services/mail/bounces.py)."""
        return return_path_of(message_id, self._bounce_domain)

    async def _keep(self, mail: Mail, message: bytes, message_id: str, session_id: str) -> None:
        log.warning("mail.kept", mail=message_id, session=session_id, hint="Set COLLOQUY_MAIL_HOST.")
        letter = Letter(", ".join(mail.recipients), mail.subject, mail.text, message)
        await self._outgoing.keep(self._database, letter, mail_id=message_id)


def return_path_of(message_id: str, bounce_domain: str) -> str:
    """The address for what comes back of one mail; empty: that of the sender."""
    return f"bounce+{message_id.replace('-', '')}@{bounce_domain}" if bounce_domain else ""


def texts_if_any(settings: Settings) -> TextTransport | None:
    """How text messages go out; None where no number is set: its library is not even read then."""
    if not settings.twilio:
        return None
    from shared.mailbox.transport_twilio import texts_of

    return texts_of(settings)


def courier_of(settings: Settings, *, database: Database, server_keys: ServerKeys, clock: Clock) -> Courier:
    """The courier that the settings describe."""
    sendings = Sendings(
        database=database,
        server_keys=server_keys,
        clock=clock,
        limit_seconds=settings.mail_limit_seconds,
        most_per_hour=settings.mail_per_hour,
    )
    return Courier(
        database=database,
        sendings=sendings,
        outgoing=Outgoing(sealer=server_keys.at_rest, clock=clock),
        opt_outs=OptOuts(database=database, sealer=server_keys.at_rest, clock=clock),
        texts=texts_if_any(settings),
        lines=TextLines(database=database, sealer=server_keys.at_rest, clock=clock),
        takes_texts=bool(settings.twilio_incoming and settings.twilio_callback_url),
        ways=ways_out(settings, clock),
        bounce_domain=settings.mail_domain if settings.mail_bounces else "",
        max_bytes=settings.mail_max_bytes,
        is_queued=settings.mail_queued,
        clock=clock,
    )
