"""Files of a text message that come while others are missing: kept for it alone, and asked for once."""

from __future__ import annotations

import asyncio
import threading
from base64 import b64decode

import pytest

from services.mail import fetching_media
from services.mail.fetching_media import FetchedElsewhere
from shared.kernel.telemetry import Metrics
from shared.mailbox import received
from shared.mailbox.gauges import MailGauges
from shared.mailbox.media_to_fetch import CLAIM_SECONDS, PAUSES_SECONDS
from tests.phone_office import Kept, PhoneOffice
from tests.unit.mail.media_room import LIMIT_BYTES, PICTURE, Room


async def test_it_comes_when_the_provider_is_back(room: Room, office: PhoneOffice) -> None:
    good, ill = office.keep(PICTURE), office.keep(status=503)
    await room.comes((good, "image/png"), (ill, "image/gif"))
    await room.fetch()
    assert await room.action() == "fetching"
    path = ill.removeprefix("https://api.twilio.com")
    office.files[path] = Kept(b"GIF89a", "image/gif")
    await room.clock.advance(PAUSES_SECONDS[0])
    await room.fetch()
    assert await room.contents(await room.read()) == [PICTURE, b"GIF89a"]


async def test_what_a_dead_process_had_in_its_hands_is_fetched_by_another_once(room: Room, office: PhoneOffice) -> None:
    waits = threading.Event()
    await room.comes((office.keep(PICTURE, waits=waits), "image/png"))
    await room.source.start()
    dead = asyncio.create_task(room.fetcher._fetch_due())
    async with asyncio.timeout(30):
        while not office.asked:
            await asyncio.sleep(0.01)
    dead.cancel()
    await asyncio.gather(dead, return_exceptions=True)
    waits.set()
    await room.fetch()
    assert await room.action() == "fetching", "it is still claimed"
    await room.clock.advance(21)
    await room.fetch()
    assert await room.contents(await room.read()) == [PICTURE]
    assert await room.bells() == 1


async def test_two_that_fetch_the_same_keep_and_tell_it_once(room: Room, office: PhoneOffice) -> None:
    await room.comes((office.keep(PICTURE), "image/png"))
    [order] = await room.fetcher._orders.claim(room.database, limit=4)
    await room.source.start()
    fetched = await room.fetcher._fetched(order)
    with pytest.raises(FetchedElsewhere):
        await room.fetcher._fetched(order)
    await room.source.stop()
    for _ in range(2):
        await room.fetcher._write_down(fetched)
    assert await room.bells() == 1
    assert await room.contents(await room.read()) == [PICTURE]
    assert await room.leftovers() == 1, "what the second has fetched is not needed"


async def test_what_has_come_is_not_asked_for_again(room: Room, office: PhoneOffice) -> None:
    first, ill, last = office.keep(b"GIF89a one"), office.keep(status=503), office.keep(b"GIF89a three")
    foreign = "https://forms.example.org/picture"
    await room.comes(*((one, "image/gif") for one in (first, ill, foreign, last)))
    await room.fetch()
    assert await room.action() == "fetching"
    text = await room.read()
    assert (text.contents.parts, text.are_parts_files) == ((), True), "no run takes what is not there as a whole"
    assert text.size_bytes == len("Look") + len(b"GIF89a one") + len(b"GIF89a three"), "it counts for the session"
    path = ill.removeprefix("https://api.twilio.com")
    office.files[path] = Kept(b"GIF89a two", "image/gif")
    await room.clock.advance(PAUSES_SECONDS[0])
    await room.fetch()
    assert await room.contents(await room.read()) == [b"GIF89a one", b"GIF89a two", b"GIF89a three"]
    assert await room.problems() == [None, None, "foreign", None]
    parts = (await room.read()).contents.parts
    assert [part.filename for part in parts] == ["attachment-1.gif", "attachment-2.gif", "attachment-4.gif"]
    assert [part for part, _ in office.asked].count(path) == 2
    assert len(office.asked) == 4


async def test_what_has_come_outlasts_the_process_that_fetched_it(room: Room, office: PhoneOffice) -> None:
    waits = threading.Event()
    good, slow = office.keep(PICTURE), office.keep(PICTURE, waits=waits)
    await room.comes((good, "image/png"), (slow, "image/png"))
    await room.source.start()
    dead = asyncio.create_task(room.fetcher._fetch_due())
    async with asyncio.timeout(30):
        while len(office.asked) < 2:
            await asyncio.sleep(0.01)
    dead.cancel()
    await asyncio.gather(dead, return_exceptions=True)
    waits.set()
    await room.clock.advance(CLAIM_SECONDS)
    await room.fetch()
    assert await room.contents(await room.read()) == [PICTURE] * 2
    assert [f"https://api.twilio.com{path}" for path, _ in office.asked] == [good, slow, slow]


