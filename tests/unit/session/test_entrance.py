"""The entrance of turns: the row is read while the lock is asked for, and again by whoever had to wait."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.session import store
from services.session.lock import Lease, SessionLockService
from shared.bus.port import RequestRefused
from shared.storage.errors import DatabaseUnavailable
from tests.fault.rig import Browser, Rig, shown


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sessions that were read, one entry for each time."""
    found: list[str] = []
    load = store.load

    async def noting(statements: Any, session_id: Any, **given: Any) -> Any:
        found.append(session_id)
        return await load(statements, session_id, **given)

    monkeypatch.setattr(store, "load", noting)
    return found


async def test_who_finds_the_session_free_reads_it_once(browser: Browser, read: list[str]) -> None:
    await browser.open()
    read.clear()
    await browser.submit(token="a")
    assert len(read) == 1


async def test_the_row_is_asked_for_before_the_lock_is_there(
    browser: Browser, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await browser.open()
    read.clear()
    acquire, seen = SessionLockService.acquire, list[int]()

    async def noting(self: SessionLockService, *given: Any, **named: Any) -> Any:
        lease = await acquire(self, *given, **named)
        seen.append(len(read))
        return lease

    monkeypatch.setattr(SessionLockService, "acquire", noting)
    await browser.submit(token="a")
    assert seen == [1]


@pytest.mark.parametrize("others_are_here", [True, False], ids=["in this process", "as if in another process"])
async def test_who_had_to_wait_works_on_what_was_saved_meanwhile(
    browser: Browser, rig: Rig, monkeypatch: pytest.MonkeyPatch, others_are_here: bool
) -> None:
    """Nobody is refused by the version check, which would run code twice."""
    await browser.open()
    if not others_are_here:
        monkeypatch.setattr(SessionLockService, "is_held_here", lambda *_: False)
    runs = rig.evaluator.runs  # type: ignore[attr-defined]
    tokens = [f"t{number}" for number in range(12)]
    await asyncio.gather(*(browser.write(token=token, sleep=0.02) for token in tokens))
    assert sorted(await browser.log()) == sorted(tokens)
    assert rig.evaluator.runs == runs + len(tokens) + 1  # type: ignore[attr-defined]  # the last is that of log()


async def test_others_of_this_process_do_not_read_what_they_could_not_use(
    browser: Browser, rig: Rig, read: list[str]
) -> None:
    await browser.open()
    read.clear()
    runs = rig.evaluator.runs  # type: ignore[attr-defined]
    holding = asyncio.create_task(browser.write(token="a", sleep=0.5))
    while rig.evaluator.runs == runs:  # type: ignore[attr-defined]
        await asyncio.sleep(0.005)
    await asyncio.gather(holding, browser.write(token="b"))
    assert len(read) == 2


async def test_a_row_that_could_not_be_read_is_told_and_the_session_is_free_again(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await browser.open()
    load, leases = store.load, list[Lease]()
    acquire = SessionLockService.acquire

    async def noting(self: SessionLockService, *given: Any, **named: Any) -> Any:
        leases.append(await acquire(self, *given, **named))
        return leases[-1]

    async def failing(*_: Any, **__: Any) -> Any:
        raise DatabaseUnavailable("No connection.")

    monkeypatch.setattr(store, "load", failing)
    with pytest.raises(RequestRefused, match="does not answer"):
        await browser.submit(token="a")
    monkeypatch.setattr(store, "load", load)
    monkeypatch.setattr(SessionLockService, "acquire", noting)
    assert shown(await browser.submit(token="b"))["log"] == ["b"]
    assert not leases[-1].has_overtaken  # nobody had left a lock behind


async def test_who_reads_just_before_another_one_saves_reads_again(
    browser: Browser, rig: Rig, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one comes and goes between the reading and the lock: the lock tells what it has saved."""
    await browser.open()
    read.clear()
    runs = rig.evaluator.runs  # type: ignore[attr-defined]
    acquire, is_first = SessionLockService.acquire, [True]

    async def late(self: SessionLockService, *given: Any, **named: Any) -> Any:
        if is_first.pop() if is_first else False:
            while not read:
                await asyncio.sleep(0.005)
            await browser.write(token="between")
            await rig.settle()
        return await acquire(self, *given, **named)

    monkeypatch.setattr(SessionLockService, "acquire", late)
    await browser.write(token="a")
    assert await browser.log() == ["between", "a"]
    assert rig.evaluator.runs == runs + 3  # type: ignore[attr-defined]  # nobody ran twice; the last is that of log()
