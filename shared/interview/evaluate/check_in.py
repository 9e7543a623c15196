"""Check-in: code that runs while somebody looks at a screen, and what it tells the page (spec/area1 §12)."""

from __future__ import annotations

from typing import Any

from shared.contracts.screen import Screen
from shared.interview.errors import EvaluationError, Signal
from shared.interview.evaluate.endings import Ended
from shared.interview.evaluate.loop import begin, evaluate
from shared.interview.library.json_form import simplified
from shared.interview.runtime.operations import CheckInCall
from shared.interview.runtime.outcomes import BrowserAnswer
from shared.interview.runtime.run import Run
from shared.interview.runtime.signals import BackgroundResponse, TargetFilled

_MODES = frozenset({"flash", "javascript", "fields", "refresh"})


def check_in(operation: CheckInCall, run: Run) -> Ended:
    """Evaluate once without the action, which brings x and i up to date, then with it."""
    run.is_check_in = run.is_unseen = True
    _settle(run)
    run.action, run.arguments = operation.action, dict(operation.arguments)
    run.forgiven.clear()
    run.reconsidered.clear()
    begin(run)
    try:
        evaluate(run)
    except TargetFilled as filled:
        value = {"target": filled.target, "content": filled.content_html}
        return _answer(operation.action, value, "backgroundresponse")
    except BackgroundResponse as response:
        return _told(operation.action, response.payload)
    except Signal:
        pass
    return Ended(BrowserAnswer(), "overwrite")


def _settle(run: Run) -> Screen | None:
    """Where the session is without the action; whatever ends it does not count."""
    begin(run)
    try:
        return evaluate(run)
    except Signal:
        return None


def _answer(action: str, value: Any, extra: str) -> Ended:
    return Ended(BrowserAnswer(action=action, value=value, extra=extra, is_silent=False), "overwrite")


def _told(action: str, payload: Any) -> Ended:
    """The command a payload of background_response() stands for."""
    if payload == "refresh":
        return _answer(action, None, "refresh")
    if isinstance(payload, list) and len(payload) == 2 and isinstance(payload[1], str) and payload[1] in _MODES:
        value, mode = payload
        if mode == "refresh":
            return _answer(action, None, "refresh")
        if mode == "fields" and not isinstance(value, dict):
            raise EvaluationError("background_response(…, 'fields') needs a dictionary of values by variable name")
        return _answer(action, simplified(value) if mode == "fields" else str(value), mode)
    return _answer(action, simplified(payload), "backgroundresponse")
