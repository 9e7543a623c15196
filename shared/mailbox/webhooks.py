"""Webhooks: who is to be told of what, and what is still to be told. The only writer of `mailbox.webhooks` and
`mailbox.webhook_deliveries`.

A delivery is written in the transaction of what it tells of, and sent by the mail service. It holds ids, states and
times, never an answer. Bodies are signed as https://www.standardwebhooks.com says.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args

import orjson

from shared.contracts.base import Sealer
from shared.crypto.rotation import SealedColumn, at_rest
from shared.kernel.clock import Clock
from shared.kernel.errors import Malformed, NotFound
from shared.kernel.ids import new_id, random_bytes
from shared.storage.database import Row, Statements

if TYPE_CHECKING:
    import httpx

EventName = Literal["SessionChanged", "SessionDeleted", "TaskEnded", "ActionFinished", "MessageNotDelivered"]
EVENTS: tuple[EventName, ...] = get_args(EventName)

PAUSES_SECONDS = (5.0, 30.0, 120.0, 600.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
"""How long to wait after each attempt that failed; then it is given up."""
SECRET_PREFIX = "whsec_"  # noqa: S105 - how receivers' libraries know a secret

_LEASE_SECONDS = 60.0
_LONGEST_URL = 2000
_LONGEST_PATTERN = 200
_LAST_PORT = 65535
_MOST = 100

_ADD = """
insert into mailbox.webhooks (id, account_id, target_sealed, events, interview, created_at)
values ($1, $2, $3, $4, $5, $6)
"""
_LIST = """
select id, account_id, target_sealed, events, interview, created_at, off_reason from mailbox.webhooks
order by created_at
"""
_REMOVE = "delete from mailbox.webhooks where id = $1::uuid and ($2 = 0 or account_id = $2)"
_QUEUE = """
insert into mailbox.webhook_deliveries (id, webhook_id, event, body, due_at, created_at, changed_at)
select d.id::uuid, d.webhook_id::uuid, d.event, d.body, $5, $5, $5
from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as d (id, webhook_id, event, body)
join mailbox.webhooks w on w.id = d.webhook_id::uuid and w.off_reason is null
"""
_CLAIM = """
update mailbox.webhook_deliveries d set due_at = $2, attempts = d.attempts + 1
from (select id from mailbox.webhook_deliveries where due_at <= $1 order by due_at limit $3
      for update skip locked) as due,
     mailbox.webhooks w
where d.id = due.id and w.id = d.webhook_id
returning d.id, d.event, d.body, d.attempts, w.id as webhook_id, w.target_sealed, w.account_id,
          set_config('synchronous_commit', 'off', true)
"""  # what a crash of the server forgets of a claim is told twice, as it may be: nobody waits for the disk
_TURN_OFF = "update mailbox.webhooks set off_reason = $2 where id = $1::uuid and off_reason is null returning id"
_GIVE_UP = """
update mailbox.webhook_deliveries set state = 'failed', due_at = null, problem = $2, changed_at = $3
where webhook_id = $1::uuid and state = 'queued'
"""
_SENT = """
update mailbox.webhook_deliveries set state = 'sent', due_at = null, status = $2, problem = '', changed_at = $3
where id = $1::uuid
"""
_FAILED = """
update mailbox.webhook_deliveries
set state = case when $4::timestamptz is null then 'failed' else 'queued' end,
    due_at = $4, status = $2, problem = $3, changed_at = $5
where id = $1::uuid
"""
_LOG = """
select id, event, state, attempts, status, problem, created_at, changed_at, due_at
from mailbox.webhook_deliveries where webhook_id = $1::uuid order by created_at desc limit $2
"""
_TIDY = """
delete from mailbox.webhook_deliveries where id in (
    select id from mailbox.webhook_deliveries where due_at is null and changed_at < $1 order by changed_at limit $2
    for update skip locked)
"""
_BATCH = 1000


class UnknownWebhook(NotFound):
    """There is no such webhook."""


class BadWebhook(Malformed):
    """This is not how a webhook can be."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Somebody who is to be told."""

    id: str
    account_id: int
    url: str = field(repr=False)
    secret: str = field(repr=False)
    events: tuple[str, ...]
    interview: str
    created_at: datetime
    off_reason: str = ""
    """Why it is told nothing any more; empty: it is told."""

    def wants(self, event: EventName, interview: str) -> bool:
        """Whether this event of this interview is one of theirs."""
        return not self.off_reason and event in self.events and _fits(interview, self.interview)


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that is to be sent now."""

    id: str
    webhook_id: str
    event: str
    body: bytes = field(repr=False)
    attempts: int
    url: str = field(repr=False)
    secret: str = field(repr=False)
    account_id: int = 0
    """Of who has made the webhook."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A line of the log."""

    id: str
    event: str
    state: str
    attempts: int
    status: int | None
    problem: str
    created_at: datetime
    changed_at: datetime
    due_at: datetime | None


def target_of(url: str) -> httpx.URL:
    """An address as what sends to it reads it. Raises BadWebhook."""
    import httpx  # session services and workers write rows for webhooks, and read no address

    if not url.startswith(("https://", "http://")) or len(url) > _LONGEST_URL:
        raise BadWebhook(f"Its url starts with https:// or http:// and has at most {_LONGEST_URL} characters.")
    try:
        found = httpx.URL(url)
        host, port = found.host, found.port  # decodes the name of the host
    except (httpx.InvalidURL, ValueError) as error:
        raise BadWebhook("Its url cannot be read.") from error
    if not host or not 0 < (1 if port is None else port) <= _LAST_PORT:
        raise BadWebhook("Its url names a host, and a port from 1 to 65535 or none.")
    return found


