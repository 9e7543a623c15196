"""PostgreSQL: a pool of connections, transactions, and our errors instead of the driver's.

The only module that imports asyncpg. Values: `uuid` columns take and give text, `json`/`jsonb` any JSON value,
`bytea` bytes, `timestamptz` aware datetimes. Statements are prepared once per connection and reused; a connection
goes back to the pool without a round trip. What the statements say belongs to the `store.py` of each room.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol, TypeAlias

import asyncpg
import orjson
import structlog

from shared.kernel.clock import Clock, SystemClock
from shared.kernel.errors import ColloquyError
from shared.kernel.telemetry import Metrics
from shared.kernel.tracing import step
from shared.storage.errors import (
    Conflict,
    ConstraintViolated,
    DatabaseMisconfigured,
    DatabaseUnavailable,
    StatementRefused,
    StatementTimedOut,
    UniqueViolation,
)

log = structlog.get_logger()

Isolation: TypeAlias = Literal["read_committed", "repeatable_read", "serializable"]

_CONNECT_SECONDS = 5.0
_PAUSES_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)


class Row(Protocol):
    """One row of a result: a mapping from column names, and a sequence of values."""

    def __getitem__(self, key: str | int) -> Any:
        """The value of a column, by name or position."""
        ...

    def __contains__(self, key: object) -> bool:
        """Whether there is a column of this name."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """The values, in the order of the columns."""
        ...

    def __len__(self) -> int:
        """The number of columns."""
        ...

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a column, or the default when there is no such column."""
        ...

    def keys(self) -> Iterable[str]:
        """The names of the columns: `dict(row)` works."""
        ...

    def values(self) -> Iterable[Any]:
        """The values."""
        ...

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and values."""
        ...


class Statements(Protocol):
    """Running statements: what a Database and a Connection have in common."""

    async def fetch(self, sql: str, *arguments: Any) -> Sequence[Row]:
        """All rows of a result."""
        ...

    async def fetchrow(self, sql: str, *arguments: Any) -> Row | None:
        """The first row, or None."""
        ...

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        """The first column of the first row, or None."""
        ...

    async def execute(self, sql: str, *arguments: Any) -> str:
        """Run a statement; gives its command tag, e.g. `UPDATE 1`."""
        ...

    async def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for every sequence of arguments, in one go."""
        ...


def _step(sql: str) -> AbstractContextManager[None]:
    """A statement on somebody's way, told by its first word: what it is about stands in the span around it."""
    return step("database", kind="client", operation=sql.split(None, 1)[0].lower())


