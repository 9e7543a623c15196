"""What comes back for a mail: whether it says that it was not delivered."""

from __future__ import annotations

import threading
from email import message_from_bytes
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


def nested(kind: str, depth: int = 60) -> bytes:
    """Parts within parts, and a mail of 240 KB in the innermost."""
    heads = [
        f'Content-Type: multipart/{kind if number == 0 else "mixed"}; boundary="b{number}"\r\n\r\n--b{number}\r\n'
        for number in range(depth)
    ]
    return "".join(heads).encode() + b"\r\n" + b"Text\r\n" * 40_000


@pytest.mark.parametrize(
    ("raw", "expected", "most_parsed"),
    [
        (nested("mixed"), True, 0),
        (b"Auto-Submitted: auto-replied\r\n" + nested("mixed"), False, 0),
        (nested("report; report-type=feedback-report"), False, 0),
        (nested("report; report-type=delivery-status"), True, 32 * 1024),
        (report() + b"Text\r\n" * 40_000, True, 32 * 1024),
        (report(second="delayed") + b"Text\r\n" * 40_000, False, 32 * 1024),
    ],
)
def test_only_the_beginning_of_a_report_is_taken_apart(
    raw: bytes, expected: bool, most_parsed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = []

    def noted(given: bytes, **how: Any) -> Any:
        parsed.append(len(given))
        return message_from_bytes(given, **how)

    monkeypatch.setattr(bounces, "message_from_bytes", noted)
    assert says_not_delivered(raw, sender="") == expected
    assert sum(parsed) == most_parsed


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
