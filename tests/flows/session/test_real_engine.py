"""Interviews played through the session service with the real engine, interview processes and worker."""

from __future__ import annotations

import orjson

from shared.contracts.session import (
    InterviewList,
    ListInterviews,
)
from tests.flows.session.conftest import House
from tests.flows.session.player import Player


async def test_a_task_runs_while_the_person_goes_on_and_its_result_is_there(house: House) -> None:
    player = Player(house, "lookup")
    await player.open()
    assert player.question == "What is your name?"
    await player.answer(name="Ada")
    assert player.question == "Which colour, Ada?"
    await player.answer(colour="green")
    await player.until("Ada was found")
    assert "green" in player.screen.subquestion_html
    told = await player.check_in()
    assert told.commands is not None
    assert [(command.extra, command.value) for command in told.commands.value] == [("flash", "Ada was found")]


async def test_back_shows_the_screen_before_with_what_was_typed(house: House) -> None:
    player = Player(house, "lookup")
    await player.open()
    await player.answer(name="Ada")
    await player.back()
    assert player.question == "What is your name?"
    assert player.screen.fields[0].default == "Ada"
    assert "name" not in await player.variables()


async def test_restart_begins_again_and_exit_deletes(house: House) -> None:
    player = Player(house, "lookup")
    await player.open()
    await player.answer(name="Ada")
    await player.answer(colour="green")
    await player.until("Ada was found")
    await player.press("Restart")
    assert (player.question, player.reply.steps) == ("What is your name?", 1)
    await player.answer(name="Bob")
    await player.answer(colour="red")
    await player.until("Bob was found")
    await player.press("Exit")
    assert player.reply.command is not None
    assert player.reply.command.value.name == "exit"
    sessions = "select count(*) from session.sessions where id = $1"
    assert await house.database.fetchval(sessions, player.reply.session_id) == 0
    tasks = "select count(*) from tasks.tasks where session_id = $1"
    assert await house.database.fetchval(tasks, player.reply.session_id) == 0


async def test_waiting_for_a_task_of_the_same_turn_lends_its_slot(house: House) -> None:
    player = Player(house, "waits")
    await player.open()
    await player.press()
    assert player.question == "The answer is 42."


async def test_a_broken_interview_is_a_problem_with_its_place(house: House) -> None:
    player = Player(house, "broken")
    await player.open()
    assert player.reply.problem is not None
    assert "broken.yml" in str(player.reply.problem.value.file)


async def test_an_unknown_interview_is_missing_and_makes_no_session(house: House) -> None:
    player = Player(house, "nowhere")
    await player.open()
    assert player.reply.kind == "missing"
    assert await house.database.fetchval("select count(*) from session.sessions where interview like '%nowhere%'") == 0


async def test_the_list_names_every_interview_also_the_broken_one(house: House) -> None:
    found = await house.bus.request(ListInterviews(), InterviewList, timeout_seconds=40)
    entries = {entry.reference.rpartition("/")[2]: entry for entry in found.interviews}
    assert entries["lookup.yml"].title == "A lookup in the background"
    assert entries["lookup.yml"].tags == ("background",)
    assert entries["broken.yml"].problem
    again = await house.bus.request(ListInterviews(), InterviewList, timeout_seconds=40)
    assert again == found
    assert orjson.dumps(found.model_dump())
