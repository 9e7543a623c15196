"""Messages a consumer has handled, recorded in the handler's own transaction (DESIGN §1.4).

For consumers that are not turns of a session; those have an inbox of their own which also keeps the outcome.
"""

from __future__ import annotations

from datetime import timedelta

from shared.contracts.envelope import Envelope
from shared.kernel.clock import Clock
from shared.storage.database import Statements

_RECORD = """
insert into bus.inbox (consumer, message_id) values ($1, $2)
on conflict do nothing
returning true
"""
_FORGET = "delete from bus.inbox where handled_at < $1"


class Inbox:
    """Remembers what one consumer has handled. `consumer` is a fixed name, e.g. `scheduler.timers`."""

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer

    async def is_new(self, statements: Statements, envelope: Envelope) -> bool:
        """Record the message in the open transaction; False when it was handled before: then do nothing.

        A second delivery that comes while the first one's transaction is open waits for its end.
        """
        return await statements.fetchval(_RECORD, self._consumer, envelope.key) is not None


async def forget_handled(statements: Statements, clock: Clock, *, after_days: int = 14) -> None:
    """Forget what was handled so long ago that no broker delivers it again."""
    await statements.execute(_FORGET, clock.now() - timedelta(days=after_days))
