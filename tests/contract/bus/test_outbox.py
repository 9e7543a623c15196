"""What is committed is published, whatever happens in between."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from pathlib import Path

import pytest

from shared.bus.cloudevents import Codec
from shared.bus.dead_letters import DeadLetters, MemoryDeadLetters
from shared.bus.local import LocalBus
from shared.bus.outbox import Outbox, OutboxRelay, insert_statement
from shared.bus.port import BODY_LIMIT_BYTES, Bus, BusUnavailable, Consumer, Envelope, Packed
from shared.contracts.base import Command, Sealed
from shared.kernel.errors import Refused
from shared.storage.database import Database
from tests.contract.bus.messages import TYPES, Greet, Happened, ScramblingSealer, Sweep
from tests.contract.bus.proxy import Proxy
from tests.contract.bus.worlds import CLOCK, WRITER, RabbitWorld, Recorder, World, consumer, until

CODEC = Codec(types=TYPES, sealer=ScramblingSealer())
OUTBOX = Outbox(codec=CODEC)


@contextlib.asynccontextmanager
async def relaying(tables: Database, bus: Bus, **settings: float) -> AsyncIterator[OutboxRelay]:
    """A relay that only works when it is woken, unless told otherwise."""
    relay = OutboxRelay(database=tables, bus=bus, **{"poll_seconds": 600, "drain_seconds": 0.1, **settings})  # type: ignore[arg-type]
    await relay.start()
    try:
        await until(lambda: is_well(relay))
        yield relay
    finally:
        await relay.stop()


async def is_well(relay: OutboxRelay) -> bool:
    return await relay.problem() is None


async def commit(tables: Database, *commands: Command | Happened) -> None:
    async with tables.transaction() as connection:
        await OUTBOX.add(connection, [WRITER.wrap(command) for command in commands])


async def left(tables: Database) -> int:
    number: int = await tables.fetchval("select count(*) from bus.outbox")
    return number


async def nothing_left(tables: Database) -> bool:
    return await left(tables) == 0


def numbers(recorder: Recorder) -> list[int]:
    return [message.number for message in recorder.messages if isinstance(message, Sweep | Happened)]


async def test_what_was_committed_is_published_once_and_forgotten(world: World, tables: Database) -> None:
    sweeps, journal = Recorder(), Recorder()
    bus = await world.join(
        consumer("test.sweeps", {Sweep: sweeps}),
        Consumer(queue="test.journal", handlers={Happened: journal}, topics=("test.#",), is_quorum=False),
    )
    async with relaying(tables, bus) as relay:
        await commit(tables, Sweep(number=1), Happened(number=2))
        relay.wake()
        await sweeps.received(1)
        await journal.received(1)
        await until(lambda: nothing_left(tables))
    assert (numbers(sweeps), numbers(journal)) == ([1], [2])


async def test_what_was_rolled_back_is_never_published(world: World, tables: Database) -> None:
    sweeps = Recorder()
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}))
    async with relaying(tables, bus) as relay:
        with contextlib.suppress(RuntimeError):
            async with tables.transaction() as connection:
                await OUTBOX.add(connection, [WRITER.wrap(Sweep(number=1))])
                relay.wake()
                raise RuntimeError
        await commit(tables, Sweep(number=2))
        relay.wake()
        await sweeps.received(1)
    assert numbers(sweeps) == [2]


async def test_rows_are_committed_by_one_statement_together_with_what_they_belong_to(tables: Database) -> None:
    await tables.execute("create table if not exists versions (id int primary key, version int)")
    await tables.execute("insert into versions values (1, 1) on conflict (id) do update set version = 1")
    published = insert_statement(2, condition="exists (select 1 from saved)")
    statement = f"""
        with saved as (update versions set version = version + 1 where id = 1 and version = $1 returning version),
             published as ({published} returning 1)
        select (select version from saved)
    """
    columns = OUTBOX.rows([WRITER.wrap(Sweep(number=number)) for number in range(3)])
    assert await tables.fetchval(statement, 1, *columns) == 2
    assert await tables.fetchval(statement, 1, *columns) is None, "the version is another one by now"
    assert await left(tables) == 3


async def test_rows_hold_no_sealed_value_in_clear(tables: Database) -> None:
    await commit(tables, Greet(name="Ada", secret=Sealed("hunter2")))
    assert b"hunter2" not in await tables.fetchval("select body from bus.outbox")


async def test_polling_finds_what_nobody_woke_the_relay_for(world: World, tables: Database) -> None:
    sweeps = Recorder()
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}))
    async with relaying(tables, bus, poll_seconds=0.05):
        await commit(tables, Sweep(number=1))
        await sweeps.received(1)


async def test_a_delayed_row_waits_for_its_time(world: World, tables: Database) -> None:
    sweeps = Recorder()
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}))
    async with relaying(tables, bus, poll_seconds=0.05):
        later = CLOCK.now() + timedelta(hours=1)
        await OUTBOX.add(tables, [WRITER.wrap(Sweep(number=1))], not_before=later)
        await OUTBOX.add(tables, [WRITER.wrap(Sweep(number=2))], not_before=CLOCK.now() - timedelta(hours=1))
        await sweeps.received(1)
        await until(lambda: has_left(tables, 1))
    assert numbers(sweeps) == [2]


async def has_left(tables: Database, count: int) -> bool:
    return await left(tables) == count


@pytest.mark.parametrize("relays", [1, 3])
async def test_the_messages_of_a_subject_keep_their_order_however_many_relays_publish(
    world: World, tables: Database, relays: int
) -> None:
    sweeps = Recorder()
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}, prefetch=1))
    async with contextlib.AsyncExitStack() as stack:
        working = [
            await stack.enter_async_context(relaying(tables, await world.join(), batch=3)) for _ in range(relays)
        ]
        for number in range(120):
            await commit(tables, Sweep(number=number, session_id=f"s{number % 4}"))
            working[number % relays].wake()
        for _ in range(3):
            for relay in working:
                relay.wake()
            await asyncio.sleep(0.05)
        await sweeps.received(120)
        await until(lambda: wake_until_empty(tables, working))
    assert bus is not None
    assert len(sweeps.seen) == 120
    for subject in range(4):
        mine = [number for number in numbers(sweeps) if number % 4 == subject]
        assert mine == sorted(mine)


async def wake_until_empty(tables: Database, relays: list[OutboxRelay]) -> bool:
    for relay in relays:
        relay.wake()
    return await nothing_left(tables)


async def test_locally_a_row_stays_until_its_handler_has_acknowledged(tables: Database) -> None:
    finish = asyncio.Event()

    async def work(envelope: Envelope) -> None:
        await finish.wait()

    sweeps = Recorder(work)
    bus = LocalBus(codec=CODEC, clock=CLOCK, dead_letters=MemoryDeadLetters())
    bus.consume(consumer("test.sweeps", {Sweep: sweeps}))
    await bus.start()
    async with relaying(tables, bus) as relay:
        await commit(tables, Sweep(number=1))
        relay.wake()
        await sweeps.received(1)
        assert await left(tables) == 1
        finish.set()
        await until(lambda: nothing_left(tables))
    await bus.stop()


async def test_a_slow_handler_does_not_hold_up_other_rows(tables: Database) -> None:
    finish = asyncio.Event()

    async def work(envelope: Envelope) -> None:
        if envelope.subject == "slow":
            await finish.wait()

    sweeps = Recorder(work)
    bus = LocalBus(codec=CODEC, clock=CLOCK, dead_letters=MemoryDeadLetters())
    bus.consume(consumer("test.sweeps", {Sweep: sweeps}))
    await bus.start()
    async with relaying(tables, bus) as relay:
        for number in range(5):
            await commit(tables, Sweep(number=number, session_id="slow" if number == 0 else "quick"))
            relay.wake()
        await sweeps.received(5)
        await until(lambda: has_left(tables, 1))
        finish.set()
    await bus.stop()


async def test_what_a_stopped_local_bus_had_in_hand_is_delivered_after_the_restart(tables: Database) -> None:
    stuck, sweeps = Recorder(lambda envelope: asyncio.sleep(60)), Recorder()
    for recorder in (stuck, sweeps):
        bus = LocalBus(codec=CODEC, clock=CLOCK, dead_letters=MemoryDeadLetters(), drain_seconds=0.01)
        bus.consume(consumer("test.sweeps", {Sweep: recorder}, prefetch=1))
        await bus.start()
        async with relaying(tables, bus, poll_seconds=0.05) as relay:
            if recorder is stuck:
                await commit(tables, Sweep(number=1), Sweep(number=2))
            relay.wake()
            await recorder.received(1 if recorder is stuck else 2)
            await bus.stop()
    assert numbers(stuck) == [1]
    assert sorted(numbers(sweeps)) == [1, 2]


async def test_rows_wait_while_the_broker_is_away(rabbit: RabbitWorld, tables: Database) -> None:
    sweeps = Recorder()
    async with Proxy(rabbit.url) as proxy:
        bus = rabbit.bus(consumer("test.sweeps", {Sweep: sweeps}), url=proxy.url)
        await bus.start()
        async with relaying(tables, bus) as relay:
            await proxy.refuse()
            await until(bus.problem)
            await commit(tables, Sweep(number=1))
            relay.wake()
            await asyncio.sleep(0.3)
            assert await left(tables) == 1
            await proxy.accept()
            await sweeps.received(1)
            await until(lambda: nothing_left(tables))


async def test_what_can_never_be_published_is_buried_and_holds_up_nobody(world: World, tables: Database) -> None:
    class Picky:
        """A bus with no place for greetings."""

        def __init__(self, bus: Bus) -> None:
            self._bus = bus

        async def problem(self) -> str | None:
            return await self._bus.problem()

        async def hand_over(self, packed: Packed) -> Awaitable[None]:
            if packed.type == Greet.type_name:
                raise Refused("too large")
            return await self._bus.hand_over(packed)

    sweeps = Recorder()
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}))
    async with relaying(tables, Picky(bus)) as relay:  # type: ignore[arg-type]
        await commit(tables, Greet(name="Ada", session_id="s1"), Sweep(number=1, session_id="s1"))
        relay.wake()
        await sweeps.received(1)
        await until(lambda: nothing_left(tables))
    [kept] = await DeadLetters(database=tables, clock=CLOCK).list()
    assert kept.letter.queue == "test.greetings"
    assert "too large" in kept.letter.reason


async def test_a_row_the_bus_refused_for_now_is_tried_again_in_order(tables: Database) -> None:
    handed: list[int] = []

    class Shaky:
        """A bus that fails the first time."""

        def __init__(self) -> None:
            self.failures = 0

        async def problem(self) -> None:
            return None

        async def hand_over(self, packed: Packed) -> Awaitable[None]:
            if self.failures == 0:
                self.failures = 1
                raise BusUnavailable("The connection ended.")
            envelope = await CODEC.read(packed.body)
            assert isinstance(envelope.message, Sweep)
            handed.append(envelope.message.number)
            return asyncio.sleep(0)

    async with relaying(tables, Shaky(), poll_seconds=0.05) as relay:  # type: ignore[arg-type]
        await commit(tables, *(Sweep(number=number, session_id="s1") for number in range(3)))
        relay.wake()
        await until(lambda: nothing_left(tables))
    assert handed == [0, 1, 2]


async def test_a_row_committed_later_does_not_overtake_one_that_is_still_being_handed_over(tables: Database) -> None:
    begun: list[int] = []
    goes_on = asyncio.Event()

    class Slow:
        """A bus that takes its time."""

        async def problem(self) -> None:
            return None

        async def hand_over(self, packed: Packed) -> Awaitable[None]:
            envelope = await CODEC.read(packed.body)
            assert isinstance(envelope.message, Sweep)
            begun.append(envelope.message.number)
            if envelope.subject == "s1":
                await goes_on.wait()
            return asyncio.sleep(0)

    async with relaying(tables, Slow()) as relay:  # type: ignore[arg-type]
        await commit(tables, Sweep(number=0, session_id="s1"), Sweep(number=1, session_id="s1"))
        relay.wake()
        await until(lambda: begun == [0])
        await commit(tables, Sweep(number=2, session_id="s1"), Sweep(number=3, session_id="s2"))
        relay.wake()
        await until(lambda: 3 in begun)
        assert begun == [0, 3]
        goes_on.set()
        await until(lambda: nothing_left(tables))
    assert begun == [0, 3, 1, 2]


async def test_a_relay_whose_database_connection_was_cut_goes_on(world: World, tables: Database) -> None:
    sweeps = Recorder()
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}))
    async with relaying(tables, bus, poll_seconds=0.05) as relay:
        await tables.execute(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()"
            " and database = (select oid from pg_database where datname = current_database())"
        )
        await commit(tables, Sweep(number=1))
        relay.wake()
        await sweeps.received(1)
        await until(lambda: nothing_left(tables))


async def test_large_rows_travel_by_reference(world: World, tables: Database) -> None:
    greetings = Recorder()
    bus = await world.join(consumer("test.greetings", {Greet: greetings}))
    large = Greet(name="Ada", secret=Sealed("long " * BODY_LIMIT_BYTES))
    async with relaying(tables, bus) as relay:
        await commit(tables, large)
        relay.wake()
        assert await greetings.received(1) == [large]
    assert len(world.blobs.bodies) == 1


DIES_WITH_ROWS_IN_HAND = """
    import asyncio, sys
    from shared.bus.outbox import OutboxRelay
    from shared.storage.database import Database
    from tests.contract.bus.messages import Sweep
    from tests.contract.bus.test_outbox import OUTBOX
    from tests.contract.bus.worlds import WRITER

    class Deaf:
        async def problem(self):
            return None

        async def hand_over(self, packed):
            print("in hand", flush=True)
            await asyncio.Event().wait()

    async def main():
        database = Database(url=sys.argv[1])
        await database.start()
        async with database.transaction() as connection:
            await OUTBOX.add(connection, [WRITER.wrap(Sweep(number=number)) for number in range(3)])
        if sys.argv[2] == "claimed":
            await OutboxRelay(database=database, bus=Deaf()).start()
        else:
            print("in hand", flush=True)
        await asyncio.Event().wait()

    asyncio.run(main())
"""


@pytest.mark.fault
@pytest.mark.parametrize("when", ["committed", "claimed"])
async def test_what_a_killed_process_had_committed_is_published_by_the_next_one(
    world: World, tables: Database, postgres_url: str, when: str
) -> None:
    killed = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(DIES_WITH_ROWS_IN_HAND), postgres_url, when],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
    )
    try:
        assert killed.stdout is not None
        assert await asyncio.to_thread(killed.stdout.readline) == b"in hand\n"
    finally:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert killed.stdout is not None
        killed.stdout.close()
    sweeps = Recorder()
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}))
    async with relaying(tables, bus, poll_seconds=0.1):
        await sweeps.received(3)
        await until(lambda: nothing_left(tables))
    assert sorted(numbers(sweeps)) == [0, 1, 2]
