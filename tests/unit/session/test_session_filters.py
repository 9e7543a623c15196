"""Lists of sessions that a condition chooses from, and deleting what others take part in. On real parts."""

from __future__ import annotations

import itertools

import pytest

from services.session.names import SessionName
from shared.contracts.base import Sealed
from shared.contracts.session_filter import read
from shared.contracts.session_lists import LeaveSessions, LeftSessions
from shared.contracts.visitor import UserFacts, Visitor
from shared.kernel.ids import SessionCode
from tests.fault.rig import INTERVIEW, Browser, Rig, new_visitor
from tests.unit.session.test_my_sessions import listed

NUMBERS = itertools.count(700_000)
_ACCOUNT = """
insert into people.accounts (id, email, email_key, first_name, country, created_at, last_login_at)
overriding system value values ($1, $2, lower($2), $3, $4, now(), '2024-02-01T00:00:00Z')
"""


def id_of(browser: Browser) -> str:
    return SessionName(INTERVIEW, SessionCode(browser.code)).session_id


async def person(rig: Rig, *, first_name: str = "", country: str = "") -> Browser:
    """Somebody with an account, in a session of theirs."""
    number = next(NUMBERS)
    await rig.database.execute(_ACCOUNT, number, f"p{number}@example.org", first_name, country)
    visitor = new_visitor(str(number), holder="user")
    facts = UserFacts(is_anonymous=False, is_authenticated=True, the_user_id=str(number))
    browser = Browser(rig.bus, visitor=Visitor(user=facts, keys=visitor.keys))
    await browser.open()
    return browser


async def codes(rig: Rig, visitor: Visitor, text: str, *, of_everybody: bool = False) -> set[str]:
    page = await listed(
        rig, visitor, condition=Sealed(read(text)), of_everybody=of_everybody, shows_codes=of_everybody, limit=200
    )
    return {entry.code for entry in page.entries.value}


async def test_each_kind_of_condition_chooses_from_ones_own_sessions(rig: Rig) -> None:
    browser = await person(rig, first_name="Ada", country="US")
    number, interview = browser.visitor.user.the_user_id, INTERVIEW
    holds = [
        f"DA.Sessions.filename == '{interview}'",
        f"DA.Sessions.session == '{browser.code}'",
        f"DA.Sessions.user_id == {number}",
        f"DA.Sessions.user_id.In([1, {number}])",
        f"DA.Sessions.email.Like('p{number}@%')",
        "DA.Sessions.first_name == 'Ada'",
        "DA.Sessions.last_name == None",
        "DA.Sessions.user_id != None",
        "DA.Sessions.encrypted == True",
        "DA.Sessions.modtime > '2024-01-01'",
        "DA.Sessions.last_login < '2024-02-02T00:00:00'",
        "(DA.Sessions.country == 'US') & ~(DA.Sessions.country == 'FR')",
        "DA.Or(DA.Sessions.country == 'FR', DA.Sessions.country >= 'US')",
    ]
    for text in holds:
        assert await codes(rig, browser.visitor, text) == {browser.code}, text
        assert await codes(rig, browser.visitor, f"~({text})") == set(), text


async def test_what_is_compared_with_is_a_value_and_never_part_of_a_statement(rig: Rig) -> None:
    browser = await person(rig)
    for value in ("' or true --", "%", "a' ; drop table session.sessions --"):
        assert await codes(rig, browser.visitor, f'DA.Sessions.first_name == "{value}"') == set()
    assert await codes(rig, browser.visitor, "DA.Sessions.user_id > 0") == {browser.code}


async def test_in_ones_own_list_nothing_is_learned_about_others_who_take_part(rig: Rig) -> None:
    mine, theirs = await person(rig, first_name="Ada"), await person(rig, first_name="Zoe")
    await rig.database.execute(
        "insert into session.attachments (session_id, user_id, started_at) values ($1, $2, now())",
        id_of(mine),
        theirs.visitor.user.the_user_id,
    )
    assert mine.code not in await codes(rig, mine.visitor, "DA.Sessions.first_name == 'Zoe'")
    assert mine.code in await codes(rig, mine.visitor, "DA.Sessions.first_name == 'Zoe'", of_everybody=True)


async def test_conditions_choose_from_the_sessions_of_everybody_with_the_address_of_who_takes_part(rig: Rig) -> None:
    one, other = await person(rig, country="NZ"), await person(rig, country="NZ")
    stranger = Browser(rig.bus, visitor=new_visitor(f"t{next(NUMBERS)}"))
    await stranger.open()
    asking = one.visitor
    assert await codes(rig, asking, "DA.Sessions.country == 'NZ'", of_everybody=True) >= {one.code, other.code}
    nobodys = await codes(rig, asking, "DA.Sessions.user_id == None", of_everybody=True)
    assert stranger.code in nobodys
    assert other.code not in nobodys
    page = await listed(rig, asking, of_everybody=True, shows_codes=True, limit=200)
    emails = {entry.code: entry.email for entry in page.entries.value}
    assert emails[other.code] == f"p{other.visitor.user.the_user_id}@example.org"
    assert emails[stranger.code] == ""


@pytest.mark.parametrize("for_all", [False, True])
async def test_a_session_others_take_part_in_stays_unless_it_is_deleted_for_all(rig: Rig, for_all: bool) -> None:
    mine, theirs = await person(rig), await person(rig)
    await rig.database.execute(
        "insert into session.attachments (session_id, user_id, started_at) values ($1, $2, now())",
        id_of(mine),
        theirs.visitor.user.the_user_id,
    )
    message = LeaveSessions(visitor=Sealed(mine.visitor), session_ids=(id_of(mine),), for_all=for_all)
    left = await rig.bus.request(message, LeftSessions, timeout_seconds=30)
    assert left.count == 1
    found = await rig.database.fetchval("select count(*) from session.sessions where id = $1", id_of(mine))
    assert found == (0 if for_all else 1)


async def test_sessions_of_people_without_an_account_are_deleted_by_who_looks_after_all(rig: Rig) -> None:
    keeper = await person(rig)
    stranger = Browser(rig.bus, visitor=new_visitor(f"t{next(NUMBERS)}"))
    await stranger.open()
    message = LeaveSessions(visitor=Sealed(keeper.visitor), session_ids=(id_of(stranger),), of_everybody=True)
    assert (await rig.bus.request(message, LeftSessions, timeout_seconds=30)).count == 1
    assert (await stranger.open(may_create=False)).kind == "missing"
