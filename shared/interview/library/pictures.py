"""Pictures made smaller, or of another kind, where the browser has not done it (spec/area4 §2.5 `maximum image size`).

Imported with the library, so that interviews which say `import PIL` find `PIL.Image`, as they are used to.
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageOps

_KINDS = {"jpeg": "JPEG", "jpg": "JPEG", "png": "PNG", "webp": "WEBP", "gif": "GIF"}
_ENDINGS = {"JPEG": ("jpg", "image/jpeg"), "PNG": ("png", "image/png"), "WEBP": ("webp", "image/webp")}


def made_smaller(path: Path, *, longest_side: int | None, kind: str) -> tuple[bytes, str, str] | None:
    """The picture within the limit and of the kind asked for: bytes, ending and MIME type.

    None when it is so already, or cannot be read as a picture.
    """
    try:
        with Image.open(path) as picture:
            wanted = _KINDS.get(kind.lower(), "") or (picture.format or "")
            is_small = longest_side is None or max(picture.size) <= longest_side
            if wanted not in _ENDINGS or (is_small and wanted == picture.format):
                return None
            # How the camera was held stands beside the pixels and is not kept: the picture is turned instead.
            made: Image.Image = ImageOps.exif_transpose(picture)
            if longest_side is not None:
                made.thumbnail((longest_side, longest_side))
            if wanted == "JPEG" and made.mode not in ("RGB", "L"):
                flat = Image.new("RGB", made.size, "white")
                flat.paste(made.convert("RGBA"), mask=made.convert("RGBA").getchannel("A"))
                made = flat
            out = io.BytesIO()
            made.save(out, wanted)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return (out.getvalue(), *_ENDINGS[wanted])
