"""Blocks that answer with data instead of a screen (spec/area4 §2.14). Their texts are Mako, unlike those of code."""

from __future__ import annotations

from typing import Any, NoReturn

from shared.interview.compile.blocks import ResponseBlock
from shared.interview.compile.expressions import Expression
from shared.interview.errors import EvaluationError
from shared.interview.library import endings
from shared.interview.runtime.run import Run
from shared.interview.runtime.text import render, render_optional


def respond(block: ResponseBlock, run: Run) -> NoReturn:
    """End the run with what the block describes. Raises ResponseCalled, Undefined and kin, EvaluationError."""
    given: dict[str, Any] = {
        "content_type": render_optional(block.content_type, run).strip() or None,
        "response_code": _status(block.status, run),
    }
    if block.is_null:
        given["null"] = True
    elif block.redirect is not None:
        given["url"] = render(block.redirect, run).strip()
    elif block.file is not None:
        given["file"] = render(block.file, run).strip()
    elif block.contents is not None:
        given["binaryresponse"] = eval(block.contents.code, run.answers)
    elif block.has_all_variables:
        given |= {"all_variables": True, "include_internal": block.includes_internal}
    else:
        given["binaryresponse"] = render_optional(block.text, run).strip()
        given["content_type"] = given["content_type"] or endings.TEXT
    endings.response(**given)
    raise AssertionError


def _status(expression: Expression | None, run: Run) -> int:
    value = 200 if expression is None else eval(expression.code, run.answers)
    try:
        return int(value)
    except (TypeError, ValueError):
        raise EvaluationError(f"`response code` takes a number, not {value!r}") from None
