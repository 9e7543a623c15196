"""What an operator asks beside a running system."""

from __future__ import annotations

import json

import pytest

from tests.flows.system.conftest import answered, command, until
from tests.sites import Site

pytestmark = pytest.mark.xdist_group("systems")


def test_the_doctor_finds_nothing_wrong_with_a_system_that_runs(site: Site) -> None:
    ended = command(site, "doctor", "--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    told = json.loads(ended.stdout)
    assert sorted(told) == ["advice", "checks"]
    assert set(told["checks"].values()) == {""}


def test_inactive_sessions_are_counted_and_deleted(site: Site) -> None:
    assert answered(site, "sessions", "inactive") == []
    ended = command(site, "sessions", "delete-inactive")
    assert ended.returncode == 0, ended.stderr
    name = "session" if "session" in site.commands else next(iter(site.commands))
    until(lambda: "session.inactive_deleted" in site.output(name, size=10_000_000), "the deletion")


def test_background_tasks_can_be_listed(site: Site) -> None:
    assert isinstance(answered(site, "tasks", "list"), list)
    ended = command(site, "tasks", "list", "--state", "running")
    assert ended.returncode == 0, ended.stderr


def test_a_command_says_when_there_is_no_such_task(site: Site) -> None:
    for words in (("show",), ("revoke",), ("rerun",)):
        ended = command(site, "tasks", *words, "01a1fc35-2182-7205-9116-3bf34e5b282a")
        assert ended.returncode == 1
        assert "There is no such task." in ended.stderr
