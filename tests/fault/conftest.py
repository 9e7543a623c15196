"""Options and fixtures of the fault tests."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fault-rounds", type=int, default=1, help="how often the long histories are made")


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How long the histories are: 1 in the whole suite, more with `make test-faults`."""
    return int(request.config.getoption("--fault-rounds", default=1))
