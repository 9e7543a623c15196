"""Put the worker together: which parts it needs, and what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.bus.dispatch import QueueSettings, consumers
from shared.bus.messaging import over_rabbit
from shared.bus.outbox import Outbox, OutboxRelay
from shared.bus.port import Bus
from shared.bus.schema import SCHEMA as BUS
from shared.contracts.envelope import Envelopes
from shared.contracts.worker import TASKS, TASKS_LOW
from shared.crypto.keys import ServerKeys
from shared.evaluation.pool import PoolSettings, ProcessPool
from shared.evaluation.port import Evaluator
from shared.files.port import ContentStore
from shared.files.room import FileRoom, content_store
from shared.files.schema import SCHEMA as FILES
from shared.kernel.clock import Clock, SystemClock
from shared.kernel.ids import new_id
from shared.kernel.service import Check, Component, Service
from shared.storage.database import Database
from shared.storage.migrations import TablesCheck
from shared.tasks.leases import Leases
from shared.tasks.schema import SCHEMA as TASK_TABLES
from shared.tasks.snapshot import Snapshots
from shared.tasks.store import Tasks

from .checkpoint import Checkpoint, Unwatched
from .handlers import HANDLERS
from .overdue import OverdueTasks
from .runs import Runs
from .settings import WorkerSettings
from .task import Defaults, TaskRunner

SOURCE = "worker"
EVENTS_QUEUE = "worker.live"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the worker stands on."""

    bus: Bus
    database: Database
    keys: ServerKeys
    evaluator: Evaluator
    outbox: Outbox
    relay: OutboxRelay
    contents: ContentStore
    clock: Clock = field(default_factory=SystemClock)
    owner: str = field(default_factory=new_id)
    """Who holds the leases: another one for every process."""
    checkpoint: Checkpoint = field(default_factory=Unwatched)
    own: Sequence[Component] = ()
    """Those that start before the service and stop after it; empty when somebody else looks after them."""
    own_messaging: Sequence[Component] = ()
    """Relay and bus, likewise: they start when tasks can be run, and stop first."""
    checks: dict[str, Check] = field(default_factory=dict)


def build(settings: WorkerSettings, parts: Parts) -> Service:
    """The worker as a service."""
    tasks = Tasks(server_keys=parts.keys)
    leases = Leases(server_keys=parts.keys)
    envelopes = Envelopes(SOURCE, parts.clock)
    runner = TaskRunner(
        database=parts.database,
        leases=leases,
        tasks=tasks,
        snapshots=Snapshots(server_keys=parts.keys),
        evaluator=parts.evaluator,
        files=FileRoom.of(
            database=parts.database,
            store=parts.contents,
            server_keys=parts.keys,
            clock=parts.clock,
            max_file_bytes=settings.max_file_bytes,
        ),
        sealer=parts.keys.at_rest,
        outbox=parts.outbox,
        envelopes=envelopes,
        wake_relay=parts.relay.wake,
        clock=parts.clock,
        defaults=Defaults(
            language=settings.default_language,
            timezone=settings.default_timezone,
            country=settings.default_country,
            locale=settings.default_locale,
        ),
        limit_seconds=settings.task_limit_seconds,
        lease_seconds=settings.task_lease_seconds,
        checkpoint=parts.checkpoint,
    )
    runs = Runs(
        runner=runner,
        database=parts.database,
        leases=leases,
        tasks=tasks,
        outbox=parts.outbox,
        envelopes=envelopes,
        wake_relay=parts.relay.wake,
        clock=parts.clock,
        owner=parts.owner,
        concurrency=settings.worker_concurrency,
        low_concurrency=min(settings.worker_low_concurrency, settings.worker_concurrency),
        lease_seconds=settings.task_lease_seconds,
        patience_seconds=settings.task_patience_seconds,
        drain_seconds=settings.worker_drain_seconds,
    )
    overdue = OverdueTasks(
        database=parts.database,
        leases=leases,
        outbox=parts.outbox,
        envelopes=envelopes,
        wake_relay=parts.relay.wake,
        clock=parts.clock,
        in_hand=runs.in_hand,
        every_seconds=settings.overdue_seconds,
    )
    queues = {
        # One message more than there is room for: it is claimed the moment a task ends.
        TASKS: QueueSettings(prefetch=settings.worker_concurrency + 1),
        TASKS_LOW: QueueSettings(prefetch=settings.worker_low_concurrency),
    }
    for consumer in consumers(HANDLERS, parts={"runs": runs}, queues=queues, event_queue=EVENTS_QUEUE):
        parts.bus.consume(consumer)
    return Service(
        name=SOURCE,
        components=(*parts.own, runs, overdue, *parts.own_messaging),
        checks={"database": parts.database.problem, "bus": parts.bus.problem, **parts.checks},
    )


def parts_from(settings: WorkerSettings) -> Parts:
    """The parts of a worker in a process of its own, on RabbitMQ."""
    clock = SystemClock()
    database = Database(
        url=settings.database_url,
        maximum=settings.database_pool_size,
        application_name="colloquy worker",
        wait_seconds=settings.start_wait_seconds,
    )
    keys = ServerKeys.load(settings.key_file)
    messaging = over_rabbit(settings, database=database, sealer=keys.transport, clock=clock, source=SOURCE)
    pool = ProcessPool(
        settings=PoolSettings(size=settings.worker_processes, max_idle=settings.interview_idle_processes),
        folders=settings.interview_path,
    )
    tables = TablesCheck(database=database, folders=(BUS, TASK_TABLES, FILES))
    return Parts(
        bus=messaging.bus,
        database=database,
        keys=keys,
        evaluator=pool,
        outbox=messaging.outbox,
        relay=messaging.relay,
        contents=content_store(settings),
        clock=clock,
        own=(pool, database, tables),
        own_messaging=tuple(messaging.components),
        checks={"outbox": messaging.relay.problem, "interviews": pool.problem},
    )
