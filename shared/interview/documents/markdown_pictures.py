"""The pictures of Markdown documents, as their writers can show them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from shared.interview.documents.errors import DocumentError
from shared.interview.documents.pictures import TO_TRY, printable, printable_pixels
from shared.interview.documents.typesetting import drawn

LeftOut = Callable[[Path], None]
"""Is told which pictures a document was made without, because nobody can draw them."""
_JPEG_START = bytes.fromhex("ffd8")
_JFIF = bytes.fromhex("ffe0 0010") + b"JFIF\0" + bytes.fromhex("0101 00 0001 0001 0000")


def for_typst(path: Path) -> tuple[bytes, str] | None:
    """Contents and ending of a picture or PDF that typst draws; None for anything else."""
    contents = path.read_bytes()
    if not contents.startswith(b"%PDF-"):
        return printable(contents)
    # One that it cannot draw would be the end of the whole document.
    return _first_page(path) if drawn(contents, "pdf", per_inch=TO_TRY) is None else (contents, "pdf")


def for_word(path: Path, *, only: frozenset[str] = frozenset({"png", "jpg", "gif"})) -> tuple[bytes, str] | None:
    """Contents and ending of a picture made of pixels, of one of these kinds: of a PDF its first page.

    None for anything else, and for a PDF that cannot be opened.
    """
    contents = path.read_bytes()
    if contents.startswith(b"%PDF-"):
        return _first_page(path)
    made = printable_pixels(contents)
    if made is not None and made[1] == "jpg":
        made = _as_jfif(made[0]), "jpg"
    if made is None or made[1] in only:
        return made
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(made[0])) as picture:
        picture.convert("RGBA").save(out, "PNG")
    return out.getvalue(), "png"


def _as_jfif(contents: bytes) -> bytes:
    """A JPEG that says it is one where python-docx looks for it: right after its start (ITU-T T.871 §10.1)."""
    if contents[6:10] in (b"JFIF", b"Exif"):
        return contents
    return _JPEG_START + _JFIF + contents.removeprefix(_JPEG_START)


def _first_page(path: Path) -> tuple[bytes, str] | None:
    from shared.interview.documents.pdf_pictures import page_picture

    try:
        return page_picture(path, 1), "png"
    except DocumentError:
        return None
