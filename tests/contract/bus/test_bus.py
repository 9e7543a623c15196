"""What every bus promises, run on each adapter."""

from __future__ import annotations

import asyncio

import pytest

from shared.bus.local import Mischief
from shared.bus.port import (
    BODY_LIMIT_BYTES,
    BusUnavailable,
    Consumer,
    Envelope,
    NotUnderstood,
    Packed,
    QueueFigures,
    RequestRefused,
    RequestTimedOut,
)
from shared.contracts.base import Sealed
from shared.contracts.session import RefusedRequest
from shared.kernel.errors import NotFound, Retryable
from tests.contract.bus.messages import Ended, Greet, Greeting, Happened, Sweep
from tests.contract.bus.worlds import WRITER, Recorder, World, consumer, publishing, until


async def greet(envelope: Envelope) -> Greeting:
    message = envelope.message
    assert isinstance(message, Greet)
    return Greeting(text=f"Hello {message.name}", secret=message.secret)


async def busy(envelope: Envelope) -> None:
    raise Retryable("The database is away.")


# Delivery


async def test_a_published_command_reaches_the_consumer_of_its_queue(world: World) -> None:
    sweeps, greetings = Recorder(), Recorder()
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}), consumer("test.greetings", {Greet: greetings}))
    await bus.publish([WRITER.wrap(Sweep(number=1)), WRITER.wrap(Sweep(number=2))])
    assert await sweeps.received(2) == [Sweep(number=1), Sweep(number=2)]
    assert greetings.seen == []


async def test_the_attributes_of_an_envelope_arrive_with_it(world: World) -> None:
    sweeps = Recorder()
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}))
    sent = WRITER.wrap(
        Sweep(number=1, session_id="s1"),
        correlation_id="c1",
        traceparent="00-1-2-01",
        dedup_key="d1",
        lifetime_seconds=60,
    )
    await bus.publish([sent])
    await sweeps.received(1)
    assert sweeps.seen == [sent]
    assert sweeps.seen[0].subject == "s1"
    assert sweeps.seen[0].key == "d1"


async def test_a_command_published_before_there_is_a_consumer_waits_for_it(world: World) -> None:
    bus = await world.join()
    async with publishing(bus, Sweep(number=1)) as sent:
        await asyncio.sleep(0.05)
        sweeps = Recorder()
        await world.join(consumer("test.sweeps", {Sweep: sweeps}))
        assert await sweeps.received(1) == [Sweep(number=1)]
        await sent


async def test_consumers_of_one_queue_share_its_messages(world: World) -> None:
    one, other = Recorder(), Recorder()
    bus = await world.join(consumer("test.sweeps", {Sweep: one}, prefetch=1))
    await world.join(consumer("test.sweeps", {Sweep: other}, prefetch=1))
    await bus.publish([WRITER.wrap(Sweep(number=number)) for number in range(20)])
    await until(lambda: len(one.seen) + len(other.seen) >= 20)
    numbers = sorted(envelope.message.number for envelope in one.seen + other.seen)  # type: ignore[attr-defined]
    assert numbers == list(range(20))


async def test_one_consumer_at_a_time_gets_messages_in_the_order_they_were_handed_over(world: World) -> None:
    sweeps = Recorder()
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}, prefetch=1))
    await bus.publish([WRITER.wrap(Sweep(number=number, session_id="s1")) for number in range(50)])
    await sweeps.received(50)
    assert [message.number for message in sweeps.messages] == list(range(50))  # type: ignore[attr-defined]


async def test_no_more_handlers_run_at_once_than_the_prefetch_allows(world: World) -> None:
    running, most = 0, 0
    gate = asyncio.Event()

    async def count(envelope: Envelope) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await gate.wait()
        running -= 1

    sweeps = Recorder(count)
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}, prefetch=3))
    async with publishing(bus, *(Sweep(number=number) for number in range(9))) as sent:
        await sweeps.received(3)
        await asyncio.sleep(0.05)
        assert running == 3
        gate.set()
        await sweeps.received(9)
        await sent
    assert most == 3


