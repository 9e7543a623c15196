"""What operators can watch of tasks and workers."""

from __future__ import annotations

from services.worker.gauges import TaskGauges
from services.worker.room import Room
from shared.evaluation.pool import PoolSettings, ProcessPool
from shared.kernel.clock import SystemClock
from shared.kernel.telemetry import Metrics

from .conftest import House


async def test_tasks_are_counted_by_state_and_priority_with_their_age(house: House) -> None:
    metrics, room = Metrics(), Room(size=3, low=1, for_session=2, for_interview=3)
    gauges = TaskGauges(metrics=metrics, database=house.database, room=room, clock=SystemClock(), every_seconds=3600)
    for is_low in (False, False, True):
        await house.launch("sleep", is_low_priority=is_low)
    assert room.try_enter(is_low=False)
    await gauges.look()
    lines = metrics.render().splitlines()
    for line in (
        'colloquy_tasks_open{priority="normal",state="pending"} 2.0',
        'colloquy_tasks_open{priority="low",state="pending"} 1.0',
        'colloquy_tasks_open{priority="normal",state="running"} 0.0',
        "colloquy_worker_tasks_running 1.0",
        "colloquy_worker_room 3.0",
    ):
        assert line in lines
    oldest = 'colloquy_tasks_open_oldest_seconds{priority="low",state="pending"} '
    (age,) = [line.removeprefix(oldest) for line in lines if line.startswith(oldest)]
    assert float(age) > 0


async def test_a_pool_tells_how_much_of_it_is_used() -> None:
    metrics = Metrics()
    ProcessPool(settings=PoolSettings(size=3), folders=[]).report_to(metrics, pool="tasks")
    lines = metrics.render().splitlines()
    assert 'colloquy_interview_slots{pool="tasks"} 3.0' in lines
    assert 'colloquy_interview_runs{pool="tasks",state="queued"} 0.0' in lines
