"""The one typed context of a run: what is evaluated, for whom, and what came of it so far.

Made by `api`, read and written by evaluation, screen and library. Library functions, which author code calls, reach it
by `current_run()`; everything else gets it as an argument.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from types import CodeType
from typing import Any, Literal, Protocol

from shared.interview.compile.interview import Interview
from shared.interview.errors import EvaluationError, Position
from shared.interview.runtime import names
from shared.interview.runtime.effects import Effect, LogLine
from shared.interview.runtime.form_result import FormResult
from shared.interview.runtime.host import Host
from shared.interview.runtime.namespace import CONTEXT_NAMES, ITERATORS, Answers
from shared.interview.runtime.operations import (
    Blobs,
    CheckInCall,
    Operation,
    RunBackgroundAction,
    RunContext,
    RunResponseAction,
    TaskPicture,
)
from shared.interview.runtime.sought import Sought
from shared.kernel.interview_path import InterviewPath

SaveStatus = Literal["new", "overwrite", "ignore"]


class Steering(Protocol):
    """What library functions may ask of the evaluation, which lies above them."""

    def process_action(self, run: Run) -> None:
        """Treat the pending action, the gather list and the stack (spec/area1 §2.2). Raises what it seeks."""
        ...

    def invalidate(self, run: Run, name: str) -> None:
        """Undefine, keep the old value as default, and do the same with everything that depends on it."""
        ...

    def reconsider(self, run: Run, name: str) -> None:
        """Undefine and seek again, once per run."""
        ...

    def forget_block(self, run: Run, block_id: str) -> None:
        """`forget_result_of`: a mandatory block or embedded choice by id counts as not answered."""
        ...

    def forget_pending(self, run: Run, name: str) -> None:
        """Drop pending actions for a collection and its items: adding or editing was cancelled."""
        ...

    def evaluate_fresh(self, run: Run, name: str) -> None:
        """Seek a name although it has a value; returns when it was obtained without a screen."""
        ...

    def html_of(self, run: Run, text: str, trims: bool) -> str:
        """Markdown and special markup as the HTML of a screen, without the paragraph around it when `trims`."""
        ...


@dataclass(kw_only=True, eq=False)
class Run:
    """One evaluation. Fields are grouped by who writes them."""

    # Given
    interview: Interview
    answers: Answers
    """The namespace: globals of all interview code."""
    operation: Operation
    context: RunContext
    host: Host
    steering: Steering
    path: InterviewPath | None = None
    """Where files of interview packages are found."""
    tasks: dict[str, TaskPicture | None] = field(default_factory=dict)
    """Tasks that were looked at, as they stood when the answers were loaded, by id; None for one that was not there."""
    prior: Answers | None = None
    """After Back: the answers of the step that was dropped."""

    # The pending action (evaluate.actions; the library reads)
    action: str | None = None
    """Name of the action not yet processed: what `action_argument()` without a parameter gives."""
    arguments: dict[str, Any] = field(default_factory=dict)
    """Its arguments; they stay after it was processed."""
    form_result: FormResult | None = None
    """Of a posted form. When it was refused, the same screen is built again with its errors and typed values."""
    is_check_in: bool = False
    """Questions sought by the action are not put on the stack (check-in, run_action_in_session)."""
    is_unseen: bool = False
    """Nobody is shown the screens that the run comes to: what they say need not become HTML."""

    # Where the run stands (evaluate.loop, evaluate.seek)
    sought: list[str] = field(default_factory=list)
    """Names being sought, outermost first."""
    waiting: list[tuple[str, str]] = field(default_factory=list)
    """(block name, name it was tried for) of blocks that wait for a name that is being sought."""
    block: str = ""
    """Name of the block that runs now."""
    place: Position | None = None
    """Where the field stands that is being made, for errors that have no line of their own."""
    mentioned: dict[str, Position] = field(default_factory=dict)
    """Where in an interview file a missing name was used, by the name."""
    mentions: dict[str, str] = field(default_factory=dict)
    """The same in words, of names that a template of a document uses."""
    gathering: dict[str, Any] = field(default_factory=dict)
    """The library's table of lists that are being gathered, by instance name; cleared for each pass."""
    reconsidered: set[str] = field(default_factory=set)
    forgiven: list[str] = field(default_factory=list)
    """Names whose missing definition is no error, because they came from an action."""
    passes: int = 0
    followed_choice: bool = False
    """An embedded choice that was answered led somewhere in this run: the stored choices are kept."""

    # Settings of the run (library: set_language() and kin)
    language: str = "en"
    dialect: str | None = None
    voice: str | None = None
    country: str = "US"
    locale: str = "en_US.utf8"
    evaluation_context: str | None = None
    """What texts are rendered for now: None for the screen, `docx`, `pandoc`, … for documents."""
    redacts: bool = True
    """What `redact()` is given is blacked out (the key `redact` of documents)."""
    save_status: SaveStatus | None = None
    """What `set_save_status()` asked for; None when it was not called. `ignore` cannot be undone."""
    forbids_back: bool = False
    """`prevent_going_back()` was called."""
    error_action: tuple[str, dict[str, Any]] | None = None
    """What `background_error_action()` registered."""

    # What came of it (library)
    effects: list[Effect] = field(default_factory=list)
    blobs: Blobs = field(default_factory=dict)
    """Bytes that travel back beside the result, named by effects and outcomes."""
    messages: list[tuple[str, str]] = field(default_factory=list)
    """(priority, HTML) flashed with the next page."""
    log_lines: list[tuple[str, str]] = field(default_factory=list)
    """(priority, message) for the browser's log."""
    waits_for_tasks: set[str] = field(default_factory=set)
    """Ids of tasks whose `.ready()` said no."""
    memo: dict[Any, Any] = field(default_factory=dict)
    """Scratch space for the run, keyed by whoever uses it."""

    # The moment
    @property
    def now(self) -> datetime:
        """The moment of this run, aware, UTC."""
        found = self.memo.get("now")
        if found is None:
            found = self.memo["now"] = datetime.fromisoformat(self.context.now)
        return found

    @property
    def timezone(self) -> str:
        """The server's default time zone; a user's own is in `context.user`."""
        return self.context.default_timezone

    @property
    def internal(self) -> dict[str, Any]:
        """`_internal`: everything remembered beside the variables (spec/area4 §4.1)."""
        return self.answers["_internal"]  # type: ignore[no-any-return]

    @property
    def is_background(self) -> bool:
        """Whether this is a task or its response or error action (`interface()` is then `worker`)."""
        return isinstance(self.operation, (RunBackgroundAction, RunResponseAction))

    @property
    def is_browser_check_in(self) -> bool:
        """Whether a page checks in (spec/area1 §12)."""
        return isinstance(self.operation, CheckInCall)

    def note(self, message: str, *, priority: str = "log") -> None:
        """Write to the server's log, with the line of the interview that runs."""
        self.effects.append(LogLine(message=message, priority=priority, place=_line_that_runs()))

    # Variables
    def evaluate(self, source: str) -> Any:
        """The value of an expression; seeks nothing itself. Raises Undefined and kin."""
        return eval(expression_code(source), self.answers)

    def is_defined(self, name: str) -> bool:
        """Whether a variable has a value, without asking or gathering."""
        return names.is_defined(name, self.answers)

    def peek(self, name: str, default: Any = None) -> Any:
        """The value of a variable, or the default when it has none; never asks."""
        found, value = names.peek(name, self.answers)
        return value if found else default

    def define(self, name: str, value: Any) -> None:
        """Give a variable a value. Raises IllegalName, and Undefined when the object it belongs to is missing."""
        if name.isidentifier():
            self.answers[name] = value
            return
        code = names.assignment(name)
        self.answers["__value"] = value
        try:
            exec(code, self.answers)
        finally:
            self.answers.pop("__value", None)

    def undefine(self, name: str) -> bool:
        """Take a variable's value away; False when it had none."""
        if not self.is_defined(name):
            return False
        if name.isidentifier():
            del self.answers[name]
            return True
        try:
            exec(names.deletion(name), self.answers)
        except (NameError, AttributeError, LookupError):
            return False
        return True

    def seek_later(self, name: str) -> None:
        """Put a name on the session's gather list: it is asked before the logic goes on (spec/area1 §2.3 `need`)."""
        gather: list[dict[str, Any]] = self.internal["gather"]
        if all(entry["var"] != name for entry in gather):
            gather.append({"var": name, "context": self.context_values()})

    def context_values(self) -> dict[str, Any]:
        """The values x, i … n have now."""
        return {name: self.answers[name] for name in CONTEXT_NAMES if name in self.answers}

    def enter(self, sought: Sought) -> None:
        """Set x and i … n to what they stand for in this context. Raises Undefined and kin."""
        if sought.x is not None:
            self.answers["x"] = self.evaluate(sought.x)
        for name, source in zip(ITERATORS, sought.iterators, strict=False):
            self.answers[name] = self.evaluate(source)

    # Locally
    def snapshot(self) -> dict[str, Any]:
        """A shallow copy of the answers without what only belongs to the run."""
        found = copy(self.answers)
        found.pop("__builtins__", None)
        return found


