"""Which errors an operator is told of, and when again, before a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from pydantic import ValidationError

from services.session.error_mail import ErrorMail, ErrorMailRules
from services.session.errors import ErrorBook
from services.session.schema import SCHEMA
from services.session.settings import SessionSettings
from shared.bus.messaging import in_process
from shared.bus.schema import SCHEMA as BUS
from shared.contracts.envelope import Envelopes
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import ManualClock
from shared.mailbox.outgoing import Outgoing
from shared.mailbox.schema import SCHEMA as MAILBOX
from shared.storage.database import Database
from shared.storage.migrations import migrate

PLACE = ("pkg:data/questions/a.yml", "pkg:data/questions/b.yml", 7)


class Desk:
    """Who counts errors, and reads what operators are told."""

    def __init__(self, database: Database, server_keys: ServerKeys, clock: ManualClock) -> None:
        self.clock = clock
        self.book = ErrorBook(database=database, clock=clock)
        self._database, self._server_keys = database, server_keys
        self._outgoing = Outgoing(sealer=server_keys.at_rest, clock=clock)

    def mail(self) -> ErrorMail:
        messaging = in_process(
            database=self._database, sealer=self._server_keys.transport, clock=self.clock, source="tests"
        )
        return ErrorMail(
            database=self._database,
            outgoing=self._outgoing,
            outbox=messaging.outbox,
            envelopes=Envelopes("tests", self.clock),
            wake_relay=lambda: None,
            rules=ErrorMailRules(to=["ann@example.org"], besides=["KeyError"]),
            clock=self.clock,
        )

    async def told(self) -> list[str]:
        """The texts of one more look."""
        await self._database.execute("delete from mailbox.outgoing")
        await self.book.write()
        await self.mail().look()
        rows = await self._outgoing.waiting(self._database)
        found = [await self._outgoing.find(self._database, row[0]) for row in rows]
        return [one.letter.text for one in found if one is not None and one.letter is not None]


@pytest.fixture
async def desk(database: Database, server_keys: ServerKeys) -> Callable[[], Desk]:
    await migrate(database, [SCHEMA, BUS, MAILBOX])
    await database.execute("truncate session.errors, session.error_mails, mailbox.outgoing")
    clock = ManualClock()
    return lambda: Desk(database, server_keys, clock)


async def test_a_line_is_told_once_with_how_often_and_again_after_a_day(desk: Callable[[], Desk]) -> None:
    found = desk()
    for _ in range(3):
        found.book.note_at(*PLACE, "NameError")
    (text,) = await found.told()
    assert "NameError\n  pkg:data/questions/b.yml, line 7\n  in pkg:data/questions/a.yml\n  3 times, last on 20" in text
    await found.clock.advance(timedelta(hours=23).total_seconds())
    for _ in range(2):
        found.book.note_at(*PLACE, "NameError")
        assert await found.told() == []
    await found.clock.advance(timedelta(hours=2).total_seconds())
    (text,) = await found.told()
    assert "2 times since it was told last" in text
    await found.clock.advance(timedelta(days=2).total_seconds())
    assert await found.told() == []


async def test_what_comes_soon_after_a_mail_waits_and_is_told_together(desk: Callable[[], Desk]) -> None:
    found = desk()
    found.book.note_at(*PLACE, "NameError")
    assert len(await found.told()) == 1
    await found.clock.advance(60.0)
    found.book.note_at(*PLACE, "ValueError")
    assert await found.told() == []
    found.book.note_at(*PLACE, "TypeError")
    await found.clock.advance(540.0)
    (text,) = await found.told()
    assert "ValueError" in text
    assert "TypeError" in text
    assert "NameError" not in text


async def test_of_several_who_look_one_writes(desk: Callable[[], Desk]) -> None:
    found = desk()
    found.book.note_at(*PLACE, "NameError")
    await found.book.write()
    assert await found.mail().look() == 1
    assert await found.mail().look() == 0


async def test_classes_that_nobody_wants_to_hear_of_are_left_out(desk: Callable[[], Desk]) -> None:
    found = desk()
    found.book.note_at(*PLACE, "KeyError")
    assert await found.told() == []


def test_an_address_that_is_none_refuses_the_start() -> None:
    assert SessionSettings(error_mail_to="ann@example.org, Bob <bob@example.org>").error_mail_rules.to == (
        "ann@example.org",
        "Bob <bob@example.org>",
    )
    with pytest.raises(ValidationError, match="not one e-mail address"):
        SessionSettings(error_mail_to="ann@example.org, nobody")
