"""Short names of interviews, what stands at `/`, and addresses that name no interview (spec/area2 §2.1, §2.2)."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

import pytest

from services.gateway.front_door import FrontDoor
from shared.contracts.session import InterviewEntry
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.interview_config import BadInterviewConfig
from shared.stores.links import Links
from tests.flows.gateway.conftest import Visitor
from tests.flows.gateway.house import House, gateway_house

NAMES = "test:data/questions/names.yml"
FORMS = 'dispatch:\n  forms: "test:names.yml"\n'


class Open(Protocol):
    """Opens a gateway whose operator has written this into the file of what interviews may know."""

    async def __call__(self, config: str) -> tuple[House, Visitor]: ...


@pytest.fixture
async def opened(postgres_url: str, server_keys: ServerKeys, tmp_path: Path) -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        async def open_house(config: str) -> tuple[House, Visitor]:
            file = tmp_path / "config.yml"
            file.write_text(config)
            house = await stack.enter_async_context(
                gateway_house(
                    database_url=postgres_url, server_keys=server_keys, packages=tmp_path, interview_config_file=file
                )
            )
            visitor = Visitor(house.url)
            await stack.enter_async_context(visitor.http)
            return house, visitor

        yield open_house


async def led_to(visitor: Visitor, address: str) -> tuple[str, dict[str, str]]:
    """The path and the parameters a browser is sent to from there."""
    answer = await visitor.http.get(address)
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    return parts.path, dict(parse_qsl(parts.query))


async def test_a_short_name_opens_its_interview(opened: Open) -> None:
    _, visitor = await opened(FORMS)
    for address in ("/run/forms", "/run/forms/"):
        assert await led_to(visitor, address + "?a=b") == ("/interview", {"i": NAMES, "a": "b"})
    assert await led_to(visitor, "/start/forms/") == ("/interview", {"i": NAMES, "new_session": "1"})
    code = "S" * 32
    assert await led_to(visitor, f"/start/forms/?session={code}") == ("/interview", {"i": NAMES, "session": code})


async def test_a_name_that_was_not_given_is_not_found(opened: Open) -> None:
    _, visitor = await opened(FORMS)
    assert (await visitor.http.get("/start/nothing/")).status_code == 404


async def test_the_list_shows_what_has_a_name_and_can_be_narrowed(opened: Open) -> None:
    house, visitor = await opened(FORMS)
    house.double.entries = [
        InterviewEntry(reference="test:data/questions/hidden.yml", title="Hidden", tags=("law",)),
        InterviewEntry(reference=NAMES, title="Names", tags=("people",)),
    ]
    listed = (await visitor.http.get("/list?json=1")).json()
    assert [one["title"] for one in listed["interviews"]] == ["Names"]
    assert (await visitor.http.get("/list?json=1&tag=law")).json()["interviews"] == []


async def test_the_root_opens_the_default_interview_or_leads_elsewhere(opened: Open) -> None:
    _, visitor = await opened('default interview: "test:names.yml"\n')
    assert await led_to(visitor, "/?a=b") == ("/interview", {"i": NAMES, "a": "b"})
    assert await led_to(visitor, "/?i=test:other.yml") == ("/interview", {"i": "test:other.yml"})
    assert await led_to(visitor, "/interview?a=b") == ("/interview", {"i": NAMES, "a": "b"})
    _, visitor = await opened("root redirect url: https://example.org/\n")
    assert (await visitor.http.get("/")).headers["location"] == "https://example.org/"


async def test_an_interview_can_take_the_place_of_the_list(opened: Open) -> None:
    _, visitor = await opened('dispatch interview: "test:names.yml"\n')
    assert await led_to(visitor, "/list") == ("/interview", {"i": NAMES, "from_list": "1"})


async def test_who_names_no_interview_is_shown_the_list(opened: Open) -> None:
    _, visitor = await opened(FORMS)
    assert (await led_to(visitor, "/interview"))[0] == "/list"


async def test_what_a_provider_brings_back_names_the_interview(opened: Open) -> None:
    _, visitor = await opened(FORMS)
    state = base64.b64encode(f"{NAMES}^whatever".encode()).decode().rstrip("=")
    assert await led_to(visitor, f"/interview?state={state}&code=7") == (
        "/interview",
        {"i": NAMES, "state": state, "code": "7"},
    )
    assert (await led_to(visitor, "/interview?state=%ff"))[0] == "/list"


async def test_a_launch_link_takes_further_arguments_along_but_opens_nothing_else(
    opened: Open, server_keys: ServerKeys
) -> None:
    house, visitor = await opened(FORMS)
    links = Links(database=house.database, sealer=server_keys.at_rest, clock=SystemClock())
    code = await links.add(f"/interview?i={NAMES}&new_session=1&a=1", seconds=60, is_once=False)
    answer = await visitor.http.get(f"/launch?c={code}&a=2&b=3&i=evil:x.yml&session=x")
    assert dict(parse_qsl(urlsplit(answer.headers["location"]).query)) == {
        "i": NAMES,
        "new_session": "1",
        "a": "2",
        "b": "3",
    }


@pytest.mark.parametrize(
    "config",
    [
        {"dispatch": ["a"]},
        {"dispatch": {"a": "nowhere"}},
        {"default interview": "x"},
        {"root redirect url": "javascript:alert(1)"},
    ],
)
def test_what_cannot_be_used_is_said_at_the_start(config: dict[str, object]) -> None:
    with pytest.raises(BadInterviewConfig):
        FrontDoor.of(config)
