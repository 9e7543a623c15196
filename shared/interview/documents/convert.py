"""From one kind of document to another: by what the server has for it (LibreOffice, Gotenberg), else by ourselves.

    docx_to_pdf(Path("a.docx"), Path("a.pdf"), host=run.host)

Without a converter a PDF is a plain rendition: words, headings, lists, tables and pictures, in the order of the
document, and marked as such. `name` is what the author or the person calls the file: it stands in errors.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from shared.interview.documents.archives import checked_archive
from shared.interview.documents.as_markdown import as_markdown
from shared.interview.documents.errors import DocumentTooLarge, DocumentUnreadable, NotConvertible
from shared.interview.documents.layout import Block, Document, Page, Paragraph, Picture, Section
from shared.interview.documents.outside import OFFICE_KINDS, ProgramFailed, converted_outside
from shared.interview.documents.pictures import WRITABLE_PICTURES, pixels, printable, repainted
from shared.interview.documents.read_docx import read_docx
from shared.interview.documents.read_html import read_html, read_markdown, read_text
from shared.interview.documents.read_odt import read_odt
from shared.interview.documents.read_rtf import read_rtf
from shared.interview.documents.rendition import rendered
from shared.interview.runtime.host import Host

PICTURES = frozenset({"png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "svg", "jpe", "jfif"})
MOST_SOURCE_BYTES = 100 * 1024**2
"""How large a document may be to be converted at all."""

READERS: dict[str, Callable[..., Document]] = {
    "docx": read_docx,
    "docm": read_docx,
    "odt": read_odt,
    "rtf": read_rtf,
    "md": read_markdown,
    "html": read_html,
    "htm": read_html,
    "txt": read_text,
}
"""What is read as plain data, by endings."""
OFFICE_SOURCES = OFFICE_KINDS - {"html", "txt", "csv"}
"""What an office program shows better than we do."""
_NOT_MARKED = frozenset({"md", "html", "htm", "txt"})
"""Their layout is ours in any case."""


def docx_to_pdf(
    source: Path, target: Path, *, host: Host | None = None, name: str = "", standards: Sequence[str] = ()
) -> None:
    """The PDF of a DOCX. Raises DocumentUnreadable, DocumentTooLarge, TypesettingFailed."""
    to_pdf(source, target, kind="docx", host=host, name=name, standards=standards)


def may_become_pdf(kind: str) -> bool:
    """Whether files with that ending can be made PDFs on any server."""
    return kind == "pdf" or kind in PICTURES or kind in READERS


def to_pdf(
    source: Path,
    target: Path,
    *,
    kind: str = "",
    host: Host | None = None,
    name: str = "",
    standards: Sequence[str] = (),
) -> None:
    """The PDF of a file whose ending is `kind` (by default that of `source`); a PDF is copied as it is.

    `standards` as Typst calls them (`a-2b`, `ua-1`): then the rendition is our own in any case.
    Raises NotConvertible, DocumentUnreadable, DocumentTooLarge, TypesettingFailed.
    """
    kind, name = (kind or source.suffix.removeprefix(".")).lower(), name or source.name
    if source.stat().st_size > MOST_SOURCE_BYTES:
        raise DocumentTooLarge(name, f"more than {MOST_SOURCE_BYTES // 1024**2} MB")
    if kind == "pdf":
        target.write_bytes(source.read_bytes())
    elif kind in PICTURES:
        pictures_to_pdf([source], target, names=[name])
    elif kind in OFFICE_SOURCES and not standards and _outside(host, source, target, kind, "pdf", name):
        return
    elif kind in READERS:
        try:
            document = READERS[kind](source, name=name)
            made = rendered(document, name=name, is_marked=kind not in _NOT_MARKED, standards=standards)
        except (MemoryError, RecursionError) as error:
            raise DocumentTooLarge(name, "there is not enough memory for it") from error
        target.write_bytes(made)
    else:
        raise NotConvertible(name, "PDF")


def convert(
    source: Path, target: Path, *, source_kind: str, target_kind: str, host: Host | None = None, name: str = ""
) -> None:
    """Make a file of another kind. Kinds are endings, e.g. `docx`, `pdf`, `png`.

    Raises NotConvertible, DocumentUnreadable, DocumentLocked, DocumentTooLarge, TypesettingFailed.
    """
    source_kind, target_kind, name = source_kind.lower(), target_kind.lower(), name or source.name
    if source_kind == target_kind or {source_kind, target_kind} == {"jpg", "jpeg"}:
        target.write_bytes(source.read_bytes())
    elif target_kind == "pdf":
        to_pdf(source, target, kind=source_kind, host=host, name=name)
    elif target_kind == "md" and source_kind in READERS:
        target.write_text(as_markdown(READERS[source_kind](source, name=name)), encoding="utf-8")
    elif _outside(host, source, target, source_kind, target_kind, name):
        return
    elif target_kind in WRITABLE_PICTURES and source_kind in PICTURES - {"svg"}:
        repainted(source, target, kind=target_kind, name=name)
    elif target_kind in WRITABLE_PICTURES and may_become_pdf(source_kind):
        _pictured(source, target, source_kind, target_kind, host, name)
    else:
        raise NotConvertible(name, target_kind.upper())


def _outside(host: Host | None, source: Path, target: Path, source_kind: str, target_kind: str, name: str) -> bool:
    """Whether another program has done it."""
    if source_kind in ("docx", "docm"):
        checked_archive(source, "DOCX", name=name)  # templates and files with macros convert as well
    try:
        return converted_outside(host, source, target, source_kind=source_kind, target_kind=target_kind, name=name)
    except ProgramFailed:
        if target_kind == "pdf" and source_kind in READERS:
            return False  # the server has noted why; a plain rendition is better than none
        raise


def _pictured(source: Path, target: Path, source_kind: str, target_kind: str, host: Host | None, name: str) -> None:
    """The first page of a document as a picture."""
    from shared.interview.documents.pdf_pictures import page_picture

    with tempfile.TemporaryDirectory(prefix="pictured-") as folder:
        pdf, painted = Path(folder, "all.pdf"), Path(folder, "page.png")
        to_pdf(source, pdf, kind=source_kind, host=host, name=name)
        painted.write_bytes(page_picture(pdf, 1, name=name))
        repainted(painted, target, kind=target_kind, name=name)


def pictures_to_pdf(sources: Sequence[Path], target: Path, *, names: Sequence[str] = ()) -> None:
    """A PDF with each picture on a page of its own. Raises DocumentUnreadable, TypesettingFailed."""
    sections = []
    for source, name in zip(sources, names or [source.name for source in sources], strict=True):
        contents = source.read_bytes()
        fit = printable(contents)
        if fit is None:
            raise DocumentUnreadable(name, "a picture", "it is damaged, too large or of an unknown kind")
        sections.append(_page_with(fit[0]))
    name = ", ".join(names or [source.name for source in sources])
    target.write_bytes(rendered(Document(sections), name=name, is_marked=False))


def _page_with(contents: bytes) -> Section:
    """A sheet of letter paper, upright or across as the picture is, that shows it as large as fits."""
    page, margin = Page(), 18.0
    width, height = pixels(contents) or (1, 1)
    if width > height:
        page.width, page.height = page.height, page.width
    page.top = page.bottom = page.left = page.right = margin
    room_x, room_y = page.width - 2 * margin, page.height - 2 * margin - 8
    scale = min(room_x / width, room_y / height, 1.0 if max(width, height) > 300 else 0.75)
    picture = Picture(contents, width * scale, height * scale)
    blocks: list[Block] = [Paragraph([picture], alignment="center", on_new_page=False)]
    return Section(blocks, page)
