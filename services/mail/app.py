"""Put the mail service together: which parts it needs, and what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from services.mail.bounces import Bounces
from services.mail.fetching_media import MediaFetcher
from services.mail.handlers import HANDLERS
from services.mail.housekeeping import MailHousekeeping
from services.mail.inbound import Inbound
from services.mail.media_source import MediaSource
from services.mail.peers import Peers
from services.mail.receiving import Limits, Receiver
from services.mail.schema import SCHEMA
from services.mail.sending import Sending
from services.mail.settings import MailSettings
from services.mail.smtp import SmtpDoor
from services.mail.taking_texts import TakingTexts
from services.mail.verdicts import judge_of
from services.mail.webhooks import WebhookSender
from shared.bus.dispatch import consumers
from shared.bus.messaging import over_rabbit
from shared.bus.outbox import Outbox, OutboxRelay
from shared.bus.port import Bus
from shared.bus.schema import SCHEMA as BUS
from shared.contracts.envelope import Envelopes
from shared.crypto.keys import ServerKeys
from shared.files.port import ContentStore
from shared.files.room import FileRoom, content_store
from shared.files.schema import SCHEMA as FILES
from shared.kernel.clock import Clock, SystemClock
from shared.kernel.now_and_then import NowAndThen
from shared.kernel.service import Component, Service
from shared.kernel.telemetry import Metrics
from shared.mailbox.addresses import Addresses
from shared.mailbox.deliveries import Deliveries
from shared.mailbox.gauges import MailGauges
from shared.mailbox.media_to_fetch import MediaToFetch
from shared.mailbox.outgoing import Outgoing
from shared.mailbox.schema import SCHEMA as MAILBOX
from shared.mailbox.text_lines import TextLines
from shared.mailbox.texts import text_configs
from shared.mailbox.ways_out import letters_of, ways_out
from shared.mailbox.webhooks import Webhooks
from shared.people import store as people
from shared.people.schema import SCHEMA as PEOPLE
from shared.storage.database import Database
from shared.storage.migrations import TablesCheck

SOURCE = "mail"
EVENTS_QUEUE = "mail.live"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the mail service stands on."""

    bus: Bus
    database: Database
    server_keys: ServerKeys
    outbox: Outbox
    relay: OutboxRelay
    contents: ContentStore
    clock: Clock = field(default_factory=SystemClock)
    metrics: Metrics = field(default_factory=Metrics)
    own: Sequence[Component] = ()
    """Those that start and stop with the service; empty when somebody else looks after them."""
    own_messaging: Sequence[Component] = ()
    """Relay and bus, likewise: they start before anybody may send mail in."""


def parts_from(settings: MailSettings) -> Parts:
    """The parts of a process of its own, on PostgreSQL and RabbitMQ."""
    clock = SystemClock()
    server_keys = ServerKeys.load(settings.key_file)
    database = Database(
        url=settings.database_url,
        maximum=settings.database_pool_size,
        application_name="colloquy mail",
        wait_seconds=settings.start_wait_seconds,
    )
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
    tables = TablesCheck(database=database, folders=(SCHEMA, BUS, MAILBOX, FILES, PEOPLE))
    return Parts(
        bus=messaging.bus,
        database=database,
        server_keys=server_keys,
        outbox=messaging.outbox,
        relay=messaging.relay,
        contents=content_store(settings),
        clock=clock,
        metrics=metrics,
        own=(database, tables),
        own_messaging=tuple(messaging.components),
    )


