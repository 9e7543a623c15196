"""The parent's side of Host for tasks: what background code may ask while it runs."""

from __future__ import annotations

from shared.evaluation.run_files import RunFiles
from shared.evaluation.task_pictures import picture_for_engine
from shared.interview.errors import HostRefused
from shared.interview.runtime.host import AwaitTask, FetchTaskResult, HostAnswer, HostCall, TaskAnswer
from shared.interview.runtime.operations import Blobs
from shared.storage.database import Statements
from shared.tasks.sealing import Keys
from shared.tasks.store import Tasks


class TaskHost:
    """Answers the calls of one task's run. A HostServer."""

    def __init__(self, *, statements: Statements, tasks: Tasks, keys: Keys, files: RunFiles) -> None:
        self._statements, self._tasks, self._keys, self._files = statements, tasks, keys, files

    async def answer(self, call: HostCall, blobs: Blobs) -> tuple[HostAnswer, Blobs]:
        """Carry out one call. Raises HostRefused with a sentence for the author."""
        match call:
            case FetchTaskResult(task_id=task_id):
                found = await self._tasks.result(self._statements, task_id, keys=self._keys)
                if found is None:
                    raise HostRefused("There is no such task in this session.")
                answer = TaskAnswer(task=picture_for_engine(found.picture))
                return answer, {} if found.payload is None else {"payload": found.payload}
            case AwaitTask():
                raise HostRefused(
                    "A background action cannot wait for another task: both might wait for ever. Pass what is needed "
                    "as arguments, or let the screen wait."
                )
            case _:
                return await self._files.answer(call, blobs)
