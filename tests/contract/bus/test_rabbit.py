"""What can go wrong between us and a broker, and does: connections cut, queues deleted, brokers away."""

from __future__ import annotations

import asyncio
import logging
import sys

import orjson
import pytest

from shared.bus.amqp import BrokerRefusedUs
from shared.bus.port import Bus, BusUnavailable, Consumer, Envelope
from shared.bus.topology import partition_queue
from shared.contracts.base import Sealed
from shared.contracts.events import ActionFinished, ActionRequested
from shared.contracts.session import TakeAction
from shared.kernel.telemetry import Metrics
from tests.contract.bus.broker import BrokerHands
from tests.contract.bus.messages import Greet, Greeting, Happened, Sweep
from tests.contract.bus.proxy import Proxy
from tests.contract.bus.worlds import WRITER, RabbitWorld, Recorder, consumer, until


async def greet(envelope: Envelope) -> Greeting:
    return Greeting(text="Hello")


async def is_well(bus: Bus) -> bool:
    return await bus.problem() is None


# Consumers that the broker takes away


async def test_consumption_resumes_after_the_queue_was_deleted_under_a_live_consumer(rabbit: RabbitWorld) -> None:
    sweeps = Recorder()
    bus = await rabbit.join(consumer("test.sweeps", {Sweep: sweeps}))
    await bus.publish([WRITER.wrap(Sweep(number=1))])
    await sweeps.received(1)
    async with BrokerHands(rabbit.url) as hands:
        await hands.delete_queue(rabbit.topology.queue_name("test.sweeps"))
    await bus.publish([WRITER.wrap(Sweep(number=2))])
    assert await sweeps.received(2) == [Sweep(number=1), Sweep(number=2)]
    [subscription] = [each for each in bus._subscriptions if "test.sweeps" in each.queue]
    await until(lambda: subscription.is_consuming)  # its first message may come before the broker's word that it began
    assert await bus.problem() is None


async def test_a_live_queue_that_was_deleted_is_bound_to_its_topics_again(rabbit: RabbitWorld) -> None:
    page = Recorder()
    live = Consumer(queue="test.live", handlers={Happened: page}, topics=("test.happened",), is_live=True)
    bus = rabbit.bus(live)
    await bus.start()
    [subscription] = [each for each in bus._subscriptions if "test.live" in each.queue]
    async with subscription._link._consuming.channel() as channel:  # exclusive: only its own connection may delete it
        await channel.queue_delete(subscription.queue)
    await until(lambda: subscription.is_consuming)
    await bus.publish([WRITER.wrap(Happened(number=1))])
    assert await page.received(1) == [Happened(number=1)]


async def test_who_listens_live_is_told_of_every_break_in_which_events_were_lost(rabbit: RabbitWorld) -> None:
    gaps: list[int] = []
    async with Proxy(rabbit.url) as proxy:
        live = Consumer(
            queue="test.live",
            handlers={Happened: Recorder()},
            topics=("test.happened",),
            is_live=True,
            on_gap=lambda: gaps.append(1),
        )
        bus = rabbit.bus(live, url=proxy.url)
        await bus.start()
        assert gaps == [], "nothing was missed before the first time"
        [subscription] = [each for each in bus._subscriptions if "test.live" in each.queue]
        async with subscription._link._consuming.channel() as channel:
            await channel.queue_delete(subscription.queue)
        await until(lambda: len(gaps) == 1)
        proxy.cut()
        await until(lambda: len(gaps) == 2)


async def test_the_periodic_comparison_finds_a_consumer_that_was_lost_in_silence(rabbit: RabbitWorld) -> None:
    sweeps = Recorder()
    bus = rabbit.bus(consumer("test.sweeps", {Sweep: sweeps}), check_seconds=0.05)
    await bus.start()
    subscription = bus._subscriptions[0]
    assert subscription._subscribed is not None
    await subscription._subscribed.cancel()  # as if the broker had forgotten us without a word
    await bus.publish([WRITER.wrap(Sweep(number=1))])
    assert await sweeps.received(1) == [Sweep(number=1)]


