"""Mail that leaves days later: the seed's own reminder, and `remind()`; the clock is set on, a mail server takes it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from services.scheduler import store as schedule
from services.session import cron_store
from shared.crypto.keys import ServerKeys
from shared.kernel.ids import new_id
from shared.mailbox.opt_outs import OptOuts
from shared.mailbox.text_lines import Line, TextLines
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player
from tests.moved_clock import MovedClock
from tests.phone_office import PhoneOffice, phone_office
from tests.post_office import PostOffice, post_office

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def running_office() -> Iterator[PostOffice]:
    with post_office() as office:
        yield office


@pytest.fixture
def office(running_office: PostOffice) -> PostOffice:
    running_office.says, running_office.taken = "250 OK", []
    running_office.refuses.clear()
    return running_office


@pytest.fixture(scope="module")
def phones() -> Iterator[PhoneOffice]:
    with phone_office() as office:
        yield office


@pytest.fixture(scope="module")
def clock() -> MovedClock:
    return MovedClock()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(
    postgres_url: str,
    redis_url: str,
    server_keys: ServerKeys,
    running_office: PostOffice,
    phones: PhoneOffice,
    clock: MovedClock,
) -> AsyncIterator[House]:
    settings = {**running_office.settings, **phones.settings}
    async with running_house(postgres_url, redis_url, server_keys, 2, clock=clock, **settings) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def player(house: House) -> AsyncIterator[Player]:
    """Somebody in the interview of reminders; nothing of it is left for the next test."""
    found = Player(house, "reminders")
    await found.open()
    yield found
    await found.delete()


@pytest.fixture
def opt_outs(house: House, server_keys: ServerKeys, clock: MovedClock) -> OptOuts:
    return OptOuts(database=house.database, sealer=server_keys.at_rest, clock=clock)


async def until(is_so: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not (await found if asyncio.iscoroutine(found := is_so()) else found):
            await asyncio.sleep(0.05)


async def until_set(house: House, player: Player, number: int = 1) -> None:
    """Timers reach the scheduler after the turn."""

    async def there() -> bool:
        waiting = await schedule.timers(house.database, session_id=player.reply.session_id, state="waiting")
        return len(waiting) == number

    await until(there)


# -- The seed's own example


class Days:
    """Lets days pass, each with its fire of cron_daily."""

    def __init__(self, house: House, clock: MovedClock) -> None:
        self._house, self._clock = house, clock

    async def pass_by(self, days: int) -> None:
        """So many days go by at once; what a day's fire does is done when this returns."""
        before = {fire.fire_id for fire in await self._fires()}
        self._clock.move(days=days)

        async def visited() -> bool:
            new = [fire for fire in await self._fires() if fire.fire_id not in before]
            if not new:
                return False
            counts = {row["status"] for row in await cron_store.summary(self._house.database, new[0].fire_id)}
            return bool(counts) and "waiting" not in counts

        await until(visited)

    async def _fires(self) -> list[schedule.Fire]:
        return await schedule.fires(self._house.database, cron_type="cron_daily")


async def test_twenty_days_after_the_filing_date_a_reminder_leaves_once(
    house: House, clock: MovedClock, office: PostOffice
) -> None:
    player, days = Player(house, "filing"), Days(house, clock)
    await player.open()
    await player.answer(filing_date=f"{clock.now() - timedelta(days=1):%Y-%m-%d}")
    await player.answer(email_address="ann@example.org")
    assert player.question == "We will remind you"
    await player.press("Leave")
    for _ in range(3):
        await days.pass_by(5)
    assert office.taken == []
    assert await player.act("tell") == 0
    await days.pass_by(6)
    [mail] = office.received("The other party has not answered")
    assert mail["To"] == "ann@example.org"
    text = mail.get_body(("plain",))
    assert text is not None
    assert "Twenty days have passed since you filed on" in text.get_content()
    assert f"session={player.code}" in text.get_content()
    for _ in range(2):
        await days.pass_by(1)
    assert len(office.taken) == 1
    assert await player.act("tell") == 1
    await player.delete()


# -- remind()


async def test_a_reminder_leaves_when_its_time_has_come_with_what_is_known_then(
    house: House, player: Player, clock: MovedClock, office: PostOffice
) -> None:
    await player.click("set_reminder", days=3)
    await until_set(house, player)
    clock.move(days=2)
    await player.set(deadline="Monday")
    assert await player.act("tell") == [False, False]
    assert office.taken == []
    clock.move(days=1, seconds=1)
    await until(lambda: office.taken)
    [mail] = office.received("Soon: Monday")
    assert mail["To"] == "Ann Lee <ann@example.org>"
    stop = re.fullmatch(r"<(http://localhost/reminders\?c=\w+)>", mail["List-Unsubscribe"])
    assert stop is not None
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert page is not None
    assert f"No more reminders: {stop[1]}" in text.get_content()
    assert f'<a href="{stop[1]}">No more reminders</a>' in page.get_content()
    assert "<em>hurry</em>" in page.get_content()

    async def is_done() -> bool:
        return bool(await player.act("tell") == [True, True])

    await until(is_done)
    assert await player.act("take_back") is False


