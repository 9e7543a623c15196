"""Queued letters and what becomes of them, before a real mail server that says yes, later or no."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from services.mail.handlers import on_send_mail
from services.mail.schema import SCHEMA
from services.mail.sending import MailUnderWay, Sending
from shared.bus.port import RETRY_DELAYS_SECONDS
from shared.contracts.envelope import Envelope
from shared.contracts.mail import SendMail
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import ManualClock, SystemClock
from shared.kernel.ids import new_id
from shared.mailbox.deliveries import Deliveries
from shared.mailbox.outgoing import CLAIM_SECONDS, Letter, Outgoing
from shared.mailbox.schema import SCHEMA as MAILBOX
from shared.mailbox.sendings import Errand, Sendings, insist
from shared.mailbox.transport_smtp import MailServer, MailServerBusy, SmtpTransport
from shared.mailbox.webhooks import Webhooks
from shared.storage.database import Database
from shared.storage.errors import DatabaseUnavailable
from shared.storage.migrations import migrate
from tests.sites import free_port

LETTER = Letter("ann@example.org", "Subject\r\nBcc: mallory@example.org", "Text with a link\n.\nand a dot\n")


class Answers:
    """A mail server's part: takes letters, or says what it is told to say."""

    def __init__(self) -> None:
        self.says = "250 OK"
        self.taken: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the name aiosmtpd calls
        if self.says.startswith("2"):
            self.taken.append(envelope)
        return self.says


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Answers, int]]:
    answers, port = Answers(), free_port()
    server = Controller(answers, hostname="127.0.0.1", port=port)
    server.start()
    yield answers, port
    server.stop()


@pytest.fixture
async def outgoing(database: Database, server_keys: ServerKeys) -> Outgoing:
    await migrate(database, [SCHEMA, MAILBOX])
    return Outgoing(sealer=server_keys.at_rest, clock=SystemClock())


def sending(database: Database, outgoing: Outgoing, port: int | None) -> Sending:
    transport = None
    if port is not None:
        server = MailServer(host="127.0.0.1", port=port, security="none", sender="Forms <forms@example.org>")
        transport = SmtpTransport(server=server, clock=SystemClock())
    return Sending(database=database, outgoing=outgoing, transport=transport, clock=SystemClock())


async def test_a_letter_is_sent_once_and_its_contents_forgotten(
    database: Database, outgoing: Outgoing, running: tuple[Answers, int]
) -> None:
    answers, port = running
    answers.says, answers.taken = "250 OK", []
    mail_id = await outgoing.add(database, LETTER, kind="account")
    for _ in range(2):
        await sending(database, outgoing, port).send(SendMail(mail_id=mail_id))
    [envelope] = answers.taken
    assert envelope.rcpt_tos == ["ann@example.org"]
    content = envelope.content.decode()
    assert "Bcc:" not in content.partition("\r\n\r\n")[0].replace("Subject: Subject Bcc:", "")
    assert "and a dot" in content
    found = await outgoing.find(database, mail_id)
    assert found is not None
    assert (found.state, found.letter) == ("sent", None)


async def test_a_server_that_is_busy_is_asked_again(
    database: Database, outgoing: Outgoing, running: tuple[Answers, int]
) -> None:
    answers, port = running
    answers.says, answers.taken = "451 later", []
    mail_id = await outgoing.add(database, LETTER, kind="account")
    with pytest.raises(MailServerBusy) as busy:
        await sending(database, outgoing, port).send(SendMail(mail_id=mail_id))
    assert "ann@" not in str(busy.value)
    answers.says = "250 OK"
    await sending(database, outgoing, port).send(SendMail(mail_id=mail_id))
    assert len(answers.taken) == 1
    row = await database.fetchrow("select state, attempts from mail.deliveries where id = $1", mail_id)
    assert row is not None
    assert (row["state"], row["attempts"]) == ("sent", 2)


