"""What every Evaluator promises (shared/evaluation/port.py)."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from shared.evaluation.pool import InterviewUnreadable, ProcessPool
from shared.evaluation.port import ProcessDied, RunKilled, RunTimedOut, ValueUnreadable, WorkRefused
from shared.interview.documents.work_order import DocumentWork
from shared.interview.errors import HostRefused
from shared.interview.runtime.host import AwaitTask, FetchTaskResult, HostCall
from shared.interview.runtime.operations import Blobs
from shared.interview.runtime.outcomes import BackgroundValue, Finished, RunFailed, RunResult

from .running import Host, failure, run, value


async def test_a_run_gets_its_request_and_bytes_and_gives_its_result_and_bytes(evaluator: ProcessPool) -> None:
    blobs = {"answers": os.urandom(300_000), "empty": b"", "grüße": b"\x80\x04"}
    result, returned = await run(evaluator, "echo", blobs=blobs)
    assert isinstance(result.outcome, Finished)
    assert returned == blobs


async def test_runs_take_turns_when_there_are_more_than_processes(evaluator: ProcessPool) -> None:
    blobs = [{"answers": str(number).encode()} for number in range(20)]
    results = await asyncio.gather(*(run(evaluator, "echo", blobs=each) for each in blobs))
    assert [returned for _, returned in results] == blobs


async def test_an_error_of_interview_code_is_an_outcome(evaluator: ProcessPool) -> None:
    outcome = await failure(evaluator, "raise")
    assert (outcome.failure.error_type, outcome.failure.error_message) == ("ValueError", "not this way")
    assert "do_raise" in (outcome.failure.error_trace or "")


async def test_interview_code_that_wants_to_exit_only_fails(evaluator: ProcessPool) -> None:
    assert (await failure(evaluator, "exit_politely")).failure.error_type == "SystemExit"


async def test_interview_code_that_wants_too_much_memory_only_fails(evaluator: ProcessPool) -> None:
    assert (await failure(evaluator, "eat_memory")).failure.error_type == "MemoryError"


async def test_a_run_past_its_limit_is_ended_and_the_next_one_runs(evaluator: ProcessPool) -> None:
    with pytest.raises(RunTimedOut, match=r"0\.2 seconds"):
        await run(evaluator, "sleep_stubbornly", limit_seconds=0.2)
    assert await value(evaluator, "sleep", seconds=0) == "slept"


async def test_a_run_that_is_cancelled_is_killed(evaluator: ProcessPool) -> None:
    cancelled = asyncio.Event()
    running = asyncio.create_task(run(evaluator, "sleep_stubbornly", cancelled=cancelled))
    await asyncio.sleep(0.05)
    cancelled.set()
    with pytest.raises(RunKilled):
        await running
    assert await value(evaluator, "sleep", seconds=0) == "slept"


async def test_a_run_that_is_not_cancelled_ends_as_usual(evaluator: ProcessPool) -> None:
    assert await value(evaluator, "sleep", seconds=0, cancelled=asyncio.Event()) == "slept"


async def test_a_run_cancelled_in_the_queue_never_begins(evaluator: ProcessPool) -> None:
    holders = [asyncio.create_task(run(evaluator, "sleep", seconds=60)) for _ in range(2)]
    await asyncio.sleep(0.05)
    cancelled = asyncio.Event()
    waiting = asyncio.create_task(run(evaluator, "echo", cancelled=cancelled))
    await asyncio.sleep(0.02)
    cancelled.set()
    with pytest.raises(RunKilled):
        await waiting
    for holder in holders:
        holder.cancel()
    await asyncio.gather(*holders, return_exceptions=True)


@pytest.mark.parametrize(("action", "reason"), [("die", "status 7"), ("crash", f"signal {signal.SIGABRT:d}")])
async def test_a_process_that_dies_says_how_and_the_next_run_gets_another(
    evaluator: ProcessPool, action: str, reason: str
) -> None:
    with pytest.raises(ProcessDied, match=reason):
        await run(evaluator, action)
    assert await value(evaluator, "sleep", seconds=0) == "slept"


async def test_a_process_killed_from_outside_ends_its_run_only(evaluator: ProcessPool) -> None:
    running = asyncio.create_task(run(evaluator, "wait", host=Host(_for_ever)))
    await asyncio.sleep(0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await value(evaluator, "sleep", seconds=0) == "slept"


async def test_host_calls_cross_the_pipe_with_their_bytes(evaluator: ProcessPool) -> None:
    host = Host()
    assert await value(evaluator, "fetch", task="t1", host=host) == ["succeeded", "42"]
    assert host.calls == [(FetchTaskResult(task_id="t1"), {"question": b"what"})]


async def test_a_refusal_reaches_interview_code_in_words(evaluator: ProcessPool) -> None:
    async def refuse(call: HostCall, blobs: Blobs) -> None:
        raise HostRefused("There is no such task.")

    outcome = await failure(evaluator, "fetch", host=Host(refuse))
    assert (outcome.failure.error_type, outcome.failure.error_message) == ("HostRefused", "There is no such task.")


async def test_a_run_that_waits_lets_another_one_run(evaluator: ProcessPool) -> None:
    async def run_another(call: HostCall, blobs: Blobs) -> None:
        if isinstance(call, AwaitTask):
            await asyncio.gather(*(value(evaluator, "sleep", seconds=0) for _ in range(5)))

    assert await value(evaluator, "wait", host=Host(run_another)) == "succeeded"


async def test_runs_nested_too_deep_are_told_so(evaluator: ProcessPool) -> None:
    inner: list[RunResult] = []

    async def nest(call: HostCall, blobs: Blobs) -> None:
        result, _ = await run(evaluator, "wait", host=Host(nest))
        inner.append(result)

    assert await value(evaluator, "wait", host=Host(nest)) == "succeeded"
    deepest, middle = (result.outcome for result in inner)
    assert isinstance(deepest, RunFailed)
    assert (deepest.failure.error_type, "3 deep" in deepest.failure.error_message) == ("HostRefused", True)
    assert isinstance(middle, BackgroundValue)


async def test_the_limit_counts_the_waits_too(evaluator: ProcessPool) -> None:
    with pytest.raises(RunTimedOut):
        await run(evaluator, "wait", host=Host(_for_ever), limit_seconds=0.2)
    assert await value(evaluator, "sleep", seconds=0) == "slept"


async def test_what_interview_code_has_put_away_is_opened_in_a_process_that_serves_nothing_else(
    evaluator: ProcessPool,
) -> None:
    first = await evaluator.simplify(b"one")
    second = await evaluator.simplify(b"two")
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert (first[1], second[1]) == ("one", "two")
    assert first[0] != second[0]


async def test_what_cannot_be_opened_any_more_is_said_to_be_so(evaluator: ProcessPool) -> None:
    with pytest.raises(ValueUnreadable):
        await evaluator.simplify(b"broken")


async def test_an_interview_is_described_without_running_it(evaluator: ProcessPool) -> None:
    described = await evaluator.describe("docs:data/questions/a.yml", "de")
    assert (described["title"], described["language"]) == ("docs:data/questions/a.yml", "de")
    with pytest.raises(InterviewUnreadable, match="no such interview"):
        await evaluator.describe("missing", "en")


async def test_a_file_is_worked_on_in_a_process_that_serves_nothing_else(evaluator: ProcessPool) -> None:
    work = DocumentWork(task="page", kind="pdf", name="a.pdf")
    (one, made), (other, _) = [await evaluator.work(work, b"abc") for _ in range(2)]
    assert (one["task"], made) == ("page", b"cba")
    assert one["process"] != other["process"]
    with pytest.raises(WorkRefused, match=r"a\.pdf cannot be converted"):
        await evaluator.work(work, b"broken")


async def test_the_names_of_an_interview_are_told_without_running_it(evaluator: ProcessPool) -> None:
    assert await evaluator.names("docs:data/questions/a.yml") == {
        "names": ["docs:data/questions/a.yml"],
        "vocabulary": [],
    }


async def _for_ever(call: HostCall, blobs: Blobs) -> None:
    await asyncio.Event().wait()
