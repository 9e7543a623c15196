"""The session's side of tasks."""

from __future__ import annotations

import asyncio

import pytest

from shared.crypto.aead import SealBroken
from shared.crypto.envelope import new_data_key
from shared.crypto.keys import ServerKeys
from shared.kernel.ids import new_id, random_bytes
from shared.storage.database import Database
from shared.tasks.leases import KeyLost, Leases
from shared.tasks.records import Failure, GrantBroken, Outcome, StaleTask
from shared.tasks.sealing import GrantedKeys, open_grants, seal, unseal
from shared.tasks.store import Tasks

from .sessions import NOW, new_task, pictures_of

FAILURE = Failure(error_type="ValueError", error_message="the secret ingredient", variables=("a", "b"))


async def to_responding(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys, outcome: Outcome, **parts: bytes
) -> tuple[str, int]:
    """Launch a task and report its first phase."""
    task = new_task()
    await tasks.insert(rows, [task], keys=keys)
    claim = await leases.claim(rows, task.task_id, owner="w", lease_seconds=30)
    assert claim is not None
    await leases.begin(rows, claim, lease_seconds=30)
    await leases.record_outcome(rows, claim, outcome, **parts)
    return task.task_id, claim.fencing


async def grants_of(rows: Database, task_id: str) -> int:
    return int(await rows.fetchval("select count(*) from tasks.grants where task_id = $1", task_id))


async def test_a_launched_task_is_pending_for_everybody_who_looks(
    rows: Database, tasks: Tasks, keys: GrantedKeys
) -> None:
    first, second = new_task(), new_task()
    await tasks.insert(rows, [first, second], keys=keys)
    pictures = await pictures_of(rows, tasks, keys)
    assert [(picture.task_id, picture.state) for picture in pictures] == [
        (task_id, "pending") for task_id in sorted((first.task_id, second.task_id))
    ]
    assert await pictures_of(rows, tasks, GrantedKeys(new_id(), keys.by_generation)) == []


