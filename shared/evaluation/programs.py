"""Programs that work on documents for interviews: an office program, Gotenberg, Tesseract.

Interview processes ask for them through the Host (`runtime/document_calls.py`); the pool answers here, because no call
is about a session. Each runs in a process and folder of its own, confined, and is killed when it takes too long.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from shared.evaluation.kept import Limits, ProgramProblem, kept
from shared.evaluation.office import Office, OfficeSettings
from shared.interview.runtime.document_calls import (
    ConvertDocument,
    FindProgram,
    ProgramAnswer,
    ProgramCall,
    ReadPicture,
)
from shared.interview.runtime.operations import Blobs
from shared.kernel.settings import Settings

log = structlog.get_logger()

_OFFICE_NAMES = ("soffice", "libreoffice")


@dataclass(frozen=True, slots=True)
class ProgramSettings:
    """Which programs there are, and what they may use."""

    office: str = "auto"
    """Path of LibreOffice's `soffice`; `auto`: looked for where programs are; `none`: not used."""
    office_spares: int = 0
    """How many instances of it wait for documents, once any was wanted."""
    office_idle_seconds: float = 300.0
    """How long they wait."""
    gotenberg_url: str = ""
    """A Gotenberg server, which is then asked instead."""
    tesseract: str = "auto"
    limit_seconds: float = 20.0
    """How long one may take, with its wait for room: less than a person waits for a screen."""
    at_once: int = 2
    """How many programs run at once; others wait."""
    memory_bytes: int = 4 * 1024**3
    user_id: int | None = 64_646
    """Whom they run as where the server is root."""


def programs_of(settings: Settings) -> Programs:
    """The programs of a process, as its settings say."""
    return Programs(
        ProgramSettings(
            office=settings.office_program,
            office_spares=settings.office_spares,
            office_idle_seconds=settings.office_idle_seconds,
            gotenberg_url=settings.gotenberg_url,
            tesseract=settings.ocr_program,
            limit_seconds=settings.program_limit_seconds,
            at_once=settings.programs_at_once,
        )
    )


class Programs:
    """Answers the calls of runs that are about documents."""

    def __init__(self, settings: ProgramSettings) -> None:
        self._settings = settings
        self._limits = Limits(settings.limit_seconds, settings.memory_bytes, settings.user_id)
        self._office: Office | None = None
        if program := _found(settings.office, _OFFICE_NAMES):
            office = OfficeSettings(program, settings.office_spares, settings.office_idle_seconds)
            self._office = Office(office, self._limits)
        self._tesseract = _found(settings.tesseract, ("tesseract",))
        self._room = asyncio.Semaphore(settings.at_once)

    @property
    def spares(self) -> int:
        """How many instances of LibreOffice wait for a document."""
        return self._office.spares if self._office is not None else 0

    async def start(self) -> None:
        """Programs may be started ahead from now on."""
        if self._office is not None:
            await self._office.start()

    async def stop(self) -> None:
        """End those that wait."""
        if self._office is not None:
            await self._office.stop()

    async def answer(self, call: ProgramCall, blobs: Blobs) -> tuple[ProgramAnswer, Blobs]:
        """Carry out one call. What fails is told in the answer, in words for the author."""
        if isinstance(call, FindProgram):
            return ProgramAnswer(is_made=self._tesseract is not None), {}
        contents = blobs.get("contents", b"")
        try:
            async with asyncio.timeout(self._settings.limit_seconds), self._room:
                match call:
                    case ConvertDocument():
                        made = await self._convert(call, contents)
                    case ReadPicture():
                        made = await self._read(call, contents)
        except TimeoutError:
            log.warning("documents.program_too_slow", call=call.call, limit_seconds=self._settings.limit_seconds)
            return _problem(f"it took longer than {self._settings.limit_seconds:g} seconds")
        except ProgramProblem as problem:
            return _problem(str(problem))
        if made is None:
            return ProgramAnswer(is_made=False), {}
        return ProgramAnswer(is_made=True), {"contents": made}

    async def _convert(self, call: ConvertDocument, contents: bytes) -> bytes | None:
        if self._settings.gotenberg_url and call.target == "pdf":
            return await self._gotenberg(call, contents)
        if self._office is None:
            return None
        return await self._office.convert(call, contents)

    async def _read(self, call: ReadPicture, contents: bytes) -> bytes | None:
        if self._tesseract is None:
            return None
        async with kept(self._limits, program=self._tesseract) as keeper:
            picture = keeper.place("picture.png", contents)
            kind = ("pdf", "made.pdf") if call.target == "pdf" else ("txt", "made.txt")
            options = ("-l", call.language, "--psm", str(call.layout), "--dpi", "300", kind[0])
            await keeper.run((self._tesseract, str(picture), str(keeper.folder / "made"), *options))
            return keeper.result(kind[1])

    async def _gotenberg(self, call: ConvertDocument, contents: bytes) -> bytes:
        """Have a Gotenberg server do it (https://gotenberg.dev/docs/routes#office-documents-into-pdfs-route)."""
        import httpx  # most installations have no such server

        fields = {"pdfa": "PDF/A-2b"} if call.is_archival else {}
        fields |= {"pdfua": "true"} if call.is_tagged else {}
        fields |= {"updateIndexes": "true" if call.updates_references else "false"}
        url = self._settings.gotenberg_url.rstrip("/") + "/forms/libreoffice/convert"
        try:
            async with httpx.AsyncClient(timeout=self._settings.limit_seconds, trust_env=False) as client:
                answer = await client.post(url, files={"files": (f"document.{call.source}", contents)}, data=fields)
        except httpx.HTTPError as error:
            log.warning("documents.gotenberg_failed", error=type(error).__name__)
            raise ProgramProblem("the server for documents does not answer") from error
        if answer.status_code != 200 or not answer.content.startswith(b"%PDF"):
            log.warning("documents.gotenberg_refused", status=answer.status_code)
            raise ProgramProblem(f"the server for documents answered {answer.status_code}")
        return answer.content


def _problem(text: str) -> tuple[ProgramAnswer, Blobs]:
    return ProgramAnswer(is_made=False, problem=text[:2000]), {}


def _found(wanted: str, names: Sequence[str]) -> str | None:
    if wanted != "auto":
        return None if wanted in ("", "none") else wanted
    return next((found for name in names if (found := shutil.which(name))), None)
