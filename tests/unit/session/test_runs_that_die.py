"""A run whose process dies is done once more, and what it had asked for until then is not kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.crypto.keys import ServerKeys
from shared.evaluation.port import HostServer, ProcessDied
from shared.interview.runtime.operations import Blobs, RunRequest
from shared.interview.runtime.outcomes import RunResult
from shared.interview.runtime.store_calls import AddRecord, ReadEntries, WriteEntries
from tests.fault.append_engine import AppendEvaluator
from tests.fault.rig import Browser, Rig, running_rig


class DyingEvaluator(AppendEvaluator):
    """Counts in a store and adds a record in each run that appends something; the first such run dies then."""

    def __init__(self) -> None:
        super().__init__()
        self.has_died = False
        self.counted = b""

    async def run(
        self, request: RunRequest, blobs: Blobs, *, host: HostServer, limit_seconds: float, **given: Any
    ) -> tuple[RunResult, Blobs]:
        if request.operation.kind == "submit":
            _, found = await host.answer(ReadEntries(base="global", keys=("died",)), {})
            self.counted = found.get("0", b"") + b"x"
            await host.answer(WriteEntries(base="global", keys=("died",)), {"0": self.counted})
            await host.answer(AddRecord(key="died"), {"value": b"x"})
            if not self.has_died:
                self.has_died = True
                raise ProcessDied
        return await super().run(request, blobs, host=host, limit_seconds=limit_seconds, **given)


@pytest.fixture
async def rig(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> AsyncIterator[Rig]:
    async with running_rig(postgres_url, redis_url, server_keys, evaluator=DyingEvaluator()) as running:
        yield running


async def test_what_a_run_wanted_to_store_before_it_died_is_stored_once(browser: Browser, rig: Rig) -> None:
    await browser.open()
    await browser.submit(token="a")
    assert isinstance(rig.evaluator, DyingEvaluator)
    assert (rig.evaluator.has_died, rig.evaluator.counted) == (True, b"x")
    assert await rig.count("stores.records where key = 'died'") == 1
    await browser.submit(token="b")
    assert rig.evaluator.counted == b"xx"
    assert await browser.log() == ["a", "b"]
