"""The pictures of Markdown documents, as their writers can show them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shared.interview.documents.errors import DocumentError
from shared.interview.documents.pictures import TO_TRY, printable, printable_pixels
from shared.interview.documents.typesetting import drawn

LeftOut = Callable[[Path], None]
"""Is told which pictures a document was made without, because nobody can draw them."""
_JPEG_START = bytes.fromhex("ffd8")
_JFIF = bytes.fromhex("ffe0 0010") + b"JFIF\0" + bytes.fromhex("0101 00 0001 0001 0000")
_FINE = 95
"""The quality of a JPEG that is written once more."""


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
    from PIL import Image

    with Image.open(io.BytesIO(contents)) as picture:
        if _is_rgb(picture):
            out = io.BytesIO()
            kept = {key: picture.info[key] for key in ("dpi", "icc_profile") if key in picture.info}
            picture.save(out, "JPEG", quality=_FINE, subsampling=0, **kept)
            return out.getvalue()
    return _JPEG_START + _JFIF + contents.removeprefix(_JPEG_START)


def _is_rgb(picture: Any) -> bool:
    """Whether a JPEG holds its colors as RGB, which the head of a JFIF would deny: they are YCbCr there (T.871 §7).

    Adobe's marker says so (ITU-T T.872 §6.5.3), else the names of its components, as libjpeg reads them.
    """
    if picture.mode != "RGB" or "jfif" in picture.info:
        return False
    transform = picture.info.get("adobe_transform")
    return bool(bytes(layer[0] for layer in picture.layer) == b"RGB" if transform is None else transform == 0)


def _first_page(path: Path) -> tuple[bytes, str] | None:
    from shared.interview.documents.pdf_pictures import page_picture

    try:
        return page_picture(path, 1), "png"
    except DocumentError:
        return None
