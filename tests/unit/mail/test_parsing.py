"""Mail taken apart: what is in it is found, and nothing that anybody sends is too much for it."""

from __future__ import annotations

import base64
import re
from email import policy
from email.message import EmailMessage
from random import Random  # noqa: TID251 - the same damage in every run

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.mail.parsing import ParsedMail, identity, parsed, text_of
from shared.mailbox.received import Mailbox
from tests.letters import letter
from tests.mail_corpus import corpus, damaged


def part(mail: ParsedMail, role: str) -> bytes:
    [found] = [one.contents for one in mail.parts if one.role == role]
    return found


def everything(mail: ParsedMail) -> bytes:
    return b"\n".join(one.contents for one in mail.parts if one.role != "headers")


@pytest.mark.parametrize("seed", range(4))
def test_every_word_of_a_mail_is_in_one_of_its_parts(seed: int) -> None:
    for sample in corpus(150, seed):
        mail = parsed(sample.raw)
        assert mail.parts[0].role == "headers"
        assert isinstance(orjson.loads(mail.parts[0].contents), list)
        assert sum(one.role == "text" for one in mail.parts) <= 1
        assert sum(one.role == "html" for one in mail.parts) <= 1
        assert all(one.filename and "/" not in one.filename for one in mail.parts)
        if sample.is_sound:
            inside = everything(mail)
            missing = [word for word in sample.words if not _is_in(word, inside)]
            assert missing == [], sample.raw
            assert mail.reason == "", sample.raw


def _is_in(word: str, inside: bytes) -> bool:
    """Files are kept in their charset, and a forwarded mail as it came, its parts encoded."""
    if word.encode() in inside or word.encode("utf-16-le") in inside:
        return True
    for block in re.findall(rb"(?:[A-Za-z0-9+/]{4,}=*\r?\n)+", inside):
        try:
            found = base64.b64decode(block)
        except ValueError:
            continue
        if word.encode() in found or word.encode("utf-16-le") in found:
            return True
    return False


@pytest.mark.parametrize("seed", range(4))
def test_no_damage_breaks_it(seed: int) -> None:
    chance = Random(seed)
    for sample in corpus(100, seed + 100):
        raw = damaged(sample.raw, chance)
        mail = parsed(raw)
        assert mail.parts[0].role == "headers"
        mail.contents.model_dump_json()
        identity(raw)


@settings(max_examples=300)
@given(st.binary(max_size=2000))
def test_no_bytes_break_it(raw: bytes) -> None:
    parsed(raw).contents.model_dump_json()
    identity(raw)


@settings(max_examples=200)
@given(st.text(max_size=200))
def test_a_header_is_one_line_of_text(value: str) -> None:
    assert "\n" not in text_of(value)
    assert "\r" not in text_of(value)


def test_names_and_subjects_are_decoded() -> None:
    raw = (
        b"From: =?iso-8859-1?q?J=FCrgen?= <j@example.org>\r\n"
        b"Subject: =?utf-8?b?R3LDvMOfZQ==?= und\r\n =?utf-8?q?mehr?=\r\n"
        b"To: Ann <ann@example.org>, bob@example.org\r\nResent-To: eve@example.org\r\n\r\nText\r\n"
    )
    contents = parsed(raw).contents
    assert contents.sender == Mailbox(name="Jürgen", address="j@example.org")
    assert contents.subject == "Grüße und mehr"
    assert [one.address for one in contents.to] == ["ann@example.org", "bob@example.org", "eve@example.org"]


NAMED = (
    'From: Jürgen Müller <jürgen@exämple.org>\r\nReply-To: "Müller, Jürgen" <jürgen+x@exämple.org>\r\n'
    "To: Zoé <zoé@example.org>, é@exämple.org\r\nCc: ø@bücher.example\r\nReturn-Path: <jürgen@exämple.org>\r\n"
    "Subject: Grüße\r\n\r\nText\r\n"
)


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
def test_addresses_may_have_letters_beyond_ascii(charset: str) -> None:
    contents = parsed(NAMED.encode(charset)).contents
    assert contents.sender == Mailbox(name="Jürgen Müller", address="jürgen@exämple.org")
    assert contents.reply_to == Mailbox(name="Müller, Jürgen", address="jürgen+x@exämple.org")
    assert contents.to == (Mailbox(name="Zoé", address="zoé@example.org"), Mailbox(address="é@exämple.org"))
    assert contents.cc == (Mailbox(address="ø@bücher.example"),)
    assert contents.return_path == Mailbox(address="jürgen@exämple.org")
    assert contents.subject == "Grüße"


@pytest.mark.parametrize(
    ("header", "name", "address"),
    [
        ("=?utf-8?q?M=C3=BCller=2C_J=C3=BCrgen?= <j@example.org>", "Müller, Jürgen", "j@example.org"),
        ("=?utf-8?q?=22M=C3=BCller=2C_J=C3=BCrgen=22?= <j@example.org>", "Müller, Jürgen", "j@example.org"),
        ("=?utf-8?q?The_bank_=3Cservice=40bank=2Eexample=3E=2C?= <j@example.org>", None, "j@example.org"),
        ("Müller, Jürgen <j@example.org>", "Jürgen", "j@example.org"),
        ("=?utf-8?q?J=C3=BCrgen_=3Cj=40example=2Eorg=3E?=", "Jürgen", "j@example.org"),
        ("<=?utf-8?q?j=40example=2Eorg?=>", "", "j@example.org"),
        ("\u0646\u0645\u06cc\u200c\u062f <j@example.org>", "\u0646\u0645\u06cc\u200c\u062f", "j@example.org"),
        ("root", "", "root"),
    ],
)
def test_what_an_encoded_word_holds_is_a_name(header: str, name: str | None, address: str) -> None:
    found = parsed(f"From: {header}\r\n\r\nText\r\n".encode()).contents.sender
    assert found is not None
    assert found.address == address
    assert name is None or found.name == name


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
def test_a_file_may_have_its_name_in_letters_beyond_ascii(charset: str) -> None:
    raw = 'Subject: x\r\nContent-Type: application/x-thing\r\nContent-Disposition: attachment; filename="übel.bin"'
    assert parsed(f"{raw}\r\n\r\nText".encode(charset)).parts[1].filename == "übel.bin"


