"""Works on tasks as the worker does (claim, begin, evaluate, report), with the tiny engine and without a process
pool."""

from __future__ import annotations

import asyncio

import orjson

from shared.bus.outbox import Outbox, OutboxRelay
from shared.bus.port import Consumer
from shared.contracts.envelope import Envelopes
from shared.contracts.session import BackgroundEnded
from shared.contracts.worker import RunTask, RunTaskLow
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.storage.database import Database
from shared.tasks.leases import Claim, Leases
from shared.tasks.records import Failure, Outcome


class StandInWorker:
    """Tasks do what their arguments say: `token` is the value, `response_action` and `error_action` follow, `fail`,
    `sleep`, `ends_session`. With an `answer` all ask for this response action, and hand their arguments on unread."""

    def __init__(
        self, *, database: Database, server_keys: ServerKeys, outbox: Outbox, relay: OutboxRelay, answer: str = ""
    ) -> None:
        self._answer = answer
        self._database = database
        self._leases = Leases(server_keys=server_keys)
        self._outbox = outbox
        self._relay = relay
        self._envelopes = Envelopes("worker", SystemClock())

    def consumers(self) -> list[Consumer]:
        return [Consumer(kind.queue, {kind: self._take}) for kind in (RunTask, RunTaskLow)]

    async def _take(self, envelope: object) -> None:
        await self.work(envelope.message.task_id)  # type: ignore[attr-defined]

    async def work(self, task_id: str) -> None:
        claim = await self._leases.claim(self._database, task_id, owner="stand-in", lease_seconds=30.0)
        if claim is None:
            return
        await self._leases.begin(self._database, claim, lease_seconds=30.0)
        words = {} if self._answer else orjson.loads(claim.arguments or b"{}")
        await asyncio.sleep(float(words.get("sleep", 0)))
        await self._report(claim, words)

    async def _report(self, claim: Claim, words: dict[str, object]) -> None:
        arguments = payload = None
        if self._answer:
            outcome, arguments = Outcome(kind="response_action", action=self._answer), claim.arguments
        elif "response_action" in words:
            outcome = Outcome(kind="response_action", action="append")
            arguments = orjson.dumps(words["response_action"])
        elif "ends_session" in words:
            outcome = Outcome(kind="ends_session")
        elif "fail" in words:
            failure = Failure(error_type="ValueError", error_message=str(words["fail"]))
            action = "append" if "error_action" in words else None
            outcome = Outcome(kind="failed", action=action, failure=failure)
            arguments = orjson.dumps(words["error_action"]) if action else None
        else:
            outcome = Outcome(kind="value", json_value=words.get("token"))
            payload = orjson.dumps(words.get("token"))
        async with self._database.transaction() as connection:
            await self._leases.record_outcome(connection, claim, outcome, arguments=arguments, payload=payload)
            ended = BackgroundEnded(task_id=claim.task_id, session_id=claim.session_id, fencing=claim.fencing)
            await self._outbox.add(connection, [self._envelopes.wrap(ended)])
        self._relay.wake()
