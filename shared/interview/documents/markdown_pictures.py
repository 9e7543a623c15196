"""The pictures of Markdown documents, as their writers can show them."""

from __future__ import annotations

import io
from pathlib import Path

from shared.interview.documents.errors import DocumentError
from shared.interview.documents.pictures import printable, printable_pixels


def for_typst(path: Path) -> tuple[bytes, str] | None:
    """Contents and ending of a picture or PDF that typst draws; None for anything else."""
    contents = path.read_bytes()
    return (contents, "pdf") if contents.startswith(b"%PDF-") else printable(contents)


def for_word(path: Path, *, only: frozenset[str] = frozenset({"png", "jpg", "gif"})) -> tuple[bytes, str] | None:
    """Contents and ending of a picture made of pixels, of one of these kinds: of a PDF its first page.

    None for anything else, and for a PDF that cannot be opened.
    """
    contents = path.read_bytes()
    if contents.startswith(b"%PDF-"):
        return _first_page(path)
    made = printable_pixels(contents)
    if made is None or made[1] in only:
        return made
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(made[0])) as picture:
        picture.convert("RGBA").save(out, "PNG")
    return out.getvalue(), "png"


def _first_page(path: Path) -> tuple[bytes, str] | None:
    from shared.interview.documents.pdf_pictures import page_picture

    try:
        return page_picture(path, 1), "png"
    except DocumentError:
        return None
