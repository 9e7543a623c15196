"""Interviews played through the session service with the real engine, interview processes and worker."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from shared.contracts.base import Sealed
from shared.contracts.screen import Screen
from shared.contracts.session import (
    CheckIn,
    GoBack,
    Input,
    InterviewList,
    ListInterviews,
    OpenSession,
    ReadVariables,
    SessionRequest,
    Submission,
    SubmitAnswers,
    TurnReply,
)
from shared.contracts.visitor import Visitor
from shared.kernel.ids import new_code, new_id
from tests.fault.rig import new_visitor
from tests.flows.session.conftest import House


class Player:
    """One visitor who plays one interview."""

    def __init__(self, house: House, name: str) -> None:
        self._house = house
        self._interview = f"flows:data/questions/{name}.yml"
        self._code = new_code()
        self._visitor: Visitor = new_visitor()
        self.reply = TurnReply(kind="missing")

    @property
    def screen(self) -> Screen:
        assert self.reply.screen is not None, self.reply
        return Screen.model_validate_json(self.reply.screen.value)

    @property
    def question(self) -> str:
        return self.screen.question_text

    async def open(self) -> None:
        await self._ask(OpenSession(**self._facts(), may_create=True))

    async def answer(self, **values: str) -> None:
        """Fill the form that is shown."""
        form = self.screen.form
        assert form is not None
        names = {field.variable: field.input_name for field in self.screen.fields}
        inputs = tuple(Input(name=names[variable], value=value) for variable, value in values.items())
        await self._submit(Submission(form=form, inputs=inputs))

    async def press(self, label: str = "") -> None:
        """Press a button of the screen, or Continue."""
        form, screen = self.screen.form, self.screen
        assert form is not None
        button = next((each for each in screen.buttons if each.label_text == label), None)
        pressed = (button.name, button.value) if button else (screen.continue_name, screen.continue_value)
        await self._submit(Submission(form=form, inputs=(Input(name=pressed[0], value=pressed[1]),)))

    async def back(self) -> None:
        await self._ask(GoBack(**self._facts(), step=self.reply.steps))

    async def check_in(self) -> TurnReply:
        return await self._send(CheckIn(**self._facts()))

    async def variables(self) -> dict[str, Any]:
        reply = await self._send(ReadVariables(**self._facts()))
        assert reply.variables is not None
        return reply.variables.value

    async def until(self, question: str) -> None:
        """Reload until this is asked."""
        async with asyncio.timeout(30):
            while self.question != question:
                await asyncio.sleep(0.05)
                await self.open()

    async def _submit(self, submission: Submission) -> None:
        await self._ask(SubmitAnswers(**self._facts(), submission=Sealed(submission), step=self.reply.steps))

    async def _ask(self, message: SessionRequest) -> None:
        self.reply = await self._send(message)

    async def _send(self, message: SessionRequest) -> TurnReply:
        return await self._house.bus.request(message, TurnReply, timeout_seconds=40)

    def _facts(self) -> dict[str, Any]:
        return {
            "operation_id": new_id(),
            "interview": self._interview,
            "session_code": Sealed(self._code),
            "visitor": Sealed(self._visitor),
        }


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
