"""Bates numbers: a running number in a corner of every page, so that each can be named (spec/area4 §6.6)."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shared.interview.documents.pdf import Piece, overlay, page_sizes
from shared.interview.documents.typesetting import fonts_like, quoted, typeset

Area = Literal["TOP_LEFT", "TOP_RIGHT", "BOTTOM_LEFT", "BOTTOM_RIGHT"]
AREAS: tuple[Area, ...] = ("TOP_LEFT", "TOP_RIGHT", "BOTTOM_LEFT", "BOTTOM_RIGHT")
_MARGIN = 18.0
_SIZE = 10.0


@dataclass(frozen=True, slots=True)
class Bates:
    """How pages are numbered."""

    prefix: str = ""
    digits: int = 5
    start: int = 1
    area: Area = "BOTTOM_RIGHT"

    def label(self, page: int) -> str:
        """What stands on a page, counted from 1."""
        return f"{self.prefix}{self.start + page - 1:0{self.digits}d}"


def number_pages(piece: Piece, target: Path, bates: Bates) -> int:
    """A copy with a number on every page, readable over whatever stands there; gives the number of pages.

    Raises DocumentUnreadable, DocumentLocked.
    """
    sizes = page_sizes(piece)
    with tempfile.TemporaryDirectory(prefix="bates-") as folder:
        stamps = Path(folder, "numbers.pdf")
        stamps.write_bytes(typeset(_source(sizes, bates), Path(folder), name=piece.label))
        overlay(piece, Piece(stamps), target, stamp_page=lambda page: page)
    return len(sizes)


def _source(sizes: Sequence[tuple[float, float]], bates: Bates) -> str:
    place = " + ".join(bates.area.lower().split("_"))
    font = fonts_like("Arial")
    pages = [f'#set text(font: {font}, size: {_SIZE:g}pt, weight: "bold")', "#set page(margin: 0pt, fill: none)"]
    for number, (width, height) in enumerate(sizes, start=1):
        shown = f"box(fill: white, inset: 2pt, text({quoted(bates.label(number))}))"
        pages.append(
            f"#page(width: {max(width, 1):g}pt, height: {max(height, 1):g}pt)"
            f"[#place({place}, dx: {_shift(bates.area, 'LEFT'):g}pt, dy: {_shift(bates.area, 'TOP'):g}pt, {shown})]"
        )
    return "\n".join(pages)


def _shift(area: Area, side: str) -> float:
    return _MARGIN if side in area else -_MARGIN
