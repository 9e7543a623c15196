"""A worker in trouble: whatever goes wrong, its tasks end and its room is free again."""

from __future__ import annotations

import asyncio
from typing import Any

from services.worker.checkpoint import Moment
from shared.crypto.keys import ServerKeys
from shared.evaluation.frames import FrameTooLarge
from shared.evaluation.port import PoolBusy
from shared.tasks.leases import Leases
from tests.unit.tasks.sessions import save_session

from .conftest import House, StartWorker


class Held:
    """Keeps the first task that reaches a moment waiting there."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self.is_reached = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def reached(self, moment: Moment, task_id: str) -> None:
        if moment == self._moment and not self.is_reached.is_set():
            self.is_reached.set()
            await self.goes_on.wait()


class Failing:
    """An evaluator that cannot run anything."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def run(self, *given: Any, **named: Any) -> Any:
        raise self._error

    async def simplify(self, value: bytes) -> object:
        raise self._error

    async def describe(self, reference: str, language: str) -> dict[str, object]:
        raise self._error

    async def names(self, reference: str) -> dict[str, object]:
        raise self._error

    async def work(self, work: Any, contents: bytes) -> tuple[dict[str, object], bytes]:
        raise self._error


async def failure_type(house: House) -> str:
    failure = (await house.next_end()).outcome.failure
    assert failure is not None
    return failure.error_type


async def test_a_task_that_cannot_be_handed_to_an_interview_process_fails_at_once(
    house: House, start_worker: StartWorker
) -> None:
    await start_worker(evaluator=Failing(FrameTooLarge("too many answers")))
    await house.launch("sleep")
    assert await failure_type(house) == "FrameTooLarge"


async def test_a_revoked_task_does_not_wait_for_an_interview_process(house: House, start_worker: StartWorker) -> None:
    await start_worker(evaluator=Failing(PoolBusy()), worker_concurrency=1, worker_drain_seconds=0.0)
    waiting = await house.launch("sleep")
    await house.until(waiting, "running")
    await house.revoke(waiting)
    await house.until(await house.launch("sleep"), "running")


async def test_a_task_that_waits_for_an_interview_process_has_not_begun(
    house: House, start_worker: StartWorker, server_keys: ServerKeys
) -> None:
    worker = await start_worker(worker_processes=1, worker_concurrency=2, worker_drain_seconds=0.0)
    first = await house.launch("sleep_stubbornly")
    await house.until_begun(first)
    session = await save_session(house.database, server_keys)
    waiting = await house.launch("sleep", seconds=0, session=session)
    await house.until(waiting, "running")
    await worker.stop()
    assert [await house.state(task_id) for task_id in (first, waiting)] == ["responding", "pending"]


async def test_a_mistake_of_the_server_fails_the_task_without_telling_what_it_says(
    house: House, start_worker: StartWorker
) -> None:
    await start_worker(evaluator=Failing(RuntimeError("an answer")))
    await house.launch("sleep")
    ended = await house.next_end()
    assert ended.outcome.failure is not None
    assert ended.outcome.failure.error_type == "RuntimeError"
    assert "an answer" not in ended.outcome.failure.error_message


async def test_a_task_that_cannot_be_opened_fails_at_once(house: House, start_worker: StartWorker) -> None:
    task_id = await house.launch("sleep")
    await house.database.execute("update tasks.tasks set arguments_sealed = 'damaged'")
    await start_worker(worker_processes=1)
    await house.until(task_id, "failed")
    assert await house.database.fetchval("select reason from tasks.tasks") == "key_lost"


async def test_a_task_claimed_twice_by_one_worker_leaves_room_for_others(
    house: House, start_worker: StartWorker
) -> None:
    held = Held("claimed")
    await start_worker(checkpoint=held, worker_processes=2, worker_concurrency=2, worker_session_concurrency=2)
    task_id = await house.launch("sleep", seconds=0)
    await held.is_reached.wait()
    await house.database.execute("update tasks.tasks set state = 'pending'")  # its lease ran out
    await house.ring(task_id)
    assert (await house.next_end()).fencing == 2
    held.goes_on.set()
    others = [await house.launch("sleep") for _ in range(2)]
    for other in others:
        await house.until_begun(other)
    for other in others:
        await house.revoke(other)


async def test_a_worker_that_slept_past_its_leases_keeps_its_tasks(house: House, start_worker: StartWorker) -> None:
    await start_worker(worker_processes=1, overdue_seconds=0.02)
    task_id = await house.launch("sleep", seconds=0.5)
    await house.until_begun(task_id)
    await house.database.execute("update tasks.tasks set due_at = now() - interval '1 hour'")
    ended = await house.next_end()
    assert (ended.outcome.kind, ended.fencing) == ("value", 1)


async def test_a_worker_that_is_stopped_gives_back_what_has_not_begun(
    house: House, start_worker: StartWorker, server_keys: ServerKeys
) -> None:
    held = Held("claimed")
    stopped = await start_worker(checkpoint=held, worker_processes=1, worker_drain_seconds=0.0)
    task_id = await house.launch("sleep", seconds=0)
    await held.is_reached.wait()
    await stopped.stop()
    assert await house.state(task_id) == "pending"
    [overdue] = await Leases(server_keys=server_keys).take_overdue(house.database)
    assert (overdue.task_id, overdue.say) == (task_id, "run")
