"""What is left out cannot be imported for a while, and can be afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from shared.kernel.left_out import left_out


def test_what_is_left_out_is_as_if_it_were_not_installed_and_is_there_again_afterwards() -> None:
    sys.modules.pop("colorsys", None)
    with left_out("colorsys"), pytest.raises(ImportError):
        import_module("colorsys")
    assert import_module("colorsys").rgb_to_hsv


def test_what_is_loaded_already_stays() -> None:
    with left_out("sys"):
        assert import_module("sys") is sys
    assert sys.modules["sys"] is sys


PROGRAM = """
import sys
from services.command import main
sys.argv = ["colloquy", "serve", {service!r}]
try:
    main()
except SystemExit as ended:
    print("ended with", ended.code)
print([name for name in sys.modules if name.split(".")[0] in ("rich", "pygments")])
print(f"services.{service}.app" in sys.modules)
"""


@pytest.mark.parametrize("service", ["session", "worker", "scheduler", "mail", "gateway"])
def test_a_service_loads_nothing_for_terminals(service: str, tmp_path: Path) -> None:
    """There is no key ring, so that it ends when it has loaded everything."""
    given = {
        "PATH": os.environ["PATH"],
        "COLLOQUY_DATABASE_URL": "postgresql://127.0.0.1:9/none",
        "COLLOQUY_REDIS_URL": "redis://127.0.0.1:9/0",
        "COLLOQUY_AMQP_URL": "amqp://127.0.0.1:9/",
        "COLLOQUY_DATA_DIR": str(tmp_path),
        "COLLOQUY_PORT": "0",
    }
    program = PROGRAM.replace("{service!r}", repr(service)).replace("{service}", service)
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=given, cwd=tmp_path)
    assert done.stdout.splitlines() == ["ended with 1", "[]", "True"], done.stderr
