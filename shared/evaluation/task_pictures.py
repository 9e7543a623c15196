"""Tasks as shared.tasks stores them and as the engine sees them: neither room may know the other, so they meet here."""

from __future__ import annotations

from collections.abc import Iterable

from shared.interview.runtime.operations import TaskFailure, TaskPicture
from shared.tasks.records import Failure, Picture


def picture_for_engine(picture: Picture) -> TaskPicture:
    """One task as a run sees it."""
    return TaskPicture(
        task_id=picture.task_id,
        state=picture.state,
        ended_at=picture.ended_at.isoformat() if picture.ended_at else None,
        failure=failure_for_engine(picture.failure) if picture.failure else None,
        progress=picture.progress,
        progress_message=picture.progress_message,
    )


def pictures_for_engine(pictures: Iterable[Picture]) -> tuple[TaskPicture, ...]:
    """All tasks of a session as a run sees them."""
    return tuple(map(picture_for_engine, pictures))


def failure_for_engine(failure: Failure) -> TaskFailure:
    """Why a task failed, for interview code."""
    return TaskFailure(**failure.model_dump(exclude={"file", "line"}))


def failure_to_keep(failure: TaskFailure) -> Failure:
    """Why a run failed, to be stored with its task."""
    return Failure(**failure.model_dump())
