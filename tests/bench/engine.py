"""What the engine costs without any server: compiling, evaluating, keeping a large interview.

`python -m tests.bench.engine [ROUNDS]` prints a line of JSON for each measurement as it is done: its name, the seconds
of each round, and the MiB an interview takes in the cache of a process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from shared.interview.api import Engine
from shared.interview.runtime.host import HostAnswer, HostCall
from shared.interview.runtime.operations import (
    AssignVariables,
    Blobs,
    CallAction,
    Operation,
    RunContext,
    RunRequest,
    ShowScreen,
)
from shared.interview.runtime.outcomes import ScreenReady
from shared.kernel.interview_path import InterviewPath
from tests.bench.large import answers_of, household, large_interview

MEASUREMENTS = 3
_BLOCKS = 300
_PACKAGE = "bench_engine"
_COMPILED = 8
"""Copies that are kept at once to see what one takes."""
_MOST_COMPILATIONS = 15


@dataclass(frozen=True)
class Measured:
    """One measurement."""

    name: str
    seconds: list[float]
    memory_mib: float | None = None


class NoServer:
    """These interviews ask nothing of the server."""

    def call(self, request: HostCall, blobs: Blobs | None = None) -> tuple[HostAnswer, Blobs]:
        raise AssertionError(request)


class OneSession:
    """A session that is always shown from the same stored answers."""

    def __init__(self, engine: Engine, reference: str) -> None:
        self._engine, self._reference = engine, reference
        self._answers = b""
        self.asked = self.run(ShowScreen(is_first=True))

    def run(self, operation: Operation) -> str:
        """Carry out an operation on the stored answers and keep what came of it; gives the question."""
        context = RunContext(interview=self._reference, now="2026-05-05T12:00:00+00:00", steps=2)
        request = RunRequest(operation=operation, context=context, has_answers=bool(self._answers))
        given = {"answers": self._answers} if self._answers else {}
        result, blobs = self._engine.run(request, dict(given), NoServer())
        if not isinstance(result.outcome, ScreenReady):
            raise AssertionError(result.outcome)
        self._answers = blobs.get("answers", self._answers)
        self.asked = result.outcome.question_text
        return self.asked

    def show(self) -> str:
        """Evaluate and build the screen."""
        return self.run(ShowScreen())


def measure(rounds: int, folder: Path) -> Iterator[Measured]:
    """All measurements, each as soon as it is done."""
    questions = folder / _PACKAGE / "data" / "questions"
    questions.mkdir(parents=True)
    for number in range(_COMPILED):
        (questions / f"large{number}.yml").write_text(large_interview(_BLOCKS))
    (questions / "household.yml").write_text(household())
    path = InterviewPath.of([folder])
    yield _compilation(path, min(rounds, _MOST_COMPILATIONS))
    engine = Engine(path)
    session = OneSession(engine, f"{_PACKAGE}:data/questions/large0.yml")
    answers = answers_of(_BLOCKS)
    last = max((name for name in answers if name.startswith("remarks_")), key=lambda name: int(name[8:]))
    del answers[last]
    asked = session.run(AssignVariables(variables=answers))
    assert asked.startswith("Anything else"), asked
    yield Measured(f"evaluation of {_BLOCKS} blocks at the last question", timed(session.show, rounds))
    session = OneSession(engine, f"{_PACKAGE}:data/questions/household.yml")
    asked = session.run(CallAction(action="fill", arguments={}))
    assert asked == "200 people", asked
    yield Measured("evaluation of a list of 200 objects, in a table", timed(session.show, rounds))


def _compilation(path: InterviewPath, rounds: int) -> Measured:
    """Compile; then keep several copies."""
    seconds = timed(lambda: Engine(path).interview(f"{_PACKAGE}:data/questions/large0.yml"), rounds)
    engine, process = Engine(path), psutil.Process()
    before = process.memory_full_info().uss
    for number in range(_COMPILED):
        engine.interview(f"{_PACKAGE}:data/questions/large{number}.yml")
    kept = (process.memory_full_info().uss - before) / _COMPILED / 2**20
    return Measured(f"compilation of {_BLOCKS} blocks (memory: kept for one)", seconds, kept)


def timed(work: Callable[[], object], rounds: int) -> list[float]:
    """Seconds of each round, after a warm-up."""
    for _ in range(3):
        work()
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return found


def measured_apart(rounds: int, root: Path, module: str = "tests.bench.engine") -> Iterator[Measured]:
    """All measurements of a module, taken in a process of their own. Raises CalledProcessError."""
    command = [sys.executable, "-m", module, str(rounds)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            yield Measured(**json.loads(line))
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory(prefix="colloquy-bench-") as folder:
        for one in measure(rounds, Path(folder)):
            print(json.dumps(asdict(one)), flush=True)


if __name__ == "__main__":
    main()
