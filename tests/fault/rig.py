"""A session service on real parts for tests, and a browser to talk to it.

The rig has PostgreSQL, Redis and the local bus of one process; the engine is the tiny one of append_engine.py.
`Browser` is one visitor with a cookie key, and knows the requests of the session service by short names.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import orjson

from services.session import store
from services.session.app import Parts, build
from services.session.checkpoint import Checkpoint, Unwatched
from services.session.keys import SessionKeys
from services.session.settings import SessionSettings
from shared.bus.cloudevents import Codec
from shared.bus.dead_letters import MemoryDeadLetters
from shared.bus.local import LocalBus
from shared.bus.mischief import Mischief
from shared.bus.outbox import Outbox, OutboxRelay
from shared.bus.port import Bus, Consumer
from shared.contracts.base import Sealed
from shared.contracts.catalog import message_types
from shared.contracts.envelope import Envelope
from shared.contracts.events import SessionChanged, TaskRevoked, WebhooksDue
from shared.contracts.scheduler import ScheduleAction
from shared.contracts.screen import Form
from shared.contracts.session import (
    CheckIn,
    EndSession,
    GoBack,
    Input,
    NamedAction,
    OpenSession,
    PerformAction,
    ReadVariables,
    SessionRequest,
    Submission,
    SubmitAnswers,
    TurnReply,
    WriteVariables,
)
from shared.contracts.visitor import KeyHolder, UserFacts, Visitor
from shared.contracts.worker import RunTask, RunTaskLow
from shared.crypto.keys import ServerKeys
from shared.evaluation.port import Evaluator
from shared.kernel.clock import SystemClock
from shared.kernel.ids import SessionId, new_code, new_id, random_bytes
from shared.kernel.interview_path import InterviewPath
from shared.kernel.service import Service
from shared.storage.database import Database
from shared.storage.migrations import migrate
from shared.storage.redis import Redis
from tests.fault.append_engine import AppendEvaluator
from tests.fault.schemas import ALL_SCHEMAS
from tests.fault.stand_in_worker import StandInWorker
from tests.servers import content_store

INTERVIEW = "tests:data/questions/append.yml"


@dataclass
class Heard:
    """What the service has said to others."""

    messages: list[Any] = field(default_factory=list)

    def of(self, kind: type[Any]) -> list[Any]:
        return [message for message in self.messages if isinstance(message, kind)]

    async def take(self, envelope: Envelope) -> None:
        self.messages.append(envelope.message)


@dataclass(kw_only=True)
class Rig:
    """One running session service."""

    service: Service
    database: Database
    redis: Redis
    bus: LocalBus
    relay: OutboxRelay
    server_keys: ServerKeys
    evaluator: Evaluator
    heard: Heard
    letters: MemoryDeadLetters
    worker: StandInWorker

    async def settle(self) -> None:
        """Wait until everything that was committed has been published and handled."""
        while await self.database.fetchval("select exists (select 1 from bus.outbox)"):
            self.relay.wake()
            await SystemClock().sleep(0.005)

    async def move_on(self, session_id: str, visitor: Visitor) -> None:
        """As if another turn had saved the session, without changing anything."""
        holders = [holder.holder for holder in visitor.keys]
        stored = await store.load(self.database, SessionId(session_id), holders=holders)
        assert stored is not None
        keys = SessionKeys(server_keys=self.server_keys).open(stored, visitor.keys)
        assert keys is not None
        mac = keys.rows_mac(replace(stored, version=stored.version + 1), stored.steps[stored.newest_step])
        statement = "update session.sessions set version = version + 1, rows_mac = $2 where id = $1"
        await self.database.execute(statement, stored.session_id, mac)

    async def count(self, table: str) -> int:
        return int(await self.database.fetchval(f"select count(*) from {table}"))


@contextlib.asynccontextmanager
async def running_rig(
    database_url: str,
    redis_url: str,
    server_keys: ServerKeys,
    *,
    evaluator: Evaluator | None = None,
    checkpoint: Checkpoint | None = None,
    mischief: Mischief | None = None,
    has_worker: bool = False,
    **given: Any,
) -> AsyncIterator[Rig]:
    """A session service for the time of the block. `given` are settings."""
    clock = SystemClock()
    database, redis = Database(url=database_url, maximum=12), Redis(url=redis_url)
    await database.start()
    await migrate(database, ALL_SCHEMAS)
    codec = Codec(types=message_types(), sealer=server_keys.transport)
    letters = MemoryDeadLetters()
    bus = LocalBus(codec=codec, clock=clock, dead_letters=letters, mischief=mischief)
    relay = OutboxRelay(database=database, bus=bus, poll_seconds=0.2)
    heard = Heard()
    bus.consume(
        Consumer(
            "tests.events",
            dict.fromkeys((SessionChanged, TaskRevoked, WebhooksDue), heard.take),
            topics=("#",),
            is_live=True,
        )
    )
    worker = StandInWorker(database=database, server_keys=server_keys, outbox=Outbox(codec=codec), relay=relay)
    silent = [Consumer(kind.queue, {kind: heard.take}) for kind in (RunTask, RunTaskLow)]
    bus.consume(Consumer(ScheduleAction.queue, {ScheduleAction: heard.take}))
    for consumer in worker.consumers() if has_worker else silent:
        bus.consume(consumer)
    evaluator = evaluator or AppendEvaluator()
    parts = Parts(
        database=database,
        redis=redis,
        bus=bus,
        codec=codec,
        relay=relay,
        server_keys=server_keys,
        evaluator=evaluator,
        interviews=InterviewPath.of([]),
        contents=content_store(),
        clock=clock,
        checkpoint=checkpoint or Unwatched(),
        own=(database, redis),
        own_messaging=(relay, bus),
    )
    service = build(SessionSettings(**given), parts)
    await service.start()
    try:
        yield Rig(
            service=service,
            database=database,
            redis=redis,
            bus=bus,
            relay=relay,
            server_keys=server_keys,
            evaluator=evaluator,
            heard=heard,
            letters=letters,
            worker=worker,
        )
    finally:
        await service.stop()


def new_visitor(user: str = "t1", *, holder: str = "cookie") -> Visitor:
    """Somebody with a key of their own."""
    key = base64.b64encode(random_bytes(32)).decode()
    return Visitor(user=UserFacts(the_user_id=user), keys=(KeyHolder(holder=f"{holder}:{new_code(8)}", key=key),))


class Browser:
    """One visitor's view of one session, over any bus."""

    interview = INTERVIEW
    goes_back = True
    """Whether the writers of histories may press Back on it."""

    def __init__(self, bus: Bus, *, visitor: Visitor | None = None, code: str | None = None) -> None:
        self.bus = bus
        self.visitor = visitor or new_visitor()
        self.code = code or new_code()
        self.step = 0
        self.timeout_seconds = 60.0

    def joined_by(self, visitor: Visitor) -> Browser:
        """Another visitor who knows the code."""
        return Browser(self.bus, visitor=visitor, code=self.code)

    # Messages, to be sent once or more often

    def opening(self, *, may_create: bool = False, operation_id: str = "", **given: Any) -> SessionRequest:
        return OpenSession(**self._facts(operation_id), may_create=may_create, **given)

    def post(self, *, step: int | None = None, operation_id: str = "", **words: Any) -> SubmitAnswers:
        """A form with these inputs, e.g. `post(token="a", sleep="0.2")`."""
        inputs = tuple(Input(name=name, value=_text(value)) for name, value in words.items())
        submission = Sealed(Submission(form=Form(question_name="append"), inputs=inputs))
        step = self.step if step is None else step
        return SubmitAnswers(**self._facts(operation_id), submission=submission, step=step)

    def going_back(self, *, step: int | None = None, operation_id: str = "") -> GoBack:
        return GoBack(**self._facts(operation_id), step=self.step if step is None else step)

    def action(self, *, is_read_only: bool = False, operation_id: str = "", **words: Any) -> PerformAction:
        call = Sealed(NamedAction(action="append", arguments=words))
        return PerformAction(**self._facts(operation_id), call=call, is_read_only=is_read_only)

    def checking_in(
        self,
        *,
        acknowledged: Sequence[int] = (),
        awaited: Sequence[str] = (),
        after: int | None = None,
        operation_id: str = "",
        **words: Any,
    ) -> CheckIn:
        call = Sealed(NamedAction(action="append", arguments=words)) if words else None
        facts = self._facts(operation_id)
        return CheckIn(
            **facts, call=call, acknowledged=tuple(acknowledged), awaited=tuple(awaited), notices_after=after
        )

    def ending(self, how: Literal["restart", "delete"], *, step: int | None = None) -> EndSession:
        return EndSession(**self._facts(""), how=how, step=step)

    def writing(self, *, is_new_step: bool = True, **variables: Any) -> WriteVariables:
        return WriteVariables(**self._facts(""), variables=Sealed(variables), is_new_step=is_new_step)

    # Asking

    async def open(self, *, may_create: bool = True, **given: Any) -> TurnReply:
        return await self.send(self.opening(may_create=may_create, **given))

    async def submit(self, **given: Any) -> TurnReply:
        return await self.send(self.post(**given))

    async def back(self, **given: Any) -> TurnReply:
        return await self.send(self.going_back(**given))

    async def act(self, **given: Any) -> TurnReply:
        return await self.send(self.action(**given))

    async def check_in(self, **given: Any) -> TurnReply:
        return await self.send(self.checking_in(**given))

    async def end(self, how: Literal["restart", "delete"], *, step: int | None = None) -> TurnReply:
        return await self.send(self.ending(how, step=step))

    async def read(self) -> TurnReply:
        return await self.send(ReadVariables(**self._facts("")))

    async def write(self, **given: Any) -> TurnReply:
        return await self.send(self.writing(**given))

    async def log(self) -> list[str]:
        """What has been appended, as the session has it now."""
        reply = await self.read()
        assert reply.variables is not None, reply.kind
        found: list[str] = reply.variables.value["log"]
        return found

    def shown_log(self, reply: TurnReply) -> tuple[str, ...]:
        """What had been appended, as a screen tells it."""
        return tuple(shown(reply)["log"])

    async def send(self, message: SessionRequest) -> TurnReply:
        reply = await self.bus.request(message, TurnReply, timeout_seconds=self.timeout_seconds)
        if reply.steps:
            self.step = reply.steps
        return reply

    def _facts(self, operation_id: str) -> dict[str, Any]:
        return {
            "operation_id": operation_id or new_id(),
            "interview": self.interview,
            "session_code": Sealed(self.code),
            "visitor": Sealed(self.visitor),
        }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def shown(reply: TurnReply) -> dict[str, Any]:
    """The answers that the append engine puts on its screen."""
    assert reply.screen is not None, reply.kind
    data: dict[str, Any] = orjson.loads(reply.screen.value)["data"]
    return data
