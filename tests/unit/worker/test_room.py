"""Who gets a place in the worker, and in which order."""

from __future__ import annotations

import asyncio

import pytest

from services.worker.room import Room, WorkerStopping


def a_room(size: int = 2, *, low: int = 1, for_session: int = 1, for_interview: int = 2) -> Room:
    return Room(size=size, low=low, for_session=for_session, for_interview=for_interview)


async def begun(*works: asyncio.Task[None]) -> list[bool]:
    """Which of them are done, once all have had their chance."""
    for _ in range(3):
        await asyncio.sleep(0)
    return [work.done() for work in works]


async def test_there_are_as_many_places_as_there_are() -> None:
    room = a_room(2)
    assert [room.try_enter(is_low=False) for _ in range(3)] == [True, True, False]
    assert (room.size, room.taken) == (2, 2)


async def test_who_waits_longest_enters_first() -> None:
    room = a_room(1)
    await room.enter(is_low=False)
    first, second = (asyncio.create_task(room.enter(is_low=False)) for _ in range(2))
    assert await begun(first, second) == [False, False]
    assert room.is_awaited
    room.leave(is_low=False)
    assert await begun(first, second) == [True, False]
    room.leave(is_low=False)
    assert await begun(second) == [True]
    assert not room.is_awaited


async def test_low_priority_has_its_share_and_lets_others_pass() -> None:
    room = a_room(2, low=1)
    await room.enter(is_low=True)
    await room.enter(is_low=False)
    low, other = (asyncio.create_task(room.enter(is_low=is_low)) for is_low in (True, False))
    await begun(low, other)
    room.leave(is_low=False)
    assert await begun(low, other) == [False, True]
    room.leave(is_low=True)
    assert await begun(low) == [True]


async def test_who_gives_up_waiting_takes_no_place() -> None:
    room = a_room(1)
    await room.enter(is_low=False)
    impatient, patient = (asyncio.create_task(room.enter(is_low=False)) for _ in range(2))
    await begun(impatient, patient)
    impatient.cancel()
    room.leave(is_low=False)
    assert await begun(patient) == [True]
    assert room.taken == 1


async def test_who_is_cancelled_in_the_moment_of_entering_gives_the_place_on() -> None:
    room = a_room(1)
    await room.enter(is_low=False)
    unlucky, next_one = (asyncio.create_task(room.enter(is_low=False)) for _ in range(2))
    await begun(unlucky, next_one)
    room.leave(is_low=False)
    unlucky.cancel()
    assert await begun(next_one) == [True]
    assert room.taken == 1


async def test_a_room_that_closes_sends_everybody_away() -> None:
    room = a_room(1)
    await room.enter(is_low=False)
    waiting = asyncio.create_task(room.enter(is_low=False))
    await begun(waiting)
    room.close()
    with pytest.raises(WorkerStopping):
        await waiting
    with pytest.raises(WorkerStopping):
        await room.enter(is_low=False)
    assert not room.try_enter(is_low=False)


def test_sessions_and_interviews_are_full_when_their_share_is_used_up() -> None:
    room = a_room(4, for_session=1, for_interview=2)
    room.begin("one", "a.yml")
    assert (room.full_sessions, room.full_interviews) == (["one"], [])
    room.begin("two", "a.yml")
    assert (room.full_sessions, room.full_interviews) == (["one", "two"], ["a.yml"])
    room.end("one", "a.yml")
    assert (room.full_sessions, room.full_interviews) == (["two"], [])
