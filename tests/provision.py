"""Bring what the suite needs and this machine lacks, then run a command: `python -m tests.provision -- pytest`.

RabbitMQ: the one at COLLOQUY_AMQP_URL, else a node of our own that is started for the run, from Debian's package, which
is installed if need be. A broker that answers on 127.0.0.1:5672 is used only where no program can be had: what earlier
runs left in it, and how many files it may open, are not ours to choose. Chromium: COLLOQUY_CHROMIUM or the one on PATH,
else Debian's package. Where that is impossible it fails and names the ways out; nothing is ever skipped. The S3 server
gets an environment of its own. PostgreSQL and Redis are brought by the tests themselves.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

import psutil

from tests import s3_server, servers

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_LIMIT_SECONDS = 240


class CannotProvide(SystemExit):
    """Something the suite needs is not here and cannot be brought."""


def main(arguments: list[str]) -> int:
    """Provide, run the command after `--`, clean up; the command's exit status."""
    command = arguments[arguments.index("--") + 1 :] if "--" in arguments else arguments
    if not command:
        print(__doc__)
        return 2
    signal.signal(signal.SIGTERM, _ended_from_outside)  # as by `timeout`: what was started is ended, too
    environment = dict(os.environ)
    environment["COLLOQUY_CHROMIUM"] = chromium()
    s3_server.program()
    with rabbitmq() as (url, node):
        environment |= {"COLLOQUY_AMQP_URL": url, **({servers.NODE: node} if node else {})}
        return subprocess.run(command, env=environment, check=False).returncode


def _ended_from_outside(number: int, _: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def chromium() -> str:
    """Path of a Chromium, installed if need be. Raises CannotProvide."""
    named = os.environ.get("COLLOQUY_CHROMIUM")
    if named:
        return named
    found = _on_path(CHROMIUM_NAMES)
    if not found:
        _install("chromium", "set COLLOQUY_CHROMIUM to the path of a Chromium")
        found = _on_path(CHROMIUM_NAMES)
    if not found:
        raise CannotProvide("Chromium was installed but is not on PATH; set COLLOQUY_CHROMIUM to its path.")
    return found


@contextlib.contextmanager
def rabbitmq() -> Iterator[tuple[str, str | None]]:
    """URL of a RabbitMQ that answers for as long as the block lasts, and its node if that is ours.

    Raises CannotProvide.
    """
    named = os.environ.get("COLLOQUY_AMQP_URL")
    if named:
        yield named, None
        return
    server = _on_path(("rabbitmq-server",), extra="/usr/sbin:/usr/lib/rabbitmq/bin")
    if not server and speaks_amqp("127.0.0.1", 5672):
        yield servers.AMQP_DEFAULT, None
        return
    if not server:
        _install("rabbitmq-server", "start a RabbitMQ and set COLLOQUY_AMQP_URL to its address")
        server = _on_path(("rabbitmq-server",), extra="/usr/sbin:/usr/lib/rabbitmq/bin")
    if not server:
        raise CannotProvide("RabbitMQ was installed but rabbitmq-server cannot be found; set COLLOQUY_AMQP_URL.")
    with _own_node(server) as node:
        yield node


def node_name(port: int) -> str:
    """What a node of ours that listens there is called."""
    return f"colloquy-{port}@localhost"


def node_environment(folder: Path, port: int, distribution: int) -> dict[str, str]:
    """With what `rabbitmq-server` is started as a node of its own, whose files lie in this folder."""
    # RabbitMQ 3.10 books several files for each quorum queue. With all of the usual 1,024 it stops without a word:
    # virtual hosts are no longer made or deleted, and connections are accepted but never answered.
    (folder / "environment.conf").write_text("ulimit -S -n $(ulimit -H -n)\n")
    (folder / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{port}\n")
    (folder / "plugins").write_text("[].\n")
    (folder / "plugins").chmod(0o666)
    return {
        **os.environ,
        "RABBITMQ_NODENAME": node_name(port),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "environment.conf"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
    }


@contextlib.contextmanager
def _own_node(server: str) -> Iterator[tuple[str, str]]:
    port, distribution = _free_port(), _free_port()
    folder = Path(tempfile.mkdtemp(prefix="colloquy-rabbitmq-"))
    folder.chmod(0o777)  # the server may run under a user of its own
    environment = node_environment(folder, port, distribution)
    print(f"Starting RabbitMQ on port {port} for this run …", flush=True)
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen([server], env=environment, stdout=output, stderr=output, start_new_session=True)
        try:
            deadline = time.monotonic() + START_LIMIT_SECONDS
            while not speaks_amqp("127.0.0.1", port):
                if process.poll() is not None or time.monotonic() > deadline:
                    tail = (folder / "output").read_text(errors="replace")[-2000:]
                    raise CannotProvide(f"RabbitMQ did not start:\n{tail}\nStart one and set COLLOQUY_AMQP_URL.")
                time.sleep(0.3)
            yield f"amqp://guest:guest@127.0.0.1:{port}/", node_name(port)
        finally:
            end_with_children(process)
            shutil.rmtree(folder, ignore_errors=True)


def end_with_children(process: subprocess.Popen[bytes]) -> None:
    """End a program and what it has started: Debian's `rabbitmq-server` is a script around `su` around the node."""
    if process.poll() is not None:
        return
    ours = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for one in ours:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait(30)


def _install(package: str, otherwise: str) -> None:
    apt = shutil.which("apt-get")
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if not apt or (prefix and not shutil.which("sudo")):
        raise CannotProvide(f"{package} is needed. Install it with your system's packages, or {otherwise}.")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in ([apt, "update"], [apt, "install", "-y", "--no-install-recommends", package]):
        print("$", *prefix, *command, flush=True)
        if subprocess.run([*prefix, *command], env=environment, check=False).returncode:
            raise CannotProvide(f"{package} could not be installed. Install it yourself, or {otherwise}.")


def _on_path(names: tuple[str, ...], *, extra: str = "") -> str | None:
    path = os.environ.get("PATH", "") + (os.pathsep + extra if extra else "")
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def speaks_amqp(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), 2) as connection:
            connection.settimeout(5)
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return len(connection.recv(8)) > 0
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
