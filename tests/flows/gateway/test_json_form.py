"""The JSON form of screens: another front end can be written against it (docs/integrators)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from services.gateway.json_form import SCHEMA, CheckInData, ErrorData, ScreenData, written
from shared.contracts.base import Sealed
from shared.contracts.session import GoBack, PerformAction, SessionCommand, SubmitAnswers, TurnReply
from tests.flows.gateway.conftest import Visitor
from tests.flows.gateway.house import House
from tests.flows.gateway.plays import PLAYS
from tests.flows.gateway.session_double import action


class FrontEnd:
    """A program that knows the JSON form and nothing else of us."""

    def __init__(self, visitor: Visitor, interview: str) -> None:
        self.http, self.interview = visitor.http, interview
        self.screen: ScreenData

    async def open(self) -> ScreenData:
        answer = await self.http.get("/interview", params={"i": self.interview, "json": "1"})
        self.screen = ScreenData.model_validate_json(answer.text)
        return self.screen

    async def post(self, **fields: str) -> ScreenData:
        """Post something with what goes with every post."""
        screen = self.screen
        always = {"json": "1", "csrf_token": screen.csrf_token, "_session": screen.session, "_step": str(screen.steps)}
        answer = await self.http.post(screen.post_url, data={**always, "_operation": screen.operation, **fields})
        self.screen = ScreenData.model_validate_json(answer.text)
        return self.screen

    async def answer(self, **values: str) -> ScreenData:
        """Answer by the names of variables."""
        inputs = {field.variable_name: field.input_name for field in self.screen.fields}
        posted = {inputs[name.replace("__", ".")]: value for name, value in values.items()}
        return await self.post(_form=self.screen.form, **posted)


def test_the_schema_in_the_documentation_is_that_of_the_code() -> None:
    assert SCHEMA.read_bytes() == written(), "run python -m services.gateway.json_form --write"


@pytest.mark.parametrize("interview", PLAYS)
async def test_every_kind_of_screen_has_the_documented_form(visitor: Visitor, interview: str) -> None:
    screen = await FrontEnd(visitor, interview).open()
    assert screen.i == interview
    assert screen.questionText


async def test_recordings_and_terms_are_told_apart_from_the_texts(visitor: Visitor) -> None:
    screen = await FrontEnd(visitor, "test:data/questions/names.yml").open()
    assert screen.audio == (("/packagestatic/test/name.mp3", "audio/mpeg"),)
    assert screen.video == (("/packagestatic/test/name.mp4", "video/mp4"),)
    assert screen.terms == {"name": "<p>What you are called.</p>"}
    assert screen.autoterms == {"keep": "<p>Tell nobody.</p>"}


async def test_a_front_end_answers_goes_back_and_runs_actions(house: House, visitor: Visitor) -> None:
    front = FrontEnd(visitor, "test:data/questions/names.yml")
    assert (await front.open()).questionText == "What is your name?"
    first = front.screen
    assert (await front.answer(user__name="Ann")).questionText == "Hello, Ann!"
    front.screen = first
    assert (await front.answer(user__name="Eve")).questionText == "Hello, Ann!", "the same operation is one operation"
    assert len(house.double.sessions[first.session].steps) == 2
    assert front.screen.allow_going_back
    await front.post(_back_one="1", _operation=front.screen.back_operation)
    assert front.screen.questionText == "What is your name?"
    assert house.double.asked_for(GoBack)[0].step == 2
    await front.post(_action=action("rename", to="Zoe"))
    assert house.double.asked_for(PerformAction)[0].call.value.arguments == {"to": "Zoe"}


async def test_a_front_end_presses_a_button_and_ticks_boxes(house: House, visitor: Visitor) -> None:
    front = FrontEnd(visitor, "test:data/questions/yesno.yml")
    await front.open()
    no = next(button for button in front.screen.buttons if button.label == "No")
    assert (await front.post(_form=front.screen.form, **{no.name: no.value})).questionText == "You said False."
    front = FrontEnd(visitor, "test:data/questions/many.yml")
    animals = next(field for field in (await front.open()).fields if field.variable_name == "animals")
    cat = next(choice for choice in animals.choices if choice.label == "Cat")
    await front.post(_form=front.screen.form, **{cat.input_name: cat.value})
    posted = house.double.asked_for(SubmitAnswers)[-1].submission.value.inputs
    assert [(one.name, one.value) for one in posted] == [(cat.input_name, "True")]


async def test_a_front_end_checks_in(visitor: Visitor) -> None:
    front = FrontEnd(visitor, "test:data/questions/checking.yml")
    screen = await front.open()
    assert screen.do_action
    fields = {"csrf_token": screen.csrf_token, "_session": screen.session, "do_action": screen.do_action}
    answer = await visitor.http.post(screen.check_in_url, data={**fields, "parameters": "{}"})
    assert CheckInData.model_validate_json(answer.text).success


async def test_a_front_end_is_told_what_went_wrong(visitor: Visitor) -> None:
    answer = await visitor.http.get("/interview", params={"i": "test:data/questions/nothing.yml", "json": "1"})
    said = ErrorData.model_validate_json(answer.text)
    assert (answer.status_code, said.error["reason"], said.is_retryable) == (404, "not_found", False)


@pytest.mark.parametrize(
    ("command", "location"),
    [
        (SessionCommand(name="leave", url="/list?tag=a"), "/list?tag=a&json=1"),
        (SessionCommand(name="leave", url="https://example.org/"), "https://example.org/"),
        (SessionCommand(name="refresh"), "/interview?i=test%3Adata%2Fquestions%2Fnames.yml&json=1"),
    ],
)
async def test_a_front_end_that_is_led_elsewhere_gets_the_json_form_there(
    house: House, visitor: Visitor, command: SessionCommand, location: str
) -> None:
    house.double.replies.append(TurnReply(kind="command", command=Sealed(command)))
    answer = await visitor.http.get("/interview", params={"i": "test:names.yml", "json": "1"})
    assert (answer.status_code, answer.headers["location"]) == (303, location)


async def test_the_post_address_names_the_interview(visitor: Visitor) -> None:
    screen: Any = await FrontEnd(visitor, "test:data/questions/names.yml").open()
    assert parse_qs(urlsplit(screen.post_url).query) == {"i": ["test:data/questions/names.yml"]}


async def test_a_collected_list_is_told_without_the_elements_in_reserve(visitor: Visitor) -> None:
    screen = await FrontEnd(visitor, "test:data/questions/collect.yml").open()
    assert (screen.listCollect["count"], screen.listCollect["labels"]) == (2, ["1.", "2."])
