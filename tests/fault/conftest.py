"""Options and fixtures of the fault tests."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.storage.database import Database
from tests.fault.door import Door, open_door
from tests.sites import Site, distributed_site, service_command

INTERVIEWS = Path(__file__).parent / "interviews"
OPERATOR_TOKEN = "an operator of the fault tests"
MOMENTS = ("claimed", "begun", "recorded")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fault-rounds", type=int, default=1, help="how often the long histories are made")


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How long the histories are: 1 in the whole suite, more with `make test-faults`."""
    return int(request.config.getoption("--fault-rounds", default=1))


def troubled_command(name: str, trouble: str) -> list[str]:
    """How a service is started that has a trouble."""
    return [sys.executable, "-m", "tests.fault.troubled_service", name, trouble]


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Gateway and session service as processes, with one interview process; tests start the workers they want."""
    with distributed_site(
        tmp_path_factory.mktemp("house"),
        interviews=[INTERVIEWS],
        commands={name: service_command(name) for name in ("session", "gateway")},
        environment={"COLLOQUY_INTERVIEW_PROCESSES": "1", "COLLOQUY_OPERATOR_TOKEN": OPERATOR_TOKEN},
    ) as site:
        yield site


@pytest.fixture
def workers(house: Site) -> Iterator[Site]:
    """Workers of that house, to be started and killed; none runs yet. Each has room for one task."""
    workers = Site(
        folder=house.folder,
        port=house.port,
        commands={
            **{name: service_command("worker") for name in ("worker", "other worker")},
            **{f"worker that dies when {moment}": troubled_command("worker", moment) for moment in MOMENTS},
        },
        environment={
            **house.environment,
            "COLLOQUY_WORKER_CONCURRENCY": "1",
            "COLLOQUY_WORKER_PROCESSES": "1",
            "COLLOQUY_TASK_LEASE_SECONDS": "1",
            "COLLOQUY_OVERDUE_SECONDS": "0.1",
        },
    )
    yield workers
    for name in tuple(workers.processes):
        workers.kill(name)


@pytest.fixture
async def rows(house: Site) -> AsyncIterator[Database]:
    """The database of that house."""
    database = Database(url=house.environment["COLLOQUY_DATABASE_URL"], minimum=1, maximum=1)
    await database.start()
    yield database
    await database.stop()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """Where the code of tasks calls; open."""
    async with open_door() as door:
        yield door
