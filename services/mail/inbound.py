"""Mail that came through the gateway: from a provider, or from the page of who tries interviews out."""

from __future__ import annotations

from base64 import b64decode

import structlog

from services.mail.receiving import Arrived, MailboxFull, MailLoops, Receiver, TooManyForAddress, UnknownRecipients
from services.mail.smtp import name_of
from shared.contracts.mail import MailTaken, TakeMail
from shared.files.contents import Contents, StoredContents
from shared.kernel.errors import ColloquyError

log = structlog.get_logger()


class Inbound:
    """Takes such mail in."""

    def __init__(self, *, receiver: Receiver, contents: Contents) -> None:
        self._receiver, self._contents = receiver, contents

    async def take(self, message: TakeMail) -> MailTaken:
        """Keep it for every address that takes it; what the gateway has stored of it is removed by itself."""
        stored = StoredContents(message.location, b64decode(message.key.value), message.size_bytes)
        names = [name_of(address.rpartition("@")[0]) for address in message.recipients.value]
        try:
            known = [name for name in names if await self._receiver.check(name)]
            if not known:
                return MailTaken(outcome="unknown")
            raw = await self._contents.read(stored)
            await self._receiver.take(Arrived(raw=raw, recipients=known, sender=message.sender.value, via=message.via))
        except MailboxFull:
            return MailTaken(outcome="full")
        except MailLoops:
            return MailTaken(outcome="loops")
        except UnknownRecipients:
            return MailTaken(outcome="unknown")
        except (TooManyForAddress, ColloquyError) as error:
            log.warning("mail.not_kept", via=message.via, reason=str(error))
            return MailTaken(outcome="later")
        return MailTaken(outcome="kept")
