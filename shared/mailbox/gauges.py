"""How mail and text messages fare, for /metrics: the whole installation's last hour, and what waits."""

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
_WAITING = """
select count(*) as number, coalesce(extract(epoch from $1 - min(m.received_at)), 0)::float8 as oldest_seconds
from mailbox.media_to_fetch f join mailbox.mails m on m.id = f.mail_id
"""
_HOUR = timedelta(hours=1)


class MailGauges:
    """Takes the numbers when asked to."""

    def __init__(self, metrics: Metrics) -> None:
        self._mails = metrics.gauge(
            "mails_last_hour", "Mails and text messages of the last hour, by what became of them.", ("kind", "outcome")
        )
        self._waiting = metrics.gauge("texts_without_files", "Text messages whose files are still to be fetched.")
        self._oldest = metrics.gauge("texts_without_files_oldest_seconds", "How long ago the oldest of them came.")
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
        waiting = await statements.fetchrow(_WAITING, now)
        assert waiting is not None
        self._waiting.set(waiting["number"])
        self._oldest.set(max(0.0, waiting["oldest_seconds"]))
