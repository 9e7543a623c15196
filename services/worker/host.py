"""The parent's side of Host for tasks: what background code may ask while it runs."""

from __future__ import annotations

from shared.evaluation.run_files import RunFiles
from shared.evaluation.run_mail import RunMail
from shared.evaluation.run_mailbox import RunMailbox
from shared.evaluation.run_people import RunPeople
from shared.evaluation.run_stores import RunStores
from shared.evaluation.task_pictures import picture_for_engine, pictures_for_engine
from shared.interview.errors import HostRefused
from shared.interview.runtime.document_calls import ConvertDocument, FindProgram, ReadPicture
from shared.interview.runtime.host import (
    AwaitTask,
    FetchFile,
    FetchTaskResult,
    HostAnswer,
    HostCall,
    KeepLink,
    LinkAnswer,
    LinkFile,
    LookAtTasks,
    NewFile,
    Noted,
    ReportProgress,
    SealAddress,
    StoreFile,
    TaskAnswer,
    TaskPictures,
)
from shared.interview.runtime.mail_calls import AskOptOut, ExpectTexts, MakeAddress, ReadEmails, SendMessage, SendText
from shared.interview.runtime.operations import Blobs
from shared.interview.runtime.people_calls import (
    ChangeUser,
    CreateUser,
    FindUser,
    InviteUser,
    ListUsers,
    MakeSignInLink,
    ManagePrivileges,
    ProveUser,
)
from shared.interview.runtime.session_calls import ListMySessions, ReachSession
from shared.storage.database import Statements
from shared.stores.links import Links
from shared.tasks.sealing import Keys
from shared.tasks.store import Tasks

from .others import OtherSessions
from .progress import Progress


class TaskHost:
    """Answers the calls of one task's run. A HostServer."""

    def __init__(
        self,
        *,
        statements: Statements,
        tasks: Tasks,
        keys: Keys,
        version: int,
        files: RunFiles,
        links: Links,
        people: RunPeople,
        stores: RunStores,
        others: OtherSessions,
        mail: RunMail,
        mailbox: RunMailbox,
        progress: Progress,
    ) -> None:
        self._statements, self._tasks, self._keys, self._version, self._files = statements, tasks, keys, version, files
        self._links, self._people, self._stores, self._progress = links, people, stores, progress
        self._others = others
        self._mail, self._mailbox = mail, mailbox

    async def answer(self, call: HostCall, blobs: Blobs) -> tuple[HostAnswer, Blobs]:
        """Carry out one call. Raises HostRefused with a sentence for the author."""
        match call:
            case FetchTaskResult(task_id=task_id):
                found = await self._tasks.result(self._statements, task_id, keys=self._keys)
                if found is None:
                    raise HostRefused("There is no such task in this session.")
                answer = TaskAnswer(task=picture_for_engine(found.picture))
                return answer, {} if found.payload is None else {"payload": found.payload}
            case LookAtTasks(task_id=task_id, number=number):
                near = await self._tasks.pictures_near(
                    self._statements, task_id, keys=self._keys, version=self._version, number=number
                )
                return TaskPictures(tasks=pictures_for_engine(near)), {}
            case AwaitTask():
                raise HostRefused(
                    "A background action cannot wait for another task: both might wait for ever. Pass what is needed "
                    "as arguments, or let the screen wait."
                )
            case ReportProgress(fraction=fraction, message=message):
                self._progress.note(fraction, message)
                return Noted(), {}
            case ConvertDocument() | ReadPicture() | FindProgram():
                raise HostRefused("Documents are worked on elsewhere.")  # by the pool, before it asks the session
            case KeepLink():
                code = await self._links.add(call.url, seconds=call.seconds, is_once=call.is_once)
                return LinkAnswer(code=code), {}
            case SealAddress():
                return LinkAnswer(code=self._links.sealed(call.url)), {}
            case (
                ListUsers()
                | FindUser()
                | ChangeUser()
                | CreateUser()
                | InviteUser()
                | ManagePrivileges()
                | ProveUser()
                | MakeSignInLink()
            ):
                return await self._people.answer(call), {}
            case NewFile() | FetchFile() | StoreFile() | LinkFile():
                return await self._files.answer(call, blobs)
            case ReachSession() | ListMySessions():
                return await self._others.ask(call, blobs)
            case SendMessage() | SendText() | AskOptOut():
                return await self._mail.answer(call, blobs), {}
            case MakeAddress() | ReadEmails() | ExpectTexts():
                return await self._mailbox.answer(call)
            case _:
                return await self._stores.answer(call, blobs)
