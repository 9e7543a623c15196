"""A cluster in small: the containers of deploy/k8s as local processes, two of each service, behind a load balancer.

Each is started with the command and the variables of its manifest, but for addresses and secrets, is held to the
manifest's probes, and is replaced as a Deployment with `maxUnavailable: 0` replaces its pods: a new one starts, and
when it is ready an old one is told to stop. Whoever listens on the Service finds out about that a moment later.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import manifests
from tests.sites import free_port

START_SECONDS = 110.0
NOTICED_SECONDS = 1.0
"""How long a Service still leads to a pod that has been told to stop."""
COMMAND = (sys.executable, "-m", "services.command")


@dataclass
class Pod:
    """One process."""

    name: str
    service: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    is_served: bool = False
    """Whether the Service leads to it."""

    def probed(self, kind: str) -> bool:
        """Whether a probe of its manifest is content."""
        path = manifests.container(self.service)[f"{kind}Probe"]["httpGet"]["path"]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def measured(self, metric: str) -> float:
        """The sum of a metric over its labels, from `/metrics`."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=20) as answer:
            lines = answer.read().decode().splitlines()
        names = (f"colloquy_{metric} ", f"colloquy_{metric}{{")
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(names))

    @property
    def output(self) -> str:
        """The end of what it has written."""
        return self.log.read_text(errors="replace")[-4000:]


@dataclass
class Fleet:
    """All pods, and the address of the Service of the gateways."""

    folder: Path
    given: Mapping[str, str]
    pods: list[Pod] = field(default_factory=list)
    stops: dict[str, float] = field(default_factory=dict)
    """How long each pod took to stop, in seconds."""
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _turn: int = 0
    host: str = "127.0.0.1"
    port: int = 0

    def of(self, service: str) -> list[Pod]:
        """Its pods, the oldest first."""
        return [pod for pod in self.pods if pod.service == service]

    def environment(self, service: str, port: int) -> dict[str, str]:
        """What the kubelet would give a container, with the addresses of this machine."""
        variables = {
            name: value for name, value in manifests.environment(service).items() if not name.endswith("_FILE")
        }
        own = {"COLLOQUY_PORT" if service == "gateway" else "COLLOQUY_HEALTH_PORT": str(port)}
        if service == "mail":  # on one machine two pods cannot listen at one port
            own["COLLOQUY_SMTP_PORT"] = str(free_port())
        return {**variables, **self.given, **own, "PATH": os.environ["PATH"], "PYTHONPATH": str(manifests.ROOT)}

    async def start(self, service: str) -> Pod:
        """Start one more, and wait until its readiness probe is content."""
        name, port = f"{service}-{next(self._numbers)}", free_port()
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*COMMAND, *manifests.container(service)["args"]],
                cwd=self.folder,
                env=self.environment(service, port),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        pod = Pod(name, service, port, process, log)
        self.pods.append(pod)
        until = time.monotonic() + START_SECONDS
        while not await asyncio.to_thread(pod.probed, "readiness"):
            assert process.poll() is None, f"{name} ended with {process.returncode}\n{pod.output}"
            assert time.monotonic() < until, f"{name} is not ready\n{pod.output}"
            await asyncio.sleep(0.1)
        pod.is_served = True
        return pod

    async def stop(self, pod: Pod) -> None:
        """Tell it to stop; within the pod's grace period it must be gone, with status 0."""
        grace = manifests.template(pod.service)["spec"]["terminationGracePeriodSeconds"]
        asyncio.get_running_loop().call_later(NOTICED_SECONDS, setattr, pod, "is_served", False)
        began = time.monotonic()
        pod.process.send_signal(signal.SIGTERM)
        try:
            status = await asyncio.to_thread(pod.process.wait, grace)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{pod.name} does not stop\n{pod.output}") from None
        self.stops[pod.name] = time.monotonic() - began
        self.pods.remove(pod)
        assert status == 0, f"{pod.name} ended with {status}\n{pod.output}"

    async def roll(self, service: str, *, most: int | None = None) -> None:
        """Replace its pods, or so many of them, one after the other, the oldest first."""
        for old in self.of(service)[:most]:
            await self.start(service)
            await self.stop(old)

    async def end(self) -> None:
        """Kill what is left."""
        for pod in self.pods:
            pod.process.kill()
            await asyncio.to_thread(pod.process.wait, 20)
        self.pods.clear()

    # The Service of the gateways: connections, not requests, are spread.

    @contextlib.asynccontextmanager
    async def balanced(self) -> AsyncIterator[None]:
        """Listen, and lead every new connection to one gateway that is served."""
        server = await asyncio.start_server(self._lead, self.host, self.port)
        try:
            yield
        finally:
            server.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served = [pod for pod in self.of("gateway") if pod.is_served]
        self._turn += 1
        pod = served[self._turn % len(served)]
        try:
            from_pod, to_pod = await asyncio.open_connection("127.0.0.1", pod.port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pass_on(reader, to_pod), _pass_on(from_pod, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while some := await reader.read(1 << 16):
            writer.write(some)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


@contextlib.asynccontextmanager
async def fleet(folder: Path, **given: str) -> AsyncIterator[Fleet]:
    """An installation whose tables are there, without any pod yet; `given` are further variables."""
    port = free_port()
    common = {
        "COLLOQUY_HOST": "127.0.0.1",
        "COLLOQUY_HEALTH_HOST": "127.0.0.1",
        "COLLOQUY_SMTP_HOST": "127.0.0.1",
        "COLLOQUY_SERVER_KEY_FILE": str(folder / "server.keys"),
        "COLLOQUY_DATA_DIR": str(folder / "data"),
        "COLLOQUY_FILES_URL": "",
        "COLLOQUY_PUBLIC_URL": f"http://127.0.0.1:{port}/",
        "COLLOQUY_DATABASE_POOL_SIZE": "6",
        "COLLOQUY_INTERVIEW_PROCESSES": "1",
        "COLLOQUY_WORKER_PROCESSES": "2",
        "COLLOQUY_WORKER_CONCURRENCY": "2",
    }
    made = Fleet(folder=folder, given={**common, **given}, port=port)
    for words in (["keys", "create"], manifests.container("migrate")["args"]):
        done = await asyncio.to_thread(
            subprocess.run,
            [*COMMAND, *words],
            env=made.environment("migrate", 0),
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    async with made.balanced():
        try:
            yield made
        finally:
            await made.end()
