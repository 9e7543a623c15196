"""Temporary links: who may follow them, how often, and for how long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.stores.links import Links
from tests.flows.gateway.conftest import Visitor
from tests.flows.gateway.house import House


@pytest.fixture
def links(house: House, server_keys: ServerKeys) -> Links:
    """What interviews make links with."""
    return Links(database=house.database, sealer=server_keys.at_rest, clock=SystemClock())


async def test_a_link_leads_where_it_was_made_to_lead_until_it_ends(links: Links, visitor: Visitor) -> None:
    code = await links.add("https://example.org/a?b=c", seconds=3600, is_once=False)
    assert len(code) == 32
    for _ in range(2):
        answer = await visitor.http.get(f"/goto?c={code}")
        assert (answer.status_code, answer.headers["location"]) == (302, "https://example.org/a?b=c")
    ended = await links.add("/list", seconds=-1, is_once=False)
    answer = await visitor.http.get(f"/goto?c={ended}")
    assert answer.status_code == 403
    assert "has expired" in answer.text


async def test_a_link_for_one_visit_is_spent_by_it_but_not_by_programs_that_look_at_it(
    links: Links, visitor: Visitor
) -> None:
    code = await links.add("/list", seconds=3600, is_once=True)
    looked = await visitor.http.get(f"/goto?c={code}", headers={"user-agent": "WhatsApp/2.23 A"})
    assert (looked.status_code, looked.text) == (200, "")
    assert (await visitor.http.head(f"/goto?c={code}")).status_code == 200
    assert (await visitor.http.get(f"/goto?c={code}")).status_code == 302
    assert (await visitor.http.get(f"/goto?c={code}")).status_code == 403


@pytest.mark.parametrize("query", ["", "?c=", "?c=nobodyknows"])
async def test_a_made_up_link_is_refused(visitor: Visitor, query: str) -> None:
    assert (await visitor.http.get(f"/goto{query}")).status_code == 403


async def test_a_link_runs_no_script(links: Links, visitor: Visitor) -> None:
    code = await links.add("javascript:alert(1)", seconds=60, is_once=False)
    assert (await visitor.http.get(f"/goto?c={code}")).headers["location"] == "/"


async def test_tables_open_nothing_and_what_has_ended_goes(house: House, links: Links, server_keys: ServerKeys) -> None:
    code = await links.add("https://example.org/secret", seconds=60, is_once=False)
    row = await house.database.fetchrow("select code_hash, target_sealed from stores.links")
    assert row is not None
    assert code.encode() not in row[0]
    assert b"secret" not in row[1]
    later = Links(database=house.database, sealer=server_keys.at_rest, clock=_Later())
    await later.tidy()
    assert await house.database.fetchval("select count(*) from stores.links") == 0


class _Later(SystemClock):
    """An hour on."""

    def now(self):  # type: ignore[no-untyped-def]
        return super().now() + timedelta(hours=1)
