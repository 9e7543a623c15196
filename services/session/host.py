"""The parent's side of Host for turns: what a run may ask while it runs (DESIGN §6).

A result is read from the task's row. Waiting for a task that was launched in this very turn commits its row at once, so
that a worker can take it: it runs on the last saved answers. Meanwhile the turn lets go of the lock; whether its
answers are still the newest afterwards is for the version check to say.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Callable, Sequence

from services.session import store
from services.session.effects import Effects
from services.session.lock import Lease, SessionLockService
from services.session.operations import Request, operation_of_task
from services.session.reaching import Reaching
from services.session.saving import Opened
from services.session.task_ends import TaskEnds
from shared.bus.outbox import Outbox
from shared.contracts.base import Sealer
from shared.contracts.session import Upload
from shared.evaluation.reaching import content_of, operation_of_call
from shared.evaluation.run_files import RunFiles
from shared.evaluation.run_mail import MailQueue, RunMail
from shared.evaluation.run_mailbox import MailboxParts, RunMailbox
from shared.evaluation.run_people import PeopleParts, RunPeople
from shared.evaluation.run_stores import Change, RunStores, StoreParts
from shared.evaluation.task_pictures import picture_for_engine, pictures_for_engine
from shared.files.contents import StoredContents
from shared.files.records import OpenFile
from shared.files.room import FileRoom
from shared.interview.errors import HostRefused
from shared.interview.runtime.document_calls import ConvertDocument, FindProgram, ReadPicture
from shared.interview.runtime.effects import LaunchTask
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
from shared.interview.runtime.operations import Blobs, TaskPicture
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
from shared.interview.runtime.session_calls import ListMySessions, ReachSession, SessionAnswer
from shared.kernel.clock import Clock
from shared.mailbox.courier import Courier
from shared.storage.database import Database
from shared.stores.links import Links
from shared.tasks.records import GrantBroken
from shared.tasks.store import Tasks

_NEEDS_THE_SESSION = (
    "This task ends in a background_response_action() or background_error_action(), which needs the session that is "
    "waiting for it here. Do not wait: show a screen, and look with .ready() when the page is shown again."
)
_NOT_IN_THE_BACKGROUND = (
    "A background action cannot wait for another task. Pass what is needed as arguments, or wait on a screen."
)
_NOT_SAVED_YET = (
    "This session has not been saved yet, so a task launched now has no answers to run on. Wait for it with .ready() "
    "on the next screen."
)
_NO_SUCH_TASK = "There is no such task in this session."


class TurnHosts:
    """Makes the host of each turn."""

    def __init__(
        self,
        *,
        database: Database,
        lock: SessionLockService,
        tasks: Tasks,
        ends: TaskEnds,
        effects: Effects,
        outbox: Outbox,
        wake_relay: Callable[[], None],
        files: FileRoom,
        links: Links,
        people: PeopleParts,
        stores: StoreParts,
        reaching: Reaching,
        courier: Courier,
        mail_queue: MailQueue | None,
        mail_seconds: float,
        mailbox: MailboxParts,
        sealer: Sealer,
        clock: Clock,
    ) -> None:
        self.files = files
        self.links = links
        self.people = people
        self.stores = stores
        self.reaching = reaching
        self.courier = courier
        self.mail_queue = mail_queue
        self.mail_seconds = mail_seconds
        """How long mails for each of several people may take in all."""
        self.mailbox = mailbox
        self.sealer = sealer
        self.database = database
        self.lock = lock
        self.tasks = tasks
        self.ends = ends
        self.effects = effects
        self.outbox = outbox
        self.wake_relay = wake_relay
        self.clock = clock

    def of(self, request: Request) -> TurnHost:
        """The host of one turn, for all its attempts."""
        return TurnHost(self, request)


class TurnHost:
    """Answers the calls of one turn's runs. A HostServer."""

    def __init__(self, parts: TurnHosts, request: Request) -> None:
        self._parts = parts
        self._request = request
        self._opened: Opened | None = None
        self._lease: Lease | None = None
        self._calls: dict[bytes, int] = {}
        self._awaited: dict[tuple[bytes, int], str] = {}
        self._stands_for: dict[str, str] = {}
        self._reached: dict[tuple[bytes, int], tuple[SessionAnswer, Blobs]] = {}
        """What other sessions have answered to any attempt of this turn."""
        self.has_looked_at_tasks = False
        """Whether the present run has asked how a task stands."""
        uploads = {upload.number: _received(upload) for upload in request.uploads}
        self.files = RunFiles(parts.files, sealer=parts.sealer, clock=parts.clock, uploads=uploads)
        self.people = RunPeople(parts.people, request.visitor)
        self.stores = RunStores(parts.stores, request.visitor)
        self.mail = RunMail(parts.courier, parts.mail_queue, together_seconds=parts.mail_seconds)
        self.mailbox = RunMailbox(parts.mailbox, request.visitor, self.files)

    @property
    def launched(self) -> frozenset[str]:
        """Ids, as the present run gives them, of tasks that were committed at once."""
        return frozenset(self._stands_for)

    def started_over(self) -> None:
        """The run that has just ended starts the session over: what it wanted of stores and accounts stays."""
        self.people.started_over()
        self.stores.started_over()

    def begin_attempt(self, opened: Opened, lease: Lease | None, *, goes_on: bool = False) -> None:
        """A run begins, on these answers. What an earlier attempt launched is not launched again.

        `goes_on`: it is the first of a session that was started over in this very turn.
        """
        self._opened, self._lease = opened, lease
        self._calls.clear()
        self._stands_for.clear()
        self.has_looked_at_tasks = False
        self.files.begin(opened.keys, interview=opened.name.interview)
        self.people.begin(goes_on=goes_on)
        name = opened.name
        self.stores.begin(opened.keys, interview=name.interview, code=name.code, goes_on=goes_on)
        self.mailbox.begin(opened.keys, interview=opened.name.interview)
        request = self._request
        self.mail.begin(
            run_id=f"{request.session_id} {request.operation_id}",
            session_id=request.session_id,
            interview=opened.name.interview,
        )

    @property
    def changes(self) -> Sequence[Change]:
        """What the commit has to do besides the answers: accounts, stores, parts of mail."""
        return (*self.people.changes, *self.stores.changes, *self.mailbox.changes, *self.mail.changes)

    async def answer(self, call: HostCall, blobs: Blobs) -> tuple[HostAnswer, Blobs]:
        """Carry out one call. Raises HostRefused with a sentence for the author."""
        self.has_looked_at_tasks |= isinstance(call, FetchTaskResult | LookAtTasks | AwaitTask)
        match call:
            case FetchTaskResult(task_id=task_id):
                return await self._fetch(task_id)
            case LookAtTasks(task_id=task_id, number=number):
                return await self._picture(task_id, number), {}
            case AwaitTask(task_id=task_id, launch=launch):
                return await self._await(task_id, launch, blobs)
            case ReportProgress():
                return Noted(), {}  # only tasks have progress
            case ConvertDocument() | ReadPicture() | FindProgram():
                raise HostRefused("Documents are worked on elsewhere.")  # by the pool, before it asks the session
            case KeepLink():
                code = await self._parts.links.add(call.url, seconds=call.seconds, is_once=call.is_once)
                return LinkAnswer(code=code), {}
            case SealAddress():
                return LinkAnswer(code=self._parts.links.sealed(call.url)), {}
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
                return await self.people.answer(call), {}
            case NewFile() | FetchFile() | StoreFile() | LinkFile():
                return await self.files.answer(call, blobs)
            case ReachSession():
                return await self._reach(call, blobs)
            case ListMySessions():
                return await self._parts.reaching.sessions(call, self._request.visitor), {}
            case SendMessage() | SendText() | AskOptOut():
                return await self.mail.answer(call, blobs), {}
            case MakeAddress() | ReadEmails() | ExpectTexts():
                return await self.mailbox.answer(call)
            case _:
                return await self.stores.answer(call, blobs)

    async def _reach(self, call: ReachSession, blobs: Blobs) -> tuple[HostAnswer, Blobs]:
        """One turn on another session; an attempt that asks the same again gets what the first one got."""
        content = content_of(call, blobs)
        repetition = self._calls[content] = self._calls.get(content, 0) + 1
        done = self._reached.get((content, repetition))
        if done is None or call.order == "read":
            if self._lease is not None:
                self._parts.lock.release(self._lease)
            done = await self._parts.reaching.reach(
                call,
                blobs,
                visitor=self._request.visitor,
                own=self._request.session_id,
                operation_id=operation_of_call(self._request.operation_id, content, repetition),
            )
            self._reached[(content, repetition)] = done
        return done

    async def _fetch(self, task_id: str) -> tuple[HostAnswer, Blobs]:
        picture, payload = await self._look(task_id)
        return TaskAnswer(task=picture), {} if payload is None else {"payload": payload}

    async def _picture(self, task_id: str, number: int) -> TaskPictures:
        """As it stood in the answers that this run was given."""
        if self._opened is None:
            return TaskPictures()
        near = await self._parts.tasks.pictures_near(
            self._parts.database, task_id, keys=self._opened.keys, version=self._opened.version, number=number
        )
        return TaskPictures(tasks=pictures_for_engine(near))

    async def _await(self, task_id: str, launch: LaunchTask | None, blobs: Blobs) -> tuple[HostAnswer, Blobs]:
        if self._request.task_id:
            raise HostRefused(_NOT_IN_THE_BACKGROUND)
        if launch is not None:
            await self._launch_at_once(launch, blobs)
        if self._lease is not None:
            self._parts.lock.release(self._lease)
        has_waited = launch is not None
        async with self._parts.ends.hear(self._stands_for.get(task_id, task_id)) as ear:
            picture, payload = await self._look(task_id)
            while picture.state in ("pending", "running"):
                has_waited = True
                await self._refuse_what_needs_the_session(task_id)
                await ear.until_worth_a_look()
                picture, payload = await self._look(task_id)
        if has_waited:
            await self._refuse_what_needs_the_session(task_id)
        return TaskAnswer(task=picture), {} if payload is None else {"payload": payload}

    async def _look(self, task_id: str) -> tuple[TaskPicture, bytes | None]:
        if self._opened is None:
            raise HostRefused(_NO_SUCH_TASK)
        known_as = self._stands_for.get(task_id, task_id)
        found = await self._parts.tasks.result(self._parts.database, known_as, keys=self._opened.keys)
        if found is None:
            raise HostRefused(_NO_SUCH_TASK)
        return picture_for_engine(found.picture).model_copy(update={"task_id": task_id}), found.payload

    async def _launch_at_once(self, launch: LaunchTask, blobs: Blobs) -> None:
        """Commit the task's row and doorbell; a re-run that launches the same finds the task of the first run."""
        opened, parts = self._opened, self._parts
        if opened is None or opened.stored is None:
            raise HostRefused(_NOT_SAVED_YET)
        task = parts.effects.new_task(self._request, launch, blobs, interview=opened.name.interview)
        content = hashlib.sha256(f"{task.action}\0{task.mode}\0".encode() + task.arguments).digest()
        repetition = self._calls[content] = self._calls.get(content, 0) + 1
        earlier = self._awaited.get((content, repetition))
        if earlier is None:
            async with parts.database.transaction() as connection:
                await parts.tasks.insert(connection, [task], keys=opened.keys)
                await parts.outbox.add(connection, [parts.effects.doorbell(self._request.session_id, launch)])
            parts.wake_relay()
            earlier = self._awaited[(content, repetition)] = task.task_id
        self._stands_for[launch.task_id] = earlier

    async def _refuse_what_needs_the_session(self, task_id: str) -> None:
        """Whether its second phase is still to come, or has been taken in while this turn let go of the session."""
        known_as = self._stands_for.get(task_id, task_id)
        database, session_id = self._parts.database, self._request.session_id
        try:
            ended = await self._parts.tasks.ended(database, known_as)
        except GrantBroken:
            return  # taking its result in will end it as failed
        if ended is not None and ended.outcome.action is not None:
            raise HostRefused(_NEEDS_THE_SESSION)
        if ended is None and await store.was_handled(database, session_id, operation_of_task(known_as)):
            raise HostRefused(_NEEDS_THE_SESSION)


def _received(upload: Upload) -> OpenFile:
    """A file that came with the form, as the room of files knows it."""
    contents = StoredContents(upload.location, b64decode(upload.key_base64), upload.size_bytes)
    return OpenFile(number=upload.number, filename=upload.filename, mimetype=upload.mimetype, contents=contents)
