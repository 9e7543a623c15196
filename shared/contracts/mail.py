"""What the mail service is asked to do."""

from __future__ import annotations

from shared.contracts.base import Command

OUTBOUND = "mail.outbound"


class SendMail(Command, queue=OUTBOUND):
    """Deliver one message whose contents are a row of shared.mailbox."""

    mail_id: str
    session_id: str = ""
