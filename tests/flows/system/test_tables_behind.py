"""A service that is started on older tables says so and ends, rather than failing at the first request."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from shared.crypto.keys import ServerKeys


@pytest.mark.parametrize("service", ["session", "worker", "scheduler", "mail", "gateway"])
async def test_a_service_on_older_tables_ends_and_names_the_command(
    service: str, postgres_url: str, tmp_path: Path
) -> None:
    ServerKeys.load(tmp_path / "server.keys", create=True)
    nobody = "127.0.0.1:9"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"services.{service}",
        env={
            "PATH": os.environ["PATH"],
            "COLLOQUY_DATABASE_URL": postgres_url,
            "COLLOQUY_AMQP_URL": f"amqp://{nobody}/",
            "COLLOQUY_REDIS_URL": f"redis://{nobody}/0",
            "COLLOQUY_DATA_DIR": str(tmp_path),
            "COLLOQUY_PORT": "0",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 1, said.decode()
    assert "run `colloquy migrate`" in said.decode().splitlines()[-1]
