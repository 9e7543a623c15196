"""How mail and text messages fare, for /metrics: the whole installation's last hour, from whoever looks."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.kernel.telemetry import Metrics
from shared.storage.database import Statements

_LOOK = """
select kind, case when is_unwanted then 'unwanted' else state end as state, count(*) as number
from mailbox.sendings where created_at > $1 group by 1, 2
union all
select kind, state, count(*) from mailbox.outgoing where created_at > $1 group by kind, state
"""
_HOUR = timedelta(hours=1)


class MailGauges:
    """Takes the numbers when asked to."""

    def __init__(self, metrics: Metrics) -> None:
        self._mails = metrics.gauge(
            "mails_last_hour", "Mails and text messages of the last hour, by what became of them.", ("kind", "outcome")
        )
        self._seen: set[tuple[str, str]] = set()

    async def look(self, statements: Statements, *, now: datetime) -> None:
        """Take the numbers of this moment. Raises what the database raises."""
        found: dict[tuple[str, str], int] = {}
        for row in await statements.fetch(_LOOK, now - _HOUR):
            key = (row["kind"], row["state"])
            found[key] = found.get(key, 0) + row["number"]
        for key in self._seen | set(found):
            self._mails.labels(*key).set(found.get(key, 0))
        self._seen |= set(found)
