"""What kind of file it is, and under which name it may go about: by its first bytes, else by the ending of its name.

What a browser says of a file it sends is not asked.
"""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from pathlib import PurePosixPath

HEAD_BYTES = 512
UNKNOWN = "application/octet-stream"

_LONGEST_NAME = 120
_UNWANTED = re.compile(r"[^\w.()+@ -]+")
_SIGNS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"{\\rtf", "application/rtf"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
)
_MORE_ENDINGS = {
    ".md": "text/markdown",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".rtf": "application/rtf",
    ".yml": "text/plain",
    ".yaml": "text/plain",
    ".heic": "image/heic",
    ".webp": "image/webp",
    ".m4a": "audio/mp4",
}
_ONLY_BY_SIGN = frozenset(kind for _, kind in _SIGNS if kind.startswith("image/") or kind == "application/pdf")


def mimetype_of(filename: str, head: bytes = b"") -> str:
    """The MIME type; a picture or PDF that does not begin like one is taken for unknown bytes."""
    for sign, kind in _SIGNS:
        if head.startswith(sign):
            return kind
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12], UNKNOWN)
    suffix = PurePosixPath(filename).suffix.lower()
    kind = _MORE_ENDINGS.get(suffix) or mimetypes.guess_type(f"x{suffix}")[0] or UNKNOWN
    return UNKNOWN if head and kind in _ONLY_BY_SIGN else kind


def safe_name(filename: str, *, otherwise: str = "file") -> str:
    """A name without folders, control characters and what shells, headers and file systems stumble over."""
    name = unicodedata.normalize("NFC", filename).replace("\\", "/").rpartition("/")[2]
    name = _UNWANTED.sub("_", name).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if dot and len(ending) <= 16:
        name = f"{stem[: _LONGEST_NAME - len(ending) - 1]}.{ending}" if stem else f"{otherwise}.{ending}"
    return name[:_LONGEST_NAME] or otherwise
