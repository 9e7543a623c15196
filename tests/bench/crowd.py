"""Many tasks at once: how many a second end, from the post that queues them until all are saved; beside bare Celery.

Ours: one form post in each of several sessions queues the tasks; each is evaluated on a snapshot, and its response
action commits the answers. Celery's: a trivial function, prefork, with as many processes, on the same RabbitMQ. Celery
lives in a venv that is made on demand (COLLOQUY_BENCH_CELERY names one that is there).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from shared.kernel.ids import new_code
from tests.bench.http import Client
from tests.bench.visitor import Visitor
from tests.sites import Site

HERE = Path(__file__).parent
TASKS = 200
SESSIONS = 8
ROUNDS = 5
PROCESSES = 4
"""As many as a worker has by default."""
MEASUREMENTS = 3 * ROUNDS
OPEN = "select count(*) from tasks.tasks where ended_at is null"


class CeleryNotThere(RuntimeError):
    """Celery could not be installed for the comparison; give COLLOQUY_BENCH_CELERY the folder of a venv that has it."""


@dataclass(frozen=True)
class Crowd:
    """One line: tasks a second in each round."""

    name: str
    per_second: list[float]


async def ours(site: Site, interview: str, name: str, tick: Callable[[], None]) -> Crowd:
    """Queue the tasks at once in all sessions, wait until the last is saved."""
    rates = []
    database = await asyncpg.connect(site.environment["COLLOQUY_DATABASE_URL"])
    try:
        for number in range(ROUNDS + 1):
            visitors = [Visitor(Client("127.0.0.1", site.port), interview) for _ in range(SESSIONS)]
            for visitor in visitors:
                await visitor.open()
            began = time.perf_counter()
            await asyncio.gather(*(visitor.submit(how_many=str(TASKS // SESSIONS)) for visitor in visitors))
            while await database.fetchval(OPEN):
                await asyncio.sleep(0.02)
            if number:  # the first is a warm-up
                rates.append(TASKS / (time.perf_counter() - began))
                tick()
            for visitor in visitors:
                await visitor.client.close()
    finally:
        await database.close()
    return Crowd(name, rates)


def celery(amqp_url: str, folder: Path, tick: Callable[[], None]) -> Crowd:
    """The same number of trivial tasks through Celery. Raises CeleryNotThere."""
    python = _python_with_celery(folder)
    environment = {**os.environ, "CELERY_URL": amqp_url, "CELERY_QUEUE": f"bench-{new_code(6).lower()}"}
    with _worker(python, environment):
        done = subprocess.run(
            [python, "celery_tasks.py", str(TASKS), str(ROUNDS + 1)],
            cwd=HERE,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        )
    rates = [TASKS / seconds for seconds in json.loads(done.stdout)[1:]]
    for _ in rates:
        tick()
    return Crowd(f"{TASKS} trivial tasks at once, bare Celery, prefork {PROCESSES}", rates)


@contextlib.contextmanager
def _worker(python: Path, environment: dict[str, str]) -> Iterator[None]:
    words = ["-m", "celery", "-A", "celery_tasks", "worker", "-P", "prefork", "-c", str(PROCESSES), "-l", "ERROR"]
    process = subprocess.Popen(
        [python, *words, "--without-gossip", "--without-mingle", "--without-heartbeat"],
        cwd=HERE,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _python_with_celery(folder: Path) -> Path:
    named = os.environ.get("COLLOQUY_BENCH_CELERY")
    venv = Path(named) if named else folder / "celery"
    python = venv / "bin" / "python"
    if not named:
        commands = (
            [sys.executable, "-m", "venv", str(venv)],
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "celery>=5.4"],
        )
        for command in commands:
            if subprocess.run(command, capture_output=True, check=False).returncode:
                raise CeleryNotThere(CeleryNotThere.__doc__)
    return python
