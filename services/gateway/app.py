"""Put the gateway together: which parts it needs, and what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

import jinja2
import structlog

from services.gateway.account_pages import AccountPages
from services.gateway.asking import Sessions
from services.gateway.browser_sessions import Browsers
from services.gateway.desk import Desk
from services.gateway.feed import Feed
from services.gateway.foreign_links import AskFirst
from services.gateway.front_door import FrontDoor
from services.gateway.handlers import HANDLERS
from services.gateway.housekeeping import Housekeeping
from services.gateway.kept_forms import KeptForms
from services.gateway.letter_box import LetterBox
from services.gateway.letters import Letters
from services.gateway.live import Hub
from services.gateway.notices import NoticePages
from services.gateway.openid import OpenIdProvider
from services.gateway.overseeing import Overseer
from services.gateway.pages import Pages
from services.gateway.parked import ParkedAnswers
from services.gateway.peers import host_of
from services.gateway.people import People
from services.gateway.quarantine import Quarantine
from services.gateway.rates import TokenBuckets
from services.gateway.rendering import environment, static_version
from services.gateway.repeats import Repeats
from services.gateway.schema import SCHEMA
from services.gateway.security import RateLimit, RequestKind
from services.gateway.server import HttpServer
from services.gateway.settings import GatewaySettings
from services.gateway.sign_in_links import SignInLinks
from services.gateway.start import StartPage
from services.gateway.store import BrowserStore
from services.gateway.task_desk import TaskDesk
from services.gateway.tokens import PageTokens
from services.gateway.uploads import UploadReader
from services.gateway.web import application
from shared.bus.cloudevents import Codec
from shared.bus.dispatch import consumers
from shared.bus.messaging import over_rabbit
from shared.bus.outbox import Outbox, OutboxRelay
from shared.bus.port import Bus
from shared.bus.schema import SCHEMA as BUS
from shared.contracts.catalog import message_types
from shared.contracts.envelope import Envelopes
from shared.contracts.events import WebhooksDue
from shared.crypto.keys import ServerKeys
from shared.crypto.passwords import Cost
from shared.files.port import ContentStore
from shared.files.room import FileRoom, content_store
from shared.files.schema import SCHEMA as FILES
from shared.kernel.clock import Clock, SystemClock
from shared.kernel.errors import ColloquyError
from shared.kernel.interview_path import InterviewPath
from shared.kernel.service import Component, Service
from shared.kernel.telemetry import Metrics
from shared.mailbox import sendings
from shared.mailbox.courier import texts_if_any
from shared.mailbox.deliveries import Deliveries
from shared.mailbox.opt_outs import OptOuts
from shared.mailbox.outgoing import Outgoing
from shared.mailbox.schema import SCHEMA as MAILBOX
from shared.mailbox.webhooks import Webhooks
from shared.people.api_keys import ApiKeys
from shared.people.attempts import Attempts, Limits
from shared.people.directory import Directory
from shared.people.links import Links as AccountLinks
from shared.people.schema import SCHEMA as PEOPLE
from shared.people.second_factor import SecondFactor
from shared.people.sign_in import SignIn
from shared.people.store import by_id, drop_old
from shared.storage.database import Database
from shared.storage.migrations import TablesCheck
from shared.stores.links import Links
from shared.stores.schema import SCHEMA as STORES
from shared.stores.store import tidy_stashes

log = structlog.get_logger()

SOURCE = "gateway"
_ANSWER_SECONDS = 10.0
"""How long the database may be silent; every statement of ours is short."""
_DEVICES_KEPT = timedelta(days=400)
_ATTEMPTS_KEPT = timedelta(days=2)
_LETTERS_KEPT = timedelta(days=30)
EVENTS_QUEUE = "gateway.live"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the gateway stands on."""

    bus: Bus
    database: Database
    server_keys: ServerKeys
    interviews: InterviewPath
    contents: ContentStore
    outbox: Outbox
    relay: OutboxRelay
    clock: Clock = field(default_factory=SystemClock)
    metrics: Metrics = field(default_factory=Metrics)
    rates: RateLimit | None = None
    """None: by the settings, each process for itself."""
    abilities: frozenset[str] = frozenset(
        {"mail", "background", "accounts", "actions", "files", "scheduler", "stores", "incoming mail"}
    )
    """Which `needs` of interviews this installation can meet."""
    letter_box: LetterBox | None = None
    """Shows mail that there is no server for; only where one person runs everything on one machine."""
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
    metrics = Metrics()
    database.report_to(metrics)
    messaging = over_rabbit(
        settings, database=database, sealer=server_keys.transport, clock=clock, source=SOURCE, metrics=metrics
    )
    tables = TablesCheck(database=database, folders=(SCHEMA, BUS, FILES, STORES, PEOPLE, MAILBOX))
    return Parts(
        bus=messaging.bus,
        database=database,
        server_keys=server_keys,
        interviews=InterviewPath.of(settings.interview_path),
        contents=content_store(settings),
        outbox=messaging.outbox,
        relay=messaging.relay,
        clock=clock,
        metrics=metrics,
        own=(database, tables, messaging.relay, messaging.bus),
    )


