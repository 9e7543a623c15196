"""Documents put together, taken apart and laid over each other (spec/area4 §9.4): `pdf_concatenate()` and kin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from shared.interview.documents.docx_join import concatenate_docx
from shared.interview.documents.pdf import Lock, concatenate, extract, overlay, page_count
from shared.interview.documents.zips import zip_files
from shared.interview.library.document_pieces import FileAtPath, as_pdf_piece, given_files, new_file
from shared.interview.library.faults import DAError
from shared.interview.runtime.run import current_run

__all__ = ["docx_concatenate", "overlay_pdf", "pdf_concatenate", "zip_file"]

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_AS_PDF = ("pdf", "docx", "rtf_to_docx", "rtf", "odt", "md", "html", "tex", "raw")
_AS_DOCX = ("docx", "rtf_to_docx")


def pdf_concatenate(*pargs: Any, **kwargs: Any) -> Any:
    """One PDF of all that is given: file objects, documents, lists of them, pictures; what is no PDF is made one.

    Options: `filename` (file.pdf), `output_to` (a DAFile), `password` (to open it), `owner_password` (to change it),
    `pdfa`. Raises DAError, DocumentUnreadable, DocumentLocked, NotConvertible.
    """
    files = given_files(pargs, formats=_AS_PDF, purpose="pdf_concatenate()")
    if not files:
        raise DAError("pdf_concatenate() needs at least one file")
    pieces = [as_pdf_piece(file) for file in files]
    made = _new_pdf(kwargs, "pdf_concatenate()")
    lock = Lock(str(kwargs.get("password") or ""), str(kwargs.get("owner_password") or ""))
    if kwargs.get("pdfa"):
        warn("pdf_concatenate(): this server cannot make PDF/A of other PDFs; the result is an ordinary PDF.")
    concatenate(pieces, Path(made.path()), lock=lock)
    return made


def docx_concatenate(*pargs: Any, **kwargs: Any) -> Any:
    """One DOCX of several. Options: `filename` (file.docx), `output_to`. Raises DAError, DocumentUnreadable."""
    files = given_files(pargs, formats=_AS_DOCX, purpose="docx_concatenate()")
    if not files:
        raise DAError("docx_concatenate() needs at least one file")
    for file in files:
        if file.kind != "docx":
            raise DAError(f"docx_concatenate(): {file.name} is no DOCX file")
    made = new_file(
        kwargs.get("output_to"), kwargs.get("filename"), extension="docx", mimetype=DOCX, purpose="docx_concatenate()"
    )
    concatenate_docx([file.path for file in files], Path(made.path()), names=[file.name for file in files])
    return made


def zip_file(*pargs: Any, **kwargs: Any) -> Any:
    """A ZIP archive of files; a dictionary is a folder for each of its keys. Options: `filename` (file.zip),
    `output_to`. Raises DAError for what is no file.
    """
    made = new_file(
        kwargs.get("output_to"),
        kwargs.get("filename"),
        extension="zip",
        mimetype="application/zip",
        purpose="zip_file()",
    )
    zip_files([(f"{folder}{file.name}", file.path) for folder, file in _in_folders(pargs, "")], Path(made.path()))
    return made


def overlay_pdf(
    main_pdf: Any,
    logo_pdf: Any,
    first_page: int | None = None,
    last_page: int | None = None,
    logo_page: int | None = None,
    only: str | None = None,
    multi: bool = False,
    output_to: Any = None,
    filename: str | None = None,
) -> Any:
    """A PDF with a page of another one laid over its pages from `first_page` to `last_page` (all).

    `logo_page` says which page is laid over (the first); `only` limits to `even` or `odd` pages; with `multi` page by
    page. Raises DAError, DocumentUnreadable, DocumentLocked.
    """
    if only not in (None, "even", "odd"):
        raise DAError(f"overlay_pdf(): only is 'even' or 'odd', not {only!r}")
    main, logo = (_one_pdf(thing, "overlay_pdf()") for thing in (main_pdf, logo_pdf))
    first, last = int(first_page or 1), int(last_page or page_count(main))

    def stamp_page(page: int) -> int | None:
        if not first <= page <= last or (only and (page % 2 == 0) != (only == "even")):
            return None
        return page - first + 1 if multi else int(logo_page or 1)

    made = _new_pdf({"output_to": output_to, "filename": filename}, "overlay_pdf()")
    overlay(main, logo, Path(made.path()), stamp_page=stamp_page)
    return made


def extracted(file: Any, first: int | None, last: int | None, output_to: Any, filename: Any) -> Any:
    """A PDF of some pages of a file. Raises DocumentError for pages that are not there."""
    piece = _one_pdf(file, "extract_pages()")
    made = _new_pdf({"output_to": output_to, "filename": filename}, "extract_pages()")
    extract(piece, Path(made.path()), first=int(first or 1), last=None if last is None else int(last))
    return made


def warn(message: str) -> None:
    """Tell the author, in the browser's log, and the operator, in the server's."""
    run = current_run()
    run.log_lines.append(("console", message))
    run.note(message, priority="warning")


def _new_pdf(options: Mapping[str, Any], purpose: str) -> Any:
    return new_file(options.get("output_to"), options.get("filename"), extension="pdf", mimetype=PDF, purpose=purpose)


def _one_pdf(thing: Any, purpose: str) -> Any:
    files = given_files([thing], formats=_AS_PDF, purpose=purpose)
    if not files:
        raise DAError(f"{purpose} needs a file")
    return as_pdf_piece(files[0])


def _in_folders(things: Iterable[Any], folder: str) -> Iterator[tuple[str, FileAtPath]]:
    from shared.interview.library.objects.dicts import DADict
    from shared.interview.library.objects.files import DAFileCollection

    for thing in things:
        if isinstance(thing, Mapping | DADict):
            for name, inner in thing.items():
                yield from _in_folders([inner], f"{folder}{name}/")
        elif isinstance(thing, DAFileCollection):
            yield from ((folder, file) for file in given_files(thing._files(), formats=(), purpose="zip_file()"))
        elif isinstance(thing, Iterable) and not isinstance(thing, str | bytes) and not _is_file(thing):
            yield from _in_folders(thing, folder)
        else:
            yield from ((folder, file) for file in given_files([thing], formats=(), purpose="zip_file()"))


def _is_file(thing: Any) -> bool:
    from shared.interview.library.objects.files import DAFile, DAStaticFile

    return isinstance(thing, DAFile | DAStaticFile)
