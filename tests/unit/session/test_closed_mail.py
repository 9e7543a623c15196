"""The line of mail goes on for others, whatever happens to one session."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import cast

from structlog.testing import capture_logs

from services.session.closed_mail import ClosedMail
from services.session.keys import DataKeys
from services.session.mail_line import MailLine
from services.session.opened_for_mail import OpenedForMail
from shared.kernel.clock import ManualClock
from shared.kernel.ids import SessionId, new_id


class BrokenOnce:
    """A line of mail that breaks at the first session."""

    def __init__(self) -> None:
        self.asked: list[SessionId] = []

    async def go_on(self, session_id: SessionId, *, granted: Mapping[int, bytes] | None = None) -> None:
        self.asked.append(session_id)
        if len(self.asked) == 1:
            raise KeyError("an answer")


async def test_an_error_that_nobody_has_thought_of_ends_it_for_one_session_only() -> None:
    opened, line, clock = OpenedForMail(), BrokenOnce(), ManualClock()
    closed_mail = ClosedMail(opened=opened, mail_line=cast(MailLine, line), clock=clock)
    first, second = SessionId(new_id()), SessionId(new_id())
    with capture_logs() as lines:
        await closed_mail.start()
        for session_id in (first, second):
            opened.tell(DataKeys(session_id, 1, {1: bytes(32)}))
        async with asyncio.timeout(30):
            while len(line.asked) < 2:
                await clock.advance(1.0)
        await closed_mail.stop()
    assert line.asked == [first, second]
    assert [(one["event"], one["error"]) for one in lines] == [("service.errand_broken", "KeyError")]
