"""What the mail service is asked to do."""

from __future__ import annotations

from typing import Literal

from shared.contracts.base import Command, Reply, Sealed

OUTBOUND = "mail.outbound"
INBOUND = "mail.inbound"


class SendMail(Command, queue=OUTBOUND):
    """Deliver one message whose contents are a row of shared.mailbox."""

    mail_id: str
    session_id: str = ""


class TakeMail(Command, queue=INBOUND):
    """Take a mail in that came otherwise than by SMTP: it lies in the store of contents, claimed by nobody."""

    location: str
    size_bytes: int
    key: Sealed[str]
    """What opens it; base64."""
    recipients: Sealed[tuple[str, ...]]
    """Of the envelope."""
    sender: Sealed[str] = Sealed("")
    via: Literal["webhook", "page"]


class TakeText(Command, queue=INBOUND):
    """Take a text message in that whoever delivers such messages has handed over."""

    message_id: str
    """Theirs: the same again is the same message."""
    ours: Sealed[str]
    """Our number; `whatsapp:` before it where it is that."""
    theirs: Sealed[str]
    text: Sealed[str] = Sealed("")
    media: Sealed[tuple[tuple[str, str], ...]] = Sealed(())
    """Addresses and kinds of files."""
    said: Literal["", "stop", "start"] = ""
    """What it may say about text messages themselves, in the words that everybody knows: no more of them, or again."""


class TextTaken(Reply):
    """What became of it."""

    outcome: Literal["kept", "stopped", "started", "unknown", "later"]
    """`stopped`: nobody writes there any more. `unknown`: no session expects anything from there. `later`: it cannot
    be kept at the moment, or there is too much from there."""


class MailTaken(Reply):
    """What became of it."""

    outcome: Literal["kept", "unknown", "full", "loops", "later"]
    """`unknown`: nobody has any of these addresses. `later`: it cannot be kept at the moment."""
