"""The embedded servers for somebody who is not root: a process of another user, with a Python that user can run."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import shared

SCRIPT = """
import asyncio, sys
from pathlib import Path
from shared.storage.database import Database
from shared.storage.embedded_postgres import EmbeddedPostgres
async def main():
    for expected in (0, 1):
        server = EmbeddedPostgres(data_dir=Path(sys.argv[1]))
        await server.start()
        database = Database(url=server.url)
        await database.start()
        await database.execute("create table if not exists kept (value integer)")
        assert await database.fetchval("select count(*) from kept") == expected
        await database.execute("insert into kept values (1)")
        await database.stop()
        await server.stop()
    print("kept")
asyncio.run(main())
"""


NAMELESS = 39_999
"""A uid that has no account, as containers give them."""
NAMESPACE = "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x10000000) != 0)"


@pytest.fixture(params=["with an account", "without an account"])
def user(request: pytest.FixtureRequest) -> Iterator[tuple[str, int, Path]]:
    """A Python of our version, a uid that can run it, and a folder of that uid's own."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if os.geteuid() != 0:
        yield sys.executable, os.geteuid(), folder
    else:
        uid = pwd.getpwnam("nobody").pw_uid if request.param == "with an account" else NAMELESS
        if uid == NAMELESS and subprocess.run([_python_for(uid), "-c", NAMESPACE], user=uid, check=False).returncode:
            pytest.skip("this system gives ordinary users no user namespaces")
        os.chown(folder, uid, -1)
        yield _python_for(uid), uid, folder
    shutil.rmtree(folder, ignore_errors=True)


def _python_for(uid: int) -> str:
    wanted = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, shutil.which(f"python{wanted}", path="/usr/bin:/usr/local/bin")):
        if python and may_run(python, uid):
            return python
    pytest.skip(f"no Python {wanted} that another user may run; run the suite as an ordinary user to cover this")


def may_run(python: str, uid: int) -> bool:
    try:
        return subprocess.run([python, "-c", ""], user=uid, capture_output=True, check=False).returncode == 0
    except PermissionError:
        return False


def test_an_ordinary_user_starts_a_database_and_finds_the_data_again(user: tuple[str, int, Path]) -> None:
    python, uid, folder = user
    house = Path(shared.__path__[0]).parent
    packages = [path for path in sys.path if path.endswith("site-packages")]
    ran = subprocess.run(
        [python, "-c", SCRIPT, str(folder / "data")],
        user=uid if os.geteuid() == 0 else None,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join([str(house), *packages])},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.endswith("kept\n"), ran.stderr
    assert all(path.stat().st_uid == uid for path in (folder / "data" / "postgres").rglob("*"))