@lru_cache(maxsize=20_000)
def expression_code(source: str) -> CodeType:
    """Compile an expression that was made while running. Raises SyntaxError."""
    return compile(source.strip(), "<expression>", "eval", dont_inherit=True)


_current: ContextVar[Run | None] = ContextVar("current_run", default=None)


def current_run() -> Run:
    """The run that is going on in this thread: for library functions, which author code calls.

    Raises EvaluationError outside a run, e.g. when a module calls them while it is imported.
    """
    run = _current.get()
    if run is None:
        raise EvaluationError("This function needs an interview session; it was called outside of one")
    return run


def current_run_or_none() -> Run | None:
    """Like `current_run`, for functions that can do without one (e.g. objects made while a module is imported)."""
    return _current.get()


@contextmanager
def running(run: Run) -> Iterator[Run]:
    """Make a run the current one."""
    token = _current.set(run)
    try:
        yield run
    finally:
        _current.reset(token)


def _line_that_runs() -> str:
    """File and line of the innermost code of an interview file that is being run; empty when there is none."""
    frame = sys._getframe(1)
    while frame is not None and ":data/" not in frame.f_code.co_filename:
        frame = frame.f_back  # type: ignore[assignment]
    return "" if frame is None else f"{frame.f_code.co_filename}, line {frame.f_lineno}"


def missing_of(error: BaseException) -> str | None:
    """The name to seek when this error escapes from interview code, or None when it is not about a missing name."""
    from shared.interview.errors import Undefined, UndefinedAttribute, UndefinedItem

    if isinstance(error, (Undefined, UndefinedAttribute, UndefinedItem)):
        return error.name
    return None
