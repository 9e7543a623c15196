"""A fresh clone installs what the project declares: `make run` takes the lock files and nothing else."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def pins(lock: str) -> dict[str, str]:
    """The version each distribution is held at, by its canonical name."""
    lines = [line.split(";")[0].rstrip(" \\") for line in (ROOT / lock).read_text().splitlines() if "==" in line]
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def unmet(declared: list[str], lock: str) -> list[str]:
    """Those of the declared requirements that the lock file does not meet."""
    held = pins(lock)
    wanted = [Requirement(line) for line in declared]
    return [str(one) for one in wanted if held.get(canonicalize_name(one.name), "none") not in one.specifier]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-extras.lock", "requirements-dev.lock"])
def test_everything_the_project_needs_to_run_is_locked(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert unmet(project["dependencies"], lock) == [], "run `make lock`"


def test_what_only_some_interviews_use_is_locked_beside_it_at_the_same_versions() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert unmet(extras["learning"] + extras["tables"], "requirements-extras.lock") == [], "run `make lock`"
    assert pins("requirements.lock").items() <= pins("requirements-extras.lock").items(), "run `make lock`"


def test_everything_the_tests_need_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert unmet(project["optional-dependencies"]["dev"], "requirements-dev.lock") == [], "run `make lock`"


def test_what_builds_the_project_is_locked_and_fetched_only_from_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["build-system"]["requires"]
    assert project["dependency-groups"]["build"] == wanted
    assert unmet(wanted, "requirements.lock") == [], "run `make lock`"
    installs = [line for line in (ROOT / "Makefile").read_text().splitlines() if "--editable" in line]
    assert [line for line in installs if "--no-build-isolation" not in line] == []
