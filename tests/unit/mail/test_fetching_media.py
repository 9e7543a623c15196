"""Files of text messages: fetched with the account's credentials from its interface and from nowhere else, again when
nobody answers, and what cannot be had says why.
"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from services.mail.media_source import MediaSource
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import ManualClock
from shared.mailbox import media_to_fetch, received
from shared.mailbox.media_to_fetch import PAUSES_SECONDS
from shared.mailbox.texts import text_configs
from shared.storage.database import Database
from tests.phone_office import EXPECTED, SID, Kept, PhoneOffice, phone_office
from tests.unit.mail.media_room import LIMIT_BYTES, OURS, PICTURE, Room, room_with


async def test_files_are_there_before_the_session_is_told(room: Room, office: PhoneOffice) -> None:
    first = office.keep(PICTURE)
    second = office.keep(b"%PDF-1.7", "application/pdf", headers={"content-disposition": 'x; filename="a/b.pdf"'})
    await room.comes((first, "image/png"), (second, "application/pdf"))
    assert (await room.action(), await room.bells(), room.rings) == ("fetching", 0, 1)
    assert await room.problems() == ["not_yet"] * 2
    await room.fetch()
    assert (await room.action(), await room.bells()) == ("waiting", 1)
    text = await room.read()
    assert [(one.filename, one.mimetype) for one in text.contents.parts] == [
        ("attachment-1.png", "image/png"),
        ("b.pdf", "application/pdf"),
    ]
    assert await room.contents(text) == [PICTURE, b"%PDF-1.7"]
    assert await room.problems() == [None, None]
    assert not text.are_parts_files, "they become files of the session with the first run that reads them"
    assert text.size_bytes == len(PICTURE) + 8 + len("Look")
    assert await room.database.fetchval("select count(*) from mailbox.media_to_fetch") == 0
    assert {one for _, one in office.asked} == {EXPECTED}


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename*=nonsense''%FF%FE.png", None),
        ("attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.png", "Grüße.png"),
        ('inline; filename="../../etc/passwd"', "passwd"),
        ("attachment; filename*0*=x; filename*1=", None),
        (";;;=", "attachment-1.png"),
    ],
)
async def test_whatever_an_answer_calls_a_file_it_is_kept_under_a_safe_name(
    room: Room, office: PhoneOffice, disposition: str, name: str | None
) -> None:
    await room.comes((office.keep(PICTURE, headers={"content-disposition": disposition}), "image/png"))
    await room.fetch()
    [part] = (await room.read()).contents.parts
    assert name is None or part.filename == name
    assert part.filename
    assert "/" not in part.filename
    assert part.mimetype == "image/png"


async def test_an_answer_that_nobody_has_thought_of_holds_nobody_up_for_good(room: Room, office: PhoneOffice) -> None:
    class Strange(MediaSource):
        async def fetch(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError("Nobody has thought of this.")

    room.fetcher._source = Strange([], contents=room.files.contents)
    await room.comes((office.keep(PICTURE), "image/png"))
    for pause in PAUSES_SECONDS:
        await room.fetch()
        assert await room.action() == "fetching"
        await room.clock.advance(pause)
    await room.fetch()
    assert (await room.action(), await room.problems()) == ("waiting", ["no_answer"])


async def test_a_message_without_files_is_told_at_once(room: Room) -> None:
    await room.comes()
    assert (await room.action(), await room.bells(), room.rings) == ("waiting", 1, 0)


@pytest.mark.parametrize(
    "address",
    [
        "https://forms.example.org/2010-04-01/Accounts/{sid}/Messages/MM1/Media/ME1",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:5432/2010-04-01/Accounts/{sid}/Messages/MM1/Media/ME1",
        "https://api.twilio.com.example.org/2010-04-01/Accounts/{sid}/Messages/MM1/Media/ME1",
        "https://api.twilio.com@example.org/2010-04-01/Accounts/{sid}/Messages/MM1/Media/ME1",
        "https://api.twilio.com/2010-04-01/Accounts/{sid}/Messages.json",
        "https://api.twilio.com/2010-04-01/Accounts/{sid}/Messages/MM1/Media/ME1/../../../../Calls.json",
        "https://api.twilio.com/2010-04-01/Accounts/{sid}/Messages/MM1%2F../Media/ME1",
        "https://[::1/",
    ],
)
async def test_an_address_that_is_none_of_its_files_is_not_asked_for(
    room: Room, office: PhoneOffice, address: str
) -> None:
    await room.comes((address.format(sid=SID), "image/png"))
    await room.fetch()
    assert await room.problems() == ["foreign"]
    assert (await room.action(), await room.bells()) == ("waiting", 1)
    assert office.asked == []


async def test_credentials_go_with_files_of_their_own_account_only(room: Room, office: PhoneOffice) -> None:
    await room.comes(("https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1", "image/png"))
    await room.fetch()
    assert await room.problems() == ["no_account"]
    assert office.asked == []


async def test_wrong_credentials_are_told_apart(
    tables: Database, server_keys: ServerKeys, tmp_path: Path, office: PhoneOffice
) -> None:
    async with room_with(tables, server_keys, tmp_path, url=office.url) as room:
        room.source._configs = text_configs([{"account sid": SID, "auth token": "an old one", "number": OURS}])
        await room.comes((office.keep(PICTURE), "image/png"))
        await room.fetch()
        assert await room.problems() == ["refused"]


async def test_a_redirect_to_where_its_files_lie_is_followed_without_credentials(
    tables: Database, server_keys: ServerKeys, tmp_path: Path, office: PhoneOffice
) -> None:
    with phone_office() as store:
        host = store.url.removeprefix("http://")
        store.files["/signed?key=1"] = store.files["/signed"] = Kept(PICTURE, is_open=True)
        async with room_with(
            tables, server_keys, tmp_path, url=office.url, further_hosts=[host, "cdn.example.org"]
        ) as room:
            await room.comes((office.keep(status=307, headers={"location": f"{store.url}/signed?key=1"}), "image/png"))
            await room.fetch()
            assert await room.contents(await room.read()) == [PICTURE]
            assert store.asked == [("/signed?key=1", "")]


@pytest.mark.parametrize(
    "location",
    [
        "{foreign}/signed",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://mms.twiliocdn.com:8443/x",
        "https://user:secret@mms.twiliocdn.com/x",
        "https://twiliocdn.com.example.org/x",
        "//10.0.0.1/x",
        "ftp://mms.twiliocdn.com/x",
    ],
)
async def test_a_redirect_to_a_foreign_host_is_not_followed(room: Room, office: PhoneOffice, location: str) -> None:
    with phone_office() as foreign:
        foreign.files["/signed"] = Kept(PICTURE, is_open=True)
        address = office.keep(status=302, headers={"location": location.format(foreign=foreign.url)})
        await room.comes((address, "image/png"))
        await room.fetch()
        assert await room.problems() == ["foreign"]
        assert foreign.asked == []
        assert len(office.asked) == 1


async def test_redirects_without_end_are_left(room: Room, office: PhoneOffice) -> None:
    address = office.keep(status=307)
    path = address.removeprefix("https://api.twilio.com")
    office.files[path] = Kept(status=307, is_open=True, headers={"location": path})
    await room.comes((address, "image/png"))
    await room.fetch()
    assert await room.problems() == ["foreign"]
    assert len(office.asked) == 4


@pytest.mark.parametrize("headers", [{}, {"content-length": ""}])
async def test_what_is_too_large_is_left_and_the_others_come(
    room: Room, office: PhoneOffice, headers: dict[str, str]
) -> None:
    large, small = office.keep(bytes(LIMIT_BYTES + 1), headers=headers), office.keep(PICTURE)
    await room.comes((large, "image/png"), (small, "image/png"))
    await room.fetch()
    assert await room.problems() == ["too_large", None]
    assert await room.contents(await room.read()) == [PICTURE]


async def test_files_of_one_message_are_as_large_as_a_mail_together(room: Room, office: PhoneOffice) -> None:
    half = bytes(LIMIT_BYTES // 2 + 1)
    await room.comes((office.keep(half), "image/png"), (office.keep(half), "image/png"))
    await room.fetch()
    assert await room.problems() == [None, "too_large"]


async def test_a_session_that_is_full_keeps_addresses(room: Room, office: PhoneOffice) -> None:
    for _ in range(2):
        await room.comes((office.keep(bytes(LIMIT_BYTES)), "image/png"))
        await room.fetch()
    await room.comes((office.keep(bytes(LIMIT_BYTES)), "image/png"))
    await room.fetch()
    assert await room.problems() == ["no_room"]


async def test_a_file_that_is_not_there_is_asked_for_again_and_then_left(room: Room, office: PhoneOffice) -> None:
    address = office.keep(status=404)
    await room.comes((address, "image/png"))
    for pause in PAUSES_SECONDS[:2]:
        await room.fetch()
        assert await room.action() == "fetching"
        await room.clock.advance(pause)
    await room.fetch()
    assert await room.problems() == ["missing"]
    assert (await room.action(), len(office.asked)) == ("waiting", 3)
    assert (await room.read()).contents.media[0].url == address


async def test_while_nobody_answers_it_is_tried_again_and_then_the_address_stays(room: Room) -> None:
    with phone_office() as gone:
        address = gone.keep(PICTURE)
        room.source._interface = room.source._interface.copy_with(port=int(gone.url.rpartition(":")[2]))
    await room.comes((address, "image/png"))
    for pause in PAUSES_SECONDS:
        await room.fetch()
        assert await room.action() == "fetching"
        await room.clock.advance(pause - 1)
        await room.fetch()  # nothing is due
        await room.clock.advance(1)
    await room.fetch()
    assert await room.problems() == ["no_answer"]
    assert (await room.action(), await room.bells()) == ("waiting", 1)


async def test_a_file_that_does_not_go_on_is_asked_for_again(
    tables: Database, server_keys: ServerKeys, tmp_path: Path, office: PhoneOffice
) -> None:
    waits = threading.Event()
    async with room_with(tables, server_keys, tmp_path, url=office.url, timeout_seconds=0.2) as room:
        try:
            address = office.keep(PICTURE, waits=waits)
            await room.comes((address, "image/png"))
            await room.fetch()
            assert await room.action() == "fetching"
        finally:
            waits.set()
        room.source._timeout = 60.0  # now it shall come, however busy the machine is
        await room.clock.advance(PAUSES_SECONDS[0])
        await room.fetch()
        assert await room.contents(await room.read()) == [PICTURE]


async def test_one_message_that_hangs_holds_up_no_other(
    tables: Database, server_keys: ServerKeys, tmp_path: Path, office: PhoneOffice
) -> None:
    waits = threading.Event()
    async with room_with(tables, server_keys, tmp_path, url=office.url, timeout_seconds=120.0) as room:
        await room.comes((office.keep(PICTURE, waits=waits), "image/png"))
        await room.fetcher.start()
        try:
            async with asyncio.timeout(30):
                while not office.asked:
                    await asyncio.sleep(0.01)
                for _ in range(5):
                    await room.comes((office.keep(PICTURE), "image/png"))
                room.fetcher.ring()
                while await room.bells() < 5:
                    await asyncio.sleep(0.01)
            left = await room.database.fetchval("select count(*) from mailbox.media_to_fetch")
            assert left == 1, "the one that hangs"
            waits.set()
            async with asyncio.timeout(30):
                while await room.bells() < 6:
                    await asyncio.sleep(0.01)
        finally:
            waits.set()
            await room.fetcher.stop()


async def test_what_is_due_is_looked_up_once_however_tables_are_joined(tables: Database) -> None:
    """Else a plan may go through it again for each mail, and claim more than the limit."""
    now = ManualClock().now()
    plan = await tables.fetch(f"explain {media_to_fetch._CLAIM}", now, now, 1)
    assert any(row[0].strip() == "CTE due" for row in plan)


async def test_half_a_file_is_no_file(room: Room, office: PhoneOffice) -> None:
    address = office.keep(PICTURE, headers={"content-length": str(len(PICTURE) + 10)})
    await room.comes((address, "image/png"))
    await room.fetch()
    assert await room.action() == "fetching"


async def test_an_order_that_cannot_be_read_holds_nobody_up(room: Room, office: PhoneOffice) -> None:
    await room.comes((office.keep(PICTURE), "image/png"), text="One")
    await room.database.execute("update mailbox.media_to_fetch set asked_sealed = 'x'::bytea")
    await room.comes((office.keep(PICTURE), "image/png"), text="Two")
    await room.fetch()
    assert await room.bells() == 2
    assert await room.problems() == [None]
    addresses = await room.addresses.of_session(room.database, room.keys)
    texts = await received.of_session(room.database, room.keys.session_id, addresses)
    assert [one.problem for text in texts for one in text.contents.media] == ["not_fetched", None]


async def test_a_session_that_is_gone_gets_nothing(room: Room, office: PhoneOffice) -> None:
    await room.comes((office.keep(PICTURE), "image/png"))
    await received.forget_session(room.database, room.keys.session_id)
    await room.fetch()
    assert (await room.bells(), office.asked) == (0, [])
