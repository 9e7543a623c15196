"""Inbox, large bodies and dead letters in PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime

import pytest

from shared.bus.blobs_postgres import PostgresBlobs
from shared.bus.dead_letters import DeadLetters
from shared.bus.housekeeping import BusHousekeeping
from shared.bus.inbox import Inbox
from shared.bus.outbox import OutboxRelay
from shared.bus.port import BlobMissing, Consumer, DeadLetter
from shared.bus.topology import ACTIONS_INTAKE
from shared.kernel.clock import ManualClock
from shared.storage.database import Database
from tests.contract.bus.messages import Happened, Sweep
from tests.contract.bus.worlds import CLOCK, WRITER, Recorder, World, consumer, until

HOUR = 3600


async def test_a_message_is_new_once_for_each_consumer(tables: Database) -> None:
    envelope = WRITER.wrap(Sweep(number=1))
    assert await Inbox("one").is_new(tables, envelope)
    assert not await Inbox("one").is_new(tables, envelope)
    assert await Inbox("other").is_new(tables, envelope)


async def test_two_messages_with_one_dedup_key_are_the_same_order(tables: Database) -> None:
    first, second = (WRITER.wrap(Sweep(number=1), dedup_key="order 1") for _ in range(2))
    assert await Inbox("one").is_new(tables, first)
    assert not await Inbox("one").is_new(tables, second)


async def test_a_message_whose_handling_was_rolled_back_is_new_again(tables: Database) -> None:
    envelope = WRITER.wrap(Sweep(number=1))
    with contextlib.suppress(RuntimeError):
        async with tables.transaction() as connection:
            assert await Inbox("one").is_new(connection, envelope)
            raise RuntimeError
    assert await Inbox("one").is_new(tables, envelope)


async def test_a_second_delivery_waits_for_the_first_ones_transaction(tables: Database) -> None:
    envelope = WRITER.wrap(Sweep(number=1))
    async with tables.transaction() as connection:
        assert await Inbox("one").is_new(connection, envelope)
        second = asyncio.create_task(Inbox("one").is_new(tables, envelope))
        await asyncio.sleep(0.05)
        assert not second.done()
    assert await second is False


async def test_a_large_body_is_kept_until_it_is_deleted_or_expires(tables: Database) -> None:
    clock = ManualClock()
    blobs = PostgresBlobs(database=tables, clock=clock, lifetime_seconds=HOUR)
    kept, deleted = await blobs.put(b"kept"), await blobs.put(b"deleted")
    await blobs.delete(deleted)
    assert await blobs.get(kept) == b"kept"
    with pytest.raises(BlobMissing):
        await blobs.get(deleted)
    await clock.advance(HOUR + 1)
    with pytest.raises(BlobMissing):
        await blobs.get(kept)


async def test_housekeeping_deletes_expired_bodies_and_old_marks_and_nothing_else(tables: Database) -> None:
    clock = ManualClock(datetime.now(UTC))  # noqa: TID251  # the database's own clock stamps the inbox
    blobs = PostgresBlobs(database=tables, clock=clock, lifetime_seconds=HOUR)
    await blobs.put(b"old")
    await Inbox("one").is_new(tables, WRITER.wrap(Sweep(number=1)))
    housekeeping = BusHousekeeping(database=tables, blobs=blobs, clock=clock, interval_seconds=24 * HOUR)
    await housekeeping.sweep()
    assert (await count(tables, "bus.blobs"), await count(tables, "bus.inbox")) == (1, 1)
    await clock.advance(15 * 24 * HOUR)
    fresh = await blobs.put(b"fresh")
    await housekeeping.start()
    await until(lambda: is_gone(tables))
    await housekeeping.stop()
    assert await blobs.get(fresh) == b"fresh"


async def is_gone(tables: Database) -> bool:
    return (await count(tables, "bus.blobs"), await count(tables, "bus.inbox")) == (1, 0)


async def count(tables: Database, table: str) -> int:
    number: int = await tables.fetchval(f"select count(*) from {table}")
    return number


def letter(number: int, queue: str = "test.sweeps") -> DeadLetter:
    return DeadLetter(
        queue=queue, type="colloquy.Sweep", reason="NotFound", attempts=1, body=b"{}", message_id=str(number)
    )


async def test_dead_letters_are_listed_page_by_page_oldest_first(tables: Database) -> None:
    letters = DeadLetters(database=tables, clock=CLOCK)
    for number in range(5):
        await letters.keep(letter(number, "test.sweeps" if number % 2 == 0 else "test.greetings"))
    page = await letters.list(limit=2)
    assert [kept.letter.message_id for kept in page] == ["0", "1"]
    rest = await letters.list(after=page[-1].number)
    assert [kept.letter.message_id for kept in rest] == ["2", "3", "4"]
    assert [kept.letter.message_id for kept in await letters.list(queue="test.greetings")] == ["1", "3"]
    assert await letters.count() == 5


async def test_a_dropped_dead_letter_is_gone(tables: Database) -> None:
    letters = DeadLetters(database=tables, clock=CLOCK)
    await letters.keep(letter(1))
    [kept] = await letters.list()
    assert await letters.drop([kept.number]) == 1
    assert await letters.drop([kept.number]) == 0
    assert await letters.list() == []


async def test_a_replayed_dead_letter_is_handled_once_its_cause_is_gone(world: World, tables: Database) -> None:
    letters = DeadLetters(database=tables, clock=CLOCK)
    is_broken = True

    async def work(envelope: object) -> None:
        if is_broken:
            raise ValueError

    sweeps = Recorder(work)
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}))
    sent = WRITER.wrap(Sweep(number=1, session_id="s1"))
    await bus.publish([sent])
    [dead] = await world.dead()
    await letters.keep(dead)
    is_broken = False
    [kept] = await letters.list()
    relay = OutboxRelay(database=tables, bus=bus, poll_seconds=0.05)
    await relay.start()
    assert await letters.replay([kept.number]) == 1
    await sweeps.received(2)
    await relay.stop()
    assert sweeps.seen[1].id == sent.id
    assert await letters.count() == 0


async def test_what_another_service_published_is_not_put_back_without_its_contents(tables: Database) -> None:
    letters = DeadLetters(database=tables, clock=CLOCK)
    await letters.keep(DeadLetter(ACTIONS_INTAKE, "", "It is not JSON.", 1, b'{"publisher": "payments"}', "m1"))
    [kept] = await letters.list()
    assert await letters.replay([kept.number]) == 0
    assert await letters.list() == [kept]
    assert await tables.fetchval("select count(*) from bus.outbox") == 0
    assert await letters.drop([kept.number]) == 1


async def test_a_replayed_event_goes_only_to_the_queue_it_died_in(world: World, tables: Database) -> None:
    journal, other = Recorder(), Recorder()
    bus = await world.join(
        Consumer(queue="test.journal", handlers={Happened: journal}, topics=("test.#",), is_quorum=False),
        Consumer(queue="test.deaf", handlers={Happened: other}, topics=("test.#",), is_quorum=False),
    )
    letters = DeadLetters(database=tables, clock=CLOCK)
    event = WRITER.wrap(Happened(number=1))
    body = world.codec.encode(event)
    await letters.keep(DeadLetter("test.journal", Happened.type_name, "ValueError", 1, body, event.id))
    [kept] = await letters.list()
    await letters.replay([kept.number])
    relay = OutboxRelay(database=tables, bus=bus, poll_seconds=0.05)
    await relay.start()
    assert await journal.received(1) == [Happened(number=1)]
    await bus.publish([WRITER.wrap(Happened(number=2))])
    assert await other.received(1) == [Happened(number=2)]
    await relay.stop()