def build(settings: GatewaySettings, parts: Parts) -> Service:
    """The gateway as a service; listens once it is started."""
    version = static_version()
    templates = environment(static=f"/static/{version}")
    tokens = PageTokens(signer=parts.server_keys.signer)
    sessions = Sessions(bus=parts.bus, timeout_seconds=settings.request_timeout_seconds)
    store = BrowserStore(database=parts.database)
    feed = Feed()
    hub = Hub(max_per_session=settings.max_sockets_per_session)
    files = FileRoom.of(
        database=parts.database,
        store=parts.contents,
        server_keys=parts.server_keys,
        clock=parts.clock,
        max_file_bytes=settings.max_file_bytes,
    )
    links = Links(database=parts.database, sealer=parts.server_keys.at_rest, clock=parts.clock)
    parked = ParkedAnswers(database=parts.database, sealer=parts.server_keys.at_rest, clock=parts.clock)
    kept_forms = KeptForms(database=parts.database, clock=parts.clock)
    repeats = Repeats(
        database=parts.database,
        sealer=parts.server_keys.at_rest,
        signer=parts.server_keys.signer,
        clock=parts.clock,
    )
    outbox = Outbox(codec=Codec(types=message_types(), sealer=parts.server_keys.transport))
    envelopes = Envelopes(SOURCE, parts.clock)
    tasks = TaskDesk(database=parts.database, outbox=outbox, envelopes=envelopes, clock=parts.clock)
    desk = Desk(
        settings=settings,
        sessions=sessions,
        people=_people(settings, parts, templates, tokens),
        browsers=Browsers(
            store=store,
            signer=parts.server_keys.signer,
            sealer=parts.server_keys.at_rest,
            clock=parts.clock,
            is_secure=settings.is_secure,
            accounts=lambda account_id: by_id(parts.database, account_id),
        ),
        tokens=tokens,
        pages=Pages(templates=templates, tokens=tokens, check_in_seconds=settings.check_in_seconds),
        notices=NoticePages(templates=templates),
        front_door=FrontDoor.of(settings.interview_config),
        start=StartPage(templates=templates, abilities=parts.abilities),
        ask_first=AskFirst(templates=templates, tokens=tokens),
        uploads=UploadReader(room=files, max_fields=settings.max_fields, max_text_bytes=settings.max_body_bytes),
        files=files,
        file_links=parts.server_keys.at_rest,
        links=links,
        sign_in_links=SignInLinks(database=parts.database, sealer=parts.server_keys.at_rest, clock=parts.clock),
        parked=parked,
        kept_forms=kept_forms,
        clock=parts.clock,
        hub=hub,
        interviews=parts.interviews,
        rates=parts.rates or _limits(settings, parts.clock),
        metrics=parts.metrics,
        tasks=tasks,
        overseer=Overseer(database=parts.database, bus=parts.bus, sessions=sessions, tasks=tasks, clock=parts.clock),
        quarantine=Quarantine(database=parts.database, outbox=outbox, envelopes=envelopes, clock=parts.clock),
        api_keys=ApiKeys(clock=parts.clock),
        repeats=repeats,
        feed=feed,
        webhooks=Webhooks(sealer=parts.server_keys.at_rest, clock=parts.clock),
        deliveries=Deliveries(
            database=parts.database,
            webhooks=Webhooks(sealer=parts.server_keys.at_rest, clock=parts.clock),
            ring=partial(_ring_for_webhooks, parts.bus),
        ),
        texts=texts_if_any(settings),
        letter_box=parts.letter_box,
        opt_outs=OptOuts(database=parts.database, sealer=parts.server_keys.at_rest, clock=parts.clock),
        templates=templates,
        static_version=version,
        services=lambda: (service, *parts.neighbours),
    )

    def on_gap() -> None:
        hub.look_all()
        feed.gap()

    for consumer in consumers(HANDLERS, parts={"hub": hub, "feed": feed}, event_queue=EVENTS_QUEUE):
        parts.bus.consume(replace(consumer, on_gap=on_gap))
    server = HttpServer(
        app=application(desk),
        host=settings.host,
        port=settings.port,
        trusted_proxies=settings.trusted_proxies,
        drain_seconds=settings.drain_seconds,
        leave_seconds=settings.leave_seconds,
        on_closing=feed.gap,
        head_seconds=settings.receive_seconds,
        max_connections=settings.max_connections,
    )
    housekeeping = Housekeeping(
        store=store,
        clock=parts.clock,
        kept_days=settings.browser_sessions_kept_days,
        every_seconds=settings.housekeeping_seconds,
        also=(
            links.tidy,
            parked.tidy,
            kept_forms.tidy,
            desk.people.tidy,
            repeats.tidy,
            lambda: tidy_stashes(parts.database, parts.clock.now()),
        ),
    )
    service = Service(
        name=SOURCE,
        components=(*parts.own, housekeeping, server),
        checks={"database": parts.database.problem, "bus": parts.bus.problem, "session": sessions.problem},
    )
    return service


