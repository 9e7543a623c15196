"""`make bench`: what a form post, a background task and the engine cost, beside a floor measured in the same run.

`--json` for a program, `--rounds N` for more or fewer measurements. Every number is a median of the rounds, after a
warm-up; rates are taken with several visitors at once. The floor is measured again at the end: where it differs much
from the first, the machine had other things to do. CPU time of our own processes is told beside, which depends less on
what else runs than the clock does; JSON has it by process.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests import servers
from tests.bench import crowd, documents, engine, live, mail, programs, schedule, session_list, storage
from tests.bench.http import Client
from tests.bench.visitor import Visitor
from tests.sites import ROOT, Site, distributed_site, embedded_site, free_port

INTERVIEWS = Path(__file__).with_name("interviews")
VISITORS = 8
WARM_UP = 30


@dataclass
class Result:
    """One line of the table: milliseconds at the median and the 95th percentile, and operations a second."""

    name: str
    p50_ms: float
    p95_ms: float
    per_second: float | None
    to_floor: float | None = None
    memory_mib: float | None = None
    note: str = ""
    cpu_us: dict[str, float] | None = None
    """CPU time for one operation by process, in microseconds: `session` and, of its children, `session interviews`."""


async def timed(work: Callable[[], Awaitable[object]], rounds: int, tick: Callable[[], None]) -> list[float]:
    """Seconds of each round, one after the other."""
    times: list[float] = []
    for number in range(WARM_UP + rounds):
        began = time.perf_counter()
        await work()
        if number >= WARM_UP:
            times.append(time.perf_counter() - began)
            tick()
    return times


async def rate(works: Sequence[Callable[[], Awaitable[object]]], rounds: int, tick: Callable[[], None]) -> float:
    """Operations a second with one visitor per work, all at once."""
    each = max(rounds // len(works), 10)

    async def repeat(work: Callable[[], Awaitable[object]], times: int, tick: Callable[[], None]) -> None:
        for _ in range(times):
            await work()
            tick()

    # Connections and interview processes that one visitor alone does not need are made by a first, shorter crowd.
    await asyncio.gather(*(repeat(work, max(WARM_UP // len(works), 3), lambda: None) for work in works))
    began = time.perf_counter()
    await asyncio.gather(*(repeat(work, each, tick) for work in works))
    return each * len(works) / (time.perf_counter() - began)


def result(name: str, times: list[float], per_second: float | None, floor: Result | None = None) -> Result:
    """A line of the table from what was measured."""
    milliseconds = sorted(1000 * seconds for seconds in times)
    p50 = statistics.median(milliseconds)
    p95 = milliseconds[int(len(milliseconds) * 0.95) - 1]
    return Result(name, p50, p95, per_second, p50 / floor.p50_ms if floor else 1.0)


async def measure_floor(rounds: int, tick: Callable[[], None]) -> Result:
    """The bare handler with its read-modify-write."""
    with servers.own_database(servers.postgres_server()) as url:
        port = free_port()
        process = subprocess.Popen([sys.executable, "-m", "tests.bench.floor", str(port), url], cwd=ROOT)
        try:
            await _listening(port)
            body = {"data": "x" * 300}
            clients = [Client("127.0.0.1", port) for _ in range(VISITORS)]
            posts = [lambda c=client, n=number: c.post(f"/{n}", body) for number, client in enumerate(clients)]
            times = await timed(posts[0], rounds, tick)
            return result(
                "bare ASGI handler, one read-modify-write (the floor)", times, await rate(posts, rounds, tick)
            )
        finally:
            process.terminate()
            process.wait(10)


async def measure_posts(name: str, site: Site, rounds: int, tick: Callable[[], None], floor: Result) -> Result:
    """Form posts: HTTP in, screen out."""
    async with _visitors(site, "bench:posts.yml") as visitors:
        posts = [
            lambda v=visitor: v.submit(entry_name="Ana", entry_amount="12.50", entry_note="For the bus")
            for visitor in visitors
        ]
        for _ in range(WARM_UP):
            await posts[0]()
        before = _cpu_seconds(site)
        times = await timed(posts[0], rounds, tick)
        after = _cpu_seconds(site)
        measured = result(name, times, await rate(posts, rounds, tick), floor)
    measured.cpu_us = {
        process: round(1e6 * (seconds - before.get(process, 0.0)) / (WARM_UP + rounds))
        for process, seconds in after.items()
    }
    measured.memory_mib = _memory(site)
    return measured


async def measure_tasks(name: str, site: Site, rounds: int, tick: Callable[[], None], floor: Result) -> Result:
    """From the post that launches a task to the notice that it has ended, at the open page."""
    times: list[float] = []
    for number in range(rounds // 5 + 3):
        async with _visitors(site, "bench:task.yml", 1) as (visitor,), visitor.listening() as socket:
            await socket.send(visitor.hello())
            await socket.recv()
            began = time.perf_counter()
            posting = asyncio.create_task(visitor.submit(first_number="2"))
            while not json.loads(await asyncio.wait_for(socket.recv(), 20)).get("ended_tasks"):
                pass
            if number >= 3:
                times.append(time.perf_counter() - began)
                tick()
            await posting
    return result(name, times, None, floor)


def measure_crowds(site: Site, folder: Path, tick: Callable[[], None]) -> list[Result]:
    """Many tasks at once, and bare Celery beside; the ratio stands in the note."""
    bare = crowd.celery(site.environment["COLLOQUY_AMQP_URL"], folder, tick)
    lines = [Result(bare.name, 0.0, 0.0, statistics.median(bare.per_second))]
    for interview, what in (("crowd", "with a response action"), ("crowd_of_values", "that give a value")):
        name = f"{crowd.TASKS} tasks at once {what}, through RabbitMQ"
        done = asyncio.run(crowd.ours(site, f"bench:{interview}.yml", name, tick))
        per_second = statistics.median(done.per_second)
        note = f"{per_second / statistics.median(bare.per_second):.2f} of bare Celery"
        lines.append(Result(name, 0.0, 0.0, per_second, note=note))
    return lines


@contextlib.asynccontextmanager
async def _visitors(site: Site, interview: str, count: int = VISITORS) -> AsyncIterator[list[Visitor]]:
    visitors = [Visitor(Client("127.0.0.1", site.port), interview) for _ in range(count)]
    try:
        for visitor in visitors:
            await visitor.open()
        yield visitors
    finally:
        for visitor in visitors:
            await visitor.client.close()


async def _listening(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the floor did not start")


def _memory(site: Site) -> float:
    """Unshared memory of all processes of a system, in MiB."""
    total = 0
    for _, process in _processes(site):
        with contextlib.suppress(psutil.Error):
            total += process.memory_full_info().uss
    return total / 2**20


def _cpu_seconds(site: Site) -> dict[str, float]:
    """CPU time the processes of a system have taken so far, by name."""
    seconds: dict[str, float] = {}
    for name, process in _processes(site):
        with contextlib.suppress(psutil.Error):
            spent = process.cpu_times()
            seconds[name] = seconds.get(name, 0.0) + spent.user + spent.system
    return seconds


def _processes(site: Site) -> Iterator[tuple[str, psutil.Process]]:
    """All processes of a system, each with the name of its service or of what that has started."""
    for name, started in site.processes.items():
        service = psutil.Process(started.pid)
        yield name, service
        for child in service.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                program = child.name()
                kind = next((known for known in ("postgres", "redis") if known in program), "interviews")
                yield f"{name} {kind}", child


def machine() -> str:
    """What this was measured on, in a line."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, Python {platform.python_version()}, {platform.system()}"
    )


