"""Two sessions set each other's variables at once, again and again: nothing is lost, and neither waits for ever.

Short in the whole suite; `make test-faults` makes it long: 1000 times from each side.
"""

from __future__ import annotations

import asyncio

import pytest

from shared.crypto.keys import ServerKeys
from tests.fault.rig import new_visitor
from tests.flows.session.conftest import running_house
from tests.flows.session.player import Player

pytestmark = [pytest.mark.fault, pytest.mark.timeout(3000)]

TIMES_A_ROUND = 50
AT_ONCE = 4
SECONDS_EACH = 3.0
"""What one of them may take at most on a slow machine, on the average."""


async def test_each_variable_that_the_other_session_has_set_is_there(
    rounds: int, postgres_url: str, redis_url: str, server_keys: ServerKeys
) -> None:
    times, person = TIMES_A_ROUND * rounds, new_visitor()
    async with running_house(postgres_url, redis_url, server_keys, 2) as house:
        one, other = Player(house, "outside", person), Player(house, "outside", person)
        for player in (one, other):
            await player.open()

        async def write(player: Player, target: Player, first: int) -> None:
            for number in range(first, times, AT_ONCE):
                told = await player.act("swap", code=target.code, number=number)
                assert isinstance(told, int), told

        async with asyncio.timeout(times * SECONDS_EACH):
            await asyncio.gather(
                *(write(a, b, first) for a, b in ((one, other), (other, one)) for first in range(AT_ONCE))
            )
        for player in (one, other):
            assert await player.act("swapped_so_far") == [times, times]