def _people(settings: GatewaySettings, parts: Parts, templates: jinja2.Environment, tokens: PageTokens) -> People:
    clock, keys = parts.clock, parts.server_keys
    cost = Cost(memory_kib=settings.password_memory_kib)
    directory = Directory(database=parts.database, server_keys=keys, clock=clock, cost=cost)
    attempts = Attempts(
        limits=Limits(
            per_account_and_address=settings.sign_in_attempts,
            per_address=10 * settings.sign_in_attempts,
            per_account=10 * settings.sign_in_attempts,
            window_seconds=settings.sign_in_window_seconds,
            ban_seconds=settings.sign_in_ban_seconds,
        ),
        clock=clock,
    )
    second_factor = SecondFactor(server_keys=keys, clock=clock)
    outgoing = Outgoing(sealer=keys.at_rest, clock=clock)
    letters = Letters(
        outgoing=outgoing,
        outbox=parts.outbox,
        envelopes=Envelopes(SOURCE, clock),
        wake_relay=parts.relay.wake,
        site=host_of(settings.public_url) or "Colloquy",
    )
    return People(
        directory=directory,
        sign_in=SignIn(directory=directory, attempts=attempts, second_factor=second_factor, clock=clock),
        attempts=attempts,
        links=AccountLinks(server_keys=keys, clock=clock),
        second_factor=second_factor,
        letters=letters,
        pages=AccountPages(templates=templates, tokens=tokens),
        confirms_addresses=settings.confirms_addresses,
        may_register=settings.registration,
        shortest_password=settings.shortest_password,
        tidy=lambda: _tidy_people(parts.database, outgoing, clock),
        provider=_provider(settings, clock),
        provider_label=settings.oidc_label if settings.oidc_issuer else "",
    )


async def _tidy_people(database: Database, outgoing: Outgoing, clock: Clock) -> bool:
    """Forget links, attempts and devices that mean nothing any more, and old letters; whether more may be left."""
    now = clock.now()
    await drop_old(database, now=now, devices_before=now - _DEVICES_KEPT, attempts_before=now - _ATTEMPTS_KEPT)
    has_more = await sendings.tidy(database, before=now - _LETTERS_KEPT)
    return await outgoing.tidy(database, before=now - _LETTERS_KEPT) or has_more


def _provider(settings: GatewaySettings, clock: Clock) -> OpenIdProvider | None:
    if not settings.oidc_issuer:
        return None
    return OpenIdProvider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        clock=clock,
    )


async def _ring_for_webhooks(bus: Bus) -> None:
    """Wake who sends webhooks; without it they look every few seconds."""
    try:
        await bus.announce(WebhooksDue())
    except ColloquyError as error:
        log.info("webhooks.not_announced", reason=str(error))


def _limits(settings: GatewaySettings, clock: Clock) -> RateLimit:
    per_minute: dict[RequestKind, int] = {
        "open": settings.opens_per_minute,
        "post": settings.posts_per_minute,
        "api": settings.api_calls_per_minute,
    }
    return TokenBuckets(per_minute=per_minute, clock=clock)
