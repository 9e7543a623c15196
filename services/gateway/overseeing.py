"""What the operations console shows, put together from the bus, the session service and the tables of shared rooms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from services.gateway.asking import Sessions
from services.gateway.task_desk import TaskDesk
from shared.bus.dead_letters import DeadLetters, KeptLetter
from shared.bus.port import Bus, QueueFigures
from shared.bus.topology import ACTIONS_INTAKE, PARTITIONS, partition_name
from shared.contracts.mail import INBOUND, OUTBOUND
from shared.contracts.operators import Oversee, Overview
from shared.contracts.scheduler import TIMERS
from shared.contracts.session import BULK, ENDED, INTERACTIVE
from shared.contracts.worker import TASKS, TASKS_LOW
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError
from shared.mailbox import received
from shared.storage.database import Database
from shared.tasks.overview import LineFigures, figures, hours

QUEUES: Mapping[str, str] = {
    INTERACTIVE: "what people wait for",
    ENDED: "ends of background tasks",
    BULK: "scheduled actions, timers, mail",
    TASKS: "background tasks",
    TASKS_LOW: "background tasks of low priority",
    TIMERS: "timers that are set and cancelled",
    OUTBOUND: "mail that is to go out",
    INBOUND: "mail and text messages that came through the gateway",
}
_OF_ACTIONS = (ACTIONS_INTAKE, *map(partition_name, range(PARTITIONS)))
_ACTIONS = f"{partition_name(0)} … {PARTITIONS - 1}"
_HOURS = 24
_MOST_QUARANTINED = 1000
_MAILS = """
select kind, state, count(*) as number, max(created_at) as newest from (
    select kind, state, created_at from mailbox.sendings where created_at > $1
    union all select kind, state, created_at from mailbox.outgoing where created_at > $1
    union all select 'received', case state when 'quarantined' then state else action end, received_at
        from mailbox.mails where received_at > $1
) as mails group by kind, state order by kind, state
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One column of a chart; heights from 0 to 100."""

    label: str
    number: int
    height: float
    failed: int = 0
    failed_height: float = 0.0


@dataclass(frozen=True, slots=True)
class Panorama:
    """Everything on the first page."""

    queues: Sequence[tuple[str, str, QueueFigures | None, float]]
    """Name, what it holds, how it stands, and its length beside the longest, from 0 to 100."""
    problem: str
    """Why queues or sessions cannot be told, for a person."""
    open_tasks: Sequence[LineFigures]
    tasks: Sequence[dict[str, Any]]
    by_hour: Sequence[Bar]
    sessions: Overview
    mails: Sequence[dict[str, Any]]
    quarantine: Sequence[dict[str, Any]]
    """Mail for sessions that waits for an operator, the oldest first: what of it is in clear."""
    dead: int


class Overseer:
    """Looks for administrators."""

    def __init__(self, *, database: Database, bus: Bus, sessions: Sessions, tasks: TaskDesk, clock: Clock) -> None:
        self._database, self._bus, self._sessions, self._tasks, self._clock = database, bus, sessions, tasks, clock
        self._letters = DeadLetters(database=database, clock=clock)

    async def panorama(self) -> Panorama:
        """The state of the installation; what cannot be asked is left out and said. Raises DatabaseUnavailable."""
        problems: list[str] = []
        found: Mapping[str, QueueFigures] = {}
        sessions = Overview()
        try:
            found = await self._bus.queues((*QUEUES, *_OF_ACTIONS))
            sessions = await self._sessions.request(Oversee(), Overview)
        except ColloquyError as error:
            problems.append(str(error))
        queues = [(name, text, found.get(name)) for name, text in QUEUES.items()]
        of_actions = [found[name] for name in _OF_ACTIONS if name in found]
        queues.append((_ACTIONS, "actions that other services ask for", _together(of_actions)))
        longest = max((each.ready for _, _, each in queues if each), default=0)
        mails = await self._database.fetch(_MAILS, self._clock.now() - timedelta(days=1))
        return Panorama(
            queues=[(name, text, each, _share(each.ready, longest) if each else 0.0) for name, text, each in queues],
            problem=" ".join(problems),
            open_tasks=await figures(self._database),
            tasks=await self._tasks.lines(state="open", limit=50),
            by_hour=await self._by_hour(),
            sessions=sessions,
            mails=[dict(row) for row in mails],
            quarantine=[dict(row) for row in await received.in_quarantine(self._database, limit=_MOST_QUARANTINED)],
            dead=await self._letters.count(),
        )

    async def _by_hour(self) -> Sequence[Bar]:
        """Tasks launched in each of the last hours, and how many of them failed."""
        now = self._clock.now()
        counted = {row.hour: row for row in await hours(self._database, since=now - timedelta(hours=_HOURS - 1))}
        first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=_HOURS - 1)
        moments = [first + timedelta(hours=number) for number in range(_HOURS)]
        most = max((row.launched for row in counted.values()), default=0)
        bars = []
        for moment in moments:
            row = counted.get(moment)
            launched, failed = (row.launched, row.failed) if row else (0, 0)
            label = f"{moment.astimezone(UTC):%H}:00"
            bars.append(Bar(label, launched, _share(launched, most), failed, _share(failed, most)))
        return bars

    async def of_interview(self, interview: str) -> Overview:
        """One interview: its figures, its newest sessions, its errors."""
        return await self._sessions.request(Oversee(interview=interview), Overview)

    async def letters(self, *, after: int = 0) -> Sequence[KeptLetter]:
        """A page of dead letters, the oldest first."""
        return await self._letters.list(after=after)

    async def replay(self, numbers: Sequence[int]) -> int:
        """Put letters back into their queues."""
        return await self._letters.replay(numbers)

    async def drop(self, numbers: Sequence[int]) -> int:
        """Forget letters for good."""
        return await self._letters.drop(numbers)


def _together(queues: Sequence[QueueFigures]) -> QueueFigures | None:
    """Several as one line: what waits in all, and the consumers of the one that has the fewest."""
    if not queues:
        return None
    return QueueFigures(min(each.consumers for each in queues), sum(each.ready for each in queues))


def told(moment: datetime | None) -> str:
    """A moment for people, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment else ""


def _share(number: int, most: int) -> float:
    return round(100 * number / most, 1) if most else 0.0
