"""One visitor who plays an interview through the session service."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import orjson

from shared.contracts.base import Sealed
from shared.contracts.screen import Screen
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
from shared.contracts.visitor import Visitor
from shared.kernel.ids import new_code, new_id
from tests.fault.rig import new_visitor
from tests.flows.session.conftest import House


class Player:
    """One visitor who plays one interview."""

    def __init__(self, house: House, name: str, visitor: Visitor | None = None, code: str = "") -> None:
        self._house = house
        self.interview = f"flows:data/questions/{name}.yml"
        self.code = code or new_code()
        self.visitor: Visitor = visitor or new_visitor()
        self.reply = TurnReply(kind="missing")

    @property
    def screen(self) -> Screen:
        assert self.reply.screen is not None, self.reply
        return Screen.model_validate_json(self.reply.screen.value)

    @property
    def question(self) -> str:
        return self.screen.question_text

    async def open(self, **url_args: str) -> None:
        await self._ask(OpenSession(**self._facts(), may_create=True, url_args=Sealed(url_args)))

    async def delete(self) -> None:
        await self._send(EndSession(**self._facts(), how="delete"))

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

    async def act(self, action: str, **arguments: Any) -> Any:
        """Run an action and give what it answers as JSON; its error as a text when it fails."""
        call = Sealed(NamedAction(action=action, arguments=arguments))
        reply = await self._send(PerformAction(**self._facts(), call=call))
        if reply.kind == "problem":
            assert reply.problem is not None
            return reply.problem.value.message
        assert reply.response is not None, reply
        return orjson.loads(base64.b64decode(reply.response.value.body_base64))

    async def click(self, action: str, **arguments: Any) -> None:
        """Run an action that leads to a screen."""
        call = Sealed(NamedAction(action=action, arguments=arguments))
        await self._ask(PerformAction(**self._facts(), call=call))

    async def set(self, **variables: Any) -> None:
        """Variables are set from outside."""
        await self._ask(WriteVariables(**self._facts(), variables=Sealed(variables)))

    async def run(self, action: str, *, operation_id: str = "", **arguments: Any) -> None:
        """Run an action that changes answers; what is shown afterwards counts for nothing."""
        call = Sealed(NamedAction(action=action, arguments=arguments))
        facts = {**self._facts(), **({"operation_id": operation_id} if operation_id else {})}
        reply = await self._send(PerformAction(**facts, call=call))
        assert reply.kind != "problem", reply

    async def back(self) -> None:
        await self._ask(GoBack(**self._facts(), step=self.reply.steps))

    async def check_in(self) -> TurnReply:
        return await self._send(CheckIn(**self._facts()))

    async def variables(self) -> dict[str, Any]:
        reply = await self._send(ReadVariables(**self._facts()))
        assert reply.variables is not None
        return reply.variables.value

    async def variables_with_internal(self) -> dict[str, Any]:
        """The answers, and what the interview remembers beside them."""
        reply = await self._send(ReadVariables(**self._facts(), includes_internal=True))
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
            "interview": self.interview,
            "session_code": Sealed(self.code),
            "visitor": Sealed(self.visitor),
        }
