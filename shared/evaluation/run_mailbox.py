"""The mailbox of one run: addresses of its session, and the mail that has come for them.

The parts of a mail are files that wait for somebody who has the session's keys: the first run that reads the mail makes
them files of the session, with the commit that saves its answers. A run that is refused leaves them as they were.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import orjson

from shared.contracts.visitor import Visitor
from shared.evaluation.run_files import RunFiles
from shared.evaluation.run_mail import NUMBER
from shared.files import leftovers
from shared.files.contents import StoredContents
from shared.files.records import FileChange, OpenFile
from shared.files.room import FileRoom
from shared.interview.errors import HostRefused
from shared.interview.runtime.mail_calls import (
    AddressAnswer,
    EmailsAnswer,
    ExpectTexts,
    MailboxCall,
    MakeAddress,
    ReadEmails,
    TextsExpected,
)
from shared.interview.runtime.operations import Blobs
from shared.kernel.clock import Clock
from shared.kernel.errors import Refused
from shared.mailbox import received
from shared.mailbox.addresses import Address, Addresses
from shared.mailbox.courier import Courier
from shared.mailbox.received import Mailbox, ReceivedMail
from shared.mailbox.text_lines import Line
from shared.people import store as people
from shared.storage.database import Database, Statements
from shared.tasks.sealing import Keys

Change = Callable[[Statements], Awaitable[None]]

_UNTIL_COMMITTED = timedelta(hours=1)
_NO_TEXTS = "Text messages are not taken on this server (COLLOQUY_TWILIO_INCOMING, COLLOQUY_TWILIO_CALLBACK_URL)."
_NO_NUMBER = "One of its numbers is none."
_NO_SUCH_MAIL = "There is no such e-mail in this session."


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxParts:
    """What runs need to reach their mail."""

    database: Database
    courier: Courier
    """Knows the numbers that texts are sent from, and come to."""
    addresses: Addresses
    files: FileRoom
    clock: Clock
    domain: str = ""
    """What stands behind the @; empty: the host of the address at which the server is used."""


class RunMailbox:
    """Answers the calls about addresses and mail of one turn or task."""

    def __init__(self, parts: MailboxParts, visitor: Visitor, files: RunFiles) -> None:
        self._parts, self._visitor, self._files = parts, visitor, files
        self._keys: Keys | None = None
        self._interview = ""
        self._taken: dict[str, ReceivedMail] = {}
        """Mail whose parts become files of the session with this run."""

    def begin(self, keys: Keys, *, interview: str) -> None:
        """A run begins, on a session with these keys."""
        self._keys, self._interview = keys, interview
        self._taken.clear()

    @property
    def changes(self) -> Sequence[Change]:
        """What the commit has to do besides the answers."""
        return (self._adopt,) if self._taken else ()

    async def answer(self, call: MailboxCall) -> tuple[AddressAnswer | EmailsAnswer | TextsExpected, Blobs]:
        """Carry out one call. Raises HostRefused with a sentence for the author, and what the database raises."""
        assert self._keys is not None
        if isinstance(call, MakeAddress):
            try:
                local_part = await self._parts.addresses.make(
                    self._keys,
                    interview=self._interview,
                    owner=self._visitor.user.the_user_id,
                    key=call.key,
                    index=call.index,
                )
            except Refused as error:
                raise HostRefused(str(error)) from None
            return AddressAnswer(address=f"{local_part}@{self._domain}"), {}
        if isinstance(call, ExpectTexts):
            return await self._expect(call, self._keys), {}
        return EmailsAnswer(), {"emails": orjson.dumps(await self._read(call, self._keys))}

    async def _expect(self, call: ExpectTexts, keys: Keys) -> TextsExpected:
        courier = self._parts.courier
        if not courier.takes_texts:
            return TextsExpected(problem=_NO_TEXTS)
        if not all(NUMBER.fullmatch(number) for number in call.numbers):
            return TextsExpected(problem=_NO_NUMBER)
        try:
            config = courier.text_config(call.config)
            lines = [Line(config.sender_for(number), number) for number in dict.fromkeys(call.numbers)]
            await courier.lines.expect(
                keys,
                lines,
                interview=self._interview,
                owner=self._visitor.user.the_user_id,
                span=timedelta(seconds=call.seconds),
            )
        except Refused as error:
            return TextsExpected(problem=str(error))
        return TextsExpected()

    @property
    def _domain(self) -> str:
        return self._parts.domain or urlsplit(self._visitor.request.url_root).hostname or "localhost"

    async def _read(self, call: ReadEmails, keys: Keys) -> list[dict[str, object]]:
        database = self._parts.database
        addresses = await self._parts.addresses.of_session(database, keys)
        if call.mail_id:
            mail = await received.find(database, call.mail_id, addresses)
            if mail is None or mail.state != "received":
                raise HostRefused(_NO_SUCH_MAIL)
            wanted, mails = [one for one in addresses if one.local_part == mail.local_part], [mail]
        else:
            wanted = [one for one in addresses if self._is_wanted(one, call)]
            mails = await received.of_session(database, keys.session_id, wanted)
        owners = {owner: await self._email_of(owner) for owner in {one.owner for one in wanted}}
        for mail in mails:
            self._take(mail)
        return [
            {
                "address": one.local_part,
                "key": one.key,
                "index": one.index,
                "owner": owners[one.owner],
                "emails": [_told(mail) for mail in mails if mail.local_part == one.local_part],
            }
            for one in wanted
        ]

    def _is_wanted(self, address: Address, call: ReadEmails) -> bool:
        if address.kind != call.kind:
            return False
        if address.owner != self._visitor.user.the_user_id or (call.key is not None and address.key != call.key):
            return False
        return call.index is None or address.index == call.index

    async def _email_of(self, owner: str) -> str | None:
        """The e-mail address of somebody with an account."""
        account = await people.by_id(self._parts.database, int(owner)) if owner.isdecimal() else None
        return None if account is None else account.email

    def _take(self, mail: ReceivedMail) -> None:
        """Let this run read the parts of a mail that are no files of the session yet."""
        if mail.are_parts_files or mail.mail_id in self._taken:
            return
        self._taken[mail.mail_id] = mail
        for change in _changes(mail):
            assert change.contents is not None
            self._files.lend(
                OpenFile(
                    number=change.number,
                    filename=change.filename or "",
                    mimetype=change.mimetype or "",
                    contents=change.contents,
                )
            )

    async def _adopt(self, statements: Statements) -> None:
        assert self._keys is not None
        now = self._parts.clock.now()
        for mail_id in await received.take_parts(statements, list(self._taken)):
            changes = _changes(self._taken[mail_id])
            locations = [change.contents.location for change in changes if change.contents]
            await leftovers.discard(statements, locations, due_at=now + _UNTIL_COMMITTED)
            await self._parts.files.records.change(
                statements, changes, keys=self._keys, interview=self._interview, now=now
            )


def _changes(mail: ReceivedMail) -> list[FileChange]:
    """The parts of a mail, as files that are to be made."""
    return [
        FileChange(
            number=part.number,
            contents=StoredContents(part.location, b64decode(part.key), part.size_bytes),
            filename=part.filename,
            mimetype=part.mimetype,
        )
        for part in mail.contents.parts
    ]


def _told(mail: ReceivedMail) -> dict[str, object]:
    """A mail as the engine is told of it."""
    contents = mail.contents
    return {
        "text": contents.text,
        "media": [{"url": one.url, "mimetype": one.mimetype, "problem": one.problem or ""} for one in contents.media],
        "message_id": contents.message_id,
        "id": mail.mail_id,
        "to": [_person(one) for one in contents.to],
        "cc": [_person(one) for one in contents.cc],
        "from": _person(contents.sender),
        "reply_to": _person(contents.reply_to),
        "return_path": _person(contents.return_path),
        "subject": contents.subject,
        "date": contents.date or mail.received_at.isoformat(),
        "received": mail.received_at.isoformat(),
        "is_automatic": contents.is_automatic,
        "spf": contents.verdicts.spf,
        "dkim": contents.verdicts.dkim,
        "dmarc": contents.verdicts.dmarc,
        "parts": [
            {"role": part.role, "number": part.number, "filename": part.filename, "mimetype": part.mimetype}
            for part in contents.parts
        ],
    }


def _person(one: Mailbox | None) -> dict[str, str] | None:
    return None if one is None else {"name": one.name, "address": one.address}
