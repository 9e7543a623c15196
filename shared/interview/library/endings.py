"""Functions that end the evaluation with something else than a question: answers, messages, commands."""

from __future__ import annotations

import json
import math
import mimetypes
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from shared.interview.compile.templates import template_text
from shared.interview.errors import Position
from shared.interview.library.faults import DAError
from shared.interview.library.json_form import simplified, simplified_answers
from shared.interview.library.languages import word
from shared.interview.library.package_files import path_and_mimetype
from shared.interview.runtime.run import current_run
from shared.interview.runtime.signals import CommandCalled, MessageShown, ResponseCalled
from shared.interview.runtime.text import render

__all__ = ["command", "json_response", "message", "response", "variables_as_json"]

_JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
_COMMANDS = frozenset(
    {
        "continue",
        "exit",
        "exit_logout",
        "interview_exit",
        "leave",
        "logout",
        "new_session",
        "refresh",
        "register",
        "restart",
        "signin",
        "wait",
    }
)


def response(
    *positional: Any,
    response: Any = None,
    binaryresponse: Any = None,
    file: Any = None,
    url: str | None = None,
    null: bool = False,
    content_type: str | None = None,
    response_code: int = 200,
    sleep: float | None = None,
    all_variables: bool = False,
    include_internal: bool = False,
) -> None:
    """End with an HTTP answer: a text, bytes, all variables, a redirect to `url`, or nothing (`null`).

    The text is taken as it is: what people typed may be in it. Only in a cron run, where it is the author's report,
    its Mako is carried out (spec/area3, response). `file` is a file object, the path of a file of this run, or a file
    of a package. Raises ResponseCalled; DAError when the file cannot be read; Undefined and kin.
    """
    run = current_run()
    headers: dict[str, str] = {}
    status, kind, body = int(response_code), content_type or TEXT, b"Empty Response"
    is_text = False
    if null:
        body = b"null"
    elif url is not None:
        headers, status, body = {"Location": str(url)}, 302 if status == 200 else status, b""
    elif all_variables:
        body, kind = _json(simplified_answers(run.answers, includes_internal=include_internal)), content_type or _JSON
    elif file is not None:
        body, kind = _contents(file, content_type)
    elif binaryresponse is not None:
        body = binaryresponse if isinstance(binaryresponse, bytes) else str(binaryresponse).encode()
    else:
        text = response if response is not None else (positional[0] if positional else None)
        if text is not None:
            is_text = True
            body = (_rendered(str(text)) if run.context.request.interface == "cron" else str(text)).encode()
    raise ResponseCalled(
        body,
        content_type=kind,
        status=status,
        headers=headers,
        is_null=bool(null),
        is_text=is_text,
        sleep_seconds=pause_of(sleep),
    )


def pause_of(sleep: Any) -> float | None:
    """The seconds of a `sleep=`; one that is no number is written to the log, and counts as none (spec/area3 §1.6)."""
    if sleep is None:
        return None
    try:
        seconds = float(sleep)
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if math.isfinite(seconds) and seconds >= 0:
        return seconds
    current_run().note("sleep= is a number of seconds; this one was not", priority="warning")
    return None


def json_response(the_response_object: Any, response_code: int | None = None) -> None:
    """End with data as JSON. Raises ResponseCalled; DAError when the data cannot be JSON."""
    raise ResponseCalled(_json(the_response_object), content_type=_JSON, status=response_code or 200)


def variables_as_json(include_internal: bool = False) -> None:
    """End with all variables as JSON. Raises ResponseCalled."""
    answers = simplified_answers(current_run().answers, includes_internal=include_internal)
    raise ResponseCalled(_json(answers), content_type=_JSON, is_text=True)


def _contents(file: Any, content_type: str | None) -> tuple[bytes, str]:
    """What a file holds, and of what kind it is."""
    if callable(getattr(file, "path", None)) or not Path(str(file)).is_absolute():
        path, mimetype = path_and_mimetype(file)
    else:
        path, mimetype = str(file), mimetypes.guess_type(str(file))[0] or ""
    kind = content_type or mimetype
    try:
        return Path(path).read_bytes(), str(kind or "application/octet-stream")
    except OSError as error:
        raise DAError(f"response(): the file {Path(path).name} cannot be read") from error


def _rendered(text: str) -> str:
    run = current_run()
    return render(template_text(text, Position(run.context.interview, 1, run.block)), run)


def _json(data: Any) -> bytes:
    try:
        text = json.dumps(data, sort_keys=True, indent=2, ensure_ascii=False, default=simplified)
    except (TypeError, ValueError) as error:
        raise DAError(f"This cannot be sent as JSON: {error}") from error
    return (text + "\n").encode()


def message(
    *positional: Any,
    dead_end: bool = False,
    buttons: Iterable[dict[str, str]] | None = None,
    show_restart: bool = True,
    show_exit: bool = True,
    show_leave: bool = False,
    **options: Any,
) -> None:
    """End with a screen: `message(heading, text)`. Raises MessageShown.

    `buttons` is a list of `{label: command or address}`; without it there are Exit and Restart, as far as shown.
    """
    question = str(positional[0]) if positional else str(options.pop("question", ""))
    subquestion = str(positional[1]) if len(positional) > 1 else str(options.pop("subquestion", "") or "")
    if buttons is not None:
        pairs = tuple((str(label), str(target)) for item in buttons for label, target in item.items())
    else:
        standard = (("Exit", "exit", show_exit), ("Leave", "leave", show_leave), ("Restart", "restart", show_restart))
        pairs = tuple((word(label), target) for label, target, is_shown in standard if is_shown)
    chosen = {name.replace("_", " "): value for name, value in options.items() if value is not None}
    raise MessageShown(question, subquestion, buttons=() if dead_end else pairs, is_dead_end=dead_end, options=chosen)


def command(
    *positional: str,
    url: str = "",
    sleep: float | None = None,
    question_text: str = "",
    subquestion_text: str = "",
) -> None:
    """End with a command: exit (default), leave, logout, restart, refresh, signin, wait … Raises CommandCalled."""
    name = str(positional[0]) if positional else "exit"
    if name not in _COMMANDS:
        raise DAError(f"command(): {name!r} is none of {', '.join(sorted(_COMMANDS))}")
    raise CommandCalled(
        name,
        url=str(url or ""),
        sleep_seconds=pause_of(sleep),
        question_text=str(question_text or ""),
        subquestion_text=str(subquestion_text or ""),
    )
