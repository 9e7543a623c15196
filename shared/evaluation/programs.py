"""Programs that work on documents for interviews: an office program, Gotenberg, Tesseract.

Interview processes ask for them through the Host (`runtime/document_calls.py`); the pool answers here, because no call
is about a session. Each runs in a process and folder of its own, confined, and is killed when it takes too long.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import structlog

from shared.evaluation.confined import Order, command_line
from shared.interview.runtime.document_calls import ConvertDocument, ProgramAnswer, ProgramCall, ReadPicture
from shared.interview.runtime.operations import Blobs
from shared.kernel.settings import Settings

log = structlog.get_logger()

_OFFICE_NAMES = ("soffice", "libreoffice")
_FILTERS = {
    "docx": "docx:MS Word 2007 XML",
    "rtf": "rtf:Rich Text Format",
    "odt": "odt:writer8",
    "html": "html:HTML (StarWriter)",
    "txt": "txt:Text (encoded):UTF8",
}
_PDF_FILTER = {
    **dict.fromkeys(("xlsx", "xls", "ods", "csv"), "calc_pdf_Export"),
    **dict.fromkeys(("pptx", "ppt", "odp"), "impress_pdf_Export"),
    "html": "writer_web_pdf_Export",
}
_ROOT = str(Path(__file__).resolve().parent.parent.parent)
_MOST_ANSWER_BYTES = 256 * 1024**2
_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution"
 oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel"
 oor:op="fuse"><value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="BlockUntrustedRefererLinks"
 oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update"><prop oor:name="Link"
 oor:op="fuse"><value>0</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetProxyType"
 oor:op="fuse"><value>2</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPProxyName"
 oor:op="fuse"><value>127.0.0.1</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPProxyPort"
 oor:op="fuse"><value>9</value></prop></item>
<item oor:path="/org.openoffice.Setup/Office"><prop oor:name="ooSetupInstCompleted"
 oor:op="fuse"><value>true</value></prop></item>
</oor:items>
"""
"""Settings of the office program: no macros, and nothing fetched for a document."""


@dataclass(frozen=True, slots=True)
class ProgramSettings:
    """Which programs there are, and what they may use."""

    office: str = "auto"
    """Path of LibreOffice's `soffice`; `auto`: looked for where programs are; `none`: not used."""
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
        self._office = _found(settings.office, _OFFICE_NAMES)
        self._tesseract = _found(settings.tesseract, ("tesseract",))
        self._room = asyncio.Semaphore(settings.at_once)

    async def answer(self, call: ProgramCall, blobs: Blobs) -> tuple[ProgramAnswer, Blobs]:
        """Carry out one call. What fails is told in the answer, in words for the author."""
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
        with _folder() as folder:
            source = folder / f"document.{call.source}"
            source.write_bytes(contents)
            profile = folder / "profile" / "user"
            profile.mkdir(parents=True)
            (profile / "registrymodifications.xcu").write_text(_PROFILE)
            out = folder / "out"
            out.mkdir()
            command = (
                self._office,
                f"-env:UserInstallation=file://{quote(str(folder / 'profile'))}",
                *("--headless", "--invisible", "--norestore", "--nologo", "--nodefault", "--nolockcheck"),
                *("--convert-to", _filter(call), "--outdir", str(out), str(source)),
            )
            await self._run(command, folder)
            return _result(out / f"document.{call.target}")

    async def _read(self, call: ReadPicture, contents: bytes) -> bytes | None:
        if self._tesseract is None:
            return None
        with _folder() as folder:
            (folder / "picture.png").write_bytes(contents)
            kind = ("pdf", "made.pdf") if call.target == "pdf" else ("txt", "made.txt")
            options = ("-l", call.language, "--psm", str(call.layout), "--dpi", "300", kind[0])
            await self._run((self._tesseract, str(folder / "picture.png"), str(folder / "made"), *options), folder)
            return _result(folder / kind[1])

    async def _run(self, command: Sequence[str], folder: Path) -> None:
        """Run a program to its end; whatever happens, nothing of it is left. Raises ProgramProblem."""
        settings = self._settings
        order = Order(
            command=tuple(command),
            folder=str(folder),
            seconds=int(settings.limit_seconds * 2) + 1,
            memory_bytes=settings.memory_bytes,
            user_id=settings.user_id,
        )
        process = await asyncio.create_subprocess_exec(
            *command_line(order, python=sys.executable),
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHONPATH": _ROOT, "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            assert process.stderr is not None
            said = await process.stderr.read(20_000)
            while await process.stderr.read(65_536):
                pass
            status = await process.wait()
        finally:
            _end(process)
        if status != 0:
            log.warning("documents.program_failed", program=Path(command[0]).name, status=status)
            lines = said.decode(errors="replace").strip().splitlines()
            reason = [line for line in lines if "javaldx" not in line]  # LibreOffice misses Java, always
            raise ProgramProblem(f"{Path(command[0]).name} ended with an error" + (f": {reason[-1]}" if reason else ""))

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


class ProgramProblem(Exception):
    """A program did not do what it was asked."""


def _problem(text: str) -> tuple[ProgramAnswer, Blobs]:
    return ProgramAnswer(is_made=False, problem=text[:2000]), {}


def _found(wanted: str, names: Sequence[str]) -> str | None:
    if wanted != "auto":
        return None if wanted in ("", "none") else wanted
    return next((found for name in names if (found := shutil.which(name))), None)


def _filter(call: ConvertDocument) -> str:
    """What the office program is asked for, e.g. PDF/A-2b with tags."""
    if call.target != "pdf":
        return _FILTERS[call.target]
    said = []
    if call.is_archival:
        said.append('"SelectPdfVersion":{"type":"long","value":"2"}')
    if call.is_tagged:
        said.append('"UseTaggedPDF":{"type":"boolean","value":"true"}')
    options = ":{" + ",".join(said) + "}" if said else ""
    return f"pdf:{_PDF_FILTER.get(call.source, 'writer_pdf_Export')}{options}"


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder for one program, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="colloquy-program-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _result(path: Path) -> bytes:
    if not path.is_file() or path.is_symlink():
        raise ProgramProblem("nothing came of it; the file may be damaged or protected by a password")
    if path.stat().st_size > _MOST_ANSWER_BYTES:
        raise ProgramProblem("the result is too large")
    return path.read_bytes()


def _end(process: asyncio.subprocess.Process) -> None:
    """End it with all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
