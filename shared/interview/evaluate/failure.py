"""Errors of an interview as outcomes: what a person is told, and what an author needs to find them (DESIGN §5)."""

from __future__ import annotations

import traceback
from types import TracebackType

from shared.interview.errors import InterviewError, Position
from shared.interview.evaluate.missing import missing_name
from shared.interview.runtime.operations import TaskFailure
from shared.interview.runtime.outcomes import RunFailed
from shared.interview.runtime.run import Run
from shared.kernel.interview_path import BadReference, UnknownPackageFile

_LONGEST_MESSAGE = 10_000
_LONGEST_TRACE = 20_000


def failure_of(error: BaseException, run: Run | None = None) -> TaskFailure:
    """Type, text, trace, and the names that were sought, newest first."""
    sought = error.sought if isinstance(error, InterviewError) else ()
    if not sought and run is not None:
        sought = tuple(reversed(run.sought))
        missing = missing_name(error, run)
        if missing is not None and missing not in sought:
            sought = (missing, *sought)
    message = error.message if isinstance(error, InterviewError) else str(error)
    return TaskFailure(
        error_type=type(error).__name__,
        error_message=message[:_LONGEST_MESSAGE],
        error_trace=_trace(error),
        variables=sought,
    )


def failed(error: BaseException, run: Run | None = None, *, title: str = "Error") -> RunFailed:
    """The outcome of a run that ended in an error."""
    position = _position(error, run)
    return RunFailed(
        failure=failure_of(error, run),
        title=title,
        file=position.file if position else None,
        line=position.line if position else None,
        block=position.block or None if position else None,
        is_unknown=run is None and isinstance(error, UnknownPackageFile | BadReference),
    )


def _position(error: BaseException, run: Run | None) -> Position | None:
    """Where it happened: what the error says, else the innermost line of interview code, else the block that ran."""
    block = run.interview.by_name.get(run.block) if run is not None else None
    if isinstance(error, InterviewError) and error.position is not None:
        return error.position
    found = innermost(error.__traceback__)
    if found is not None:
        return Position(found.file, found.line, block.name if block is not None else "")
    return block.position if block is not None else None


def innermost(trace: TracebackType | None) -> Position | None:
    """The innermost line of interview code in a trace."""
    found = None
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if ":data/" in file:
            found = Position(file, trace.tb_lineno)
        trace = trace.tb_next
    return found


def _trace(error: BaseException) -> str:
    """The trace an author can use: frames of the engine itself are left out."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "/shared/interview/" not in frame.filename.replace("\\", "/")
    ]
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(frames)] if frames else []
    lines += traceback.format_exception_only(error)
    return "".join(lines)[-_LONGEST_TRACE:]