class Connection:
    """One connection, for the time of a `connection()` or `transaction()` block."""

    __slots__ = ("_raw",)

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    async def fetch(self, sql: str, *arguments: Any) -> Sequence[Row]:
        """All rows of a result."""
        try:
            with _step(sql):
                rows: Sequence[Row] = await self._raw.fetch(sql, *arguments)
            return rows
        except _FAILURES as error:
            raise _ours(error) from None

    async def fetchrow(self, sql: str, *arguments: Any) -> Row | None:
        """The first row, or None."""
        try:
            with _step(sql):
                row: Row | None = await self._raw.fetchrow(sql, *arguments)
            return row
        except _FAILURES as error:
            raise _ours(error) from None

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        """The first column of the first row, or None."""
        try:
            with _step(sql):
                return await self._raw.fetchval(sql, *arguments)
        except _FAILURES as error:
            raise _ours(error) from None

    async def execute(self, sql: str, *arguments: Any) -> str:
        """Run a statement (several, when there are no arguments); gives the command tag, e.g. `UPDATE 1`."""
        try:
            with _step(sql):
                tag: str = await self._raw.execute(sql, *arguments)
            return tag
        except _FAILURES as error:
            raise _ours(error) from None

    async def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for every sequence of arguments, in one go and atomically."""
        try:
            with _step(sql):
                await self._raw.executemany(sql, rows)
        except _FAILURES as error:
            raise _ours(error) from None

    @contextlib.asynccontextmanager
    async def transaction(
        self, *, isolation: Isolation = "read_committed", read_only: bool = False
    ) -> AsyncIterator[None]:
        """A transaction on this connection (a savepoint, inside another one)."""
        transaction = self._raw.transaction(isolation=isolation, readonly=read_only)
        try:
            await transaction.start()
        except _FAILURES as error:
            raise _ours(error) from None
        try:
            yield
        except BaseException:
            # The error of the block is what the caller must see; a lost connection has rolled back already.
            with contextlib.suppress(*_FAILURES):
                await transaction.rollback()
            raise
        try:
            with _step("commit"):
                await transaction.commit()
        except _FAILURES as error:
            raise _ours(error) from None


class Database:
    """A pool of connections to one database; a Component.

    `wait_seconds` is how long `start` waits for a database that does not answer yet. `statement_seconds` is the time
    limit of one statement (0: none). `acquire_seconds` is how long a caller waits for a free connection,
    `answer_seconds` for the answer to a statement (0: as long as it takes): a line that went dead is silent.
    """

    def __init__(
        self,
        *,
        url: str,
        minimum: int = 1,
        maximum: int = 10,
        application_name: str = "colloquy",
        wait_seconds: float = 30.0,
        statement_seconds: float = 0.0,
        acquire_seconds: float = 10.0,
        answer_seconds: float = 0.0,
        clock: Clock | None = None,
    ) -> None:
        self._url = url
        self._minimum = minimum
        self._maximum = maximum
        self._wait_seconds = wait_seconds
        self._acquire_seconds = acquire_seconds
        self._answer_seconds = answer_seconds
        self._clock = clock or SystemClock()
        self._server_settings = {
            "application_name": application_name,
            # Our statements are short look-ups by key: planning is what counts, and no parameter asks for another plan.
            "jit": "off",
            "plan_cache_mode": "force_generic_plan",
            "timezone": "UTC",
            "statement_timeout": str(int(statement_seconds * 1000)),
        }
        self._pool: Any = None

    async def start(self) -> None:
        """Connect; waits for the database up to `wait_seconds`.

        Raises DatabaseUnavailable after the limit, DatabaseMisconfigured at once.
        """
        if self._pool is not None:
            return
        began = self._clock.monotonic()
        attempt = 0
        while True:
            try:
                self._pool = await self._connect()
            except (ValueError, asyncpg.ClientConfigurationError):  # their texts may quote the password
                raise DatabaseMisconfigured(f"It is not a URL for PostgreSQL: {_place(self._url)}") from None
            except _FAILURES as error:
                problem = _ours(error)
                waited = self._clock.monotonic() - began
                if not isinstance(problem, DatabaseUnavailable):
                    raise problem from None
                if waited >= self._wait_seconds:
                    raise DatabaseUnavailable(
                        f"Waited {waited:.0f} s for {_place(self._url)}: {problem.detail}. "
                        "Start PostgreSQL or correct COLLOQUY_DATABASE_URL."
                    ) from None
                log.warning(
                    "database.waiting",
                    place=_place(self._url),
                    reason=problem.detail,
                    waited_seconds=round(waited, 1),
                    limit_seconds=self._wait_seconds,
                )
                pause = _PAUSES_SECONDS[min(attempt, len(_PAUSES_SECONDS) - 1)]
                await self._clock.sleep(min(pause, max(self._wait_seconds - waited, 0.01)))
                attempt += 1
            else:
                return

    async def stop(self) -> None:
        """Let statements in hand finish for some seconds, then close every connection."""
        pool = self._pool
        if pool is None:
            return
        try:
            await asyncio.wait_for(pool.close(), timeout=5.0)
        except _FAILURES_OR_TIMEOUT:
            pool.terminate()
        finally:
            self._pool = None

    async def fetch(self, sql: str, *arguments: Any) -> Sequence[Row]:
        """All rows of a result."""
        connection = await self._acquire()
        try:
            return await connection.fetch(sql, *arguments)
        finally:
            await self._release(connection)

    async def fetchrow(self, sql: str, *arguments: Any) -> Row | None:
        """The first row, or None."""
        connection = await self._acquire()
        try:
            return await connection.fetchrow(sql, *arguments)
        finally:
            await self._release(connection)

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        """The first column of the first row, or None."""
        connection = await self._acquire()
        try:
            return await connection.fetchval(sql, *arguments)
        finally:
            await self._release(connection)

    async def execute(self, sql: str, *arguments: Any) -> str:
        """Run a statement; gives its command tag, e.g. `UPDATE 1`."""
        connection = await self._acquire()
        try:
            return await connection.execute(sql, *arguments)
        finally:
            await self._release(connection)

    async def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for every sequence of arguments, in one go and atomically."""
        connection = await self._acquire()
        try:
            await connection.executemany(sql, rows)
        finally:
            await self._release(connection)

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """One connection for several statements that need no transaction."""
        connection = await self._acquire()
        try:
            yield connection
        finally:
            await self._release(connection)

    @contextlib.asynccontextmanager
    async def transaction(
        self, *, isolation: Isolation = "read_committed", read_only: bool = False
    ) -> AsyncIterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises Conflict when another transaction was in the way, and DatabaseUnavailable when the connection was
        lost; after a loss during the commit nobody knows whether it happened.
        """
        async with (
            self.connection() as connection,
            connection.transaction(isolation=isolation, read_only=read_only),
        ):
            yield connection

    def report_to(self, metrics: Metrics) -> None:
        """Show the pool among the metrics of its process."""
        connections = metrics.gauge("database_connections", "Connections of the pool to the database.", ("state",))
        connections.labels("idle").set_function(lambda: self._pool.get_idle_size() if self._pool else 0)
        connections.labels("used").set_function(self._used)
        metrics.gauge("database_connections_limit", "How many there may be.").set(self._maximum)

    def _used(self) -> float:
        return float(self._pool.get_size() - self._pool.get_idle_size()) if self._pool else 0.0

    async def problem(self) -> str | None:
        """Readiness: None when a statement is answered within two seconds."""
        try:
            await asyncio.wait_for(self.fetchval("select 1"), timeout=2.0)
        except TimeoutError:
            return "The database did not answer within two seconds."
        except ColloquyError as error:
            return str(error)
        return None

    async def _acquire(self) -> Connection:
        """A connection of the pool. Raises DatabaseUnavailable, also when none is free in time."""
        pool = self._pool
        if pool is None:
            raise DatabaseUnavailable("The pool is not started.")
        try:
            async with asyncio.timeout(self._acquire_seconds):  # the pool's own limit costs a task
                return Connection(await pool.acquire())
        except TimeoutError:
            raise DatabaseUnavailable(
                f"No free connection within {self._acquire_seconds:g} s; the pool holds {self._maximum}."
            ) from None
        except _FAILURES as error:
            raise _ours(error) from None

    async def _release(self, connection: Connection) -> None:
        pool = self._pool
        if pool is not None:  # else it was closed with the pool
            with contextlib.suppress(*_FAILURES_OR_TIMEOUT):  # a broken connection is dropped by the pool
                await pool.release(connection._raw, timeout=self._acquire_seconds)

    async def _connect(self) -> Any:
        return await asyncpg.create_pool(
            self._url,
            min_size=self._minimum,
            max_size=self._maximum,
            timeout=_CONNECT_SECONDS,
            command_timeout=self._answer_seconds or None,
            max_queries=1_000_000_000,
            max_inactive_connection_lifetime=0,
            statement_cache_size=500,
            max_cached_statement_lifetime=0,
            max_cacheable_statement_size=64 * 1024,
            server_settings=self._server_settings,
            init=_prepare_connection,
            reset=_keep_session,
        )


async def _prepare_connection(raw: Any) -> None:
    """Set how values travel: uuid as text, json as Python values."""
    await raw.set_type_codec("uuid", schema="pg_catalog", encoder=str, decoder=str, format="text")
    await raw.set_type_codec("json", schema="pg_catalog", encoder=_dump, decoder=orjson.loads, format="binary")
    await raw.set_type_codec("jsonb", schema="pg_catalog", encoder=_dump_jsonb, decoder=_load_jsonb, format="binary")


async def _keep_session(_raw: Any) -> None:
    """Put a connection back as it is: nothing of ours changes session settings, and the driver itself has already
    rolled back a transaction that was left open. Saves a round trip for every use of a connection.
    """


def _dump(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


def _dump_jsonb(value: Any) -> bytes:
    return b"\x01" + orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


def _load_jsonb(data: bytes) -> Any:
    return orjson.loads(data[1:])


_FAILURES: tuple[type[BaseException], ...] = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)

_FAILURES_OR_TIMEOUT: tuple[type[BaseException], ...] = (*_FAILURES, TimeoutError)

_UNAVAILABLE: tuple[type[BaseException], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InvalidCatalogNameError,
    OSError,
)

_CONFLICTS: tuple[type[BaseException], ...] = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
)


def _ours(error: BaseException) -> Exception:
    """Our error for one of the driver's. Leaves out every text that may quote a value."""
    sqlstate = getattr(error, "sqlstate", None) or ""
    table = getattr(error, "table_name", None) or ""
    constraint = getattr(error, "constraint_name", None) or ""
    match error:
        case _ if isinstance(error, _CONFLICTS):
            return Conflict(type(error).__name__)
        case _ if isinstance(error, _UNAVAILABLE):
            return DatabaseUnavailable(f"{type(error).__name__}: {error}")
        case asyncpg.InvalidAuthorizationSpecificationError():
            return DatabaseMisconfigured("The user or the password was refused.")
        case asyncpg.QueryCanceledError():
            return StatementTimedOut(sqlstate=sqlstate)
        case asyncpg.UniqueViolationError():
            return UniqueViolation(constraint, sqlstate=sqlstate, table=table, constraint=constraint)
        case asyncpg.IntegrityConstraintViolationError():
            where = constraint or f"{table}.{getattr(error, 'column_name', '')}"
            return ConstraintViolated(where, sqlstate=sqlstate, table=table, constraint=constraint)
        case asyncpg.DataError():
            return StatementRefused("A value does not fit the type of its column or parameter.", sqlstate=sqlstate)
        case asyncpg.InterfaceError() if _is_gone(error):
            return DatabaseUnavailable("The connection was closed.")
        case asyncpg.InternalClientError():  # e.g. a server that is killed in the middle of an answer
            return DatabaseUnavailable("The connection broke in the middle of an answer.")
        case asyncpg.PostgresError():
            # Class 42 (syntax, names, rights) quotes identifiers only; other classes may quote values.
            text = f": {error}" if sqlstate.startswith("42") else ""
            return StatementRefused(f"{type(error).__name__} ({sqlstate}){text}", sqlstate=sqlstate)
        case _:
            return StatementRefused(f"{type(error).__name__}: misuse of the database client.")


def _is_gone(error: BaseException) -> bool:
    text = str(error)
    return any(word in text for word in ("closed", "closing", "released", "not initialized", "lost"))


def _place(url: str) -> str:
    """Where a database URL leads, without user and password."""
    without_user = url.rpartition("@")[2] if "@" in url else url.partition("://")[2]
    return without_user.partition("?")[0] or "the local socket"
