"""Mail that came while nobody had a key of the session: its actions run once somebody opens it (DESIGN §7).

Whoever opens such a session does not wait for it. Nothing is written down about their key: it is used for the turn that
launches the first action, and that task's grant opens the session for the next one.
"""

from __future__ import annotations

import asyncio
from functools import partial

from services.session.mail_line import MailLine
from services.session.opened_for_mail import OpenedForMail
from shared.kernel.clock import Clock
from shared.kernel.ending import end
from shared.kernel.now_and_then import Errand


class ClosedMail:
    """Sets the line of their mail going; a Component."""

    def __init__(self, *, opened: OpenedForMail, mail_line: MailLine, clock: Clock) -> None:
        self._opened, self._mail_line, self._clock = opened, mail_line, clock
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        if self._task is None:
            self._task = asyncio.create_task(self._go_on(), name="closed-mail")

    async def stop(self) -> None:
        """End; what was in hand is told again when its session is opened next."""
        task, self._task = self._task, None
        if task is not None:
            await end(task)

    async def _go_on(self) -> None:
        errand = Errand("closed-mail")
        while True:
            keys = await self._opened.next()
            go_on = partial(self._mail_line.go_on, keys.session_id, granted=keys.by_generation)
            await errand.attempt(go_on, session=keys.session_id)
            await self._clock.sleep(errand.rest_seconds)
