"""What an operator asks beside a running system."""

from __future__ import annotations

import pytest

from tests.flows.system.conftest import answered, command
from tests.sites import Site

pytestmark = pytest.mark.xdist_group("systems")


def test_the_doctor_finds_nothing_wrong_with_a_system_that_runs(site: Site) -> None:
    ended = command(site, "doctor", "--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_background_tasks_can_be_listed(site: Site) -> None:
    assert isinstance(answered(site, "tasks", "list"), list)
    ended = command(site, "tasks", "list", "--state", "running")
    assert ended.returncode == 0, ended.stderr
