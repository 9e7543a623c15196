"""An RTF as plain data: words, their look, paragraphs, tables, pictures, notes, headers (RTF specification 1.9.1)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shared.interview.documents.errors import DocumentTooLarge, DocumentUnreadable
from shared.interview.documents.layout import (
    MOST_STOPS,
    Block,
    Break,
    Cell,
    Document,
    Footnote,
    Inline,
    Page,
    PageNumber,
    Paragraph,
    Picture,
    Section,
    Side,
    Span,
    Stop,
    Tab,
    Table,
)

KIND = "RTF"
MOST_BYTES = 64 * 1024**2
_MOST_DEPTH = 200
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)
_SKIPPED_WRITTEN = (
    "fonttbl colortbl stylesheet info listtable listoverridetable rsidtbl generator xmlnstbl themedata datastore "
    "colorschememapping latentstyles filetbl revtbl pnseclvl bkmkstart bkmkend nonshppict objdata "
    "template mmathPr headerl footerl annotation"
)
_SKIPPED = frozenset(_SKIPPED_WRITTEN.split())
_LETTERS = {
    "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•",
    "emspace": "\u2003", "enspace": "\u2002",
}  # fmt: skip
_SIGNS = {b"~": "\u00a0", b"_": "\u2011", b"-": "", b"{": "{", b"}": "}", b"\\": "\\"}
_ALIGNMENTS = {"ql": "left", "qc": "center", "qr": "right", "qj": "justify"}
_OF_PARAGRAPHS = {"li": "left", "fi": "first", "sb": "before", "sa": "after", "ri": "right"}
_OF_PAGES = {
    "paperw": "width", "paperh": "height", "margl": "left", "margr": "right", "margt": "top", "margb": "bottom",
}  # fmt: skip
_RUNNING = {
    "header": "header", "headerr": "header", "headerf": "first_header",
    "footer": "footer", "footerr": "footer", "footerf": "first_footer",
}  # fmt: skip
_SHARES = {"tqc": 0.5, "tqr": 1.0, "tqdec": 1.0}
_LEADERS = {"tldot": ".", "tlmdot": "·", "tlhyph": "-", "tlul": "_", "tlth": "_"}
_SIDES: dict[str, Side] = {"t": "top", "b": "bottom", "l": "left", "r": "right"}
_LINES = frozenset({"brdrs", "brdrth", "brdrdb", "brdrdot", "brdrdash", "brdrhair"})
_TWENTIETHS = 20.0


def read_rtf(path: Path, *, name: str = "") -> Document:
    """The document in a file. Raises DocumentUnreadable, DocumentTooLarge."""
    contents = path.read_bytes()
    label = name or path.name
    if len(contents) > MOST_BYTES:
        raise DocumentTooLarge(label, f"more than {MOST_BYTES // 1024**2} MB of RTF")
    if not contents.lstrip().startswith(b"{\\rtf"):
        raise DocumentUnreadable(label, KIND, "it does not begin as one")
    return _Reader(label).read(contents)


@dataclass(slots=True)
class _State:
    """What holds within a group."""

    look: Span = field(default_factory=lambda: Span(""))
    is_skipped: bool = False
    is_picture: bool = False
    is_label: bool = False
    """Number or bullet of a list's item, as it was last computed."""
    is_instruction: bool = False
    """What a field is to work out."""
    unicode_skip: int = 1


@dataclass(slots=True)
class _Flow:
    """Blocks that follow each other: those of the document, of a header, of a note."""

    destination: str = ""
    depth: int = 0
    """Of the group it ends with."""
    blocks: list[Block] = field(default_factory=list)
    paragraph: Paragraph = field(default_factory=Paragraph)
    shape: Paragraph = field(default_factory=Paragraph)
    cells: list[Cell] = field(default_factory=list)
    cell: list[Block] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)
    is_in_table: bool = False


