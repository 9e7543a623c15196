"""Pictures made fit for paper: of a kind the typesetter knows, upright, and not larger than paper can show."""

from __future__ import annotations

import io
from pathlib import Path

from shared.interview.documents.errors import DocumentTooLarge, DocumentUnreadable
from shared.interview.documents.typesetting import drawn

MOST_PIXELS = 100_000_000
_LONGEST_SIDE = 4000
TO_TRY, _FOR_PRINT, _ON_SCREENS = 18, 192, 96.0
"""Pixels to an inch."""
_LIKELY = range(50, 2401)
WRITABLE_PICTURES = {
    "png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "gif": "GIF", "webp": "WEBP", "bmp": "BMP", "tif": "TIFF",
    "tiff": "TIFF",
}  # fmt: skip
"""Kinds of pictures that can be made, by their endings."""
_AS_THEY_ARE = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp"}


def printable(contents: bytes) -> tuple[bytes, str] | None:
    """Bytes and ending of a picture the typesetter takes; None for what is no picture, or far too large a one."""
    if _is_svg(contents):
        # One that it cannot draw would be the end of the whole document.
        return None if drawn(contents, "svg", per_inch=TO_TRY) is None else (contents, "svg")
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(contents)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return None
            is_upright = picture.getexif().get(0x0112, 1) == 1
            is_fine = picture.format in _AS_THEY_ARE and max(picture.size) <= _LONGEST_SIDE and is_upright
            if is_fine and picture.mode != "CMYK":
                picture.load()
                return contents, _AS_THEY_ARE[str(picture.format)]
            made: Image.Image = ImageOps.exif_transpose(picture)
            made.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
            is_photo = picture.format == "JPEG" or made.mode == "CMYK"
            out = io.BytesIO()
            if is_photo:
                made.convert("RGB").save(out, "JPEG", quality=88)
            else:
                made.convert("RGBA" if "A" in made.getbands() or "transparency" in made.info else "RGB").save(
                    out, "PNG"
                )
            return out.getvalue(), "jpg" if is_photo else "png"
    except (OSError, ValueError, SyntaxError, KeyError, Image.DecompressionBombError, MemoryError):
        return None


def repainted(source: Path, target: Path, *, kind: str, name: str) -> None:
    """A picture as one of another kind (an ending). Raises DocumentUnreadable, DocumentTooLarge."""
    from PIL import Image, ImageOps

    try:
        with Image.open(source) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise DocumentTooLarge(name, f"it has more than {MOST_PIXELS // 10**6} million pixels")
            made: Image.Image = ImageOps.exif_transpose(picture)
            if WRITABLE_PICTURES[kind] in ("JPEG", "BMP") and made.mode != "RGB":
                flat = Image.new("RGB", made.size, "white")
                seen = made.convert("RGBA")
                flat.paste(seen, mask=seen.getchannel("A"))
                made = flat
            made.save(target, WRITABLE_PICTURES[kind])
    except (OSError, ValueError, SyntaxError, KeyError, Image.DecompressionBombError) as error:
        raise DocumentUnreadable(name, "a picture", str(error)) from error


def as_png(source: Path | bytes, *, box: tuple[int, int, int, int] | None = None, name: str) -> bytes:
    """A picture, or the part of it that begins at left and top with this width and height, as PNG.

    Raises DocumentUnreadable, DocumentTooLarge.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise DocumentTooLarge(name, f"it has more than {MOST_PIXELS // 10**6} million pixels")
            made: Image.Image = ImageOps.exif_transpose(picture)
            if box is not None:
                left, top, width, height = box
                made = made.crop((left, top, left + max(width, 1), top + max(height, 1)))
            out = io.BytesIO()
            made.convert("RGB").save(out, "PNG")
            return out.getvalue()
    except (OSError, ValueError, SyntaxError, KeyError, Image.DecompressionBombError) as error:
        raise DocumentUnreadable(name, "a picture", str(error)) from error


def small_picture(source: Path, *, width: int, name: str) -> bytes:
    """A picture no wider than this, as PNG. Raises DocumentUnreadable, DocumentTooLarge."""
    from PIL import Image, ImageOps

    try:
        with Image.open(source) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise DocumentTooLarge(name, f"it has more than {MOST_PIXELS // 10**6} million pixels")
            made: Image.Image = ImageOps.exif_transpose(picture)
            made.thumbnail((width, MOST_PIXELS))
            out = io.BytesIO()
            made.convert("RGBA" if "A" in made.getbands() or "transparency" in made.info else "RGB").save(out, "PNG")
            return out.getvalue()
    except (OSError, ValueError, SyntaxError, KeyError, Image.DecompressionBombError) as error:
        raise DocumentUnreadable(name, "a picture", str(error)) from error


def rewritten(path: Path, *, name: str) -> None:
    """Write a picture anew in its own kind, as far as it can be read. Raises DocumentUnreadable."""
    from PIL import Image, ImageFile

    try:
        with path.open("rb") as given:
            reader = ImageFile.Parser()
            reader.feed(given.read())
            picture = reader.close()
        picture.save(path, picture.format or "PNG")
    except (OSError, ValueError, SyntaxError, KeyError, Image.DecompressionBombError) as error:
        raise DocumentUnreadable(name, "a picture", str(error)) from error


def printable_pixels(contents: bytes) -> tuple[bytes, str] | None:
    """As `printable`, for who takes no pictures made of lines (SVG)."""
    made = printable(contents)
    if made is None or made[1] != "svg":
        return made
    from PIL import Image

    painted = drawn(contents, "svg", per_inch=_FOR_PRINT)
    if painted is None:
        return None
    out = io.BytesIO()
    with Image.open(io.BytesIO(painted)) as picture:
        picture.save(out, "PNG", dpi=(_FOR_PRINT, _FOR_PRINT))
    return out.getvalue(), "png"


def natural_width(contents: bytes, width: int) -> float:
    """How wide a picture of so many pixels is by itself, in points: as it says, else as on screens."""
    from PIL import Image

    with Image.open(io.BytesIO(contents)) as picture:
        told = picture.info.get("dpi", (0,))[0]
    return width * 72 / (float(told) if round(told) in _LIKELY else _ON_SCREENS)


def pixels(contents: bytes) -> tuple[int, int] | None:
    """Width and height of a picture; None when it has none."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(contents)) as picture:
            return picture.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _is_svg(contents: bytes) -> bool:
    start = contents[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<svg", b"<?xml", b"<!doctype svg", b"<!--")) and b"<svg" in contents[:5000].lower()
