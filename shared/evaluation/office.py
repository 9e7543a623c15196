"""LibreOffice: how it is told to convert a document, and instances started ahead of time.

Most of what a conversion takes is the start of the program. So an instance may be started before it is needed, with a
profile of its own, and gets the document from a second, short call with the same profile (as any LibreOffice that is
started twice passes on what it was asked). Each serves one conversion and is then ended: no document of one session
is ever open where another's comes. None is started before somebody wants a document, none is kept when nobody does.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections import deque
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import structlog

from shared.evaluation.confined import PUBLIC_FOLDERS
from shared.evaluation.kept import Keeper, Limits, ProgramProblem, new_folder
from shared.interview.runtime.document_calls import ConvertDocument

log = structlog.get_logger()

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
_MOST_DEATHS = 3
"""So many spares in a row may end before they were of use; then none is started until the next document is wanted."""


@dataclass(frozen=True, slots=True)
class OfficeSettings:
    """Which office program, and how many instances wait."""

    program: str
    """Absolute path of `soffice`."""
    spares: int = 0
    """How many are started ahead once documents are wanted; 0: each conversion starts its own."""
    idle_seconds: float = 300.0
    """Spares that nobody has wanted for so long are let go."""


class Office:
    """Converts documents, each by an instance of its own."""

    def __init__(self, settings: OfficeSettings, limits: Limits) -> None:
        self._settings, self._limits = settings, limits
        self._waiting: deque[Keeper] = deque()
        self._chores: set[asyncio.Task[None]] = set()
        self._starting = 0
        self._deaths = 0
        self._letting_go: asyncio.TimerHandle | None = None
        self._is_open = False

    @property
    def spares(self) -> int:
        """How many instances wait for a document."""
        return sum(spare.is_waiting for spare in self._waiting)

    async def start(self) -> None:
        """Spares may be started from now on; none is, before a document is wanted."""
        self._is_open = True

    async def stop(self) -> None:
        """Let all spares go. Conversions are possible still, without any."""
        self._is_open = False
        self._let_go()
        while self._chores:
            await asyncio.wait(self._chores)

    async def convert(self, call: ConvertDocument, contents: bytes) -> bytes:
        """Another kind of a document. Raises ProgramProblem. When it is cancelled, nothing is left running."""
        try:
            keeper, source = await self._given(f"document.{call.source}", contents)
        except OSError as error:  # no room, too many processes
            log.warning("documents.program_not_started", error=type(error).__name__)
            raise ProgramProblem("LibreOffice could not be started") from error
        try:
            out = keeper.folder / "out"
            await keeper.run(
                (*self._command(keeper.folder), "--convert-to", _filter(call), "--outdir", str(out), str(source))
            )
            self._deaths = 0
            return keeper.result(f"out/document.{call.target}")
        finally:
            self._refill()
            self._put_off()
            await asyncio.shield(self._clear(keeper))

    async def _given(self, name: str, contents: bytes) -> tuple[Keeper, Path]:
        """An instance that has the document. Raises OSError."""
        if (spare := self._taken()) is not None:
            try:
                return spare, spare.place(name, contents)
            except OSError:  # it has just died, and taken its folder along
                await asyncio.shield(self._clear(spare))
        keeper = await self._started(is_spare=False)
        try:
            return keeper, keeper.place(name, contents)
        except OSError:
            await asyncio.shield(self._clear(keeper))
            raise

    def _taken(self) -> Keeper | None:
        """A spare that is alive, no longer one."""
        while self._waiting:
            spare = self._waiting.popleft()
            if spare.is_waiting:
                return spare
        return None

    async def _started(self, *, is_spare: bool) -> Keeper:
        folder = new_folder()
        profile = folder / "profile" / "user"
        profile.mkdir(parents=True)
        (profile / "registrymodifications.xcu").write_text(_PROFILE)
        (folder / "out").mkdir()
        ahead = self._command(folder) if is_spare else ()
        return await Keeper.started(
            self._limits,
            program=self._settings.program,
            folder=folder,
            ahead=ahead,
            leaves=[str(place) for place in self._sockets(folder)],
        )

    def _command(self, folder: Path) -> Sequence[str]:
        return (
            self._settings.program,
            f"-env:UserInstallation={_profile_url(folder)}",
            *("--headless", "--invisible", "--norestore", "--nologo", "--nodefault", "--nolockcheck"),
        )

    def _refill(self) -> None:
        """Start what is missing, behind whatever else goes on."""
        missing = self._settings.spares - self.spares - self._starting if self._is_open else 0
        for _ in range(missing):
            self._starting += 1
            self._chore(self._spare())

    async def _spare(self) -> None:
        """One spare, from its start until it is taken, let go or dead."""
        try:
            spare = await self._started(is_spare=True)
        except OSError as error:
            log.warning("documents.spare_not_started", error=type(error).__name__)
            return
        finally:
            self._starting -= 1
        if not self._is_open:
            await self._cleared(spare)
            return
        self._waiting.append(spare)
        self._put_off()
        await spare.gone()
        if spare not in self._waiting:
            return
        self._waiting.remove(spare)
        self._deaths += 1
        log.warning("documents.spare_ended", in_a_row=self._deaths)
        await self._cleared(spare)
        if self._deaths < _MOST_DEATHS:
            self._refill()

    def _put_off(self) -> None:
        """Somebody has just wanted a document: spares are kept for as long again."""
        if self._letting_go is not None:
            self._letting_go.cancel()
        if self._is_open and self._settings.spares:
            self._letting_go = asyncio.get_running_loop().call_later(self._settings.idle_seconds, self._let_go)

    def _let_go(self) -> None:
        if self._letting_go is not None:
            self._letting_go.cancel()
            self._letting_go = None
        while self._waiting:
            self._clear(self._waiting.popleft())

    def _clear(self, keeper: Keeper) -> asyncio.Task[None]:
        keeper.kill()
        return self._chore(self._cleared(keeper))

    async def _cleared(self, keeper: Keeper) -> None:
        """Leave nothing of an instance, its socket included, which lies outside of its folder."""
        await keeper.end()
        for place in self._sockets(keeper.folder):
            with contextlib.suppress(OSError):
                place.unlink(missing_ok=True)

    def _sockets(self, folder: Path) -> list[Path]:
        return socket_places(folder, {os.geteuid(), self._limits.user_id or 0})

    def _chore(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)
        return task


def _profile_url(folder: Path) -> str:
    return f"file://{quote(str(folder / 'profile'))}"


def socket_places(folder: Path, user_ids: Iterable[int]) -> list[Path]:
    """Where an instance with its profile in this folder may put its socket; one that is killed leaves it there.

    Its name ends in the MD5 of the profile's URL, without leading zeros, and has the user where that has a home
    (LibreOffice: desktop/unx/source/start.c, sal/osl/unx/pipe.cxx).
    """
    digest = hashlib.md5(_profile_url(folder).encode("utf-16-le"), usedforsecurity=False).digest()
    ending = "SingleOfficeIPC_" + "".join(f"{byte:x}" for byte in digest)
    names = [f"OSL_PIPE_{ending}", *(f"OSL_PIPE_{user_id}_{ending}" for user_id in user_ids)]
    return [Path(parent, name) for parent in PUBLIC_FOLDERS for name in names]


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
