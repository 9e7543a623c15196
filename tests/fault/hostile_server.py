"""A server that holds secrets and runs a hostile interview: `python hostile_server.py <key file> <hostile code>`.

Prints, as JSON, how interviews are isolated and what the hostile one has found.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import psutil

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from shared.evaluation.pool import PoolSettings, ProcessPool  # noqa: E402
from tests.contract.evaluation.conftest import ENGINE  # noqa: E402
from tests.contract.evaluation.running import run, value  # noqa: E402


async def main() -> None:
    key_file, hostile = Path(sys.argv[1]), Path(sys.argv[2])
    secret = key_file.read_text()
    pool = ProcessPool(settings=PoolSettings(size=2), folders=[], engine=ENGINE, python=os.environ.pop("PYTHON_TO_USE"))
    await pool.start()
    sibling_run = asyncio.create_task(run(pool, "sleep", seconds=60))
    await asyncio.sleep(0.1)
    template = await value(pool, "python", code="import os; found = os.getppid()")
    children = [child.pid for child in psutil.Process(template).children()]
    own = await value(pool, "pid")
    target = {
        "mark": secret.split("-")[0] + "-",
        "pids": [os.getpid(), os.getppid(), template, *(pid for pid in children if pid != own), 1],
        "key_file": str(key_file),
        "checkout": str(CHECKOUT),
    }
    code = f"target = {target!r}\n" + hostile.read_text()
    result, _ = await run(pool, "python", code=code, limit_seconds=60)
    isolation = pool.isolation
    assert isolation is not None
    print(
        json.dumps(
            {
                "isolation": isolation.model_dump(),
                "outcome": result.outcome.model_dump(),
                "is_alive": not sibling_run.done(),
                "key_is_there": key_file.read_text() == secret,
            }
        ),
        flush=True,
    )
    sibling_run.cancel()
    await pool.stop()


asyncio.run(main())
