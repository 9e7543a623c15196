"""SPF, DKIM and DMARC, asked of a real DNS server that a test answers for."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from email import policy

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from services.mail.verdicts import DnsJudge, NoJudge, consequence, judge_of
from shared.mailbox.received import Verdicts
from tests.letters import letter
from tests.name_server import names
from tests.sites import free_port

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
PUBLIC = base64.b64encode(
    KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
ZONE = {
    "example.org.": "v=spf1 ip4:192.0.2.1 -all",
    "soft.example.org.": "v=spf1 ~all",
    "s1._domainkey.example.org.": f"v=DKIM1; k=rsa; p={PUBLIC}",
    "_dmarc.example.org.": "v=DMARC1; p=reject",
    "s1._domainkey.provider.test.": f"v=DKIM1; k=rsa; p={PUBLIC}",
    "my-bank.org.": "v=spf1 ip4:192.0.2.1 -all",
    "_dmarc.my-bank.org.": "v=DMARC1; p=reject; sp=none",
    "_dmarc.xn--exmple-cua.org.": "v=DMARC1; p=quarantine; sp=reject",
    "xn--exmple-cua.org.": "v=spf1 ip4:192.0.2.1 -all",
    "s1._domainkey.xn--exmple-cua.org.": f"v=DKIM1; k=rsa; p={PUBLIC}",
    "_dmarc.strict.test.": "v=DMARC1; p=reject; adkim=s; aspf=s",
    "sub.strict.test.": "v=spf1 ip4:192.0.2.1 -all",
    "s1._domainkey.sub.strict.test.": f"v=DKIM1; k=rsa; p={PUBLIC}",
}
RAW = letter("office@forms.example.org").as_bytes(policy=policy.SMTP)
SIGNED = dkim.sign(RAW, b"s1", b"example.org", PRIVATE, include_headers=[b"from", b"to", b"subject"]) + RAW


@pytest.fixture
def judge() -> Iterator[DnsJudge]:
    with names(ZONE) as resolver:
        yield DnsJudge(resolver=resolver, hostname="forms.example.org", all_seconds=10)


async def test_a_signed_mail_from_the_right_place_passes(judge: DnsJudge) -> None:
    found = await judge.verdicts(SIGNED, ip="192.0.2.1", sender="ann@example.org", helo="mail.example.org")
    assert (found.spf, found.dkim, found.dmarc) == ("pass", "pass", "pass")
    assert found.detail == "forms.example.org; spf=pass; dkim=pass header.d=example.org; dmarc=pass"


async def test_a_mail_from_elsewhere_without_a_signature_fails(judge: DnsJudge) -> None:
    found = await judge.verdicts(RAW, ip="198.51.100.7", sender="ann@example.org", helo="x")
    assert (found.spf, found.dkim, found.dmarc) == ("fail", "none", "fail")


async def test_a_changed_mail_fails_but_a_good_sender_still_aligns(judge: DnsJudge) -> None:
    changed = SIGNED.replace(b"Some words", b"Other words")
    found = await judge.verdicts(changed, ip="192.0.2.1", sender="ann@example.org", helo="x")
    assert (found.spf, found.dkim, found.dmarc) == ("pass", "fail", "pass")
    found = await judge.verdicts(changed, ip="198.51.100.7", sender="ann@soft.example.org", helo="x")
    assert (found.spf, found.dkim, found.dmarc) == ("softfail", "fail", "fail")


async def test_a_domain_that_says_nothing_has_no_verdict(judge: DnsJudge) -> None:
    raw = RAW.replace(b"ann@example.org", b"ann@nothing.test")
    found = await judge.verdicts(raw, ip="192.0.2.1", sender="ann@nothing.test", helo="x")
    assert (found.spf, found.dkim, found.dmarc) == ("none", "none", "none")


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"DKIM-Signature: broken\r\n\r\nx", b"From: @\r\n\r\nx"])
async def test_what_is_broken_has_no_good_verdict(judge: DnsJudge, raw: bytes) -> None:
    found = await judge.verdicts(raw, ip="no address", sender="", helo="")
    assert "pass" not in (found.spf, found.dkim, found.dmarc)


async def test_a_silent_resolver_gives_none() -> None:
    with names(ZONE) as resolver:
        pass
    judge = DnsJudge(resolver=f"127.0.0.1:{free_port()}", hostname="forms.example.org", all_seconds=10)
    found = await judge.verdicts(SIGNED, ip="192.0.2.1", sender="ann@example.org", helo="x")
    assert (found.spf, found.dkim, found.dmarc) == ("none", "none", "none")
    assert resolver


async def test_without_a_resolver_nothing_is_asked() -> None:
    judge = judge_of("", hostname="x", all_seconds=10)
    assert isinstance(judge, NoJudge)
    found = await judge.verdicts(SIGNED, ip="192.0.2.1", sender="ann@example.org", helo="x")
    assert (found.spf, found.dkim, found.dmarc, found.detail) == ("none", "none", "none", "")


@pytest.mark.parametrize(
    ("spf", "dmarc", "wanted", "by_dmarc", "strict"),
    [
        ("pass", "pass", "reject", "taken", "taken"),
        ("fail", "pass", "reject", "taken", "taken"),  # forwarded, and signed
        ("fail", "fail", "reject", "refused", "refused"),
        ("none", "fail", "quarantine", "quarantined", "quarantined"),
        ("fail", "fail", "quarantine", "quarantined", "refused"),
        ("fail", "fail", "none", "taken", "refused"),
        ("fail", "none", "none", "taken", "refused"),
        ("softfail", "none", "none", "taken", "taken"),
        ("none", "none", "none", "taken", "taken"),  # a silent resolver
    ],
)
def test_what_becomes_of_mail_that_is_not_from_whom_it_says(
    spf: str, dmarc: str, wanted: str, by_dmarc: str, strict: str
) -> None:
    found = Verdicts(spf=spf, dmarc=dmarc, wanted=wanted)
    assert consequence(found, "record") == "taken"
    assert consequence(found, "dmarc") == by_dmarc
    assert consequence(found, "strict") == strict


async def test_what_the_domain_of_the_sender_asks_for_is_told(judge: DnsJudge) -> None:
    found = await judge.verdicts(RAW, ip="198.51.100.7", sender="ann@example.org", helo="x")
    assert found.wanted == "reject"


@pytest.mark.parametrize(
    ("author", "sender", "spf", "dmarc", "wanted"),
    [
        ("ann@my-bank.org", "ann@my-bank.org", "pass", "pass", "reject"),
        ("ann@my-bank.org", "ann@elsewhere.test", "none", "fail", "reject"),
        ("ann@sub.my-bank.org", "ann@elsewhere.test", "none", "fail", "none"),
        ("ann@example.org-bank.test", "ann@example.org", "pass", "none", "none"),
        ("jürgen@exämple.org", "jürgen@exämple.org", "pass", "pass", "quarantine"),
        ("jürgen@exämple.org", "jürgen@xn--exmple-cua.org", "pass", "pass", "quarantine"),
        ("j@xn--exmple-cua.org", "jürgen@elsewhere.test", "none", "fail", "quarantine"),
        ("j@EXÄMPLE.org", "jürgen@elsewhere.test", "none", "fail", "quarantine"),
        ("j@a.exämple.org", "jürgen@elsewhere.test", "none", "fail", "reject"),
        ("=?utf-8?q?j=40my-bank=2Eorg?= <x@exämple.org>", "", "none", "fail", "quarantine"),
        ("ann@example.org, j@exämple.org", "ann@example.org", "pass", "fail", "quarantine"),
        ("j@exämple.org, ann@example.org", "ann@example.org", "pass", "fail", "quarantine"),
        ("ann@strict.test", "ann@sub.strict.test", "pass", "fail", "reject"),
        ("ann@[192.0.2.1]", "ann@example.org", "pass", "none", "none"),
    ],
)
async def test_the_domain_of_the_author_counts_however_it_is_written(
    judge: DnsJudge, author: str, sender: str, spf: str, dmarc: str, wanted: str
) -> None:
    raw = RAW.replace(b"Ann Lee <ann@example.org>", author.encode())
    found = await judge.verdicts(raw, ip="192.0.2.1", sender=sender, helo="x")
    assert (found.spf, found.dmarc, found.wanted) == (spf, dmarc, wanted)


@pytest.mark.parametrize("signer", ["exämple.org", "xn--exmple-cua.org"])
async def test_a_signature_may_name_its_domain_as_people_write_it(judge: DnsJudge, signer: str) -> None:
    raw = signed_by(RAW.replace(b"Ann Lee <ann@example.org>", "jürgen@exämple.org".encode()), signer.encode())
    found = await judge.verdicts(raw, ip="198.51.100.7", sender="", helo="x")
    assert (found.dkim, found.dmarc) == ("pass", "pass")


async def test_a_domain_that_wants_itself_named_is_not_proven_by_a_subdomain(judge: DnsJudge) -> None:
    raw = signed_by(RAW.replace(b"ann@example.org", b"ann@strict.test"), b"sub.strict.test")
    found = await judge.verdicts(raw, ip="198.51.100.7", sender="", helo="x")
    assert (found.dkim, found.dmarc, found.wanted) == ("pass", "fail", "reject")


def signed_by(raw: bytes, domain: bytes, selector: bytes = b"s1") -> bytes:
    return bytes(dkim.sign(raw, selector, domain, PRIVATE, include_headers=[b"from", b"to", b"subject"]) + raw)


@pytest.mark.parametrize("order", [(b"provider.test", b"example.org"), (b"example.org", b"provider.test")])
async def test_any_signature_of_the_senders_domain_is_enough(judge: DnsJudge, order: tuple[bytes, bytes]) -> None:
    raw = signed_by(signed_by(RAW, order[1]), order[0])
    found = await judge.verdicts(raw, ip="198.51.100.7", sender="bounce@provider.test", helo="x")
    assert (found.dkim, found.dmarc) == ("pass", "pass")
    both = f"dkim=pass header.d={order[0].decode()}; dkim=pass header.d={order[1].decode()}"
    assert found.detail == f"forms.example.org; spf=none; {both}; dmarc=pass"


async def test_signatures_of_others_alone_are_not_enough(judge: DnsJudge) -> None:
    raw = signed_by(RAW, b"provider.test")
    found = await judge.verdicts(raw, ip="198.51.100.7", sender="bounce@provider.test", helo="x")
    assert (found.dkim, found.dmarc, consequence(found, "dmarc")) == ("pass", "fail", "refused")


async def test_a_senders_key_that_is_not_answered_for_is_no_reason_to_refuse(judge: DnsJudge) -> None:
    raw = signed_by(RAW, b"example.org", b"silent")
    found = await judge.verdicts(raw, ip="198.51.100.7", sender="ann@example.org", helo="x")
    assert (found.spf, found.dkim, found.dmarc) == ("fail", "none", "none")
    assert (consequence(found, "dmarc"), consequence(found, "strict")) == ("taken", "taken")


async def test_a_place_that_is_not_answered_for_is_no_reason_to_refuse(judge: DnsJudge) -> None:
    found = await judge.verdicts(RAW, ip="198.51.100.7", sender="ann@silent.example.org", helo="x")
    assert (found.spf, found.dkim, found.dmarc) == ("none", "none", "none")
    assert consequence(found, "strict") == "taken"


@pytest.mark.parametrize("sender", ["bounce@silent.test", "ann@example.org"])
async def test_the_silence_of_others_helps_nobody(judge: DnsJudge, sender: str) -> None:
    raw = signed_by(RAW, b"silent.test")
    found = await judge.verdicts(raw, ip="198.51.100.7", sender=sender, helo="x")
    assert (found.dkim, found.dmarc, consequence(found, "dmarc")) == ("none", "fail", "refused")


def test_what_a_place_excludes_is_taken_in_while_dmarc_might_have_passed() -> None:
    assert consequence(Verdicts(spf="fail", is_unsure=True), "strict") == "taken"
    assert consequence(Verdicts(spf="fail"), "strict") == "refused"
