"""How long `make run` takes until it prints its address: `make bench-start`, or `python -m tests.bench.first_run`.

Three starts are timed in this checkout, with a data folder of their own: on an empty folder, again, and after `kill -9`
in the middle of a session, which must be there afterwards. With `--fresh` a clone is made first and started with
nothing installed: that downloads every library. `--json` is for a program. The load of the machine is told beside; it
counts, because a start is mostly work of the processor.

Ends with 1 when a start took longer than it may: 90 s the first time, 5 s afterwards.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from tests.flows.system.conftest import INTERVIEWS
from tests.flows.system.person import Person
from tests.sites import ROOT, free_port

READY = "Colloquy is ready: "
GIVE_UP_SECONDS = 600.0
FRESH_SECONDS, AGAIN_SECONDS = 90.0, 5.0


class DidNotStart(RuntimeError):
    """`make run` ended, or printed no address in time; its output follows."""


class SessionLost(RuntimeError):
    """What was answered before the system was killed is not there afterwards."""


@dataclass(frozen=True)
class Start:
    """One start: what it was, how long it took and may take, and how much else the machine had to do."""

    name: str
    seconds: float
    aim_seconds: float
    load: float


class MakeRun:
    """`make run` in a checkout, as a person types it."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        self._checkout, self._folder = checkout, folder
        self.port = free_port()
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self, name: str, aim_seconds: float) -> Start:
        """Start it and wait for its address. Raises DidNotStart."""
        log = self._folder / "output"
        load, began = os.getloadavg()[0], time.monotonic()
        with log.open("w") as output:
            self._process = subprocess.Popen(
                ["make", "run", f"PYTHON={sys.executable}"],
                cwd=self._checkout,
                env={
                    **{name: value for name, value in os.environ.items() if not name.startswith("COLLOQUY_")},
                    "COLLOQUY_DATA_DIR": str(self._folder / "data"),
                    "COLLOQUY_PORT": str(self.port),
                    "COLLOQUY_SMTP_PORT": "0",
                    "COLLOQUY_INTERVIEW_PATH": str(INTERVIEWS),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        while READY not in log.read_text(errors="replace"):
            if self._process.poll() is not None or time.monotonic() - began > GIVE_UP_SECONDS:
                raise DidNotStart(log.read_text(errors="replace")[-3000:])
            time.sleep(0.01)
        return Start(name, time.monotonic() - began, aim_seconds, load)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the system itself, which is a child of `make`; with SIGKILL without a word."""
        if self._process is None:
            return
        for child in psutil.Process(self._process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                child.send_signal(number)
        self._process.wait(60)
        self._process = None


@contextlib.contextmanager
def run_in(checkout: Path) -> Iterator[MakeRun]:
    """With a data folder of its own; ended at the end."""
    with tempfile.TemporaryDirectory(prefix="colloquy-start-") as made:
        running = MakeRun(checkout, Path(made))
        try:
            yield running
        finally:
            running.end()


def fresh() -> Start:
    """From a clone in which nothing is installed."""
    with tempfile.TemporaryDirectory(prefix="colloquy-clone-") as made:
        clone = Path(made) / "clone"
        began = time.monotonic()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        cloning = time.monotonic() - began
        with run_in(clone) as running:
            start = running.start("from a fresh clone", FRESH_SECONDS)
        return Start(start.name, cloning + start.seconds, start.aim_seconds, start.load)


def starts_here() -> Iterator[Start]:
    """On an empty data folder, again, and after it was killed. Raises SessionLost."""
    with run_in(ROOT) as running:
        yield running.start("the first time, everything installed", FRESH_SECONDS)
        running.end()
        yield running.start("the second time", AGAIN_SECONDS)
        person = Person(running.url, "counting")
        person.open()
        person.answer(amount="5")
        running.end(signal.SIGKILL)
        yield running.start("after kill -9, with its session", AGAIN_SECONDS)
        person.open()
        if person.variables()["total"] != 5:
            raise SessionLost


def main() -> int:
    """Measure and tell; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.first_run", description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="from a fresh clone, too: downloads every library")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    starts = [*([fresh()] if given.fresh else []), *starts_here()]
    if given.json:
        sys.stdout.write(json.dumps([asdict(start) for start in starts], indent=2) + "\n")
    else:
        table = Table("make run", "seconds", "aim", "load before", title=f"{os.cpu_count()} cores")
        for one in starts:
            table.add_row(one.name, f"{one.seconds:.1f}", f"< {one.aim_seconds:g}", f"{one.load:.1f}")
        Console(width=100).print(table)
    return int(any(start.seconds > start.aim_seconds for start in starts))


if __name__ == "__main__":
    sys.exit(main())
