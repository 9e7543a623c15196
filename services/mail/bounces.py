"""Mail that comes back: it goes to an address of its own for every mail that was sent (VERP), so that no text has to be
understood to know which one it is about.

Not all that comes there says that a mail was not delivered: absence notes do, and reports that it is late, or was read.
What a report says counts (RFC 3464 §2.3.3); what is no report counts when it comes from nobody and does not say that
a program has answered (RFC 3834 §5), as bounces of older programs are.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Collection, Iterator
from email import policy
from email.parser import BytesHeaderParser

from shared.mailbox.deliveries import Deliveries
from shared.storage.database import Database

_ADDRESS = re.compile(r"bounce\+([0-9a-f]{32})", re.I)
_KNOWS = "select exists (select 1 from mailbox.sendings where message_id = $1)"
_LOOKED_AT_BYTES = 32 * 1024
"""The report stands before the mail that came back."""
_STATUS = ("message/delivery-status", "message/global-delivery-status")
"""The second is for addresses beyond ASCII (RFC 6533)."""
_ACTION = re.compile(rb"^action[ \t]*:[ \t]*(?:\r?\n[ \t]+)?([^;\s]+)", re.I | re.M)


def bounced_mail(local: str) -> str | None:
    """The id of the mail that an address for bounces stands for; None for other addresses."""
    found = _ADDRESS.fullmatch(local)
    return str(uuid.UUID(found[1])) if found else None


def says_not_delivered(raw: bytes, *, sender: str) -> bool:
    """Whether what has come to such an address says so. `sender` is that of the envelope."""
    looked_at = raw[:_LOOKED_AT_BYTES]
    try:
        headers = BytesHeaderParser(policy=policy.compat32).parsebytes(looked_at)
        if headers.get_content_type() == "multipart/report":
            if str(headers.get_param("report-type") or "").lower() != "delivery-status":
                return False
            return "failed" in (list(_actions(looked_at, headers.get_boundary(""))) or ["failed"])
        if headers.get("X-Failed-Recipients"):
            return True
        is_answer = str(headers.get("Auto-Submitted") or "no").partition(";")[0].strip().lower() != "no"
    except Exception:  # the parser of the standard library meets what nobody has thought of
        is_answer = False
    return not sender and not is_answer


def _actions(report: bytes, boundary: str) -> Iterator[str]:
    """What was done with each recipient: failed, delayed, delivered, relayed, expanded.

    The status is a part of the report itself (RFC 6522 §3): what lies within its parts, such as the mail that came
    back, is not taken apart. The parser of the standard library would, in the square of the number of parts within
    parts.
    """
    parser = BytesHeaderParser(policy=policy.compat32)
    edge = re.escape(boundary.encode())
    inside = re.split(rb"(?m)^--" + edge + rb"--[ \t]*\r?$", report, maxsplit=1)[0]
    for raw in re.split(rb"(?m)^--" + edge + rb"[ \t]*\r?$\n?", inside)[1:]:
        part = parser.parsebytes(raw)
        if part.get_content_type() in _STATUS:
            status = part.get_payload(decode=True)
            assert isinstance(status, bytes)
            for action in _ACTION.findall(status):
                yield action.decode("ascii", "replace").lower()


class Bounces:
    """Takes note of what was not delivered."""

    def __init__(self, *, database: Database, deliveries: Deliveries) -> None:
        self._database, self._deliveries = database, deliveries

    async def knows(self, mail_id: str) -> bool:
        """Whether such a mail was sent. Raises what the database raises."""
        return bool(await self._database.fetchval(_KNOWS, mail_id))

    async def note(self, mail_ids: Collection[str], raw: bytes, *, sender: str) -> None:
        """Something has come back for these mails of ours. Raises what the database raises."""
        if not mail_ids:
            return
        is_bounce = await asyncio.to_thread(says_not_delivered, raw, sender=sender)
        for mail_id in mail_ids if is_bounce else ():
            await self._deliveries.note(mail_id, "bounced")
