"""Which errors are about a missing name that the interview can define (spec/area4 §4.7, §4.3.5)."""

from __future__ import annotations

from shared.interview.errors import Undefined, UndefinedAttribute, UndefinedItem
from shared.interview.evaluate.whereabouts import innermost
from shared.interview.runtime.run import Run


def missing_name(error: BaseException, run: Run) -> str | None:
    """The name to seek, or None when the error is an error.

    A NameError that Python itself raises in interview code (`del` of what is not there) counts; one in the file of a
    Python module does not.
    """
    if isinstance(error, (Undefined, UndefinedAttribute, UndefinedItem)):
        return error.name
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError) and error.name:
        traceback = error.__traceback__
        while traceback is not None and traceback.tb_next is not None:
            traceback = traceback.tb_next
        if traceback is not None and traceback.tb_frame.f_globals is run.answers:
            return error.name
    return None


def remember_mention(run: Run, name: str, error: BaseException) -> None:
    """Keep where a missing name is used, for the message if nothing can define it."""
    run.place = None
    if notes := getattr(error, "__notes__", None):
        run.mentions[name] = " ".join(notes)
    place = innermost(error.__traceback__)
    if place is not None:
        run.mentioned[name] = place