class Webhooks:
    """The tables of webhooks."""

    def __init__(self, *, sealer: Sealer, clock: Clock) -> None:
        self._sealer, self._clock = sealer, clock

    async def add(
        self, statements: Statements, account_id: int, *, url: str, events: Sequence[str], interview: str
    ) -> Webhook:
        """A new one, with a new secret. Raises BadWebhook."""
        target_of(url)
        if len(interview) > _LONGEST_PATTERN or "\0" in interview:
            raise BadWebhook(
                f"Its interview is a name of at most {_LONGEST_PATTERN} characters, with * for any others."
            )
        if not events or not set(events) <= set(EVENTS):
            raise BadWebhook(f"Its events are some of {', '.join(EVENTS)}.")
        if len(await statements.fetch(_LIST)) >= _MOST:
            raise BadWebhook(f"There are {_MOST} already.")
        secret = SECRET_PREFIX + base64.b64encode(random_bytes(32)).decode()
        made = Webhook(
            new_id(), account_id, url, secret, tuple(dict.fromkeys(events)), interview or "*", self._clock.now()
        )
        sealed = self._sealer.seal(orjson.dumps([url, secret]), purpose=_purpose(made.id))
        await statements.execute(_ADD, made.id, account_id, sealed, list(made.events), made.interview, made.created_at)
        return made

    async def all(self, statements: Statements) -> list[Webhook]:
        """All of them."""
        return [self._webhook(row) for row in await statements.fetch(_LIST)]

    async def remove(self, statements: Statements, webhook_id: str, *, account_id: int = 0) -> None:
        """Tell them no more; of this account only, if one is given. Raises UnknownWebhook."""
        if await statements.execute(_REMOVE, webhook_id, account_id) != "DELETE 1":
            raise UnknownWebhook

    async def queue(
        self, statements: Statements, wanted_by: Sequence[str], event: EventName, data: dict[str, Any]
    ) -> None:
        """Something has happened: to be told to these, in the transaction that is open."""
        now = self._clock.now()
        ids = [new_id() for _ in wanted_by]
        bodies = [
            orjson.dumps({"id": one, "type": event, "timestamp": now.isoformat(), "data": data}).decode() for one in ids
        ]
        await statements.execute(_QUEUE, ids, list(wanted_by), [event] * len(ids), bodies, now)

    async def claim(self, statements: Statements, *, limit: int) -> list[Due]:
        """What is due, leased for a minute to whoever asks."""
        now = self._clock.now()
        rows = await statements.fetch(_CLAIM, now, now + timedelta(seconds=_LEASE_SECONDS), limit)
        found = []
        for row in rows:
            url, secret = self._opened(row["webhook_id"], row["target_sealed"])
            found.append(
                Due(
                    str(row["id"]),
                    str(row["webhook_id"]),
                    row["event"],
                    row["body"].encode(),
                    row["attempts"],
                    url,
                    secret,
                    row["account_id"],
                )
            )
        return found

    async def turn_off(self, statements: Statements, webhook_id: str, reason: str) -> bool:
        """Tell it nothing any more, what is queued included; whether it was on. The reason is shown to operators."""
        was_on = await statements.fetchval(_TURN_OFF, webhook_id, reason) is not None
        await statements.execute(_GIVE_UP, webhook_id, reason, self._clock.now())
        return was_on

    async def sent(self, statements: Statements, due: Due, status: int) -> None:
        """The receiver has it."""
        await statements.execute(_SENT, due.id, status, self._clock.now())

    async def failed(self, statements: Statements, due: Due, *, status: int | None, problem: str) -> bool:
        """The receiver has it not: it is tried again later, or given up. Whether it is tried again."""
        now = self._clock.now()
        again = PAUSES_SECONDS[due.attempts - 1] if due.attempts <= len(PAUSES_SECONDS) else None
        due_at = None if again is None else now + timedelta(seconds=again)
        await statements.execute(_FAILED, due.id, status, problem, due_at, now)
        return again is not None

    async def log(self, statements: Statements, webhook_id: str, *, limit: int = 100) -> list[Delivered]:
        """What became of its deliveries, newest first."""
        rows = await statements.fetch(_LOG, webhook_id, limit)
        return [Delivered(str(row[0]), *tuple(row)[1:]) for row in rows]

    async def tidy(self, statements: Statements, *, before: datetime) -> bool:
        """Forget some old lines of the log; whether more may be left."""
        return await statements.execute(_TIDY, before, _BATCH) == f"DELETE {_BATCH}"

    def _webhook(self, row: Row) -> Webhook:
        url, secret = self._opened(row["id"], row["target_sealed"])
        return Webhook(
            id=str(row["id"]),
            account_id=row["account_id"],
            url=url,
            secret=secret,
            events=tuple(row["events"]),
            interview=row["interview"],
            created_at=row["created_at"],
            off_reason=row["off_reason"] or "",
        )

    def _opened(self, webhook_id: object, sealed: bytes) -> tuple[str, str]:
        url, secret = orjson.loads(self._sealer.open(sealed, purpose=_purpose(str(webhook_id))))
        return str(url), str(secret)


def signature(secret: str, *, delivery_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def _purpose(webhook_id: str) -> str:
    return f"webhook {webhook_id}"


def _fits(name: str, pattern: str) -> bool:
    """Whether a name is this pattern, in which `*` stands for any characters. In one pass: it is asked at every commit
    of every session.
    """
    first, *others = pattern.split("*")
    if not others:
        return name == pattern
    *inner, last = others
    if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
        return False
    at, end = len(first), len(name) - len(last)
    for part in inner:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


SEALED = SealedColumn(
    table="mailbox.webhooks",
    column="target_sealed",
    key=("id",),
    seal_again=at_rest(lambda row: _purpose(str(row["id"]))),
)
