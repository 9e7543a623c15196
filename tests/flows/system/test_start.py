"""A service that lacks what it stands on waits, says so, and ends with an error when the time is over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests import servers
from tests.sites import SERVICES, free_port

NEEDED = {
    "COLLOQUY_DATABASE_URL": ("database.waiting", "PostgreSQL"),
    "COLLOQUY_REDIS_URL": ("redis.waiting", "redis-server"),
    "COLLOQUY_AMQP_URL": ("bus.waiting", "RabbitMQ"),
}
MISSING = {
    "COLLOQUY_DATABASE_URL": "postgresql://nobody:secret-of-the-test@127.0.0.1:{port}/nothing",
    "COLLOQUY_REDIS_URL": "redis://:secret-of-the-test@127.0.0.1:{port}/0",
    "COLLOQUY_AMQP_URL": "amqp://nobody:secret-of-the-test@127.0.0.1:{port}/nothing",
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, redis_url: str, amqp_url: str) -> Iterator[Mapping[str, str]]:
    """Everything a service needs."""
    folder = tmp_path_factory.mktemp("start")
    with servers.own_database(servers.postgres_server()) as database_url:
        given = {
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "COLLOQUY_DATA_DIR": str(folder),
            "COLLOQUY_PORT": str(free_port()),
            "COLLOQUY_LOG_FORMAT": "json",
            "COLLOQUY_START_WAIT_SECONDS": "1",
            "COLLOQUY_DATABASE_URL": database_url,
            "COLLOQUY_REDIS_URL": redis_url,
            "COLLOQUY_AMQP_URL": amqp_url,
        }
        run("services.cli", given, "keys", "create").check_returncode()
        run("services.cli", given, "migrate").check_returncode()
        yield given


def run(module: str, environment: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        env={**os.environ, **environment},
        cwd=environment["COLLOQUY_DATA_DIR"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def cases() -> list[tuple[str, str]]:
    everybody = [(name, lacking) for name in SERVICES for lacking in ("COLLOQUY_DATABASE_URL", "COLLOQUY_AMQP_URL")]
    return [*everybody, ("session", "COLLOQUY_REDIS_URL")]


@pytest.mark.parametrize(("service", "lacking"), cases())
def test_a_service_waits_says_so_and_gives_up(environment: Mapping[str, str], service: str, lacking: str) -> None:
    nowhere = MISSING[lacking].format(port=free_port())
    ended = run(f"services.{service}", {**environment, lacking: nowhere})
    assert ended.returncode not in (0, None)
    assert ended.returncode > 0, "it ended by itself, not by a signal"
    event, program = NEEDED[lacking]
    events = [json.loads(line) for line in ended.stderr.splitlines() if line.startswith("{")]
    assert event in {one["event"] for one in events}
    last = ended.stderr.strip().splitlines()[-1]
    assert lacking in last
    assert program in last
    assert "Traceback" not in ended.stderr
    assert "secret-of-the-test" not in ended.stderr + ended.stdout


def test_in_one_process_likewise(environment: Mapping[str, str]) -> None:
    lacking = "COLLOQUY_DATABASE_URL"
    ended = run("services.cli", {**environment, lacking: MISSING[lacking].format(port=free_port())}, "up")
    assert ended.returncode == 1
    assert "database.waiting" in ended.stderr
    assert lacking in ended.stderr.strip().splitlines()[-1]
    assert "secret-of-the-test" not in ended.stderr


def test_a_command_says_it_too(environment: Mapping[str, str]) -> None:
    lacking = "COLLOQUY_DATABASE_URL"
    ended = run("services.cli", {**environment, lacking: MISSING[lacking].format(port=free_port())}, "migrate")
    assert ended.returncode == 1
    assert lacking in ended.stderr.strip().splitlines()[-1]


def test_settings_that_are_missing_are_all_named_at_once(environment: Mapping[str, str]) -> None:
    ended = run("services.session", {**environment, **dict.fromkeys(NEEDED, "")})
    assert ended.returncode == 1
    assert all(name in ended.stderr for name in NEEDED)
    assert "Traceback" not in ended.stderr
