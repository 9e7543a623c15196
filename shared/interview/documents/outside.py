"""What other programs do with documents, asked for through the Host: LibreOffice, Gotenberg, Tesseract."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from shared.interview.documents.errors import DocumentError, ProgramMissing
from shared.interview.runtime.document_calls import (
    ConvertDocument,
    FindProgram,
    OfficeKind,
    OfficeTarget,
    ProgramAnswer,
    ProgramCall,
    ReadPicture,
)
from shared.interview.runtime.host import Host

OFFICE_KINDS: frozenset[str] = frozenset(get_args(OfficeKind))
OFFICE_TARGETS: frozenset[str] = frozenset(get_args(OfficeTarget))
_OCR, _TESSERACT = "Reading text in pictures", "Tesseract (the package tesseract-ocr)"


class ProgramFailed(DocumentError):
    """The program that works on documents could not do it."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} could not be worked on: {problem}")
        self.name, self.problem = name, problem


def converted_outside(
    host: Host | None,
    source: Path,
    target: Path,
    *,
    source_kind: str,
    target_kind: str,
    name: str,
    is_archival: bool = False,
    is_tagged: bool = False,
    updates_references: bool = False,
) -> bool:
    """Have a document converted; False when the server has no program for it. Raises ProgramFailed, HostRefused."""
    if host is None or source_kind not in OFFICE_KINDS or target_kind not in OFFICE_TARGETS:
        return False
    call = ConvertDocument(
        source=source_kind,
        target=target_kind,
        is_archival=is_archival,
        is_tagged=is_tagged,
        updates_references=updates_references,
    )
    made = _asked(host, call, source.read_bytes(), name)
    if made is None:
        return False
    target.write_bytes(made)
    return True


def require_reader(host: Host) -> None:
    """See that the service this runs in can read pictures, for work that another one will do. Raises ProgramMissing."""
    answer, _ = host.call(FindProgram())
    assert isinstance(answer, ProgramAnswer)
    if not answer.is_made:
        raise ProgramMissing(_OCR, _TESSERACT)


def words_in(host: Host, picture: bytes, *, language: str, layout: int, name: str) -> str:
    """The words in a picture. Raises ProgramMissing, ProgramFailed."""
    return _read(host, picture, "text", language, layout, name).decode("utf-8", "replace")


def searchable_page(host: Host, picture: bytes, *, language: str, layout: int, name: str) -> bytes:
    """A PDF of one page that shows the picture and can be searched. Raises ProgramMissing, ProgramFailed."""
    return _read(host, picture, "pdf", language, layout, name)


def _read(host: Host, picture: bytes, target: Literal["text", "pdf"], language: str, layout: int, name: str) -> bytes:
    made = _asked(host, ReadPicture(language=language, layout=layout, target=target), picture, name)
    if made is None:
        raise ProgramMissing(_OCR, _TESSERACT)
    return made


def _asked(host: Host, call: ProgramCall, contents: bytes, name: str) -> bytes | None:
    answer, given = host.call(call, {"contents": contents})
    assert isinstance(answer, ProgramAnswer)
    if answer.problem:
        raise ProgramFailed(name, answer.problem)
    return given["contents"] if answer.is_made else None
