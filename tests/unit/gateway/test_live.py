"""Pages hear of changes: merged when they are slow, told late when they come late."""

from __future__ import annotations

import asyncio

import pytest

from services.gateway.live import Change, Hub, TooManyPages
from shared.contracts.events import SessionChanged


def changed(version: int, session: str = "s", **facts: object) -> SessionChanged:
    return SessionChanged.model_validate({"session_id": session, "version": version, "cause": "answers", **facts})


async def test_a_slow_page_gets_everything_in_one_message() -> None:
    hub = Hub()
    with hub.watching("s", 1) as watcher:
        hub.tell(changed(2, operation_id="a", ended_tasks=("t1",)))
        hub.tell(changed(3, operation_id="b", ended_tasks=("t2",), has_notices=True))
        said = await watcher.next()
    assert said == Change(3, "", "answers", ("t1", "t2"), has_notices=True)


async def test_a_page_that_shows_an_older_version_is_told_at_once() -> None:
    hub = Hub()
    hub.tell(changed(5))
    with hub.watching("s", 4) as late, hub.watching("s", 5) as current:
        assert (await late.next()).version == 5
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(current.next(), 0.01)


async def test_a_page_that_comes_after_the_end_of_a_task_is_told_though_no_version_is_newer() -> None:
    hub = Hub()
    hub.tell(changed(5, cause="task", ended_tasks=("t1",)))
    with hub.watching("s", 5) as late:
        assert (await late.next()).ended_tasks == ("t1",)


def test_a_check_in_of_somebody_does_not_hide_an_answer_of_somebody() -> None:
    merged = Change.of(changed(2)).merged(Change.of(changed(3, cause="check_in")))
    assert merged.cause == "answers"


def test_pages_per_session_are_limited_and_leave_nothing_behind() -> None:
    hub = Hub(max_per_session=1)
    with hub.watching("s", 1):
        assert hub.pages == 1
        with pytest.raises(TooManyPages), hub.watching("s", 1):
            pass
    assert hub.pages == 0


def test_only_so_many_sessions_are_remembered() -> None:
    hub = Hub(remembered=2)
    for number in range(5):
        hub.tell(changed(2, session=f"s{number}"))
    with hub.watching("s0", 1) as forgotten, hub.watching("s4", 1) as known:
        assert forgotten._pending is None
        assert known._pending is not None
