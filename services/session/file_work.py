"""Work on files that is part of no session: fields of templates, Markdown, pages as pictures (spec/area2 §5, §11.3).

The contents may come from anybody: they are opened by an interview process that serves nothing else.
"""

from __future__ import annotations

import base64
from pathlib import PurePath

from pydantic import ValidationError

from shared.contracts.base import Sealed
from shared.contracts.file_work import WorkedOnFile, WorkOnFile
from shared.crypto.aead import SealBroken
from shared.evaluation.frames import FrameTooLarge
from shared.evaluation.port import Evaluator, ProcessDied, RunTimedOut, WorkRefused
from shared.files.contents import Contents, StoredContents
from shared.files.port import ContentsMissing
from shared.interview.documents.work_order import DocumentWork

_LARGEST_BYTES = 64 * 1024**2
_ENDINGS = {"jpe": "jpg", "jfif": "jpg", "markdown": "md"}


class FileWork:
    """Has interview processes work on files."""

    def __init__(self, *, contents: Contents, evaluator: Evaluator) -> None:
        self._contents, self._evaluator = contents, evaluator

    async def do(self, message: WorkOnFile) -> WorkedOnFile:
        """What was found and made, or why nothing was. Raises PoolBusy."""
        file = message.file.value
        if file.size_bytes > _LARGEST_BYTES:
            return _problem("The file is too large for this.")
        ending = PurePath(file.filename).suffix.removeprefix(".").lower()
        try:
            work = DocumentWork(
                task=message.task,
                kind=_ENDINGS.get(ending, ending),
                name=file.filename[-500:],
                page=message.page,
                width=message.width,
            )
        except ValidationError:
            return _problem("There is nothing of this kind to be done with this file.")
        try:
            plain = await self._contents.read(
                StoredContents(file.location, base64.b64decode(file.key_base64), file.size_bytes)
            )
            found, made = await self._evaluator.work(work, plain)
        except (ContentsMissing, SealBroken):
            return _problem("The file is not there any more.")
        except WorkRefused as refused:
            return _problem(refused.detail)
        except (RunTimedOut, ProcessDied, FrameTooLarge):
            return _problem("The file is too large or too complicated for this.")
        return WorkedOnFile(found=Sealed(found), made=Sealed(base64.b64encode(made).decode()))


def _problem(text: str) -> WorkedOnFile:
    return WorkedOnFile(problem=Sealed(text))
