"""The link in a reminder: who opens it says, with one click and without signing in, that they want no more."""

from __future__ import annotations

import pytest

from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from shared.mailbox.opt_outs import OptOuts
from tests.flows.gateway.conftest import Visitor
from tests.flows.gateway.house import House


@pytest.fixture
def opt_outs(house: House, server_keys: ServerKeys) -> OptOuts:
    return OptOuts(database=house.database, sealer=server_keys.at_rest, clock=SystemClock())


async def test_who_opens_the_link_can_have_no_more_reminders_and_have_them_again(
    opt_outs: OptOuts, visitor: Visitor
) -> None:
    session_id = new_id()
    code = (await opt_outs.ask(session_id, "ann@example.org")).code
    page = await visitor.http.get(f"/reminders?c={code}")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert not (await opt_outs.ask(session_id, "ann@example.org")).is_out  # looking changes nothing
    page = await visitor.http.post(f"/reminders?c={code}")
    assert "You get no more reminders" in page.text
    assert (await opt_outs.ask(session_id, "ann@example.org")).is_out
    assert not (await opt_outs.ask(session_id, "bob@example.org")).is_out
    assert not (await opt_outs.ask(new_id(), "ann@example.org")).is_out
    assert 'name="again"' in page.text
    await visitor.http.post(f"/reminders?c={code}", data={"again": "1"})
    assert not (await opt_outs.ask(session_id, "ann@example.org")).is_out


async def test_a_mail_program_says_it_by_itself(opt_outs: OptOuts, visitor: Visitor) -> None:
    session_id = new_id()
    code = (await opt_outs.ask(session_id, "ann@example.org")).code
    answer = await visitor.http.post(f"/reminders?c={code}", data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200  # RFC 8058: no redirect, no cookie, no token
    assert (await opt_outs.ask(session_id, "Ann <ANN@example.org>")).is_out


async def test_the_page_speaks_the_language_of_the_browser(opt_outs: OptOuts, visitor: Visitor) -> None:
    code = (await opt_outs.ask(new_id(), "ann@example.org")).code
    german = {"accept-language": "de-AT,de;q=0.9"}
    page = await visitor.http.get(f"/reminders?c={code}", headers=german)
    assert '<html lang="de">' in page.text
    assert "Keine Erinnerungen mehr" in page.text
    page = await visitor.http.get("/user/sign-in", headers=german)
    assert "Ich habe mein Passwort vergessen" in page.text


@pytest.mark.parametrize("query", ["", "?c=", "?c=nobodyknows", "?c=" + "x" * 500])
async def test_a_made_up_code_says_nothing(visitor: Visitor, query: str) -> None:
    for answer in (await visitor.http.get(f"/reminders{query}"), await visitor.http.post(f"/reminders{query}")):
        assert answer.status_code == 404
        assert "This link is incomplete" in answer.text
