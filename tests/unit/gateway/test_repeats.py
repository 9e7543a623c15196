"""What is kept of a write that may come again."""

from __future__ import annotations

import hashlib

import pytest
from starlette.responses import JSONResponse

from services.gateway.api_answers import ApiRefused
from services.gateway.repeats import Repeats
from services.gateway.schema import SCHEMA
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import ManualClock
from shared.kernel.ids import new_id
from shared.storage.database import Database
from shared.storage.migrations import migrate

_REQUEST = hashlib.sha256(b'{"password": "a guess"}').digest()
_AS_BEFORE = "insert into gateway.api_calls (call_hash, request_hash, began_at) values ($1, $2, now())"
_OTHER = hashlib.sha256(b'{"password": "another"}').digest()


@pytest.fixture
async def repeats(database: Database, server_keys: ServerKeys) -> Repeats:
    await migrate(database, [SCHEMA])
    keys = server_keys
    return Repeats(database=database, sealer=keys.at_rest, signer=keys.signer, clock=ManualClock())


def a_name() -> bytes:
    return hashlib.sha256(new_id().encode()).digest()


async def test_the_hash_of_a_request_is_not_in_the_table(repeats: Repeats, database: Database) -> None:
    written, bound = a_name(), a_name()
    assert await repeats.begin(written, _REQUEST) is None
    assert await repeats.is_bound(bound, _REQUEST)
    for name in (written, bound):
        kept = await database.fetchval("select request_hash from gateway.api_calls where call_hash = $1", name)
        assert kept
        assert kept != _REQUEST


async def test_a_name_stands_for_the_request_that_came_first(repeats: Repeats, database: Database) -> None:
    new, old = a_name(), a_name()
    await database.execute(_AS_BEFORE, old, _REQUEST)
    for name in (new, old):
        assert await repeats.is_bound(name, _REQUEST)
        assert await repeats.is_bound(name, _REQUEST)
        assert not await repeats.is_bound(name, _OTHER)


async def test_the_same_is_answered_again_and_another_is_refused(repeats: Repeats) -> None:
    name = a_name()
    assert await repeats.begin(name, _REQUEST) is None
    with pytest.raises(ApiRefused) as under_way:
        await repeats.begin(name, _REQUEST)
    assert under_way.value.status == 409
    await repeats.end(name, JSONResponse({"a": 1}, 201, {"location": "/there"}))
    again = await repeats.begin(name, _REQUEST)
    assert again is not None
    assert (again.status_code, bytes(again.body), again.headers["location"]) == (201, b'{"a":1}', "/there")
    with pytest.raises(ApiRefused) as another:
        await repeats.begin(name, _OTHER)
    assert another.value.status == 422


async def test_what_was_written_as_a_plain_hash_is_known(repeats: Repeats, database: Database) -> None:
    name = a_name()
    await database.execute(_AS_BEFORE, name, _REQUEST)
    with pytest.raises(ApiRefused) as under_way:
        await repeats.begin(name, _REQUEST)
    assert under_way.value.status == 409
    await repeats.end(name, JSONResponse(None))
    assert await repeats.begin(name, _REQUEST) is not None
    with pytest.raises(ApiRefused) as another:
        await repeats.begin(name, _OTHER)
    assert another.value.status == 422
