"""What files can do as documents: pages, formats, form fields, numbers on pages (spec/area4 §6.6, §9.4).

`DocumentWork` belongs to one file, `DocumentsWork` to several or to one in several formats. The work itself is done
by `shared.interview.documents`.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from shared.interview.library.faults import DAError
from shared.interview.runtime.run import current_run

if TYPE_CHECKING:
    from shared.interview.library.document_pieces import FileAtPath

_PAGE_PICTURES = ("page", "screen")
_SCREEN_WIDTH = 600


class DocumentWork:
    """One file as a document."""

    # Looking
    def num_pages(self) -> int:
        """Number of pages: of a PDF as it says, of documents as their PDF has, 1 of everything else.

        Raises DocumentUnreadable, DocumentLocked for a PDF that cannot be opened.
        """
        from shared.interview.documents.pdf import page_count
        from shared.interview.library.document_pieces import as_pdf_piece

        file = self._at_path("num_pages()")
        return page_count(as_pdf_piece(file)) if file.kind in ("pdf", "docx", "rtf", "odt", "doc") else 1

    def is_encrypted(self) -> bool:
        """Whether a PDF is protected by a password. Raises DocumentUnreadable."""
        from shared.interview.documents.pdf import Piece, is_locked

        file = self._at_path("is_encrypted()")
        return file.kind == "pdf" and is_locked(Piece(file.path, file.name))

    def get_pdf_fields(self) -> list[tuple[Any, ...]]:
        """The fields of a PDF form: (name, value, page, [left, bottom, right, top], kind, export value).

        Raises DAError for what is no PDF, DocumentUnreadable, DocumentLocked.
        """
        from shared.interview.documents.pdf import Piece
        from shared.interview.documents.pdf_fields import fields_of

        file = self._of_kind("pdf", "get_pdf_fields()")
        return [
            (field.name, field.value, field.page, list(field.place), field.kind, field.export_value)
            for field in fields_of(Piece(file.path, file.name))
        ]

    def get_docx_variables(self) -> list[str]:
        """The variables that a DOCX template mentions. Raises DAError for what is no DOCX, DocumentUnreadable."""
        from shared.interview.documents.docx_join import variables_of

        file = self._of_kind("docx", "get_docx_variables()")
        return variables_of(file.path, name=file.name)

    def include_in_docx(self, use_jinja2: bool | None = None) -> Any:
        """A DOCX in the place of a tag of a Word template: `{{p part.include_in_docx() }}`.

        `use_jinja2` says whether tags in it are filled: by default those of static files, which are the author's.
        Raises DAError outside of a template, or for what is no DOCX.
        """
        from shared.interview.library.docx_templates import include_docx_template
        from shared.interview.library.objects.files import DAStaticFile

        file = self._of_kind("docx", "include_in_docx()")
        is_template = isinstance(self, DAStaticFile) if use_jinja2 is None else bool(use_jinja2)
        return include_docx_template(file.path, _use_jinja2=is_template)

    # Making others of it
    def as_pdf(self, filename: Any = None, output_to: Any = None) -> Any:
        """The file as a PDF, a new file. Raises NotConvertible, DocumentUnreadable."""
        return self._converted("pdf", filename, output_to)

    def as_docx(self, filename: Any = None, output_to: Any = None) -> Any:
        """The file as a DOCX, a new file. Raises NotConvertible, DocumentUnreadable."""
        return self._converted("docx", filename, output_to)

    def _converted(self, extension: str, filename: Any, output_to: Any) -> Any:
        from shared.interview.documents.convert import convert
        from shared.interview.library.document_pieces import new_file
        from shared.interview.library.objects.files import mimetype_of

        file = self._at_path(f"as_{extension}()")
        target = Path(tempfile.mkdtemp(prefix="made-"), f"made.{extension}")
        convert(file.path, target, source_kind=file.kind, target_kind=extension, host=_host(), name=file.name)
        made = new_file(
            output_to,
            filename or PurePosixPath(file.name).stem,
            extension=extension,
            mimetype=mimetype_of(f"a.{extension}"),
            purpose=f"as_{extension}()",
        )
        shutil.copyfile(target, made.path())
        return made

    def extract_pages(
        self, first: int | None = None, last: int | None = None, output_to: Any = None, filename: Any = None
    ) -> Any:
        """A PDF of the pages from `first` (1) to `last` (the last one). Raises DocumentError for pages it lacks."""
        from shared.interview.library.document_tools import extracted

        return extracted(self, first, last, output_to, filename)

    def cloud_path(self, filename: str | None = None) -> None:
        """Where the file lies in a cloud's store as interviews could reach it: nowhere."""
        return

    # Pictures of pages
    def make_pngs(self) -> None:
        """Have pictures of the pages made. They are made when they are asked for, so there is nothing to wait for."""
        self._at_path("make_pngs()")

    def pngs_ready(self) -> bool:
        """Whether pictures of the pages can be had: always."""
        return True

    def page_path(self, page: int, prefix: str = "page", wait: bool = True) -> str | None:
        """Where a picture (PNG) of a page is, for this run; None for a page it lacks. `prefix`: `page`, or `screen` for
        a small one. Raises DAError, DocumentUnreadable, DocumentLocked.
        """
        from shared.interview.documents.pdf import page_count
        from shared.interview.documents.pdf_pictures import page_picture
        from shared.interview.library.document_pieces import as_pdf_piece

        if prefix not in _PAGE_PICTURES:
            raise DAError(f"page_path(): prefix is 'page' or 'screen', not {prefix!r}")
        file = self._at_path("page_path()")
        piece = as_pdf_piece(file)
        if not 1 <= int(page) <= page_count(piece):
            return None
        width = _SCREEN_WIDTH if prefix == "screen" else None
        target = Path(tempfile.mkdtemp(prefix="page-"), f"{prefix}-{int(page)}.png")
        target.write_bytes(page_picture(piece.path, int(page), width=width, name=file.name))
        return str(target)

    def _at_path(self, purpose: str) -> FileAtPath:
        from shared.interview.library.document_pieces import given_files

        return given_files([self], formats=(), purpose=purpose)[0]

    def _of_kind(self, kind: str, purpose: str) -> FileAtPath:
        file = self._at_path(purpose)
        if file.kind != kind:
            raise DAError(f"{purpose} needs a {kind.upper()} file; {file.name} is none")
        return file


