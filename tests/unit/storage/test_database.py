"""shared/storage/database.py on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import traceback
from datetime import UTC, datetime

import pytest

from shared.kernel.clock import ManualClock
from shared.kernel.ids import new_id
from shared.storage.database import Database
from shared.storage.errors import (
    Conflict,
    ConstraintViolated,
    DatabaseMisconfigured,
    DatabaseUnavailable,
    StatementRefused,
    StatementTimedOut,
    UniqueViolation,
)
from tests.servers import beside


@pytest.fixture
async def table(database: Database, name_prefix: str) -> str:
    await database.execute(f"create table {name_prefix} (id integer primary key, value text not null)")
    return name_prefix


async def test_values_come_back_as_they_went_in(database: Database) -> None:
    row = await database.fetchrow(
        "select $1::uuid as id, $2::jsonb as answers, $3::bytea as data, $4::timestamptz as at, $5::uuid[] as ids",
        identity := new_id(),
        {"a": [1, None, "ü"]},
        b"\x00\xff",
        now := datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        [identity],
    )
    assert row is not None
    assert dict(row) == {
        "id": identity,
        "answers": {"a": [1, None, "ü"]},
        "data": b"\x00\xff",
        "at": now,
        "ids": [identity],
    }


async def test_a_json_null_is_not_a_missing_value(database: Database) -> None:
    assert await database.fetchval("select $1::jsonb is null", None) is True
    assert await database.fetchval("select 'null'::jsonb is null") is False


async def test_a_transaction_that_raises_leaves_nothing(database: Database, table: str) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as connection:
            await connection.execute(f"insert into {table} values (1, 'x')")
            raise ZeroDivisionError
    assert await database.fetchval(f"select count(*) from {table}") == 0


async def test_a_cancelled_transaction_leaves_nothing_and_the_connection_is_usable(
    database: Database, table: str
) -> None:
    entered = asyncio.Event()

    async def work() -> None:
        async with database.transaction() as connection:
            await connection.execute(f"insert into {table} values (1, 'x')")
            entered.set()
            await connection.fetchval("select pg_sleep(60)")

    task = asyncio.create_task(work())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await database.fetchval(f"select count(*) from {table}") == 0


async def test_an_inner_block_that_raises_takes_back_only_itself(database: Database, table: str) -> None:
    async with database.transaction() as connection:
        await connection.execute(f"insert into {table} values (1, 'x')")
        with pytest.raises(UniqueViolation):
            async with connection.transaction():
                await connection.execute(f"insert into {table} values (1, 'y')")
    assert await database.fetchval(f"select value from {table}") == "x"


async def test_a_second_row_with_the_same_key_is_a_unique_violation_that_names_the_constraint(
    database: Database, table: str
) -> None:
    await database.execute(f"insert into {table} values (1, 'x')")
    with pytest.raises(UniqueViolation) as caught:
        await database.execute(f"insert into {table} values (1, 'y')")
    assert (caught.value.table, caught.value.constraint) == (table, f"{table}_pkey")


async def test_a_missing_value_names_its_column(database: Database, table: str) -> None:
    with pytest.raises(ConstraintViolated, match=f"{table}.value"):
        await database.execute(f"insert into {table} (id) values (1)")


async def test_two_writers_of_one_row_under_repeatable_read_conflict(database: Database, table: str) -> None:
    await database.execute(f"insert into {table} values (1, 'x')")
    with pytest.raises(Conflict):
        async with database.transaction(isolation="repeatable_read") as connection:
            await connection.fetchval(f"select value from {table}")
            await database.execute(f"update {table} set value = 'theirs'")
            await connection.execute(f"update {table} set value = 'ours'")
    assert await database.fetchval(f"select value from {table}") == "theirs"


async def test_repeatable_read_sees_one_moment(database: Database, table: str) -> None:
    async with database.transaction(isolation="repeatable_read", read_only=True) as connection:
        assert await connection.fetchval(f"select count(*) from {table}") == 0
        await database.execute(f"insert into {table} values (1, 'x')")
        assert await connection.fetchval(f"select count(*) from {table}") == 0
        with pytest.raises(StatementRefused, match="ReadOnly"):
            await connection.execute(f"delete from {table}")


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("select $1::integer", "very secret"),
        ("select $1::text::integer", "very secret"),
        ("select $1::jsonb", {"very secret": object()}),
        ("select ('[' || $1::text)::jsonb", "very secret"),
    ],
)
async def test_no_error_quotes_a_value(database: Database, sql: str, value: object) -> None:
    with pytest.raises(StatementRefused) as caught:
        await database.fetchval(sql, value)
    assert "very secret" not in "".join(traceback.format_exception(caught.value))


async def test_a_unique_violation_does_not_quote_the_row(database: Database, table: str) -> None:
    await database.execute(f"create unique index on {table} (value)")
    value = " ".join(["very", "secret"])  # so that the source line in the trace does not hold it
    await database.execute(f"insert into {table} values (1, $1)", value)
    with pytest.raises(UniqueViolation) as caught:
        await database.execute(f"insert into {table} values (2, $1)", value)
    assert value not in "".join(traceback.format_exception(caught.value))


async def test_a_statement_with_a_mistake_says_which(database: Database) -> None:
    with pytest.raises(StatementRefused, match='column "no_such" does not exist'):
        await database.fetch("select no_such")


async def test_a_statement_over_its_time_limit_is_cancelled(postgres_url: str) -> None:
    database = Database(url=postgres_url, statement_seconds=0.05)
    await database.start()
    try:
        with pytest.raises(StatementTimedOut):
            await database.fetchval("select pg_sleep(30)")
        assert await database.fetchval("select 1") == 1
    finally:
        await database.stop()


async def test_without_a_free_connection_a_caller_is_told_so(postgres_url: str) -> None:
    database = Database(url=postgres_url, maximum=1, acquire_seconds=0.05)
    await database.start()
    try:
        async with database.connection():
            with pytest.raises(DatabaseUnavailable, match="No free connection"):
                await database.fetchval("select 1")
        assert await database.fetchval("select 1") == 1
    finally:
        await database.stop()


async def test_a_connection_the_server_ended_is_replaced(database: Database, postgres_url: str) -> None:
    other = Database(url=postgres_url)
    await other.start()
    try:
        pid = await other.fetchval("select pg_backend_pid()")
        with pytest.raises(DatabaseUnavailable):
            async with other.connection() as connection:
                await database.fetchval("select pg_terminate_backend($1, 5000)", pid)
                await connection.fetchval("select 1")
        assert await other.fetchval("select pg_backend_pid()") != pid
        assert await other.problem() is None
    finally:
        await other.stop()


async def test_a_transaction_left_by_a_lost_connection_raises_unavailable(
    database: Database, postgres_url: str, table: str
) -> None:
    other = Database(url=postgres_url)
    await other.start()
    try:
        with pytest.raises(DatabaseUnavailable):
            async with other.transaction() as connection:
                await connection.execute(f"insert into {table} values (1, 'x')")
                pid = await connection.fetchval("select pg_backend_pid()")
                await database.fetchval("select pg_terminate_backend($1, 5000)", pid)
                # the loss is noticed at the commit
        assert await database.fetchval(f"select count(*) from {table}") == 0
    finally:
        await other.stop()


async def test_starting_without_a_database_waits_and_then_says_what_to_do(clock: ManualClock) -> None:
    database = Database(url="postgresql://somebody:hidden@127.0.0.1:1/nowhere", wait_seconds=3.0, clock=clock)
    starting = asyncio.create_task(database.start())
    while not starting.done():
        await asyncio.sleep(0.01)
        await clock.advance(1.0)
    with pytest.raises(DatabaseUnavailable) as caught:
        await starting
    assert "127.0.0.1:1/nowhere" in str(caught.value)
    assert "COLLOQUY_DATABASE_URL" in str(caught.value)
    assert "hidden" not in str(caught.value)


async def test_starting_waits_for_a_database_that_comes_later(
    postgres_url: str, database: Database, name_prefix: str
) -> None:
    name = f"colloquy_test_{name_prefix}"
    late = Database(url=beside(postgres_url, name), wait_seconds=20.0)
    starting = asyncio.create_task(late.start())
    await asyncio.sleep(0.05)
    assert not starting.done()
    await database.execute(f'create database "{name}"')
    try:
        await starting
        assert await late.fetchval("select current_database()") == name
        await late.stop()
    finally:
        await database.execute(f'drop database "{name}" with (force)')


async def test_a_database_that_is_not_started_says_so(postgres_url: str) -> None:
    database = Database(url=postgres_url)
    with pytest.raises(DatabaseUnavailable, match="not started"):
        await database.fetchval("select 1")
    assert "not started" in (await database.problem() or "")


async def test_many_rows_go_in_one_go(database: Database, table: str) -> None:
    with pytest.raises(UniqueViolation):
        await database.executemany(f"insert into {table} values ($1, $2)", [(1, "a"), (2, "b"), (1, "c")])
    assert await database.fetchval(f"select count(*) from {table}") == 0
    await database.executemany(f"insert into {table} values ($1, $2)", [(1, "a"), (2, "b")])
    assert await database.fetchval(f"select count(*) from {table}") == 2


@pytest.mark.parametrize("url", ["postgresql://u:hidden@host:port/db", "postgresql://u:hidden@/d?host=/tmp&port=x"])
async def test_a_url_that_is_none_is_refused_at_once_without_showing_the_password(url: str) -> None:
    with pytest.raises(DatabaseMisconfigured, match="COLLOQUY_DATABASE_URL") as caught:
        await Database(url=url).start()
    assert "hidden" not in "".join(traceback.format_exception(caught.value))
