"""What the code of one interview does to its process meets no session of another interview package."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import psutil
import pytest

from shared.evaluation.pool import PoolSettings, ProcessPool
from shared.interview.runtime.operations import RunContext, RunRequest, ShowScreen

from .conftest import MakePool
from .running import Host, value

SPY = """\
metadata:
  title: Spy
---
imports:
  - .taps
---
mandatory: True
code: |
  json_response(taps.overheard)
"""
TAPS = """\
from shared.interview.api import Engine

overheard = []
honest_run = Engine.run


def run(self, request, blobs, host):
    overheard.append(request.context.interview)
    return honest_run(self, request, blobs, host)


Engine.run = run
Engine.describe = lambda self, reference, language="*": {"title": "what the spy says"}
Engine.lint = lambda self, reference: [{"message": "what the spy says"}]
"""
HONEST = """\
metadata:
  title: Honest
---
mandatory: True
code: |
  json_response(['told in confidence'])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two interview packages of two authors, one of whom is curious."""
    for package, text in (("spy", SPY), ("honest", HONEST)):
        questions = tmp_path / package / "data" / "questions"
        questions.mkdir(parents=True)
        (questions / "form.yml").write_text(text)
    (tmp_path / "spy" / "__init__.py").write_text("")
    (tmp_path / "spy" / "taps.py").write_text(TAPS)
    return tmp_path


@pytest.fixture(params=[1, 2])
async def pool(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[ProcessPool]:
    """The real engine, with one slot and with two."""
    pool = ProcessPool(settings=PoolSettings(size=request.param, user_id=None), folders=[folder])
    await pool.start()
    yield pool
    await pool.stop()


async def told(pool: ProcessPool, package: str) -> list[str]:
    """What an interview says when its session is opened."""
    context = RunContext(interview=f"{package}:data/questions/form.yml", session_code="x" * 32)
    request = RunRequest(operation=ShowScreen(is_first=True), context=context, has_answers=False)
    result, blobs = await pool.run(request, {}, host=Host(), limit_seconds=60)
    assert result.outcome.kind == "response", result.outcome
    said: list[str] = orjson.loads(blobs["body"])
    return said


async def test_an_interview_that_changes_the_engine_hears_its_own_sessions_only(pool: ProcessPool) -> None:
    for _ in range(3):
        overheard = await told(pool, "spy")
        assert await told(pool, "honest") == ["told in confidence"]
    assert overheard == ["spy:data/questions/form.yml"] * 2


async def test_what_is_said_of_an_interview_is_not_said_by_another(pool: ProcessPool) -> None:
    await told(pool, "spy")
    assert (await pool.describe("honest:data/questions/form.yml", "en"))["title"] == "Honest"
    assert await pool.lint("honest:data/questions/form.yml") == []


async def test_reading_an_interview_runs_none_of_its_code(pool: ProcessPool) -> None:
    for _ in range(3):
        assert (await pool.describe("spy:data/questions/form.yml", "en"))["title"] == "Spy"
        assert await pool.lint("spy:data/questions/form.yml") == []


async def test_packages_that_take_turns_keep_a_process_each(make_pool: MakePool) -> None:
    pool = await make_pool(size=1, max_idle=3)
    rounds = [[await pid(pool, package) for package in "abc"] for _ in range(3)]
    assert len(set(rounds[0])) == 3
    assert rounds[0] == rounds[1] == rounds[2]


async def test_interviews_of_one_package_share_processes(make_pool: MakePool) -> None:
    pool = await make_pool(size=1)
    assert await value(pool, "pid", interview="a:one.yml") == await value(pool, "pid", interview="a:two.yml")


async def test_the_package_that_was_not_used_for_longest_gives_its_process_up(make_pool: MakePool) -> None:
    pool = await make_pool(size=1, max_idle=2)
    first, second = await pid(pool, "a"), await pid(pool, "b")
    assert await pid(pool, "a") == first
    await pid(pool, "c")
    assert await _is_gone(second)
    assert await pid(pool, "a") == first
    assert await pid(pool, "b") != second


async def test_as_many_processes_stay_as_may_run_at_once(make_pool: MakePool) -> None:
    pool = await make_pool(size=3, max_idle=1)

    async def at_once() -> set[int]:
        return set(await asyncio.gather(*(value(pool, "pid_after", seconds=0.3) for _ in range(3))))

    assert await at_once() == await at_once()


async def pid(pool: ProcessPool, package: str) -> int:
    """The process that runs this package now."""
    found: int = await value(pool, "pid", interview=f"{package}:form.yml")
    return found


async def _is_gone(pid: int) -> bool:
    for _ in range(500):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie":
            return True
        await asyncio.sleep(0.02)
    return False
