"""The floor: a bare ASGI handler that does one PostgreSQL read-modify-write, served like our gateway.

What any server pays that keeps answers in PostgreSQL and answers over HTTP; everything above it is our own cost.
Run as `python -m tests.bench.floor PORT DATABASE_URL`.
"""

from __future__ import annotations

import sys
from typing import Any

import asyncpg
import uvicorn

ROW_BYTES = 8192
_READ = "select data from bench_floor where id = $1 for update"
_WRITE = "update bench_floor set data = $2, version = version + 1 where id = $1"


class Floor:
    """One route: read a row, change it, write it, answer with its size."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._pool: asyncpg.Pool | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await receive()
            self._pool = await asyncpg.create_pool(self._url, min_size=2, max_size=8)
            await self._pool.execute(
                "create table if not exists bench_floor (id int primary key, version int not null, data bytea not null)"
            )
            await self._pool.executemany(
                "insert into bench_floor values ($1, 0, $2) on conflict do nothing",
                [(number, bytes(ROW_BYTES)) for number in range(64)],
            )
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self._pool.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        assert self._pool is not None
        number = int(scope["path"].rpartition("/")[2] or 0) % 64
        async with self._pool.acquire() as connection, connection.transaction():
            data: bytes = await connection.fetchval(_READ, number)
            changed = (body + data)[:ROW_BYTES]
            await connection.execute(_WRITE, number, changed)
        answer = str(len(changed)).encode()
        headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


if __name__ == "__main__":
    uvicorn.run(Floor(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
