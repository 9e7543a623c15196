"""What properties of the language are tested with."""

from __future__ import annotations

import pytest
from hypothesis import settings

from shared.interview.api import Engine
from shared.kernel.interview_path import InterviewPath

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")  # how long an example takes says nothing on a busy machine


@pytest.fixture(scope="session", autouse=True)
def _deep_stack() -> None:
    """The first engine of a process deepens Python's stack, which must not happen while hypothesis watches it."""
    Engine(InterviewPath.of([]))