class ChangingDocumentWork(DocumentWork):
    """One file as a document that may be changed: its contents are replaced."""

    def convert_to(self, output_extension: str, output_to: Any = None) -> None:
        """Make it a file of another kind, e.g. `pdf`, `docx`, `png`; with `output_to` that file instead.

        Raises NotConvertible, DocumentUnreadable.
        """
        from shared.interview.documents.convert import convert
        from shared.interview.library.document_pieces import become, new_file
        from shared.interview.library.objects.files import mimetype_of

        extension = str(output_extension).lower().lstrip(".")
        file = self._at_path("convert_to()")
        target = Path(tempfile.mkdtemp(prefix="made-"), f"made.{extension}")
        convert(file.path, target, source_kind=file.kind, target_kind=extension, host=_host(), name=file.name)
        name, mimetype = f"{PurePosixPath(file.name).stem}.{extension}", mimetype_of(f"a.{extension}")
        if output_to is None:
            become(self, name, extension, mimetype)  # type: ignore[arg-type]
            shutil.copyfile(target, file.path)
        else:
            made = new_file(output_to, name, extension=extension, mimetype=mimetype, purpose="convert_to()")
            shutil.copyfile(target, made.path())

    def fix_up(self) -> None:
        """Mend a PDF or a picture that is slightly damaged by writing it anew. Raises DocumentUnreadable."""
        from shared.interview.documents.convert import PICTURES
        from shared.interview.documents.pdf import Piece, finish
        from shared.interview.documents.pictures import rewritten

        file = self._at_path("fix_up()")
        if file.kind == "pdf":
            finish(Piece(file.path, file.name), file.path)
        elif file.kind in PICTURES:
            rewritten(file.path, name=file.name)

    def bates_number(self, *others: Any, **options: Any) -> None:
        """Put a running number on every page; what is no PDF becomes one. `others` are appended before.

        Options: `prefix`, `digits` (5), `start` (1), `area` (BOTTOM_RIGHT, BOTTOM_LEFT, TOP_RIGHT, TOP_LEFT),
        `filename`. Raises DAError, DocumentUnreadable, DocumentLocked.
        """
        from shared.interview.library.document_numbers import numbered

        numbered([self, *others], self, options)

    def make_ocr_pdf(self, *others: Any, **options: Any) -> None:
        """Make it a PDF whose words can be searched. Raises ProgramMissing where tesseract is not installed."""
        from shared.interview.library.reading_pictures import make_searchable

        make_searchable([self, *others] if "number" in self.__dict__ else others, self, options)

    def make_ocr_pdf_in_background(self, *others: Any, **options: Any) -> Any:
        """The same as a task; gives its handle. Raises ProgramMissing where tesseract is not installed."""
        from shared.interview.library.reading_pictures import make_searchable_in_background

        return make_searchable_in_background([self, *others] if "number" in self.__dict__ else others, self, options)


class DocumentsWork:
    """Several files, or one document in several formats: what is asked of a PDF is asked of all of them together."""

    def as_pdf(self, filename: Any = None, output_to: Any = None) -> Any:
        """All of it as one PDF, a new file. Raises NotConvertible, DocumentUnreadable."""
        from shared.interview.library.document_tools import pdf_concatenate

        return pdf_concatenate(self, filename=filename, output_to=output_to)

    def as_docx(self, filename: Any = None, output_to: Any = None) -> Any:
        """All of it as one DOCX, a new file. Raises DAError, DocumentUnreadable."""
        from shared.interview.library.document_tools import docx_concatenate

        return docx_concatenate(self, filename=filename, output_to=output_to)

    def include_in_docx(self, use_jinja2: bool | None = None) -> Any:
        """All DOCX files in the place of a tag of a Word template, of one document in several formats the DOCX.

        As of a single file: `{{p uploads.include_in_docx() }}`. Raises DAError outside of a template, or for a file
        that is no DOCX.
        """
        return [file.include_in_docx(use_jinja2=use_jinja2) for file in self._word_files()]

    def _word_files(self) -> list[Any]:
        raise NotImplementedError

    def extract_pages(
        self, first: int | None = None, last: int | None = None, output_to: Any = None, filename: Any = None
    ) -> Any:
        """A PDF of the pages from `first` (1) to `last` (the last one). Raises DocumentError for pages it lacks."""
        from shared.interview.library.document_tools import extracted

        return extracted(self.as_pdf(), first, last, output_to, filename)


def _host() -> Any:
    return current_run().host
