"""Keep a mail that came, for every session it is addressed to: whole, taken apart, and its doorbell, before anybody is
told that it was taken (DESIGN §3 walk 4).

Contents are written first and claimed by the one transaction that keeps the mail: what dies before that leaves
nothing but leftovers, and the sender sends again.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

import orjson
import structlog

from services.mail.parsing import MOST_HOPS, ParsedMail, ParsedPart, identity, parsed
from services.mail.verdicts import Judge, Policy, consequence
from shared.bus.outbox import Outbox
from shared.contracts.envelope import Envelopes
from shared.contracts.session import DeliverMail
from shared.crypto.keys import ServerKeys
from shared.files import leftovers
from shared.files.contents import Contents, StoredContents
from shared.files.records import ContentsLost
from shared.files.store import Files
from shared.kernel.clock import Clock
from shared.kernel.errors import Malformed, Refused, Retryable
from shared.kernel.ids import new_id
from shared.mailbox import received
from shared.mailbox.addresses import Addresses, KnownAddress
from shared.mailbox.received import Mailbox, MailContents, MailPart, NewMail
from shared.mailbox.sendings import was_sent_by
from shared.storage.database import Database

log = structlog.get_logger()

_HOUR = timedelta(hours=1)
_AT_ONCE = 2
"""How many mails are taken apart at once: a large one takes several times its size in memory meanwhile."""


class TooManyForAddress(Retryable):
    """This address gets too much mail at the moment."""


class MailboxFull(Refused):
    """This session has no room for more mail."""


class MailLoops(Refused):
    """This mail goes in circles."""


class MailDistrusted(Refused):
    """This mail is not from whom it says, and its domain asks to refuse such mail."""


class UnknownRecipients(Malformed):
    """None of these addresses leads into a session any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is taken."""

    per_address_hour: int
    bytes_of_session: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A mail as it came in."""

    raw: bytes
    recipients: Sequence[str]
    """What stands before the @ of each, in small letters."""
    sender: str = ""
    """Of the envelope; empty for bounces."""
    client_ip: str = ""
    helo: str = ""
    via: Literal["smtp", "webhook", "page"] = "smtp"


