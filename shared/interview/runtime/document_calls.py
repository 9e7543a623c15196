"""What a run asks of programs for documents, where the server has any: see `host.py`. No call is about the session."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from shared.interview.runtime.operations import Value

OfficeKind = Literal["docx", "doc", "rtf", "odt", "html", "txt", "xlsx", "xls", "ods", "pptx", "ppt", "odp", "csv"]
OfficeTarget = Literal["pdf", "docx", "rtf", "odt", "html", "txt"]
"""Kinds of documents, as endings of file names."""


class ConvertDocument(Value):
    """Make another kind of document of the blob "contents"; it comes back as the blob "contents"."""

    may_wait: ClassVar[bool] = True

    call: Literal["convert_document"] = "convert_document"
    source: OfficeKind
    target: OfficeTarget
    is_archival: bool = False
    """PDF/A-2."""
    is_tagged: bool = False
    """A PDF with the structure of its contents, for those who hear it read."""
    updates_references: bool = False
    """Bring tables of contents and references up to date first."""


class ReadPicture(Value):
    """Find the words in the picture "contents"; they come back as the blob "contents", as text or as a PDF page."""

    may_wait: ClassVar[bool] = True

    call: Literal["read_picture"] = "read_picture"
    language: str = Field("eng", pattern=r"^[A-Za-z_]{2,20}(\+[A-Za-z_]{2,20}){0,4}$")
    """As Tesseract names it."""
    layout: int = Field(6, ge=0, le=13)
    """Tesseract's page segmentation mode."""
    target: Literal["text", "pdf"] = "text"


class FindProgram(Value):
    """Ask whether pictures can be read here, before a task is launched that would fail later. Nothing is run."""

    may_wait: ClassVar[bool] = False

    call: Literal["find_program"] = "find_program"
    program: Literal["tesseract"] = "tesseract"


class ProgramAnswer(Value):
    """What came of it."""

    answer: Literal["program"] = "program"
    is_made: bool
    """False: this server has no program for it. Of FindProgram: whether it has."""
    problem: str = ""
    """Why the program, which is there, could not do it."""


ProgramCall = ConvertDocument | ReadPicture | FindProgram
