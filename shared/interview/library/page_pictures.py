"""Pictures of the pages of documents, for screens that show them (spec/area4 §9.5).

A picture is a file of the session like any other. Which file shows which page is remembered beside the answers, and
forgotten when the document is written to.
"""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from shared.interview.documents.convert import to_pdf
from shared.interview.documents.errors import DocumentError
from shared.interview.documents.pdf import Piece, page_count
from shared.interview.documents.pdf_pictures import page_picture
from shared.interview.errors import HostRefused
from shared.interview.library.document_pieces import kind_of
from shared.interview.library.file_desk import PAGE_PICTURES, FileDesk
from shared.interview.runtime.run import Run

_SHOWN = frozenset({"pdf", "docx", "rtf", "odt"})
_LARGEST = 20 * 1024**2
_WIDTH = 600


@dataclass(frozen=True, slots=True)
class Shown:
    """How a document is shown."""

    picture: int
    """Number of the file with the picture of its first page."""
    pages: int


def first_page(run: Run, number: int) -> Shown | None:
    """The picture of a document's first page, made when there is none yet.

    None for what has no pages, is too large to be shown for its own sake, is damaged or locked.
    """
    remembered = run.internal.setdefault(PAGE_PICTURES, {})
    if number in remembered:
        found = remembered[number]
        return None if found is None else Shown(*found)
    file = FileDesk.of(run).file(number)
    kind = kind_of(file.filename, file.mimetype)
    if kind not in _SHOWN:
        return None
    shown = None
    with contextlib.suppress(DocumentError, HostRefused):
        shown = _made(run, number, kind)
    remembered[number] = None if shown is None else (shown.picture, shown.pages)
    return shown


def _made(run: Run, number: int, kind: str) -> Shown | None:
    desk = FileDesk.of(run)
    path = desk.path(number)
    desk.keep(number)  # so that what is remembered of it is not forgotten at the end of this run
    name = desk.file(number).filename or path.name
    if path.stat().st_size > _LARGEST:
        return None
    if kind != "pdf":
        target = Path(tempfile.mkdtemp(prefix="shown-"), "made.pdf")
        to_pdf(path, target, kind=kind, host=run.host, name=name)
        path = target
    pages = page_count(Piece(path, name))
    contents = page_picture(path, 1, width=_WIDTH, name=name)
    picture = desk.make(f"{Path(name).stem or 'page'}-1.png", "image/png")
    assert picture.path is not None
    picture.path.write_bytes(contents)
    return Shown(picture.number, pages)
