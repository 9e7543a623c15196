"""Render author's text: Mako with names looked up at use, in the namespace of the run (spec/area4 §7.1)."""

from __future__ import annotations

import dis
from pathlib import Path
from types import FunctionType, TracebackType

from mako import filters
from mako.runtime import LoopStack

from shared.interview.compile.expressions import Text
from shared.interview.errors import EvaluationError, Position, Undefined
from shared.interview.runtime.run import Run

_FILTERS = {
    "h": filters.html_escape,
    "x": filters.xml_escape,
    "u": filters.url_escape,
    "trim": filters.trim,
    "entity": filters.html_entities_escape,
    "str": str,
    "unicode": str,
}


def text_of_file(path: Path, position: Position) -> str:
    """What a file of text says. Raises EvaluationError when it is not UTF-8, or cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise EvaluationError(
            f"{path.name} is not UTF-8: see its line {line}. Save it as UTF-8, as any editor of text can", position
        ) from error
    except OSError as error:
        raise EvaluationError(f"{path.name} cannot be read: {error.strerror}", position) from error


def render(text: Text, run: Run) -> str:
    """The text in the language of the run, with its Mako carried out; a text without Mako as it stands.

    Assignments in `<% %>` last for this rendering only. None becomes "None". Raises Undefined and kin for missing
    names, and whatever the author's code raises.
    """
    if run.interview.translations:
        text = run.interview.translated(text, run.language)
    if text.template is None:
        return text.source
    pieces: list[str] = []
    function = FunctionType(text.template, run.answers)
    try:
        function(pieces.append, str, _FILTERS, LoopStack(), run.answers)
    except UnboundLocalError as error:
        name = _unbound_name(error.__traceback__)
        if name is None:
            raise
        raise Undefined(name) from error
    return "".join(pieces)


def render_optional(text: Text | None, run: Run) -> str:
    """Like `render`; an absent text is empty."""
    return "" if text is None else render(text, run)


def _unbound_name(traceback: TracebackType | None) -> str | None:
    """Which local name was read before it was set: UnboundLocalError does not carry it on Python 3.11."""
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None or traceback.tb_frame.f_globals.get("__builtins__") is None:
        return None
    for instruction in dis.get_instructions(traceback.tb_frame.f_code):
        if instruction.offset == traceback.tb_lasti and isinstance(instruction.argval, str):
            return instruction.argval
    return None