async def test_nothing_an_interview_put_into_a_task_is_stored_in_clear(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    outcome = Outcome(kind="response_action", action="save_it", json_value="Ada's answer", failure=FAILURE)
    await to_responding(rows, tasks, leases, keys, outcome, arguments=b"Ada's arguments", payload=b"Ada's payload")
    row = await rows.fetchrow("select * from tasks.tasks")
    assert row is not None
    stored = b"".join(value for value in row.values() if isinstance(value, bytes))
    assert len(stored) > 300
    for secret in (b"Ada", b"secret ingredient", b"203.0.113.9", b"pickled arguments"):
        assert secret not in stored


async def test_a_second_delivery_of_the_launch_changes_nothing(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    task = new_task()
    await tasks.insert(rows, [task], keys=keys)
    await leases.claim(rows, task.task_id, owner="w", lease_seconds=30)
    await tasks.insert(rows, [task], keys=keys)
    assert [picture.state for picture in await pictures_of(rows, tasks, keys)] == ["running"]
    assert await grants_of(rows, task.task_id) == 1


async def test_a_task_that_waits_for_its_turn_looks_as_if_it_ran(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    task_id, fencing = await to_responding(rows, tasks, leases, keys, Outcome(kind="value"), payload=b"42")
    result = await tasks.result(rows, task_id, keys=keys)
    assert result is not None
    assert (result.picture.state, result.payload) == ("running", None)
    ended = await tasks.ended(rows, task_id)
    assert ended is not None
    assert (ended.fencing, ended.payload, ended.outcome.kind) == (fencing, b"42", "value")
    assert (ended.user.the_user_id, ended.request.client_ip, ended.audience) == ("t7", "203.0.113.9", "t7")
    assert ended.keys == keys.by_generation


async def test_the_end_of_a_task_takes_its_grant_away_and_keeps_its_value(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    task_id, fencing = await to_responding(rows, tasks, leases, keys, Outcome(kind="value"), payload=b"42")
    await tasks.finish(rows, task_id, fencing, keys=keys, state="succeeded", now=NOW)
    result = await tasks.result(rows, task_id, keys=keys)
    assert result is not None
    assert (result.picture.state, result.picture.ended_at, result.payload) == ("succeeded", NOW, b"42")
    assert await grants_of(rows, task_id) == 0
    assert await tasks.ended(rows, task_id) is None


async def test_a_handled_failure_has_a_value_and_is_a_failure(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    outcome = Outcome(kind="failed", action="on_error", failure=FAILURE)
    task_id, fencing = await to_responding(rows, tasks, leases, keys, outcome, arguments=b"args")
    ended = await tasks.ended(rows, task_id)
    assert ended is not None
    assert (ended.arguments, ended.outcome.failure) == (b"args", FAILURE)
    await tasks.finish(rows, task_id, fencing, keys=keys, state="failed", now=NOW, payload=b"sorry", failure=FAILURE)
    result = await tasks.result(rows, task_id, keys=keys)
    assert result is not None
    assert (result.picture.failure, result.payload) == (FAILURE, b"sorry")


async def test_a_task_ends_once(rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys) -> None:
    task_id, fencing = await to_responding(rows, tasks, leases, keys, Outcome(kind="value"), payload=b"42")
    with pytest.raises(StaleTask):
        await tasks.finish(rows, task_id, fencing + 1, keys=keys, state="failed", now=NOW)
    await tasks.finish(rows, task_id, fencing, keys=keys, state="succeeded", now=NOW)
    with pytest.raises(StaleTask):
        await tasks.finish(rows, task_id, fencing, keys=keys, state="failed", now=NOW)


@pytest.mark.parametrize(("terminate", "took_effect"), [(True, True), (False, False)])
async def test_a_running_task_is_only_revoked_when_it_may_be_terminated(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys, terminate: bool, took_effect: bool
) -> None:
    task = new_task()
    await tasks.insert(rows, [task], keys=keys)
    claim = await leases.claim(rows, task.task_id, owner="w", lease_seconds=30)
    assert claim is not None
    session_id = keys.session_id
    assert await tasks.revoke(rows, task.task_id, session_id=session_id, terminate=terminate, now=NOW) is took_effect
    assert await grants_of(rows, task.task_id) == (0 if took_effect else 1)
    [picture] = await pictures_of(rows, tasks, keys)
    assert (picture.failure is not None and picture.failure.error_type == "TaskRevokedError") is took_effect
    if took_effect:
        with pytest.raises(StaleTask):
            await leases.record_outcome(rows, claim, Outcome(kind="value"), payload=b"too late")


async def test_a_queued_task_is_revoked_without_terminating(rows: Database, tasks: Tasks, keys: GrantedKeys) -> None:
    task = new_task()
    await tasks.insert(rows, [task], keys=keys)
    assert await tasks.revoke(rows, task.task_id, session_id=keys.session_id, terminate=False, now=NOW)


async def test_another_session_can_neither_revoke_nor_read_a_task(
    rows: Database, tasks: Tasks, keys: GrantedKeys
) -> None:
    task = new_task()
    await tasks.insert(rows, [task], keys=keys)
    stranger = GrantedKeys(new_id(), keys.by_generation)
    assert not await tasks.revoke(rows, task.task_id, session_id=stranger.session_id, terminate=True, now=NOW)
    assert await tasks.result(rows, task.task_id, keys=stranger) is None
    assert await tasks.result(rows, "not an id", keys=keys) is None
    assert not await tasks.revoke(rows, "not an id", session_id=keys.session_id, terminate=True, now=NOW)


async def test_a_new_data_key_reaches_the_tasks_that_have_not_ended(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    task = new_task()
    await tasks.insert(rows, [task], keys=keys)
    newer = GrantedKeys(keys.session_id, {**keys.by_generation, 2: new_data_key()})
    await tasks.extend_grants(rows, keys=newer)
    claim = await leases.claim(rows, task.task_id, owner="w", lease_seconds=30)
    assert claim is not None
    assert claim.keys.by_generation == newer.by_generation
    assert claim.arguments == b"pickled arguments"


async def test_a_grant_opens_nothing_but_the_task_it_was_made_for(
    rows: Database, tasks: Tasks, keys: GrantedKeys, server_keys: ServerKeys
) -> None:
    first, second = new_task(), new_task()
    await tasks.insert(rows, [first, second], keys=keys)
    wrapped = await rows.fetchval("select wrapped from tasks.grants where task_id = $1", first.task_id)
    place = {"session_id": keys.session_id, "server_keys": server_keys}
    opened = open_grants([(1, wrapped)], task_id=first.task_id, **place)
    assert opened.by_generation == keys.by_generation
    with pytest.raises(GrantBroken):
        open_grants([(1, wrapped)], task_id=second.task_id, **place)
    with pytest.raises(GrantBroken):
        open_grants([(2, wrapped)], task_id=first.task_id, **place)


async def test_a_column_swapped_between_tasks_is_refused(rows: Database, tasks: Tasks, keys: GrantedKeys) -> None:
    first, second = new_task(), new_task()
    await tasks.insert(rows, [first, second], keys=keys)
    sealed = await rows.fetchval("select arguments_sealed from tasks.tasks where id = $1", first.task_id)
    assert unseal(sealed, "arguments", first.task_id, keys) == b"pickled arguments"
    with pytest.raises(SealBroken):
        unseal(sealed, "arguments", second.task_id, keys)
    with pytest.raises(SealBroken):
        unseal(sealed, "payload", first.task_id, keys)


async def test_tasks_go_with_their_session(rows: Database, tasks: Tasks, keys: GrantedKeys) -> None:
    task = new_task()
    await tasks.insert(rows, [task], keys=keys)
    await tasks.forget(rows, keys.session_id)
    assert await pictures_of(rows, tasks, keys) == []
    assert await grants_of(rows, task.task_id) == 0


async def test_a_task_whose_grant_is_lost_fails_with_a_reason(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    task_id, fencing = await to_responding(rows, tasks, leases, keys, Outcome(kind="value"), payload=b"42")
    elsewhere = Tasks(server_keys=ServerKeys([("k2", random_bytes(32))]))
    with pytest.raises(GrantBroken):
        await elsewhere.ended(rows, task_id)
    assert await elsewhere.fail_for_lost_key(rows, task_id, fencing, now=NOW)
    [picture] = await pictures_of(rows, tasks, keys)
    assert picture.state == "failed"
    assert picture.failure is not None
    assert picture.failure.error_type == "KeyLost"


async def test_all_tasks_of_a_session_are_revoked_also_those_that_a_task_launches_meanwhile(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys, postgres_url: str
) -> None:
    launching, launched = new_task(), new_task()
    await tasks.insert(rows, [launching], keys=keys)
    claim = await leases.claim(rows, launching.task_id, owner="w", lease_seconds=30)
    assert claim is not None
    async with rows.transaction() as reporting:
        await leases.record_outcome(reporting, claim, Outcome(kind="value"), payload=b"x")
        revoking = asyncio.create_task(tasks.revoke_all(rows, keys.session_id, now=NOW))
        while not await rows.fetchval("select exists (select 1 from pg_locks where not granted)"):
            await asyncio.sleep(0.01)
        await tasks.insert(reporting, [launched], keys=keys)
    assert sorted(await revoking) == sorted([launching.task_id, launched.task_id])
    assert {picture.state for picture in await pictures_of(rows, tasks, keys)} == {"revoked"}
    assert await grants_of(rows, launched.task_id) == 0


async def test_a_task_that_was_stored_in_another_form_is_like_one_that_cannot_be_opened(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    task = new_task()
    await tasks.insert(rows, [task], keys=keys)
    strange = seal(b'{"user": {"the_user_id": []}, "request": {}}', "visitor", task.task_id, keys)
    await rows.execute("update tasks.tasks set visitor_sealed = $1 where id = $2", strange, task.task_id)
    with pytest.raises(KeyLost):
        await leases.claim(rows, task.task_id, owner="w", lease_seconds=30)
    await rows.execute("update tasks.tasks set state = 'responding' where id = $1", task.task_id)
    with pytest.raises(SealBroken):
        await tasks.ended(rows, task.task_id)
