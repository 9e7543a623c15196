"""A room for tests of files that come with text messages."""

from __future__ import annotations

import contextlib
from base64 import b64decode
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.mail.fetching_media import MediaFetcher
from services.mail.media_source import MediaSource
from services.mail.receiving import Limits
from services.mail.taking_texts import TakingTexts
from shared.bus.blobs_postgres import PostgresBlobs
from shared.bus.cloudevents import Codec
from shared.bus.outbox import Outbox
from shared.contracts.base import Sealed
from shared.contracts.catalog import message_types
from shared.contracts.envelope import Envelopes
from shared.contracts.mail import TakeText
from shared.crypto.keys import ServerKeys
from shared.files.contents import StoredContents
from shared.files.room import FileRoom
from shared.files.store_directory import DirectoryStore
from shared.kernel.clock import ManualClock
from shared.kernel.ids import new_id
from shared.mailbox import received
from shared.mailbox.addresses import Addresses
from shared.mailbox.media_to_fetch import MediaToFetch
from shared.mailbox.received import ReceivedMail
from shared.mailbox.text_lines import Line, TextLines
from shared.mailbox.texts import text_configs
from shared.storage.database import Database
from tests.phone_office import SID, TOKEN
from tests.unit.mailbox.test_addresses import SessionKeys

OURS, ANN = "+15550000001", "+16175550123"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2000
LIMIT_BYTES = 1024 * 1024


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


@contextlib.asynccontextmanager
async def room_with(database: Database, server_keys: ServerKeys, folder: Path, **source: Any) -> AsyncIterator[Room]:
    room = Room(database, server_keys, folder, **source)
    await room.expect()
    yield room
