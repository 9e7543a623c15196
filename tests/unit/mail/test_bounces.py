"""What comes back for a mail: whether it says that it was not delivered."""

from __future__ import annotations

import sys
import threading
from base64 import b64encode
from typing import Any

import pytest

from services.mail import bounces
from services.mail.bounces import Bounces, bounced_mail, says_not_delivered
from shared.mailbox.deliveries import Deliveries

REPORT = """\
From: MAILER-DAEMON@mx.example.org
To: bounce+0123456789abcdef0123456789abcdef@forms.example.org
Subject: Delivery Status Notification
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type={kind}; boundary="b"

--b
Content-Type: text/plain

I could not deliver it to ann@example.org.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; bob@example.org
Action: {first}
Status: 2.0.0

Final-Recipient: rfc822; ann@example.org
Action: {second}
Status: 5.1.1

--b
Content-Type: message/rfc822

Subject: Hello

Text
--b--
"""


def report(kind: str = "delivery-status", first: str = "relayed", second: str = "failed") -> bytes:
    return REPORT.format(kind=kind, first=first, second=second).replace("\n", "\r\n").encode()


def international(second: str) -> bytes:
    """About an address that is not ASCII (RFC 6533)."""
    raw = report(second=second).replace(b"message/delivery-status", b"message/global-delivery-status")
    return raw.replace(b"rfc822; ann@", "utf-8; änn@".encode())


def encoded(raw: bytes) -> bytes:
    """With its status in base64."""
    before, kind, rest = raw.partition(b"message/delivery-status\r\n")
    status, edge, after = rest.partition(b"--b\r\n")
    return before + kind + b"Content-Transfer-Encoding: base64\r\n\r\n" + b64encode(status) + b"\r\n" + edge + after


def note(**headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Subject: x", "", "Text", ""]).encode()


@pytest.mark.parametrize(
    "raw",
    [
        report(),
        report(first="FAILED ", second="delayed"),
        report(first="", second=""),
        note(),
        note(Auto_Submitted="no"),
        note(Auto_Submitted="auto-replied", X_Failed_Recipients="ann@example.org"),
        international(second="failed"),
        report(second="\n failed"),
        b"",
        b"\xff\xfe\x00",
    ],
)
def test_a_mail_that_came_back_was_not_delivered(raw: bytes) -> None:
    assert says_not_delivered(raw, sender="")


@pytest.mark.parametrize(
    ("raw", "sender"),
    [
        (report(second="delayed"), ""),
        (international(second="delayed"), ""),
        (encoded(report(second="delayed")), ""),
        (report(second="delayed") + report(), ""),
        (report(first="delivered", second="relayed"), ""),
        (report(kind="disposition-notification"), ""),
        (report(kind="feedback-report"), ""),
        (note(Auto_Submitted="auto-replied; owner-email=ann@example.org"), ""),
        (note(Auto_Submitted="auto-generated", X_Auto_Response_Suppress="All"), ""),
        (note(), "ann@example.org"),
    ],
)
def test_what_says_something_else_is_no_bounce(raw: bytes, sender: str) -> None:
    assert not says_not_delivered(raw, sender=sender)


def test_only_addresses_for_bounces_stand_for_a_mail() -> None:
    assert bounced_mail("bounce+" + "a" * 32) == "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"
    assert [bounced_mail(local) for local in ("bounce", "bounce+x", "abcdef", "xbounce+" + "a" * 32)] == [None] * 4


def nested(depth: int) -> bytes:
    """Parts within parts, each with a line in it."""
    heads = (f"Content-Type: multipart/mixed; boundary=b{number}\r\n\r\n--b{number}\r\n" for number in range(depth))
    return "".join(heads).encode() + b"\r\n" + b"--x\r\n" * depth


def came_back(depth: int) -> bytes:
    """A report on a mail that is late, which has so many parts within parts."""
    return report(second="delayed").replace(b"Subject: Hello\r\n\r\nText\r\n", nested(depth))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (nested(60), True),
        (b"Auto-Submitted: auto-replied\r\n" + nested(60), False),
        (report() + b"Text\r\n" * 40_000, True),
        (came_back(2), False),
        (came_back(400), False),
        (came_back(20_000), False),
        (report().partition(b"Content-Type: message/delivery-status")[0] + b"\r\n" + nested(400), True),
    ],
)
def test_the_mail_that_came_back_does_not_count(raw: bytes, expected: bool) -> None:
    assert says_not_delivered(raw, sender="") == expected


def test_what_it_costs_follows_the_number_of_parts() -> None:
    def cost(raw: bytes) -> int:
        """How many functions are called."""
        called = 0

        def note(frame: Any, event: str, what: Any) -> None:
            nonlocal called
            called += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(note)
        try:
            says_not_delivered(raw, sender="")
        finally:
            sys.setprofile(before)
        return called

    assert cost(came_back(320)) < 2.5 * cost(came_back(160))


async def test_a_mail_is_looked_at_once_and_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    class Noted(Deliveries):
        def __init__(self) -> None:
            self.noted: list[tuple[str, str]] = []

        async def note(self, message_id: str, status: str) -> bool:
            self.noted.append((message_id, status))
            return True

    looked = []

    def look(raw: bytes, *, sender: str) -> bool:
        looked.append(threading.current_thread())
        return says_not_delivered(raw, sender=sender)

    monkeypatch.setattr(bounces, "says_not_delivered", look)
    deliveries = Noted()
    back = Bounces(database=None, deliveries=deliveries)  # type: ignore[arg-type] - it is not asked
    await back.note(["one", "two"], report(), sender="")
    assert deliveries.noted == [("one", "bounced"), ("two", "bounced")]
    assert len(looked) == 1
    assert looked[0] is not threading.current_thread()
    await back.note([], report(), sender="")
    assert len(looked) == 1, "a mail that is no bounce is none of its business"
