"""Write a document as RTF: plain letters that every word processor reads (Rich Text Format specification 1.9)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import assert_never

from shared.interview.documents.markdown_outline import Entry, outline, title_of_contents
from shared.interview.documents.markdown_pictures import LeftOut, for_word
from shared.interview.documents.markdown_tree import (
    Block,
    Code,
    EmptyLine,
    Heading,
    Indentation,
    Inline,
    Layout,
    Link,
    Listing,
    Manner,
    Margin,
    Mark,
    Note,
    PageBreak,
    Paragraph,
    Picture,
    Quote,
    Rule,
    Running,
    SideBySide,
    Spacing,
    Styled,
    Table,
    Words,
)
from shared.interview.documents.pictures import natural_width, pixels

_PAPER = {"us-letter": (612.0, 792.0), "a4": (595.3, 841.9), "us-legal": (612.0, 1008.0), "a5": (419.5, 595.3)}
_STYLES = {
    "strong": r"\b",
    "emphasis": r"\i",
    "strike": r"\strike",
    "super": r"\super",
    "sub": r"\sub",
    "underline": r"\ul",
    "code": r"\f1",
}
_ALIGNMENTS = {"": r"\ql", "left": r"\ql", "center": r"\qc", "right": r"\qr"}
_BULLETS = ("\u2022", "\u2013", "\u2022", "\u2013")
_LINKED = re.compile(r"(?:https?|mailto|tel|ftp):", re.IGNORECASE)
_FROM_THE_RIGHT = _ALIGNMENTS | {"": r"\qr"}
"""Sides are those of the paper, also in paragraphs that begin at the right."""
_LANGUAGES = {
    "ar": 1025, "de": 1031, "en": 1033, "es": 3082, "fa": 1065, "fr": 1036, "he": 1037, "it": 1040, "nl": 1043,
    "pl": 1045, "pt": 1046, "ur": 1056,
}  # fmt: skip


def write_rtf(blocks: Sequence[Block], manner: Manner, target: Path, *, left_out: LeftOut | None = None) -> None:
    """Write an RTF file. Raises TypesettingFailed where it has a table of contents."""
    entries = outline(blocks, manner) if manner.has_contents or manner.numbers_sections else []
    target.write_text(_Writer(manner, entries, left_out).document(blocks), encoding="ascii")


class _Writer:
    def __init__(self, manner: Manner, entries: Sequence[Entry], left_out: LeftOut | None) -> None:
        self._manner, self._left_out = manner, left_out
        self._entries, self._headings = entries, iter(entries)
        self._lines, self._indents, self._margin = manner.line_spacing, manner.indents_first_line, 0.0
        width, height = _PAPER[manner.paper]
        self._page = (height, width) if manner.is_landscape else (width, height)
        self._room = self._page[0] - manner.left - manner.right
        self._begin = r"\pard\rtlpar\qr" if manner.begins_right else r"\pard"
        self._alignments = _FROM_THE_RIGHT if manner.begins_right else _ALIGNMENTS

    def document(self, blocks: Sequence[Block]) -> str:
        manner = self._manner
        width, height = self._page
        differs = manner.first_header is not None or manner.first_footer is not None
        running = self._running("header", manner.header) + self._running("footer", manner.footer)
        if differs:
            running += self._running("headerf", manner.header if manner.first_header is None else manner.first_header)
            running += self._running("footerf", manner.footer if manner.first_footer is None else manner.first_footer)
        return (
            r"{\rtf1\ansi\ansicpg1252\deff0\uc1"
            rf"\deflang{_LANGUAGES.get(manner.language[:2].lower(), 1033)}"
            r"{\fonttbl{\f0\froman "
            + _escaped(manner.font or "Times New Roman")
            + r";}{\f1\fmodern Courier New;}}{\colortbl;\red5\green99\blue193;}"
            + rf"{{\info{{\title {_escaped(manner.title)}}}{{\author {_escaped(manner.author)}}}}}"
            + rf"\paperw{_twips(width)}\paperh{_twips(height)}\margl{_twips(manner.left)}\margr{_twips(manner.right)}"
            + rf"\margt{_twips(manner.top)}\margb{_twips(manner.bottom)}"
            + (r"\landscape" if manner.is_landscape else "")
            + (r"\titlepg" if differs else "")
            + "\n"
            + running
            + rf"\fs{round(manner.font_size * 2)}"
            + "\n"
            + self._contents()
            + self._blocks(blocks)
            + "}"
        )

    def _contents(self) -> str:
        """The table of contents: a field that word processors can work out anew, with its entries."""
        if not self._manner.has_contents or not self._entries:
            return ""
        lines = []
        for entry in self._entries:
            layout = (
                rf"{self._begin}\fi0{self._indent(12.0 * (entry.level - 1))}\tqr\tldot\tx{_twips(self._room)}\sa60 "
            )
            words = _escaped(f"{entry.number}  {entry.words}" if entry.number else entry.words)
            page = rf"{{\field{{\*\fldinst PAGEREF {entry.bookmark}}}{{\fldrslt {entry.page}}}}}"
            lines.append(rf"{layout}{words}\tab {page}\par" + "\n")
        title = rf"{{{self._begin}\sa120{{\b {_escaped(title_of_contents(self._manner.language))}}}\par}}" + "\n"
        return title + r"{\field{\*\fldinst TOC \\h \\u}{\fldrslt " + "".join(lines) + "}}" + "\n"

    def _running(self, place: str, parts: Running) -> str:
        if not parts:
            return ""
        columns = [_lines(getattr(parts, name)) for name in ("left", "center", "right")]
        lines = []
        for line in range(max(map(len, columns))):
            cells = (self._inlines(column[line]) if line < len(column) else "" for column in columns)
            lines.append(r"\tab ".join(cells))
        middle, end = _twips(self._room / 2), _twips(self._room)
        return rf"{{\{place} \pard\tqc\tx{middle}\tqr\tx{end} {chr(92)}fs20 " + r"\line ".join(lines) + "\\par}\n"

    # Blocks
    def _blocks(self, blocks: Iterable[Block], depth: int = 0, cell: str = "") -> str:
        return "".join(self._block(block, depth, cell) for block in blocks)

    def _block(self, block: Block, depth: int, cell: str) -> str:
        match block:
            case Paragraph(inlines, layout):
                return self._paragraph(self._inlines(inlines), layout, cell)
            case Heading(level, inlines):
                size = round(self._manner.font_size * {1: 1.25, 2: 1.1}.get(level, 1.0) * 2)
                head = rf"{self._begin}{cell}\keepn\sb240\sa120\outlinelevel{level - 1}"
                return rf"{{{head}{{\b\fs{size} {self._marked(self._inlines(inlines))}}}\par}}" + "\n"
            case Listing():
                return self._listing(block, depth, cell)
            case Quote(inner):
                return self._quoted(inner, depth, cell)
            case Table():
                return self._table(block)
            case Code(text):
                lines = r"\line ".join(_escaped(line) for line in text.split("\n"))
                return self._paragraph(rf"{{\f1 {lines}}}", Layout(left=12.0, indents_first_line=False), cell, 1.0)
            case Rule():
                return rf"{{\pard{cell}\brdrb\brdrs\brdrw10\brsp20\sa240\par}}" + "\n"
            case PageBreak():
                return "\\page\n"
            case EmptyLine():
                return rf"{{\pard{cell}\par}}" + "\n"
            case SideBySide(left, right, is_caption):
                return self._sides(left, right, is_caption=is_caption)
            case Spacing(lines):
                self._lines = lines
            case Indentation(is_on):
                self._indents = is_on
            case Margin(points):
                self._margin = points
            case _ as unknown:
                assert_never(unknown)
        return ""

    def _marked(self, words: str) -> str:
        """The next heading with its number, where links find it."""
        entry = next(self._headings, None)
        if entry is None:
            return words
        words = f"{entry.number} {words}" if entry.number else words
        if not self._manner.has_contents:
            return words
        return rf"{{\*\bkmkstart {entry.bookmark}}}{words}{{\*\bkmkend {entry.bookmark}}}"

    def _quoted(self, blocks: Sequence[Block], depth: int, cell: str) -> str:
        before = self._lines, self._indents, self._margin
        self._lines, self._indents, self._margin = min(1.0, before[0]), False, before[2] + 36.0
        made = self._blocks(blocks, depth, cell)
        self._lines, self._indents, self._margin = before
        return made

    def _paragraph(self, text: str, layout: Layout, cell: str = "", lines: float | None = None) -> str:
        lines = self._lines if lines is None else lines
        indented = self._indents if layout.indents_first_line is None else layout.indents_first_line
        first = self._manner.first_line if indented and layout.alignment not in ("center", "right") else 0.0
        after = self._manner.font_size if 0 < lines < 1.9 else 0.0
        border = r"\box\brdrs\brdrw10\brsp80" if layout.has_border else ""
        words = rf"{{\b {text}}}" if layout.is_bold else text
        begin = rf"{self._begin}{cell}{self._alignments[layout.alignment]}"
        return (
            rf"{{{begin}\sl{round(max(1.0, lines) * 240)}\slmult1\sa{_twips(after)}"
            rf"\fi{_twips(first)}{self._indent(layout.left + self._margin, layout.right)}{border} {words}\par}}"
            "\n"
        )

    def _indent(self, before: float, after: float = 0.0) -> str:
        """How far lines stay from where they begin and end, in points."""
        if self._manner.begins_right:
            # What older readers know of are the sides of the paper, `lin` and `rin` go by the direction.
            return rf"\li{_twips(after)}\ri{_twips(before)}\lin{_twips(before)}\rin{_twips(after)}"
        return rf"\li{_twips(before)}\ri{_twips(after)}"

    def _listing(self, block: Listing, depth: int, cell: str) -> str:
        made = []
        left = 18.0 * (depth + 1) + 18.0 + self._margin
        lines = round(max(1.0, min(1.0, self._lines) if block.is_tight else self._lines) * 240)
        after = 0 if block.is_tight else _twips(self._manner.font_size / 2)
        for number, item in enumerate(block.items):
            sign = block.label(number, _BULLETS[depth % 4])
            is_first = True
            for inner in item:
                if not isinstance(inner, Paragraph):
                    made.append(self._block(inner, depth + 1, cell))
                    continue
                head = rf"\fi-360 {_escaped(sign)}\tab " if is_first else r"\fi0 "
                made.append(
                    rf"{{{self._begin}{cell}{self._alignments['']}\sl{lines}\slmult1\sa{after}"
                    rf"{self._indent(left)}\tx{_twips(left)}{head}"
                    rf"{self._inlines(inner.inlines)}\par}}" + "\n"
                )
                is_first = False
        if depth == 0 and block.is_tight:
            made.append(rf"{{\pard{cell}\sl240\slmult1\sa0\par}}" + "\n")
        return "".join(made)

    def _table(self, block: Table) -> str:
        columns = len(block.alignments)
        if not columns:
            return ""
        made = []
        for number, row in enumerate(block.rows):
            is_head = number < block.head_rows
            edges = r"\clbrdrb\brdrs\brdrw10" if is_head or number + 1 == len(block.rows) else ""
            edges += r"\clbrdrt\brdrs\brdrw15" if number == 0 else ""
            bounds = "".join(rf"{edges}\cellx{_twips(self._room * (place + 1) / columns)}" for place in range(columns))
            cells = []
            for place in range(columns):
                content = self._inlines(row[place]) if place < len(row) else ""
                content = rf"{{\b {content}}}" if is_head else content
                cells.append(rf"{self._begin}\intbl{self._alignments[block.alignments[place]]} {content}\cell")
            made.append(
                rf"{{\trowd\trgaph108{chr(92) + 'trhdr' if is_head else ''}{bounds}{''.join(cells)}\row}}" + "\n"
            )
        return "".join(made) + "{\\pard\\par}\n"

    def _sides(self, left: Sequence[Block], right: Sequence[Block], *, is_caption: bool) -> str:
        before = self._lines, self._indents, self._margin
        self._lines, self._indents, self._margin = min(1.0, before[0]), False, 0.0
        edges = r"\clbrdrr\brdrs\brdrw10\clbrdrb\brdrs\brdrw10" if is_caption else ""
        middle, end = _twips(self._room / 2), _twips(self._room)
        cells = "".join(_in_cell(self._blocks(blocks, cell=r"\intbl")) for blocks in (left, right))
        self._lines, self._indents, self._margin = before
        return rf"{{\trowd\trgaph108{edges}\cellx{middle}\cellx{end}" + "\n" + cells + "\\row}\n{\\pard\\par}\n"

    # Within paragraphs
    def _inlines(self, inlines: Iterable[Inline]) -> str:
        return "".join(self._inline(inline) for inline in inlines)

    def _inline(self, inline: Inline) -> str:
        match inline:
            case Words(text):
                return _escaped(text)
            case Styled(kind, inner):
                return rf"{{{_STYLES[kind]} {self._inlines(inner)}}}"
            case Link(url, inner):
                words = self._inlines(inner)
                if not _LINKED.match(url):
                    return rf"{{\ul {words}}}"
                address = _escaped(url.replace('"', "%22"))
                return rf'{{\field{{\*\fldinst HYPERLINK "{address}"}}{{\fldrslt {{\ul\cf1 {words}}}}}}}'
            case Picture():
                return self._picture(inline)
            case Mark("break"):
                return "\\line "
            case Mark("tab"):
                return "\\tab "
            case Mark("page number"):
                return r"{\field{\*\fldinst PAGE}{\fldrslt 1}}"
            case Mark("page total"):
                return r"{\field{\*\fldinst NUMPAGES}{\fldrslt 1}}"
            case Mark("section number"):
                return r"{\sectnum}"
            case Mark("checkbox"):
                return "____"
            case Mark():
                return "_" * 25
            case Note(blocks):
                words = " ".join(self._inlines(one.inlines) for one in blocks if isinstance(one, Paragraph))
                return rf"{{\super\chftn}}{{\footnote{self._begin}\plain {{\super\chftn}} {words}}}"
            case _ as unknown:
                assert_never(unknown)

    def _picture(self, picture: Picture) -> str:
        made = for_word(picture.path, only=frozenset({"png", "jpg"}))
        size = None if made is None else pixels(made[0])
        if made is None or size is None:
            if self._left_out is not None:
                self._left_out(picture.path)
            return _escaped(picture.alternative or picture.path.name)
        width, height = size
        kind = r"\jpegblip" if made[1] == "jpg" else r"\pngblip"
        natural = min(self._room, natural_width(made[0], width))
        wanted = natural
        if picture.width is not None:
            wanted = self._room * picture.width if picture.is_share else picture.width
        goal = rf"\picwgoal{_twips(wanted)}\pichgoal{_twips(wanted * height / max(1, width))}"
        return rf"{{\pict{kind}\picw{width}\pich{height}{goal} " + made[0].hex() + "}"


def _in_cell(paragraphs: str) -> str:
    """Paragraphs in a cell: the last one ends with the cell."""
    content = paragraphs.rstrip("\n")
    if not content.endswith(r"\par}"):
        return content + r"\pard\intbl\cell" + "\n"
    return content.removesuffix(r"\par}") + r"\cell}" + "\n"


def _lines(inlines: tuple[Inline, ...]) -> list[tuple[Inline, ...]]:
    found: list[list[Inline]] = [[]]
    for inline in inlines:
        if inline == Mark("break"):
            found.append([])
        else:
            found[-1].append(inline)
    return [tuple(line) for line in found]


def _twips(points: float) -> int:
    return round(points * 20)


def _escaped(text: str) -> str:
    made = []
    for letter in text:
        code = ord(letter)
        if letter in "\\{}":
            made.append("\\" + letter)
        elif letter == "\n":
            made.append(" ")
        elif code == 0xA0:
            made.append(r"\~")
        elif 32 <= code < 127:
            made.append(letter)
        elif code > 127:
            for unit in _utf16(letter):
                made.append(rf"\u{unit}?")
    return "".join(made)


def _utf16(letter: str) -> list[int]:
    data = letter.encode("utf-16-le", "surrogatepass")
    units = [int.from_bytes(data[place : place + 2], "little") for place in range(0, len(data), 2)]
    return [unit - 65536 if unit > 32767 else unit for unit in units]
