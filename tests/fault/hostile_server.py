"""A server with secrets that runs a hostile interview: `python hostile_server.py <key file> <hostile code> <folder>`.

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
from shared.interview.runtime.operations import RunContext, RunRequest, ShowScreen  # noqa: E402
from tests.contract.evaluation.conftest import ENGINE  # noqa: E402
from tests.contract.evaluation.running import Host, run  # noqa: E402

INTERVIEW = """\
metadata:
  title: Hostile
---
mandatory: True
code: |
  {code}
  json_response(found)
"""


async def main() -> None:
    key_file, hostile, folder = map(Path, sys.argv[1:4])
    secret = key_file.read_text()
    python = os.environ.pop("PYTHON_TO_USE")
    neighbours = ProcessPool(settings=PoolSettings(size=1), folders=[], engine=ENGINE, python=python)
    pool = ProcessPool(settings=PoolSettings(size=1), folders=[folder], python=python)
    await neighbours.start()
    await pool.start()
    neighbour_run = asyncio.create_task(run(neighbours, "sleep", seconds=60))
    await asyncio.sleep(0.1)
    ours = [process.pid for process in psutil.Process().children(recursive=True)]
    target = {
        "mark": secret.split("-")[0] + "-",
        "pids": [os.getpid(), os.getppid(), *ours, 1],
        "key_file": str(key_file),
        "checkout": str(CHECKOUT),
    }
    code = f"target = {target!r}\n{hostile.read_text()}".replace("\n", "\n  ")
    questions = folder / "hostile" / "data" / "questions"
    questions.mkdir(parents=True)
    (questions / "hostile.yml").write_text(INTERVIEW.format(code=code))
    context = RunContext(interview="hostile:data/questions/hostile.yml", session_code="x" * 32)
    request = RunRequest(operation=ShowScreen(is_first=True), context=context, has_answers=False)
    result, blobs = await pool.run(request, {}, host=Host(), limit_seconds=60)
    isolation = pool.isolation
    assert isolation is not None
    print(
        json.dumps(
            {
                "isolation": isolation.model_dump(),
                "outcome": result.outcome.model_dump(),
                "found": json.loads(blobs.get("body", b"null")),
                "is_neighbour_alive": not neighbour_run.done(),
                "key_is_there": key_file.read_text() == secret,
            }
        ),
        flush=True,
    )
    neighbour_run.cancel()
    await pool.stop()
    await neighbours.stop()


asyncio.run(main())
