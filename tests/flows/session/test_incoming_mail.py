"""E-mail to sessions, through the door for mail, in real SMTP conversations (spec/area3 §6)."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from shared.contracts.base import Sealed
from shared.contracts.mail import MailTaken, TakeMail
from shared.contracts.session import DeliverMail
from shared.contracts.visitor import UserFacts, Visitor
from shared.crypto.keys import ServerKeys
from shared.files.room import FileRoom
from shared.kernel.clock import SystemClock
from tests.fault.noted_twice import NotedTwice
from tests.fault.rig import new_visitor
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player
from tests.letters import INTERNATIONAL, Wire, certificate, hand_over, letter, rich_letter
from tests.servers import content_store
from tests.sites import free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")

CANARY = "Xylographer7Quokka"
MAX_BYTES = 200_000


class Post:
    """Where mail is handed over."""

    def __init__(self, port: int, tls_port: int, context: Any) -> None:
        self.port, self.tls_port, self.context = port, tls_port, context


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> tuple[Post, dict[str, Any]]:
    certificate_file, key_file, context = certificate(Path(tmp_path_factory.mktemp("certificate")))
    found = Post(free_port(), free_port(), context)
    settings = {
        "smtp_port": found.port,
        "smtp_tls_port": found.tls_port,
        "smtp_certificate_file": certificate_file,
        "smtp_certificate_key_file": key_file,
        "smtp_max_bytes": MAX_BYTES,
        "smtp_mails_per_minute": 0,
        "smtp_unknown_limit": 0,
        "mails_per_address_hour": 30,
        "mail_domain": "forms.example.org",
    }
    return found, settings


DELIVERED_TWICE = (DeliverMail,)
"""What comes twice here, in the second round of these tests."""


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["once", "twice"])
async def house(
    request: pytest.FixtureRequest,
    postgres_url: str,
    redis_url: str,
    server_keys: ServerKeys,
    post: tuple[Post, dict[str, Any]],
) -> AsyncIterator[House]:
    twice = NotedTwice() if request.param == "twice" else None
    async with running_house(postgres_url, redis_url, server_keys, 2, twice=twice, **post[1]) as running:
        yield running
    assert twice is None or twice.lacks_in_whole(request, *DELIVERED_TWICE) == []


@pytest.fixture
def port(post: tuple[Post, dict[str, Any]]) -> int:
    return post[0].port


async def begun(house: House, kind: str = "shared", visitor: Visitor | None = None) -> Player:
    player = Player(house, "post", visitor)
    await player.open()
    await player.answer(kind=kind)
    return player


async def until_filed(player: Player, number: int) -> list[str]:
    async with asyncio.timeout(40):
        while len(filed := await player.act("filed")) < number:
            await asyncio.sleep(0.05)
    return list(filed)


async def until(look: Callable[[], Any], wanted: Any) -> None:
    async with asyncio.timeout(40):
        while await look() != wanted:
            await asyncio.sleep(0.05)


async def test_a_mail_runs_the_action_and_has_all_its_attributes(house: House, port: int) -> None:
    player = await begun(house)
    address = await player.act("address")
    assert address.endswith("@forms.example.org")
    short = address.partition("@")[0]
    assert len(short) == 6
    assert short.isalpha()
    assert short.islower()
    assert (await hand_over(port, rich_letter(address), address.upper()))[0] == 250
    assert await until_filed(player, 1) == ["Grüße aus Köln"]
    told = await player.act("last_letter")
    assert (told["short"], told["key"], told["index"], told["owner"]) == (short, None, None, None)
    assert told["to"] == [["", address], ["Bob", "bob@example.org"]]
    assert told["cc"] == [["The Clerk", "clerk@example.org"]]
    assert (told["from"], told["sender"]) == ("[Ann Lee](mailto:ann@example.org)", '"Ann Lee" <ann@example.org>')
    assert (told["reply_to"], told["reply_to_exists"]) == ("[Office](mailto:office@example.org)", True)
    assert told["return_path"] == "ann@example.org"
    assert told["written"] == "2026-11-20T03:00:00-05:00"
    assert (told["text"], told["html"]) == ("Dear clerk,\nsee the papers.\n", "<p>Dear <b>clerk</b></p>\n")
    names = [[name, kind] for name, kind, _ in told["files"]]
    assert names == [
        ["A paper _1_.pdf", "application/pdf"],
        ["attachment-4.eml", "message/rfc822"],
        ["päss.bin", "application/x-thing"],
    ]
    assert told["files"][0][2] == "letters[0].attachment[0]"
    assert told["contents"][0] == "%PDF-1.4 a paper"
    assert "Subject: Forwarded" in told["contents"][1]
    assert told["contents"][2] == "\x00\x01"
    assert ["X-Twice", "one"] in told["headers"]
    assert ["Subject", "Grüße aus Köln"] in told["headers"]
    assert told["text_of_it"] == "This is an e-mail"
    assert told["verdicts"] == ["none", "none", "none"]
    assert told["is_automatic"] is False
    assert told["who"] == [None, None, "worker", False, ["user"]]
    assert told["is_before"] is True


@pytest.mark.parametrize(
    ("number", "charset", "parameters"),
    [(1, "utf-8", " BODY=8BITMIME SMTPUTF8"), (2, "utf-8", ""), (3, "latin-1", ""), (4, "latin-1", " SMTPUTF8")],
)
async def test_mail_may_come_from_addresses_with_letters_beyond_ascii(
    house: House, port: int, number: int, charset: str, parameters: str
) -> None:
    player = await begun(house)
    address = await player.act("address")
    raw = INTERNATIONAL.format(address=address, number=number).replace("\n", "\r\n").encode(charset)

    def talk() -> list[str]:
        wire = Wire(port)
        try:
            wire.says()
            said = [
                wire.ask("EHLO kö.example.org".encode(charset)),
                wire.ask(f"MAIL FROM:<jürgen@exämple.org>{parameters}".encode(charset)),
                wire.ask(f"RCPT TO:<zoé@{address.partition('@')[2]}>".encode(charset)),
                wire.ask(f"RCPT TO:<{address}>"),
                wire.ask("DATA"),
                wire.ask(raw + b"."),
            ]
        finally:
            wire.close()
        return said

    hello, *said = await asyncio.to_thread(talk)
    assert "250-SMTPUTF8" in hello
    assert [line[:3] for line in said] == ["250", "550", "250", "354", "250"]
    await until_filed(player, 1)
    told = await player.act("last_letter")
    assert told["sender"] == '"Jürgen Müller" <jürgen@exämple.org>'
    assert told["reply_to"] == "[Müller, Jürgen](mailto:j%C3%BCrgen%2Bx@ex%C3%A4mple.org)"
    assert told["to"] == [["", address], ["Zoé", "zoé@exämple.org"]]
    assert told["cc"] == [["", "ø@example.org"]]
    assert told["return_path"] == "jürgen@exämple.org"
    assert told["text"] == "Über\n"
    assert ["Subject", f"Grüße {number}"] in told["headers"]


async def test_what_is_no_address_is_refused_and_not_asked_for_again(house: House, port: int) -> None:
    def talk() -> list[str]:
        wire = Wire(port)
        try:
            wire.says()
            wire.ask("EHLO client.example.org")
            return [
                wire.ask("MAIL FROM:<=?utf-8?q?a=0d=0aX=3a_y?=@example.org>"),
                wire.ask("MAIL FROM:<a\u202e@example.org>"),
                wire.ask("MAIL FROM:<ann@example.org>"),
                wire.ask(b"RCPT TO:<a\0b@forms.example.org>"),
                wire.ask(b"RCPT TO:<\xfc@forms.example.org>"),
                wire.ask(b"RCPT TO:<abcdef@f\xfcrms.example.org>"),
                wire.ask("RCPT TO:<abcdef@☃.example.org>"),
            ]
        finally:
            wire.close()

    assert [line[:3] for line in await asyncio.to_thread(talk)] == ["553", "553", "250", "553", "550", "550", "550"]


async def test_the_same_question_gives_the_same_address_and_another_one_another(house: House) -> None:
    player = await begun(house)
    plain, keyed = await player.act("address"), await player.act("address", key="papers")
    numbered = await player.act("address", key="papers", index=2)
    assert len({plain, keyed, numbered}) == 3
    assert await player.act("address") == plain
    assert await player.act("address", key="papers", index=2) == numbered
    assert "an index needs a key" in await player.act("address", index=2)
    assert "an index needs a key" in await player.act("box", index=2)
    shorts = [one.partition("@")[0] for one in (plain, keyed, numbered)]
    assert [one[:3] for one in await player.act("box")] == [
        [shorts[0], None, None],
        [shorts[1], "papers", None],
        [shorts[2], "papers", 2],
    ]
    assert [one[0] for one in await player.act("box", key="papers")] == shorts[1:]
    assert [one[0] for one in await player.act("box", key="papers", index=2)] == shorts[2:]
    assert await player.act("box", key="nothing") == []


async def test_two_people_in_one_session_have_addresses_of_their_own(house: House, port: int) -> None:
    first = await begun(house)
    address = await first.act("address")
    second = Player(house, "post", visitor=new_visitor("t2"), code=first.code)
    await second.open()
    other = await second.act("address")
    assert other != address
    await hand_over(port, letter(other, subject="For the second"), other)
    await until_filed(first, 1)
    assert [one[4] for one in await first.act("box")] == [[]]
    assert [one[4] for one in await second.act("box")] == [["For the second"]]


async def test_a_mail_comes_as_who_asked_for_the_address(house: House, port: int) -> None:
    await house.database.execute(
        "insert into people.accounts (id, email, email_key, privileges, created_at) overriding system value"
        " values (70001, $1, $1, '{advocate}', now()) on conflict do nothing",
        "clerk@example.org",
    )
    # What the page said of them is not asked again: who they are at that moment counts.
    clerk = UserFacts(is_anonymous=False, is_authenticated=True, the_user_id="70001", email="of.before@example.org")
    player = await begun(house, visitor=new_visitor().model_copy(update={"user": clerk}))
    await hand_over(port, letter(address := await player.act("address")), address)
    await until_filed(player, 1)
    assert (await player.act("last_letter"))["who"] == [
        70001, "clerk@example.org", "worker", True, ["advocate"],
    ]  # fmt: skip


async def test_the_envelope_says_who_gets_it_and_each_session_gets_it_once(house: House, port: int) -> None:
    one, two = await begun(house), await begun(house)
    addresses = [await player.act("address") for player in (one, two)]
    message = letter("undisclosed-recipients:;", subject="Blind")
    assert (await hand_over(port, message, *addresses, addresses[0]))[0] == 250
    assert await until_filed(one, 1) == ["Blind"]
    assert await until_filed(two, 1) == ["Blind"]


async def test_a_mail_that_comes_twice_is_kept_once_also_by_another_way(house: House, port: int) -> None:
    player = await begun(house)
    address = await player.act("address")
    message = letter(address, subject="Again", Message_ID="<1@example.org>").as_bytes()
    await hand_over(port, message, address)
    await hand_over(port, message, address)
    await hand_over(port, b"Received: from b by c; Fri, 20 Nov 2026 10:00:00 +0000\r\n" + message, address)
    await hand_over(port, message.replace(b"Some words", b"Other words"), address)
    assert await until_filed(player, 2) == ["Again", "Again"]


async def test_mail_of_a_session_is_worked_on_in_the_order_it_came(house: House, port: int) -> None:
    player = await begun(house)
    address = await player.act("address")
    for number in range(12):
        assert (await hand_over(port, letter(address, subject=f"Letter {number}"), address))[0] == 250
    assert await until_filed(player, 12) == [f"Letter {number}" for number in range(12)]


ACTIONS = "select array_agg(action order by received_at, id) from mailbox.mails where session_id = $1"


async def test_mail_for_an_encrypted_session_waits_until_somebody_opens_it(house: House, port: int) -> None:
    player = await begun(house, "closed")
    address = await player.act("address")
    for number in range(3):
        assert (await hand_over(port, letter(address, subject=f"Letter {number}"), address))[0] == 250
    await until(lambda: house.database.fetchval(ACTIONS, player.reply.session_id), ["closed"] * 3)
    holders = "select count(*) from session.wraps where session_id = $1 and key_id <> ''"
    assert await house.database.fetchval(holders, player.reply.session_id) == 0
    assert await until_filed(player, 3) == [f"Letter {number}" for number in range(3)]
    assert (await player.act("last_letter"))["who"][2:4] == ["worker", False]
    await until(lambda: house.database.fetchval(ACTIONS, player.reply.session_id), ["done"] * 3)
    noted = "select has_closed_mail from session.sessions where id = $1"
    await until(lambda: house.database.fetchval(noted, player.reply.session_id), False)
    assert await house.database.fetchval(holders, player.reply.session_id) == 0
    assert (await hand_over(port, letter(address, subject="Later"), address))[0] == 250
    await until(lambda: house.database.fetchval(ACTIONS, player.reply.session_id), ["done"] * 3 + ["closed"])
    await player.check_in()
    await until(lambda: house.database.fetchval(ACTIONS, player.reply.session_id), ["done"] * 4)


async def test_what_an_encrypted_session_has_got_can_be_read_by_its_visitor(house: House, port: int) -> None:
    player = await begun(house, "closed")
    address = await player.act("address")
    await hand_over(port, letter(address, subject=f"Secret {CANARY}", text=f"The word is {CANARY}."), address)
    await until(lambda: house.database.fetchval(ACTIONS, player.reply.session_id), ["closed"])
    assert [one[4] for one in await player.act("box")] == [[f"Secret {CANARY}"]]
    assert await player.act("read_box") == [f"The word is {CANARY}.\n"]
    assert await player.act("read_box") == [f"The word is {CANARY}.\n"]  # from files of the session, now


async def test_allow_unattended_opens_it_for_mail(house: House, port: int) -> None:
    player = await begun(house, "allowed")
    address = await player.act("address")
    await hand_over(port, letter(address, subject="Let in"), address)
    assert await until_filed(player, 1) == ["Let in"]


async def test_nothing_of_a_mail_lies_in_clear_in_the_database(house: House, port: int) -> None:
    for kind in ("closed", "shared"):
        player = await begun(house, kind)
        address = await player.act("address", key=f"key {CANARY}")
        message = letter(address, subject=f"A {CANARY}", text=f"B {CANARY}", X_Word=CANARY)
        message.add_attachment(CANARY.encode(), maintype="text", subtype="plain", filename=f"{CANARY}.txt")
        await hand_over(port, message, address, sender=f"{CANARY}@example.org".lower())
        assert sum(len(one[4]) for one in await player.act("box")) == 1
    tables = await house.database.fetch(
        "select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables "
        "where table_schema not in ('pg_catalog', 'information_schema')"
    )
    for table in tables:
        for row in await house.database.fetch(f"select t::text as text from {table['name']} t"):
            assert CANARY.lower() not in row["text"].lower(), table["name"]
            assert CANARY.encode().hex() not in row["text"], table["name"]


async def test_with_the_session_its_mail_goes_and_its_address_is_refused(house: House, port: int) -> None:
    player = await begun(house)
    address = await player.act("address")
    await hand_over(port, letter(address), address)
    await until_filed(player, 1)
    session_id = player.reply.session_id
    await player.delete()
    assert await house.database.fetchval("select count(*) from mailbox.mails where session_id = $1", session_id) == 0
    code, said = await hand_over(port, letter(address), address)
    assert (code, said[:5]) == (550, "5.1.1")


async def test_unknown_addresses_and_other_domains_are_refused_before_the_mail_is_sent(house: House, port: int) -> None:
    player = await begun(house)
    address = await player.act("address")
    short = address.partition("@")[0]
    assert (await hand_over(port, letter("x"), "nobody@forms.example.org"))[0] == 550
    code, said = await hand_over(port, letter("x"), f"{short}@elsewhere.example.org")
    assert (code, said[:5]) == (550, "5.7.1")
    assert (await hand_over(port, letter("x"), f"{short}+tag@forms.example.org"))[0] == 250


async def test_the_size_is_announced_and_enforced(house: House, port: int) -> None:
    player = await begun(house)
    address = await player.act("address")

    def talk() -> None:
        wire = Wire(port)
        wire.says()
        assert f"SIZE {MAX_BYTES}" in wire.ask("EHLO client.example.org")
        assert wire.ask(f"MAIL FROM:<ann@example.org> SIZE={MAX_BYTES + 1}").startswith("552")
        wire.close()

    await asyncio.to_thread(talk)
    large = letter(address, text="x" * 70 + "\n" + ("y" * 70 + "\n") * (MAX_BYTES // 71 + 1))
    assert (await hand_over(port, large, address))[0] == 552
    assert await player.act("box") == [[address.partition("@")[0], None, None, None, []]]


async def test_tls_is_there_from_the_first_byte_or_after_starttls(
    house: House, post: tuple[Post, dict[str, Any]]
) -> None:
    player = await begun(house)
    address = await player.act("address")

    def talk(wire: Wire, subject: str) -> None:
        assert "STARTTLS" not in wire.ask("EHLO client.example.org")
        assert "AUTH" not in wire.ask("EHLO client.example.org")
        assert wire.ask("MAIL FROM:<ann@example.org>").startswith("250")
        assert wire.ask(f"RCPT TO:<{address}>").startswith("250")
        assert wire.ask("DATA").startswith("354")
        assert wire.ask(letter(address, subject=subject).as_bytes(policy=policy.SMTP) + b".").startswith("250 2.0.0")
        assert wire.ask("QUIT").startswith("221")
        wire.close()

    def implicit() -> None:
        wire = Wire(post[0].tls_port, context=post[0].context)
        wire.says()
        talk(wire, "Implicit")

    def explicit() -> None:
        wire = Wire(post[0].port)
        wire.says()
        assert "STARTTLS" in wire.ask("EHLO client.example.org")
        wire.start_tls(post[0].context)
        talk(wire, "Explicit")

    await asyncio.to_thread(implicit)
    await asyncio.to_thread(explicit)
    assert sorted(await until_filed(player, 2)) == ["Explicit", "Implicit"]


async def test_what_is_said_before_tls_counts_for_nothing_after_it(house: House, post: tuple[Post, Any]) -> None:
    """RFC 3207 §6: somebody between may have put it in."""
    player = await begun(house)
    address, place = await player.act("address"), post[0]

    def talk() -> list[str]:
        wire = Wire(place.port)
        wire.says()
        wire.ask("EHLO between.example.org")
        early = f"STARTTLS\r\nMAIL FROM:<eve@example.org>\r\nRCPT TO:<{address}>"
        assert wire.ask(early).startswith("220")
        wire.wrap(place.context)
        return [wire.ask(line) for line in ("EHLO client.example.org", f"RCPT TO:<{address}>")]

    hello, said = await asyncio.to_thread(talk)
    assert "STARTTLS" not in hello
    assert said.startswith("503")


async def test_what_cannot_be_taken_apart_waits_in_quarantine_and_comes_whole_when_released(
    house: House, port: int, server_keys: ServerKeys
) -> None:
    player = await begun(house)
    address = await player.act("address")
    deep = "".join(f'Content-Type: multipart/mixed; boundary="b{level}"\r\n\r\n--b{level}\r\n' for level in range(40))
    raw = f"Subject: Nested\r\nFrom: ann@example.org\r\n{deep}\r\nInside\r\n".encode()
    assert (await hand_over(port, raw, address))[0] == 250
    from shared.mailbox import received

    rows = [row for row in await received.in_quarantine(house.database) if row[1] == address.partition("@")[0]]
    assert [row["reason"] for row in rows] == ["nested_too_deep"]
    assert await player.act("filed") == []
    session_id = await received.release(house.database, rows[0]["id"])
    from shared.contracts.session import DeliverMail

    await house.send(DeliverMail(mail_id=rows[0]["id"], session_id=session_id or ""))
    assert await until_filed(player, 1) == ["Nested"]
    told = await player.act("last_letter")
    assert [one[0] for one in told["files"]] == ["message.eml"]
    assert told["contents"][0].encode("latin-1") == raw
    assert (told["text"], told["html"]) == (None, None)


async def test_a_mail_that_goes_in_circles_is_refused(house: House, port: int) -> None:
    player = await begun(house)
    address = await player.act("address")
    hops = b"".join(b"Received: from a by b; Fri, 20 Nov 2026 10:00:00 +0000\r\n" for _ in range(60))
    code, said = await hand_over(port, hops + letter(address).as_bytes(), address)
    assert (code, said[:5]) == (554, "5.4.6")


async def test_bounces_and_absence_notes_say_that_they_are_automatic(house: House, port: int) -> None:
    player = await begun(house)
    address = await player.act("address")
    await hand_over(port, letter(address, subject="A bounce"), address, sender="")
    await until_filed(player, 1)
    assert (await player.act("last_letter"))["is_automatic"] is True
    await hand_over(port, letter(address, subject="Away", Auto_Submitted="auto-replied"), address)
    await until_filed(player, 2)
    assert (await player.act("last_letter"))["is_automatic"] is True


async def test_one_address_takes_so_much_in_an_hour_and_no_more_for_now(house: House, port: int) -> None:
    player = await begun(house)
    address = await player.act("address")
    for number in range(30):
        assert (await hand_over(port, letter(address, subject=str(number)), address))[0] == 250
    code, said = await hand_over(port, letter(address), address)
    assert (code, said[:5]) == (450, "4.7.1")
    assert len(await until_filed(player, 30)) == 30


async def posted(house: House, server_keys: ServerKeys, message: EmailMessage, *recipients: str) -> str:
    """What becomes of a mail that a provider has handed to the gateway."""
    store = content_store()
    room = FileRoom.of(
        database=house.database, store=store, server_keys=server_keys, clock=SystemClock(), max_file_bytes=MAX_BYTES
    )
    stored = await room.contents.keep(message.as_bytes())
    told = TakeMail(
        location=stored.location,
        size_bytes=stored.size_bytes,
        key=Sealed(b64encode(stored.key).decode()),
        recipients=Sealed(recipients),
        via="webhook",
    )
    return (await house.bus.request(told, MailTaken, timeout_seconds=30)).outcome


@pytest.mark.parametrize("way", ["smtp", "provider"])
async def test_a_bounce_is_noted_with_the_mail_that_came_back(
    house: House, port: int, server_keys: ServerKeys, way: str
) -> None:
    from shared.kernel.ids import new_id

    message_id = new_id()
    await house.database.execute(
        "insert into mailbox.sendings (run_id, errand_hash, repetition, message_id, session_id, kind, state, "
        "claimed_until, created_at) values ($1::text, 'h', 1, $1::uuid, $2, 'mail', 'sent', now(), now())",
        message_id,
        new_id(),
    )
    to = f"bounce+{message_id.replace('-', '')}@forms.example.org"
    delivery = "select delivery from mailbox.sendings where message_id = $1"
    away = letter(to, subject="I am away", Auto_Submitted="auto-replied")
    assert (await hand_over(port, away, to, sender=""))[0] == 250
    assert (await hand_over(port, letter(to, subject="Thank you"), to))[0] == 250
    assert await house.database.fetchval(delivery, message_id) == ""
    not_delivered = letter(to, subject="Not delivered")
    if way == "smtp":
        assert (await hand_over(port, not_delivered, to, sender=""))[0] == 250
    else:
        assert await posted(house, server_keys, not_delivered, to) == "kept"
    assert await house.database.fetchval(delivery, message_id) == "bounced"
    unknown = f"bounce+{new_id().replace('-', '')}@forms.example.org"
    assert (await hand_over(port, letter(unknown), unknown))[0] == 550


async def test_one_who_is_slow_with_many_mails_holds_up_nobody_else(house: House, port: int) -> None:
    player = await begun(house)
    address = await player.act("address")

    def begin() -> Wire:
        wire = Wire(port)
        wire.says()
        for line in ("EHLO slow.example.org", "MAIL FROM:<slow@example.org>", f"RCPT TO:<{address}>"):
            wire.ask(line)
        wire.socket.sendall(b"DATA\r\n")
        return wire

    slow = [await asyncio.to_thread(begin) for _ in range(16)]
    try:
        assert (await asyncio.to_thread(slow[0].says)).startswith("354")
        message = letter(address, subject="In between")
        assert (await hand_over(port, message, address, client="127.0.0.2"))[0] == 250
        assert await until_filed(player, 1) == ["In between"]
    finally:
        for wire in slow:
            wire.close()


async def test_while_the_database_is_away_senders_are_told_to_come_again(house: House, port: int) -> None:
    player = await begun(house)
    address = await player.act("address")
    held = await asyncio.to_thread(Wire, port)

    def until_data() -> None:
        held.says()
        held.ask("EHLO client.example.org")
        held.ask("MAIL FROM:<ann@example.org>")
        assert held.ask(f"RCPT TO:<{address}>").startswith("250")
        assert held.ask("DATA").startswith("354")

    await asyncio.to_thread(until_data)
    await house.database.execute("alter table mailbox.mails rename to elsewhere")
    try:
        raw = letter(address, subject="Patience").as_bytes(policy=policy.SMTP)
        said = await asyncio.to_thread(held.ask, raw + b".")
        assert said.startswith("451 4.3.0")
        assert (await hand_over(port, letter(address), address))[0] == 451
    finally:
        await house.database.execute("alter table mailbox.elsewhere rename to mails")
    assert (await hand_over(port, raw, address))[0] == 250
    assert await until_filed(player, 1) == ["Patience"]


async def test_what_a_session_sends_to_itself_waits_for_the_operator(house: House, port: int) -> None:
    from shared.kernel.ids import new_id

    player = await begun(house)
    address = await player.act("address")
    message_id = new_id()
    await house.database.execute(
        "insert into mailbox.sendings (run_id, errand_hash, repetition, message_id, session_id, kind, state, "
        "claimed_until, created_at) values ($1::text, 'h', 1, $1::uuid, $2, 'mail', 'sent', now(), now())",
        message_id,
        player.reply.session_id,
    )
    message = letter(address, subject="Echo", Message_ID=f"<{message_id}@forms.example.org>")
    assert (await hand_over(port, message, address))[0] == 250
    reason = "select reason from mailbox.mails where session_id = $1"
    assert await house.database.fetchval(reason, player.reply.session_id) == "own_mail"
    assert await player.act("filed") == []