async def test_what_waits_in_a_queue_is_shown_as_the_broker_counts_it(rabbit: RabbitWorld) -> None:
    metrics, go_on = Metrics(), asyncio.Event()

    async def hold(envelope: Envelope) -> None:
        await go_on.wait()

    def ready(number: int) -> bool:
        return f'colloquy_queue_ready_messages{{queue="test.sweeps"}} {number}.0' in metrics.render().splitlines()

    bus = rabbit.bus(consumer("test.sweeps", {Sweep: hold}, prefetch=2), check_seconds=0.05, metrics=metrics)
    await bus.start()
    await bus.publish([WRITER.wrap(Sweep(number=number)) for number in range(5)])
    await until(lambda: ready(3))
    assert 'colloquy_messages_in_hand{queue="test.sweeps"} 2.0' in metrics.render().splitlines()
    go_on.set()
    await until(lambda: ready(0))


async def test_the_process_is_given_up_when_a_queue_cannot_be_consumed_again(rabbit: RabbitWorld) -> None:
    reasons: list[str] = []
    bus = rabbit.bus(consumer("test.sweeps", {Sweep: Recorder()}), give_up=reasons.append, renewal_pauses=(0.01, 0.01))
    await bus.start()
    subscription = bus._subscriptions[0]

    async def fail() -> None:
        raise BusUnavailable("The queue has no leader.")

    subscription.renew = fail  # type: ignore[method-assign]
    async with BrokerHands(rabbit.url) as hands:
        await hands.delete_queue(subscription.queue)
    await until(lambda: bool(reasons))
    assert "no leader" in reasons[0]
    assert "test.sweeps" in (await bus.problem() or "")


async def test_the_process_is_given_up_when_nobody_watches_over_the_connection_any_more(rabbit: RabbitWorld) -> None:
    reasons: list[str] = []
    bus = rabbit.bus(consumer("test.sweeps", {Sweep: Recorder()}), give_up=reasons.append, check_seconds=0.01)

    async def fail(_: object) -> None:
        raise ZeroDivisionError("a mistake of ours")

    bus._watchdog.compare = fail  # type: ignore[method-assign]
    await bus.start()
    await until(lambda: bool(reasons))
    assert "ZeroDivisionError" in reasons[0]


async def test_a_queue_an_older_release_declared_otherwise_is_used_as_it_is(rabbit: RabbitWorld) -> None:
    async with BrokerHands(rabbit.url) as hands:
        await hands.declare_queue(rabbit.topology.queue_name("test.sweeps"), {"x-max-priority": 5})
    sweeps = Recorder()
    bus = await rabbit.join(consumer("test.sweeps", {Sweep: sweeps}))
    await bus.publish([WRITER.wrap(Sweep(number=1))])
    assert await sweeps.received(1) == [Sweep(number=1)]


# Connections


async def test_after_the_connection_was_cut_nothing_is_lost(rabbit: RabbitWorld) -> None:
    async with Proxy(rabbit.url) as proxy:
        handled: set[int] = set()

        async def work(envelope: Envelope) -> None:
            await asyncio.sleep(0.01)
            assert isinstance(envelope.message, Sweep)
            handled.add(envelope.message.number)

        bus = rabbit.bus(consumer("test.sweeps", {Sweep: work}, prefetch=4), url=proxy.url)
        await bus.start()
        sender = rabbit.bus()
        await sender.start()
        for number in range(100):
            await sender.publish([WRITER.wrap(Sweep(number=number))])
            if number in (20, 50, 80):
                proxy.cut()
        await until(lambda: handled == set(range(100)))


async def test_a_publisher_whose_connection_was_cut_publishes_again_on_the_next_one(rabbit: RabbitWorld) -> None:
    sweeps = Recorder()
    await rabbit.join(consumer("test.sweeps", {Sweep: sweeps}))
    async with Proxy(rabbit.url) as proxy:
        sender = rabbit.bus(url=proxy.url)
        await sender.start()
        proxy.cut()
        await until(sender.problem)
        await sender.publish([WRITER.wrap(Sweep(number=1))])
        assert await sweeps.received(1) == [Sweep(number=1)]


async def test_requests_under_way_fail_at_once_when_the_connection_is_cut(rabbit: RabbitWorld) -> None:
    asked = asyncio.Event()

    async def dawdle(envelope: Envelope) -> Greeting:
        asked.set()
        await asyncio.sleep(5)
        return Greeting(text="late")

    await rabbit.join(consumer("test.greetings", {Greet: dawdle}))
    async with Proxy(rabbit.url) as proxy:
        asker = rabbit.bus(url=proxy.url)
        await asker.start()
        answer = asyncio.create_task(asker.request(Greet(name="Ada"), Greeting, timeout_seconds=60))
        await asked.wait()
        proxy.cut()
        with pytest.raises(BusUnavailable):
            await answer


