"""The background actions `incoming_email` and `incoming_text`: one mail or text message of a session after another,
in the order they came (spec/area3 §6.6). Both are called mail here.

The mail whose turn it is launches its task; the end of that task calls the next one. Whoever comes in between finds a
task that has not ended, and leaves. A mail whose session is closed to the server waits for somebody who opens it
(closed_mail.py): the line goes on with their key, and from task to task with that of the grant. A mail whose interview
has no such block is only kept: `get_emails()` shows it. A text message whose files are still to be fetched holds the
line until they are there, or given up: then it is called again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import structlog

from services.session import store
from services.session.keys import DataKeys
from services.session.operations import start_for_mail
from services.session.turn import Turns
from shared.contracts.visitor import Interface, RequestFacts, UserFacts, Visitor
from shared.evaluation.port import Evaluator
from shared.interview.runtime.effects import LaunchTask
from shared.interview.runtime.operations import Blobs
from shared.interview.runtime.outcomes import RunResult
from shared.kernel.clock import Clock
from shared.kernel.errors import Retryable
from shared.kernel.ids import SessionId
from shared.mailbox import addresses, received
from shared.mailbox.addresses import Kind
from shared.mailbox.received import Action, MailToDo
from shared.people import store as people
from shared.people.facts import facts_of_account
from shared.storage.database import Database, Statements
from shared.tasks.store import Tasks

log = structlog.get_logger()

ACTIONS: Mapping[Kind, str] = {"mail": "incoming_email", "text": "incoming_text"}
INTERFACES: Mapping[Kind, Interface] = {"mail": "email", "text": "sms"}
Launch = Literal["under way", "left", "closed"]
_NOT_BEGUN: Sequence[Action] = ("waiting", "closed")


class MailTakenUp(Retryable):
    """Somebody else has taken this mail up at this moment."""


class MailLine:
    """Works through the mail of sessions."""

    def __init__(
        self, *, database: Database, turns: Turns, tasks: Tasks, evaluator: Evaluator, clock: Clock, url_root: str
    ) -> None:
        self._database, self._turns, self._tasks = database, turns, tasks
        self._evaluator, self._clock, self._url_root = evaluator, clock, url_root

    async def go_on(self, session_id: SessionId, *, granted: Mapping[int, bytes] | None = None) -> None:
        """Launch the action for the next mail of a session, unless that of an earlier one is still at work.

        `granted` are data keys of the session that somebody else has opened: with them, also what has waited for a key.
        Raises what a turn raises that could not be made now (Retryable).
        """
        keys = granted
        while (mail := await received.next_to_do(self._database, session_id, is_open=keys is not None)) is not None:
            if mail.action == "fetching":
                return
            if mail.action == "running":
                if mail.task_id is not None and not await self._tasks.has_ended(self._database, mail.task_id):
                    return
                await received.set_action(self._database, mail.mail_id, "done", was=["running"])
                continue
            if not await self._has_block(mail):
                await self._leave(mail, "kept")
                continue
            match await self._launch(mail, session_id, keys):
                case "under way":
                    return
                case "closed":
                    keys = None
                case "left":
                    pass
        if keys is not None:
            await self._all_done(session_id)

    async def _launch(self, mail: MailToDo, session_id: SessionId, granted: Mapping[int, bytes] | None) -> Launch:
        """What has become of it now."""
        state: Action = "running"

        async def take_up(
            statements: Statements, runs: Sequence[tuple[RunResult, Blobs]], keys: DataKeys, version: int
        ) -> None:
            nonlocal state
            task_id = _launched(runs[0][0])
            state = "running" if task_id else "failed"
            if not await received.set_action(statements, mail.mail_id, state, was=_NOT_BEGUN, task_id=task_id):
                raise MailTakenUp

        user = await self._owner(mail.owner)
        if user is None:
            await self._leave(mail, "kept")
            return "left"
        facts = RequestFacts(interface=INTERFACES[mail.kind], url_root=self._url_root, url=f"{self._url_root}interview")
        request = start_for_mail(mail.mail_id, session_id, ACTIONS[mail.kind], Visitor(user=user, request=facts))
        reply = (await self._turns.run(request, granted=granted, also=take_up)).reply
        if reply.kind == "locked_out" and granted is not None:  # it has got other keys meanwhile
            reply = (await self._turns.run(request, also=take_up)).reply
        match reply.kind:
            case "locked_out":
                await self._leave_closed(mail, session_id)
                return "closed"
            case "missing":  # it was never saved, or is gone
                log.info("mail.session_missing", mail=mail.mail_id, session=session_id)
                await addresses.retire(self._database, session_id, now=self._clock.now())
                await self._leave(mail, "kept")
                return "left"
            case "problem" | "forbidden" | "sign_in":
                log.warning("mail.action_failed", mail=mail.mail_id, session=session_id, kind=reply.kind)
                await self._leave(mail, "failed")
                return "left"
            case _ if state == "failed":  # no task ends that could call the next mail
                log.warning("mail.nothing_launched", mail=mail.mail_id, session=session_id, kind=reply.kind)
                return "left"
            case _:
                return "under way"

    async def _leave(self, mail: MailToDo, action: Action) -> None:
        await received.set_action(self._database, mail.mail_id, action, was=_NOT_BEGUN)

    async def _leave_closed(self, mail: MailToDo, session_id: SessionId) -> None:
        """Until somebody opens the session."""
        async with self._database.transaction() as connection:
            if await received.set_action(connection, mail.mail_id, "closed", was=_NOT_BEGUN):
                await store.note_closed_mail(connection, session_id, is_there=True)

    async def _all_done(self, session_id: SessionId) -> None:
        """Whoever opens the session need not look any more, unless mail has been left meanwhile: it is looked for once
        the row is ours, and who leaves mail takes the row after it.
        """
        if not await store.has_closed_mail(self._database, session_id):
            return
        async with self._database.transaction() as connection:
            await store.note_closed_mail(connection, session_id, is_there=False)
            if await received.has_closed(connection, session_id):
                await store.note_closed_mail(connection, session_id, is_there=True)

    async def _has_block(self, mail: MailToDo) -> bool:
        facts = await self._evaluator.describe(mail.interview, "*")
        names = facts.get("actions")
        return isinstance(names, list | tuple) and ACTIONS[mail.kind] in names

    async def _owner(self, owner: str) -> UserFacts | None:
        """Who asked for the address, with the privileges they have now; None for an account that is gone or closed."""
        if not owner.isdecimal():
            return UserFacts(the_user_id=owner, session_uid=owner, device_id=owner)
        account = await people.by_id(self._database, int(owner))
        if account is None or not account.is_active:
            return None
        return facts_of_account(account, session_uid=account.email or f"account {account.id}")


def _launched(result: RunResult) -> str | None:
    return next((effect.task_id for effect in result.effects if isinstance(effect, LaunchTask)), None)
