"""Accounts to which nobody comes back are deleted with the daily sweep (spec/area3 §2.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.contracts.envelope import Envelopes
from shared.contracts.session import RunSweep
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from shared.people.schema import SCHEMA as PEOPLE
from shared.storage.migrations import migrate
from tests.fault.rig import Browser, Rig, new_visitor, running_rig

DAY = timedelta(days=1)


@pytest.fixture
async def rig(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> AsyncIterator[Rig]:
    async with running_rig(postgres_url, redis_url, server_keys, user_delete_days=365) as rig:
        await migrate(rig.database, [PEOPLE])
        yield rig


async def account(rig: Rig, name: str, *, away: timedelta, privileges: tuple[str, ...] = ("user",)) -> str:
    """An account whose owner signed in for the last time so long ago; gives its number."""
    then = SystemClock().now() - away
    number = await rig.database.fetchval(
        "insert into people.accounts (email, email_key, privileges, is_active, created_at, last_login_at)"
        " values ($1, $1, $2, true, $3, $3) returning id",
        f"{name}-{new_id()}@example.org",
        list(privileges),
        then,
    )
    return str(number)


async def session_of(rig: Rig, user: str, *, silent_for: timedelta) -> Browser:
    visitor = new_visitor(user, holder="user")
    facts = visitor.user.model_copy(update={"is_authenticated": True, "is_anonymous": False})
    browser = Browser(rig.bus, visitor=visitor.model_copy(update={"user": facts}))
    reply = await browser.open()
    moment = SystemClock().now() - silent_for
    await rig.database.execute("update session.sessions set modified_at = $2 where id = $1", reply.session_id, moment)
    return browser


async def a_day_passes(rig: Rig) -> None:
    """The daily sweep, until it has planned its work."""
    message = RunSweep(fire_id=new_id(), cron_type="cron_daily")
    envelope = Envelopes("tests", SystemClock()).wrap(message)
    await rig.bus.publish([envelope])
    async with asyncio.timeout(60):
        while not await rig.database.fetchval(
            "select exists (select 1 from bus.inbox where message_id = $1)", envelope.key
        ):
            await asyncio.sleep(0.02)


async def is_there(rig: Rig, number: str) -> bool:
    return bool(await rig.database.fetchval("select exists (select 1 from people.accounts where id = $1)", int(number)))


async def test_who_has_not_come_for_so_long_is_deleted_with_their_sessions(rig: Rig) -> None:
    gone, back = await account(rig, "gone", away=366 * DAY), await account(rig, "back", away=364 * DAY)
    theirs = await session_of(rig, gone, silent_for=80 * DAY + 300 * DAY)
    await rig.database.execute("update session.sessions set modified_at = now() - interval '366 days'")
    await a_day_passes(rig)
    assert [await is_there(rig, number) for number in (gone, back)] == [False, True]
    assert (await theirs.open(may_create=False)).kind != "screen"


async def test_who_works_in_a_session_without_signing_in_anew_stays(rig: Rig) -> None:
    number = await account(rig, "works", away=400 * DAY)
    browser = await session_of(rig, number, silent_for=10 * DAY)
    await a_day_passes(rig)
    assert await is_there(rig, number)
    assert (await browser.open(may_create=False)).kind == "screen"


async def test_other_privileges_the_last_administrator_and_our_own_account_stay(rig: Rig) -> None:
    kept = [
        await account(rig, "developer", away=5000 * DAY, privileges=("developer",)),
        await account(rig, "admin", away=5000 * DAY, privileges=("admin", "user")),
        str(await rig.database.fetchval("select id from people.accounts where 'cron' = any(privileges)")),
    ]
    await a_day_passes(rig)
    assert [await is_there(rig, number) for number in kept] == [True] * 3


async def test_without_a_number_of_days_nobody_is_deleted(
    postgres_url: str, redis_url: str, server_keys: ServerKeys
) -> None:
    async with running_rig(postgres_url, redis_url, server_keys) as rig:
        await migrate(rig.database, [PEOPLE])
        number = await account(rig, "old", away=9000 * DAY)
        await a_day_passes(rig)
        assert await is_there(rig, number)


@pytest.mark.parametrize("for_all", [False, True])
async def test_a_session_that_others_take_part_in_goes_along_only_if_the_operator_says_so(
    postgres_url: str, redis_url: str, server_keys: ServerKeys, for_all: bool
) -> None:
    settings = {"interview_delete_days": 0, "user_delete_days": 365, "user_delete_shared": for_all}
    async with running_rig(postgres_url, redis_url, server_keys, **settings) as rig:
        await migrate(rig.database, [PEOPLE])
        gone = await account(rig, "gone", away=366 * DAY)
        await session_of(rig, gone, silent_for=400 * DAY)
        session_id = await rig.database.fetchval("select session_id from session.attachments where user_id = $1", gone)
        await rig.database.execute(
            "insert into session.attachments (session_id, user_id, started_at) values ($1, 't77', now())", session_id
        )
        await a_day_passes(rig)
        assert not await is_there(rig, gone)
        stays = "select exists (select 1 from session.sessions where id = $1)"
        assert await rig.database.fetchval(stays, session_id) is not for_all
