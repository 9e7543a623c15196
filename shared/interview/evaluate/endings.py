"""How a run ends: from screens and signals to outcomes, and how its changes are saved (spec/area1 §9, area2 §2.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.contracts.screen import Screen
from shared.interview.errors import Signal
from shared.interview.library.json_form import simplified
from shared.interview.runtime.outcomes import (
    BackgroundValue,
    CommandGiven,
    Finished,
    Outcome,
    ResponseActionAsked,
    ResponseReady,
    SaveMode,
    ScreenReady,
)
from shared.interview.runtime.pickling import dump_value
from shared.interview.runtime.run import Run
from shared.interview.runtime.signals import (
    BackgroundResponse,
    BackgroundResponseAction,
    CommandCalled,
    MessageShown,
    ResponseCalled,
)
from shared.interview.screen.messages_screen import build_message_screen, build_wait_screen

DELETING = frozenset({"exit", "exit_logout"})
"""Commands that end the session."""
LEAVING = frozenset({"leave", "logout"})
"""Commands that lead away: a session that has just been begun is not worth keeping then."""
_NOT_FOR_SCHEDULED = frozenset({"logout", "new_session"})
"""Commands of a person: a scheduled action that ends so leaves nothing (spec/area3 §1.6)."""
_EXITS = frozenset({"exit", "leave", "logout", "exit_logout"})


@dataclass(slots=True)
class Ended:
    """An outcome and how the answers are to be kept; `screen` is the one to be shown, if there is one."""

    outcome: Outcome
    save: SaveMode
    screen: Screen | None = None


def with_screen(screen: Screen, save: SaveMode, *, is_invalid: bool = False) -> Ended:
    """A screen is to be shown."""
    return Ended(ScreenReady(is_invalid=is_invalid, question_text=screen.question_text), save, screen)


def with_signal(signal: Signal, run: Run, save: SaveMode) -> Ended:
    """A signal that ends the run. Raises the signal when it has no meaning as an end."""
    match signal:
        case MessageShown():
            return with_screen(build_message_screen(signal, run), save)
        case CommandCalled(name="wait"):
            return with_screen(build_wait_screen(signal, run), save)
        case CommandCalled():
            return with_command(signal.name, signal.url, run, save, sleep_seconds=signal.sleep_seconds)
        case ResponseCalled():
            run.blobs["body"] = signal.body
            response = ResponseReady(
                status=signal.status,
                content_type=signal.content_type,
                headers=signal.headers,
                is_null=signal.is_null,
                is_text=signal.is_text,
            )
            return Ended(response, "ignore" if signal.is_null and _is_scheduled(run) else save)
        case BackgroundResponse():
            return Ended(background_value(signal, run), save)
        case BackgroundResponseAction():
            run.blobs["arguments"] = dump_value(signal.arguments, "An argument of background_response_action()")
            return Ended(ResponseActionAsked(action=signal.action), save)
        case _:
            raise signal


def with_command(name: str, url: str, run: Run, save: SaveMode, *, sleep_seconds: float | None = None) -> Ended:
    """A session command, from a button or from code.

    What was typed and computed before it is saved, unless the session starts over (spec/area2 §13.9).
    """
    if name == "interview_exit":
        wanted = _part(run, "exit link")
        name = wanted if wanted in _EXITS else "leave"
    if name in _EXITS and not url:
        url = _part(run, "exit url")
    command = CommandGiven(name=name, url=url, sleep_seconds=sleep_seconds)
    if name in DELETING:
        return Ended(command, "delete")
    if name in _NOT_FOR_SCHEDULED and _is_scheduled(run):
        return Ended(command, "ignore")
    if name == "new_session":
        url_args = {str(key): str(value) for key, value in (run.answers.get("url_args") or {}).items()}
        command = command.model_copy(update={"url_args": url_args, "referer": run.internal.get("referer")})
    return Ended(command, "ignore" if name == "restart" else save)


def _is_scheduled(run: Run) -> bool:
    """Whether nobody is there, and what was done is kept by other rules (spec/area3 §1.6)."""
    return run.context.request.interface == "cron"


def background_value(signal: BackgroundResponse, run: Run) -> Outcome:
    """The payload of background_response(), pickled in a blob, and what the page is told of it, as JSON."""
    run.blobs["payload"] = dump_value(signal.payload, "The value given to background_response()")
    return BackgroundValue(json_value=simplified(signal.told), sleep_seconds=signal.sleep_seconds)


def finished(save: SaveMode) -> Ended:
    """Nothing to show."""
    return Ended(Finished(), save)


def chosen_save(wanted: SaveMode, run: Run) -> SaveMode:
    """The save mode once `set_save_status()` has had its say; a session that ends, ends."""
    if wanted in {"delete", "ignore"} or run.save_status is None or run.save_status == "new":
        return wanted
    return run.save_status


def _part(run: Run, key: str) -> str:
    """A screen part as text: set in the session, declared, or in the metadata."""
    kept: Any = run.internal.get(key)
    if isinstance(kept, str) and kept:
        return kept
    for language in (run.language, "*"):
        declared = run.interview.screen_parts.get(language, {}).get(key)
        if declared is not None:
            return declared.source.strip()
    return run.interview.metadata_text(key, run.language)
