"""Accounts, privileges, mailed links."""

from __future__ import annotations

import asyncio

import pytest

from shared.kernel.clock import ManualClock
from shared.people import permissions, store
from shared.people.directory import Directory
from shared.people.links import Links
from shared.people.records import (
    AddressMalformed,
    LastAdministrator,
    LinkSpent,
    Profile,
    UnknownPrivilege,
    checked_address,
)
from shared.storage.database import Database

from .test_sign_in import sign_up


async def with_privileges(directory: Directory, email: str, *names: str) -> int:
    account_id = await sign_up(directory, email)
    async with directory.database.transaction() as connection:
        await store.set_privileges(connection, account_id, names)
    return account_id


@pytest.mark.parametrize("text", ["", "ann", "ann@", "@b", "a b@c.d", "a@b@c", "a@b\r\nBcc: x@y", "<a@b>", "a..b@c.d"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(AddressMalformed):
        checked_address(text)


async def test_the_last_administrator_stays(rows: Database, directory: Directory) -> None:
    admin = await with_privileges(directory, "root@example.org", "admin")
    for change in (
        lambda c: store.set_privileges(c, admin, ["user"]),
        lambda c: store.set_active(c, admin, False),
        lambda c: store.delete(c, admin),
    ):
        with pytest.raises(LastAdministrator):
            async with rows.transaction() as connection:
                await change(connection)


async def test_of_two_administrators_who_leave_at_once_one_stays(rows: Database, directory: Directory) -> None:
    both = [await with_privileges(directory, f"{name}@example.org", "admin") for name in ("a", "b")]

    async def leave(account_id: int) -> None:
        async with rows.transaction() as connection:
            await store.set_privileges(connection, account_id, ["user"])

    ended = await asyncio.gather(*(leave(one) for one in both), return_exceptions=True)
    assert sum(isinstance(one, LastAdministrator) for one in ended) == 1


async def test_only_known_privileges_can_be_given(rows: Database, directory: Directory) -> None:
    with pytest.raises(UnknownPrivilege):
        await with_privileges(directory, "a@example.org", "emperor")
    assert await store.add_privilege(rows, "emperor", ["create_user"])
    account = await directory.account(await with_privileges(directory, "b@example.org", "emperor"))
    assert account.may("create_user")
    assert not account.may("edit_user_info")
    await store.remove_privilege(rows, "emperor")
    assert (await directory.account(account.id)).privileges == ("user",)


async def test_privileges_of_the_house_stay(rows: Database) -> None:
    await store.remove_privilege(rows, "admin")
    assert "admin" in [name for name, _, _ in await store.privileges(rows)]


async def test_nobody_gives_what_is_above_them(rows: Database, directory: Directory) -> None:
    await store.add_privilege(
        rows, "clerk", ["create_user", "edit_user_info", "edit_user_privileges", "edit_user_password"]
    )
    clerk = await directory.account(await with_privileges(directory, "clerk@example.org", "clerk"))
    admin = await directory.account(await with_privileges(directory, "root@example.org", "admin"))
    plain = await directory.account(await sign_up(directory, "plain@example.org"))
    assert permissions.may_create(clerk, ["user"])
    assert not permissions.may_create(clerk, ["admin"])
    assert not permissions.may_create(admin, ["cron"])
    assert permissions.may_edit(clerk, plain)
    assert not permissions.may_edit(clerk, admin)
    assert not permissions.may_set_password(clerk, admin)
    assert not permissions.may_set_privileges(clerk, plain, ["admin"])
    assert not permissions.may_set_privileges(clerk, admin, ["user"])
    assert permissions.may_set_privileges(clerk, plain, ["customer"])
    assert not permissions.may_set_active(admin, admin)
    assert not permissions.may_set_privileges(None, plain, ["user"])
    assert not permissions.may_see(plain, admin.id)


async def test_pages_of_accounts_follow_each_other(rows: Database, directory: Directory) -> None:
    ids = [await sign_up_quickly(rows, directory, f"p{n}@example.org") for n in range(103)]
    first, after = await store.page(rows)
    assert after is not None
    second, end = await store.page(rows, after=after)
    assert [one.id for one in (*first, *second)] == ids
    assert end is None
    found, _ = await store.page(rows, search="P100@")
    assert [one.email for one in found] == ["p100@example.org"]
    assert (await store.page(rows, search="%"))[0] == []


async def sign_up_quickly(rows: Database, directory: Directory, email: str) -> int:
    new = await directory.prepare(email=email, password=None)
    await directory.add(rows, new)
    return new.id


async def test_what_people_tell_of_themselves_is_kept_as_lines(directory: Directory) -> None:
    new = await directory.prepare(
        email="a@example.org", password=None, profile=Profile(first_name=" A\r\nnn ", last_name="x" * 400)
    )
    assert new.profile.first_name == "Ann"
    assert len(new.profile.last_name) == 255


async def test_a_link_opens_once_and_for_its_purpose_only(rows: Database, links: Links) -> None:
    token = await links.make(rows, "invitation", {"privilege": "user"})
    assert (await links.look(rows, "invitation", token)).data == {"privilege": "user"}
    with pytest.raises(LinkSpent):
        await links.look(rows, "reset", token)
    await links.use(rows, "invitation", token)
    with pytest.raises(LinkSpent):
        await links.use(rows, "invitation", token)


async def test_an_old_link_opens_nothing(rows: Database, links: Links, clock: ManualClock) -> None:
    token = await links.make(rows, "reset", {})
    await clock.advance(3601)
    with pytest.raises(LinkSpent):
        await links.look(rows, "reset", token)


async def test_the_table_of_links_holds_neither_link_nor_content(rows: Database, links: Links) -> None:
    token = await links.make(rows, "sign_up", {"email": "canary@example.org"})
    row = await rows.fetchrow("select * from people.tokens")
    assert row is not None
    assert token not in repr(dict(row))
    assert "canary" not in repr(dict(row))


async def test_what_means_nothing_any_more_is_forgotten(
    rows: Database, directory: Directory, links: Links, clock: ManualClock
) -> None:
    await links.make(rows, "reset", {})
    await rows.execute("insert into people.attempts values ('\\x01', 1, $1, null)", clock.now())
    now = clock.now()
    await store.drop_old(rows, now=now, devices_before=now, attempts_before=now)
    assert await rows.fetchval("select count(*) from people.tokens") == 1
    await clock.advance(3 * 24 * 3600)
    now = clock.now()
    await store.drop_old(rows, now=now, devices_before=now, attempts_before=now)
    assert await rows.fetchval("select count(*) from people.tokens") == 0
    assert await rows.fetchval("select count(*) from people.attempts") == 0
