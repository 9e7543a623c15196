"""The engine's only door to the outside: a closed list of typed calls (DESIGN §5, §6).

In an interview process a `Host` sends the call through the pipe and waits for the parent's answer. The parent validates
every argument as if it came from the network. Calls are added here, with their models, by the part that needs them.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Protocol

from pydantic import Field

from shared.interview.runtime.document_calls import ConvertDocument, FindProgram, ProgramAnswer, ReadPicture
from shared.interview.runtime.effects import LaunchTask
from shared.interview.runtime.mail_calls import (
    AddressAnswer,
    AskOptOut,
    EmailsAnswer,
    ExpectTexts,
    MailAnswer,
    MakeAddress,
    OptOutAnswer,
    ReadEmails,
    SendMessage,
    SendText,
    TextsExpected,
)
from shared.interview.runtime.operations import TaskPicture, Value
from shared.interview.runtime.people_calls import (
    ChangeUser,
    CreateUser,
    FindUser,
    InviteUser,
    ListUsers,
    MakeSignInLink,
    ManagePrivileges,
    PeopleAnswer,
    ProveUser,
)
from shared.interview.runtime.session_calls import ListMySessions, ReachSession, SessionAnswer, SessionListAnswer
from shared.interview.runtime.store_calls import (
    AddRecord,
    ClearEntries,
    DeleteRecord,
    KeepSnapshot,
    KeepStash,
    ListEntries,
    OpenStash,
    ReadEntries,
    ReadRecords,
    StoreAnswer,
    WriteEntries,
)


class FetchTaskResult(Value):
    """The pickled value of an ended task comes back as the blob "payload", if it has one."""

    may_wait: ClassVar[bool] = False
    """Whether the answer may take long, or need another interview process: the slot is lent meanwhile."""

    call: Literal["fetch_task_result"] = "fetch_task_result"
    task_id: str = Field(max_length=64)


class LookAtTasks(Value):
    """How tasks stood when the answers were loaded: the one that is named, and others that were launched near it."""

    may_wait: ClassVar[bool] = False

    call: Literal["look_at_tasks"] = "look_at_tasks"
    task_id: str = Field(max_length=64)
    number: int = Field(64, ge=1, le=10_000)
    """How many at most."""


class AwaitTask(Value):
    """Block until a task has ended. `launch` is given for one launched in this very run: it is committed at once."""

    may_wait: ClassVar[bool] = True

    call: Literal["await_task"] = "await_task"
    task_id: str = Field(max_length=64)
    launch: LaunchTask | None = None


MESSAGE_LETTERS = 500


class ReportProgress(Value):
    """How far a task is; None: nobody knows. Not counted among a run's calls, as long as there are not too many."""

    may_wait: ClassVar[bool] = False

    call: Literal["report_progress"] = "report_progress"
    fraction: float | None = Field(None, ge=0.0, le=1.0)
    message: str = Field("", max_length=MESSAGE_LETTERS)


class Noted(Value):
    """It was heard."""

    answer: Literal["noted"] = "noted"


class TaskAnswer(Value):
    """How the task stands now."""

    answer: Literal["task"] = "task"
    task: TaskPicture
    refusal: str = ""
    """Why it cannot be waited for, in a sentence for the author."""


class TaskPictures(Value):
    """How tasks stood; empty when the one that was named is not of this session."""

    answer: Literal["task_pictures"] = "task_pictures"
    tasks: tuple[TaskPicture, ...] = ()


class NewFile(Value):
    """A number for a file that is to be made."""

    may_wait: ClassVar[bool] = False

    call: Literal["new_file"] = "new_file"


class FetchFile(Value):
    """The contents of a file of this session come back as the blob "contents"."""

    may_wait: ClassVar[bool] = False

    call: Literal["fetch_file"] = "fetch_file"
    number: int = Field(ge=1)


class StoreFile(Value):
    """Take the blob "contents" for a file; they become its contents if the run's result says so (SaveFile)."""

    may_wait: ClassVar[bool] = False

    call: Literal["store_file"] = "store_file"
    number: int = Field(ge=1)


class LinkFile(Value):
    """An address that opens a file for whoever has it, for some time."""

    may_wait: ClassVar[bool] = False

    call: Literal["link_file"] = "link_file"
    number: int = Field(ge=1)
    seconds: float = Field(gt=0, le=30 * 24 * 3600)
    filename: str = Field("", max_length=255)
    mimetype: str = Field("", max_length=255)
    is_attachment: bool = False


class FileAnswer(Value):
    """What was asked of a file; only the parts that belong to the call are filled."""

    answer: Literal["file"] = "file"
    number: int = 0
    filename: str = ""
    mimetype: str = ""
    ticket: str = ""
    """Names contents that were stored in this run."""
    link: str = ""
    """The secret part of a temporary address."""


class KeepLink(Value):
    """A short address that leads to a URL for some time, or for one visit."""

    may_wait: ClassVar[bool] = False

    call: Literal["keep_link"] = "keep_link"
    url: str = Field(min_length=1, max_length=8192)
    seconds: float = Field(gt=0, le=10 * 366 * 24 * 3600)
    is_once: bool = False


class SealAddress(Value):
    """An address elsewhere, in the form in which pages of ours send people on to it."""

    may_wait: ClassVar[bool] = False

    call: Literal["seal_address"] = "seal_address"
    url: str = Field(min_length=1, max_length=8192)


class LinkAnswer(Value):
    """The code of a link."""

    answer: Literal["link"] = "link"
    code: str


FileCall = NewFile | FetchFile | StoreFile | LinkFile
HostCall = Annotated[
    FetchTaskResult
    | LookAtTasks
    | AwaitTask
    | ReportProgress
    | NewFile
    | FetchFile
    | StoreFile
    | LinkFile
    | KeepLink
    | SealAddress
    | ConvertDocument
    | ReadPicture
    | FindProgram
    | ListUsers
    | FindUser
    | ChangeUser
    | CreateUser
    | InviteUser
    | ManagePrivileges
    | ProveUser
    | MakeSignInLink
    | ReadEntries
    | ListEntries
    | WriteEntries
    | ClearEntries
    | AddRecord
    | ReadRecords
    | DeleteRecord
    | KeepStash
    | OpenStash
    | KeepSnapshot
    | ReachSession
    | ListMySessions
    | SendMessage
    | SendText
    | AskOptOut
    | MakeAddress
    | ReadEmails
    | ExpectTexts,
    Field(discriminator="call"),
]
HostAnswer = Annotated[
    TaskAnswer
    | TaskPictures
    | Noted
    | FileAnswer
    | LinkAnswer
    | ProgramAnswer
    | PeopleAnswer
    | StoreAnswer
    | SessionAnswer
    | SessionListAnswer
    | MailAnswer
    | OptOutAnswer
    | AddressAnswer
    | EmailsAnswer
    | TextsExpected,
    Field(discriminator="answer"),
]


class Host(Protocol):
    """What a run may ask of the process that runs it."""

    def call(self, request: HostCall, blobs: dict[str, bytes] | None = None) -> tuple[HostAnswer, dict[str, bytes]]:
        """Ask and wait. Raises HostRefused when the parent declines, with a sentence for the author."""
        ...