class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._page = Page()
        self._flow, self._flows = _Flow(), list[_Flow]()
        self._running: dict[str, list[Block]] = {}
        self._has_first = False
        self._state, self._outer = _State(), list[_State]()
        self._instruction = ""
        self._stop_share, self._stop_leader = 0.0, ""
        self._lines = 0
        self._bordered: set[Side] | None = None
        """The sides that a line is about to be said of."""
        self._side: Side = "top"
        self._drawn: list[tuple[float, set[Side]]] = []
        """Of the row's cells: where each ends, and its sides with lines."""
        self._next_drawn: set[Side] = set()
        self._picture = bytearray()
        self._picture_width: float | None = None
        self._picture_height: float | None = None
        self._skip = 0
        self._encoding = "cp1252"
        self._colors: list[str] = []
        self._is_starred = False

    def read(self, contents: bytes) -> Document:
        self._colors = list(_colors(contents))
        for found in _TOKEN.finditer(contents):
            word, number, hexadecimal, sign, brace, text = found.groups()
            if brace:
                self._brace(brace)
            elif word:
                self._word(word.decode(), None if number is None else int(number))
            elif hexadecimal:
                self._letters(codecs.decode(bytes([int(hexadecimal, 16)]), self._encoding, "replace"))
            elif sign == b"*":
                self._is_starred = True
            elif sign:
                self._letters(_SIGNS.get(sign, ""))
            elif text:
                self._text(text)
        while self._flows:
            self._end_flow()
        self._end_paragraph()
        self._end_table()
        running: dict[str, Any] = {name: self._running.get(name, []) for name in ("header", "footer")}
        if self._has_first:
            running |= {name: self._running.get(name, []) for name in ("first_header", "first_footer")}
        return Document([Section(self._flow.blocks, self._page, **running)])

    def _begin_flow(self, destination: str) -> None:
        self._flows.append(self._flow)
        self._flow = _Flow(destination, len(self._outer))

    def _end_flow(self) -> None:
        """Put a header, footer or note where it belongs, and go on where it was met."""
        ended = self._flow
        if ended.paragraph.inlines or not ended.blocks:
            self._end_paragraph()
        self._end_table()
        self._flow = self._flows.pop()
        if ended.destination != "footnote":
            self._running[_RUNNING[ended.destination]] = ended.blocks
            return
        inlines: list[Inline] = []
        for paragraph in (block for block in ended.blocks if isinstance(block, Paragraph)):
            inlines += ([Break()] if inlines else []) + paragraph.inlines
        self._flow.paragraph.inlines.append(Footnote(inlines))

    def _brace(self, brace: bytes) -> None:
        if brace == b"{":
            if len(self._outer) >= _MOST_DEPTH:
                raise DocumentUnreadable(self._name, KIND, "its groups are nested too deep")
            self._outer.append(replace(self._state))
        elif self._outer:
            if self._flows and self._flow.depth == len(self._outer):
                self._end_flow()
            if self._state.is_picture and not self._outer[-1].is_picture:
                self._end_picture()
            self._state = self._outer.pop()
        self._is_starred = False

    def _text(self, text: bytes) -> None:
        if self._state.is_picture:
            self._picture += b"" if self._state.is_skipped else text
        else:
            self._letters(text.decode(self._encoding, "replace"))

    def _letters(self, text: str) -> None:
        if self._skip:
            left = text[self._skip :]
            self._skip = max(self._skip - len(text), 0)
            text = left
        if self._state.is_instruction:
            self._instruction += text
        elif text and not self._state.is_skipped and not self._state.is_picture:
            self._flow.paragraph.inlines.append(replace(self._state.look, text=text))

    def _word(self, word: str, number: int | None) -> None:
        is_starred, self._is_starred = self._is_starred, False
        if word == "pict":
            self._state.is_picture, self._picture = True, bytearray()
            self._picture_width = self._picture_height = None
        elif word in ("listtext", "pntext"):
            self._state.is_label = True
        elif word == "fldinst":
            self._state.is_instruction, self._instruction = True, ""
        elif word == "fldrslt":
            self._result_of_field()
        elif (word in _RUNNING or word == "footnote") and not self._state.is_skipped and not self._flows:
            self._begin_flow(word)
        elif word in _SKIPPED or word in _RUNNING or word == "footnote" or (is_starred and word != "shppict"):
            self._state.is_skipped = True
        elif word == "u" and number is not None:
            self._letters(chr(number % 65536) if not 0xD800 <= number % 65536 < 0xE000 else "")
            self._skip = self._state.unicode_skip
        elif word == "uc" and number is not None:
            self._state.unicode_skip = min(max(number, 0), 10)
        elif word == "bin" or self._state.is_skipped:
            return
        elif self._state.is_picture:
            if word == "picwgoal" and number:
                self._picture_width = number / _TWENTIETHS
            elif word == "pichgoal" and number:
                self._picture_height = number / _TWENTIETHS
        elif self._state.is_label:
            if word == "tab":
                self._flow.paragraph.inlines.append(Tab())
        elif not self._structure(word, number):
            self._look(word, number)

    def _result_of_field(self) -> None:
        """Numbers of pages are worked out here; of other fields their last result counts."""
        word = next(iter(self._instruction.split()), "").upper()
        self._instruction = ""
        if word in ("PAGE", "NUMPAGES", "SECTIONPAGES") and not self._state.is_skipped:
            self._flow.paragraph.inlines.append(PageNumber(is_total=word != "PAGE"))
            self._state.is_skipped = True

    def _structure(self, word: str, number: int | None) -> bool:
        match word:
            case "titlepg":
                self._has_first = True
            case "sl":
                self._lines = number or 0
            case "slmult":
                self._flow.shape.line_height = self._lines / 240 if number and self._lines > 0 else 1
            case "tqc" | "tqr" | "tqdec":
                self._stop_share = _SHARES[word]
            case "tldot" | "tlmdot" | "tlhyph" | "tlul" | "tlth":
                self._stop_leader = _LEADERS[word]
            case "tx":
                stop = Stop((number or 0) / _TWENTIETHS, self._stop_share, self._stop_leader)
                self._flow.shape.stops = (*self._flow.shape.stops[: MOST_STOPS - 1], stop)
                self._stop_share, self._stop_leader = 0.0, ""
            case "trowd":
                self._drawn, self._next_drawn = [], set()
            case "cellx":
                self._drawn.append(((number or 0) / _TWENTIETHS, self._next_drawn))
                self._next_drawn = set()
            case "clbrdrt" | "clbrdrb" | "clbrdrl" | "clbrdrr":
                self._bordered, self._side = self._next_drawn, _SIDES[word[-1]]
            case "brdrt" | "brdrb" | "brdrl" | "brdrr":
                self._bordered, self._side = None, _SIDES[word[-1]]
            case "box":
                self._bordered, self._flow.shape.edges = None, frozenset(_SIDES.values())
            case _ if word.startswith(("chbrdr", "trbrdr", "pgbrdr", "brdrbtw", "brdrbar")):
                self._bordered = set()  # lines that are not drawn here
            case _ if word in _LINES:
                if self._bordered is None:
                    self._flow.shape.edges |= {self._side}
                else:
                    self._bordered.add(self._side)
            case "par" | "sect":
                self._end_paragraph()
            case "pard":
                self._flow.shape = Paragraph()
                self._flow.is_in_table = False
            case "line":
                self._flow.paragraph.inlines.append(Break())
            case "tab":
                self._flow.paragraph.inlines.append(Tab())
            case "page":
                if self._flow.paragraph.inlines:
                    self._end_paragraph()
                self._flow.paragraph.on_new_page = True
            case "chpgn":
                self._flow.paragraph.inlines.append(PageNumber())
            case "intbl":
                self._flow.is_in_table = True
            case "cell":
                self._end_paragraph(is_in_cell=True)
                self._flow.cells.append(Cell(self._flow.cell))
                self._flow.cell = []
            case "row":
                for cell, (_, sides) in zip(self._flow.cells, self._drawn, strict=False):
                    cell.edges = frozenset(sides)
                if self._flow.cells:
                    self._flow.rows.append(self._flow.cells)
                self._flow.cells = []
            case "rtlpar" | "ltrpar":
                self._flow.shape.begins_right = word == "rtlpar"
            case "ql" | "qc" | "qr" | "qj":
                self._flow.shape.alignment = _ALIGNMENTS[word]  # type: ignore[assignment]
            case "li" | "fi" | "sb" | "sa" | "ri":
                setattr(self._flow.shape, _OF_PARAGRAPHS[word], (number or 0) / _TWENTIETHS)
            case "outlinelevel":
                self._flow.shape.heading = min((number or 0) + 1, 6)
            case "paperw" | "paperh" | "margl" | "margr" | "margt" | "margb":
                setattr(self._page, _OF_PAGES[word], max((number or 0) / _TWENTIETHS, 18.0))
            case _ if word in _LETTERS:
                self._letters(_LETTERS[word])
            case _:
                return False
        return True

    def _look(self, word: str, number: int | None) -> None:
        is_on = number != 0
        look = self._state.look
        changes: dict[str, Any] = {}
        match word:
            case "plain":
                self._state.look = Span("")
                return
            case "b":
                changes["is_bold"] = is_on
            case "i":
                changes["is_italic"] = is_on
            case "ul" | "uld" | "uldb" | "ulw":
                changes["is_underlined"] = is_on
            case "ulnone":
                changes["is_underlined"] = False
            case "strike":
                changes["is_struck"] = is_on
            case "super" | "sub":
                changes["position"] = word if is_on else ""
            case "nosupersub":
                changes["position"] = ""
            case "fs" if number:
                changes["size"] = min(max(number / 2, 1.0), 400.0)
            case "cf":
                changes["color"] = self._colors[number] if number and 0 < number < len(self._colors) else ""
            case "v":
                self._state.is_skipped = is_on
        if changes:
            self._state.look = replace(look, **changes)

    def _end_paragraph(self, *, is_in_cell: bool = False) -> None:
        on_new_page = self._flow.paragraph.on_new_page
        made = replace(self._flow.shape, inlines=self._flow.paragraph.inlines, on_new_page=on_new_page)
        self._flow.paragraph = Paragraph()
        if is_in_cell or self._flow.is_in_table:
            self._flow.cell.append(made)
            return
        self._end_table()
        self._flow.blocks.append(made)

    def _end_table(self) -> None:
        if self._flow.rows:
            ends = [end for end, _ in self._drawn]
            widths = [end - begin for begin, end in zip([0.0, *ends], ends, strict=False)]
            self._flow.blocks.append(Table(self._flow.rows, widths, has_lines=False))
            self._flow.rows = []
        if self._flow.cell:
            self._flow.blocks += self._flow.cell
            self._flow.cell = []

    def _end_picture(self) -> None:
        digits = bytes(byte for byte in self._picture if byte not in b" \t\r\n")
        self._picture = bytearray()
        if not digits or self._state.is_skipped:
            return
        try:
            contents = bytes.fromhex(digits.decode("ascii"))
        except ValueError:
            return
        self._flow.paragraph.inlines.append(Picture(contents, self._picture_width, self._picture_height))


def _colors(contents: bytes) -> Iterator[str]:
    """The table of colours, as hexadecimal digits; the first stands for none."""
    table = re.search(rb"\{\\colortbl([^{}]*)\}", contents)
    for entry in table[1].split(b";") if table else ():
        parts = [re.search(rb"\\" + name + rb"(\d{1,3})", entry) for name in (b"red", b"green", b"blue")]
        made = "".join(f"{min(int(part[1]), 255):02x}" for part in parts if part)
        yield made if len(made) == 6 and made != "000000" else ""
