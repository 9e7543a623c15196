"""Side effects as data: committed with the answers, carried out after the commit (DESIGN §1.3)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from shared.interview.runtime.operations import Value
from shared.kernel.defaults import empty_dict

NotificationMode = Literal["flash", "refresh", "javascript", "fields", "backgroundresponse"]


class LaunchTask(Value):
    """`background_action`: make a task row; a worker is rung after the commit."""

    kind: Literal["launch_task"] = "launch_task"
    task_id: str
    action: str
    arguments_blob: str
    """Blob with the pickled keyword arguments."""
    mode: NotificationMode | None = None
    language: str = ""
    is_low_priority: bool = False
    time_limit_seconds: float | None = Field(None, gt=0.0)
    is_idempotent: bool = False
    """It may be run again after it had begun, when its worker is lost."""


class RevokeTask(Value):
    """`task.revoke()`."""

    kind: Literal["revoke_task"] = "revoke_task"
    task_id: str
    terminate: bool = True


class ScheduleTimer(Value):
    """`schedule_action` of colloquy.interview."""

    kind: Literal["schedule_timer"] = "schedule_timer"
    timer_id: str
    action: str
    arguments: dict[str, Any] = empty_dict()
    due: str
    repeat: str = ""


class CancelScheduled(Value):
    """`cancel()` of a timer's handle."""

    kind: Literal["cancel_timer"] = "cancel_timer"
    timer_id: str


class SaveFile(Value):
    """A file that the run made, received or changed. None leaves a part as it is."""

    kind: Literal["save_file"] = "save_file"
    number: int
    ticket: str | None = None
    """Names new contents: what StoreFile answered; empty for the upload of that number; None when they stay."""
    filename: str | None = Field(None, max_length=255)
    mimetype: str | None = Field(None, max_length=255)
    is_private: bool | None = None
    is_persistent: bool | None = None
    users: tuple[int, ...] | None = None
    """Who else may open it: numbers of accounts; the three lists are given together."""
    emails: tuple[str, ...] | None = None
    privileges: tuple[str, ...] | None = None


class LogLine(Value):
    """`log()` with priority `log`: goes to the server's log with session and interview line."""

    kind: Literal["log"] = "log"
    message: str
    priority: str = "log"
    place: str = ""
    """File and line of the interview; empty where none was being run."""


Effect = Annotated[
    LaunchTask | RevokeTask | ScheduleTimer | CancelScheduled | SaveFile | LogLine,
    Field(discriminator="kind"),
]
