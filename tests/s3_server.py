"""A local S3 server (moto) for tests. Its libraries ask for older ones than ours: it lives in an environment of its
own, made from `requirements-moto.lock` inside the suite's the first time it is needed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.files.store_s3 import S3Place
from tests.sites import ROOT, free_port

_LOCK = ROOT / "requirements-moto.lock"
_HOME = Path(sys.prefix) / "moto"
_START_SECONDS = 60.0


@dataclass(frozen=True)
class LocalS3:
    """A running server."""

    endpoint: str
    process: subprocess.Popen[bytes]

    def place(self, bucket: str = "contents", prefix: str = "") -> S3Place:
        """A bucket on it."""
        return S3Place(
            url=f"s3://{bucket}/{prefix}", endpoint=self.endpoint, access_key="tests", secret_key="no secret"
        )

    def environment(self, bucket: str = "contents") -> dict[str, str]:
        """Settings that keep files there."""
        return {
            "COLLOQUY_FILES_URL": f"s3://{bucket}",
            "COLLOQUY_S3_ENDPOINT": self.endpoint,
            "COLLOQUY_S3_ACCESS_KEY": "tests",
            "COLLOQUY_S3_SECRET_KEY": "no secret",
        }

    def get(self, path: str) -> bytes:
        """What the server says to anybody who asks."""
        with urllib.request.urlopen(f"{self.endpoint}/{path}", timeout=30) as answer:
            said: bytes = answer.read()
            return said


@contextlib.contextmanager
def local_s3(folder: Path, *, bucket: str = "contents") -> Iterator[LocalS3]:
    """A server with an empty bucket, for as long as the block lasts."""
    command, port = program(), free_port()
    with (folder / "s3.log").open("ab") as log:
        process = subprocess.Popen(
            [command, "-H", "127.0.0.1", "-p", str(port)],
            stdout=log,
            stderr=log,
            # What it reads and writes is its own: no account of whoever runs the suite.
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder)},
        )
    try:
        endpoint = f"http://127.0.0.1:{port}"
        _make_bucket(process, f"{endpoint}/{bucket}", folder / "s3.log")
        yield LocalS3(endpoint, process)
    finally:
        process.terminate()
        process.wait(20)


def _make_bucket(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(urllib.request.Request(address, method="PUT"), timeout=10).close()
            return
        time.sleep(0.1)
    raise AssertionError(f"The S3 server did not start:\n{log.read_text(errors='replace')[-2000:]}")


def program() -> str:
    """Its command; installed by the first who comes, while others wait."""
    command = _HOME / "bin" / "moto_server"
    made = _HOME / ".complete"
    _HOME.mkdir(exist_ok=True)
    with (_HOME / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists() or made.read_bytes() != _LOCK.read_bytes():
            subprocess.run([sys.executable, "-m", "venv", str(_HOME)], check=True, timeout=100)
            pip = [str(_HOME / "bin" / "python"), "-m", "pip", "-q", "--disable-pip-version-check"]
            subprocess.run([*pip, "install", "--require-hashes", "-r", str(_LOCK)], check=True, timeout=100)
            made.write_bytes(_LOCK.read_bytes())
    return str(command)
