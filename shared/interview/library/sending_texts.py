"""`send_sms()`: text messages and WhatsApp messages (spec/area3 §7.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import phonenumbers
from pydantic import ValidationError

from shared.interview.errors import HostRefused
from shared.interview.library.attachable import preferred_document
from shared.interview.library.faults import DAError
from shared.interview.library.languages import word
from shared.interview.library.mail_texts import html_of_template, text_of_html
from shared.interview.library.objects.files import DAFile, DAFileCollection, DAFileList, DAStaticFile
from shared.interview.library.objects.persons import Person
from shared.interview.library.phones import phone_number_in_e164
from shared.interview.library.sessions import log, mark_task_as_performed
from shared.interview.runtime.mail_calls import MailAnswer, SendText
from shared.interview.runtime.run import Run, current_run

__all__ = ["send_sms"]

_WHATSAPP = "whatsapp:"
_MOST_MEDIA = 10
_MEDIA_SECONDS = 24 * 3600.0
"""How long whoever delivers a message may fetch its files."""
_SINGLE = (str, DAFile, DAStaticFile, DAFileList, DAFileCollection)


def send_sms(
    to: Any = None,
    body: Any = None,
    template: Any = None,
    task: str | None = None,
    task_persistent: Any = False,
    attachments: Any = None,
    config: Any = "default",
    dry_run: bool = False,
) -> bool:
    """Send a text message to everybody in `to`; whether it was handed over to all. Only then `task` is marked.

    Numbers are read as people write them in their country; one that starts with `whatsapp:` gets a WhatsApp message.
    With `dry_run` all is made and nothing sent: gives True.
    """
    run = current_run()
    name = str(config or "default")
    if text_handed_over(run, name, [], "") != "sent":  # whether there is such a configuration at all
        return False
    numbers = [number for number in map(number_of, listed(to)) if number]
    if not numbers:
        return _failed("there is no telephone number to send it to")
    text = _text(run, body, template)
    try:
        media = list(_media(attachments))
    except (DAError, HostRefused) as error:
        return _failed(f"an attachment cannot be had: {error}")
    if len(media) > _MOST_MEDIA:
        return _failed(f"it has more than {_MOST_MEDIA} attachments")
    if dry_run:
        return True
    if text_handed_over(run, name, numbers, text, media) != "sent":
        return False
    if task is not None:
        mark_task_as_performed(task, persistent=task_persistent)
    return True


def text_handed_over(
    run: Run, config: str, numbers: Sequence[str], text: str, media: Sequence[str] = ()
) -> Literal["sent", "failed", "unwanted"]:
    """Let the server send it; what goes wrong is logged. unwanted: somebody has answered STOP. Raises DAError."""
    try:
        call = SendText(config=config, to=tuple(numbers), body=text, media=tuple(media))
        answer, _ = run.host.call(call)
    except ValidationError:
        _failed("it has too many recipients, or is too long")
        return "failed"
    except HostRefused as error:
        _failed(error.message)
        return "failed"
    if not isinstance(answer, MailAnswer):
        raise DAError("The server gave an answer that is not about text messages")
    if answer.was_sent:
        return "sent"
    _failed(answer.problem or "it was not taken")
    return "unwanted" if answer.is_unwanted else "failed"


def _failed(reason: str) -> bool:
    log(f"send_sms: sending a text message failed: {reason}")
    return False


def listed(given: Any) -> list[Any]:
    """Everybody who is meant by one or several in any list."""
    if given is None:
        return []
    is_one = isinstance(given, str | Person | phonenumbers.PhoneNumber) or not isinstance(given, Iterable)
    return [given] if is_one else list(given)


def number_of(given: Any) -> str | None:
    """A number in international form, `whatsapp:` before it where it is one of those; None when it is no number."""
    match given:
        case None:
            return None
        case Person():
            return given.sms_number()
        case phonenumbers.PhoneNumber():
            return str(phonenumbers.format_number(given, phonenumbers.PhoneNumberFormat.E164))
        case _:
            text = str(given).strip()
            prefix = _WHATSAPP if text.startswith(_WHATSAPP) else ""
            number = phone_number_in_e164(text.removeprefix(_WHATSAPP))
            return prefix + number if number else None


def _text(run: Run, body: Any, template: Any) -> str:
    if body is not None:
        return str(body)
    if template is None:
        return word("blank message")
    said = text_of_html(html_of_template(template, run.context.request.url_root))
    subject = " ".join(str(template.subject or "").split())
    return f"{subject}\n{said}" if subject else said


def _media(given: Any) -> Iterator[str]:
    """Addresses at which files can be fetched for a while by whoever delivers the message. Raises DAError."""
    if given is None:
        return
    for thing in [given] if isinstance(given, _SINGLE) or not isinstance(given, Iterable) else list(given):
        yield from _addresses(thing)


def _addresses(thing: Any) -> Iterator[str]:
    match thing:
        case DAFileList():
            for file in thing:
                yield from _addresses(file)
        case DAFileCollection():
            yield from _addresses(preferred_document(thing))
        case DAFile():
            if not thing.ok:
                raise DAError(f"{thing.instanceName} has no contents")
            yield thing.url_for(temporary=True, seconds=_MEDIA_SECONDS)
        case DAStaticFile():
            yield str(thing.url_for(_external=True))
        case str() if thing.strip().startswith(("http://", "https://")):
            yield thing.strip()
        case _:
            raise DAError(f"A {type(thing).__name__} cannot be attached to a text message")
