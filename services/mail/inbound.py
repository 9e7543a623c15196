"""Mail that came through the gateway: from a provider, or from the page of who tries interviews out."""

from __future__ import annotations

from base64 import b64decode

import structlog

from services.mail.bounces import Bounces, bounced_mail
from services.mail.receiving import Arrived, MailboxFull, MailLoops, Receiver, TooManyForAddress, UnknownRecipients
from services.mail.smtp import name_of
from shared.contracts.mail import MailTaken, TakeMail
from shared.files.contents import Contents, StoredContents
from shared.kernel.errors import ColloquyError

log = structlog.get_logger()


class Inbound:
    """Takes such mail in."""

    def __init__(self, *, receiver: Receiver, bounces: Bounces, contents: Contents) -> None:
        self._receiver, self._bounces, self._contents = receiver, bounces, contents

    async def take(self, message: TakeMail) -> MailTaken:
        """Keep it for every address that takes it; what the gateway has stored of it is removed by itself."""
        stored = StoredContents(message.location, b64decode(message.key.value), message.size_bytes)
        locals_ = [address.rpartition("@")[0] for address in message.recipients.value]
        names = [name_of(local) for local in locals_ if bounced_mail(local) is None]
        back = {found for local in locals_ if (found := bounced_mail(local)) is not None}
        try:
            known = [name for name in names if await self._receiver.check(name)]
            known_back = [mail_id for mail_id in back if await self._bounces.knows(mail_id)]
            if not known and not known_back:
                return MailTaken(outcome="unknown")
            raw, sender = await self._contents.read(stored), message.sender.value
            await self._bounces.note(known_back, raw, sender=sender)
            if known:
                await self._receiver.take(Arrived(raw=raw, recipients=known, sender=sender, via=message.via))
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
