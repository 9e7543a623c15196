"""What ends a block on purpose: raised by library functions, understood by the evaluation loop (spec/area4 §4.7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from shared.interview.errors import Signal


@dataclass(frozen=True, slots=True)
class Ask:
    """One entry for the stack of pending actions: a variable or event to seek, or a reserved `_da_…` command."""

    action: str
    arguments: dict[str, Any] = field(default_factory=dict)


class ForcedAsk(Signal):
    """`force_ask()`: the asks go on the caller's stack in this order, the first is sought at once."""

    def __init__(self, asks: tuple[Ask, ...], *, forgets_prior: bool = False, is_persistent: bool = True) -> None:
        super().__init__(", ".join(ask.action for ask in asks))
        self.asks, self.forgets_prior, self.is_persistent = asks, forgets_prior, is_persistent


class ForcedGather(Signal):
    """`force_gather()`: the names join the session-wide gather list, then the logic runs again."""

    def __init__(self, names: tuple[str, ...], *, forgets_prior: bool = False) -> None:
        super().__init__(", ".join(names))
        self.names, self.forgets_prior = names, forgets_prior


class ReRun(Signal):
    """`re_run_logic()` and actions that have done their work: evaluation starts again from the top."""


class CommandCalled(Signal):
    """`command()`: a session command such as `exit`, `restart`, `wait`."""

    def __init__(
        self,
        name: str,
        *,
        url: str = "",
        sleep_seconds: float | None = None,
        question_text: str = "",
        subquestion_text: str = "",
    ) -> None:
        super().__init__(name)
        self.name, self.url, self.sleep_seconds = name, url, sleep_seconds
        self.question_text, self.subquestion_text = question_text, subquestion_text


class ResponseCalled(Signal):
    """`response()`, `json_response()`, `variables_as_json()`: a raw HTTP answer instead of a screen."""

    def __init__(
        self,
        body: bytes,
        *,
        content_type: str = "text/html; charset=utf-8",
        status: int = 200,
        headers: dict[str, str] | None = None,
        is_null: bool = False,
        is_text: bool = False,
        sleep_seconds: float | None = None,
    ) -> None:
        super().__init__(content_type)
        self.body, self.content_type, self.status = body, content_type, status
        self.headers, self.is_null, self.sleep_seconds = headers or {}, is_null, sleep_seconds
        self.is_text = is_text


class BackgroundResponse(Signal):
    """`background_response()`: `payload` is normalised already (spec/area1 §6.1, §6.4).

    The page is told the payload, or `told` where that is something else.
    """

    def __init__(self, payload: Any, *, told: Any = None, sleep_seconds: float | None = None) -> None:
        super().__init__("background_response")
        self.payload, self.sleep_seconds = payload, sleep_seconds
        self.told = payload if told is None else told


class BackgroundResponseAction(Signal):
    """`background_response_action()`: an action that saves what a task found."""

    def __init__(self, action: str, arguments: dict[str, Any]) -> None:
        super().__init__(action)
        self.action, self.arguments = action, arguments


class TargetFilled(Signal):
    """A template with `target` was sought in check-in code: its HTML goes to that place of the page."""

    def __init__(self, target: str, content_html: str) -> None:
        super().__init__(target)
        self.target, self.content_html = target, content_html


class MessageShown(Signal):
    """`message()`: a temporary screen. `buttons` are (label, command or URL) pairs, in order; texts are Markdown."""

    def __init__(
        self,
        question: str,
        subquestion: str = "",
        *,
        buttons: tuple[tuple[str, str], ...] = (),
        is_dead_end: bool = False,
        options: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(question)
        self.question, self.subquestion, self.buttons = question, subquestion, buttons
        self.is_dead_end, self.options = is_dead_end, options or {}
        """`options`: other modifiers by YAML key (`reload`, `under`, `css class`, `show_exit` …)."""


class CodeExecution(Signal):
    """A screen has nothing to choose from: these variables get these values and the logic runs again."""

    def __init__(self, assignments: tuple[tuple[str, Any], ...]) -> None:
        super().__init__(", ".join(name for name, _ in assignments))
        self.assignments = assignments


class InvalidInput(Signal):
    """`validation_error()`, in `validation code` and `validate` functions; `field` is a saved name."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message, self.field = message, field
