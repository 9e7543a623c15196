"""What is in the image and what it costs to run it, without a container engine: `python -m tests.bench.image`.

The steps of deploy/Dockerfile are done in a folder; then its size, and for each service the time and the processor
time from its start until it is ready, and the memory of all five at rest (proportional set size, children included).
With a path to an interpreter as its argument nothing is built, and only the services are measured.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

from shared.kernel.ids import new_code
from shared.kernel.probe import problem
from tests import servers
from tests.manifests import DEPLOY, ROOT
from tests.sites import SERVICES, Site, free_port

REST_SECONDS = 20.0
MEGA, MEBI = 1e6, 2**20


def build(folder: Path) -> Path:
    """The first stage; gives the interpreter of its environment."""
    app, venv = folder / "app", folder / "venv"
    app.mkdir()
    lines = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    stage = lines[: next(number for number, line in enumerate(lines) if number > 2 and line.startswith("FROM"))]
    for line in stage:
        words = line.split()
        if words[:1] == ["COPY"]:
            for name in words[1:-1]:
                source, place = ROOT / name, app / (Path(name).name if name.startswith("deploy/") else name)
                if source.is_dir():
                    shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(source, place)
        elif words[:1] == ["RUN"]:
            command = line.removeprefix("RUN ").replace("/venv", str(venv)).replace("/empty", str(folder / "empty"))
            subprocess.run(["bash", "-ec", command], cwd=app, check=True, stdout=subprocess.DEVNULL)
    return venv / "bin" / "python"


def size_of(folder: Path) -> int:
    """Bytes of all files, each once."""
    seen = {(path.stat().st_dev, path.stat().st_ino): path.stat().st_size for path in files(folder)}
    return sum(seen.values())


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def largest(venv: Path, count: int = 12) -> list[tuple[str, float]]:
    """The largest parts of the environment, in MB."""
    (packages,) = venv.glob("lib/python*/site-packages")
    sizes: Counter[str] = Counter()
    for path in files(packages):
        sizes[path.relative_to(packages).parts[0]] += path.stat().st_size
    return [(name, round(size / MEGA, 1)) for name, size in sizes.most_common(count)]


def memory_of(process: psutil.Process) -> float:
    """MiB of a process and its children, what is shared divided among those that share it."""
    return sum(one.memory_full_info().pss for one in (process, *process.children(recursive=True))) / MEBI


def measure(
    python: Path, folder: Path, *, rest_seconds: float = REST_SECONDS, path: str = ""
) -> dict[str, dict[str, float]]:
    """Start the services one after the other, and let them rest. `path`: where the program is, if not installed."""
    found: dict[str, dict[str, float]] = {name: {} for name in SERVICES}
    ports = {name: free_port() for name in SERVICES}
    folder.mkdir()
    with (
        servers.own_database(servers.postgres_server()) as database_url,
        servers.own_redis(folder / "redis") as redis_url,
        servers.own_vhost() as amqp_url,
    ):
        given = {
            "COLLOQUY_DATABASE_URL": database_url,
            "COLLOQUY_REDIS_URL": redis_url,
            "COLLOQUY_AMQP_URL": amqp_url,
            "COLLOQUY_AMQP_PREFIX": f"{new_code(8).lower()}.",
            "COLLOQUY_SERVER_KEY_FILE": str(folder / "server.keys"),
            "COLLOQUY_DATA_DIR": str(folder / "data"),
            "COLLOQUY_SMTP_PORT": "0",
            "PYTHONPATH": path,
        }
        site = Site(folder, free_port(), {}, {**given, "COLLOQUY_PORT": "0"})
        site.environment = {**given, "COLLOQUY_PORT": str(site.port)}
        for words in (["keys", "create"], ["migrate"]):
            command = [str(python), "-m", "services.cli", *words]
            subprocess.run(command, cwd=folder, env={**os.environ, **site.environment}, check=True, capture_output=True)
        for name in SERVICES:
            site.commands = {**site.commands, name: [str(python), "-m", "services.command", "serve", name]}
            port = site.port if name == "gateway" else ports[name]
            site.environment = {**site.environment, "COLLOQUY_HEALTH_PORT": str(port)}
            began = time.monotonic()
            site.start(name)
            process = psutil.Process(site.processes[name].pid)
            wait_until_ready(python, port, site.processes[name])
            found[name]["seconds"] = round(time.monotonic() - began, 2)
            times = process.cpu_times()
            children = sum(one.cpu_times().user for one in process.children(recursive=True))
            found[name]["cpu_seconds"] = round(times.user + times.system + children, 2)
        time.sleep(rest_seconds)
        for name in SERVICES:
            found[name]["pss_mib"] = round(memory_of(psutil.Process(site.processes[name].pid)), 1)
        site.stop()
    return found


def wait_until_ready(python: Path, port: int, process: subprocess.Popen[bytes]) -> None:

    until = time.monotonic() + 120
    while problem(port):
        assert process.poll() is None, "it ended"
        assert time.monotonic() < until, problem(port)
        time.sleep(0.02)


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        python = Path(sys.argv[1]).absolute() if sys.argv[1:] else build(folder)
        sizes = {} if sys.argv[1:] else {name: round(size_of(folder / name) / MEGA, 1) for name in ("venv", "app")}
        parts = [] if sys.argv[1:] else largest(folder / "venv")
        services = measure(python, folder / "running")
        total = round(sum(one["pss_mib"] for one in services.values()), 1)
        report = {"megabytes": sizes, "largest": parts, "services": services, "pss_mib": total}
        sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
