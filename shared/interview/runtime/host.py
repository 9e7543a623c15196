"""The engine's only door to the outside: a closed list of typed calls (DESIGN §5, §6).

In an interview process a `Host` sends the call through the pipe and waits for the parent's answer. The parent validates
every argument as if it came from the network. Calls are added here, with their models, by the part that needs them.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Protocol

from pydantic import Field

from shared.interview.runtime.effects import LaunchTask
from shared.interview.runtime.operations import TaskPicture, Value


class FetchTaskResult(Value):
    """The pickled value of an ended task comes back as the blob "payload", if it has one."""

    may_wait: ClassVar[bool] = False
    """Whether the answer may take long, or need another interview process: the slot is lent meanwhile."""

    call: Literal["fetch_task_result"] = "fetch_task_result"
    task_id: str = Field(max_length=64)


class AwaitTask(Value):
    """Block until a task has ended. `launch` is given for one launched in this very run: it is committed at once."""

    may_wait: ClassVar[bool] = True

    call: Literal["await_task"] = "await_task"
    task_id: str = Field(max_length=64)
    launch: LaunchTask | None = None


class TaskAnswer(Value):
    """How the task stands now."""

    answer: Literal["task"] = "task"
    task: TaskPicture
    refusal: str = ""
    """Why it cannot be waited for, in a sentence for the author."""


HostCall = Annotated[FetchTaskResult | AwaitTask, Field(discriminator="call")]
HostAnswer = Annotated[TaskAnswer, Field()]


class Host(Protocol):
    """What a run may ask of the process that runs it."""

    def call(self, request: HostCall, blobs: dict[str, bytes] | None = None) -> tuple[HostAnswer, dict[str, bytes]]:
        """Ask and wait. Raises HostRefused when the parent declines, with a sentence for the author."""
        ...
