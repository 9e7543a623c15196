"""Documents to try things on, made by other tools than those that are tried."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
from PIL import Image
from pypdf import PdfReader


def picture(width: int = 60, height: int = 30, color: str = "teal", kind: str = "PNG") -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), color).save(out, kind)
    return out.getvalue()


def docx_file(path: Path, *paragraphs: str) -> Path:
    """A DOCX of some paragraphs."""
    made = docx.Document()
    for paragraph in paragraphs:
        made.add_paragraph(paragraph)
    made.save(str(path))
    return path


def changed_docx(source: Path, target: Path, member: str, old: str, new: str) -> Path:
    """A copy of a DOCX with another text in one of its members."""
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            contents = before.read(name)
            if name == member:
                assert old.encode() in contents
                contents = contents.replace(old.encode(), new.encode())
            after.writestr(name, contents)
    return target


def pages_of(path: Path) -> list[str]:
    """The words of each page of a PDF."""
    return [page.extract_text() for page in PdfReader(path).pages]
