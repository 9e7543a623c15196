"""Tell the operator by mail where interviews fail (spec/area3 §8.6).

One mail says all that is new, and another one is not written for a while. A line that goes on failing is told again a
day later, with how often. The texts of errors, and answers, are in no such mail: it lies in other people's mailboxes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from shared.bus.outbox import Outbox
from shared.contracts.envelope import Envelopes
from shared.contracts.mail import SendMail
from shared.kernel.clock import Clock
from shared.mailbox.outgoing import Letter, Outgoing
from shared.storage.database import Database, Row

log = structlog.get_logger()

_DUE = """
select interview, file, line, error, number, told_number, first_at, last_at from session.errors
where (told_at is null or (last_at > told_at and told_at < $1)) and not error = any($2)
order by last_at desc limit $3 for update skip locked
"""
_CLAIM = """
insert into session.error_mails (sent_at) values ($1)
on conflict (is_only) do update set sent_at = excluded.sent_at where session.error_mails.sent_at <= $2
returning sent_at
"""
_TOLD = """
update session.errors e set told_at = $5, told_number = e.number
from unnest($1::text[], $2::text[], $3::integer[], $4::text[]) as t (interview, file, line, error)
where (e.interview, e.file, e.line, e.error) = (t.interview, t.file, t.line, t.error)
"""
_AGAIN = timedelta(days=1)
_MOST_LINES = 50
_KIND = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorMailRules:
    """Whom to tell, what of, and how often."""

    to: Sequence[str]
    """Addresses; none: nobody is told."""
    besides: Sequence[str] = ()
    """Classes of errors that nobody is told of."""
    pause: timedelta = timedelta(minutes=10)
    """Between two mails, whatever happens."""
    site: str = ""
    """What the installation is called in its mails."""


class ErrorMail:
    """Writes such mail. Any number of processes may look: one of them writes it."""

    def __init__(
        self,
        *,
        database: Database,
        outgoing: Outgoing,
        outbox: Outbox,
        envelopes: Envelopes,
        wake_relay: Callable[[], None],
        rules: ErrorMailRules,
        clock: Clock,
    ) -> None:
        self._database, self._outgoing, self._outbox, self._envelopes = database, outgoing, outbox, envelopes
        self._wake_relay, self._rules, self._clock = wake_relay, rules, clock

    async def look(self) -> int:
        """Write one mail to each address if there is something to tell; of how many lines. Raises what the database
        raises.
        """
        now, rules = self._clock.now(), self._rules
        async with self._database.transaction() as connection:
            due = await connection.fetch(_DUE, now - _AGAIN, list(rules.besides), _MOST_LINES)
            if not due or await connection.fetchval(_CLAIM, now, now - rules.pause) is None:
                return 0
            columns = [[row[name] for row in due] for name in ("interview", "file", "line", "error")]
            await connection.execute(_TOLD, *columns, now)
            for address in rules.to:
                letter = Letter(address, _subject(due, rules.site), _text(due))
                mail_id = await self._outgoing.add(connection, letter, kind=_KIND)
                await self._outbox.add(connection, [self._envelopes.wrap(SendMail(mail_id=mail_id))])
        self._wake_relay()
        log.info("errors.told", lines=len(due), recipients=len(rules.to))
        return len(due)


def _subject(due: Sequence[Row], site: str) -> str:
    where = f" of {site}" if site else ""
    return f"An error in interviews{where}" if len(due) == 1 else f"{len(due)} errors in interviews{where}"


def _text(due: Sequence[Row]) -> str:
    lines = "\n\n".join(_line(row) for row in due)
    more = "\n\nThere may be more: this mail has the newest." if len(due) == _MOST_LINES else ""
    return (
        f"Interviews have failed at these places:\n\n{lines}{more}\n\n"
        "What the errors say is not in this mail, because answers may be in it. The operations console and the log have"
        " the sessions. The same line is told again after a day at the earliest."
    )


def _line(row: Row) -> str:
    place = row["file"] or row["interview"]
    if row["line"]:
        place += f", line {row['line']}"
    interview = "" if row["interview"] in ("", row["file"]) else f"\n  in {row['interview']}"
    number = row["number"] - row["told_number"]
    times = "once" if number == 1 else f"{number} times"
    since = " since it was told last" if row["told_number"] else ""
    return f"{row['error']}\n  {place}{interview}\n  {times}{since}, last on {_moment(row['last_at'])}"


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
