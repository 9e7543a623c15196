"""E-mail that interviews send while they run (spec/area3 §5.1), through a real mail server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage

import pytest
import pytest_asyncio

from shared.crypto.keys import ServerKeys
from shared.kernel.ids import new_id
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player
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
    running_office.is_international = True
    return running_office


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(
    postgres_url: str, redis_url: str, server_keys: ServerKeys, running_office: PostOffice
) -> AsyncIterator[House]:
    settings = {**running_office.settings, "lock_wait_seconds": 0.1}
    async with running_house(postgres_url, redis_url, server_keys, 2, **settings) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def player(house: House) -> Player:
    found = Player(house, "mail")
    await found.open()
    return found


async def test_a_mail_is_sent_before_the_interview_goes_on(player: Player, office: PostOffice) -> None:
    assert await player.act("send", to="ann@example.org", subject="Hello", body="One\n<b>two</b>") is True
    [mail] = office.received("Hello")
    assert (mail["From"], mail["To"]) == ("Forms <forms@example.org>", "ann@example.org")
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert page is not None
    assert text.get_content() == "One\n<b>two</b>\n"
    assert page.get_content().strip() == "<html><body>One<br>\n&lt;b&gt;two&lt;/b&gt;</body></html>"


async def test_people_and_templates_become_addresses_and_texts(player: Player, office: PostOffice) -> None:
    assert await player.act("send_template") is True
    [mail] = office.received("Your *papers*, soon")
    assert mail["To"] == "Ann Lee <ann@example.org>"
    assert mail["Cc"] == "The Clerk <clerk@example.org>"
    assert mail["From"] == "Forms Office <office@example.org>"
    assert mail["Reply-To"] == "Ann Lee <ann@example.org>"
    assert mail["Bcc"] is None
    [envelope] = office.taken
    assert envelope.rcpt_tos == ["ann@example.org", "clerk@example.org", "bob@example.org"]
    page, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert page is not None
    assert text is not None
    assert 'href="http://localhost/start?x=1&amp;y=2"' in page.get_content()
    assert "read this: our page (http://localhost/start?x=1&y=2), and theirs (https://example.org/)." in (
        text.get_content()
    )
    assert "* one\n* two" in text.get_content()


def said(mail: EmailMessage) -> tuple[str, str]:
    """Its text and its page."""
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert page is not None
    return text.get_content().strip(), page.get_content().strip()


async def test_html_alone_brings_its_text_and_each_may_be_given(player: Player, office: PostOffice) -> None:
    page = "<html><body><h1>Hello</h1><p>Look <a href='https://example.org/'>here</a></p></body></html>"
    assert await player.act("send", to="ann@example.org", subject="Alone", html=page) is True
    assert await player.act("send", to="ann@example.org", subject="Both", html=page, body="In short") is True
    assert await player.act("send", to="ann@example.org", subject="Nothing") is True
    [alone], [both], [nothing] = map(office.received, ("Alone", "Both", "Nothing"))
    assert said(alone) == ("Hello\n\nLook here (https://example.org/)", page)
    assert said(both) == ("In short", page)
    assert said(nothing) == ("", "<html><body></body></html>")


async def test_what_is_given_beside_a_template_takes_the_place_of_its_own(player: Player, office: PostOffice) -> None:
    assert await player.act("send_over_template", subject="By hand") is True
    assert await player.act("send_over_template", subject="A text", body="In short") is True
    assert await player.act("send_over_template", subject="A page", html="<p>Mine</p>") is True
    [by_hand], [text], [page] = map(office.received, ("By hand", "A text", "A page"))
    assert said(by_hand)[0].startswith("Dear friend,")
    assert (said(text)[0], said(text)[1].startswith("<html><body><p>Dear friend,")) == ("In short", True)
    assert said(page) == ("Mine", "<p>Mine</p>")


async def test_a_subject_is_one_line_and_left_out_when_there_is_none(player: Player, office: PostOffice) -> None:
    assert await player.act("send", to="ann@example.org", subject="One\nBcc: eve@example.org", body="x") is True
    assert await player.act("send", to="ann@example.org", subject=" ", body="x") is True
    [line], [none] = office.received("One Bcc: eve@example.org"), office.received(None)
    assert (line["Bcc"], none["Subject"]) == (None, None)


async def test_files_of_every_kind_are_attached_under_names_of_their_own(player: Player, office: PostOffice) -> None:
    assert await player.act("send_files") is True
    [mail] = office.received("Papers")
    attached = list(mail.iter_attachments())
    assert [one.get_filename() for one in attached] == ["paper.txt", "paper_001.txt", "paper_002.txt"]
    assert attached[2].get_content() == "Words on paper"


async def test_a_static_file_is_attached_by_its_reference(player: Player, office: PostOffice) -> None:
    attached = "colloquy.examples:data/static/missing.txt"
    assert await player.act("send", to="ann@example.org", subject="Static", attachments=attached) is False
    assert office.taken == []


@pytest.mark.parametrize(
    "to",
    ["", "nobody", "ann@example.org, bob@example.org", "ann@example.org\r\nBcc: bob@example.org", "a b@example.org"],
)
async def test_what_is_not_one_address_gets_no_mail(player: Player, office: PostOffice, to: str) -> None:
    assert await player.act("send", to=to, subject="Trick", body="x") is False
    assert office.taken == []


async def test_addresses_may_have_letters_beyond_ascii(player: Player, office: PostOffice) -> None:
    assert await player.act("send", to="Jürgen <jürgen@exämple.org>", subject="Grüße", body="x") is True
    [envelope] = office.taken
    assert envelope.rcpt_tos == ["jürgen@xn--exmple-cua.org"]
    assert "To: Jürgen <jürgen@xn--exmple-cua.org>\r\nSubject: Grüße\r\n".encode() in envelope.content
    office.is_international = False
    assert await player.act("send", to="jürgen@exämple.org", subject="Grüße", body="x") is False
    assert await player.act("send", to="j@exämple.org", subject="Grüße", body="x") is True
    assert [one.rcpt_tos for one in office.taken[1:]] == [["j@xn--exmple-cua.org"]]


async def test_nobody_gets_no_mail_and_several_may_stand_in_anything(player: Player, office: PostOffice) -> None:
    assert await player.act("send_to_nobody") == [False, False, False, False]
    assert office.taken == []
    assert await player.act("send_to_a_set") is True
    [envelope] = office.taken
    assert sorted(envelope.rcpt_tos) == ["ann@example.org", "bob@example.org"]


async def test_a_list_within_the_list_of_files_is_refused_and_nothing_is_sent(
    player: Player, office: PostOffice
) -> None:
    nested = {"attachments": [["flows:data/static/paper.txt"]]}
    assert await player.act("send", to="ann@example.org", subject="Nested", body="x", **nested) is False
    assert office.taken == []


async def test_no_text_becomes_a_header(player: Player, office: PostOffice) -> None:
    subject = "Quiet\r\nBcc: bob@example.org\r\n\r\nA text"
    assert await player.act("send", to="ann@example.org", subject=subject, body="x") is True
    [mail] = office.received("Quiet Bcc: bob@example.org A text")
    assert mail["Bcc"] is None
    for header in ("sender", "reply_to", "cc", "bcc"):
        trick = {header: "ann@example.org\r\nX-Trick: 1"}
        assert await player.act("send", to="ann@example.org", subject="Trick", body="x", **trick) is False
    assert len(office.taken) == 1


async def test_a_dry_run_sends_nothing_and_says_false(player: Player, office: PostOffice) -> None:
    assert await player.act("send", to="ann@example.org", subject="Dry", body="x", dry_run=True) is False
    assert office.taken == []


async def test_a_task_is_marked_only_when_the_mail_was_taken(player: Player, office: PostOffice) -> None:
    office.says = "451 later"
    assert await player.act("send_with_task", to="ann@example.org") == [False, False]
    office.says = "550 never"
    assert await player.act("send_with_task", to="ann@example.org") == [False, False]
    office.says = "250 OK"
    assert await player.act("send_with_task", to="ann@example.org") == [True, True]


async def test_a_recipient_that_is_refused_does_not_keep_the_mail_from_others(
    player: Player, office: PostOffice
) -> None:
    office.refuses.add("gone@example.org")
    everybody = ["gone@example.org", "ann@example.org"]
    assert await player.act("send", to=everybody, subject="Some", body="x") is True
    assert await player.act("send", to=["gone@example.org"], subject="Some", body="x") is False
    [envelope] = office.taken
    assert envelope.rcpt_tos == ["ann@example.org"]


async def test_who_sends_the_same_twice_in_one_run_has_sent_two(player: Player, office: PostOffice) -> None:
    assert await player.act("send_twice_the_same") == [True, True]
    assert len(office.received("Twice")) == 2


async def test_a_turn_that_was_overtaken_sends_once_and_keeps_both_changes(
    player: Player, office: PostOffice, house: House
) -> None:
    office.is_asked.clear()
    office.go_on.clear()
    office.holds = True
    slow = asyncio.create_task(player.run("note_and_send", word="slow"))
    await asyncio.get_running_loop().run_in_executor(None, office.is_asked.wait, 30)
    await player.run("note", word="fast")
    office.go_on.set()
    await slow
    assert await player.act("tell") == [["fast", "slow"], True]
    assert len(office.received("Noted")) == 1


async def test_an_operation_that_comes_twice_sends_once(player: Player, office: PostOffice) -> None:
    operation = new_id()
    for _ in range(2):
        await player.run("note_and_send", operation_id=operation, word="once")
    assert len(office.received("Noted")) == 1


async def test_a_background_task_sends_mail(player: Player, office: PostOffice) -> None:
    await player.run("begin_task")
    assert await player.act("task_said") is True
    assert len(office.received("From a task")) == 1


async def test_the_ledger_tells_nobody_who_was_written_to(player: Player, office: PostOffice, house: House) -> None:
    assert await player.act("send", to="canary@example.org", subject="Canary subject", body="Canary body") is True
    rows = await house.database.fetch("select sendings::text as row, errand_hash from mailbox.sendings as sendings")
    assert rows
    assert not any("anary" in row["row"] or b"anary" in row["errand_hash"] for row in rows)
