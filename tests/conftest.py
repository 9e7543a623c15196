"""Fixtures for all tests: real servers, own databases, a clock that stands still. See tests/servers.py."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from shared.crypto.keys import ServerKeys
from shared.kernel.clock import ManualClock
from shared.kernel.ids import new_code
from shared.storage.database import Database
from tests import servers

# How long an example takes is the machine's affair: beside other tests, any of them may take seconds.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    """The controlling process makes one folder for the run; workers find it in their environment."""
    if not hasattr(config, "workerinput"):
        folder = tempfile.mkdtemp(prefix="colloquy-tests-")
        Path(folder).chmod(0o755)
        os.environ[servers.RUN_FOLDER] = folder


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what the run has started."""
    if not hasattr(config, "workerinput"):
        servers.stop_servers(Path(os.environ.pop(servers.RUN_FOLDER)))


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A test that configures logging does so for itself: its stream is closed when the next one logs."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session", autouse=True)
def _no_server_files_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Root's embedded servers may keep their files outside the test's folder, where pytest does not clear them away."""
    yield
    servers.remove_homes_outside(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """URL of a PostgreSQL where databases may be created."""
    return servers.postgres_server()


@pytest.fixture(scope="module")
def postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of a new, empty database for this test module."""
    with servers.own_database(postgres_server) as url:
        yield url


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """A started Database on the module's own database."""
    database = Database(url=postgres_url, wait_seconds=5.0)
    await database.start()
    yield database
    await database.stop()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a Redis of this worker's own; tests share it and so use names of their own."""
    if named := os.environ.get("COLLOQUY_TEST_REDIS_URL"):
        yield named
        return
    with servers.own_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def amqp_url() -> Iterator[str]:
    """URL of a real RabbitMQ, in a vhost of this worker's own where one can be made; use `name_prefix` besides."""
    try:
        with servers.own_vhost() as url:
            yield url
    except ConnectionError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def name_prefix() -> str:
    """A prefix nobody else uses, for queues, keys and channels."""
    return f"t{new_code(10).lower()}"


@pytest.fixture(scope="session")
def server_keys() -> ServerKeys:
    """A key ring with one key."""
    return ServerKeys([("test-1", bytes(range(32)))])


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still until it is advanced."""
    return ManualClock()