async def test_publishing_raises_in_bounded_time_while_the_broker_is_away_and_works_when_it_is_back(
    rabbit: RabbitWorld,
) -> None:
    sweeps = Recorder()
    async with Proxy(rabbit.url) as proxy:
        bus = rabbit.bus(consumer("test.sweeps", {Sweep: sweeps}), url=proxy.url, patience_seconds=0.1)
        await bus.start()
        await proxy.refuse()
        with pytest.raises(BusUnavailable):
            await bus.publish([WRITER.wrap(Sweep(number=1))])
        with pytest.raises(BusUnavailable):
            await bus.hand_over(rabbit.codec.pack(WRITER.wrap(Sweep(number=1))))
        with pytest.raises(BusUnavailable):
            await bus.request(Greet(name="Ada"), Greeting, timeout_seconds=10)
        await bus.announce(Happened(number=1))
        assert "not connected" in (await bus.problem() or "")
        await proxy.accept()
        await until(lambda: is_well(bus))
        await bus.publish([WRITER.wrap(Sweep(number=2))])
        assert await sweeps.received(1) == [Sweep(number=2)]


async def test_publishing_to_a_broker_that_does_not_confirm_raises_in_bounded_time(rabbit: RabbitWorld) -> None:
    async with Proxy(rabbit.url) as proxy:
        bus = rabbit.bus(url=proxy.url, confirm_seconds=0.2)
        await bus.start()
        proxy.freeze()
        with pytest.raises(BusUnavailable):
            await bus.publish([WRITER.wrap(Sweep(number=1))])
        proxy.cut()


async def test_a_message_in_hand_when_its_connection_is_cut_is_delivered_again(rabbit: RabbitWorld) -> None:
    in_hand, finish = asyncio.Event(), asyncio.Event()

    async def work(envelope: Envelope) -> None:
        in_hand.set()
        await finish.wait()

    sweeps = Recorder(work)
    async with Proxy(rabbit.url) as proxy:
        bus = rabbit.bus(consumer("test.sweeps", {Sweep: sweeps}), url=proxy.url)
        await bus.start()
        sender = await rabbit.join()
        await sender.publish([WRITER.wrap(Sweep(number=1))])
        await in_hand.wait()
        proxy.cut()
        await sweeps.received(2)
        finish.set()
        assert sweeps.seen[0].id == sweeps.seen[1].id


# Starting


async def test_starting_waits_for_the_broker(rabbit: RabbitWorld) -> None:
    async with Proxy(rabbit.url) as proxy:
        await proxy.refuse()
        bus = rabbit.bus(url=proxy.url)
        starting = asyncio.create_task(bus.start())
        await asyncio.sleep(0.3)
        assert not starting.done()
        await proxy.accept()
        await starting
        assert await bus.problem() is None


async def test_starting_without_a_broker_ends_after_the_limit_and_says_what_to_do(rabbit: RabbitWorld) -> None:
    async with Proxy(rabbit.url) as proxy:
        await proxy.refuse()
        bus = rabbit.bus(url=proxy.url, wait_seconds=0.3)
        with pytest.raises(BusUnavailable, match="Start RabbitMQ or correct COLLOQUY_AMQP_URL"):
            await bus.start()


async def test_a_broker_that_refuses_our_password_ends_the_start_at_once_without_naming_it(rabbit: RabbitWorld) -> None:
    bus = rabbit.bus(url=rabbit.url.replace("guest:guest@", "guest:hunter2@"), wait_seconds=60)
    with pytest.raises(BrokerRefusedUs) as refused:
        await bus.start()
    assert "COLLOQUY_AMQP_URL" in str(refused.value)
    assert "hunter2" not in str(refused.value)


async def test_stopping_ends_also_in_the_middle_of_a_comparison_with_the_broker(rabbit: RabbitWorld) -> None:
    for number in range(10):
        bus = rabbit.bus(consumer("test.sweeps", {Sweep: Recorder()}), check_seconds=0.0001)
        await bus.start()
        await asyncio.sleep(number / 1000)
        async with asyncio.timeout(20):
            await bus.stop()
        assert await bus.problem() is not None