async def test_a_command_that_comes_too_late_is_dropped(world: World) -> None:
    sweeps = Recorder()
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}, prefetch=1))
    await bus.publish([WRITER.wrap(Sweep(number=1), lifetime_seconds=-1), WRITER.wrap(Sweep(number=2))])
    assert await sweeps.received(1) == [Sweep(number=2)]


async def test_every_message_may_be_delivered_twice(world: World) -> None:
    sweeps, greetings = Recorder(), Recorder(greet)
    bus = await world.join(
        consumer("test.sweeps", {Sweep: sweeps}),
        consumer("test.greetings", {Greet: greetings}),
        mischief=Mischief(deliver_twice=True, shuffle=True),
    )
    await bus.publish([WRITER.wrap(Sweep(number=1))])
    assert await sweeps.received(2) == [Sweep(number=1), Sweep(number=1)]
    answer = await bus.request(Greet(name="Ada"), Greeting, timeout_seconds=10)
    assert answer.text == "Hello Ada"
    assert len(await greetings.received(2)) == 2


# Failures


async def test_a_retryable_failure_is_tried_again_after_a_delay(world: World) -> None:
    attempts: list[int] = []

    async def fail_once(envelope: Envelope) -> None:
        attempts.append(envelope.attempt)
        if len(attempts) == 1:
            raise Retryable("The database is away.")

    sweeps = Recorder(fail_once)
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}))
    await bus.publish([WRITER.wrap(Sweep(number=1))])
    await sweeps.received(2)
    assert attempts == [1, 2]
    assert sweeps.seen[0].id == sweeps.seen[1].id


async def test_after_the_last_delay_a_message_is_a_dead_letter_with_reason_and_attempts(world: World) -> None:
    sweeps = Recorder(busy)
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}))
    sent = WRITER.wrap(Sweep(number=1, session_id="s1"))
    await bus.publish([sent])
    [letter] = await world.dead()
    assert len(sweeps.seen) == 4
    assert letter.queue == "test.sweeps"
    assert letter.attempts == 4
    assert "The database is away." in letter.reason
    assert (letter.type, letter.message_id, letter.subject) == (Sweep.type_name, sent.id, "s1")


async def test_a_refused_command_is_a_dead_letter_at_once(world: World) -> None:
    async def refuse(envelope: Envelope) -> None:
        raise NotFound("session s1")

    sweeps = Recorder(refuse)
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}))
    await bus.publish([WRITER.wrap(Sweep(number=1))])
    [letter] = await world.dead()
    assert len(sweeps.seen) == 1
    assert letter.reason.startswith("NotFound")


async def test_a_failing_handler_leaves_a_reason_without_contents(world: World) -> None:
    async def fail(envelope: Envelope) -> None:
        raise ValueError("the answer is 42")

    bus = await world.join(consumer("test.sweeps", {Sweep: Recorder(fail)}))
    await bus.publish([WRITER.wrap(Sweep(number=1))])
    [letter] = await world.dead()
    assert letter.reason.startswith("ValueError at test_bus.py")
    assert "42" not in letter.reason


async def test_a_message_nobody_on_the_queue_handles_is_a_dead_letter(world: World) -> None:
    bus = await world.join(consumer("test.sweeps", {Greet: Recorder()}))
    await bus.publish([WRITER.wrap(Sweep(number=1))])
    [letter] = await world.dead()
    assert "colloquy.Sweep" in letter.reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\x00\x01", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"specversion":"0.3"}', "CloudEvent"),
        (b'{"specversion":"1.0","id":"1","source":"x","type":"colloquy.Unheard"}', "colloquy.Unheard"),
        (b'{"specversion":"1.0","id":"1","source":"x","type":"colloquy.Sweep","data":{"number":"secret"}}', "number"),
    ],
)
async def test_a_message_that_does_not_parse_is_a_dead_letter_with_the_reason(
    world: World, body: bytes, reason: str
) -> None:
    sweeps = Recorder()
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}))
    receipt = await bus.hand_over(Packed(id="1", type="x", destination="test.sweeps", is_event=False, body=body))
    await receipt
    [letter] = await world.dead()
    assert reason in letter.reason
    assert "secret" not in letter.reason
    assert letter.body == body
    assert sweeps.seen == []


