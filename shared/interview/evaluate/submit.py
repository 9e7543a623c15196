"""A posted form: taken into the answers, or refused so that its screen is shown again (spec/area4 §5.3)."""

from __future__ import annotations

from shared.contracts.screen import Screen
from shared.interview.errors import EvaluationLimit
from shared.interview.evaluate.forms import apply_form
from shared.interview.evaluate.missing import missing_name
from shared.interview.evaluate.seek import seek
from shared.interview.runtime.form_result import FormResult
from shared.interview.runtime.operations import SubmitForm
from shared.interview.runtime.run import Run


class FormRefused(Exception):
    """What was posted is not valid: the answers are to be loaded again, and the screen shown with messages."""

    def __init__(self, result: FormResult) -> None:
        super().__init__("The form was refused")
        self.result = result


def submit(operation: SubmitForm, run: Run) -> Screen | FormResult:
    """Take the form. An object it writes to that has gone meanwhile is sought first, which may need a screen.

    Raises FormRefused, signals of validation code, and errors.
    """
    for _ in range(run.interview.loop_limit):
        try:
            result = apply_form(operation, run)
        except Exception as error:
            name = missing_name(error, run)
            if name is None:
                raise
            screen = seek(run, name)
            if screen is not None:
                return screen
            continue
        if not result.is_valid:
            raise FormRefused(result)
        return result
    raise EvaluationLimit("The form could not be taken: what it writes to is never defined")