async def test_stopping_ends_also_while_the_broker_is_away(rabbit: RabbitWorld) -> None:
    for number in range(5):
        async with Proxy(rabbit.url) as proxy:
            bus = rabbit.bus(url=proxy.url)
            await bus.start()
            await (proxy.refuse() if number % 2 else proxy.hang())
            await until(bus.problem)
            await asyncio.sleep(number / 20)
            async with asyncio.timeout(20):
                await bus.stop()


# Messages at the broker


async def test_persistent_queues_are_quorum_queues_with_a_delivery_limit(rabbit: RabbitWorld) -> None:
    plan = rabbit.topology.command_queue("session.bulk")
    assert plan.arguments["x-queue-type"] == "quorum"
    deaths = Recorder()

    async def vanish(envelope: Envelope) -> None:
        deaths.seen.append(envelope)
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(1)

    kept = Consumer(queue="test.kept", handlers={Happened: vanish}, topics=("test.happened",))
    bus = await rabbit.join(kept)
    await bus.publish([WRITER.wrap(Happened(number=1))])
    [letter] = await rabbit.dead()
    assert letter.queue == "test.kept"
    assert "killed" in letter.reason
    assert len(deaths.seen) == rabbit.topology.delivery_limit + 1
    assert deaths.seen[-1].attempt > deaths.seen[0].attempt


async def test_dead_letters_wait_at_the_broker_for_a_process_that_keeps_them(rabbit: RabbitWorld) -> None:
    bus = rabbit.bus(consumer("test.sweeps", {Greet: greet}), dead_letters=None)
    await bus.start()
    await bus.publish([WRITER.wrap(Sweep(number=1))])
    async with BrokerHands(rabbit.url) as hands:
        await until(lambda: hands.message_count(rabbit.topology.dead))
    await rabbit.join()
    [letter] = await rabbit.dead()
    assert letter.queue == "test.sweeps"


async def test_a_reply_address_that_is_no_direct_reply_is_not_written_to(rabbit: RabbitWorld) -> None:
    greetings = Recorder(greet)
    bus = rabbit.bus(consumer("test.greetings", {Greet: greetings}))
    await bus.start()
    target = rabbit.topology.queue_name("test.sweeps")
    body = rabbit.codec.encode(WRITER.wrap(Greet(name="Ada", secret=Sealed(""))))
    async with BrokerHands(rabbit.url) as hands:
        await hands.declare_queue(target, {"x-queue-type": "classic"})
        await hands.publish("", rabbit.topology.queue_name("test.greetings"), body, reply_to=target)
        await greetings.received(1)
        await rabbit.leave(bus)
        assert await hands.message_count(target) == 0


ASKED = ActionRequested(interview="a:b.yml", session="s1", action="go", arguments={"word": "canary"})


async def test_what_another_service_publishes_is_parted_by_session_with_the_verified_publisher(
    rabbit: RabbitWorld,
) -> None:
    actions = Recorder()
    bus = rabbit.bus(Consumer(queue=partition_queue("s1"), handlers={TakeAction: actions}, prefetch=1))
    await bus.start()
    body = rabbit.codec.encode(WRITER.wrap(ASKED, dedup_key="order 7"))
    async with BrokerHands(rabbit.url) as hands:
        await hands.publish(rabbit.topology.actions, "action.crm", body, user_id="guest")
    [taken] = await actions.received(1)
    assert isinstance(taken, TakeAction)
    assert (taken.publisher, taken.request_id, taken.asked.value) == ("guest", "order 7", ASKED)


