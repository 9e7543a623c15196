"""What only the bus inside one process does."""

from __future__ import annotations

import asyncio

from shared.bus.cloudevents import Codec
from shared.bus.dead_letters import MemoryDeadLetters
from shared.bus.local import LocalBus, Mischief
from shared.bus.port import RETRY_DELAYS_SECONDS, Consumer, DeadLetter, Envelope
from shared.kernel.clock import ManualClock
from shared.kernel.errors import Retryable, Unavailable
from tests.contract.bus.messages import TYPES, Greet, ScramblingSealer, Sweep
from tests.contract.bus.worlds import WRITER, Recorder, consumer, publishing, until


def bus_of(*consumers: Consumer, clock: ManualClock, box: object = None, mischief: Mischief | None = None) -> LocalBus:
    bus = LocalBus(
        codec=Codec(types=TYPES, sealer=ScramblingSealer()),
        clock=clock,
        dead_letters=box or MemoryDeadLetters(),  # type: ignore[arg-type]
        mischief=mischief,
    )
    for each in consumers:
        bus.consume(each)
    return bus


async def test_retries_wait_one_five_thirty_seconds_two_and_ten_minutes(clock: ManualClock) -> None:
    async def busy(envelope: Envelope) -> None:
        raise Retryable

    sweeps, box = Recorder(busy), MemoryDeadLetters()
    bus = bus_of(consumer("test.sweeps", {Sweep: sweeps}), clock=clock, box=box)
    await bus.start()
    async with publishing(bus, Sweep(number=1)) as sent:
        await sweeps.received(1)
        for number, delay in enumerate(RETRY_DELAYS_SECONDS, start=1):
            await settled()
            await clock.advance(delay - 0.1)
            assert len(sweeps.seen) == number
            await clock.advance(0.2)
            await sweeps.received(number + 1)
        await sent
    assert [envelope.attempt for envelope in sweeps.seen] == [1, 2, 3, 4, 5, 6]
    assert [letter.attempts for letter in box.letters] == [6]
    await bus.stop()


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_messages_of_a_queue_of_higher_priority_are_started_first(clock: ManualClock) -> None:
    order: list[str] = []

    async def note(envelope: Envelope) -> None:
        order.append(type(envelope.message).__name__)

    low = Consumer(queue="test.sweeps", handlers={Sweep: note}, priority=0)
    high = Consumer(queue="test.greetings", handlers={Greet: note}, priority=1)
    bus = bus_of(low, high, clock=clock)
    async with publishing(bus, Sweep(number=1), Sweep(number=2), Greet(name="Ada")) as sent:
        await settled()
        await bus.start()
        await sent
    assert order == ["Greet", "Sweep", "Sweep"]
    await bus.stop()


async def test_of_single_active_consumers_only_the_first_works(clock: ManualClock) -> None:
    first, second = Recorder(), Recorder()
    both = [Consumer("test.sweeps", {Sweep: each}, is_single_active=True) for each in (first, second)]
    bus = bus_of(*both, clock=clock)
    await bus.start()
    await bus.publish([WRITER.wrap(Sweep(number=number)) for number in range(10)])
    assert (len(first.seen), len(second.seen)) == (10, 0)
    await bus.stop()


async def test_a_dead_letter_that_cannot_be_kept_is_given_back_to_its_sender(clock: ManualClock) -> None:
    class FullBox:
        async def keep(self, letter: DeadLetter) -> None:
            raise Unavailable("The disk is full.")

    async def fail(envelope: Envelope) -> None:
        raise ValueError

    bus = bus_of(consumer("test.sweeps", {Sweep: fail}), clock=clock, box=FullBox())
    await bus.start()
    async with publishing(bus, Sweep(number=1)) as sent:
        await asyncio.wait([sent])
        assert "The disk is full." in str(sent.exception())
    await bus.stop()


async def test_shuffling_reorders_and_loses_nothing(clock: ManualClock) -> None:
    sweeps = Recorder()
    bus = bus_of(consumer("test.sweeps", {Sweep: sweeps}), clock=clock, mischief=Mischief(shuffle=True))
    await bus.start()
    await bus.publish([WRITER.wrap(Sweep(number=number)) for number in range(200)])
    numbers = [message.number for message in sweeps.messages if isinstance(message, Sweep)]
    assert sorted(numbers) == list(range(200))
    assert numbers != list(range(200))
    await bus.stop()


async def test_stopping_twice_or_before_the_start_is_harmless(clock: ManualClock) -> None:
    bus = bus_of(clock=clock)
    await bus.stop()
    await bus.start()
    await bus.stop()
    await bus.stop()
    await until(bus.problem)
