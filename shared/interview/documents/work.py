"""What programs may have done with a file that came from anybody, without any interview: done in a process of its own.

`fields`: which fields a template has; `markdown`: its words as Markdown; `page`: a page of it as a picture.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from shared.interview.documents.convert import PICTURES, READERS, may_become_pdf, to_pdf
from shared.interview.documents.errors import NotConvertible
from shared.interview.documents.markdown_text import as_markdown
from shared.interview.documents.template_fields import fields_in
from shared.interview.documents.work_order import DocumentWork


def done(work: DocumentWork, contents: bytes) -> tuple[dict[str, Any], bytes]:
    """What is found, as JSON, and what is made, as bytes. Raises the errors of documents."""
    with tempfile.TemporaryDirectory(prefix="work-") as folder:
        source = Path(folder, f"source.{work.kind}")
        source.write_bytes(contents)
        match work.task:
            case "fields":
                return fields_in(source, kind=work.kind, name=work.name).told(), b""
            case "markdown":
                return {}, _markdown(source, work).encode()
            case "page":
                return {}, _page(source, Path(folder), work)


def _markdown(source: Path, work: DocumentWork) -> str:
    if work.kind == "md" or work.kind not in READERS:
        raise NotConvertible(work.name, "Markdown")
    return as_markdown(READERS[work.kind](source, name=work.name))


def _page(source: Path, folder: Path, work: DocumentWork) -> bytes:
    """Of a picture, the picture itself, no wider than it is."""
    from shared.interview.documents.pdf_pictures import page_picture
    from shared.interview.documents.pictures import small_picture

    if work.kind in PICTURES - {"svg"} and work.page == 1:
        return small_picture(source, width=work.width, name=work.name)
    if not may_become_pdf(work.kind) or work.kind == "svg":
        raise NotConvertible(work.name, "a picture")
    pdf = folder / "all.pdf"
    to_pdf(source, pdf, kind=work.kind, name=work.name)
    return page_picture(pdf, work.page, width=work.width, name=work.name)
