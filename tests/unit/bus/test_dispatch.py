"""From a service's table of handlers to consumers."""

from __future__ import annotations

from typing import Any

import pytest

from shared.bus.dispatch import QueueSettings, consumers
from shared.contracts.base import Command, Event
from shared.contracts.envelope import Envelope
from shared.contracts.events import SessionChanged, TaskRevoked
from shared.contracts.session import BackgroundEnded, CheckIn, RunSweep
from shared.contracts.worker import RunTask
from shared.kernel.clock import SystemClock
from tests.contract.bus.messages import Greet, Greeting
from tests.contract.bus.worlds import WRITER


async def on_greet(message: Greet, *, greetings: dict[str, str]) -> Greeting:
    return Greeting(text=greetings[message.name])


async def on_run_task(message: RunTask, *, seen: list[Envelope], envelope: Envelope) -> None:
    seen.append(envelope)


async def on_anything(message: object, **parts: Any) -> None:
    parts["seen"].append(sorted(parts))


async def test_a_handler_gets_the_message_and_the_parts_it_asks_for() -> None:
    [greeter] = consumers({Greet: on_greet}, parts={"greetings": {"Ada": "Hello"}, "clock": SystemClock()})
    assert greeter.queue == "test.greetings"
    assert await greeter.handlers[Greet](WRITER.wrap(Greet(name="Ada"))) == Greeting(text="Hello")


async def test_a_handler_may_ask_for_the_envelope() -> None:
    seen: list[Envelope] = []
    [worker] = consumers({RunTask: on_run_task}, parts={"seen": seen})
    envelope = WRITER.wrap(RunTask(task_id="t1", session_id="s1"))
    await worker.handlers[RunTask](envelope)
    assert seen == [envelope]


async def test_a_handler_may_take_all_parts() -> None:
    seen: list[list[str]] = []
    [worker] = consumers({RunTask: on_anything}, parts={"seen": seen, "clock": SystemClock()})
    await worker.handlers[RunTask](WRITER.wrap(RunTask(task_id="t1", session_id="s1")))
    assert seen == [["clock", "seen"]]


def test_a_service_whose_handler_asks_for_a_missing_part_does_not_start() -> None:
    with pytest.raises(TypeError, match="on_greet asks for the part 'greetings'"):
        consumers({Greet: on_greet}, parts={})


def test_there_is_one_consumer_for_each_queue() -> None:
    made = consumers({CheckIn: on_anything, BackgroundEnded: on_anything, RunSweep: on_anything}, parts={"seen": []})
    assert sorted(consumer.queue for consumer in made) == ["session.bulk", "session.ended", "session.interactive"]
    assert {consumer.queue for consumer in made if not consumer.is_quorum} == {"session.interactive"}


def test_queues_have_settings_of_their_own() -> None:
    settings = {"worker.tasks": QueueSettings(prefetch=2, priority=5, is_single_active=True)}
    [worker] = consumers({RunTask: on_anything}, parts={"seen": []}, queues=settings)
    assert (worker.prefetch, worker.priority, worker.is_single_active) == (2, 5, True)


def test_events_go_to_one_live_queue_with_their_topics() -> None:
    [live] = consumers(
        {SessionChanged: on_anything, TaskRevoked: on_anything}, parts={"seen": []}, event_queue="gateway.live"
    )
    assert live.queue == "gateway.live"
    assert live.is_live
    assert set(live.topics) == {"session.changed", "task.revoked"}


def test_events_without_a_queue_for_them_are_a_mistake() -> None:
    with pytest.raises(TypeError, match="SessionChanged"):
        consumers({SessionChanged: on_anything}, parts={"seen": []})


def test_what_has_no_address_cannot_be_handled() -> None:
    class Nowhere(Command):
        """A command without a queue."""

    class Silent(Event):
        """An event without a topic."""

    for message in (Nowhere, Silent):
        with pytest.raises(TypeError, match=message.__name__):
            consumers({message: on_anything}, parts={"seen": []}, event_queue="x")
