"""Files of text messages: fetched with the account's credentials from its interface and from nowhere else, again when
nobody answers, and what cannot be had says why.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.mail.fetching_media import FetchedElsewhere, MediaFetcher
from services.mail.media_source import MediaSource
from services.mail.receiving import Limits
from services.mail.taking_texts import TakingTexts
from shared.bus.blobs_postgres import PostgresBlobs
from shared.bus.cloudevents import Codec
from shared.bus.outbox import Outbox
from shared.bus.schema import SCHEMA as BUS
from shared.contracts.base import Sealed
from shared.contracts.catalog import message_types
from shared.contracts.envelope import Envelopes
from shared.contracts.mail import TakeText
from shared.crypto.keys import ServerKeys
from shared.files.contents import StoredContents
from shared.files.room import FileRoom
from shared.files.schema import SCHEMA as FILES
from shared.files.store_directory import DirectoryStore
from shared.kernel.clock import ManualClock
from shared.kernel.ids import new_id
from shared.kernel.telemetry import Metrics
from shared.mailbox import media_to_fetch, received
from shared.mailbox.addresses import Addresses
from shared.mailbox.gauges import MailGauges
from shared.mailbox.media_to_fetch import CLAIM_SECONDS, PAUSES_SECONDS, MediaToFetch
from shared.mailbox.received import ReceivedMail
from shared.mailbox.schema import SCHEMA
from shared.mailbox.text_lines import Line, TextLines
from shared.mailbox.texts import text_configs
from shared.storage.database import Database
from shared.storage.migrations import migrate
from tests.phone_office import EXPECTED, SID, TOKEN, Kept, PhoneOffice, phone_office
from tests.unit.mailbox.test_addresses import SessionKeys

OURS, ANN = "+15550000001", "+16175550123"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2000
LIMIT_BYTES = 1024 * 1024


@pytest.fixture
def office() -> Iterator[PhoneOffice]:
    with phone_office() as running:
        yield running


class Room:
    """A mail service in front of one session that expects texts, with a clock of its own."""

    def __init__(self, database: Database, server_keys: ServerKeys, folder: Path, **source: Any) -> None:
        self.database, self.clock, self.keys, self.folder = database, ManualClock(), SessionKeys(), folder
        self.rings = 0
        self.files = FileRoom.of(
            database=database,
            store=DirectoryStore(folder),
            server_keys=server_keys,
            clock=self.clock,
            max_file_bytes=10 * LIMIT_BYTES,
        )
        self.lines = TextLines(database=database, sealer=server_keys.at_rest, clock=self.clock)
        self.addresses = Addresses(database=database, clock=self.clock)
        orders = MediaToFetch(sealer=server_keys.at_rest, clock=self.clock)
        blobs = PostgresBlobs(database=database, clock=self.clock)
        codec = Codec(types=message_types(), sealer=server_keys.transport, blobs=blobs)
        parts: dict[str, Any] = {
            "outbox": Outbox(codec=codec),
            "envelopes": Envelopes("tests", self.clock),
            "wake_relay": lambda: None,
        }
        self.texts = TakingTexts(
            database=database,
            lines=self.lines,
            orders=orders,
            ring=self._ring,
            server_keys=server_keys,
            limits=Limits(per_address_hour=100, bytes_of_session=3 * LIMIT_BYTES),
            clock=self.clock,
            **parts,
        )
        self.source = MediaSource(
            text_configs([{"account sid": SID, "auth token": TOKEN, "number": OURS}]),
            contents=self.files.contents,
            **source,
        )
        self.fetcher = MediaFetcher(
            database=database,
            orders=orders,
            source=self.source,
            files=self.files.records,
            max_bytes=LIMIT_BYTES,
            bytes_of_session=3 * LIMIT_BYTES,
            clock=self.clock,
            **parts,
        )

    def _ring(self) -> None:
        self.rings += 1

    async def expect(self) -> None:
        line = [Line(OURS, ANN)]
        await self.lines.expect(self.keys, line, interview="a:b.yml", owner="t1", span=timedelta(days=1))

    async def comes(self, *media: tuple[str, str], text: str = "Look") -> None:
        message = TakeText(
            message_id=new_id(), ours=Sealed(OURS), theirs=Sealed(ANN), text=Sealed(text), media=Sealed(media)
        )
        assert (await self.texts.take(message)).outcome == "kept"

    async def fetch(self) -> None:
        """What is due now."""
        await self.source.start()
        try:
            await self.fetcher._fetch_due()
        finally:
            await self.source.stop()

    async def read(self) -> ReceivedMail:
        addresses = await self.addresses.of_session(self.database, self.keys)
        return (await received.of_session(self.database, self.keys.session_id, addresses))[-1]

    async def action(self) -> str:
        found: str = await self.database.fetchval(
            "select action from mailbox.mails where session_id = $1 order by received_at desc limit 1",
            self.keys.session_id,
        )
        return found

    async def bells(self) -> int:
        """How often the session was told."""
        found: int = await self.database.fetchval("select count(*) from bus.outbox")
        return found

    async def orders(self) -> int:
        """Messages whose files are missing."""
        found: int = await self.database.fetchval("select count(*) from mailbox.media_to_fetch")
        return found

    async def leftovers(self) -> int:
        """Contents that nobody has claimed."""
        found: int = await self.database.fetchval("select count(*) from files.leftovers")
        return found

    async def contents(self, text: ReceivedMail) -> list[bytes]:
        return [
            await self.files.contents.read(StoredContents(part.location, b64decode(part.key), part.size_bytes))
            for part in text.contents.parts
        ]

    async def problems(self) -> list[str | None]:
        return [one.problem for one in (await self.read()).contents.media]


@pytest.fixture
async def tables(database: Database) -> Database:
    await migrate(database, [SCHEMA, BUS, FILES])
    await database.execute("truncate mailbox.line_key, mailbox.addresses cascade")
    await database.execute("delete from bus.outbox")
    await database.execute("delete from files.leftovers")
    return database


@contextlib.asynccontextmanager
async def room_with(database: Database, server_keys: ServerKeys, folder: Path, **source: Any) -> AsyncIterator[Room]:
    room = Room(database, server_keys, folder, **source)
    await room.expect()
    yield room


@pytest.fixture
async def room(tables: Database, server_keys: ServerKeys, tmp_path: Path, office: PhoneOffice) -> AsyncIterator[Room]:
    async with room_with(tables, server_keys, tmp_path, url=office.url) as room:
        yield room


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


async def test_an_order_that_cannot_be_read_holds_nobody_up(room: Room, office: PhoneOffice) -> None:
    await room.comes((office.keep(PICTURE), "image/png"), text="One")
    await room.database.execute("update mailbox.media_to_fetch set asked_sealed = 'x'::bytea")
    await room.comes((office.keep(PICTURE), "image/png"), text="Two")
    await room.fetch()
    assert await room.bells() == 2
    assert await room.problems() == [None]


async def test_a_session_that_is_gone_gets_nothing(room: Room, office: PhoneOffice) -> None:
    await room.comes((office.keep(PICTURE), "image/png"))
    await received.forget_session(room.database, room.keys.session_id)
    await room.fetch()
    assert (await room.bells(), office.asked) == (0, [])


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
