"""`send_email()`: what an author gives becomes one mail, and the answer says whether it was sent (spec/area3 §5.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from shared.interview.errors import HostRefused
from shared.interview.library.attachable import Attachable, attachables
from shared.interview.library.faults import DAError
from shared.interview.library.mail_addresses import DAEmailRecipient
from shared.interview.library.mail_texts import html_of_template, html_of_text, page_of, text_of_html
from shared.interview.library.objects.persons import Person
from shared.interview.library.sessions import log, mark_task_as_performed
from shared.interview.runtime.mail_calls import MailAnswer, MailFile, SendMessage
from shared.interview.runtime.run import Run, current_run

__all__ = ["send_email"]

_MOST_BYTES = 100 * 1024 * 1024
"""What is surely too much is not even read; what one mail may have is a setting of the server."""


def send_email(
    to: Any = None,
    sender: Any = None,
    reply_to: Any = None,
    cc: Any = None,
    bcc: Any = None,
    body: Any = None,
    html: Any = None,
    subject: Any = "",
    template: Any = None,
    task: str | None = None,
    task_persistent: Any = False,
    attachments: Any = None,
    mailgun_variables: Any = None,
    dry_run: bool = False,
    config: str | None = None,
) -> bool:
    """Send an e-mail now; whether the mail server took it. Only then `task` is marked as performed.

    Whatever it needs that is undefined is asked for. With `dry_run` all is made and nothing sent: gives False.
    """
    run = current_run()
    recipients = email_texts(to)
    if not recipients:
        return _failed("there is nobody to send it to")
    copies, blind_copies = email_texts(cc), email_texts(bcc)
    from_whom, answer_to = _first(sender), _first(reply_to)
    subject, text, page = _said(run, subject, body, html, template)
    if mailgun_variables is not None and not isinstance(mailgun_variables, dict):
        log("send_email: mailgun_variables is no dictionary; it is ignored")
        mailgun_variables = None
    wanted = config or run.interview.metadata_text("email config") or "default"
    try:
        files = attachables(attachments)
        if sum(file.path.stat().st_size for file in files) > _MOST_BYTES:
            return _failed("its attachments are too large")
    except (DAError, OSError) as error:
        return _failed(f"an attachment cannot be had: {error}")
    if dry_run:
        return False
    try:
        call = SendMessage(
            to=tuple(recipients),
            cc=tuple(copies),
            bcc=tuple(blind_copies),
            sender=from_whom,
            reply_to=answer_to,
            subject=subject,
            text=text,
            html=page,
            config=str(wanted),
            variables={str(name): str(value) for name, value in (mailgun_variables or {}).items()},
            attachments=tuple(_file(number, file) for number, file in enumerate(files)),
        )
    except ValidationError:
        return _failed("it has too many recipients or attachments, or is too long")
    if not handed_over(run, call, files):
        return False
    if task is not None:
        mark_task_as_performed(task, persistent=task_persistent)
    return True


def send_to_each(addresses: Sequence[str], *, attachments: Sequence[Any], **letter: Any) -> MailAnswer:
    """Send each of these addresses a mail of their own, all within the time of one, and tell which of them `missed`
    theirs. `letter` is what send_email() takes as `subject`, `body`, `html` and `template`. Raises DAError.
    """
    run = current_run()
    subject, text, page = _said(
        run, letter.get("subject"), letter.get("body"), letter.get("html"), letter.get("template")
    )
    everybody = tuple(addresses)
    try:
        files = attachables(attachments)
        if sum(file.path.stat().st_size for file in files) > _MOST_BYTES:
            raise DAError("its attachments are too large")
        call = SendMessage(
            to=everybody,
            subject=subject,
            text=text,
            html=page,
            config=run.interview.metadata_text("email config") or "default",
            attachments=tuple(_file(number, file) for number, file in enumerate(files)),
            is_for_each=True,
        )
    except (DAError, OSError, ValidationError) as error:
        reason = "it has too many attachments, or is too long" if isinstance(error, ValidationError) else str(error)
        _failed(reason)
        return MailAnswer(was_sent=False, missed=everybody)
    answer = _answer_to(run, call, files)
    if answer.was_sent:
        return answer
    _failed(answer.problem or "the mail server did not take it")
    return answer if answer.missed else answer.model_copy(update={"missed": everybody})


def handed_over(run: Run, call: SendMessage, files: Sequence[Attachable] = ()) -> bool:
    """Let the server send it; what goes wrong is logged. Raises DAError."""
    answer = _answer_to(run, call, files)
    return answer.was_sent or _failed(answer.problem or "the mail server did not take it")


def _answer_to(run: Run, call: SendMessage, files: Sequence[Attachable]) -> MailAnswer:
    blobs = {str(number): file.path.read_bytes() for number, file in enumerate(files)}
    try:
        answer, _ = run.host.call(call, blobs)
    except HostRefused as error:
        return MailAnswer(was_sent=False, problem=error.message)
    if not isinstance(answer, MailAnswer):
        raise DAError("The server gave an answer that is not about mail")
    return answer


def _failed(reason: str) -> bool:
    log(f"send_email: sending mail failed: {reason}")
    return False


def email_texts(given: Any) -> list[str]:
    """Addresses of one, several or nobody, each as mail programs write it."""
    if given is None:
        return []
    is_one = isinstance(given, str | Person | DAEmailRecipient) or not isinstance(given, Iterable)
    texts = (email_text(one) for one in ([given] if is_one else given))
    return [text for text in texts if text]


def email_text(given: Any, *, has_name: bool | None = None) -> str:
    """One address; empty for nobody. An address that is not known yet is sought, a name only with `has_name`."""
    match given:
        case None:
            return ""
        case Person():
            return given.email_address(include_name=has_name)
        case DAEmailRecipient():
            return "" if given.__dict__.get("empty") else given.email_address()
        case _:
            return str(given).strip()


def _first(given: Any) -> str:
    is_one = isinstance(given, str | Person | DAEmailRecipient) or not isinstance(given, Iterable)
    for one in [given] if is_one else given:
        text = email_text(one, has_name=True)
        if text:
            return text
    return ""


def _said(run: Run, subject: Any, body: Any, html: Any, template: Any) -> tuple[str, str, str]:
    """Subject, text and HTML."""
    if template is not None:
        subject = subject or template.subject
        html = html if html is not None else page_of(html_of_template(template, run.context.request.url_root))
    elif html is None:
        body = "" if body is None else str(body)
        html = page_of(html_of_text(body))
    text = text_of_html(str(html)) if body is None else str(body)
    return " ".join(str(subject or "").split()), text, str(html)


def _file(number: int, file: Attachable) -> MailFile:
    return MailFile(blob=str(number), filename=file.filename[:255], mimetype=file.mimetype[:255])