@pytest.mark.parametrize("header", ["Sender: b@example.org\r\n", "From: \r\nSender: b@example.org\r\n"])
def test_without_from_the_sender_counts(header: str) -> None:
    found = parsed(f"{header}\r\nText\r\n".encode()).contents.sender
    assert found is not None
    assert found.address == "b@example.org"


@pytest.mark.parametrize(
    ("head", "date"),
    [
        ("Date: Fri, 20 Nov 2026 10:00:00 +0200\r\n", "2026-11-20T10:00:00+02:00"),
        ("Date: Fri, 20 Nov 2026 10:00:00 -0000\r\n", "2026-11-20T10:00:00+00:00"),
        ("Resent-Date: Fri, 20 Nov 2026 10:00:00 +0000\r\n", "2026-11-20T10:00:00+00:00"),
        ("Date: tomorrow\r\n", ""),
        ("", ""),
    ],
)
def test_a_date_that_can_be_read_is_told_with_its_zone(head: str, date: str) -> None:
    assert parsed(f"{head}Subject: x\r\n\r\nText\r\n".encode()).contents.date == date


@pytest.mark.parametrize("charset", [b"no-such-charset", b"utf\x008", b"\xff"])
def test_a_charset_that_is_none_is_no_reason_to_give_up(charset: bytes) -> None:
    head = b"Subject: =?" + charset + b"?b?SGVsbG8=?=\r\nContent-Type: text/plain; charset=" + charset
    mail = parsed(head + b"\r\n\r\nHell\xf6")
    assert (mail.reason, mail.parts[1].role) == ("", "text")
    assert mail.parts[1].contents == "Hellö".encode()


def test_bodies_are_texts_that_are_no_attachments() -> None:
    message = letter("a@example.org", text="The text")
    message.add_attachment("A note", filename="note.txt")
    message.add_attachment("<p>x</p>", subtype="html", filename="page.html")
    mail = parsed(message.as_bytes(policy=policy.SMTP))
    assert part(mail, "text") == b"The text\n"
    assert [one.filename for one in mail.parts if one.role == "attachment"] == ["note.txt", "page.html"]
    assert not any(one.role == "html" for one in mail.parts)


@pytest.mark.parametrize("charset", ["iso-8859-1", "koi8-r", "utf-16", "no-such-charset"])
def test_texts_are_utf_8_whatever_they_were(charset: str) -> None:
    word = {"koi8-r": "привет"}.get(charset, "Grüße")
    contents = word.encode("latin-1" if charset == "no-such-charset" else charset)
    message = EmailMessage(policy=policy.SMTP)
    message["Subject"] = "x"
    message.set_content(contents, maintype="text", subtype="plain", params={"charset": charset})
    del message["Content-Disposition"]
    assert part(parsed(message.as_bytes()), "text").decode() == word


@pytest.mark.parametrize(
    ("header", "is_automatic"),
    [
        ("Auto-Submitted: auto-replied", True),
        ("Auto-Submitted: no", False),
        ("Precedence: bulk", True),
        ("List-Id: <list.example.org>", True),
        ("X-Auto: yes", False),
    ],
)
def test_what_a_program_has_sent_is_told_apart(header: str, is_automatic: bool) -> None:
    assert parsed(f"{header}\r\n\r\nText\r\n".encode()).contents.is_automatic is is_automatic


def test_too_many_parts_are_kept_as_one() -> None:
    parts = "".join(f"--b\r\n\r\npart {number}\r\n" for number in range(150))
    raw = f'Subject: Many\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n{parts}--b--\r\n'.encode()
    mail = parsed(raw)
    assert mail.reason == "too_many_parts"
    assert mail.contents.subject == "Many"
    assert [(one.role, one.filename) for one in mail.parts] == [
        ("headers", "headers.json"),
        ("attachment", "message.eml"),
    ]
    assert part(mail, "attachment") == raw


def test_a_file_is_what_its_bytes_say_and_not_what_it_claims() -> None:
    message = letter("a@example.org")
    message.add_attachment(b"<script>x</script>", maintype="image", subtype="png", filename="a.png")
    message.add_attachment(b"%PDF-1.7", maintype="text", subtype="html", filename="b")
    kinds = [one.mimetype for one in parsed(message.as_bytes(policy=policy.SMTP)).parts if one.role == "attachment"]
    assert kinds == ["application/octet-stream", "application/pdf"]


def test_the_same_mail_by_another_way_is_the_same_mail() -> None:
    raw = letter("a@example.org", Message_ID="<1@example.org>").as_bytes(policy=policy.SMTP)
    trace = b"Received: from a by b;\r\n\tFri, 20 Nov 2026 10:00:00 +0000\r\nReturn-Path: <x@example.org>\r\n"
    assert identity(trace + raw) == identity(raw)
    assert identity(raw.replace(b"Some words", b"More words")) != identity(raw)
    assert identity(raw.replace(b"<1@", b"<2@")) != identity(raw)
