"""How a mail is written down: nothing that people type becomes a header or a recipient."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mailbox.mail import AddressUnusable, Attachment, Mail, address_of, read_back, written

NOW = datetime(2026, 5, 5, 12, tzinfo=UTC)
HEADERS = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("ann@example.org", "", "ann@example.org"),
        (" Ann Lee <ann@example.org> ", "Ann Lee", "ann@example.org"),
        ('"Lee, Ann" <ann@example.org>', "Lee, Ann", "ann@example.org"),
        ("Änne <o'neil+1@bücher.example>", "Änne", "o'neil+1@xn--bcher-kva.example"),
        ("ann@straße.example", "", "ann@xn--strae-oqa.example"),
        ("Jürgen <jürgen@exämple.org>", "Jürgen", "jürgen@xn--exmple-cua.org"),
        ("ju\u0308rgen@example.org", "", "jürgen@example.org"),
        ("用户@例え.jp", "", "用户@xn--r8jz45g.jp"),
        ("\u0646\u0645\u06cc\u200c\u062f <a@x.org>", "\u0646\u0645\u06cc\u200c\u062f", "a@x.org"),
    ],
)
def test_one_address_is_read(text: str, name: str, address: str) -> None:
    found = address_of(text)
    assert (found.display_name, found.addr_spec) == (name, address)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@example.org",
        "ann@",
        "a@x.org, b@x.org",
        "a@x.org;b@x.org",
        "a@x.org b@x.org",
        "<a@x.org> <b@x.org>",
        "a@x.org\nb",
        "a@x.org\r\nBcc: b@x.org",
        "A\x00 <a@x.org>",
        "a..b@x.org",
        "a@x..org",
        "a@-x.org",
        "ä..b@x.org",
        "ä b@x.org",
        "ä\u200db@x.org",
        "ä\u202eb@x.org",
        "ä\x85b@x.org",
        "ä\xa0b@x.org",
        "ä\u037eb@x.org",
        "ä\udcfcb@x.org",
        "a@ä\u2028.org",
        "a@\u0378.org",
        "ä" * 33 + "@x.org",
        "a" * 65 + "@x.org",
        "a@" + "x" * 64 + ".org",
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(AddressUnusable):
        address_of(text)


@given(name=st.text(max_size=60), subject=st.text(max_size=400), text=st.text(max_size=200), file=st.text(max_size=60))
def test_whatever_the_texts_are_the_headers_are_ours(name: str, subject: str, text: str, file: str) -> None:
    try:
        to = address_of(f"{name} <ann@example.org>")
    except AddressUnusable:
        to = address_of("ann@example.org")
    mail = Mail(to=(to,), subject=subject, text=text, html=text, attachments=(Attachment(file, file, b"\x00x"),))
    contents = written(mail, default_sender="Forms <forms@example.org>", message_id="17", now=NOW)
    found = message_from_bytes(contents, policy=policy.default)
    assert set(found.keys()) <= HEADERS
    assert [one.addr_spec for one in found["To"].addresses] == ["ann@example.org"]
    assert [part.get_content_type() for part in found.walk()][:4] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


@pytest.mark.parametrize("field", ["to", "cc", "sender", "reply_to"])
def test_headers_are_utf_8_when_an_address_is_not_ascii(field: str) -> None:
    address = address_of("Jürgen <jürgen@exämple.org>")
    given = {"to": (address_of("ann@example.org"),), field: address if field in ("sender", "reply_to") else (address,)}
    mail = Mail(**given, subject="Grüße", text="x\n")  # type: ignore[arg-type]
    contents = written(mail, default_sender="forms@example.org", message_id="17", now=NOW)
    assert "Jürgen <jürgen@xn--exmple-cua.org>\r\n".encode() in contents
    assert read_back(contents, mail.recipients, {}) == replace(
        mail, sender=mail.sender or address_of("forms@example.org")
    )


def test_headers_are_ascii_when_all_addresses_are() -> None:
    mail = Mail(to=(address_of("Jürgen <j@exämple.org>"),), bcc=(address_of("ü@x.org"),), subject="Grüße", text="x")
    contents = written(mail, default_sender="Förms <forms@example.org>", message_id="17", now=NOW)
    assert contents.partition(b"\r\n\r\n")[0].isascii()


@given(local=st.text(max_size=12), domain=st.text(max_size=12))
def test_whatever_an_address_is_the_headers_are_ours(local: str, domain: str) -> None:
    try:
        to = address_of(f"Ann <ä{local}@{domain}.org>")
    except AddressUnusable:
        return
    contents = written(Mail(to=(to,), text="x"), default_sender="forms@example.org", message_id="17", now=NOW)
    assert set(message_from_bytes(contents, policy=policy.default).keys()) <= HEADERS | {"Content-Transfer-Encoding"}
    assert read_back(contents, [], {}).to == (to,)


def test_blind_copies_are_not_in_the_mail() -> None:
    mail = Mail(to=(address_of("ann@example.org"),), bcc=(address_of("bob@example.org"),), text="x")
    assert mail.recipients == ("ann@example.org", "bob@example.org")
    assert b"bob@" not in written(mail, default_sender="forms@example.org", message_id="17", now=NOW)


def test_a_mail_that_goes_with_a_mail_is_attached_as_bytes() -> None:
    mail = Mail(
        to=(address_of("ann@example.org"),), text="x", attachments=(Attachment("m.eml", "message/rfc822", b"A: b"),)
    )
    contents = written(mail, default_sender="forms@example.org", message_id="17", now=NOW)
    assert b"application/octet-stream" in contents


def test_a_mail_is_read_back_as_it_was_written() -> None:
    mail = Mail(
        to=(address_of("Ann <ann@example.org>"),),
        cc=(address_of("cid@example.org"),),
        bcc=(address_of("bob@example.org"),),
        sender=address_of("Us <us@example.org>"),
        reply_to=address_of("back@example.org"),
        subject="Grüße",
        text="Text\n",
        html="<p>Ω</p>\n",
        attachments=(Attachment("a.bin", "application/octet-stream", b"\x00\xff"),),
        variables={"a": "b"},
    )
    raw = written(mail, default_sender="x@example.org", message_id="0", now=NOW)
    assert read_back(raw, mail.recipients, mail.variables) == mail
