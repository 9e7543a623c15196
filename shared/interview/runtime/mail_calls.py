"""What a run may have sent (spec/area3 §5, §7). It waits for the answer: only then it knows whether it was sent."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from shared.interview.runtime.operations import Value

MOST_RECIPIENTS = 200
MOST_ATTACHMENTS = 100
MOST_TEXT = 2 * 1024 * 1024
"""Letters of a text, or of its HTML."""
_ADDRESS = 600
_NAME = 255


class MailFile(Value):
    """A file that goes with a mail: its contents are a blob of this name."""

    blob: str = Field(max_length=20)
    filename: str = Field(max_length=_NAME)
    mimetype: str = Field("", max_length=_NAME)


class SendMessage(Value):
    """Send an e-mail."""

    may_wait: ClassVar[bool] = True

    call: Literal["send_message"] = "send_message"
    to: tuple[str, ...] = Field(max_length=MOST_RECIPIENTS)
    cc: tuple[str, ...] = Field((), max_length=MOST_RECIPIENTS)
    bcc: tuple[str, ...] = Field((), max_length=MOST_RECIPIENTS)
    sender: str = Field("", max_length=_ADDRESS)
    """Empty: what the server is set to."""
    reply_to: str = Field("", max_length=_ADDRESS)
    subject: str = Field("", max_length=4000)
    text: str = Field("", max_length=MOST_TEXT)
    html: str = Field("", max_length=MOST_TEXT)
    attachments: tuple[MailFile, ...] = Field((), max_length=MOST_ATTACHMENTS)
    config: str = Field("default", max_length=_NAME)
    """By which way it is to leave."""
    variables: dict[str, str] = Field({}, max_length=50)
    """For services that note them with a mail."""
    unsubscribe: str = Field("", max_length=2000)
    """Where whoever gets it can say that they want no more such mail: an address of ours."""
    is_for_each: bool = False
    """Each of `to` gets a mail of their own, all of them within the time of one."""


class AskOptOut(Value):
    """Whether somebody wants no more reminders of this session, and the code under which they can say so."""

    may_wait: ClassVar[bool] = False

    call: Literal["ask_opt_out"] = "ask_opt_out"
    address: str = Field(min_length=1, max_length=_ADDRESS)
    """An e-mail address, with or without a name, or a telephone number."""


class OptOutAnswer(Value):
    """What they have said."""

    answer: Literal["opt_out"] = "opt_out"
    code: str
    is_out: bool


class MailAnswer(Value):
    """What became of it."""

    answer: Literal["mail"] = "mail"
    was_sent: bool
    problem: str = ""
    """Why it was not even tried, in a sentence without addresses."""
    missed: tuple[str, ...] = ()
    """Whose own mail was not sent, where each of several was to get one."""
    is_queued: bool = False
    """Whether it leaves once the answers are saved."""
    is_unwanted: bool = False
    """Whether it was not sent because whoever it is for wants no more: to try again is of no use."""


class SendText(Value):
    """Send a text message to each of these; without recipients: whether there is such a configuration."""

    may_wait: ClassVar[bool] = True

    call: Literal["send_text"] = "send_text"
    config: str = Field("default", max_length=_NAME)
    to: tuple[str, ...] = Field((), max_length=MOST_RECIPIENTS)
    """In international form; `whatsapp:` may stand before it."""
    body: str = Field("", max_length=20_000)
    media: tuple[str, ...] = Field((), max_length=10)
    """Addresses of files."""


class MakeAddress(Value):
    """The e-mail address of the session for who runs it, under a key and an index; made if there is none yet."""

    may_wait: ClassVar[bool] = False

    call: Literal["make_address"] = "make_address"
    key: str | None = Field(None, max_length=_NAME)
    index: int | None = None


class ExpectTexts(Value):
    """Let text messages from these numbers lead into the session, as who runs it, for so long."""

    may_wait: ClassVar[bool] = False

    call: Literal["expect_texts"] = "expect_texts"
    config: str = Field("default", max_length=_NAME)
    numbers: tuple[str, ...] = Field(min_length=1, max_length=MOST_RECIPIENTS)
    """In international form; `whatsapp:` may stand before it."""
    seconds: float = Field(gt=0, le=366 * 24 * 3600)


class TextsExpected(Value):
    """Whether they will come; else why not."""

    answer: Literal["texts_expected"] = "texts_expected"
    problem: str = ""


class ReadEmails(Value):
    """The mail, or the text messages, that came for addresses of who runs it; or one of them. Comes back as the blob
    "emails", JSON.
    """

    may_wait: ClassVar[bool] = False

    call: Literal["read_emails"] = "read_emails"
    key: str | None = Field(None, max_length=_NAME)
    index: int | None = None
    kind: Literal["mail", "text"] = "mail"
    mail_id: str = Field("", max_length=64)
    """One of them, whosever address it came for."""


class AddressAnswer(Value):
    """An address."""

    answer: Literal["address"] = "address"
    address: str


class EmailsAnswer(Value):
    """What came is in the blob."""

    answer: Literal["emails"] = "emails"


MailCall = SendMessage | SendText | AskOptOut
MailboxCall = MakeAddress | ReadEmails | ExpectTexts
