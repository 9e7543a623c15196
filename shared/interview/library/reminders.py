"""`remind()`: a message to people at a time of its own, in one line (`colloquy.interview`).

A reminder is a timer (timers.py) and what is to be said, kept with the answers: people and templates are looked at
when the time has come, so that a new address and new facts count. Every message carries a link at which whoever gets
it says that they want no more.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import ValidationError

from shared.interview.library.dates import DADateTime
from shared.interview.library.faults import DAError
from shared.interview.library.languages import word
from shared.interview.library.mail_texts import html_of_template, html_of_text, page_of, text_of_html
from shared.interview.library.named import COLLOQUY, public_in
from shared.interview.library.objects.persons import Person
from shared.interview.library.objects.texts import DALazyTemplate
from shared.interview.library.sending_mail import email_texts, handed_over
from shared.interview.library.sending_texts import number_of, text_handed_over
from shared.interview.library.sessions import log, mark_task_as_performed
from shared.interview.library.timers import When, set_timer
from shared.interview.library.variables import value
from shared.interview.runtime.mail_calls import AskOptOut, OptOutAnswer, SendMessage
from shared.interview.runtime.run import Run, current_run
from shared.kernel.ids import derived_id, new_id

__all__ = ["remind"]

ACTION = "_da_remind"
"""What the timer of a reminder asks for."""
_KEY, _COUNT = "reminders", "reminders of this run"
_Outcome = Literal["sent", "failed", "unwanted"]
_AGAIN_SECONDS = (5 * 60, 30 * 60, 2 * 3600, 6 * 3600, 24 * 3600)
"""How long to wait when it could not be sent, each time; then it is given up."""


@public_in(COLLOQUY)
class ReminderHandle:
    """A reminder that was set: when it is due, whether it is over, and how to take it back."""

    def __init__(self, reminder_id: str, due: DADateTime) -> None:
        self._reminder_id, self._due, self._is_cancelled = reminder_id, due, False

    @property
    def due(self) -> DADateTime:
        """When it was to be sent for the first time."""
        return self._due

    @property
    def done(self) -> bool:
        """Whether it was sent, or given up; False for one that repeats without end, or was cancelled."""
        return not self._is_cancelled and self._reminder_id not in _reminders(current_run())

    def cancel(self) -> bool:
        """Take it back. False when it is over, or was cancelled before."""
        kept = _reminders(current_run()).pop(self._reminder_id, None)
        if kept is None:
            return False
        self._is_cancelled = True
        for timer in kept["timers"]:
            timer.cancel()
        return True

    def __str__(self) -> str:
        return f"a reminder for {self._due}"


def remind(
    to: Any,
    *,
    at: Any = None,
    after: Any = None,
    repeat: Any = None,
    timezone: str | None = None,
    past: str = "run",
    by: str = "email",
    subject: Any = "",
    body: Any = None,
    template: Any = None,
    task: str | None = None,
) -> ReminderHandle:
    """Send somebody a message at a time: `remind(client, at=deadline - date_interval(days=3), template=soon_due)`.

    `to` is whom `send_email()` takes, or several of them: each gets a message of their own. `by` is `'email'` or
    `'sms'`. What it says is the `template`, or `subject` and `body`. `at`, `after`, `repeat`, `timezone` and `past`
    are as for `schedule_action()`. `task` is marked as performed when it was sent.
    Whatever it needs is asked for now, and looked at again when it is sent. The session needs `multi_user`, or
    `allow_unattended('timers')`. Raises DAError.
    """
    run = current_run()
    if by not in {"email", "sms"}:
        raise DAError(f"remind(): by is 'email' or 'sms', and not {by!r}")
    if template is None and body is None:
        raise DAError("remind() needs a `template`, or a `body`")
    kept = {"to": to, "by": by, "subject": subject, "body": body, "template": template, "task": task}
    if not _people(kept):
        raise DAError("remind(): there is nobody to remind")
    _words(kept, run)  # so that a person is asked now for what it needs
    reminder_id = _new_id(run)
    when = When(at=at, after=after, repeat=repeat, timezone=timezone, past=past)
    timer = set_timer("remind()", ACTION, when, {"reminder": reminder_id})
    kept |= {"timers": [timer], "is_endless": repeat is not None}
    _reminders(run)[reminder_id] = kept
    return ReminderHandle(reminder_id, timer.due)


def send_due(run: Run, arguments: dict[str, Any]) -> None:
    """The time of a reminder has come: send it to everybody who has not had it, and try again later if that fails."""
    reminder_id = str(arguments.get("reminder"))
    kept = _reminders(run).get(reminder_id)
    if kept is None:  # it was cancelled at the last moment, or its step was taken back
        return
    wanted, attempt = arguments.get("only"), int(arguments.get("attempt") or 0)
    people = [one for one in _people(kept) if wanted is None or one in wanted]
    subject, text, inside = _words(kept, run)  # everything that may still be missing, before anything leaves
    failed = []
    has_sent = False
    for address in people:
        said, _ = run.host.call(AskOptOut(address=address))
        if not isinstance(said, OptOutAnswer):
            raise DAError("The server gave an answer that is not about reminders")
        if said.is_out:
            continue
        stop = f"{run.context.request.url_root}reminders?c={said.code}"
        send = _send_mail if kept["by"] == "email" else _send_text
        match send(run, address, subject, text, inside, stop):
            case "sent":
                has_sent = True
            case "failed":
                failed.append(address)
            case "unwanted":  # they have answered STOP: as if they had said it by the link
                pass
    if has_sent and kept["task"] is not None:
        mark_task_as_performed(kept["task"])
    kept["timers"] = [timer for timer in kept["timers"] if not timer.done]
    if failed and attempt < len(_AGAIN_SECONDS):
        again = {"reminder": reminder_id, "only": failed, "attempt": attempt + 1}
        kept["timers"].append(set_timer("remind()", ACTION, When(after=_AGAIN_SECONDS[attempt]), again))
        return
    if failed:
        log(f"remind: a reminder was given up after {attempt + 1} attempts")
    if not kept["is_endless"]:
        del _reminders(run)[reminder_id]


def _reminders(run: Run) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = run.internal.setdefault(_KEY, {})
    return found


def _people(kept: dict[str, Any]) -> list[str]:
    """Addresses or numbers, each once."""
    if kept["by"] == "email":
        return list(dict.fromkeys(email_texts(kept["to"])))
    given = kept["to"]
    is_one = isinstance(given, str | Person) or not isinstance(given, Iterable)
    numbers = (one.sms_number() if isinstance(one, Person) else one for one in ([given] if is_one else given))
    return list(dict.fromkeys(str(number).strip() for number in numbers if number))


def _words(kept: dict[str, Any], run: Run) -> tuple[str, str, str]:
    """Subject, text, and the HTML inside the page, without what is said about no more reminders."""
    subject, body, template = kept["subject"], kept["body"], kept["template"]
    if isinstance(template, DALazyTemplate) and not template.has_source():
        template = value(template.instanceName)  # the one that is kept has no text: it is made anew in every run
    if template is not None:
        subject = subject or template.subject
        inside = html_of_template(template, run.context.request.url_root)
        text = text_of_html(inside) if body is None else str(body)
    else:
        text = str(body)
        inside = html_of_text(text)
    return " ".join(str(subject or "").split()), text, inside


def _send_mail(run: Run, address: str, subject: str, text: str, inside: str, stop: str) -> _Outcome:
    why = word("This is a reminder that you get by itself.", language=run.language)
    no_more = word("No more reminders", language=run.language)
    link = f'<a href="{html.escape(stop)}">{html.escape(no_more)}</a>'
    try:
        call = SendMessage(
            to=(address,),
            subject=subject,
            text=f"{text}\n\n-- \n{why}\n{no_more}: {stop}",
            html=page_of(f"{inside}\n<hr><p><small>{html.escape(why)} {link}</small></p>"),
            unsubscribe=stop,
        )
    except ValidationError:
        log("remind: the reminder is too long, or its address cannot be used")
        return "failed"
    return "sent" if handed_over(run, call) else "failed"


def _send_text(run: Run, given: str, subject: str, text: str, inside: str, stop: str) -> _Outcome:
    no_more = word("No more reminders", language=run.language)
    said = "\n".join(part for part in (subject, text, f"{no_more}: {stop}") if part)
    number = number_of(given)
    if number is None:
        log("remind: a telephone number is none")
        return "failed"
    return text_handed_over(run, "default", [number], said)


def _new_id(run: Run) -> str:
    """The same in every run of one operation, as ids of timers are."""
    if not run.context.operation_id:
        return new_id()
    count = run.memo[_COUNT] = run.memo.get(_COUNT, 0) + 1
    return derived_id("colloquy reminder", run.context.session_id, run.context.operation_id, str(count))