class Receiver:
    """Takes mail in for the sessions of this installation."""

    def __init__(
        self,
        *,
        database: Database,
        contents: Contents,
        files: Files,
        addresses: Addresses,
        outbox: Outbox,
        envelopes: Envelopes,
        wake_relay: Callable[[], None],
        server_keys: ServerKeys,
        judge: Judge,
        policy: Policy = "record",
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._database, self._contents, self._files, self._addresses = database, contents, files, addresses
        self._outbox, self._envelopes, self._wake_relay = outbox, envelopes, wake_relay
        self._server_keys, self._judge, self._limits, self._clock = server_keys, judge, limits, clock
        self._policy: Policy = policy
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def check(self, local_part: str) -> bool:
        """Whether an address leads into a session that takes mail now.

        Raises TooManyForAddress, MailboxFull, and what the database raises.
        """
        load = await received.load_of(self._database, local_part, since=self._clock.now() - _HOUR)
        if load is None:
            return False
        if load.recent >= self._limits.per_address_hour:
            raise TooManyForAddress
        if load.bytes_of_session >= self._limits.bytes_of_session:
            raise MailboxFull
        return True

    async def take(self, arrived: Arrived) -> list[str]:
        """Keep it for every address, or for none; ids of the mails that are new.

        Raises MailLoops, MailDistrusted, UnknownRecipients, and what database and store raise when they do not answer.
        """
        known = await self._addresses.known(self._database, list(dict.fromkeys(arrived.recipients)))
        if not known:
            raise UnknownRecipients
        async with self._room:
            mail, same_as = await asyncio.to_thread(_looked_at, arrived.raw)
        if mail.hops > MOST_HOPS:
            raise MailLoops
        verdicts = await self._judge.verdicts(
            arrived.raw, ip=arrived.client_ip, sender=arrived.sender, helo=arrived.helo
        )
        # Whoever hands mail over otherwise than by SMTP has judged it where it came in.
        fate = consequence(verdicts, self._policy) if arrived.via == "smtp" else "taken"
        if fate == "refused":
            log.info("mail.distrusted", spf=verdicts.spf, dkim=verdicts.dkim, dmarc=verdicts.dmarc)
            raise MailDistrusted
        contents = mail.contents.model_copy(
            update={
                "verdicts": verdicts,
                "is_automatic": mail.contents.is_automatic or not arrived.sender,
                "return_path": Mailbox(address=arrived.sender) if arrived.sender else None,
            }
        )
        reason = mail.reason or ("dmarc" if fate == "quarantined" else "")
        mail = replace(mail, parts=_with_verdicts(mail.parts, verdicts.detail), reason=reason)
        digest = received.digest_of(self._server_keys, same_as)
        mails = [await self._mail_for(one, arrived, mail, contents, digest) for one in known.values()]
        return await self._keep(mails)

    async def _mail_for(
        self, address: KnownAddress, arrived: Arrived, mail: ParsedMail, contents: MailContents, digest: bytes
    ) -> NewMail:
        """The mail for one of its addresses, its contents written."""
        reason = mail.reason
        if not reason and await was_sent_by(self._database, contents.message_id, address.session_id):
            reason = "own_mail"  # it would answer itself, again and again
        raw = ParsedPart("attachment", "message.eml", "message/rfc822", arrived.raw)
        all_parts = (raw, *mail.parts)
        stored = await self._contents.keep_all([part.contents for part in all_parts])
        numbers = await self._files.next_numbers(self._database, len(all_parts))
        whole, *parts = map(_kept, all_parts, stored, numbers)
        return NewMail(
            mail_id=new_id(),
            address=address,
            digest=digest,
            state="quarantined" if reason else "received",
            reason=reason,
            size_bytes=len(arrived.raw),
            received_at=self._clock.now(),
            contents=contents.model_copy(update={"parts": tuple(parts), "raw": whole}),
        )

    async def _keep(self, mails: Sequence[NewMail]) -> list[str]:
        added: list[NewMail] = []
        async with self._database.transaction() as connection:
            for mail in mails:
                if not await received.add(connection, mail):
                    log.info("mail.repeated", session=mail.address.session_id)
                    continue  # its contents stay leftovers
                if not await leftovers.claim(connection, *mail.locations):
                    raise ContentsLost
                added.append(mail)
            bells = [
                self._envelopes.wrap(
                    DeliverMail(mail_id=mail.mail_id, session_id=mail.address.session_id),
                    dedup_key=f"mail {mail.mail_id}",
                )
                for mail in added
                if mail.state == "received"
            ]
            await self._outbox.add(connection, bells)
        self._wake_relay()
        for mail in added:
            log.info(
                "mail.received",
                mail=mail.mail_id,
                session=mail.address.session_id,
                state=mail.state,
                reason=mail.reason,
                size_bytes=mail.size_bytes,
            )
        return [mail.mail_id for mail in added]


def _looked_at(raw: bytes) -> tuple[ParsedMail, bytes]:
    return parsed(raw), identity(raw)


def _kept(part: ParsedPart, stored: StoredContents, number: int) -> MailPart:
    """A part whose contents are written."""
    return MailPart.model_validate(
        {
            "role": part.role,
            "number": number,
            "filename": part.filename,
            "mimetype": part.mimetype,
            "size_bytes": stored.size_bytes,
            "location": stored.location,
            "key": b64encode(stored.key).decode(),
        }
    )


def _with_verdicts(parts: tuple[ParsedPart, ...], detail: str) -> tuple[ParsedPart, ...]:
    """The verdicts stand first among the headers, before what others claim."""
    headers, *others = parts
    if not detail:
        return parts
    told = [["Authentication-Results", detail], *orjson.loads(headers.contents)]
    return (replace(headers, contents=orjson.dumps(told)), *others)
