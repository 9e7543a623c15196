"""A DOCX as plain data: words, headings, lists, tables, pictures, headers and footers (ECMA-376 part 1).

Nothing outside the file is fetched; revisions that were deleted are left out; of fields their last result counts.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from shared.interview.documents.archives import Archive
from shared.interview.documents.docx_styles import Numbering, Properties, Styles, W, is_on, local, merged, points, whole
from shared.interview.documents.docx_styles import properties as properties_of
from shared.interview.documents.errors import DocumentUnreadable
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

KIND = "DOCX"
_COLUMN = Break()
"""Not any line that ends, but a column that does."""
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_V = "{urn:schemas-microsoft-com:vml}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_EMU_PER_POINT = 12_700
_ALIGNMENTS = {
    "left": "left",
    "center": "center",
    "right": "right",
    "end": "right",
    "both": "justify",
    "distribute": "justify",
}
_FROM_THE_RIGHT = {"right": "left", "end": "left", "left": "right", "start": "right", "": "right"}
_THROUGH = frozenset({"sdt", "sdtContent", "smartTag", "ins", "moveTo", "customXml", "dir", "bdo"})
_HIGHLIGHTS = {"yellow": "ffff00", "green": "00ff00", "cyan": "00ffff", "magenta": "ff00ff", "lightGray": "d3d3d3"}
_STOPS = {"center": 0.5, "right": 1.0, "end": 1.0, "decimal": 1.0, "left": 0.0, "start": 0.0, "num": 0.0}
_LEADERS = {"dot": ".", "middleDot": "·", "hyphen": "-", "underscore": "_", "heavy": "_"}
_SIDES: tuple[Side, ...] = ("top", "bottom", "left", "right")
_MOST_DEPTH = 12
_MOST_COLUMNS = 12
_MOST_CELLS = 63
"""In a row: as Word."""


def read_docx(path: Path, *, name: str = "") -> Document:
    """The document in a file. Raises DocumentUnreadable, DocumentTooLarge."""
    with Archive(path, KIND, name=name) as archive:
        main = _main_part(archive)
        return _Reader(archive, main).document()


def _main_part(archive: Archive) -> str:
    for relation in archive.xml("_rels/.rels") if "_rels/.rels" in archive else ():
        if str(relation.get("Type", "")).endswith("/officeDocument"):
            return str(relation.get("Target", "")).lstrip("/")
    raise DocumentUnreadable(archive.name, KIND, "it holds no document")


class _Part:
    """One member with what it refers to."""

    def __init__(self, archive: Archive, member: str) -> None:
        self.archive, self.folder = archive, posixpath.dirname(member)
        self.tree = archive.xml(member)
        self.targets: dict[str, tuple[str, str, bool]] = {}
        relations = posixpath.join(self.folder, "_rels", posixpath.basename(member) + ".rels")
        if relations in archive:
            for relation in archive.xml(relations):
                is_outside = relation.get("TargetMode") == "External"
                kind = str(relation.get("Type", "")).rpartition("/")[2]
                self.targets[relation.get("Id", "")] = (kind, str(relation.get("Target", "")), is_outside)

    def member(self, identifier: str) -> str | None:
        """The member behind a reference; None for what is outside or missing."""
        _, target, is_outside = self.targets.get(identifier, ("", "", True))
        if is_outside:
            return None
        full = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{self.folder}/{target}")
        return full if full in self.archive else None

    def related(self, kind: str) -> str | None:
        """The member of that kind."""
        return next((self.member(key) for key, target in self.targets.items() if target[0] == kind), None)


class _Reader:
    def __init__(self, archive: Archive, main: str) -> None:
        self._archive = archive
        self._main = self._part = _Part(archive, main)
        self._styles = Styles(self._related("styles"))
        self._numbering = Numbering(self._related("numbering"))
        self._footnotes = self._notes("footnotes") | self._notes("endnotes")
        self._field: list[str] = []
        self._depth = 0

    def _related(self, kind: str) -> Any | None:
        member = self._main.related(kind)
        return None if member is None else self._archive.xml(member)

    def _notes(self, kind: str) -> dict[str, Any]:
        tree = self._related(kind)
        return {} if tree is None else {f"{kind}{note.get(f'{W}id', '')}": note for note in tree}

    def document(self) -> Document:
        body = self._main.tree.find(f"{W}body")
        if body is None:
            raise DocumentUnreadable(self._archive.name, KIND, "it has no body")
        sections: list[Section] = []
        blocks: list[Block] = []
        for element in _through(body):
            match local(element):
                case "p":
                    blocks += self._paragraphs(element)
                    inner = element.find(f"{W}pPr/{W}sectPr")
                    if inner is not None:
                        sections.append(self._section(inner, blocks, sections))
                        blocks = []
                case "tbl":
                    blocks.append(self._table(element))
                case "sectPr":
                    sections.append(self._section(element, blocks, sections))
                    blocks = []
        if blocks or not sections:
            sections.append(Section(blocks))
        title, author, language = self._core()
        _, runs, _ = self._styles.paragraph({})
        size = _size(runs) or 10.0
        return Document(sections, title, author, language, font=_font(runs), size=size)

    def _core(self) -> tuple[str, str, str]:
        member = "docProps/core.xml"
        if member not in self._archive:
            return "", "", "en"
        tree = self._archive.xml(member)
        found = [tree.findtext(f"{_DC}{name}") or "" for name in ("title", "creator", "language")]
        return found[0], found[1], found[2] or "en"

    # Sections
    def _section(self, given: Any, blocks: list[Block], before: list[Section]) -> Section:
        size, margins = properties_of(given).get("pgSz", {}), properties_of(given).get("pgMar", {})
        page = Page()
        if size:
            page.width, page.height = points(size.get("w")) or 612, points(size.get("h")) or 792
        for side in ("top", "bottom", "left", "right"):
            if side in margins:
                setattr(page, side, max(abs(points(margins[side])), 18.0))
        has_first = is_on(properties_of(given), "titlePg")
        columns = properties_of(given).get("cols", {})
        parts = {
            (local(reference).removesuffix("Reference"), reference.get(f"{W}type", "default")): self._beside(reference)
            for reference in given
            if local(reference) in ("headerReference", "footerReference")
        }
        last = before[-1] if before else Section()
        return Section(
            blocks,
            page,
            header=parts.get(("header", "default"), last.header),
            footer=parts.get(("footer", "default"), last.footer),
            first_header=parts.get(("header", "first"), []) if has_first else None,
            first_footer=parts.get(("footer", "first"), []) if has_first else None,
            begins_page=not before or properties_of(given).get("type", {}).get("val") != "continuous",
            columns=max(whole(columns.get("num"), 1, most=_MOST_COLUMNS), 1),
            gutter=points(columns.get("space", "720")),
        )

    def _beside(self, reference: Any) -> list[Block]:
        """The blocks of a header or footer."""
        member = self._main.member(reference.get(f"{_R}id", ""))
        if member is None:
            return []
        self._part = _Part(self._archive, member)
        try:
            return self._blocks(self._part.tree)
        finally:
            self._part = self._main

    # Blocks
    def _blocks(self, container: Any) -> list[Block]:
        self._depth += 1
        try:
            if self._depth > _MOST_DEPTH:
                return []
            made: list[Block] = []
            for element in _through(container):
                if local(element) == "p":
                    made += self._paragraphs(element)
                elif local(element) == "tbl":
                    made.append(self._table(element))
            return made
        finally:
            self._depth -= 1

    def _paragraphs(self, element: Any) -> list[Paragraph]:
        """A paragraph; two or more where pages are broken within it."""
        own = properties_of(element.find(f"{W}pPr"))
        given, runs, name = self._styles.paragraph(own)
        label, level = "", 0
        listed = properties_of(element.find(f"{W}pPr/{W}numPr")) or _style_list(self._styles, own)
        if listed.get("numId", {}).get("val", "0") != "0":
            level = whole(listed.get("ilvl", {}).get("val"))
            item = self._numbering.item(listed["numId"]["val"], level)
            if item is not None:
                label, of_level = item
                given = merged(given, {key: value for key, value in of_level.items() if key == "ind"}, own)
        indent, spacing = given.get("ind", {}), given.get("spacing", {})
        begins_right = is_on(given, "bidi")
        left = points(indent.get("left") or indent.get("start"))
        right = points(indent.get("right") or indent.get("end"))
        side = given.get("jc", {}).get("val", "")
        if begins_right:  # what is called left is where it begins
            left, right, side = right, left, _FROM_THE_RIGHT.get(side, side)
        first = points(indent.get("firstLine")) - points(indent.get("hanging"))
        lines = spacing.get("line", "240") if spacing.get("lineRule", "auto") == "auto" else "240"
        shape = Paragraph(
            heading=self._styles.heading(given, name),
            alignment=_ALIGNMENTS.get(side, "right" if begins_right else "left"),  # type: ignore[arg-type]
            left=max(left, 0.0),
            right=max(right, 0.0),
            first=first,
            before=points(spacing.get("before")),
            after=points(spacing.get("after")),
            line_height=whole(lines, 240) / 240,
            label=label,
            level=level,
            on_new_page=is_on(given, "pageBreakBefore"),
            stops=_stops(given),
            edges=_edges(given, "pBdr"),
            begins_right=begins_right,
            is_quote="quote" in name,
        )
        made = [replace(shape, inlines=[])]
        for inline in self._inlines(element, runs, link=""):
            if inline is None or inline is _COLUMN:
                is_page = inline is None
                shape = replace(shape, on_new_page=is_page, in_new_column=not is_page, label="", before=0.0)
                made.append(replace(shape, inlines=[]))
            else:
                made[-1].inlines.append(inline)
        return made

    def _table(self, element: Any) -> Table:
        widths = [points(column.get(f"{W}w")) for column in element.iterfind(f"{W}tblGrid/{W}gridCol")]
        rows: list[list[Cell]] = []
        standing: dict[int, Cell] = {}
        headings = 0
        for row in (child for child in _through(element) if local(child) == "tr"):
            cells: list[Cell] = []
            place = whole(properties_of(row.find(f"{W}trPr")).get("gridBefore", {}).get("val"), most=_MOST_CELLS)
            if place:
                cells.append(Cell(columns=place))
            for cell in (child for child in _through(row) if local(child) == "tc"):
                given = properties_of(cell.find(f"{W}tcPr"))
                count = max(whole(given.get("gridSpan", {}).get("val"), 1, most=_MOST_CELLS), 1)
                goes_on = "vMerge" in given and given["vMerge"].get("val", "continue") == "continue"
                if goes_on and place in standing:
                    standing[place].rows += 1
                else:
                    fill = given.get("shd", {}).get("fill", "")
                    fill, edges = fill if _is_color(fill) else "", _edges(given, "tcBorders")
                    made = Cell(self._blocks(cell), count, fill=fill, edges=edges)
                    cells.append(made)
                    standing.pop(place, None)
                    if "vMerge" in given:
                        standing[place] = made
                place += count
            if is_on(properties_of(row.find(f"{W}trPr")), "tblHeader") and headings == len(rows):
                headings += 1
            rows.append(cells)
        return Table(rows, widths, has_lines=_has_lines(element, self._styles), headings=headings)

    # Runs
    def _inlines(self, element: Any, inherited: Properties, *, link: str) -> Iterator[Inline | None]:
        """What stands in a paragraph; None where a new page begins, `_COLUMN` where a new column does."""
        for child in _through(element):
            match local(child):
                case "r":
                    yield from self._run(child, inherited, link)
                case "fldSimple":
                    number = _page_number(child.get(f"{W}instr", ""))
                    if number:
                        yield number
                    else:
                        yield from self._inlines(child, inherited, link=link)
                case "hyperlink":
                    _, target, is_outside = self._part.targets.get(child.get(f"{_R}id", ""), ("", "", False))
                    address = target if is_outside and target.startswith(("http://", "https://", "mailto:")) else ""
                    yield from self._inlines(child, inherited, link=address)

    def _run(self, run: Any, inherited: Properties, link: str) -> Iterator[Inline | None]:
        given = self._styles.run(inherited, properties_of(run.find(f"{W}rPr")))
        if is_on(given, "vanish"):
            return
        for child in _through(run):
            match local(child):
                case "fldChar":
                    yield from self._field_mark(child.get(f"{W}fldCharType", ""))
                case "instrText" if self._field:
                    self._field[-1] += child.text or ""
                case _ if self._is_hidden_field:
                    continue
                case "t":
                    yield _span(child.text or "", given, link)
                case "noBreakHyphen":
                    yield _span("\u2011", given, link)
                case "sym":
                    yield _span(_symbol(child), given, link)
                case "tab" | "ptab":
                    yield Tab()
                case "br" if child.get(f"{W}type") == "page":
                    yield None
                case "br" if child.get(f"{W}type") == "column":
                    yield _COLUMN
                case "br" | "cr":
                    yield Break()
                case "drawing" | "pict" | "object":
                    yield from self._pictures(child)
                case "footnoteReference" | "endnoteReference":
                    yield from self._footnote(f"{local(child).removesuffix('Reference')}s{child.get(f'{W}id', '')}")

    @property
    def _is_hidden_field(self) -> bool:
        """Whether this is a field's instruction, or the stored result of one that is computed here."""
        return any(field.startswith(("?", "=")) for field in self._field)

    def _field_mark(self, mark: str) -> Iterator[Inline]:
        match mark:
            case "begin":
                self._field.append("?")
            case "separate" if self._field:
                number = _page_number(self._field[-1])
                self._field[-1] = "=" if number else ""
                if number:
                    yield number
            case "end" if self._field:
                number = _page_number(self._field.pop())
                if number:
                    yield number

    def _footnote(self, key: str) -> Iterator[Inline]:
        note = self._footnotes.get(key)
        if note is not None:
            paragraphs = [block for block in self._blocks(note) if isinstance(block, Paragraph)]
            inlines: list[Inline] = []
            for paragraph in paragraphs:
                inlines += ([Break()] if inlines else []) + [
                    inline for inline in paragraph.inlines if not isinstance(inline, Footnote)
                ]
            yield Footnote(inlines)

    def _pictures(self, element: Any) -> Iterator[Inline]:
        described = element.find(f".//{_WP}docPr")
        alternative = "" if described is None else described.get("descr") or described.get("title") or ""
        extent = element.find(f".//{_WP}extent")
        width = height = None
        if extent is not None:
            width, height = (float(extent.get(name, "0")) / _EMU_PER_POINT or None for name in ("cx", "cy"))
        references = [blip.get(f"{_R}embed") for blip in element.iter(f"{_A}blip")]
        references += [shape.get(f"{_R}id") for shape in element.iter(f"{_V}imagedata")]
        for reference in references:
            member = self._part.member(reference or "")
            if member is not None:
                yield Picture(self._archive.read(member), width, height, alternative)
        for box in element.iter(f"{W}txbxContent"):
            for block in self._blocks(box):
                if isinstance(block, Paragraph):
                    yield Break()
                    yield from block.inlines


