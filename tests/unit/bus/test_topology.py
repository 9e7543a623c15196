"""What we ask of a broker."""

from __future__ import annotations

from shared.bus.port import Consumer
from shared.bus.topology import PARTITIONS, Topology, is_partition, partition_queue


def test_commands_wait_in_quorum_queues_with_an_explicit_delivery_limit_and_a_place_for_the_dead() -> None:
    plan = Topology().command_queue("session.ended")
    assert plan.arguments["x-queue-type"] == "quorum"
    assert plan.arguments["x-delivery-limit"] == 20
    assert plan.arguments["x-dead-letter-exchange"] == "colloquy.dead"
    assert plan.bindings == (("colloquy.commands", "session.ended"),)
    assert not plan.is_live


def test_requests_of_persons_wait_in_a_classic_queue() -> None:
    assert Topology().command_queue("session.interactive").arguments == {"x-queue-type": "classic"}


def test_consumers_and_publishers_of_a_command_queue_declare_it_alike() -> None:
    topology = Topology(prefix="x.")
    for queue in ("session.interactive", "session.bulk", "session.actions.7"):
        consumer = Consumer(queue=queue, handlers={}, is_quorum=True)
        assert topology.consumer_queue(consumer, "n") == topology.command_queue(queue)


def test_live_queues_are_bound_to_their_topics_and_named_anew_each_time() -> None:
    consumer = Consumer(queue="gateway.live", handlers={}, topics=("session.changed",), is_live=True)
    one, other = (Topology().consumer_queue(consumer, name) for name in ("1", "2"))
    assert one.name != other.name
    assert one.is_live
    assert one.bindings == (("colloquy.events", "session.changed"),)


def test_a_prefix_sets_installations_apart() -> None:
    topology = Topology(prefix="staging.")
    names = [plan.name for plan in topology.exchanges()]
    names += [topology.command_queue("session.bulk").name, topology.dead_queue().name, topology.retry(1)[1].name]
    assert all(name.startswith("staging.") for name in names)


def test_a_retry_queue_lets_messages_expire_back_to_the_queue_they_came_from() -> None:
    exchange, queue = Topology().retry(30)
    assert exchange.name == queue.name == "colloquy.retry.30s"
    assert queue.arguments["x-message-ttl"] == 30_000
    assert queue.arguments["x-dead-letter-exchange"] == ""
    assert "x-dead-letter-routing-key" not in queue.arguments
    assert [Topology().retry(delay)[0].name for delay in (120, 0.02)] == ["colloquy.retry.2m", "colloquy.retry.20ms"]


def test_a_session_always_has_the_same_partition_and_all_partitions_are_used() -> None:
    assert partition_queue("s1") == partition_queue("s1")
    used = {partition_queue(f"s{number}") for number in range(1000)}
    assert len(used) == PARTITIONS
    assert all(is_partition(queue) for queue in used)
    assert not is_partition("session.actions.intake")
    assert Topology().command_queue(partition_queue("s1")).arguments["x-single-active-consumer"] is True
