"""Put the session service together: which parts it needs, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.session.accounts import Accounts
from services.session.actions import ActionParts, ForeignActions
from services.session.announcing import Announcer
from services.session.attempt import TurnLimits
from services.session.background import TaskEndings
from services.session.checkins import CheckIns
from services.session.checkpoint import Checkpoint, Unwatched
from services.session.closed_mail import ClosedMail
from services.session.context import Surroundings
from services.session.departures import Departures
from services.session.effects import Effects
from services.session.error_mail import ErrorMail
from services.session.errors import ErrorBook
from services.session.file_work import FileWork
from services.session.files import FileDoor
from services.session.handlers import HANDLERS, OF_OTHER_SERVICES
from services.session.host import TurnHosts
from services.session.housekeeping import Housekeeping
from services.session.inactive import InactiveSessions
from services.session.inactive_people import InactivePeople
from services.session.interviews import InterviewCatalog
from services.session.keys import SessionKeys
from services.session.lock import SessionLockService
from services.session.mail_line import MailLine
from services.session.measures import TurnMeasures
from services.session.my_sessions import MySessions
from services.session.opened_for_mail import OpenedForMail
from services.session.overview import SessionOverview
from services.session.provenance import ProvenanceDesk
from services.session.publishers import Publishers
from services.session.reaching import Reaching
from services.session.run_desk import RunDesk
from services.session.schema import SCHEMA
from services.session.settings import SessionSettings
from services.session.sweeps import SweepParts, Sweeps
from services.session.task_ends import TaskEnds
from services.session.telling import Telling
from services.session.timer_troubles import TimerTroubles
from services.session.turn import Turns
from services.session.turn_news import TurnNews
from shared.bus.cloudevents import Codec
from shared.bus.dispatch import QueueSettings, consumers, in_partitions
from shared.bus.gauges import BusGauges
from shared.bus.messaging import over_rabbit
from shared.bus.outbox import Outbox, OutboxRelay
from shared.bus.port import Bus
from shared.bus.schema import SCHEMA as BUS
from shared.contracts.envelope import Envelopes
from shared.contracts.session import BULK, ENDED, INTERACTIVE
from shared.crypto.keys import ServerKeys
from shared.evaluation.pool import PoolSettings, ProcessPool
from shared.evaluation.port import Evaluator
from shared.evaluation.programs import programs_of
from shared.evaluation.run_mail import MailQueue
from shared.evaluation.run_mailbox import MailboxParts
from shared.evaluation.run_people import people_parts
from shared.evaluation.run_stores import StoreParts
from shared.files.housekeeping import FileHousekeeping
from shared.files.port import ContentStore
from shared.files.room import FileRoom, content_store
from shared.files.schema import SCHEMA as FILES
from shared.kernel.clock import Clock, SystemClock
from shared.kernel.interview_path import InterviewPath
from shared.kernel.now_and_then import NowAndThen
from shared.kernel.service import Check, Component, Service
from shared.kernel.telemetry import Metrics
from shared.mailbox.addresses import Addresses
from shared.mailbox.courier import courier_of
from shared.mailbox.outgoing import Outgoing
from shared.mailbox.schema import SCHEMA as MAILBOX
from shared.mailbox.webhooks import Webhooks
from shared.people.schema import SCHEMA as PEOPLE
from shared.storage.database import Database
from shared.storage.migrations import TablesCheck
from shared.storage.redis import Redis
from shared.stores.links import Links
from shared.stores.schema import SCHEMA as STORES
from shared.tasks.schema import SCHEMA as TASK_TABLES
from shared.tasks.store import Tasks

SOURCE = "session"
_LOOK_FOR_ERRORS_SECONDS = 5.0
_VISITS_PER_PROCESS = 4
"""How many sessions a sweep visits at once: one is evaluated while others are loaded, saved, or waited for."""


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
    metrics: Metrics = field(default_factory=Metrics)
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
    metrics = Metrics()
    database.report_to(metrics)
    messaging = over_rabbit(
        settings,
        database=database,
        sealer=server_keys.transport,
        clock=clock,
        source=SOURCE,
        metrics=metrics,
    )
    evaluator = ProcessPool(
        settings=PoolSettings(size=settings.interview_processes, max_idle=settings.interview_idle_processes),
        folders=settings.interview_path,
        config=settings.interview_config,
        programs=programs_of(settings),
    )
    evaluator.report_to(metrics, pool="interviews")
    tables = TablesCheck(database=database, folders=(SCHEMA, BUS, TASK_TABLES, PEOPLE, MAILBOX, FILES, STORES))
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
        metrics=metrics,
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
    ends = TaskEnds(redis=parts.redis, clock=clock)
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
    stores = StoreParts(database=database, sealer=parts.server_keys.at_rest, clock=clock)
    courier = courier_of(settings, database=database, server_keys=parts.server_keys, clock=clock)
    telling = Telling(
        database=database,
        webhooks=Webhooks(sealer=parts.server_keys.at_rest, clock=clock),
        bus=parts.bus,
        clock=clock,
    )
    addresses = Addresses(database=database, clock=clock)
    mine = MySessions(
        database=database,
        keys=session_keys,
        server_keys=parts.server_keys,
        effects=effects,
        ended=announcer.tell_end,
        telling=telling,
        clock=clock,
    )
    reaching = Reaching(mine=mine)
    error_book = ErrorBook(database=database, clock=clock)
    opened_for_mail = OpenedForMail()
    measures = TurnMeasures(parts.metrics)
    news = TurnNews(announcer=announcer, telling=telling, measures=measures)
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
            ends=ends,
            effects=effects,
            outbox=outbox,
            wake_relay=parts.relay.wake,
            files=files,
            links=Links(database=database, sealer=parts.server_keys.at_rest, clock=clock),
            people=people_parts(
                database=database,
                server_keys=parts.server_keys,
                outbox=outbox,
                envelopes=envelopes,
                clock=clock,
                password_memory_kib=settings.password_memory_kib,
            ),
            stores=stores,
            reaching=reaching,
            courier=courier,
            mail_queue=MailQueue(courier=courier, outbox=outbox, envelopes=envelopes) if courier.is_queued else None,
            mail_seconds=settings.interactive_limit_seconds / 2,  # the page is made in the same run
            mailbox=MailboxParts(
                database=database,
                courier=courier,
                addresses=addresses,
                files=files,
                clock=clock,
                domain=settings.mail_domain,
            ),
            sealer=parts.server_keys.at_rest,
            clock=clock,
        ),
        news=news,
        departures=Departures(
            database=database,
            server_keys=parts.server_keys,
            effects=effects,
            mine=mine,
            news=news,
            clock=clock,
            checkpoint=parts.checkpoint,
        ),
        mine=mine,
        surroundings=Surroundings(
            clock=clock,
            language=settings.default_language,
            timezone=settings.default_timezone,
            country=settings.default_country,
            locale=settings.default_locale,
            author_redis_url=settings.author_redis_url,
            author_databases=settings.author_databases,
            links_open_sessions=settings.links_open_sessions,
            notes_changes=settings.kept_changes_days > 0,
            config=settings.interview_config,
        ),
        clock=clock,
        checkpoint=parts.checkpoint,
        limits=TurnLimits(
            interactive_seconds=settings.interactive_limit_seconds,
            action_seconds=settings.action_limit_seconds,
        ),
        measures=measures,
        errors=error_book,
        opened_for_mail=opened_for_mail,
    )
    reaching.through(turns)
    housekeeping = Housekeeping(
        database=database,
        clock=clock,
        keeps_outcomes_seconds=settings.outcome_days * 86_400,
        keeps_actions_seconds=settings.kept_actions_days * 86_400,
        keeps_runs_seconds=settings.kept_runs_days * 86_400,
        keeps_changes_seconds=settings.kept_changes_days * 86_400,
        every_seconds=settings.housekeeping_seconds,
    )
    file_housekeeping = FileHousekeeping(
        database=database, store=parts.contents, clock=clock, every_seconds=settings.housekeeping_seconds
    )
    actions = ForeignActions(
        ActionParts(
            database=database,
            turns=turns,
            publishers=Publishers(clock=clock),
            outbox=outbox,
            envelopes=envelopes,
            wake_relay=parts.relay.wake,
            bus=parts.bus,
            telling=telling,
            sealer=parts.server_keys.at_rest,
            clock=clock,
            url_root=(settings.public_url or "http://localhost").rstrip("/") + "/",
        ),
        at_once=settings.action_lines,
    )
    inactive = InactiveSessions(
        database=database,
        effects=effects,
        outbox=outbox,
        envelopes=envelopes,
        ended=announcer.tell_end,
        patience=settings.patience,
        telling=telling,
        clock=clock,
    )
    accounts = Accounts(database=database, mine=mine, clock=clock)
    sweeps = Sweeps(
        SweepParts(
            database=database,
            turns=turns,
            evaluator=parts.evaluator,
            outbox=outbox,
            envelopes=envelopes,
            wake_relay=parts.relay.wake,
            sealer=parts.server_keys.at_rest,
            clock=clock,
            url_root=(settings.public_url or "http://localhost").rstrip("/") + "/",
            per_second=settings.sweep_per_second,
            at_once=_VISITS_PER_PROCESS * settings.interview_processes,
            inactive=inactive,
            inactive_people=InactivePeople(
                database=database, accounts=accounts, patience=settings.patience_with_people, clock=clock
            ),
            checkpoint=parts.checkpoint,
        )
    )
    mail_line = MailLine(
        database=database,
        turns=turns,
        tasks=tasks,
        evaluator=parts.evaluator,
        clock=clock,
        url_root=(settings.public_url or "http://localhost").rstrip("/") + "/",
    )
    error_mail = ErrorMail(
        database=database,
        outgoing=Outgoing(sealer=parts.server_keys.at_rest, clock=clock),
        outbox=outbox,
        envelopes=envelopes,
        wake_relay=parts.relay.wake,
        rules=settings.error_mail_rules,
        clock=clock,
    )
    telling_errors = [NowAndThen("tell errors", error_mail.look, every_seconds=_LOOK_FOR_ERRORS_SECONDS, clock=clock)]
    handled_by = {
        "mail_line": mail_line,
        "sweeps": sweeps,
        "timer_troubles": TimerTroubles(database=database, metrics=parts.metrics, clock=clock),
        "overview": SessionOverview(database=database, clock=clock),
        "provenance": ProvenanceDesk(
            database=database, keys=session_keys, turns=turns, sealer=parts.server_keys.at_rest, clock=clock
        ),
        "run_desk": RunDesk(database=database, sealer=parts.server_keys.at_rest),
        "actions": actions,
        "inactive": inactive,
        "accounts": accounts,
        "mine": mine,
        "stores": stores,
        "evaluator": parts.evaluator,
        "reaching": reaching,
        "turns": turns,
        "check_ins": CheckIns(database=database, turns=turns, clock=clock),
        "endings": TaskEndings(
            database=database,
            tasks=tasks,
            turns=turns,
            announcer=announcer,
            ends=ends,
            telling=telling,
            clock=clock,
            mail_line=mail_line,
            errors=error_book,
            measures=measures,
        ),
        "files": FileDoor(database=database, files=files.records, keys=session_keys),
        "file_work": FileWork(contents=files.contents, evaluator=parts.evaluator),
        "catalog": InterviewCatalog(path=parts.interviews, evaluator=parts.evaluator),
    }
    queues = {
        INTERACTIVE: QueueSettings(prefetch=settings.interactive_prefetch, priority=2, is_quorum=False),
        ENDED: QueueSettings(prefetch=settings.background_prefetch, priority=1),
        BULK: QueueSettings(prefetch=settings.background_prefetch),
    }
    for consumer in consumers(HANDLERS, parts=handled_by, queues=queues):
        parts.bus.consume(consumer)
    for consumer in in_partitions(OF_OTHER_SERVICES, parts=handled_by):
        parts.bus.consume(consumer)
    gauges = BusGauges(metrics=parts.metrics, database=database)
    counting = NowAndThen("count messages", gauges.look, every_seconds=settings.metrics_seconds, clock=clock)
    return Service(
        name=SOURCE,
        components=(
            *parts.own,
            counting,
            error_book,
            ClosedMail(opened=opened_for_mail, mail_line=mail_line, clock=clock),
            *(telling_errors if settings.error_mail_to else ()),
            lock,
            announcer,
            ends,
            telling,
            housekeeping,
            file_housekeeping,
            actions,
            courier.sendings,
            *parts.own_messaging,
        ),
        checks={
            "database": database.problem,
            "bus": parts.bus.problem,
            "outbox": parts.relay.problem,
            **parts.checks,
        },
    )
