"""What a document looks like, read from its files by other programs: lines and pages of a PDF, the XML of Word."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

_LEFT, _RIGHT = 72.0, 540.0
"""The margins of letter paper, in points."""


@dataclass(frozen=True)
class Line:
    """A line of a page: where it begins, rounded to points, or `center` or `right`; whether its letters are bold."""

    where: str
    text: str
    is_bold: bool = False
    bottom: float = 0.0

    def __str__(self) -> str:
        return f"{self.where}{' bold' if self.is_bold else ''}: {self.text}"


def pages(contents: bytes) -> list[list[Line]]:
    """The lines of every page, from the top."""
    with pdfium.PdfDocument(contents) as pdf:
        return [_lines(page) for page in pdf]


def said(contents: bytes) -> str:
    """All lines as text: `where: words`, pages apart by `--`."""
    return "\n--\n".join("\n".join(map(str, page)) for page in pages(contents))


def drawn(contents: bytes) -> set[str]:
    """What the pages show beside words: `picture`, `rule`."""
    kinds = {raw.FPDF_PAGEOBJ_IMAGE: "picture", raw.FPDF_PAGEOBJ_PATH: "rule"}
    with pdfium.PdfDocument(contents) as pdf:
        return {kinds[thing.type] for page in pdf for thing in page.get_objects() if thing.type in kinds}


def _lines(page: Any) -> list[Line]:
    words = page.get_textpage()
    found: dict[int, list[tuple[float, float, str, bool]]] = {}
    bottoms: dict[int, float] = {}
    for place in range(words.count_chars()):
        letter = chr(raw.FPDFText_GetUnicode(words, place))
        left, _, right, _ = words.get_charbox(place, loose=True)
        if letter in "\r\n":
            continue
        _, y = _origin(words, place)
        key = next((one for one in bottoms if abs(bottoms[one] - y) < 3), len(bottoms))
        bottoms.setdefault(key, y)
        is_bold = raw.FPDFText_GetFontWeight(words, place) > 500
        found.setdefault(key, []).append((left, right, letter, is_bold))
    made = []
    for key in sorted(found, key=lambda key: -bottoms[key]):
        letters = sorted(one for one in found[key] if one[2].strip())
        text = "".join(one[2] for one in found[key]).strip()
        if letters:
            where = _where(letters[0][0], letters[-1][1])
            made.append(Line(where, text, all(one[3] for one in letters), bottoms[key]))
    return made


def _origin(words: Any, place: int) -> tuple[float, float]:
    import ctypes

    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(words, place, x, y)
    return x.value, y.value


def _where(left: float, right: float) -> str:
    if left > _LEFT + 60 and abs(right - _RIGHT) < 2:
        return "right"
    if abs((left + right) / 2 - (_LEFT + _RIGHT) / 2) < 2:
        return "center"
    return f"{left:.0f}"


def word_xml(contents: bytes) -> str:
    """The body of a Word file."""
    with zipfile.ZipFile(io.BytesIO(contents)) as archive:
        xml = archive.read("word/document.xml").decode()
    return re.sub(r".*<w:body>|<w:sectPr.*", "", xml, flags=re.DOTALL)


def rtf_body(contents: bytes) -> str:
    """What stands after the head of an RTF file."""
    return contents.decode("ascii").partition("\\fs24\n")[2]
