"""A page of a real interview, for histories: `faults:append.yml` does in the language of interviews what the tiny
engine does in Python, so that the same writers can use either.

Two things differ. To show a screen may save it, in which case a look is a version of its own: so a page looks by
reading the answers. And a Back that comes too late shows a screen, too, so that it cannot be told from one that came in
time by what was saved: these pages do not go back.
"""

from __future__ import annotations

import re
from typing import Any

from shared.contracts.base import Sealed
from shared.contracts.screen import Form, Screen
from shared.contracts.session import (
    CheckIn,
    Input,
    NamedAction,
    ReadVariables,
    SessionRequest,
    Submission,
    SubmitAnswers,
    TurnReply,
)
from shared.contracts.visitor import Visitor
from tests.fault.rig import Browser
from tests.flows.system.person import encoded

_LOG = re.compile(r"Log: (.*?) ?end\.")


class AppendPage(Browser):
    """One page of the real interview, with the requests that the tiny engine's pages make."""

    interview = "faults:data/questions/append.yml"
    goes_back = False
    form: Form | None = None

    def joined_by(self, visitor: Visitor) -> AppendPage:
        other = AppendPage(self.bus, visitor=visitor, code=self.code)
        other.form = self.form
        return other

    def opening(self, *, may_create: bool = False, operation_id: str = "", **given: Any) -> SessionRequest:
        if may_create:
            return super().opening(may_create=True, operation_id=operation_id, **given)
        return ReadVariables(**self._facts(operation_id))

    def post(self, *, step: int | None = None, operation_id: str = "", **words: Any) -> SubmitAnswers:
        assert self.form is not None
        launched = words.get("task", {}).get("response_action", {}).get("token", "")
        given = {"token": words["token"], "pause": words.get("sleep", ""), "launch": launched}
        inputs = tuple(Input(name=encoded(name), value=str(value)) for name, value in given.items())
        submission = Sealed(Submission(form=self.form, inputs=inputs))
        step = self.step if step is None else step
        return SubmitAnswers(**self._facts(operation_id), submission=submission, step=step)

    def checking_in(self, *, operation_id: str = "", **words: Any) -> CheckIn:
        call = Sealed(NamedAction(action="append_quietly", arguments={"token": words["token"]}))
        return CheckIn(**self._facts(operation_id), call=call)

    def shown_log(self, reply: TurnReply) -> tuple[str, ...]:
        if reply.variables is not None:
            return tuple(reply.variables.value["log"])
        assert reply.screen is not None, reply
        found = _LOG.search(Screen.model_validate_json(reply.screen.value).subquestion_html)
        assert found is not None, reply.screen.value
        return tuple(found[1].split())

    async def send(self, message: SessionRequest) -> TurnReply:
        reply = await super().send(message)
        if reply.screen is not None and self.form is None:
            self.form = Screen.model_validate_json(reply.screen.value).form
        return reply
