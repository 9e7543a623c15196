"""The parent's side of Host for turns: what a run may ask while it runs (DESIGN §6).

A result is read from the task's row. Waiting for a task that was launched in this very turn commits its row at once, so
that a worker can take it: it runs on the last saved answers. Meanwhile the turn lets go of the lock; whether its
answers are still the newest afterwards is for the version check to say.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Callable

from services.session import store
from services.session.effects import Effects
from services.session.lock import Lease, SessionLockService
from services.session.operations import Request, operation_of_task
from services.session.saving import Opened
from shared.bus.outbox import Outbox
from shared.contracts.base import Sealer
from shared.contracts.session import Upload
from shared.evaluation.run_files import RunFiles
from shared.evaluation.task_pictures import picture_for_engine
from shared.files.contents import StoredContents
from shared.files.records import OpenFile
from shared.files.room import FileRoom
from shared.interview.errors import HostRefused
from shared.interview.runtime.effects import LaunchTask
from shared.interview.runtime.host import AwaitTask, FetchTaskResult, HostAnswer, HostCall, TaskAnswer
from shared.interview.runtime.operations import Blobs, TaskPicture
from shared.kernel.clock import Clock
from shared.storage.database import Database
from shared.tasks.records import GrantBroken
from shared.tasks.store import Tasks

_FIRST_LOOK_SECONDS = 0.01
_LAST_LOOK_SECONDS = 0.25

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
        effects: Effects,
        outbox: Outbox,
        wake_relay: Callable[[], None],
        files: FileRoom,
        sealer: Sealer,
        clock: Clock,
    ) -> None:
        self.files = files
        self.sealer = sealer
        self.database = database
        self.lock = lock
        self.tasks = tasks
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
        uploads = {upload.number: _received(upload) for upload in request.uploads}
        self.files = RunFiles(parts.files, sealer=parts.sealer, clock=parts.clock, uploads=uploads)

    @property
    def launched(self) -> frozenset[str]:
        """Ids, as the present run gives them, of tasks that were committed at once."""
        return frozenset(self._stands_for)

    def begin_attempt(self, opened: Opened, lease: Lease | None) -> None:
        """A run begins, on these answers. What an earlier attempt launched is not launched again."""
        self._opened, self._lease = opened, lease
        self._calls.clear()
        self._stands_for.clear()
        self.files.begin(opened.keys, interview=opened.name.interview)

    async def answer(self, call: HostCall, blobs: Blobs) -> tuple[HostAnswer, Blobs]:
        """Carry out one call. Raises HostRefused with a sentence for the author."""
        match call:
            case FetchTaskResult(task_id=task_id):
                return await self._fetch(task_id)
            case AwaitTask(task_id=task_id, launch=launch):
                return await self._await(task_id, launch, blobs)
            case _:
                return await self.files.answer(call, blobs)

    async def _fetch(self, task_id: str) -> tuple[HostAnswer, Blobs]:
        picture, payload = await self._look(task_id)
        return TaskAnswer(task=picture), {} if payload is None else {"payload": payload}

    async def _await(self, task_id: str, launch: LaunchTask | None, blobs: Blobs) -> tuple[HostAnswer, Blobs]:
        if self._request.task_id:
            raise HostRefused(_NOT_IN_THE_BACKGROUND)
        if launch is not None:
            await self._launch_at_once(launch, blobs)
        if self._lease is not None:
            self._parts.lock.release(self._lease)
        picture, payload = await self._look(task_id)
        has_waited = launch is not None
        pause = _FIRST_LOOK_SECONDS
        while picture.state in ("pending", "running"):
            has_waited = True
            await self._refuse_what_needs_the_session(task_id)
            await self._parts.clock.sleep(pause)
            pause = min(pause * 1.5, _LAST_LOOK_SECONDS)
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
        task = parts.effects.new_task(self._request, launch, blobs)
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
