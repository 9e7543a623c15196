"""A message that does not parse is put away with the reason, and an operator can replay or drop it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import aio_pika
import asyncpg
import pytest

from tests import servers
from tests.flows.system.conftest import answered, command, database_of, only_five, only_one, until
from tests.flows.system.person import Person
from tests.sites import Site

pytestmark = pytest.mark.xdist_group("systems")

INTO_THE_OUTBOX = (
    "insert into bus.outbox (id, type, destination, is_event, body) values ('m1', '', 'session.bulk', false, $1)"
)


def publish(site: Site, queue: str, body: bytes, **properties: Any) -> None:
    """What a foreign or broken program may put into a queue of the broker."""

    async def send() -> None:
        connection = await aio_pika.connect(site.environment["COLLOQUY_AMQP_URL"])
        async with connection:
            channel = await connection.channel()
            name = site.environment["COLLOQUY_AMQP_PREFIX"] + queue
            await channel.default_exchange.publish(aio_pika.Message(body, **properties), name)

    servers.in_thread(send)


def put_into_the_outbox(site: Site, body: bytes) -> None:
    """What a broken release of ours may have left behind."""

    async def put() -> None:
        connection = await asyncpg.connect(database_of(site))
        await connection.execute(INTO_THE_OUTBOX, body)
        await connection.close()

    servers.in_thread(put)


def numbers_kept(site: Site) -> list[int]:
    """The dead letters there are; asked of the database, because a command takes a second."""

    async def ask() -> list[int]:
        connection = await asyncpg.connect(database_of(site))
        rows = await connection.fetch("select number from bus.dead_letters order by number")
        await connection.close()
        return [row["number"] for row in rows]

    return servers.in_thread(ask)


def when_there_are(site: Site, count: int) -> list[dict[str, Any]]:
    """Wait for that many letters; what the command lists then."""
    until(lambda: len(numbers_kept(site)) == count, "The dead letters")
    listed: list[dict[str, Any]] = answered(site, "dead-letters", "list")
    assert len(listed) == count
    return listed


@pytest.fixture(autouse=True)
def nothing_is_left(site: Site) -> Iterator[None]:
    """Every test starts and ends without letters; `drop` takes them away."""
    assert numbers_kept(site) == []
    yield
    left = numbers_kept(site)
    if left:
        assert f"{len(left)} dropped" in command(site, "dead-letters", "drop", *map(str, left)).stdout
    assert numbers_kept(site) == []


UNREADABLE = {
    b"this is no message": "not JSON",
    b"\x00\xff\xfe": "not JSON",
    b"[]": "",
    b'{"specversion": "1.0", "id": "1", "type": "colloquy.Nothing", "source": "x", "data": {}}': "colloquy.Nothing",
}


@only_five
def test_what_does_not_parse_becomes_a_dead_letter_with_the_reason(site: Site) -> None:
    for body in UNREADABLE:
        publish(site, "session.bulk", body)
    listed = when_there_are(site, len(UNREADABLE))
    for letter in listed:
        assert letter["queue"] == "session.bulk"
        assert letter["attempts"] == 1
        assert "could not be understood" in letter["reason"]
        assert "body" not in letter
    reasons = "\n".join(letter["reason"] for letter in listed)
    assert all(reason in reasons for reason in UNREADABLE.values())


@only_five
def test_a_replayed_letter_goes_back_to_the_queue_it_died_in(site: Site) -> None:
    publish(site, "session.ended", b"this is no message")
    (first,) = when_there_are(site, 1)
    assert "1 put back" in command(site, "dead-letters", "replay", str(first["number"])).stdout
    until(lambda: numbers_kept(site) not in ([], [first["number"]]), "The replayed letter")
    (again,) = when_there_are(site, 1)
    assert (again["queue"], again["reason"]) == ("session.ended", first["reason"])


@only_five
def test_garbage_in_every_queue_stops_nobody(site: Site) -> None:
    queues = ("session.interactive", "session.ended", "session.bulk", "worker.tasks", "worker.tasks.low")
    for queue in queues:
        publish(site, queue, b"this is no message", headers={"x-colloquy-attempt": "many"})
    assert {letter["queue"] for letter in when_there_are(site, len(queues))} == set(queues)
    person = Person(site.url)
    person.open()
    person.answer(first_name="Ann")
    assert person.shown == "What is your favorite color?"


@only_one
def test_in_one_process_too_and_while_it_runs(site: Site) -> None:
    put_into_the_outbox(site, b"this is no message")
    (letter,) = when_there_are(site, 1)
    assert letter["queue"] == "session.bulk"
    assert "could not be understood" in letter["reason"]