async def test_what_has_come_counts_for_the_files_of_its_message(room: Room, office: PhoneOffice) -> None:
    half = bytes(LIMIT_BYTES // 2 + 1)
    ill = office.keep(status=503)
    await room.comes((office.keep(half), "image/png"), (ill, "image/png"))
    await room.fetch()
    office.files[ill.removeprefix("https://api.twilio.com")] = Kept(half)
    await room.clock.advance(PAUSES_SECONDS[0])
    await room.fetch()
    assert await room.problems() == [None, "too_large"]


async def test_what_has_come_goes_with_its_session(room: Room, office: PhoneOffice) -> None:
    await room.comes((office.keep(PICTURE), "image/png"), (office.keep(status=503), "image/png"))
    await room.fetch()
    assert await room.leftovers() == 0, "it is the message's"
    [kept] = [path.name for path in room.folder.rglob("*") if path.is_file()]
    assert await received.forget_session(room.database, room.keys.session_id) == [kept], "who deletes it removes this"
    assert await room.orders() == 0


async def test_one_that_does_not_come_leaves_time_for_the_others(
    room: Room, office: PhoneOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching_media, "_LIMIT_SECONDS", 4.0)
    waits = threading.Event()
    try:
        await room.comes((office.keep(PICTURE, waits=waits), "image/png"), (office.keep(b"GIF89a two"), "image/gif"))
        await room.fetch()
    finally:
        waits.set()
    await room.clock.advance(PAUSES_SECONDS[0])
    [order] = await room.fetcher._orders.claim(room.database, limit=1)
    assert [one.problem for one in order.files.media] == ["not_yet", None]


async def test_nobody_reads_what_has_come_from_the_database(room: Room, office: PhoneOffice) -> None:
    await room.comes((office.keep(PICTURE), "image/png"), (office.keep(status=503), "image/png"))
    await room.fetch()
    await room.clock.advance(PAUSES_SECONDS[0])
    [order] = await room.fetcher._orders.claim(room.database, limit=1)
    [part] = order.files.parts
    [row] = await room.database.fetch("select asked_sealed from mailbox.media_to_fetch")
    for word in (part.key.encode(), b64decode(part.key), part.location.encode(), b"attachment-1"):
        assert word not in row["asked_sealed"]
    assert part.key not in repr(order)


async def test_whoever_fetches_for_long_has_it_to_itself(room: Room, office: PhoneOffice) -> None:
    waits = threading.Event()
    await room.comes((office.keep(PICTURE, waits=waits), "image/png"))
    await room.source.start()
    slow = asyncio.create_task(room.fetcher._fetch_due())
    try:
        async with asyncio.timeout(30):
            while not office.asked:
                await asyncio.sleep(0.01)
            for _ in range(10):  # three times as long as a claim
                while not room.clock._sleepers:  # it is just being held
                    await asyncio.sleep(0.01)
                await room.clock.advance(CLAIM_SECONDS / 3)
                assert await room.fetcher._orders.claim(room.database, limit=1) == []
        waits.set()
        async with asyncio.timeout(30):
            await slow
    finally:
        waits.set()
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)
        await room.source.stop()
    assert await room.contents(await room.read()) == [PICTURE]


async def test_operators_see_how_many_wait_for_their_files_and_for_how_long(room: Room, office: PhoneOffice) -> None:
    metrics = Metrics()
    gauges = MailGauges(metrics)

    async def seen() -> list[str]:
        await gauges.look(room.database, now=room.clock.now())
        return [line for line in metrics.render().splitlines() if line.startswith("colloquy_texts_")]

    def told(number: float, seconds: float) -> list[str]:
        return [f"colloquy_texts_without_files {number}", f"colloquy_texts_without_files_oldest_seconds {seconds}"]

    assert await seen() == told(0.0, 0.0)
    await room.comes((office.keep(status=503), "image/png"))
    await room.comes(text="No file")
    await room.clock.advance(90)
    await room.comes((office.keep(PICTURE), "image/png"))
    assert await seen() == told(2.0, 90.0)
    await room.fetch()
    assert await seen() == told(1.0, 90.0)
    await received.forget_session(room.database, room.keys.session_id)
    assert await seen() == told(0.0, 0.0)
