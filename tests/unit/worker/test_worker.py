"""The worker, from doorbell to report."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from services.worker.claims import Claims
from services.worker.ledger import Ledger
from services.worker.room import Room
from shared.crypto.envelope import new_data_key
from shared.crypto.keys import ServerKeys
from shared.kernel.service import Service
from shared.storage.database import Database
from shared.storage.errors import StatementRefused
from shared.tasks.leases import Leases, Record
from shared.tasks.records import Failure, Outcome, StaleTask
from shared.tasks.sealing import GrantedKeys
from tests.unit.tasks.sessions import save_session

from .conftest import WAIT_SECONDS, House, Moved, StartWorker


async def test_a_task_runs_on_the_saved_answers_and_reports_its_value(house: House, worker: Service) -> None:
    task_id = await house.launch("tell_answers")
    ended = await house.next_end()
    assert (ended.task_id, ended.outcome.kind) == (task_id, "value")
    told = ended.outcome.json_value
    assert told["answers"] == len(house.session.answers)
    assert told["interview"] == "docs:data/questions/a.yml"
    assert told["code"] == house.session.code
    assert (told["user"], told["interface"], told["client_ip"]) == ("t7", "worker", "203.0.113.9")
    assert told["tasks"] == [[task_id, "running"]]


async def test_a_response_action_is_reported_with_its_arguments(house: House, worker: Service) -> None:
    await house.launch("respond", response="save_it")
    ended = await house.next_end()
    assert (ended.outcome.kind, ended.outcome.action, ended.arguments) == ("response_action", "save_it", b"pickle")


async def test_a_failure_is_reported_with_the_error_action(house: House, worker: Service) -> None:
    await house.launch("fail_with_error_action")
    ended = await house.next_end()
    assert (ended.outcome.kind, ended.outcome.action, ended.arguments) == ("failed", "on_error", b"pickle")
    assert ended.outcome.failure == Failure(error_type="ZeroDivisionError", error_message="division by zero")


async def test_a_task_that_asks_a_question_has_failed(house: House, worker: Service) -> None:
    await house.launch("ask")
    ended = await house.next_end()
    assert ended.outcome.failure == Failure(error_type="QuestionError", error_message="What is your name?")
    assert ended.outcome.action == "on_error"


async def test_a_task_that_ends_its_process_fails_and_is_not_run_again(house: House, worker: Service) -> None:
    await house.launch("die")
    ended = await house.next_end()
    assert ended.outcome.failure is not None
    assert (ended.outcome.failure.error_type, ended.fencing) == ("ProcessDied", 1)


async def test_a_task_past_its_limit_is_ended(house: House, start_worker: StartWorker) -> None:
    await start_worker(worker_processes=1, task_limit_seconds=0.2)
    await house.launch("sleep")
    ended = await house.next_end()
    assert ended.outcome.failure is not None
    assert ended.outcome.failure.error_type == "RunTimedOut"


async def test_a_second_doorbell_changes_nothing(house: House, worker: Service) -> None:
    task_id = await house.launch("sleep", seconds=0.1)
    await house.ring(task_id)
    await house.next_end()
    await house.ring(task_id)
    await asyncio.sleep(0.1)
    assert house.ended.empty()
    assert await house.database.fetchval("select fencing from tasks.tasks") == 1


async def test_a_revoked_task_is_killed_and_makes_room(house: House, start_worker: StartWorker) -> None:
    await start_worker(worker_processes=1, worker_concurrency=1)
    task_id = await house.launch("sleep_stubbornly")
    await house.until_begun(task_id)
    await house.revoke(task_id)
    next_id = await house.launch("sleep", seconds=0)
    assert (await house.next_end()).task_id == next_id
    assert await house.state(task_id) == "revoked"


async def test_a_task_whose_lease_is_lost_is_killed(house: House, start_worker: StartWorker) -> None:
    await start_worker(worker_processes=1, worker_concurrency=1, task_lease_seconds=1.0)
    task_id = await house.launch("sleep_stubbornly")
    await house.until_begun(task_id)
    await house.database.execute("update tasks.tasks set fencing = fencing + 1")
    next_id = await house.launch("sleep", seconds=0)
    assert (await house.next_end()).task_id == next_id


async def test_as_many_tasks_run_at_once_as_the_settings_say(house: House, start_worker: StartWorker) -> None:
    await start_worker(worker_processes=2, worker_concurrency=2, worker_session_concurrency=2)
    first = [await house.launch("sleep") for _ in range(2)]
    for task_id in first:
        await house.until_begun(task_id)
    waiting = await house.launch("sleep", seconds=0)
    await asyncio.sleep(0.1)
    assert await house.state(waiting) == "pending"
    await house.revoke(first[0])
    assert (await house.next_end()).task_id == waiting
    await house.revoke(first[1])


async def test_tasks_of_low_priority_leave_room_for_others(house: House, start_worker: StartWorker) -> None:
    await start_worker(worker_processes=2, worker_concurrency=2, worker_session_concurrency=2, worker_low_concurrency=1)
    low = [await house.launch("sleep", is_low_priority=True) for _ in range(3)]
    other = await house.launch("sleep", seconds=0)
    assert (await house.next_end()).task_id == other
    for task_id in low:
        await house.revoke(task_id)


async def test_one_session_leaves_room_for_others(
    house: House, start_worker: StartWorker, server_keys: ServerKeys
) -> None:
    await start_worker(worker_processes=2, worker_concurrency=2)
    crowd = [await house.launch("sleep") for _ in range(5)]
    await house.until_begun(crowd[0])
    other = await save_session(house.database, server_keys)
    newcomer = await house.launch("sleep", seconds=0, session=other)
    assert (await house.next_end()).task_id == newcomer
    assert [await house.state(task_id) for task_id in crowd] == ["running", *["pending"] * 4]
    for task_id in crowd:
        await house.revoke(task_id)


async def test_one_interview_may_be_given_less_room(house: House, start_worker: StartWorker) -> None:
    await start_worker(worker_concurrency=3, worker_interview_concurrency=1, worker_processes=2)
    slow, waiting = [await house.launch("sleep", facts={"interview": "a:data/questions/a.yml"}) for _ in range(2)]
    await house.until_begun(slow)
    other = await house.launch("sleep", seconds=0, facts={"interview": "a:data/questions/b.yml"})
    assert (await house.next_end()).task_id == other
    assert await house.state(waiting) == "pending"
    await house.revoke(slow)
    await house.until_begun(waiting)
    await house.revoke(waiting)


async def test_a_task_that_nobody_was_rung_for_is_found(house: House, worker: Service) -> None:
    task_id = await house.launch("sleep", seconds=0, is_rung=False)
    assert (await house.next_end()).task_id == task_id


async def test_one_doorbell_is_enough_for_many_tasks(house: House, start_worker: StartWorker) -> None:
    await start_worker(worker_processes=1, worker_concurrency=1, overdue_seconds=3600)
    silent = [await house.launch("sleep", seconds=0, is_rung=False) for _ in range(3)]
    last = await house.launch("sleep", seconds=0)
    assert [(await house.next_end()).task_id for _ in range(4)] == [*silent, last]


async def test_an_author_may_ask_for_less_time_but_not_for_more(house: House, start_worker: StartWorker) -> None:
    await start_worker(worker_processes=2, task_limit_seconds=0.4)
    for limit in (0.1, 3600.0):
        await house.launch("sleep_stubbornly", facts={"time_limit_seconds": limit})
        failure = (await house.next_end()).outcome.failure
        assert failure is not None
        assert (failure.error_type, failure.error_message.split()[-2]) == ("RunTimedOut", f"{min(limit, 0.4):g}")


async def test_a_task_that_takes_too_much_memory_fails(house: House, start_worker: StartWorker) -> None:
    await start_worker(worker_processes=1)
    await house.launch("eat_memory")
    failure = (await house.next_end()).outcome.failure
    assert failure is not None
    assert failure.error_type == "MemoryError"


async def test_a_task_works_on_after_its_session_got_a_new_key(house: House, start_worker: StartWorker) -> None:
    session = house.session
    task_id = await house.launch("sleep", seconds=0, is_rung=False)
    newer = GrantedKeys(session.keys.session_id, {**session.keys.by_generation, 2: new_data_key()})
    moved = Moved(house, newer, session.answers)
    await start_worker(worker_processes=1, checkpoint=moved)
    ended = await house.next_end()
    assert (ended.task_id, ended.outcome.kind) == (task_id, "value")
    assert set(ended.keys) == {1, 2}


async def test_a_task_that_has_waited_for_a_process_runs_on_what_was_saved_meanwhile(
    house: House, start_worker: StartWorker
) -> None:
    await start_worker(worker_processes=1, worker_concurrency=2, worker_session_concurrency=2)
    first = await house.launch("sleep", seconds=2.5)
    await house.until_begun(first)
    second = await house.launch("tell_answers")
    await house.until(second, "running")
    await house.save(b"more than before")
    assert (await house.next_end()).task_id == first
    assert (await house.next_end()).outcome.json_value["answers"] == len(b"more than before")


async def test_a_message_that_waits_too_long_goes_back_to_its_queue(house: House, start_worker: StartWorker) -> None:
    await start_worker(worker_processes=1, worker_concurrency=1, task_patience_seconds=0.1)
    first = await house.launch("sleep", seconds=0.5)
    await house.until_begun(first)
    second = await house.launch("sleep", seconds=0)
    assert [(await house.next_end()).task_id for _ in range(2)] == [first, second]


async def test_a_task_whose_worker_vanished_fails_once(
    house: House, start_worker: StartWorker, server_keys: ServerKeys
) -> None:
    task_id = await house.launch("sleep")
    vanished = Leases(server_keys=server_keys)
    claim = await vanished.claim(house.database, task_id, owner="vanished", lease_seconds=0.0)
    assert claim is not None
    await vanished.begin(house.database, claim, lease_seconds=0.0)
    await start_worker(worker_processes=1, overdue_seconds=0.05)
    ended = await house.next_end()
    assert ended.outcome.failure is not None
    assert (ended.task_id, ended.outcome.failure.error_type) == (task_id, "WorkerLost")
    assert house.ended.empty()


async def claimed(house: House, leases: Leases, number: int) -> list[Record]:
    """So many tasks that have been claimed, and how each ends."""
    records = []
    for value in range(number):
        task_id = await house.launch("sleep", is_rung=False)
        claim = await leases.claim(house.database, task_id, owner="test", lease_seconds=30.0)
        assert claim is not None
        records.append(Record(claim, Outcome(kind="value", json_value=value)))
    return records


def ledger_in(house: House, leases: Leases, room: Room, **given: Any) -> Ledger:
    return Ledger(
        database=house.database,
        leases=leases,
        outbox=house.messaging.outbox,
        envelopes=house.envelopes,
        wake_relay=lambda: None,
        lease_seconds=30.0,
        room=room,
        **given,
    )


async def test_tasks_that_end_at_the_same_moment_are_told_in_one_message(house: House, server_keys: ServerKeys) -> None:
    leases = Leases(server_keys=server_keys)
    records = await claimed(house, leases, 3)
    lost = replace(records[2], claim=replace(records[2].claim, fencing=records[2].claim.fencing + 1))
    ledger = ledger_in(house, leases, Room(size=4, low=1, for_session=3, for_interview=4))
    outcomes = await asyncio.gather(*(ledger.record(each) for each in (*records[:2], lost)), return_exceptions=True)
    assert [type(each) for each in outcomes] == [type(None), type(None), StaleTask]
    assert await house.database.fetchval("select array_agg(type) from bus.outbox") == ["colloquy.BackgroundsEnded"]
    assert [await house.state(each.claim.task_id) for each in records] == ["responding", "responding", "running"]


async def test_an_end_waits_for_others_while_tasks_stand_in_line(house: House, server_keys: ServerKeys) -> None:
    leases = Leases(server_keys=server_keys)
    first, second, third = await claimed(house, leases, 3)
    room = Room(size=1, low=1, for_session=1, for_interview=1)
    ledger = ledger_in(house, leases, room, patience_seconds=10 * WAIT_SECONDS)
    room.has_line = True
    waiting = asyncio.create_task(ledger.record(first))
    await asyncio.sleep(0.05)
    assert await house.state(first.claim.task_id) == "running"
    await asyncio.gather(waiting, ledger.record(second))  # as many as are enough
    assert await house.database.fetchval("select array_agg(type) from bus.outbox") == ["colloquy.BackgroundsEnded"]
    room.has_line = False
    await ledger.record(third)
    assert await house.state(third.claim.task_id) == "responding"


async def test_whether_there_is_a_line_is_seen_when_tasks_are_claimed(house: House, server_keys: ServerKeys) -> None:
    for _ in range(2):
        await house.launch("sleep", is_rung=False)
    room = Room(size=4, low=1, for_session=3, for_interview=4)

    async def never(_: object) -> None:
        raise AssertionError("nothing is lost or unwanted here")

    claims = Claims(
        database=house.database,
        leases=Leases(server_keys=server_keys),
        room=room,
        owner="test",
        lease_seconds=30.0,
        lost=never,
        unwanted=never,
    )
    seen = []
    for _ in range(3):
        claim = await claims.next(is_low=False)
        seen.append((claim is not None, room.has_line))
    assert seen == [(True, True), (True, False), (False, False)]


async def test_the_log_has_what_a_failed_task_wrote_and_where_it_failed_and_not_what_its_error_says(
    house: House, worker: Service
) -> None:
    with capture_logs() as lines:
        task_id = await house.launch("log_and_fail", facts={"interview": "docs:data/questions/a.yml"})
        await house.next_end()
    about = {"task": task_id, "session": house.session.keys.session_id, "interview": "docs:data/questions/a.yml"}
    [written] = [line for line in lines if line["event"] == "interview.log"]
    assert written.items() >= (about | {"text": "so far", "place": "docs:data/questions/a.yml, line 7"}).items()
    [failed] = [line for line in lines if line["event"] == "task.failed"]
    where = {"action": "log_and_fail", "error": "ZeroDivisionError", "place": "docs:data/questions/a.yml, line 8"}
    assert failed.items() >= (about | where).items()
    assert "what somebody typed" not in str(lines)


async def test_a_task_that_comes_to_a_screen_is_told_with_advice(house: House, worker: Service) -> None:
    with capture_logs() as lines:
        await house.launch("ask")
        await house.next_end()
    [advice] = [line["advice"] for line in lines if line["event"] == "task.failed"]
    assert "background_response()" in advice


async def test_a_session_that_is_gone_fails_its_tasks(house: House, worker: Service) -> None:
    await house.database.execute("delete from session.sessions")
    await house.launch("sleep", seconds=0)
    ended = await house.next_end()
    assert ended.outcome.failure is not None
    assert ended.outcome.failure.error_type == "SessionMissing"


async def test_background_code_reads_results_but_cannot_wait_for_them(house: House, worker: Service) -> None:
    first = await house.launch("sleep", seconds=0)
    ended = await house.next_end()
    keys = house.session.keys
    now = ended.request and (await house.database.fetchval("select now()"))
    await house.tasks.finish(house.database, first, ended.fencing, keys=keys, state="succeeded", now=now)
    await house.launch("fetch", task=first)
    assert (await house.next_end()).outcome.json_value == ["succeeded", ""]
    await house.launch("wait", task=first)
    failure = (await house.next_end()).outcome.failure
    assert failure is not None
    assert "cannot wait" in failure.error_message
    await house.launch("fetch", task="somebody else's")
    failure = (await house.next_end()).outcome.failure
    assert failure is not None
    assert "no such task" in failure.error_message


async def test_background_code_may_launch_a_further_task(house: House, worker: Service) -> None:
    outer = await house.launch("launch_another")
    ends = {(await house.next_end()).task_id for _ in range(2)}
    assert outer in ends
    assert len(ends) == 2


async def test_a_worker_that_is_stopped_finishes_what_it_has_begun(house: House, start_worker: StartWorker) -> None:
    worker = await start_worker(worker_processes=1)
    task_id = await house.launch("sleep", seconds=0.3)
    await house.until_begun(task_id)
    await worker.stop()
    assert await house.state(task_id) == "responding"
    ended = await house.tasks.ended(house.database, task_id)
    assert ended is not None
    assert ended.outcome.kind == "value"


async def test_a_worker_that_is_stopped_hands_back_what_may_run_again(house: House, start_worker: StartWorker) -> None:
    worker = await start_worker(worker_processes=1, worker_drain_seconds=0.1)
    task_id = await house.launch("sleep_stubbornly", facts={"is_idempotent": True})
    await house.until_begun(task_id)
    await worker.stop()
    assert await house.state(task_id) == "pending"


async def test_a_worker_that_cannot_finish_in_time_says_so(house: House, start_worker: StartWorker) -> None:
    worker = await start_worker(worker_processes=1, worker_drain_seconds=0.1)
    task_id = await house.launch("sleep_stubbornly")
    await house.until_begun(task_id)
    await worker.stop()
    ended = await house.tasks.ended(house.database, task_id)
    assert ended is not None
    assert ended.outcome.failure is not None
    assert ended.outcome.failure.error_type == "WorkerLost"


async def test_a_result_survives_a_database_that_goes_away(
    house: House, worker: Service, postgres_server: str, postgres_url: str
) -> None:
    name = urlsplit(postgres_url).path.removeprefix("/")
    admin = Database(url=postgres_server, minimum=1, maximum=1)
    await admin.start()
    task_id = await house.launch("sleep", seconds=0.3)
    await house.until_begun(task_id)
    for old, new in ((name, f"{name}_away"), (f"{name}_away", name)):
        await rename_database(admin, old, new)
        await asyncio.sleep(0.8)
    await admin.stop()
    ended = await house.next_end()
    assert (ended.task_id, ended.outcome.kind, ended.fencing) == (task_id, "value", 1)


async def rename_database(admin: Database, old: str, new: str) -> None:
    """Take a database away from those who are connected, by giving it another name."""
    async with asyncio.timeout(20):
        while True:
            await admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", old)
            with contextlib.suppress(StatementRefused):
                await admin.execute(f'alter database "{old}" rename to "{new}"')
                return


@pytest.mark.parametrize(("queues", "runs_low"), [("low", True), ("normal", False)])
async def test_a_worker_for_one_queue_leaves_the_other_to_others(
    house: House, start_worker: StartWorker, queues: str, runs_low: bool
) -> None:
    await start_worker(worker_processes=1, worker_queues=queues, overdue_seconds=0.05)
    left = await house.launch("sleep", is_low_priority=not runs_low, seconds=0.0)
    taken = [await house.launch("sleep", is_low_priority=runs_low, seconds=0.0) for _ in range(3)]
    assert {(await house.next_end()).task_id for _ in taken} == set(taken)
    assert await house.state(left) == "pending"
    await start_worker(worker_processes=1, overdue_seconds=0.05)
    assert (await house.next_end()).task_id == left