async def test_each_gets_a_mail_of_their_own_and_who_has_said_no_more_gets_none(
    house: House, player: Player, clock: MovedClock, office: PostOffice, opt_outs: OptOuts
) -> None:
    await player.set(others=["Bob <bob@example.org>", "carol@example.org"])
    said = await opt_outs.ask(player.reply.session_id, "Bob@Example.org")
    await opt_outs.say(said.code, is_out=True)
    await player.click("set_reminder", days=1)
    await until_set(house, player)
    clock.move(days=1, seconds=1)
    await until(lambda: len(office.taken) == 2)
    mails = office.received("Soon: Friday")
    assert [mail["To"] for mail in mails] == ["Ann Lee <ann@example.org>", "carol@example.org"]
    assert len({mail["List-Unsubscribe"] for mail in mails}) == 2


async def test_what_the_mail_server_does_not_take_is_tried_again_for_those_who_have_not_had_it(
    house: House, player: Player, clock: MovedClock, office: PostOffice
) -> None:
    await player.set(others=["bob@example.org"])
    office.refuses.add("bob@example.org")
    await player.click("set_reminder", days=1)
    await until_set(house, player)
    clock.move(days=1, seconds=1)
    await until(lambda: len(office.taken) == 1)
    await until_set(house, player)
    office.refuses.clear()
    clock.move(minutes=6)
    await until(lambda: len(office.taken) == 2)
    assert [envelope.rcpt_tos for envelope in office.taken] == [["ann@example.org"], ["bob@example.org"]]


async def test_a_reminder_that_is_taken_back_is_silent_and_one_that_repeats_comes_again(
    house: House, player: Player, clock: MovedClock, office: PostOffice
) -> None:
    await player.click("set_weekly")
    await until_set(house, player)
    for number in (1, 2):
        clock.move(days=7, seconds=1)
        await until(lambda number=number: len(office.received("Weekly")) == number)
    page = office.received("Weekly")[0].get_body(("html",))
    assert page is not None
    assert "Look at &lt;it&gt;" in page.get_content()
    assert await player.act("take_back") is True
    await until_set(house, player, 0)
    clock.move(days=7, seconds=1)
    await player.click("set_reminder", days=0)  # behind it in the same table
    await until(lambda: office.received("Soon: Friday"))
    assert len(office.received("Weekly")) == 2


async def test_a_reminder_can_be_a_text_message_to_who_wants_it(
    house: House, player: Player, clock: MovedClock, phones: PhoneOffice, opt_outs: OptOuts
) -> None:
    phones.taken.clear()
    await player.click("set_text")
    await until_set(house, player)
    clock.move(days=1, seconds=1)
    await until(lambda: phones.taken)
    [message] = phones.taken
    assert message["To"] == "+16175550123"
    said, _, stop = message["Body"].rpartition("No more reminders: ")
    assert said == "Soon\nDear Ann Lee, hurry\n"
    code = stop.partition("/reminders?c=")[2]
    await opt_outs.say(code, is_out=True)
    await player.click("set_text")
    await until_set(house, player)
    clock.move(days=1, seconds=1)

    async def is_done() -> bool:
        return bool((await player.act("tell"))[0])

    await until(is_done)
    assert len(phones.taken) == 1


@pytest.mark.parametrize("is_told_by_provider", [False, True])
async def test_who_has_answered_stop_gets_no_reminder_and_none_is_tried_again(
    house: House,
    player: Player,
    clock: MovedClock,
    phones: PhoneOffice,
    server_keys: ServerKeys,
    is_told_by_provider: bool,
) -> None:
    line = Line("+15550000001", "+16175550123")
    lines = TextLines(database=house.database, sealer=server_keys.at_rest, clock=clock)
    if is_told_by_provider:
        phones.refuses[line.theirs] = (400, 21610)
    else:
        await lines.hear(line, "stop", new_id())
    try:
        await player.click("set_text")
        await until_set(house, player)
        before = len(phones.taken)
        clock.move(days=1, seconds=1)

        async def is_done() -> bool:
            return bool((await player.act("tell"))[0])

        await until(is_done)
        await until_set(house, player, 0)
        assert len(phones.taken) == before
        ledger = "select state, is_unwanted from mailbox.sendings where session_id = $1"
        [row] = await house.database.fetch(ledger, player.reply.session_id)
        assert tuple(row) == ("failed", True)
    finally:
        phones.refuses.clear()
        await lines.hear(line, "start", new_id())


async def test_what_makes_no_sense_is_said_when_the_reminder_is_set(house: House, player: Player) -> None:
    said = await player.act("try_nonsense")
    expected = ["'email' or 'sms'", "a `body`", "nobody to remind", "needs `at`", "has passed", "is not understood"]
    assert all(words in text for words, text in zip(expected, said, strict=True)), said
    assert await schedule.timers(house.database, session_id=player.reply.session_id) == []


async def test_what_a_reminder_lacks_is_asked_for_when_it_is_set(player: Player) -> None:
    await player.click("ask_for_more")
    assert player.question == "What does only a person know?"


async def test_a_visitor_does_not_set_off_a_reminder(
    house: House, player: Player, office: PostOffice, server_keys: ServerKeys
) -> None:
    await player.click("set_reminder", days=30)
    await until_set(house, player)
    (reminder,) = (await player.variables_with_internal())["_internal"]["reminders"]
    await player.click("_da_remind", reminder=reminder)
    assert office.taken == []
