"""`expect_texts()` and `get_texts()`: text messages that come for a session (`colloquy.interview`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import ValidationError

from shared.interview.errors import HostRefused
from shared.interview.library.faults import DAError
from shared.interview.library.named import COLLOQUY, public_in
from shared.interview.library.objects.base import DAObject
from shared.interview.library.receiving_mail import attached_files, moment
from shared.interview.library.sending_texts import listed, number_of
from shared.interview.library.sessions import log
from shared.interview.runtime.mail_calls import ExpectTexts, ReadEmails, TextsExpected
from shared.interview.runtime.run import current_run

__all__ = ["expect_texts", "get_texts"]

INCOMING_TEXT = "incoming_text"
"""The background action that runs for each."""
_DAY_SECONDS = 24 * 3600.0


@public_in(COLLOQUY)
class IncomingText(DAObject):
    """A text message that has come: `number` (whose, as `send_sms()` takes it), `to_number` (ours), `body`,
    `attachment` (its files, a DAFileList as that of a DAEmail), `media` (what is known of each file that came: a list
    of dictionaries with `url`, `mimetype`, and `problem`, which is empty for those in `attachment`),
    `datetime_received`, `message_id`, `is_whatsapp`.
    """

    def __str__(self) -> str:
        return str(self.body)


def expect_texts(from_: Any, config: Any = "default", days: float = 30) -> bool:
    """Let what comes by text message from everybody in `from_` lead into this session, for so many days (366 at most).

    `from_` and `config` are as `send_sms()` takes them. False, with a reason in the log, where no text messages are
    taken, and when one of them has no number: then nothing is expected from any. Raises DAError when `days` is no such
    number.
    """
    numbers = [number_of(one) for one in listed(from_)]
    try:
        call = ExpectTexts(
            config=str(config or "default"), numbers=tuple(map(str, numbers)), seconds=float(days) * _DAY_SECONDS
        )
    except (TypeError, ValueError, ValidationError):
        if not numbers:
            return _failed("there is no telephone number")
        raise DAError("expect_texts(): days are a number between 0 and 366, for 200 numbers at most") from None
    if None in numbers:
        return _failed("somebody has no telephone number")
    try:
        answer, _ = current_run().host.call(call)
    except HostRefused as error:
        return _failed(error.message)
    if not isinstance(answer, TextsExpected):
        raise DAError("The server gave an answer that is not about text messages")
    return _failed(answer.problem) if answer.problem else True


def get_texts() -> list[IncomingText]:
    """The text messages that this session has got and that this user has expected, the oldest first."""
    return sorted(_read(ReadEmails(kind="text")), key=lambda text: text.datetime_received)


def received_text(mail_id: str) -> IncomingText:
    """One text message of the session. Raises HostRefused."""
    [found] = _read(ReadEmails(mail_id=mail_id, kind="text"))
    return found


def _read(call: ReadEmails) -> list[IncomingText]:
    _, blobs = current_run().host.call(call)
    return [_text_of(told) for address in orjson.loads(blobs["emails"]) for told in address["emails"]]


def _text_of(told: Mapping[str, Any]) -> IncomingText:
    number = told["from"]["address"]
    text = IncomingText(  # without a name: whatever variable it is put into names it
        number=number,
        to_number=told["to"][0]["address"],
        body=told["text"],
        media=told["media"],
        datetime_received=moment(told["received"]),
        message_id=told["message_id"],
        is_whatsapp=number.startswith("whatsapp:"),
    )
    text.attachment = attached_files(f"{text.instanceName}.attachment", told["parts"])
    return text


def _failed(reason: str) -> bool:
    log(f"expect_texts: {reason}")
    return False