async def test_who_says_not_who_they_are_is_nobody(rabbit: RabbitWorld) -> None:
    actions = Recorder()
    bus = rabbit.bus(Consumer(queue=partition_queue("s1"), handlers={TakeAction: actions}, prefetch=1))
    await bus.start()
    async with BrokerHands(rabbit.url) as hands:
        await hands.publish(rabbit.topology.actions, "action.crm", rabbit.codec.encode(WRITER.wrap(ASKED)))
    [taken] = await actions.received(1)
    assert isinstance(taken, TakeAction)
    assert taken.publisher == ""


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"canary, not JSON", "not JSON"),
        (b'{"word": "canary"}', "not a CloudEvent"),
        (
            b'{"specversion": "1.0", "id": "1", "source": "/x", "type": "colloquy.Sweep", "data": {"number": 1}}',
            "publish",
        ),
        (
            b'{"specversion": "1.0", "id": "1", "source": "x", "type": "colloquy.ActionRequested", "dataref": "blob"}',
            "must be in it",
        ),
        (b'{"specversion": "1.0", "id": "1", "source": "/x", "data": "' + b"canary" * 180_000 + b'"}', "the limit is"),
    ],
    ids=["no JSON", "no envelope", "an order to us", "kept elsewhere", "a megabyte"],
)
async def test_what_is_no_request_becomes_a_dead_letter_without_its_contents_and_its_publisher_is_told(
    rabbit: RabbitWorld, body: bytes, reason: str
) -> None:
    bus = rabbit.bus(Consumer(queue=partition_queue("s1"), handlers={TakeAction: Recorder()}, prefetch=1))
    await bus.start()
    async with BrokerHands(rabbit.url) as hands:
        answer = await hands.ask(rabbit.topology.actions, "action.crm", body, user_id="guest")
    [letter] = await rabbit.dead()
    assert letter.queue == "session.actions.intake"
    assert reason in letter.reason
    assert b"canary" not in letter.body
    told = orjson.loads(answer)["data"]
    assert (told["status"], told["publisher"]) == ("refused", "guest")
    assert reason in told["detail"]


async def test_a_request_that_the_broker_gives_up_becomes_a_dead_letter_without_its_contents(
    rabbit: RabbitWorld,
) -> None:
    bus = rabbit.bus(Consumer(queue=partition_queue("s1"), handlers={TakeAction: Recorder()}, prefetch=1))
    await bus.start()
    await bus.stop()  # nobody takes it up before it expires
    body = b'{"specversion": "1.0", "id": "7", "source": "/x", "type": "colloquy.ActionRequested", "data": "canary"}'
    async with BrokerHands(rabbit.url) as hands:
        await hands.publish(rabbit.topology.actions, "action.crm", body, user_id="guest", expiration=0.01)
        await until(lambda: hands.message_count(rabbit.topology.dead))
    await rabbit.join()
    [letter] = await rabbit.dead()
    assert (letter.queue, letter.message_id) == ("session.actions.intake", "7")
    assert "expired" in letter.reason
    assert orjson.loads(letter.body) == {"type": "colloquy.ActionRequested", "id": "7", "publisher": "guest"}


async def test_a_publisher_that_waits_is_answered(rabbit: RabbitWorld) -> None:
    actions = Recorder()
    bus = rabbit.bus(Consumer(queue=partition_queue("s1"), handlers={TakeAction: actions}, prefetch=1))
    await bus.start()

    async def answer() -> None:
        [taken] = await actions.received(1)
        assert isinstance(taken, TakeAction)
        ended = ActionFinished(session_id="1", request_id=taken.request_id, status="done")
        await bus.answer(taken.reply_to, taken.correlation_id, ended)

    async with BrokerHands(rabbit.url) as hands:
        body = rabbit.codec.encode(WRITER.wrap(ASKED))
        answered, _ = await asyncio.gather(
            hands.ask(rabbit.topology.actions, "action.crm", body, user_id="guest"), answer()
        )
    assert orjson.loads(answered)["data"]["status"] == "done"


async def test_the_librarys_loggers_stay_silent(
    rabbit: RabbitWorld, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.NOTSET)
    async with Proxy(rabbit.url) as proxy:
        bus = rabbit.bus(consumer("test.sweeps", {Sweep: Recorder()}), url=proxy.url)
        await bus.start()
        async with BrokerHands(rabbit.url) as hands:
            name = rabbit.topology.queue_name("test.sweeps")
            await hands.delete_queue(name)
            await until(lambda: is_well(bus))
            await hands.publish("", name, b"canary in the body", reply_to="amq.rabbitmq.reply-to.gone")
            await hands.publish("", name, b"canary in the body")
        await rabbit.dead()
        assert await is_well(bus)
        proxy.cut()
        await until(bus.problem)
    sys.stderr.flush()
    assert not [record for record in caplog.records if record.name.startswith(("aio_pika", "aiormq", "pamqp"))]
    assert "canary" not in capfd.readouterr().err
