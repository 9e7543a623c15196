"""Readers of what strangers send hold whatever comes: on inputs of hypothesis, and in the long form under atheris."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing import TARGETS, command, is_there, seeds

pytestmark = pytest.mark.fault

SECONDS = 20


@pytest.mark.parametrize("name", TARGETS)
def test_what_a_target_begins_with_holds(name: str) -> None:
    for seed in seeds(name):
        TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_no_bytes_break_a_reader(name: str, data: st.DataObject) -> None:
    known = data.draw(st.sampled_from(list(seeds(name))[:20]))
    at = data.draw(st.integers(0, len(known)))
    TARGETS[name](known[:at] + data.draw(st.binary(max_size=200)) + known[at:])


@pytest.mark.timeout(SECONDS * 6)
@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_that_atheris_finds_break_a_reader(name: str, rounds: int, tmp_path: Path) -> None:
    if rounds == 1:
        pytest.skip("the long form alone: make test-faults")
    if not is_there():
        pytest.skip("atheris has no wheel for this machine; hypothesis has tried")
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(
        command(name, SECONDS),
        cwd=tmp_path,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        timeout=SECONDS * 5,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode(errors="replace")[-3000:]
