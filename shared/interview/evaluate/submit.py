"""A posted form: taken into the answers, or refused so that its screen is shown again (spec/area4 §5.3)."""

from __future__ import annotations

from shared.contracts.screen import Screen
from shared.interview.errors import AlreadySought, EvaluationLimit, NoDefinition
from shared.interview.evaluate.forms import OutOfReach, apply_form
from shared.interview.evaluate.missing import missing_name
from shared.interview.evaluate.seek import seek
from shared.interview.library.languages import word
from shared.interview.runtime.form_result import FormResult
from shared.interview.runtime.operations import SubmitForm
from shared.interview.runtime.run import Run

MOVED_ON = (
    "What you just sent was not saved: this interview had moved on since that page was shown, perhaps in another"
    " window. This is where it is now."
)


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
        except OutOfReach as reach:
            screen = _seek_again(reach.cause, run)
            if screen is not None:
                return with_notice(screen)
            continue
        except Exception as error:
            name = missing_name(error, run)
            if name is None:
                raise
            screen = seek(run, name)
            if screen is not None:
                return with_notice(screen)
            continue
        if not result.is_valid:
            raise FormRefused(result)
        return result
    raise EvaluationLimit("The form could not be taken: what it writes to is never defined")


def _seek_again(cause: Exception, run: Run) -> Screen | None:
    """Obtain what a form writes to. Raises FormRefused when nothing can: somebody took it away meanwhile."""
    name = missing_name(cause, run)
    try:
        if name is not None:
            return seek(run, name)
    except (NoDefinition, AlreadySought):
        pass
    raise FormRefused(FormResult(is_valid=False, is_outdated=True)) from cause


def with_notice(screen: Screen) -> Screen:
    """The screen, telling that it is not what follows from the answers just sent: those were not taken."""
    return screen.model_copy(update={"messages": (*screen.messages, ("warning", word(MOVED_ON)))})
