"""The letters an account needs: what they say, and putting them into the queue of outgoing mail."""

from __future__ import annotations

from collections.abc import Callable

from shared.bus.outbox import Outbox
from shared.contracts.envelope import Envelopes
from shared.contracts.mail import SendMail
from shared.mailbox.outgoing import Letter, Outgoing
from shared.people.wording import invitation
from shared.storage.database import Statements

_KIND = "account"


class Letters:
    """Queues letters in the caller's transaction; call `sent` after its commit."""

    def __init__(
        self,
        *,
        outgoing: Outgoing,
        outbox: Outbox,
        envelopes: Envelopes,
        wake_relay: Callable[[], None],
        site: str,
    ) -> None:
        self._outgoing, self._outbox, self._envelopes, self._site = outgoing, outbox, envelopes, site
        self.sent = wake_relay

    async def confirm(self, statements: Statements, recipient: str, link: str) -> None:
        """Somebody wants an account with this address."""
        await self._queue(
            statements,
            recipient,
            f"Confirm your e-mail address for {self._site}",
            "Somebody, probably you, wants an account with this e-mail address. To make it, open this link and type the"
            f" password you have chosen:\n\n{link}\n\nThe link works once, for a day. If it was not you, do nothing.",
        )

    async def has_account(self, statements: Statements, recipient: str, link: str) -> None:
        """Somebody wants an account with an address that has one."""
        await self._queue(
            statements,
            recipient,
            f"You have an account with {self._site}",
            "Somebody, probably you, wanted to make an account with this e-mail address. There is one already. Sign in,"
            f" or set a new password if you have forgotten it:\n\n{link}\n\nIf it was not you, do nothing.",
        )

    async def reset(self, statements: Statements, recipient: str, link: str) -> None:
        """Somebody has forgotten their password."""
        await self._queue(
            statements,
            recipient,
            f"Set a new password for {self._site}",
            f"To set a new password, open this link:\n\n{link}\n\nIt works once, for an hour. Your encrypted interview"
            " sessions can be read afterwards only if you also type the old password there.\n\nIf you did not ask for"
            " this, do nothing: your password stays as it is.",
        )

    async def change_address(self, statements: Statements, recipient: str, link: str) -> None:
        """Somebody wants to use this address from now on."""
        await self._queue(
            statements,
            recipient,
            f"Confirm your new e-mail address for {self._site}",
            f"To use this address for your account from now on, open this link:\n\n{link}\n\nIt works once, for a day.",
        )

    async def was_changed(self, statements: Statements, recipient: str, what: str) -> None:
        """Tell the owner of an account what was changed about it."""
        await self._queue(
            statements,
            recipient,
            f"Your account with {self._site} was changed",
            f"{what} If it was not you, set a new password at once, and tell whoever runs the server.",
        )

    async def invite(self, statements: Statements, recipient: str, link: str, inviter: str) -> None:
        """Somebody is asked to make an account."""
        subject, text = invitation(self._site, link, inviter)
        await self._queue(statements, recipient, subject, text)

    async def _queue(self, statements: Statements, recipient: str, subject: str, text: str) -> None:
        mail_id = await self._outgoing.add(statements, Letter(recipient, subject, text.rstrip() + "\n"), kind=_KIND)
        await self._outbox.add(statements, [self._envelopes.wrap(SendMail(mail_id=mail_id), subject="")])