def measure(rounds: int, folder: Path, progress: Progress) -> list[Result]:
    """All lines of the table, in one run."""
    apart = engine.MEASUREMENTS + documents.MEASUREMENTS
    stored = storage.STEPS + session_list.LOOKS + schedule.MEASUREMENTS + mail.MEASUREMENTS
    total = (
        8 * rounds + 2 * (rounds // 5) + apart + crowd.MEASUREMENTS + live.MEASUREMENTS + programs.MEASUREMENTS + stored
    )
    bar = progress.add_task("Measuring", total=total)

    def tick() -> None:
        progress.advance(bar)

    floor = asyncio.run(measure_floor(rounds, tick))
    results = [floor]
    for place, start in (("embedded", embedded_site), ("through RabbitMQ", distributed_site)):
        with _site(start, folder / place.replace(" ", "-")) as site:
            results.append(asyncio.run(measure_posts(f"form post, {place}", site, rounds, tick, floor)))
            results.append(asyncio.run(measure_tasks(f"task, post to notice, {place}", site, rounds, tick, floor)))
            if start is distributed_site:
                results.extend(measure_crowds(site, folder, tick))
    with distributed_site(folder / "live", interviews=(INTERVIEWS,), environment=live.ENVIRONMENT) as site:
        for line in asyncio.run(live.measured(site, rounds, live.PAGES, tick)):
            results.append(result(line.name, line.seconds or [0.0], line.per_second, floor))
            results[-1].memory_mib, results[-1].note = line.memory_mib, line.note
    with _site(distributed_site, folder / "storage") as site:
        results.append(
            Result("steps of a long session", 0.0, 0.0, None, note=asyncio.run(storage.measured(site, tick)).note)
        )
        for line in asyncio.run(programs.measured(site, tick)):
            results.append(result(line.name, line.seconds, line.per_second, floor))
            results[-1].note = line.note
        listed = asyncio.run(session_list.measured(site, tick))
        results.append(result("list of one's sessions", listed.seconds, None, floor))
        results[-1].note = listed.note
    with distributed_site(folder / "schedule", interviews=(INTERVIEWS,), environment=schedule.ENVIRONMENT) as site:
        for line in asyncio.run(schedule.measured(site, lambda: _cpu_seconds(site), tick)):
            results.append(result(line.name, line.seconds, line.per_second, floor))
            results[-1].note = line.note
    with distributed_site(folder / "mail", interviews=(INTERVIEWS,), environment=mail.ENVIRONMENT) as site:
        for letters in asyncio.run(mail.measured(site, tick)):
            results.append(result(letters.name, letters.seconds, letters.per_second, floor))
            results[-1].memory_mib, results[-1].note = letters.memory_mib, letters.note
    for module, times in (("tests.bench.engine", rounds), ("tests.bench.documents", max(rounds // 10, 10))):
        for one in engine.measured_apart(times, ROOT, module):
            results.append(result(one.name, one.seconds, None))
            results[-1].to_floor, results[-1].memory_mib = None, one.memory_mib
            tick()
    again = asyncio.run(measure_floor(rounds, tick))
    again.name, again.to_floor = "the floor again", again.p50_ms / floor.p50_ms
    return [*results, again]


@contextlib.contextmanager
def _site(start: Callable[..., contextlib.AbstractContextManager[Site]], folder: Path) -> Iterator[Site]:
    with start(folder, interviews=(INTERVIEWS,), environment=programs.ENVIRONMENT) as site:
        yield site


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--json", action="store_true", help="print JSON for a program to read")
    arguments = parser.parse_args()
    errors = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="colloquy-bench-") as name, Progress(console=errors) as progress:
        Path(name).chmod(0o755)
        os.environ.setdefault(servers.RUN_FOLDER, name)
        results = measure(arguments.rounds, Path(name), progress)
    if arguments.json:
        sys.stdout.write(
            json.dumps({"machine": machine(), "results": [asdict(one) for one in results]}, indent=2) + "\n"
        )
        return
    table = Table("what", "p50 ms", "p95 ms", "per second", "to floor", "CPU ms", "MiB", title=machine())
    for one in results:
        table.add_row(
            one.name,
            f"{one.p50_ms:.2f}" if one.p50_ms else "",
            f"{one.p95_ms:.2f}" if one.p95_ms else "",
            f"{one.per_second:.0f}" if one.per_second else "",
            f"{one.to_floor:.1f}" if one.to_floor else "",
            f"{sum(one.cpu_us.values()) / 1000:.2f}" if one.cpu_us else "",
            f"{one.memory_mib:.0f}" if one.memory_mib else "",
        )
    Console(width=110).print(table)
    for one in results:
        if one.note:
            Console(width=110).print(f"{one.name}: {one.note}")


if __name__ == "__main__":
    main()
