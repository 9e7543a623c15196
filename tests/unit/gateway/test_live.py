"""Pages hear of changes: merged when they are slow, told late when they come late."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from services.gateway.live import BEAT, LOOK, Change, Hub, Progress, TooManyPages, Watcher
from shared.contracts.base import Sealed
from shared.contracts.events import SessionChanged, TaskProgressed


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
        said = await late.next()
        assert isinstance(said, Change)
        assert said.version == 5
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(current.next(), 0.01)


async def test_a_page_that_comes_after_the_end_of_a_task_is_told_though_no_version_is_newer() -> None:
    hub = Hub()
    hub.tell(changed(5, cause="task", ended_tasks=("t1",)))
    with hub.watching("s", 5) as late:
        said = await late.next()
        assert isinstance(said, Change)
        assert said.ended_tasks == ("t1",)


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


def progressed(fraction: float | None, task: str = "t1", message: str = "on the way") -> TaskProgressed:
    return TaskProgressed(session_id="s", task_id=task, fraction=fraction, message=Sealed(message))


async def test_pages_of_a_session_see_how_far_its_tasks_are_and_slow_ones_only_the_newest() -> None:
    hub = Hub()
    with hub.watching("s", 1) as page, hub.watching("other", 1) as elsewhere:
        for fraction in (0.1, 0.2, 0.3):
            hub.show(progressed(fraction))
            hub.show(progressed(fraction / 2, task="t2"))
        hub.tell(changed(2))
        assert '"version":2' in await page.next_message(60.0)
        said = [orjson.loads(await page.next_message(60.0)) for _ in range(2)]
        assert said == [
            {"type": "progress", "task": "t1", "fraction": 0.3, "message": "on the way"},
            {"type": "progress", "task": "t2", "fraction": 0.15, "message": "on the way"},
        ]
        assert await page.next_message(0.01) == BEAT
        assert await elsewhere.next_message(0.01) == BEAT
    with hub.watching("s", 2) as late:
        assert await late.next_message(0.01) == BEAT


async def test_a_page_keeps_room_for_so_many_tasks_only() -> None:
    watcher = Watcher()
    for number in range(200):
        watcher.show(Progress(f"t{number}", 0.5, ""))
    assert len(watcher._progress) == 64
    assert "t199" in watcher._progress


async def test_a_quiet_page_gets_heartbeats() -> None:
    watcher = Watcher()
    assert await watcher.next_message(0.01) == BEAT
    watcher.tell(Change(version=2, cause="answers"))
    assert '"version":2' in await watcher.next_message(60.0)


async def test_every_page_is_asked_to_look_after_a_break_and_still_told_what_is_known() -> None:
    hub = Hub()
    with hub.watching("s", 1) as one, hub.watching("t", 1) as other:
        hub.tell(changed(2))
        hub.look_all()
        assert '"version":2' in await one.next_message(60.0)
        assert await one.next_message(60.0) == LOOK
        assert await other.next_message(60.0) == LOOK
        assert await other.next_message(0.01) == BEAT


async def test_a_page_that_keeps_up_is_written_to_at_once() -> None:
    hub, written = Hub(), list[bytes]()
    with hub.watching("s", 1) as page, hub.watching("s", 1) as same:
        for one in (page, same):
            one.listen(lambda frame: written.append(frame) is None)
        hub.tell(changed(2))
        hub.show(TaskProgressed(session_id="s", task_id="t1", fraction=0.5, message=Sealed("")))
        assert await page.next_message(0.01) == BEAT
    assert [frame[0] for frame in written] == [0x81] * 4  # one whole text message each
    assert [orjson.loads(frame[frame.index(b"{") :])["type"] for frame in written] == [
        "changed", "changed", "progress", "progress",
    ]  # fmt: skip


async def test_what_is_not_taken_waits_and_nothing_overtakes_it() -> None:
    hub, written, is_slow = Hub(), list[bytes](), True

    def push(frame: bytes) -> bool:
        if not is_slow:
            written.append(frame)
        return not is_slow

    with hub.watching("s", 1) as page:
        page.listen(push)
        hub.tell(changed(2))
        is_slow = False
        hub.tell(changed(3))
        assert written == []
        assert '"version":3' in await page.next_message(60.0)
        hub.tell(changed(4))
    assert len(written) == 1