async def test_a_message_whose_handler_was_killed_is_delivered_again(world: World) -> None:
    async def die_once(envelope: Envelope) -> None:
        if len(sweeps.seen) == 1:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(1)

    sweeps = Recorder(die_once)
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}))
    await bus.publish([WRITER.wrap(Sweep(number=1))])
    assert await sweeps.received(2) == [Sweep(number=1), Sweep(number=1)]


# Request and reply


async def test_a_request_gets_its_reply(world: World) -> None:
    bus = await world.join(consumer("test.greetings", {Greet: greet}))
    answer = await bus.request(Greet(name="Ada", secret=Sealed("x")), Greeting, timeout_seconds=10)
    assert answer == Greeting(text="Hello Ada", secret=Sealed("x"))


async def test_many_requests_at_once_each_get_their_own_reply(world: World) -> None:
    bus = await world.join(consumer("test.greetings", {Greet: greet}))
    names = [str(number) for number in range(100)]
    answers = await asyncio.gather(*(bus.request(Greet(name=name), Greeting, timeout_seconds=20) for name in names))
    assert [answer.text for answer in answers] == [f"Hello {name}" for name in names]


async def test_a_request_nobody_answers_times_out(world: World) -> None:
    async def dawdle(envelope: Envelope) -> None:
        await asyncio.sleep(0.5)

    bus = await world.join(consumer("test.greetings", {Greet: dawdle}))
    with pytest.raises(RequestTimedOut):
        await bus.request(Greet(name="Ada"), Greeting, timeout_seconds=0.05)


@pytest.mark.parametrize(
    ("error", "is_retryable"), [(NotFound("session s1"), False), (Retryable("busy"), True), (ValueError("42"), False)]
)
async def test_a_failing_request_is_refused_and_leaves_no_dead_letter(
    world: World, error: Exception, is_retryable: bool
) -> None:
    async def fail(envelope: Envelope) -> None:
        raise error

    sweeps = Recorder(busy)
    bus = await world.join(consumer("test.greetings", {Greet: fail}), consumer("test.sweeps", {Sweep: sweeps}))
    with pytest.raises(RequestRefused) as refused:
        await bus.request(Greet(name="Ada"), Greeting, timeout_seconds=10)
    assert refused.value.is_retryable is is_retryable
    assert "42" not in str(refused.value)
    await bus.publish([WRITER.wrap(Sweep(number=1))])
    assert [letter.type for letter in await world.dead()] == [Sweep.type_name]


async def test_a_request_whose_handler_has_no_reply_is_refused(world: World) -> None:
    bus = await world.join(consumer("test.greetings", {Greet: Recorder()}))
    with pytest.raises(RequestRefused, match="NoReply"):
        await bus.request(Greet(name="Ada"), Greeting, timeout_seconds=10)


async def test_a_reply_of_another_kind_is_not_taken_for_the_one_expected(world: World) -> None:
    bus = await world.join(consumer("test.greetings", {Greet: greet}))
    with pytest.raises(NotUnderstood, match=r"colloquy\.Greeting"):
        await bus.request(Greet(name="Ada"), RefusedRequest, timeout_seconds=10)


# Large bodies


async def test_a_body_over_the_limit_travels_by_reference(world: World) -> None:
    greetings = Recorder()
    bus = await world.join(consumer("test.greetings", {Greet: greetings}))
    large = Greet(name="Ada", secret=Sealed("long " * BODY_LIMIT_BYTES))
    await bus.publish([WRITER.wrap(large)])
    assert await greetings.received(1) == [large]
    [stored] = world.blobs.bodies.values()
    assert b"Ada" not in stored


async def test_large_requests_and_replies_travel_by_reference_and_the_reply_is_deleted_when_read(world: World) -> None:
    bus = await world.join(consumer("test.greetings", {Greet: greet}))
    secret = Sealed("long " * BODY_LIMIT_BYTES)
    answer = await bus.request(Greet(name="Ada", secret=secret), Greeting, timeout_seconds=20)
    assert answer.secret == secret
    assert len(world.blobs.bodies) == 1


