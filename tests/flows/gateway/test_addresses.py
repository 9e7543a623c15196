"""Where a browser is sent, and what the head of an answer says, often comes out of what somebody typed."""

from __future__ import annotations

import pytest

from shared.contracts.base import Sealed
from shared.contracts.session import HttpAnswer, SessionCommand, TurnReply
from tests.flows.gateway.conftest import Visitor
from tests.flows.gateway.house import House
from tests.flows.gateway.session_double import action

SMUGGLED = "/next\r\nset-cookie: secret=stolen\r\nx-smuggled: yes"
SCRIPTS = ("javascript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "VBScript:x")


def answer(**headers: str) -> TurnReply:
    """What `response(url=…)` makes."""
    facts = HttpAnswer(status=302 if "Location" in headers else 200, content_type="text/plain", headers=headers)
    return TurnReply(kind="response", response=Sealed(facts))


def command(url: str) -> TurnReply:
    """What `command('exit', url=…)` makes."""
    return TurnReply(kind="command", command=Sealed(SessionCommand(name="exit", url=url)))


async def by_script(visitor: Visitor) -> dict[str, object]:
    """Run an action as a page's script does; gives the answer."""
    fields = {"csrf_token": str(visitor.facts["csrf_token"]), "ajax": "1", "_refresh": "1", "_action": action("go")}
    said: dict[str, object] = (await visitor.post(fields)).json()
    return said


@pytest.mark.parametrize("name", ["Location", "Content-Disposition"])
async def test_line_ends_in_a_header_start_no_header_of_their_own(house: House, visitor: Visitor, name: str) -> None:
    house.double.replies = [answer(**{name: SMUGGLED})]
    got = await visitor.http.get("/interview", params={"i": "test:names.yml"})
    assert "x-smuggled" not in got.headers
    assert "stolen" not in "".join(got.headers.get_list("set-cookie"))


async def test_a_content_type_starts_no_header_either(house: House, visitor: Visitor) -> None:
    facts = HttpAnswer(content_type="text/plain\r\nx-smuggled: yes", headers={"x bad\r\nx-smuggled": "yes"})
    house.double.replies = [TurnReply(kind="response", response=Sealed(facts))]
    got = await visitor.http.get("/interview", params={"i": "test:names.yml"})
    assert "x-smuggled" not in got.headers


async def test_letters_that_headers_do_not_know_break_no_answer(house: House, visitor: Visitor) -> None:
    house.double.replies = [answer(Location="/straße/日本?q=ä")]
    got = await visitor.http.get("/interview", params={"i": "test:names.yml"})
    assert got.status_code == 302
    assert got.headers["location"] == "/stra%C3%9Fe/%E6%97%A5%E6%9C%AC?q=%C3%A4"


@pytest.mark.parametrize("url", SCRIPTS)
async def test_no_address_that_runs_a_script_is_gone_to(house: House, visitor: Visitor, url: str) -> None:
    await visitor.open()
    for reply in (answer(Location=url), command(url)):
        house.double.replies = [reply]
        house.double.sessions[str(visitor.facts["session"])].version += 1
        said = await by_script(visitor)
        assert said["action"] == "redirect"
        assert said["url"] == "/"


@pytest.mark.parametrize(
    "url", ["https://example.org/a?b=c#d", "/interview?i=a:b.yml", "mailto:a@example.org", "tel:1"]
)
async def test_other_addresses_stay_as_they_are(house: House, visitor: Visitor, url: str) -> None:
    await visitor.open()
    house.double.replies = [command(url)]
    assert (await by_script(visitor))["url"] == url
