"""Codes of an authenticator, and those for who has lost it."""

from __future__ import annotations

import pyotp
import pytest

from shared.kernel.clock import ManualClock
from shared.people import store
from shared.people.directory import Directory
from shared.people.records import TooManyAttempts, WrongCode
from shared.people.second_factor import SecondFactor
from shared.people.sign_in import SignIn

from .conftest import HOME
from .test_sign_in import sign_up


async def enrolled(directory: Directory, factor: SecondFactor, clock: ManualClock) -> tuple[int, str, list[str]]:
    account_id = await sign_up(directory)
    secret = factor.begin("ann@example.org").secret
    codes = await factor.turn_on(directory.database, account_id, secret, pyotp.TOTP(secret).at(clock.now()))
    await clock.advance(30)
    return account_id, secret, codes


async def test_a_code_is_good_once(
    directory: Directory, second_factor: SecondFactor, sign_in: SignIn, clock: ManualClock
) -> None:
    account_id, secret, _ = await enrolled(directory, second_factor, clock)
    code = pyotp.TOTP(secret).at(clock.now())
    await sign_in.check_code(account_id, f"{code[:3]} {code[3:]}", HOME)
    with pytest.raises(WrongCode):
        await sign_in.check_code(account_id, code, HOME)


async def test_the_code_that_turned_it_on_is_used_up(
    directory: Directory, second_factor: SecondFactor, sign_in: SignIn, clock: ManualClock
) -> None:
    account_id, secret, _ = await enrolled(directory, second_factor, clock)
    with pytest.raises(WrongCode):
        await sign_in.check_code(account_id, pyotp.TOTP(secret).at(int(clock.now().timestamp()) - 30), HOME)


async def test_a_recovery_code_is_good_once_and_its_owner_s_only(
    directory: Directory, second_factor: SecondFactor, sign_in: SignIn, clock: ManualClock
) -> None:
    account_id, _, codes = await enrolled(directory, second_factor, clock)
    other_id = await sign_up(directory, "bo@example.org")
    other = second_factor.begin("bo@example.org").secret
    await second_factor.turn_on(directory.database, other_id, other, pyotp.TOTP(other).at(clock.now()))
    with pytest.raises(WrongCode):
        await sign_in.check_code(other_id, codes[0], HOME)
    await sign_in.check_code(account_id, codes[0].upper(), HOME)
    assert await store.count_recovery_codes(directory.database, account_id) == len(codes) - 1
    with pytest.raises(WrongCode):
        await sign_in.check_code(account_id, codes[0], HOME)


async def test_codes_cannot_be_guessed_in_a_row(
    directory: Directory, second_factor: SecondFactor, sign_in: SignIn, clock: ManualClock
) -> None:
    account_id, secret, _ = await enrolled(directory, second_factor, clock)
    for _ in range(3):
        with pytest.raises(WrongCode):
            await sign_in.check_code(account_id, "000000", HOME)
    with pytest.raises(TooManyAttempts):
        await sign_in.check_code(account_id, pyotp.TOTP(secret).at(clock.now()), HOME)


async def test_a_wrong_code_does_not_turn_it_on(
    directory: Directory, second_factor: SecondFactor, clock: ManualClock
) -> None:
    account_id = await sign_up(directory)
    with pytest.raises(WrongCode):
        await second_factor.turn_on(directory.database, account_id, second_factor.begin("a@b.c").secret, "")
    assert not (await directory.account(account_id)).has_second_factor
