"""The mail of one run: its calls are checked here as if they came from the network, and carried out by the courier.

Mail leaves while the run waits (DESIGN §7, direct mode): the run may be refused and done again afterwards, or its
process may die. So everything is an errand of the operation or task, told apart by whom it is for and what it is about,
and the ledger gives the same errand its first result. The text does not count: links and times in it are others when
the run is done again, and so are documents.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from shared.bus.outbox import Outbox
from shared.contracts.envelope import Envelopes
from shared.contracts.mail import SendMail
from shared.files.kinds import safe_name
from shared.interview.runtime.mail_calls import AskOptOut, MailAnswer, MailCall, OptOutAnswer, SendMessage, SendText
from shared.interview.runtime.operations import Blobs
from shared.kernel.errors import Malformed, Refused
from shared.mailbox.courier import Courier
from shared.mailbox.mail import Attachment, Mail, address_of, addresses_of, one_line
from shared.mailbox.sendings import Errand, Kind, Unwanted
from shared.storage.database import Statements

Change = Callable[[Statements], Awaitable[None]]

log = structlog.get_logger()

_MOST_IN_A_RUN = 200
_AT_ONCE = 3
"""So many mails for each of several people are on their way together: each is whole in memory, with its attachments."""
NUMBER = re.compile(r"(?:whatsapp:)?\+[0-9]{4,15}")
_ADDRESS = re.compile(r"https?://[!-;=?-~]+")
"""Printable, without brackets: it stands between them in a header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailQueue:
    """Lets mail leave after a commit (DESIGN §7, queued mode)."""

    courier: Courier
    outbox: Outbox
    envelopes: Envelopes

    def order(self, mail: Mail, errand: Errand, *, config: str) -> Change:
        """What the commit has to do."""

        async def write(statements: Statements) -> None:
            mail_id = await self.courier.queue(statements, mail, errand, config=config)
            if mail_id is not None:
                message = SendMail(mail_id=mail_id, session_id=errand.session_id)
                await self.outbox.add(statements, [self.envelopes.wrap(message)])

        return write


class MailNotPossible(Malformed):
    """This e-mail cannot be sent:"""


class TextNotPossible(Malformed):
    """This text message cannot be sent:"""


