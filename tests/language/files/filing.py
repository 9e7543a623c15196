"""A session with a server that keeps files in memory, as the real one does: what effects say is kept, nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from shared.interview.errors import HostRefused
from shared.interview.runtime.document_calls import ConvertDocument, FindProgram, ProgramAnswer, ReadPicture
from shared.interview.runtime.effects import SaveFile
from shared.interview.runtime.host import (
    FetchFile,
    FileAnswer,
    HostAnswer,
    HostCall,
    LinkFile,
    NewFile,
    StoreFile,
)
from shared.interview.runtime.mail_calls import MailAnswer, SendMessage
from shared.interview.runtime.operations import Blobs, Operation, PostedFile, SubmitForm
from shared.interview.runtime.outcomes import RunResult
from tests.language.core.sessions import Session


@dataclass(frozen=True)
class Kept:
    """One file as the server keeps it."""

    contents: bytes
    filename: str = "file"
    mimetype: str = ""
    is_private: bool = True
    is_persistent: bool = False
    users: tuple[int, ...] = ()
    emails: tuple[str, ...] = ()
    privileges: tuple[str, ...] = ()


class FilingSession(Session):
    """A session whose server keeps files."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.kept: dict[int, Kept] = {}
        self.uploads: dict[int, Kept] = {}
        self.stored: dict[str, bytes] = {}
        self.fetched: list[int] = []
        self._numbers = 0
        self.letters: list[tuple[SendMessage, Blobs]] = []
        self.sends = True
        """Whether mail is taken."""
        self.program = ProgramAnswer(is_made=False)
        """What comes of asking for other programs: this server has none."""
        self.made_by_program = b""

    def call(self, request: HostCall, blobs: Blobs | None = None) -> tuple[HostAnswer, Blobs]:
        """What a run asks of the server."""
        match request:
            case NewFile():
                return FileAnswer(number=self._next()), {}
            case FetchFile(number=number):
                self.fetched.append(number)
                file = self.uploads.get(number) or self.kept.get(number)
                if file is None:
                    raise HostRefused("There is no such file in this session.")
                return FileAnswer(number=number, filename=file.filename, mimetype=file.mimetype), {
                    "contents": file.contents
                }
            case StoreFile(number=number):
                ticket = f"ticket {len(self.stored)}"
                self.stored[ticket] = (blobs or {})["contents"]
                return FileAnswer(number=number, ticket=ticket), {}
            case LinkFile(number=number, seconds=seconds):
                return FileAnswer(number=number, link=f"link-to-{number}-for-{seconds:g}"), {}
            case SendMessage():
                each = [(one,) for one in request.to] if request.is_for_each else [request.to]
                self.letters += [(request.model_copy(update={"to": to}), dict(blobs or {})) for to in each]
                return MailAnswer(was_sent=self.sends), {}
            case FindProgram():
                return ProgramAnswer(is_made=self.program.is_made), {}
            case ConvertDocument() | ReadPicture():
                return self.program, {"contents": self.made_by_program} if self.program.is_made else {}
            case _:
                return super().call(request, blobs)

    def run(self, operation: Operation, *, url_args: dict[str, str] | None = None, **blobs: bytes) -> RunResult:
        """Carry out an operation, and keep of its files what the result says."""
        result = super().run(operation, url_args=url_args, **blobs)
        for effect in result.effects:
            if isinstance(effect, SaveFile):
                self._keep_file(effect)
        return result

    def upload(self, *files: tuple[str, str, bytes], variable: str = "") -> str:
        """Post (name, kind, contents) for a file input of the screen; gives the next question."""
        form = self.screen.form
        assert form is not None
        field = next(one for one in form.fields if not variable or one.variable == variable)
        posted = []
        for filename, mimetype, contents in files:
            number = self._next()
            self.uploads[number] = Kept(contents, filename, mimetype)
            posted.append(PostedFile(name=field.input_name, number=number, filename=filename, mimetype=mimetype))
        return self.asked(self.run(SubmitForm(form=form, files=tuple(posted))))

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers

    def _keep_file(self, effect: SaveFile) -> None:
        file = self.kept.get(effect.number) or Kept(b"")
        if effect.ticket == "":
            file = self.uploads[effect.number]
        elif effect.ticket is not None:
            file = replace(file, contents=self.stored[effect.ticket])
        said = effect.model_dump(exclude={"kind", "number", "ticket"}, exclude_none=True)
        self.kept[effect.number] = replace(file, **said)