async def test_a_body_that_has_expired_makes_a_dead_letter(world: World) -> None:
    bus = await world.join()
    async with publishing(bus, Greet(name="Ada", secret=Sealed("long " * BODY_LIMIT_BYTES))):
        await until(lambda: bool(world.blobs.bodies))
        world.blobs.bodies.clear()
        await world.join(consumer("test.greetings", {Greet: Recorder()}))
        [letter] = await world.dead()
    assert "no longer there" in letter.reason


# Events


async def test_an_event_reaches_every_queue_whose_topics_match(world: World) -> None:
    page, other_page, journal, deaf = Recorder(), Recorder(), Recorder(), Recorder()
    live = Consumer(queue="test.live", handlers={Happened: page}, topics=("test.happened",), is_live=True)
    also = Consumer(queue="test.live", handlers={Happened: other_page}, topics=("test.*",), is_live=True)
    kept = Consumer(queue="test.journal", handlers={Happened: journal}, topics=("#",), is_quorum=False)
    none = Consumer(queue="test.deaf", handlers={Ended: deaf}, topics=("test.ended",), is_quorum=False)
    bus = await world.join(live, kept)
    await world.join(also, none)
    await bus.publish([WRITER.wrap(Happened(number=1))])
    for recorder in (page, other_page, journal):
        assert await recorder.received(1) == [Happened(number=1)]
    assert deaf.seen == []


async def test_an_announced_event_reaches_live_queues(world: World) -> None:
    page = Recorder()
    bus = await world.join(
        Consumer(queue="test.live", handlers={Happened: page}, topics=("test.happened",), is_live=True)
    )
    await bus.announce(Happened(number=1))
    assert await page.received(1) == [Happened(number=1)]


async def test_an_event_nobody_listens_to_is_no_error(world: World) -> None:
    bus = await world.join()
    await bus.publish([WRITER.wrap(Ended(number=1))])
    await bus.announce(Ended(number=2))


async def test_a_live_event_that_fails_is_neither_repeated_nor_kept(world: World) -> None:
    page, sweeps = Recorder(busy), Recorder(busy)
    bus = await world.join(
        Consumer(queue="test.live", handlers={Happened: page}, topics=("test.happened",), is_live=True),
        consumer("test.sweeps", {Sweep: sweeps}),
    )
    await bus.publish([WRITER.wrap(Happened(number=1))])
    await bus.publish([WRITER.wrap(Sweep(number=1))])
    assert [letter.type for letter in await world.dead()] == [Sweep.type_name]
    assert len(page.seen) == 1


# Ending


async def test_stopping_lets_the_handlers_in_hand_finish(world: World) -> None:
    finished = asyncio.Event()

    async def work(envelope: Envelope) -> None:
        await asyncio.sleep(0.1)
        finished.set()

    sweeps = Recorder(work)
    bus = await world.join(consumer("test.sweeps", {Sweep: sweeps}))
    async with publishing(bus, Sweep(number=1)):
        await sweeps.received(1)
        await world.leave(bus)
    assert finished.is_set()


async def test_a_stopped_bus_says_so(world: World) -> None:
    bus = await world.join(consumer("test.greetings", {Greet: greet}))
    assert await bus.problem() is None
    await world.leave(bus)
    assert await bus.problem() is not None
    with pytest.raises(BusUnavailable):
        await bus.publish([WRITER.wrap(Sweep(number=1))])
    with pytest.raises(BusUnavailable):
        await bus.request(Greet(name="Ada"), Greeting, timeout_seconds=1)


async def test_a_queue_tells_how_many_messages_nobody_has_been_given_yet(world: World) -> None:
    may_go_on = asyncio.Event()

    async def hold(_: Envelope) -> None:
        await may_go_on.wait()

    bus = await world.join(consumer("test.sweeps", {Sweep: hold}, prefetch=1))
    publishing_all = asyncio.create_task(bus.publish([WRITER.wrap(Sweep(number=number)) for number in range(3)]))
    async with asyncio.timeout(20):
        while (figures := await bus.queues(["test.sweeps", "test.nobody"])).get("test.sweeps") != QueueFigures(1, 2):
            await asyncio.sleep(0.05)
    assert set(figures) == {"test.sweeps"}
    may_go_on.set()
    await publishing_all
