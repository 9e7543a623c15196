"""Pages of PDFs as pictures. The one module that imports pypdfium2 (the PDF library of Chromium)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from shared.interview.documents.errors import DocumentError, DocumentLocked, DocumentTooLarge, DocumentUnreadable

if TYPE_CHECKING:
    from PIL import Image

_MOST_PIXELS = 20_000_000
_POINTS_PER_INCH = 72.0


def page_picture(path: Path, page: int, *, width: int | None = None, dpi: float = 150, name: str = "") -> bytes:
    """A page (from 1) as PNG, so many pixels wide or of this resolution.

    Raises DocumentUnreadable, DocumentLocked, DocumentError when there is no such page.
    """
    import pypdfium2

    label = name or path.name
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise DocumentLocked(label) from error
        raise DocumentUnreadable(label, "a PDF", str(error)) from error
    try:
        if not 1 <= page <= len(document):
            raise DocumentError(f"{label} has {len(document)} pages: there is no page {page}.")
        leaf = document[page - 1]
        try:
            shown = leaf.get_width() or 1.0, leaf.get_height() or 1.0
            scale = width / shown[0] if width else dpi / _POINTS_PER_INCH
            scale = min(scale, (_MOST_PIXELS / (shown[0] * shown[1])) ** 0.5)
            picture: Image.Image = leaf.render(scale=scale, may_draw_forms=False).to_pil()
        finally:
            leaf.close()
    except pypdfium2.PdfiumError as error:
        raise DocumentUnreadable(label, "a PDF", f"page {page}: {error}") from error
    except MemoryError as error:
        raise DocumentTooLarge(label, f"page {page} does not fit into memory") from error
    finally:
        document.close()
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
