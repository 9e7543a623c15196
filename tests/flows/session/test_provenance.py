"""Why a variable has its value: who or what set it, in which step and when, and who may see more than names."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.contracts.base import Sealed
from shared.contracts.provenance import ChangeLine, Provenance, TellProvenance
from shared.contracts.session import ActionDone, NamedAction, RunAction, Unattended
from shared.contracts.visitor import Visitor
from shared.crypto.keys import ServerKeys
from shared.kernel.ids import new_id
from tests.fault.rig import new_visitor
from tests.flows.session.conftest import House, MakeHouse, running_house
from tests.flows.session.player import Player

LOOKS = 17
"""The number of the account that looks."""


@pytest.fixture
async def house(make_house: MakeHouse) -> AsyncIterator[House]:
    async with make_house(1) as running:
        yield running


async def played(house: House, *, is_shared: bool) -> Player:
    player = Player(house, "traced")
    await player.open()
    await player.press("Yes" if is_shared else "No")
    await player.answer(**{"client.name.first": "Philippa"})
    await player.until("Done: Sealing wax")
    return player


async def told(house: House, player: Player, name: str = "", *, visitor: Visitor | None = None) -> Provenance:
    message = TellProvenance(
        session_id=player.reply.session_id,
        account=LOOKS,
        name=Sealed(name),
        visitor=None if visitor is None else Sealed(visitor),
    )
    return await house.bus.request(message, Provenance, timeout_seconds=40)


def line_of(found: Provenance, name: str) -> ChangeLine:
    """The newest change of a variable."""
    return next(line for line in found.changes.value if name in line.changed)


async def by_itself(house: House, player: Player, why: Unattended) -> None:
    message = RunAction(
        operation_id=new_id(),
        session_id=player.reply.session_id,
        call=Sealed(NamedAction(action="tick")),
        visitor=Sealed(Visitor()),
        unattended=why,
    )
    assert (await house.bus.request(message, ActionDone, timeout_seconds=40)).status == "done"


async def test_each_change_is_on_record_with_its_step_and_who_made_it(house: House) -> None:
    player = await played(house, is_shared=True)
    found = await told(house, player)
    assert found.is_there
    assert found.interview == player.interview
    typed, done = line_of(found, "client.name.first"), line_of(found, "errand_result")
    assert (typed.by, typed.cause, typed.step, typed.user) == ("person", "answers", 3, player.visitor.user.the_user_id)
    assert "errand" in typed.changed
    assert (done.by, done.what, done.step) == ("task", "errand_done", 3)
    assert done.task
    assert typed.saved < done.saved
    assert [line.version for line in found.changes.value] == sorted(
        (line.version for line in found.changes.value), reverse=True
    )


@pytest.mark.parametrize(("why", "by"), [("cron", "cron"), ("timers", "timer")])
async def test_what_comes_by_itself_is_told_apart(house: House, why: Unattended, by: str) -> None:
    player = await played(house, is_shared=False)
    await by_itself(house, player, why)
    line = line_of(await told(house, player), "ticks")
    assert (line.by, line.what) == (by, "tick")
    assert "notes[…]" in line.changed or "notes" in line.changed


async def test_pages_of_one_change_tell_all_of_them(house: House) -> None:
    player = await played(house, is_shared=True)
    await by_itself(house, player, "timers")
    all_at_once = (await told(house, player)).changes.value
    paged: list[ChangeLine] = []
    before = 0
    for _ in range(len(all_at_once) + 1):
        message = TellProvenance(
            session_id=player.reply.session_id, account=LOOKS, name=Sealed(""), limit=1, before=before
        )
        found = await house.bus.request(message, Provenance, timeout_seconds=40)
        paged += found.changes.value
        if not (before := found.next_before):
            break
    assert before == 0
    assert paged == list(all_at_once)


async def test_what_a_program_sets_and_what_back_takes_away_is_on_record(house: House) -> None:
    player = await played(house, is_shared=True)
    await player.set(reference="A-1")
    assert line_of(await told(house, player), "reference").by == "api"
    await player.back()
    newest = (await told(house, player)).changes.value[0]
    assert (newest.cause, newest.by) == ("back", "person")
    assert "reference" in newest.removed


async def test_only_changes_of_one_variable_its_parts_and_its_whole_are_told_when_it_is_named(house: House) -> None:
    player = await played(house, is_shared=True)
    for name in ("client", "client.name", "client.name.first"):
        lines = (await told(house, player, name)).changes.value
        assert lines, name
        assert all(any(each.startswith("client") for each in line.changed) for line in lines), name
    assert (await told(house, player, "client.name.last")).changes.value != ()  # the whole was set
    assert (await told(house, player, "nothing")).changes.value == ()


async def test_the_value_is_told_to_whoever_can_open_the_session_and_nobody_else(house: House) -> None:
    closed, shared = await played(house, is_shared=False), await played(house, is_shared=True)
    stranger = new_visitor("t999")
    refused = await told(house, closed, "client.name.first", visitor=stranger)
    assert refused.value is None
    assert "only by its visitor" in refused.value_problem
    assert line_of(refused, "client.name.first").by == "person"
    own = await told(house, closed, "client.name.first", visitor=closed.visitor)
    assert own.value == Sealed("Philippa")
    assert (await told(house, shared, "notes['Philippa']", visitor=stranger)).value == Sealed(1)
    assert (await told(house, shared, "nothing", visitor=stranger)).value_problem == "There is no such variable now."


async def test_every_look_is_written_down_before_anything_is_told(house: House) -> None:
    player = await played(house, is_shared=True)
    await told(house, player)
    await told(house, player, "errand_result", visitor=new_visitor("t5"))
    looks = (await told(house, player, "errand")).looks.value
    assert [(look.account, look.name, look.saw_value) for look in looks] == [
        (LOOKS, "errand", False),
        (LOOKS, "errand_result", True),
        (LOOKS, "", False),
    ]
    await player.delete()
    assert (await told(house, player)).is_there is False
    kept = "select count(*) from session.looks where session_id = $1"
    assert await house.database.fetchval(kept, player.reply.session_id) == 3


async def test_neither_names_nor_values_nor_keys_of_dictionaries_lie_in_clear(house: House) -> None:
    player = await played(house, is_shared=True)
    await by_itself(house, player, "cron")
    found = await told(house, player)
    assert all(word not in found.model_dump_json(context={"sealer": _Clear()}) for word in ("Philippa", "Secret key"))
    rows = await house.database.fetch(
        "select c::text || encode(c.note_sealed, 'escape') as text from session.changes c where session_id = $1",
        player.reply.session_id,
    )
    assert rows
    assert all(word not in row["text"] for row in rows for word in ("client", "errand_result", "Philippa"))


class _Clear:
    """Seals nothing, so that a test can look at all of a message."""

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        return plain

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        return sealed


async def test_there_is_no_record_where_the_settings_keep_none(
    postgres_url: str, redis_url: str, server_keys: ServerKeys
) -> None:
    async with running_house(postgres_url, redis_url, server_keys, 1, kept_changes_days=0.0) as house:
        player = await played(house, is_shared=True)
        found = await told(house, player)
        assert found.is_there
        assert found.changes.value == ()


async def test_a_session_that_there_is_not_is_not_told_of(house: House) -> None:
    for session_id in (new_id(), "no id at all"):
        message = TellProvenance(session_id=session_id, account=LOOKS)
        assert (await house.bus.request(message, Provenance, timeout_seconds=40)).is_there is False
