"""Sessions that make, read, write and run each other (spec/area2 §8)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.contracts.visitor import KeyHolder, UserFacts, Visitor
from shared.crypto.keys import ServerKeys
from tests.fault.rig import new_visitor
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> AsyncIterator[House]:
    async with running_house(postgres_url, redis_url, server_keys, 2) as running:
        yield running


async def opened(house: House, visitor: Visitor | None = None) -> Player:
    player = Player(house, "outside", visitor)
    await player.open()
    return player


async def pair(house: House) -> tuple[Player, Player]:
    """A session, and one that it has made, as their person sees both."""
    player = await opened(house)
    made = Player(house, "inside", player.visitor, await player.act("create"))
    await made.open()
    return player, made


async def test_a_made_session_stands_at_its_first_screen_with_its_arguments(house: House) -> None:
    player, made = await pair(house)
    assert (made.question, made.reply.steps) == ("Fruit?", 1)
    assert (await made.variables())["url_args"] == {"from": "é", "shared": "no"}
    await player.open()
    assert player.question == "Ready"


async def test_variables_are_set_without_running_the_logic_and_back_undoes_them(house: House) -> None:
    player, made = await pair(house)
    assert await player.act("write", code=made.code, variables={"fruit": "apple", "_internal['note']": "kept"}) is True
    await made.open()
    assert (made.question, made.reply.steps) == ("You like apple.", 2)
    read = await player.act("read", code=made.code)
    assert (read["fruit"], read["_internal"]["note"], read["counter"]) == ("apple", "kept", 0)
    assert read["_internal"]["steps"] == 2
    assert read["nav"] == {"past": [], "current": None, "hidden": False, "progressive": True}
    assert await player.act("back_there", code=made.code) is True
    await made.open()
    assert made.question == "Fruit?"
    assert "Cannot go back." in await player.act("back_there", code=made.code)


async def test_overwriting_makes_no_step_and_names_can_be_deleted(house: House) -> None:
    player, made = await pair(house)
    await player.act("write", code=made.code, variables={"fruit": "fig"}, options={"overwrite": True})
    await made.open()
    assert (made.question, made.reply.steps) == ("You like fig.", 1)
    await player.act("write", code=made.code, variables={}, options={"delete": "fruit"})
    assert "fruit" not in await player.act("read", code=made.code)
    again = await player.act("write", code=made.code, variables={}, options={"delete": ["fruit"]})
    assert "'fruit' cannot be deleted" in again


async def test_what_is_no_name_is_refused_and_nothing_changes(house: House) -> None:
    player, made = await pair(house)
    for name in ("f()", "a + b", "lambda: 1", "[1]", "a\nb"):
        told = await player.act("write", code=made.code, variables={"fruit": "fig", name: 1})
        assert "Illegal value as variable name" in told
    assert "fruit" not in await player.act("read", code=made.code)


async def test_texts_become_dates_and_a_question_counts_as_answered(house: House) -> None:
    player, made = await pair(house)
    options = {"process_objects": True, "question_name": "ID fruit"}
    await player.act("write", code=made.code, variables={"start": "2024-05-01"}, options=options)
    read = await player.act("read", code=made.code)
    assert read["start"] == "2024-05-01T00:00:00-04:00"
    assert "ID fruit" in read["_internal"]["answered"]


async def test_objects_arrive_as_they_are(house: House) -> None:
    player, made = await pair(house)
    await player.act("write_object", code=made.code)
    assert await player.act("read_object", code=made.code) == ["Ada Lovelace", "Individual"]


async def test_actions_run_in_another_session(house: House) -> None:
    player, made = await pair(house)

    async def counter() -> object:
        return (await player.act("read", code=made.code))["counter"]

    assert await player.act("act", code=made.code, name="add", options={"arguments": {"amount": 5}}) is True
    assert await counter() == 5
    await player.act("act", code=made.code, name="add", options={"read_only": True})
    assert await counter() == 5
    assert await player.act("act", code=made.code, name="add_then_lack") is True
    assert await counter() == 6
    failed = await player.act("act", code=made.code, name="add_then_fail")
    assert failed.startswith("run_action_in_session: ")
    assert await counter() == 6


async def test_a_question_an_action_asks_stays_pending_only_if_wanted(house: House) -> None:
    player, made = await pair(house)
    await player.act("act", code=made.code, name="add_then_ask")
    await made.open()
    assert made.question == "Fruit?"
    await player.act("act", code=made.code, name="add_then_ask", options={"persistent": True})
    await made.open()
    assert made.question == "Vegetable?"


async def test_what_another_session_asks_is_told_as_data_and_makes_no_step(house: House) -> None:
    player, made = await pair(house)
    asked = await player.act("ask", code=made.code)
    assert isinstance(asked, dict), asked
    assert {name: asked[name] for name in ("questionType", "questionText", "id", "steps", "allow_going_back")} == {
        "questionType": "fields",
        "questionText": "Fruit?",
        "id": "fruit",
        "steps": 1,
        "allow_going_back": False,
    }
    assert [(field["variable_name"], field["label"]) for field in asked["fields"]] == [("fruit", "Fruit")]
    await player.act("write", code=made.code, variables={"fruit": "fig"}, options={"overwrite": True})
    again = await player.act("ask", code=made.code)
    assert (again["questionText"], again["questionType"], again["steps"]) == ("You like fig.", "deadend", 1)


async def test_a_response_or_a_missing_variable_is_told_in_place_of_a_question(house: House) -> None:
    player = await opened(house)
    body = '{\n  "fruit": "apple",\n  "vegetable": "kale"\n}\n'
    assert await player.act("ask_answering") == [{"questionType": "response"}, 203, "application/json", body]
    assert await player.act("ask_lacking") == {
        "questionType": "undefined_variable",
        "variable": "favorite_number",
        "message_log": [],
    }


async def test_only_who_has_a_key_reaches_a_session(house: House) -> None:
    _, made = await pair(house)
    stranger = await opened(house)
    assert "Unable to decrypt interview dictionary" in await stranger.act("read", code=made.code)
    assert "Unable to obtain interview dictionary." in await stranger.act("read", code="x" * 32)
    shared = await stranger.act("create", shared="yes")
    assert (await (await opened(house)).act("read", code=shared))["counter"] == 0


async def test_a_session_cannot_reach_itself(house: House) -> None:
    assert "current interview session" in await (await opened(house)).act("own")


async def test_tasks_reach_sessions_that_the_server_can_open(house: House) -> None:
    player, closed = await pair(house)
    shared = await player.act("create", shared="yes")
    await player.act("in_background", code=shared)
    assert await until_ended(player) == [True, False, "from a task"]
    await player.act("in_background", code=closed.code)
    assert (await until_ended(player))[1] is True
    assert "Unable to decrypt" in await player.act("task_error")


async def test_two_sessions_that_write_to_each_other_lose_nothing(house: House) -> None:
    person = new_visitor()
    one, other = await opened(house, person), await opened(house, person)
    times = 25

    async def write(player: Player, target: Player, workers: int) -> None:
        for number in range(workers, times, 2):
            assert isinstance(await player.act("swap", code=target.code, number=number), int)

    async with asyncio.timeout(240):
        await asyncio.gather(*(write(a, b, half) for a, b in ((one, other), (other, one)) for half in (0, 1)))
    assert await one.act("swapped_so_far") == [times, times]
    assert await other.act("swapped_so_far") == [times, times]


async def test_a_person_sees_their_sessions_in_a_list(house: House) -> None:
    facts = UserFacts(is_anonymous=False, is_authenticated=True, the_user_id="901", email="ada@example.com")
    person = Visitor(user=facts, keys=(KeyHolder(holder="user:901", key=new_visitor().keys[0].key),))
    player = await opened(house, person)
    await player.act("create")
    listed = await player.act("mine")
    assert isinstance(listed, list), listed
    assert sorted(listed) == [
        ["flows:data/questions/inside.yml", "Is reached", True],
        ["flows:data/questions/outside.yml", "Reaches other sessions", True],
    ]
    assert await (await opened(house)).act("mine") is None


def known(number: int, *roles: str) -> Visitor:
    facts = UserFacts(
        is_anonymous=False,
        is_authenticated=True,
        the_user_id=str(number),
        email=f"p{number}@example.com",
        roles=roles or ("user",),
    )
    return Visitor(user=facts, keys=(KeyHolder(holder=f"user:{number}", key=new_visitor().keys[0].key),))


INSIDE, OUTSIDE = "flows:data/questions/inside.yml", "flows:data/questions/outside.yml"


async def test_a_list_holds_what_a_condition_on_sessions_chooses(house: House) -> None:
    player = await opened(house, known(902))
    code = await player.act("create")
    [found] = await player.act("listed", interview=INSIDE)
    assert found == {"filename": INSIDE, "session": code, "email": None, "user_id": 902, "temp_user_id": None}
    [found] = await player.act("listed", options={"query": f"DA.Sessions.filename == '{OUTSIDE}'"})
    assert found["session"] == player.code
    assert "This is no condition" in await player.act("listed", options={"query": "True"})


async def test_sessions_of_others_are_for_who_may_see_them(house: House) -> None:
    player = await opened(house, known(903))
    code = await player.act("create")
    staff = await opened(house, known(904, "advocate"))
    for whose in ("all", 903):
        options = {"user_id": whose, "exclude_invalid": False, "include_dict": False, "filename": INSIDE}
        told = await staff.act("listed", options=options)
        assert code in [one["session"] for one in told]
        assert "sufficient privileges" in await (await opened(house, known(905))).act("listed", options=options)
    assert "is not the number of a user" in await staff.act("listed", options={"user_id": "everyone"})


async def test_who_looks_after_all_deletes_a_session_of_anybody(house: House) -> None:
    player = await opened(house, known(906))
    code = await player.act("create")
    options = {"user_id": "all", "action": "delete", "filename": INSIDE, "session": code}
    for nobody in (known(907), known(908, "developer")):
        assert "sufficient privileges" in await (await opened(house, nobody)).act("listed", options=options)
    assert code in str(await player.act("listed"))
    assert await (await opened(house, known(909, "admin"))).act("listed", options=options) is True
    assert code not in str(await player.act("listed"))


async def test_a_session_that_is_shared_ends_for_all_only_if_that_is_asked_for(house: House) -> None:
    player, other = await opened(house, known(910)), known(911)
    code = await player.act("create", shared="yes")
    joined = Player(house, "inside", other, code)
    await joined.open()
    asked = {"action": "delete", "filename": INSIDE, "session": code}
    assert await player.act("listed", options=asked) is True
    assert code not in str(await player.act("listed"))
    assert (await joined.variables())["counter"] == 0
    again = await opened(house, other)
    assert await again.act("listed", options={**asked, "delete_shared": True}) is True
    assert "Unable to obtain" in await again.act("read", code=code)


async def until_ended(player: Player) -> list[object]:
    async with asyncio.timeout(60):
        while True:
            state: list[object] = await player.act("task_state")
            if state[0]:
                return state
            await asyncio.sleep(0.05)