def _through(container: Any) -> Iterator[Any]:
    """The children, with those of wrappers that mean nothing here in their place, and one of several alternatives."""
    for child in container:
        if not isinstance(child.tag, str):
            continue
        name = local(child)
        if name in _THROUGH:
            yield from _through(child)
        elif child.tag == f"{_MC}AlternateContent":
            choices = [option for option in child if local(option) in ("Choice", "Fallback")]
            if choices:
                yield from _through(choices[0])
        else:
            yield child


def _style_list(styles: Styles, own: Properties) -> Properties:
    """The list that a paragraph's style says it belongs to."""
    return styles.listed(own.get("pStyle", {}).get("val", ""))


def _span(text: str, given: Properties, link: str) -> Span:
    color = given.get("color", {}).get("val", "")
    shade = given.get("highlight", {}).get("val", "")
    vertical = given.get("vertAlign", {}).get("val", "")
    if is_on(given, "caps"):
        text = text.upper()
    return Span(
        text,
        is_bold=is_on(given, "b"),
        is_italic=is_on(given, "i"),
        is_underlined=is_on(given, "u"),
        is_struck=is_on(given, "strike") or is_on(given, "dstrike"),
        position="super" if vertical == "superscript" else "sub" if vertical == "subscript" else "",
        size=_size(given),
        color=color if _is_color(color) and color != "000000" else "",
        highlight=_HIGHLIGHTS.get(shade, "ffff00" if shade and shade != "none" else ""),
        font=_font(given),
        link=link,
    )


