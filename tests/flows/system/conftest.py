"""Whole systems, started as a user starts them, for tests that speak HTTP: in one process, and in five."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.storage.embedded_postgres import url_of_running
from tests.flows.system.person import Person
from tests.sites import Site, distributed_site, embedded_site

INTERVIEWS = Path(__file__).parent / "interviews"
PATIENCE_SECONDS = 60.0

STARTS = {"one process": embedded_site, "five processes": distributed_site}
only_five = pytest.mark.parametrize("site", ["five processes"], indirect=True)
only_one = pytest.mark.parametrize("site", ["one process"], indirect=True)


@pytest.fixture(scope="session", params=["one process", "five processes"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running system with our trial interviews; a test that uses it runs on both forms."""
    with STARTS[request.param](tmp_path_factory.mktemp("site"), interviews=[INTERVIEWS]) as running:
        yield running


@pytest.fixture
def person(site: Site) -> Iterator[Person]:
    """Somebody with a browser."""
    person = Person(site.url)
    with person.http:
        yield person


@pytest.fixture
def somebody_else(site: Site) -> Iterator[Person]:
    """Another person with another browser."""
    person = Person(site.url)
    with person.http:
        yield person


def until(holds: Callable[[], Any], what: str) -> Any:
    """Wait until something holds and give it; fails when it does not come at all."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come within {PATIENCE_SECONDS:g} s.")


def command(site: Site, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """`colloquy …` as an operator types it beside a running system; `typed` is its standard input."""
    return subprocess.run(
        [sys.executable, "-m", "services.cli", *words],
        cwd=site.folder,
        env={**os.environ, **site.environment},
        capture_output=True,
        text=True,
        timeout=60,
        input=typed,
        check=False,
    )


def answered(site: Site, *words: str) -> Any:
    """What `colloquy … --json` prints."""
    ended = command(site, *words, "--json")
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def database_of(site: Site) -> str:
    """Where its answers are kept."""
    named = site.environment.get("COLLOQUY_DATABASE_URL") or url_of_running(site.folder / "data")
    assert named is not None
    return named
