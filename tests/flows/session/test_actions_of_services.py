"""What other services may ask of a session, in which order it is done, and what they are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from services.session.publishers import Permit, Publishers
from shared.contracts.base import Sealed
from shared.contracts.events import ActionRequested
from shared.contracts.session import ActionTaken, OpenSession, ReadVariables, TakeAction, TurnReply
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_code, new_id
from tests.fault.rig import new_visitor
from tests.flows.session.conftest import House, running_house

SERVED = "flows:data/questions/served.yml"
CLOSED = "flows:data/questions/closed.yml"


class Service:
    """Another service, and a session it knows."""

    def __init__(self, house: House, interview: str = SERVED) -> None:
        self.house, self.interview = house, interview
        self.code, self.visitor = new_code(), new_visitor()

    async def open(self) -> TurnReply:
        return await self._ask(OpenSession(**self._facts(), may_create=True))

    async def ask(
        self, action: str, *, request_id: str = "", publisher: str = "crm", wait: float = 30.0, **arguments: Any
    ) -> ActionTaken:
        asked = ActionRequested(interview=self.interview, session=self.code, action=action, arguments=arguments)
        command = TakeAction(
            publisher=publisher, request_id=request_id or new_id(), asked=Sealed(asked), wait_seconds=wait
        )
        return await self.house.bus.request(command, ActionTaken, timeout_seconds=60)

    async def received(self) -> Any:
        reply = await self._ask(ReadVariables(**self._facts()))
        assert reply.variables is not None, reply
        return reply.variables.value["received"]

    async def _ask(self, command: OpenSession | ReadVariables) -> TurnReply:
        return await self.house.bus.request(command, TurnReply, timeout_seconds=60)

    def _facts(self) -> dict[str, Any]:
        return {
            "operation_id": new_id(),
            "interview": self.interview,
            "session_code": Sealed(self.code),
            "visitor": Sealed(self.visitor),
        }


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> AsyncIterator[House]:
    async with running_house(postgres_url, redis_url, server_keys, 2) as running:
        listed = Publishers(clock=SystemClock())
        for interview in (SERVED, CLOSED):
            for action in (
                "note", "raise_it", "answer", "close", "close_in_background", "cron_daily", "incoming_email",
            ):  # fmt: skip
                await listed.allow(running.database, Permit("crm", interview, action))
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def service(house: House) -> Service:
    service = Service(house)
    await service.open()
    return service


async def row_of(house: House, taken: ActionTaken) -> dict[str, Any]:
    """What is kept of a request."""
    row = await house.database.fetchrow("select * from session.actions where sequence = $1", taken.sequence)
    assert row is not None
    return dict(row)


async def test_an_action_of_another_service_is_run_and_its_changes_are_kept(service: Service) -> None:
    taken = await service.ask("note", number=1)
    assert (taken.status, taken.detail) == ("done", "")
    assert taken.sequence > 0
    assert await service.received() == [[None, 1]]


async def test_the_same_request_again_has_no_effect_and_is_told_how_the_first_ended(service: Service) -> None:
    first = await service.ask("note", request_id="order 7", number=1)
    again = await service.ask("note", request_id="order 7", number=2)
    assert (again.status, again.sequence, again.is_repeated) == ("done", first.sequence, True)
    assert await service.received() == [[None, 1]]


async def test_requests_of_two_services_may_have_the_same_id(house: House, service: Service) -> None:
    await Publishers(clock=SystemClock()).allow(house.database, Permit("erp", "*", "note"))
    await service.ask("note", request_id="7", number=1)
    await service.ask("note", request_id="7", publisher="erp", number=2)
    assert await service.received() == [[None, 1], [None, 2]]


async def test_requests_run_in_the_order_they_came(service: Service) -> None:
    for number in range(12):
        await service.ask("note", number=number, wait=0)
    await service.ask("note", number=12)
    assert [number for _, number in await service.received()] == list(range(13))


async def test_without_being_on_the_list_nothing_is_run(service: Service) -> None:
    taken = await service.ask("note", publisher="stranger")
    assert taken.status == "refused"
    assert "colloquy publishers allow" in taken.detail
    assert await service.received() == []


async def test_what_the_list_names_for_one_interview_does_not_hold_for_another(house: House) -> None:
    await Publishers(clock=SystemClock()).allow(house.database, Permit("shop", CLOSED, "note"))
    service = Service(house)
    await service.open()
    assert (await service.ask("note", publisher="shop")).status == "refused"


@pytest.mark.parametrize("action", ["_da_define", "cron_daily", "incoming_email", "need", "no name", ""])
async def test_some_names_are_refused_to_everybody(house: House, service: Service, action: str) -> None:
    await Publishers(clock=SystemClock()).allow(house.database, Permit("anything", "*", "*"))
    taken = await service.ask(action, publisher="anything")
    assert taken.status == "refused"
    assert "No service" in taken.detail


async def test_a_session_that_is_not_there_is_missing(house: House) -> None:
    assert (await Service(house).ask("note")).status == "missing"


async def test_a_code_that_is_none_is_refused(service: Service) -> None:
    service.code = "short"
    assert (await service.ask("note")).status == "refused"


async def test_an_encrypted_session_is_out_of_reach_and_the_author_is_told_of_multi_user(house: House) -> None:
    service = Service(house, CLOSED)
    await service.open()
    taken = await service.ask("note", number=1)
    assert taken.status == "refused"
    assert "multi_user" in taken.detail
    assert await service.received() == []


async def test_an_action_that_raises_has_failed_for_good_and_keeps_nothing(house: House, service: Service) -> None:
    taken = await service.ask("raise_it", request_id="9")
    assert taken.status == "failed"
    assert "canary" not in taken.detail
    assert await service.received() == []
    assert (await service.ask("raise_it", request_id="9")).is_repeated
    row = await row_of(house, taken)
    assert (row["status"], row["attempts"]) == ("failed", 1)


async def test_an_answer_is_not_told_to_who_may_only_ask(service: Service) -> None:
    taken = await service.ask("answer")
    assert (taken.status, taken.detail) == ("done", "")
    assert await service.received() == ["answered"]


async def test_one_that_fails_does_not_keep_the_next_ones_waiting(service: Service) -> None:
    await service.ask("raise_it", wait=0)
    assert (await service.ask("note", number=1)).status == "done"


async def test_what_was_asked_is_forgotten_once_it_has_ended(house: House, service: Service) -> None:
    row = await row_of(house, await service.ask("note", number=1))
    assert row["asked_sealed"] is None


async def test_while_it_waits_its_arguments_are_sealed(house: House, service: Service) -> None:
    command = ActionRequested(interview=SERVED, session=service.code, action="note", arguments={"from": "canary"})
    seen: list[bytes] = []

    async def look() -> None:
        while not seen:
            rows = await house.database.fetch("select asked_sealed from session.actions where asked_sealed is not null")
            seen.extend(row["asked_sealed"] for row in rows)

    looking = asyncio.create_task(look())
    while not looking.done():
        await house.bus.request(
            TakeAction(publisher="crm", request_id=new_id(), asked=Sealed(command)), ActionTaken, timeout_seconds=60
        )
    assert all(b"canary" not in sealed and service.code.encode() not in sealed for sealed in seen)


@pytest.mark.parametrize(
    ("action", "then"), [("close", ""), ("close_in_background", ""), ("close_in_background", "close")]
)
async def test_what_a_service_ends_is_ended_for_everybody_also_by_its_tasks(
    house: House, service: Service, action: str, then: str
) -> None:
    session_id = (await service.open()).session_id
    taken = await service.ask(action, then=then)
    assert taken.status == "done", taken
    async with asyncio.timeout(60):
        while await house.database.fetchval("select count(*) from session.sessions where id = $1", session_id):
            await asyncio.sleep(0.05)
    assert await house.database.fetchval("select count(*) from tasks.tasks where session_id = $1", session_id) == 0
