"""The same work for bare Celery: one trivial task. Runs in a venv of its own, which has Celery and nothing of ours.

`celery -A celery_tasks worker` is the worker; `python celery_tasks.py COUNT ROUNDS` queues COUNT tasks at once, waits
for all results, ROUNDS times, and prints the seconds of each round as JSON. Broker and results: CELERY_URL.
"""

from __future__ import annotations

import json
import os
import sys
import time

from celery import Celery  # type: ignore[import-not-found]

app = Celery("bench", broker=os.environ["CELERY_URL"], backend="rpc://")
app.conf.update(
    task_default_queue=os.environ["CELERY_QUEUE"],
    task_acks_late=True,
    worker_prefetch_multiplier=4,
    broker_connection_retry_on_startup=True,
    result_expires=60,
)


@app.task(name="add")  # type: ignore[untyped-decorator]
def add(number: int) -> int:
    """Does next to nothing, like the task of the interview beside it."""
    return number + 553


def main() -> None:
    """Measure."""
    count, rounds = int(sys.argv[1]), int(sys.argv[2])
    add.delay(1).get(timeout=60)
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        for result in [add.delay(number) for number in range(count)]:
            result.get(timeout=120)
        seconds.append(time.perf_counter() - began)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
