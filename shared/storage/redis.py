"""Redis: scripts, a few plain commands, and wake-ups. Only for what may be lost (DESIGN §7).

The only module that imports redis. Connecting and every command are bounded by a second each, and after a command
timed out the next ones are refused at once for a moment: a paused Redis costs a turn one second, not one per command.
Whoever gets RedisUnavailable goes on without Redis. The wake-ups themselves are in listener.py.

Commands use redis-py's connections and pool, but not its client: two commands are on the way of every form post, and
the client's retries, metrics and time limits (a task for each) cost more than the command itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import redis.asyncio
import structlog
from hiredis import pack_command
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from shared.kernel.clock import Clock, SystemClock
from shared.kernel.errors import ColloquyError
from shared.storage.errors import RedisUnavailable
from shared.storage.listener import Inbox, Listener, Wire

log = structlog.get_logger()

_REST_SECONDS = 1.0
_SLOW = 0.5
"""Which part of a time limit a failure must have taken for the server to be left alone for a while."""
_CONNECTIONS = 16
_PAUSE_SECONDS = 0.5


class RedisRefused(ColloquyError):
    """Redis refused a command."""


class Script:
    """A Lua script: runs atomically inside Redis, sent once and then called by its digest."""

    def __init__(self, client: Redis, source: str) -> None:
        self._client = client
        self._source = source
        self._digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    async def __call__(self, *, keys: Sequence[str] = (), args: Sequence[str | bytes | int | float] = ()) -> Any:
        """Run it; texts come back as bytes. Raises RedisUnavailable, RedisRefused."""
        try:
            return await self._client.command("EVALSHA", self._digest, len(keys), *keys, *args)
        except _ScriptMissing:
            return await self._client.command("EVAL", self._source, len(keys), *keys, *args)


class _ScriptMissing(RedisRefused):
    """Redis has been restarted and forgot the script."""


class Redis:
    """One Redis server; a Component. `wait_seconds` is how long `start` waits for a server that does not answer."""

    def __init__(
        self,
        *,
        url: str,
        wait_seconds: float = 30.0,
        connect_seconds: float = 1.0,
        command_seconds: float = 1.0,
        clock: Clock | None = None,
    ) -> None:
        self._url = url
        self._wait_seconds = wait_seconds
        self._connect_seconds = connect_seconds
        self._command_seconds = command_seconds
        self._clock = clock or SystemClock()
        self._rests_until = 0.0
        self._pool: Any = None
        self._listener = Listener(open_wire=self._open_wire, confirm_seconds=command_seconds)

    async def start(self) -> None:
        """Connect; waits for Redis up to `wait_seconds`, then raises RedisUnavailable."""
        if self._pool is not None:
            return
        self._pool = self._make_pool()
        began = self._clock.monotonic()
        while (problem := await self.problem()) is not None:
            waited = self._clock.monotonic() - began
            if waited >= self._wait_seconds:
                await self.stop()
                raise RedisUnavailable(
                    f"Waited {waited:.0f} s for {_place(self._url)}: {problem} "
                    "Start redis-server or correct COLLOQUY_REDIS_URL."
                )
            log.warning("redis.waiting", place=_place(self._url), reason=problem, limit_seconds=self._wait_seconds)
            await self._clock.sleep(_PAUSE_SECONDS)

    async def stop(self) -> None:
        """End the wake-ups and close every connection."""
        await self._listener.stop()
        pool, self._pool = self._pool, None
        if pool is not None:
            with contextlib.suppress(RedisError, OSError):
                await pool.aclose()

    def script(self, source: str) -> Script:
        """A Lua script to be called with keys and arguments."""
        return Script(self, source)

    async def get(self, key: str) -> bytes | None:
        """The value of a key, or None."""
        value: bytes | None = await self.command("GET", key)
        return value

    async def set(
        self, key: str, value: str | bytes | int, *, expires_seconds: float | None = None, only_if_absent: bool = False
    ) -> bool:
        """Set a key; False when `only_if_absent` and it is there already."""
        options: list[str | int] = []
        if expires_seconds is not None:
            options += ["PX", max(1, int(expires_seconds * 1000))]
        if only_if_absent:
            options.append("NX")
        return await self.command("SET", key, value, *options) is not None

    async def delete(self, *keys: str) -> int:
        """Delete keys; gives how many there were."""
        return int(await self.command("DEL", *keys))

    async def expire(self, key: str, seconds: float) -> bool:
        """Let a key end after some seconds; False when there is no such key."""
        return bool(await self.command("PEXPIRE", key, max(1, int(seconds * 1000))))

    async def publish(self, channel: str, text: str | bytes = b"") -> int:
        """Wake whoever listens; gives how many did."""
        return int(await self.command("PUBLISH", channel, text))

    @contextlib.asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[Inbox]:
        """Listen to a channel for the time of the block: everything published after entering it arrives.

        All listeners of a process share one connection. After that was lost, every inbox gets an empty text once
        it is back: look again, something may have been missed. Raises RedisUnavailable on entering.
        """
        self._refuse_while_resting()
        began = asyncio.get_running_loop().time()
        try:
            inbox = await self._listener.enter(channel)
        except RedisUnavailable:
            self._rest_if_slow(began)
            raise
        try:
            yield inbox
        finally:
            await self._listener.leave(inbox)

    async def problem(self) -> str | None:
        """Readiness: None when Redis answers."""
        try:
            await self.command("PING")
        except (RedisUnavailable, RedisRefused) as error:
            return str(error)
        return None

    async def command(self, *words: str | bytes | int | float) -> Any:
        """Run one command and give its answer as Redis does. Raises RedisUnavailable, RedisRefused."""
        self._refuse_while_resting()
        pool = self._pool
        if pool is None:
            raise RedisUnavailable("The client is not started.")
        packed = pack_command(words)  # type: ignore[arg-type]  # it takes tuples of any length
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._command_seconds):
                connection = await pool.get_connection()
                try:
                    await connection.send_packed_command((packed,), check_health=False)
                    return await connection.read_response()
                finally:
                    await pool.release(connection)  # one that was interrupted is closed, and connects anew
        except (RedisConnectionError, RedisTimeoutError, TimeoutError, OSError) as error:
            if self._rest_if_slow(began):
                raise RedisUnavailable(f"No answer within {self._command_seconds:g} s.") from None
            raise RedisUnavailable(type(error).__name__) from None
        except NoScriptError:
            raise _ScriptMissing from None
        except RedisError as error:
            raise RedisRefused(f"{words[0]!s}: {type(error).__name__}") from None

    def _rest_if_slow(self, began: float) -> bool:
        """After a failure that took long, leave the server alone for a moment; whether it did."""
        is_slow = asyncio.get_running_loop().time() - began >= _SLOW * min(self._command_seconds, self._connect_seconds)
        if is_slow:
            self._rests_until = self._clock.monotonic() + _REST_SECONDS
        return is_slow

    def _refuse_while_resting(self) -> None:
        if self._clock.monotonic() < self._rests_until:
            raise RedisUnavailable("It did not answer a moment ago.")

    def _make_pool(self, **options: Any) -> Any:
        if not self._url.startswith("unix:"):
            options["socket_keepalive"] = True
        return redis.asyncio.BlockingConnectionPool.from_url(
            self._url,
            max_connections=_CONNECTIONS,
            timeout=None,
            protocol=2,
            driver_info=None,
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=self._connect_seconds,
            **options,
        )

    async def _open_wire(self) -> Wire:
        """A connection of its own for subscriptions. Raises RedisUnavailable."""
        pool = self._make_pool(socket_timeout=self._command_seconds)
        connection = pool.connection_class(**pool.connection_kwargs)
        wire = _Wire(connection)
        try:
            await connection.connect()
        except (RedisError, OSError) as error:
            await wire.close()
            raise RedisUnavailable(type(error).__name__) from None
        return wire


class _Wire:
    """One raw connection, for the listener. Fits listener.Wire; whatever goes wrong, the line counts as lost."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def send(self, *words: str | bytes) -> None:
        try:
            await self._connection.send_command(*words, check_health=False)
        except Exception as error:
            raise RedisUnavailable(type(error).__name__) from None

    async def receive(self, timeout_seconds: float) -> list[Any] | None:
        try:
            answer = await self._connection.read_response(timeout=timeout_seconds, disconnect_on_error=False)
        except Exception as error:
            raise RedisUnavailable(type(error).__name__) from None
        return answer if isinstance(answer, list) else None

    async def close(self) -> None:
        with contextlib.suppress(Exception):
            await self._connection.disconnect(nowait=True)


def _place(url: str) -> str:
    """Where a Redis URL leads, without user and password."""
    return url.rpartition("@")[2] if "@" in url else url.partition("://")[2]
