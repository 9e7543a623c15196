"""Fixtures of the library's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.interview.library import import_hook
from shared.interview.runtime.run import Run, running
from tests.unit.interview.library.being_asked import make_run


@pytest.fixture
def run() -> Iterator[Run]:
    """A run that is going on."""
    with running(make_run()) as current:
        yield current


@pytest.fixture
def importable() -> Iterator[None]:
    """The library can be imported by the names interviews use."""
    import_hook.install()
    return
