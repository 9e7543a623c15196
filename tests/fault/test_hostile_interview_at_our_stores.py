"""A hostile interview that knows where our PostgreSQL and our Redis listen is let into neither without a password."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest

from shared.evaluation.pool import PoolSettings, ProcessPool
from shared.interview.runtime.operations import RunContext, RunRequest, ShowScreen
from shared.storage.embedded_postgres import EmbeddedPostgres
from shared.storage.embedded_redis import EmbeddedRedis
from tests.contract.evaluation.running import Host

pytestmark = pytest.mark.fault

ATTACK = r"""
import socket
import struct

def said(path, text):
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(5)
        line.connect(path)
        line.sendall(text)
        return line.recv(100).decode('latin-1')

def as_user(name):
    words = b'user\0' + name + b'\0database\0colloquy\0\0'
    return struct.pack('!ii', len(words) + 8, 196608) + words

tries = [(path, b'*1\r\n$4\r\nPING\r\n') for path in redis]
tries += [(path, as_user(name)) for path in postgres for name in (b'postgres', b'colloquy')]
heard = []
for path, text in tries:
    try:
        heard.append(said(path, text))
    except OSError as error:
        heard.append('closed: ' + type(error).__name__)
json_response(heard)
"""
SASL_IS_WANTED = "R\0\0\0"
"""PostgreSQL asks for authentication; what follows the length says which."""


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[tuple[list[str], list[str]]]:
    """Both kinds of Redis and a PostgreSQL; the paths of their sockets."""
    servers = [
        EmbeddedRedis(data_dir=tmp_path / "a", program=""),
        EmbeddedRedis(data_dir=tmp_path / "b"),
        EmbeddedPostgres(data_dir=tmp_path / "a"),
    ]
    try:
        for server in servers:
            await server.start()
        query = parse_qs(urlparse(servers[2].url).query)
        folder, port = query["host"][0], query["port"][0]
        redis = [urlparse(server.url).path for server in servers[:2]]
        yield redis, [f"{folder}/.s.PGSQL.{port}"]
    finally:
        for server in reversed(servers):
            await server.stop()


async def test_neither_postgresql_nor_redis_serves_it(stores: tuple[list[str], list[str]], tmp_path: Path) -> None:
    redis, postgres = stores
    questions = tmp_path / "interviews" / "hostile" / "data" / "questions"
    questions.mkdir(parents=True)
    code = f"redis, postgres = {redis!r}, {postgres!r}\n{ATTACK}".replace("\n", "\n  ")
    (questions / "stores.yml").write_text(f"mandatory: True\ncode: |\n  {code}\n")
    pool = ProcessPool(settings=PoolSettings(size=1), folders=[tmp_path / "interviews"])
    await pool.start()
    try:
        request = RunRequest(
            operation=ShowScreen(is_first=True),
            context=RunContext(interview="hostile:data/questions/stores.yml", session_code="x" * 32),
            has_answers=False,
        )
        result, blobs = await pool.run(request, {}, host=Host(), limit_seconds=60)
    finally:
        await pool.stop()
    assert result.outcome.kind == "response", result.outcome
    heard = json.loads(blobs["body"])
    assert len(heard) == 4
    for answer in heard[:2]:
        assert answer.startswith(("-NOAUTH", "closed: ")), heard
    for answer in heard[2:]:
        is_closed = answer.startswith("closed: ")
        asks_for_password = answer.startswith(SASL_IS_WANTED) and answer[5:9] == "\0\0\0\n"
        assert is_closed or asks_for_password, heard