async def test_a_server_that_is_busy_for_too_long_has_not_taken_it_and_may_after_all(
    database: Database, outgoing: Outgoing, running: tuple[Answers, int], server_keys: ServerKeys
) -> None:
    answers, port = running
    answers.says, answers.taken = "451 later", []
    rings: list[bool] = []

    async def ring() -> None:
        rings.append(True)

    hooks = Webhooks(sealer=server_keys.at_rest, clock=SystemClock())
    await hooks.add(database, 1, url="https://example.org/", events=("MessageNotDelivered",), interview="")
    letters = sending(database, outgoing, port)
    letters._deliveries = Deliveries(database=database, webhooks=hooks, ring=ring)
    mail_id = await outgoing.add(database, LETTER, kind="interview")
    ledger = Sendings(
        database=database, server_keys=server_keys, clock=SystemClock(), limit_seconds=5, most_per_hour=10
    )
    await ledger.queue(database, Errand("run", new_id(), "mail", ("to", "about"), 1))
    await database.execute("update mailbox.sendings set message_id = $1", mail_id)

    async def attempt(number: int) -> tuple[str, str, str]:
        envelope = Envelope(SendMail(mail_id=mail_id), id=new_id(), source="tests", time="", attempt=number)
        with contextlib.suppress(MailServerBusy):
            await on_send_mail(SendMail(mail_id=mail_id), sending=letters, envelope=envelope)
        row = await database.fetchrow("select state, delivery from mailbox.sendings where message_id = $1", mail_id)
        found = await outgoing.find(database, mail_id)
        assert row is not None
        assert found is not None
        return found.state, row["state"], row["delivery"]

    last = len(RETRY_DELAYS_SECONDS) + 1
    assert await attempt(last - 1) == ("queued", "sending", "")
    assert await attempt(last) == ("failed", "failed", "failed")
    assert rings == [True]
    answers.says = "250 OK"
    assert await attempt(1) == ("sent", "sent", "")
    assert len(answers.taken) == 1


async def test_a_letter_that_is_refused_for_good_is_kept_as_failed(
    database: Database, outgoing: Outgoing, running: tuple[Answers, int]
) -> None:
    answers, port = running
    answers.says = "550 no such person"
    mail_id = await outgoing.add(database, LETTER, kind="account")
    await sending(database, outgoing, port).send(SendMail(mail_id=mail_id))
    assert [one[2] for one in await outgoing.waiting(database) if one[0] == mail_id] == ["failed"]


async def test_without_a_server_letters_are_kept_for_the_operator(database: Database, outgoing: Outgoing) -> None:
    mail_id = await outgoing.add(database, LETTER, kind="account")
    await sending(database, outgoing, None).send(SendMail(mail_id=mail_id))
    found = await outgoing.find(database, mail_id)
    assert found is not None
    assert (found.state, found.letter) == ("kept", LETTER)


async def test_a_server_that_is_not_there_is_asked_again(database: Database, outgoing: Outgoing) -> None:
    mail_id = await outgoing.add(database, LETTER, kind="account")
    with pytest.raises(MailServerBusy):
        await sending(database, outgoing, free_port()).send(SendMail(mail_id=mail_id))


async def test_the_same_order_that_comes_while_it_is_carried_out_waits(
    database: Database, outgoing: Outgoing, running: tuple[Answers, int]
) -> None:
    answers, port = running
    answers.says, answers.taken = "250 OK", []
    mail_id = await outgoing.add(database, LETTER, kind="account")
    assert await outgoing.claim(database, mail_id) is not None
    with pytest.raises(MailUnderWay):
        await sending(database, outgoing, port).send(SendMail(mail_id=mail_id))
    assert answers.taken == []
    await database.execute("update mailbox.outgoing set claimed_until = now() where id = $1", mail_id)
    await sending(database, outgoing, port).send(SendMail(mail_id=mail_id))
    assert len(answers.taken) == 1


async def test_whoever_sends_for_long_has_the_letter_to_itself(
    database: Database, outgoing: Outgoing, running: tuple[Answers, int]
) -> None:
    clock, goes_on, asked = ManualClock(), asyncio.Event(), asyncio.Event()

    class Slow(SmtpTransport):
        async def send(self, letter: Letter, *, mail_id: str) -> None:
            asked.set()
            await goes_on.wait()
            await super().send(letter, mail_id=mail_id)

    answers, port = running
    answers.says, answers.taken = "250 OK", []
    letters = Outgoing(sealer=outgoing._sealer, clock=clock)
    server = MailServer(host="127.0.0.1", port=port, security="none", sender="Forms <forms@example.org>")
    slow = Sending(database=database, outgoing=letters, transport=Slow(server=server, clock=SystemClock()), clock=clock)
    mail_id = await letters.add(database, LETTER, kind="account")
    sending = asyncio.create_task(slow.send(SendMail(mail_id=mail_id)))
    async with asyncio.timeout(30):
        await asked.wait()
        for _ in range(10):  # three times as long as a claim
            while not clock._sleepers:  # it is just being held
                await asyncio.sleep(0.01)
            await clock.advance(CLAIM_SECONDS / 3)
            assert await letters.claim(database, mail_id) is None
        goes_on.set()
        await sending
    assert len(answers.taken) == 1


async def test_what_has_left_is_written_down_once_the_database_is_back() -> None:
    clock, tries = ManualClock(), 0

    async def write() -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise DatabaseUnavailable("It is away.")

    writing = asyncio.create_task(insist(write, clock=clock))
    while not writing.done():
        await asyncio.sleep(0)
        await clock.advance(1.0)
    await writing
    assert tries == 3
