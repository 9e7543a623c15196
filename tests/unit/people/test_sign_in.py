"""Passwords, keys behind them, lock-outs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from shared.crypto.keys import ServerKeys
from shared.crypto.passwords import Cost
from shared.kernel.clock import ManualClock
from shared.people import store
from shared.people.credentials import Credentials
from shared.people.directory import Directory
from shared.people.records import AddressTaken, PasswordTooWeak, SignInRefused, TooManyAttempts
from shared.people.sign_in import Caller, SignIn
from shared.storage.database import Database

from .conftest import CHEAP, HOME

T = TypeVar("T")

ELSEWHERE = Caller(address="198.51.100.7", device="another-device-cookie")


async def sign_up(directory: Directory, email: str = "Ann@Example.org", password: str = "correct horse") -> int:
    new = await directory.prepare(email=email, password=password, shortest=8)
    async with directory.database.transaction() as connection:
        await directory.add(connection, new)
    return new.id


async def test_the_same_password_opens_the_same_key_on_every_device(directory: Directory, sign_in: SignIn) -> None:
    await sign_up(directory)
    first = await sign_in.by_password("ann@example.org", "correct horse", HOME)
    second = await sign_in.by_password("ANN@example.org", "correct horse", ELSEWHERE)
    assert first.key == second.key
    assert first.key.holder == f"user:{first.account.id}.1"
    assert len(first.key.key) == 32


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    directory: Directory, sign_in: SignIn
) -> None:
    await sign_up(directory)
    said = []
    for email in ("ann@example.org", "nobody@example.org"):
        with pytest.raises(SignInRefused) as refused:
            await sign_in.by_password(email, "wrong horse", HOME)
        said.append(str(refused.value))
    assert said[0] == said[1]


class Counted(Credentials):
    """Counts how often a password is worked on: that is what takes the time of an attempt."""

    worked = 0

    async def _in_thread(self, work: Callable[[], T]) -> T:
        self.worked += 1
        return await super()._in_thread(work)


@pytest.mark.parametrize("who", ["somebody", "nobody", "closed", "without a password", "nonsense"])
async def test_whoever_is_meant_an_attempt_is_the_same_work(
    directory: Directory, sign_in: SignIn, server_keys: ServerKeys, who: str
) -> None:
    account_id = await sign_up(directory)
    if who == "closed":
        await store.set_active(directory.database, account_id, False)
    if who == "without a password":
        await directory.database.execute("update people.accounts set password_hash = null, key_salt = null")
    counted = directory.credentials = Counted(server_keys=server_keys, cost=CHEAP)
    with pytest.raises(SignInRefused):
        email = {"nobody": "nobody@example.org", "nonsense": "no address"}.get(who, "ann@example.org")
        await sign_in.by_password(email, "wrong horse", HOME)
    assert counted.worked == 1


async def test_a_closed_account_is_refused_like_a_wrong_password(directory: Directory, sign_in: SignIn) -> None:
    account_id = await sign_up(directory)
    async with directory.database.transaction() as connection:
        await store.set_active(connection, account_id, False)
    with pytest.raises(SignInRefused):
        await sign_in.by_password("ann@example.org", "correct horse", HOME)


async def test_an_address_is_taken_however_its_letters_are_written(directory: Directory) -> None:
    await sign_up(directory)
    with pytest.raises(AddressTaken):
        await sign_up(directory, "ANN@EXAMPLE.ORG")


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaa", "x" * 300])
async def test_weak_passwords_are_refused(directory: Directory, password: str) -> None:
    with pytest.raises(PasswordTooWeak):
        await sign_up(directory, password=password)


async def test_a_new_password_wraps_the_same_key_and_ends_sign_ins(directory: Directory, sign_in: SignIn) -> None:
    await sign_up(directory)
    before = await sign_in.by_password("ann@example.org", "correct horse", HOME)
    secrets, key = await directory.under_new_password(before.account, "battery staple", before.key, shortest=8)
    epoch = await directory.set_password(directory.database, secrets, key)
    after = await sign_in.by_password("ann@example.org", "battery staple", HOME)
    assert after.key == before.key
    assert after.account.epoch == epoch > before.account.epoch
    with pytest.raises(SignInRefused):
        await sign_in.by_password("ann@example.org", "correct horse", HOME)


async def test_without_the_old_password_there_is_another_key(directory: Directory, sign_in: SignIn) -> None:
    await sign_up(directory)
    before = await sign_in.by_password("ann@example.org", "correct horse", HOME)
    secrets, key = await directory.under_new_password(before.account, "battery staple", None, shortest=8)
    await directory.set_password(directory.database, secrets, key)
    after = await sign_in.by_password("ann@example.org", "battery staple", HOME)
    assert after.key.key != before.key.key
    assert after.key.holder != before.key.holder


async def test_an_account_without_a_password_opens_by_the_server_key_only(
    directory: Directory, sign_in: SignIn
) -> None:
    new = await directory.prepare(email="bo@example.org", password=None, login_method="oidc")
    await directory.add(directory.database, new)
    account = await directory.account(new.id)
    assert not account.has_password
    assert await directory.key_without_password(account) == new.key
    with pytest.raises(SignInRefused):
        await sign_in.by_password("bo@example.org", "", HOME)


@pytest.mark.parametrize("email", ["ann@example.org", "nobody@example.org"])
async def test_who_tries_too_often_has_to_wait(
    directory: Directory, sign_in: SignIn, clock: ManualClock, email: str
) -> None:
    await sign_up(directory)
    for _ in range(3):
        with pytest.raises(SignInRefused):
            await sign_in.by_password(email, "wrong horse", HOME)
    with pytest.raises(TooManyAttempts):
        await sign_in.by_password(email, "correct horse", HOME)
    await clock.advance(61)
    with pytest.raises(SignInRefused):
        await sign_in.by_password(email, "wrong horse", HOME)


async def test_guesses_at_once_are_counted_like_guesses_in_a_row(directory: Directory, sign_in: SignIn) -> None:
    await sign_up(directory)
    tries = [sign_in.by_password("ann@example.org", "wrong horse", HOME) for _ in range(8)]
    ended = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, SignInRefused) for one in ended) == 3
    assert sum(isinstance(one, TooManyAttempts) for one in ended) == 5


async def test_strangers_do_not_lock_out_who_has_signed_in_here_before(
    rows: Database, directory: Directory, sign_in: SignIn
) -> None:
    await sign_up(directory)
    proven = await sign_in.by_password("ann@example.org", "correct horse", HOME)
    await sign_in.done(proven.account, HOME)
    for number in range(9):
        with pytest.raises((SignInRefused, TooManyAttempts)):
            await sign_in.by_password("ann@example.org", "guess", Caller(address=f"203.0.113.{number}", device=""))
    with pytest.raises(TooManyAttempts):
        await sign_in.by_password("ann@example.org", "correct horse", ELSEWHERE)
    assert (await sign_in.by_password("ann@example.org", "correct horse", HOME)).account.id == proven.account.id


async def test_a_right_password_clears_what_was_counted(directory: Directory, sign_in: SignIn) -> None:
    await sign_up(directory)
    for _ in range(4):
        for _ in range(2):
            with pytest.raises(SignInRefused):
                await sign_in.by_password("ann@example.org", "wrong horse", Caller(address="", device=""))
        await sign_in.by_password("ann@example.org", "correct horse", Caller(address="", device=""))
        await directory.database.execute("update people.attempts set failures = 0")


async def test_a_password_opens_its_key_after_the_cost_was_changed(
    rows: Database, directory: Directory, server_keys: ServerKeys, clock: ManualClock
) -> None:
    account_id = await sign_up(directory)
    dearer = Directory(database=rows, server_keys=server_keys, clock=clock, cost=Cost(1, 128, 1))
    key = await dearer.open_key(await dearer.account(account_id), "correct horse")
    assert key == await directory.open_key(await directory.account(account_id), "correct horse")
