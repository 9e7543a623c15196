"""`bates_number()`: a running number on every page of files (spec/area4 §6.6)."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from shared.interview.documents.bates import AREAS, Bates, number_pages
from shared.interview.documents.pdf import Piece, concatenate
from shared.interview.library.document_pieces import as_pdf_piece, become, given_files
from shared.interview.library.document_tools import PDF
from shared.interview.library.faults import DAError

_OPTIONS = frozenset({"prefix", "digits", "start", "area", "filename"})
_FORMATS = ("pdf", "docx", "rtf_to_docx", "rtf", "odt", "md", "html", "raw")


def numbered(things: Sequence[Any], file: Any, options: Mapping[str, Any]) -> int:
    """Make `file` a PDF of all that is given, with a number on every page; gives how many pages there are.

    Raises DAError for options that make no sense, DocumentUnreadable, DocumentLocked, NotConvertible.
    """
    bates = bates_of(options)
    given = given_files(things, formats=_FORMATS, purpose="bates_number()")
    pieces = [as_pdf_piece(one) for one in given]
    if not pieces:
        raise DAError("bates_number() needs at least one file")
    folder = Path(tempfile.mkdtemp(prefix="bates-"))
    whole, made = folder / "whole.pdf", folder / "numbered.pdf"
    label = given[0].name
    if len(pieces) > 1:
        concatenate(pieces, whole)
        count = number_pages(Piece(whole, label), made, bates)
    else:
        count = number_pages(pieces[0], made, bates)
    name = str(options.get("filename") or f"{PurePosixPath(label).stem}.pdf")
    become(file, name if name.lower().endswith(".pdf") else f"{name}.pdf", "pdf", PDF)
    Path(file.path()).write_bytes(made.read_bytes())
    return count


def bates_of(options: Mapping[str, Any]) -> Bates:
    """How pages are to be numbered. Raises DAError."""
    unknown = set(options) - _OPTIONS
    if unknown:
        raise DAError(f"bates_number() knows nothing of {', '.join(sorted(unknown))}")
    area = str(options.get("area") or "BOTTOM_RIGHT").upper()
    if area not in AREAS:
        raise DAError(f"bates_number(): area is one of {', '.join(AREAS)}, not {options['area']!r}")
    try:
        digits, start = int(options.get("digits", 5)), int(options.get("start", 1))
    except (TypeError, ValueError) as error:
        raise DAError("bates_number(): digits and start are numbers") from error
    prefix = "" if options.get("prefix") is None else str(options["prefix"])
    found = next(known for known in AREAS if known == area)
    return Bates(prefix, min(max(digits, 1), 20), start, found)