def build(settings: MailSettings, parts: Parts) -> Service:
    """The mail service; works through its queues once it is started."""
    hooks = Webhooks(sealer=parts.server_keys.at_rest, clock=parts.clock)
    webhooks = WebhookSender(
        database=parts.database,
        webhooks=hooks,
        clock=parts.clock,
        may_tell=partial(_may_see_sessions, parts.database),
        reaches_private=settings.webhooks_private,
    )

    async def ring() -> None:
        webhooks.ring()

    deliveries = Deliveries(database=parts.database, webhooks=hooks, ring=ring)
    sending = Sending(
        database=parts.database,
        outgoing=Outgoing(sealer=parts.server_keys.at_rest, clock=parts.clock),
        transport=letters_of(settings, parts.clock),
        ways=ways_out(settings, parts.clock),
        deliveries=deliveries,
        bounce_domain=settings.mail_domain if settings.mail_bounces else "",
        clock=parts.clock,
    )
    room = FileRoom.of(
        database=parts.database,
        store=parts.contents,
        server_keys=parts.server_keys,
        clock=parts.clock,
        max_file_bytes=settings.max_file_bytes,
    )
    receiver = _receiver(settings, parts, room)
    bounces = Bounces(database=parts.database, deliveries=deliveries)
    door = _door(settings, parts, receiver, bounces)
    housekeeping = MailHousekeeping(database=parts.database, clock=parts.clock)
    inbound = Inbound(receiver=receiver, bounces=bounces, contents=room.contents)
    orders = MediaToFetch(sealer=parts.server_keys.at_rest, clock=parts.clock)
    media = _media_fetcher(settings, parts, room, orders)
    texts = TakingTexts(
        database=parts.database,
        lines=TextLines(database=parts.database, sealer=parts.server_keys.at_rest, clock=parts.clock),
        outbox=parts.outbox,
        envelopes=Envelopes(SOURCE, parts.clock),
        wake_relay=parts.relay.wake,
        orders=orders,
        ring=media.ring,
        server_keys=parts.server_keys,
        limits=_limits(settings),
        clock=parts.clock,
    )
    handled_by = {"inbound": inbound, "sending": sending, "texts": texts, "webhooks": webhooks}
    for consumer in consumers(HANDLERS, parts=handled_by, event_queue=EVENTS_QUEUE):
        parts.bus.consume(consumer)
    gauges = MailGauges(parts.metrics)
    counting = NowAndThen(
        "count mail",
        lambda: gauges.look(parts.database, now=parts.clock.now()),
        every_seconds=settings.metrics_seconds,
        clock=parts.clock,
    )
    return Service(
        name=SOURCE,
        components=(*parts.own, webhooks, media, counting, *parts.own_messaging, housekeeping, door),
        checks={"database": parts.database.problem, "bus": parts.bus.problem},
    )


def _limits(settings: MailSettings) -> Limits:
    return Limits(per_address_hour=settings.mails_per_address_hour, bytes_of_session=settings.mail_bytes_of_session)


def _receiver(settings: MailSettings, parts: Parts, room: FileRoom) -> Receiver:
    """What keeps mail, whichever way it comes."""
    return Receiver(
        database=parts.database,
        contents=room.contents,
        files=room.records,
        addresses=Addresses(database=parts.database, clock=parts.clock),
        outbox=parts.outbox,
        envelopes=Envelopes(SOURCE, parts.clock),
        wake_relay=parts.relay.wake,
        server_keys=parts.server_keys,
        judge=judge_of(
            settings.mail_resolver,
            hostname=settings.mail_domain or "localhost",
            all_seconds=settings.mail_resolver_seconds,
        ),
        policy=settings.mail_policy,
        limits=_limits(settings),
        clock=parts.clock,
    )


def _media_fetcher(settings: MailSettings, parts: Parts, room: FileRoom, orders: MediaToFetch) -> MediaFetcher:
    """What fetches the files of text messages."""
    source = MediaSource(
        text_configs(settings.twilio),
        contents=room.contents,
        url=settings.twilio_url,
        further_hosts=settings.media_hosts,
        timeout_seconds=settings.mail_limit_seconds,
    )
    return MediaFetcher(
        database=parts.database,
        orders=orders,
        source=source,
        files=room.records,
        outbox=parts.outbox,
        envelopes=Envelopes(SOURCE, parts.clock),
        wake_relay=parts.relay.wake,
        max_bytes=settings.smtp_max_bytes,
        bytes_of_session=settings.mail_bytes_of_session,
        clock=parts.clock,
    )


async def _may_see_sessions(database: Database, account_id: int) -> bool:
    """Whether an account has what it takes to make a webhook (`POST /api/webhooks`)."""
    account = await people.by_id(database, account_id)
    return account is not None and account.is_active and account.may("access_sessions")


def _door(settings: MailSettings, parts: Parts, receiver: Receiver, bounces: Bounces) -> SmtpDoor:
    """Where mail comes in."""
    return SmtpDoor(
        receiver=receiver,
        bounces=bounces,
        peers=Peers(
            clock=parts.clock,
            connections=settings.smtp_connections,
            per_peer=settings.smtp_connections_per_peer,
            per_minute=settings.smtp_mails_per_minute,
            guesses=settings.smtp_unknown_limit,
        ),
        clock=parts.clock,
        host=settings.smtp_host,
        port=settings.smtp_port,
        tls_port=settings.smtp_tls_port,
        hostname=settings.mail_domain or "localhost",
        domains=frozenset({settings.mail_domain.lower()} if settings.mail_domain else ()),
        certificate_file=settings.smtp_certificate_file,
        certificate_key_file=settings.smtp_certificate_key_file,
        max_bytes=settings.smtp_max_bytes,
        timeout_seconds=settings.smtp_timeout_seconds,
    )
