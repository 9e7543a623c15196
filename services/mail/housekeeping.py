"""Forget addresses of sessions that have been gone for long. Until then mail to them is refused, and nobody else gets
them: what is still on its way, or in somebody's address book, reaches no stranger's session. Forget, too, which
messages have said STOP and START, once none of them comes a second time.
"""

from __future__ import annotations

from datetime import timedelta

from shared.kernel.clock import Clock
from shared.kernel.now_and_then import NowAndThen
from shared.mailbox import addresses, text_lines
from shared.storage.database import Database

_RETIRED = timedelta(days=366)
_WORDS_KEPT = timedelta(days=7)
"""Twilio comes again within minutes; by hand somebody may send a message again for some days."""
_EVERY_SECONDS = 3600.0


class MailHousekeeping:
    """Tidies up now and then; a Component."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._times = NowAndThen(
            "mail-housekeeping", self.tidy, every_seconds=_EVERY_SECONDS, clock=clock, is_spread=True
        )

    async def start(self) -> None:
        """Begin."""
        await self._times.start()

    async def stop(self) -> None:
        """End."""
        await self._times.stop()

    async def tidy(self) -> None:
        """Forget what is due now."""
        while await addresses.forget_retired(self._database, before=self._clock.now() - _RETIRED):
            continue
        while await text_lines.tidy(self._database, before=self._clock.now() - _WORDS_KEPT):
            continue