class RunMail:
    """Answers the calls about mail of one turn or task."""

    def __init__(
        self, courier: Courier, queue: MailQueue | None = None, *, together_seconds: float | None = None
    ) -> None:
        """With a queue mail leaves after the commit that `changes` are a part of.

        Mails for each of several people have `together_seconds` in all; without: as long as the settings give one.
        """
        self._courier, self._queue = courier, queue
        self._together_seconds = together_seconds or courier.sendings.limit_seconds
        self._queued: list[Change] = []
        self._run_id = self._session_id = self._interview = ""
        self._asked: Counter[tuple[str, ...]] = Counter()

    def begin(self, *, run_id: str, session_id: str, interview: str = "") -> None:
        """A run begins: another attempt of the same operation or task has the same id."""
        self._run_id, self._session_id, self._interview = run_id, session_id, interview
        self._asked.clear()
        self._queued.clear()

    @property
    def changes(self) -> Sequence[Change]:
        """Mail that is to leave once the answers are saved."""
        return tuple(self._queued)

    async def answer(self, call: MailCall, blobs: Blobs) -> MailAnswer | OptOutAnswer:
        """Carry out one call; what goes wrong is in the answer, and in the log without addresses.

        Raises what the database raises: the operation is done again then, and finds in the ledger what was sent.
        """
        match call:
            case SendMessage() if call.is_for_each:
                return await self._send_to_each(call, blobs)
            case SendMessage():
                return await self._send(call, blobs)
            case SendText():
                return await self._send_texts(call)
            case AskOptOut():
                said = await self._courier.opt_outs.ask(self._session_id, call.address)
                return OptOutAnswer(code=said.code, is_out=said.is_out)

    async def _send_to_each(self, call: SendMessage, blobs: Blobs) -> MailAnswer:
        """Some at a time. When the time is over, those that have not begun do not begin: a mail must not leave after
        somebody was told that it did not.
        """
        now = asyncio.get_running_loop().time
        ends = now() + self._together_seconds
        turn = asyncio.Semaphore(_AT_ONCE)

        async def send_to(address: str) -> MailAnswer:
            async with turn:
                left = ends - now()
                if left <= 0:
                    return MailAnswer(was_sent=False, problem="The mail server was too slow.")
                return await self._send(call.model_copy(update={"to": (address,)}), blobs, limit_seconds=left)

        ended = await asyncio.gather(*map(send_to, call.to), return_exceptions=True)
        answers: list[MailAnswer] = []
        for each in ended:
            if isinstance(each, BaseException):
                raise each  # once nobody is on the way any more
            answers.append(each)
        missed = tuple(address for address, answer in zip(call.to, answers, strict=True) if not answer.was_sent)
        problem = next((answer.problem for answer in answers if answer.problem), "")
        return MailAnswer(
            was_sent=not missed, missed=missed, problem=problem, is_queued=any(answer.is_queued for answer in answers)
        )

    async def _send(self, call: SendMessage, blobs: Blobs, *, limit_seconds: float | None = None) -> MailAnswer:
        try:
            mail = self._mail(call, blobs)
            groups = (("to", mail.to), ("cc", mail.cc), ("bcc", mail.bcc))
            about = [f"{group} {one.addr_spec}" for group, addresses in groups for one in addresses]
            about.append(one_line(mail.subject))
            errand = self._errand("mail", about)
            if self._queue is not None:
                await self._courier.sendings.check(errand)
                self._queued.append(self._queue.order(mail, errand, config=call.config))
                return MailAnswer(was_sent=True, is_queued=True)
            was_sent = await self._courier.send(mail, errand, config=call.config, limit_seconds=limit_seconds)
            return MailAnswer(was_sent=was_sent)
        except Refused as error:
            log.warning("mail.not_sent", session=self._session_id, reason=str(error))
            return MailAnswer(was_sent=False, problem=str(error))

    async def _send_texts(self, call: SendText) -> MailAnswer:
        """One after another; after the first that is not taken no more are sent (spec/area3 §7.1)."""
        try:
            config = self._courier.text_config(call.config)
            if not all(NUMBER.fullmatch(number) for number in call.to):
                raise TextNotPossible("One of its numbers is none.")
            if not all(_ADDRESS.fullmatch(address) for address in call.media):
                raise TextNotPossible("One of its files has no address.")
            for number in call.to:
                errand = self._errand("text", [config.name, number])
                if not await self._courier.send_text(config, number, call.body, call.media, errand):
                    return MailAnswer(was_sent=False)
        except Unwanted as error:
            return MailAnswer(was_sent=False, problem=str(error), is_unwanted=True)
        except Refused as error:
            log.warning("text.not_sent", session=self._session_id, reason=str(error))
            return MailAnswer(was_sent=False, problem=str(error))
        return MailAnswer(was_sent=True)

    def _errand(self, kind: Kind, about: list[str]) -> Errand:
        subject = (kind, *about)
        self._asked[subject] += 1
        if self._asked.total() > _MOST_IN_A_RUN:
            raise MailNotPossible("One run cannot send so much.")
        return Errand(self._run_id, self._session_id, kind, tuple(about), self._asked[subject], self._interview)

    def _mail(self, call: SendMessage, blobs: Blobs) -> Mail:
        """Raises Malformed."""
        to = addresses_of(call.to)
        if not to:
            raise MailNotPossible("Nobody is to get it.")
        if call.unsubscribe and not _ADDRESS.fullmatch(call.unsubscribe):
            raise MailNotPossible("The address to unsubscribe at is none.")
        return Mail(
            to=to,
            cc=addresses_of(call.cc),
            bcc=addresses_of(call.bcc),
            sender=address_of(call.sender) if call.sender else None,
            reply_to=address_of(call.reply_to) if call.reply_to else None,
            unsubscribe=call.unsubscribe,
            subject=call.subject,
            text=call.text,
            html=call.html or None,
            variables=call.variables,
            attachments=self._attachments(call, blobs),
        )

    def _attachments(self, call: SendMessage, blobs: Blobs) -> tuple[Attachment, ...]:
        found: list[Attachment] = []
        size = 0
        for file in call.attachments:
            contents = blobs.get(file.blob)
            if contents is None:
                raise MailNotPossible("An attachment did not come along.")
            size += len(contents)
            if size > self._courier.max_bytes:
                raise MailNotPossible("Its attachments are too large.")
            found.append(Attachment(safe_name(file.filename), file.mimetype, contents))
        return tuple(found)
