"""A database with the tables of people, and what works on them."""

from __future__ import annotations

import pytest

from shared.crypto.keys import ServerKeys
from shared.crypto.passwords import Cost
from shared.kernel.clock import ManualClock
from shared.people.attempts import Attempts, Limits
from shared.people.directory import Directory
from shared.people.links import Links
from shared.people.schema import SCHEMA
from shared.people.second_factor import SecondFactor
from shared.people.sign_in import Caller, SignIn
from shared.storage.database import Database
from shared.storage.migrations import migrate

LIMITS = Limits(per_account_and_address=3, per_address=6, per_account=5, window_seconds=600.0, ban_seconds=60.0)
CHEAP = Cost(rounds=1, memory_kib=64, lanes=1)
HOME = Caller(address="192.0.2.1", device="home-device-cookie")


@pytest.fixture
async def rows(database: Database) -> Database:
    await migrate(database, [SCHEMA])
    await database.execute(
        "truncate people.accounts, people.tokens, people.attempts, people.known_devices, people.identities restart"
        " identity cascade"
    )
    await database.execute("delete from people.privileges where not is_builtin")
    return database


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def directory(rows: Database, server_keys: ServerKeys, clock: ManualClock) -> Directory:
    return Directory(database=rows, server_keys=server_keys, clock=clock, cost=CHEAP)


@pytest.fixture
def second_factor(server_keys: ServerKeys, clock: ManualClock) -> SecondFactor:
    return SecondFactor(server_keys=server_keys, clock=clock)


@pytest.fixture
def links(server_keys: ServerKeys, clock: ManualClock) -> Links:
    return Links(server_keys=server_keys, clock=clock)


@pytest.fixture
def sign_in(directory: Directory, second_factor: SecondFactor, clock: ManualClock) -> SignIn:
    attempts = Attempts(limits=LIMITS, clock=clock)
    return SignIn(directory=directory, attempts=attempts, second_factor=second_factor, clock=clock)
