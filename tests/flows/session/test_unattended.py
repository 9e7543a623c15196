"""Scheduled actions in sessions whose author lets them be opened while nobody is there: as whom, and what they do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.session.timer_troubles import forget, newest
from shared.contracts.base import Sealed
from shared.contracts.session import ActionDone, NamedAction, RunAction
from shared.contracts.visitor import Visitor
from shared.kernel.ids import new_id
from shared.people.cron import cron_user, cron_visitor
from tests.flows.session.conftest import House, MakeHouse
from tests.flows.session.player import Player


@pytest.fixture
async def house(make_house: MakeHouse) -> AsyncIterator[House]:
    async with make_house(1) as running:
        yield running


@pytest.fixture
async def cron(house: House) -> Visitor:
    return cron_visitor(await cron_user(house.database), url_root="https://forms.example.org/")


async def unattended(house: House, player: Player, action: str, visitor: Visitor) -> ActionDone:
    """An action is run while nobody is there."""
    message = RunAction(
        operation_id=new_id(),
        session_id=player.reply.session_id,
        call=Sealed(NamedAction(action=action)),
        visitor=Sealed(visitor),
    )
    return await house.bus.request(message, ActionDone, timeout_seconds=40)


async def opened(house: House, allowed: str) -> Player:
    player = Player(house, "unattended")
    await player.open()
    await player.answer(allowed=allowed)
    assert player.question == "Counted 0, by nobody."
    return player


async def test_the_cron_user_is_an_account_and_the_only_one_with_its_privilege(house: House, cron: Visitor) -> None:
    player = await opened(house, "all")
    await unattended(house, player, "cron_count", cron)
    await player.open()
    assert player.question == "Counted 1, by cron@admin.com cron cron True."


async def test_a_null_response_of_a_scheduled_action_saves_nothing(house: House, cron: Visitor) -> None:
    player = await opened(house, "all")
    assert (await unattended(house, player, "report", cron)).status == "done"
    await player.open()
    assert player.question == "Counted 0, by nobody."


@pytest.mark.parametrize("command", ["leave", "again"])
async def test_a_scheduled_action_that_ends_the_session_deletes_it_for_all(
    house: House, cron: Visitor, command: str
) -> None:
    player = await opened(house, "all")
    other = "insert into session.attachments (session_id, user_id, started_at) values ($1, 't77', now())"
    await house.database.execute(other, player.reply.session_id)
    assert (await unattended(house, player, command, cron)).status == "done"
    there = "select count(*) from session.sessions where id = $1"
    assert await house.database.fetchval(there, player.reply.session_id) == 0


@pytest.mark.parametrize(
    ("allowed", "action", "status"), [("nothing", "ring_at_once", "refused"), ("all", "ring_and_fail", "failed")]
)
async def test_a_timer_that_rings_without_effect_is_listed_for_operators(
    house: House, allowed: str, action: str, status: str
) -> None:
    player = await opened(house, allowed)
    await player.run(action)
    async with asyncio.timeout(40):
        while not (found := await newest(house.database, status=status, session_id=player.reply.session_id)):
            await asyncio.sleep(0.05)
    (row,) = found
    timer = await house.database.fetchrow(
        "select * from scheduler.timers where id = $1", row["operation_id"].split(":")[1]
    )
    assert timer is not None
    assert (str(timer["session_id"]), timer["action"]) == (row["session_id"], row["action"])
    assert await forget(house.database, before=row["at"] + timedelta(seconds=1), limit=1)
    assert not await newest(house.database, status=status, session_id=player.reply.session_id)


async def test_a_timer_that_has_its_effect_is_not_listed(house: House) -> None:
    player = await opened(house, "all")
    await player.run("ring_at_once")
    async with asyncio.timeout(40):
        while not player.question.startswith("Counted 1"):
            await player.open()
    for status in ("refused", "failed"):
        assert not await newest(house.database, status=status, session_id=player.reply.session_id)
