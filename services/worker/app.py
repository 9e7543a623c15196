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
from shared.evaluation.hardening import ResourceLimits
from shared.evaluation.pool import PoolSettings, ProcessPool
from shared.evaluation.port import Evaluator
from shared.evaluation.programs import programs_of
from shared.evaluation.run_mail import MailQueue
from shared.evaluation.run_mailbox import MailboxParts
from shared.evaluation.run_people import people_parts
from shared.evaluation.run_stores import StoreParts
from shared.files.port import ContentStore
from shared.files.room import FileRoom, content_store
from shared.files.schema import SCHEMA as FILES
from shared.kernel.clock import Clock, SystemClock
from shared.kernel.ids import new_id
from shared.kernel.service import Check, Component, Service
from shared.kernel.telemetry import Metrics
from shared.mailbox.addresses import Addresses
from shared.mailbox.courier import courier_of
from shared.mailbox.schema import SCHEMA as MAILBOX
from shared.people.schema import SCHEMA as PEOPLE
from shared.storage.database import Database
from shared.storage.migrations import TablesCheck
from shared.stores.links import Links
from shared.stores.schema import SCHEMA as STORES
from shared.tasks.leases import Leases
from shared.tasks.schema import SCHEMA as TASK_TABLES
from shared.tasks.snapshot import Snapshots
from shared.tasks.store import Tasks

from .checkpoint import Checkpoint, Unwatched
from .gauges import TaskGauges
from .handlers import HANDLERS
from .ledger import Ledger
from .measures import TaskMeasures
from .overdue import OverdueTasks
from .progress import ProgressDesk
from .room import Room
from .runs import Draining, Runs
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
    metrics: Metrics = field(default_factory=Metrics)
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
    courier = courier_of(settings, database=parts.database, server_keys=parts.keys, clock=parts.clock)
    files = FileRoom.of(
        database=parts.database,
        store=parts.contents,
        server_keys=parts.keys,
        clock=parts.clock,
        max_file_bytes=settings.max_file_bytes,
    )
    room = Room(
        size=settings.worker_concurrency,
        low=settings.low_concurrency,
        for_session=settings.worker_session_concurrency or max(1, settings.worker_concurrency - 1),
        for_interview=settings.worker_interview_concurrency or settings.worker_concurrency,
    )
    runner = TaskRunner(
        database=parts.database,
        leases=leases,
        tasks=tasks,
        snapshots=Snapshots(server_keys=parts.keys),
        evaluator=parts.evaluator,
        files=files,
        sealer=parts.keys.at_rest,
        links=Links(database=parts.database, sealer=parts.keys.at_rest, clock=parts.clock),
        bus=parts.bus,
        stores=StoreParts(database=parts.database, sealer=parts.keys.at_rest, clock=parts.clock),
        courier=courier,
        mail_queue=MailQueue(courier=courier, outbox=parts.outbox, envelopes=envelopes) if courier.is_queued else None,
        mailbox=MailboxParts(
            database=parts.database,
            courier=courier,
            addresses=Addresses(database=parts.database, clock=parts.clock),
            files=files,
            clock=parts.clock,
            domain=settings.mail_domain,
        ),
        people=people_parts(
            database=parts.database,
            server_keys=parts.keys,
            outbox=parts.outbox,
            envelopes=envelopes,
            clock=parts.clock,
            password_memory_kib=settings.password_memory_kib,
        ),
        progress=ProgressDesk(database=parts.database, leases=leases, bus=parts.bus, clock=parts.clock),
        ledger=Ledger(
            database=parts.database,
            leases=leases,
            outbox=parts.outbox,
            envelopes=envelopes,
            wake_relay=parts.relay.wake,
            lease_seconds=settings.task_lease_seconds,
            room=room,
        ),
        outbox=parts.outbox,
        envelopes=envelopes,
        wake_relay=parts.relay.wake,
        clock=parts.clock,
        defaults=Defaults(
            language=settings.default_language,
            timezone=settings.default_timezone,
            country=settings.default_country,
            locale=settings.default_locale,
            author_redis_url=settings.author_redis_url,
            author_databases=settings.author_databases,
            config=settings.interview_config,
        ),
        limit_seconds=settings.task_limit_seconds,
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
        room=room,
        lease_seconds=settings.task_lease_seconds,
        patience_seconds=settings.task_patience_seconds,
        look_seconds=settings.overdue_seconds,
        drain_seconds=settings.worker_drain_seconds,
        priorities=settings.priorities,
        measures=TaskMeasures(parts.metrics),
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
    gauges = TaskGauges(
        metrics=parts.metrics,
        database=parts.database,
        room=room,
        clock=parts.clock,
        every_seconds=settings.metrics_seconds,
    )
    queues = {
        # Few: a worker without room must not keep doorbells from those that have some. Whoever has work goes on to
        # the next task without being rung for.
        TASKS: QueueSettings(prefetch=2),
        TASKS_LOW: QueueSettings(prefetch=1),
    }
    others = {"all": "", "normal": TASKS_LOW, "low": TASKS}[settings.worker_queues]
    for consumer in consumers(HANDLERS, parts={"runs": runs}, queues=queues, event_queue=EVENTS_QUEUE):
        if consumer.queue != others:
            parts.bus.consume(consumer)
    return Service(
        name=SOURCE,
        components=(*parts.own, courier.sendings, runs, overdue, gauges, *parts.own_messaging, Draining(runs)),
        checks={"database": parts.database.problem, "bus": parts.bus.problem, **parts.checks},
    )


def pool_settings(settings: WorkerSettings) -> PoolSettings:
    """How the processes are that run tasks."""
    return PoolSettings(
        size=settings.worker_processes,
        max_idle=settings.interview_idle_processes,
        resources=ResourceLimits(memory_bytes=settings.task_memory_bytes),
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
    metrics = Metrics()
    database.report_to(metrics)
    messaging = over_rabbit(
        settings, database=database, sealer=keys.transport, clock=clock, source=SOURCE, metrics=metrics
    )
    pool = ProcessPool(
        settings=pool_settings(settings),
        folders=settings.interview_path,
        config=settings.interview_config,
        programs=programs_of(settings),
    )
    pool.report_to(metrics, pool="tasks")
    tables = TablesCheck(database=database, folders=(BUS, TASK_TABLES, PEOPLE, MAILBOX, FILES, STORES))
    return Parts(
        bus=messaging.bus,
        database=database,
        keys=keys,
        evaluator=pool,
        outbox=messaging.outbox,
        relay=messaging.relay,
        contents=content_store(settings),
        clock=clock,
        metrics=metrics,
        own=(pool, database, tables),
        own_messaging=tuple(messaging.components),
        checks={"outbox": messaging.relay.problem, "interviews": pool.problem},
    )
