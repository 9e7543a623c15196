"""What a process can do to the server by what it says: nothing. And what is left of it when it ends: nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import sys
from pathlib import Path

import psutil
import pytest

from shared.evaluation.frames import Frame, FrameLimits, Kind, encode
from shared.evaluation.launcher import TemplateFailed
from shared.evaluation.port import PoolBusy, ProcessDied
from shared.interview.runtime.operations import Blobs

from .conftest import MakePool
from .running import Host, failure, run, value

LIMITS = FrameLimits()


def said(kind: Kind, body: bytes = b"", **parts: bytes) -> str:
    return b"".join(encode(Frame(kind, body, parts), LIMITS)).hex()


@pytest.mark.parametrize(
    "text",
    [
        b"GET / HTTP/1.1\r\n\r\n".hex() * 2,
        struct.pack("!BBIIQ", Kind.RESULT, 0, 2**32 - 1, 0, 0).hex(),
        struct.pack("!BBIIQ", Kind.RESULT, 0, 0, 0, 2**60).hex(),
        said(Kind.RESULT, b"not json"),
        said(Kind.RESULT, b'{"outcome": {"kind": "unheard of"}}'),
        said(Kind.RESULT, b'{"outcome": {"kind": "screen"}}'),
        said(Kind.RESULT, b"[" * 100_000),
        said(Kind.REPORT, b"{}"),
        said(Kind.READY),
        said(Kind.CALL, b'{"call": "read_file", "path": "/etc/shadow"}'),
        said(Kind.CALL, b'{"call": "fetch_task_result", "task_id": "' + b"x" * 65 + b'"}'),
        said(Kind.RUN),
        said(Kind.RESULT) * 3,
    ],
)
async def test_whatever_a_process_says_costs_only_its_own_life(make_pool: MakePool, text: str) -> None:
    pool = await make_pool()
    host = Host()
    with pytest.raises(ProcessDied):
        await run(pool, "write_raw", text=text, host=host)
    assert host.calls == []
    assert await value(pool, "sleep", seconds=0) == "slept"


async def test_a_process_that_speaks_out_of_turn_is_not_used_again(make_pool: MakePool) -> None:
    pool = await make_pool()
    first = await value(pool, "speak_later", text=said(Kind.RESULT, b"{}"))
    await asyncio.sleep(0.3)
    assert await value(pool, "pid") != first


@pytest.mark.parametrize("action", ["launch_without_arguments", "screen_without_screen"])
async def test_a_result_that_names_what_is_not_there_is_refused(make_pool: MakePool, action: str) -> None:
    pool = await make_pool()
    with pytest.raises(ProcessDied, match="lacks"):
        await run(pool, action)


async def test_answers_beyond_the_limit_are_an_error_of_the_interview(make_pool: MakePool) -> None:
    pool = await make_pool(frames=FrameLimits(parts_bytes=1000))
    outcome = await failure(pool, "return_much", size=1001)
    assert (outcome.failure.error_type, outcome.title) == (
        "FrameTooLarge",
        "The answers of this interview are too large",
    )


async def test_a_run_cannot_ask_the_server_without_end(make_pool: MakePool) -> None:
    pool = await make_pool(calls=3)
    assert await value(pool, "ask_often", times=3) == "asked"
    assert "3 times" in (await failure(pool, "ask_often", times=4)).failure.error_message


async def test_news_of_progress_are_not_counted_unless_they_come_without_pause(make_pool: MakePool) -> None:
    pool = await make_pool(calls=3)
    assert await value(pool, "tell_progress", times=40) == "told"
    assert "3 times" in (await failure(pool, "tell_progress", times=100_000)).failure.error_message


async def test_an_engine_that_cannot_be_made_ends_the_start_with_its_reason(make_pool: MakePool) -> None:
    with pytest.raises(TemplateFailed, match="does not fit"):
        await make_pool(engine="tests.unit.evaluation.scripted_engine:BrokenEngine")
    with pytest.raises(TemplateFailed, match="NoSuchEngine"):
        await make_pool(engine="tests.unit.evaluation.scripted_engine:NoSuchEngine")


async def test_a_process_is_replaced_after_its_runs(make_pool: MakePool) -> None:
    pool = await make_pool(runs=3)
    pids = [await value(pool, "pid") for _ in range(7)]
    assert pids[0] == pids[1] == pids[2]
    assert len(set(pids)) == 3


async def test_a_process_that_has_grown_is_replaced(make_pool: MakePool) -> None:
    pool = await make_pool(growth_bytes=30 * 1024**2)
    small = await value(pool, "keep", size=1000)
    assert await value(pool, "keep", size=60 * 1024**2) == small
    assert await value(pool, "pid") != small


async def test_a_full_queue_is_told_so_at_once(make_pool: MakePool) -> None:
    pool = await make_pool(backlog=1)
    holders = [asyncio.create_task(run(pool, "sleep")) for _ in range(2)]
    await asyncio.sleep(0.05)
    with pytest.raises(PoolBusy):
        await run(pool, "echo")
    for holder in holders:
        holder.cancel()
    await asyncio.gather(*holders, return_exceptions=True)


async def test_one_too_many_to_wait_is_told_what_to_do_instead(make_pool: MakePool) -> None:
    pool = await make_pool(waiting=1)
    may_end = asyncio.Event()

    async def wait(call: object, blobs: Blobs) -> None:
        await may_end.wait()

    first = asyncio.create_task(value(pool, "wait", host=Host(wait)))
    await asyncio.sleep(0.05)
    assert ".ready()" in (await failure(pool, "wait")).failure.error_message
    may_end.set()
    assert await first == "succeeded"


async def test_no_file_of_one_run_is_there_for_the_next(make_pool: MakePool) -> None:
    pool = await make_pool()
    assert await value(pool, "litter") == []
    assert await value(pool, "litter") == []


async def test_nothing_a_process_has_started_outlives_it(make_pool: MakePool) -> None:
    pool = await make_pool(runs=1)
    pids = await value(pool, "leave_process")
    assert await _are_gone(pids)


async def test_nothing_is_left_of_a_pool_that_is_stopped(make_pool: MakePool, tmp_path: Path) -> None:
    pool = await make_pool(size=2)
    pid = await value(pool, "pid")
    folder = await value(pool, "python", code="import os; found = os.getcwd()")
    assert Path(folder).is_dir()
    await pool.stop()
    assert await _are_gone([pid])
    assert not Path(folder).parent.exists()
    with pytest.raises(ProcessDied):
        await run(pool, "echo")


async def test_the_template_is_started_again_when_it_was_killed(make_pool: MakePool) -> None:
    pool = await make_pool()
    pid = await value(pool, "pid")
    os.kill(psutil.Process(pid).ppid(), 9)
    assert await _are_gone([pid])
    async with asyncio.timeout(60):
        while True:  # whoever is given one that died a moment ago hears so
            with contextlib.suppress(ProcessDied):
                assert await value(pool, "pid") != pid
                break


async def test_interviews_end_with_a_server_that_was_killed(tmp_path: Path) -> None:
    code = (
        "import asyncio, pathlib, sys\n"
        "sys.path.insert(0, '.')\n"
        "from shared.evaluation.pool import PoolSettings, ProcessPool\n"
        "from tests.contract.evaluation.conftest import ENGINE\n"
        "from tests.contract.evaluation.running import value\n"
        "async def main():\n"
        f"    folder = pathlib.Path({str(tmp_path)!r})\n"
        "    pool = ProcessPool(settings=PoolSettings(size=1), folders=[], engine=ENGINE, scratch_parent=folder)\n"
        "    await pool.start()\n"
        "    print('pid', await value(pool, 'pid'), flush=True)\n"
        "    await value(pool, 'sleep_stubbornly', limit_seconds=100)\n"
        "asyncio.run(main())\n"
    )
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert server.stdout is not None
    while not (line := await server.stdout.readline()).startswith(b"pid"):
        assert line, "the server ended early"
    pid = int(line.split()[1])
    template = psutil.Process(pid).ppid()
    server.kill()
    await server.wait()
    assert await _are_gone([pid, template])
    assert list(tmp_path.iterdir()) == []


async def _are_gone(pids: list[int]) -> bool:
    """Whether all of them end, within a generous time."""
    for _ in range(1500):
        if not any(map(_lives, pids)):
            return True
        await asyncio.sleep(0.02)
    return False


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
