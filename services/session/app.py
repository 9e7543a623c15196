"""Put the session service together: which parts it needs, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.session.announcing import Announcer
from services.session.background import TaskEndings
from services.session.checkins import CheckIns
from services.session.checkpoint import Checkpoint, Unwatched
from services.session.context import Surroundings
from services.session.effects import Effects
from services.session.files import FileDoor
from services.session.handlers import HANDLERS
from services.session.host import TurnHosts
from services.session.housekeeping import Housekeeping
from services.session.interviews import InterviewCatalog
from services.session.keys import SessionKeys
from services.session.lock import SessionLockService
from services.session.schema import SCHEMA
from services.session.settings import SessionSettings
from services.session.turn import TurnLimits, Turns
from shared.bus.cloudevents import Codec
from shared.bus.dispatch import QueueSettings, consumers
from shared.bus.messaging import over_rabbit
from shared.bus.outbox import Outbox, OutboxRelay
from shared.bus.port import Bus
from shared.bus.schema import SCHEMA as BUS
from shared.contracts.envelope import Envelopes
from shared.contracts.session import BULK, ENDED, INTERACTIVE
from shared.crypto.keys import ServerKeys
from shared.evaluation.pool import PoolSettings, ProcessPool
from shared.evaluation.port import Evaluator
from shared.files.housekeeping import FileHousekeeping
from shared.files.port import ContentStore
from shared.files.room import FileRoom, content_store
from shared.files.schema import SCHEMA as FILES
from shared.kernel.clock import Clock, SystemClock
from shared.kernel.interview_path import InterviewPath
from shared.kernel.service import Check, Component, Service
from shared.storage.database import Database
from shared.storage.migrations import TablesCheck
from shared.storage.redis import Redis
from shared.tasks.schema import SCHEMA as TASK_TABLES
from shared.tasks.store import Tasks

SOURCE = "session"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the session service stands on."""

    database: Database
    redis: Redis
    bus: Bus
    codec: Codec
    relay: OutboxRelay
    server_keys: ServerKeys
    evaluator: Evaluator
    interviews: InterviewPath
    contents: ContentStore
    clock: Clock = field(default_factory=SystemClock)
    checkpoint: Checkpoint = field(default_factory=Unwatched)
    own: Sequence[Component] = ()
    """Those that start before the service and stop after it; empty when somebody else looks after them."""
    own_messaging: Sequence[Component] = ()
    """Relay and bus, likewise: they start when the service can serve, and stop first."""
    checks: Mapping[str, Check] = field(default_factory=dict)
    """Readiness of parts that not everybody's parts have."""


def parts_from(settings: SessionSettings) -> Parts:
    """The parts of a process of its own, on PostgreSQL, Redis and RabbitMQ."""
    clock = SystemClock()
    database = Database(
        url=settings.database_url,
        maximum=settings.database_pool_size,
        application_name="colloquy session",
        wait_seconds=settings.start_wait_seconds,
    )
    redis = Redis(url=settings.redis_url, wait_seconds=settings.start_wait_seconds)
    server_keys = ServerKeys.load(settings.key_file)
    messaging = over_rabbit(
        settings,
        database=database,
        sealer=server_keys.transport,
        clock=clock,
        source=SOURCE,
    )
    evaluator = ProcessPool(
        settings=PoolSettings(size=settings.interview_processes, max_idle=settings.interview_idle_processes),
        folders=settings.interview_path,
    )
    tables = TablesCheck(database=database, folders=(SCHEMA, BUS, TASK_TABLES, FILES))
    return Parts(
        database=database,
        redis=redis,
        bus=messaging.bus,
        codec=messaging.codec,
        relay=messaging.relay,
        server_keys=server_keys,
        evaluator=evaluator,
        interviews=InterviewPath.of(settings.interview_path),
        contents=content_store(settings),
        clock=clock,
        own=(evaluator, database, tables, redis),
        own_messaging=tuple(messaging.components),
        checks={"interviews": evaluator.problem},
    )


def build(settings: SessionSettings, parts: Parts) -> Service:
    """The session service; works through its queues once it is started."""
    clock, database = parts.clock, parts.database
    envelopes = Envelopes(SOURCE, clock)
    tasks = Tasks(server_keys=parts.server_keys)
    outbox = Outbox(codec=parts.codec)
    announcer = Announcer(bus=parts.bus)
    lock = SessionLockService(
        redis=parts.redis,
        clock=clock,
        wait_seconds=settings.lock_wait_seconds,
        lease_seconds=settings.lock_lease_seconds,
    )
    files = FileRoom.of(
        database=database,
        store=parts.contents,
        server_keys=parts.server_keys,
        clock=clock,
        max_file_bytes=settings.max_file_bytes,
    )
    effects = Effects(
        tasks=tasks,
        files=files.records,
        outbox=outbox,
        envelopes=envelopes,
        wake_relay=parts.relay.wake,
        clock=clock,
    )
    session_keys = SessionKeys(server_keys=parts.server_keys)
    turns = Turns(
        database=database,
        lock=lock,
        evaluator=parts.evaluator,
        keys=session_keys,
        server_keys=parts.server_keys,
        effects=effects,
        hosts=TurnHosts(
            database=database,
            lock=lock,
            tasks=tasks,
            effects=effects,
            outbox=outbox,
            wake_relay=parts.relay.wake,
            files=files,
            sealer=parts.server_keys.at_rest,
            clock=clock,
        ),
        announcer=announcer,
        surroundings=Surroundings(
            clock=clock,
            language=settings.default_language,
            timezone=settings.default_timezone,
            country=settings.default_country,
            locale=settings.default_locale,
        ),
        clock=clock,
        checkpoint=parts.checkpoint,
        limits=TurnLimits(
            interactive_seconds=settings.interactive_limit_seconds, action_seconds=settings.action_limit_seconds
        ),
    )
    housekeeping = Housekeeping(
        database=database,
        clock=clock,
        keeps_outcomes_seconds=settings.outcome_days * 86_400,
        every_seconds=settings.housekeeping_seconds,
    )
    file_housekeeping = FileHousekeeping(
        database=database, store=parts.contents, clock=clock, every_seconds=settings.housekeeping_seconds
    )
    handled_by = {
        "turns": turns,
        "check_ins": CheckIns(database=database, turns=turns),
        "endings": TaskEndings(database=database, tasks=tasks, turns=turns, announcer=announcer, clock=clock),
        "files": FileDoor(database=database, files=files.records, keys=session_keys),
        "catalog": InterviewCatalog(path=parts.interviews, evaluator=parts.evaluator),
    }
    queues = {
        INTERACTIVE: QueueSettings(prefetch=settings.interactive_prefetch, priority=2, is_quorum=False),
        ENDED: QueueSettings(prefetch=settings.background_prefetch, priority=1),
        BULK: QueueSettings(prefetch=settings.background_prefetch),
    }
    for consumer in consumers(HANDLERS, parts=handled_by, queues=queues):
        parts.bus.consume(consumer)
    return Service(
        name=SOURCE,
        components=(*parts.own, lock, announcer, housekeeping, file_housekeeping, *parts.own_messaging),
        checks={
            "database": database.problem,
            "bus": parts.bus.problem,
            "outbox": parts.relay.problem,
            **parts.checks,
        },
    )
