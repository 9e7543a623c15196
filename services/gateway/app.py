"""Put the gateway together: which parts it needs, and what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.gateway.asking import Sessions
from services.gateway.browser_sessions import Browsers
from services.gateway.desk import Desk
from services.gateway.foreign_links import AskFirst
from services.gateway.handlers import HANDLERS
from services.gateway.housekeeping import Housekeeping
from services.gateway.live import Hub
from services.gateway.notices import NoticePages
from services.gateway.pages import Pages
from services.gateway.rates import TokenBuckets
from services.gateway.rendering import environment, static_version
from services.gateway.schema import SCHEMA
from services.gateway.security import RateLimit, RequestKind
from services.gateway.server import HttpServer
from services.gateway.settings import GatewaySettings
from services.gateway.start import StartPage
from services.gateway.store import BrowserStore
from services.gateway.tokens import PageTokens
from services.gateway.uploads import UploadReader
from services.gateway.web import application
from shared.bus.dispatch import consumers
from shared.bus.messaging import over_rabbit
from shared.bus.port import Bus
from shared.bus.schema import SCHEMA as BUS
from shared.crypto.keys import ServerKeys
from shared.files.port import ContentStore
from shared.files.room import FileRoom, content_store
from shared.files.schema import SCHEMA as FILES
from shared.kernel.clock import Clock, SystemClock
from shared.kernel.interview_path import InterviewPath
from shared.kernel.service import Component, Service
from shared.kernel.telemetry import Metrics
from shared.storage.database import Database
from shared.storage.migrations import TablesCheck

SOURCE = "gateway"
_ANSWER_SECONDS = 10.0
"""How long the database may be silent; every statement of ours is short."""
EVENTS_QUEUE = "gateway.live"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the gateway stands on."""

    bus: Bus
    database: Database
    server_keys: ServerKeys
    interviews: InterviewPath
    contents: ContentStore
    clock: Clock = field(default_factory=SystemClock)
    metrics: Metrics = field(default_factory=Metrics)
    rates: RateLimit | None = None
    """None: by the settings, each process for itself."""
    abilities: frozenset[str] = frozenset({"background"})
    """Which `needs` of interviews this installation can meet."""
    neighbours: Sequence[Service] = ()
    """Services in the same process: they count for `/health/ready`."""
    own: Sequence[Component] = ()
    """Those that start before the service and stop after it; empty when somebody else looks after them."""


def parts_from(settings: GatewaySettings) -> Parts:
    """The parts of a process of its own, on PostgreSQL and RabbitMQ."""
    clock = SystemClock()
    database = Database(
        url=settings.database_url,
        maximum=settings.database_pool_size,
        application_name="colloquy gateway",
        wait_seconds=settings.start_wait_seconds,
        answer_seconds=_ANSWER_SECONDS,
    )
    server_keys = ServerKeys.load(settings.key_file)
    messaging = over_rabbit(settings, database=database, sealer=server_keys.transport, clock=clock, source=SOURCE)
    tables = TablesCheck(database=database, folders=(SCHEMA, BUS, FILES))
    return Parts(
        bus=messaging.bus,
        database=database,
        server_keys=server_keys,
        interviews=InterviewPath.of(settings.interview_path),
        contents=content_store(settings),
        clock=clock,
        own=(database, tables, messaging.bus),
    )


def build(settings: GatewaySettings, parts: Parts) -> Service:
    """The gateway as a service; listens once it is started."""
    version = static_version()
    templates = environment(static=f"/static/{version}")
    tokens = PageTokens(signer=parts.server_keys.signer)
    sessions = Sessions(bus=parts.bus, timeout_seconds=settings.request_timeout_seconds)
    store = BrowserStore(database=parts.database)
    hub = Hub(max_per_session=settings.max_sockets_per_session)
    files = FileRoom.of(
        database=parts.database,
        store=parts.contents,
        server_keys=parts.server_keys,
        clock=parts.clock,
        max_file_bytes=settings.max_file_bytes,
    )
    desk = Desk(
        settings=settings,
        sessions=sessions,
        browsers=Browsers(
            store=store,
            signer=parts.server_keys.signer,
            sealer=parts.server_keys.at_rest,
            clock=parts.clock,
            is_secure=settings.is_secure,
        ),
        tokens=tokens,
        pages=Pages(templates=templates, tokens=tokens, check_in_seconds=settings.check_in_seconds),
        notices=NoticePages(templates=templates),
        start=StartPage(templates=templates, abilities=parts.abilities),
        ask_first=AskFirst(templates=templates, tokens=tokens),
        uploads=UploadReader(room=files, max_fields=settings.max_fields, max_text_bytes=settings.max_body_bytes),
        files=files,
        file_links=parts.server_keys.at_rest,
        clock=parts.clock,
        hub=hub,
        interviews=parts.interviews,
        rates=parts.rates or _limits(settings, parts.clock),
        metrics=parts.metrics,
        static_version=version,
        services=lambda: (service, *parts.neighbours),
    )
    for consumer in consumers(HANDLERS, parts={"hub": hub}, event_queue=EVENTS_QUEUE):
        parts.bus.consume(consumer)
    server = HttpServer(
        app=application(desk),
        host=settings.host,
        port=settings.port,
        trusted_proxies=settings.trusted_proxies,
        drain_seconds=settings.drain_seconds,
        head_seconds=settings.receive_seconds,
        max_connections=settings.max_connections,
    )
    housekeeping = Housekeeping(
        store=store,
        clock=parts.clock,
        kept_days=settings.browser_sessions_kept_days,
        every_seconds=settings.housekeeping_seconds,
    )
    service = Service(
        name=SOURCE,
        components=(*parts.own, housekeeping, server),
        checks={"database": parts.database.problem, "bus": parts.bus.problem, "session": sessions.problem},
    )
    return service


def _limits(settings: GatewaySettings, clock: Clock) -> RateLimit:
    per_minute: dict[RequestKind, int] = {"open": settings.opens_per_minute, "post": settings.posts_per_minute}
    return TokenBuckets(per_minute=per_minute, clock=clock)