def _stops(given: Properties) -> tuple[Stop, ...]:
    found = [
        Stop(points(place), _STOPS[stop["val"]], _LEADERS.get(stop.get("leader", ""), ""))
        for place, stop in given.get("tabs", {}).items()
        if stop.get("val") in _STOPS
    ]
    return tuple(sorted(found[:MOST_STOPS], key=lambda stop: stop.at))


def _edges(given: Properties, name: str) -> frozenset[Side]:
    return frozenset(side for side in _SIDES if is_on(given.get(name, {}), side))


def _size(given: Properties) -> float | None:
    written = given.get("sz", {}).get("val", "")
    try:
        return min(max(float(written) / 2, 1.0), 400.0)
    except ValueError:
        return None


def _font(given: Properties) -> str:
    fonts = given.get("rFonts", {})
    return str(fonts.get("ascii") or fonts.get("hAnsi") or ("Calibri" if "asciiTheme" in fonts else ""))


def _is_color(text: str) -> bool:
    return len(text) == 6 and all(letter in "0123456789abcdefABCDEF" for letter in text)


def _symbol(element: Any) -> str:
    try:
        code = int(element.get(f"{W}char", ""), 16)
    except ValueError:
        return ""
    named = {0xF0FE: "☒", 0xF0A8: "☐", 0xF06F: "☐", 0xF0FC: "✓", 0xF0FD: "☒", 0xF0B7: "•", 0xF0A7: "▪"}
    return named.get(code, chr(code) if code < 0xD800 else "▪")


def _page_number(instruction: str) -> PageNumber | None:
    words = instruction.lstrip("?").split()
    match words[0].upper() if words else "":
        case "PAGE":
            return PageNumber()
        case "NUMPAGES" | "SECTIONPAGES":
            return PageNumber(is_total=True)
    return None


def _has_lines(table: Any, styles: Styles) -> bool:
    own = table.find(f"{W}tblPr/{W}tblBorders")
    if own is not None:
        return any(is_on(properties_of(own), side) for side in ("insideH", "insideV", "top", "left"))
    style = table.find(f"{W}tblPr/{W}tblStyle")
    return styles.has_table_lines("" if style is None else style.get(f"{W}val", ""))
