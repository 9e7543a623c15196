"""Write a document as a Word file, by python-docx, perhaps in the styles of a file of the author's."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from shared.interview.documents.archives import checked_word_file
from shared.interview.documents.docx_contents import Headings, write_contents
from shared.interview.documents.docx_numbering import fresh_numbering, has_numbering
from shared.interview.documents.errors import DocumentUnreadable
from shared.interview.documents.markdown_outline import Entry, outline
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

if TYPE_CHECKING:
    from docx.document import Document

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")
_FONT = "Times New Roman"
_PAPER = {"us-letter": (612.0, 792.0), "a4": (595.3, 841.9), "us-legal": (612.0, 1008.0), "a5": (419.5, 595.3)}
_LIST_STEP = 18.0
_EXCHANGED = {"left": "right", "right": "left"}
_MOST_LEVELS = 3
"""Levels of lists that Word's built-in styles know."""


def write_docx(
    blocks: Sequence[Block],
    manner: Manner,
    target: Path,
    *,
    reference: Path | None = None,
    left_out: LeftOut | None = None,
) -> None:
    """Write a Word file. With `reference` its styles, headers, footers and page are taken, and `manner` only for the
    text. Raises DocumentUnreadable, DocumentTooLarge for a reference that is no Word file; TypesettingFailed.
    """
    import docx
    from docx.opc.exceptions import PackageNotFoundError
    from lxml.etree import XMLSyntaxError

    if reference is not None:
        checked_word_file(reference)
    try:
        document = docx.Document(str(reference) if reference is not None else None)
    except (PackageNotFoundError, KeyError, ValueError, XMLSyntaxError) as error:
        raise DocumentUnreadable(reference.name if reference else "", "DOCX", str(error)) from error
    if reference is not None:
        body = document.element.body
        for element in list(body):
            if not element.tag.endswith("}sectPr"):
                body.remove(element)
    writer = DocxWriter(document, manner, left_out=left_out)
    if reference is None:
        writer.dress()
    if manner.has_contents or manner.numbers_sections:
        writer.outline(outline(blocks, manner))
    writer.blocks(blocks, document)
    writer.notes()
    document.save(str(target))


class DocxWriter:
    """Appends blocks to a Word file. `is_within` a template, paragraphs look as its styles say."""

    def __init__(
        self,
        document: Document,
        manner: Manner,
        *,
        is_within: bool = False,
        hyperlink_style: str = "",
        left_out: LeftOut | None = None,
    ) -> None:
        self._document, self._manner, self._left_out = document, manner, left_out
        self._is_within, self._hyperlink_style = is_within, hyperlink_style
        self._lines, self._indents, self._margin = manner.line_spacing, manner.indents_first_line, 0.0
        self._notes: list[Note] = []
        self._headings: Headings | None = None
        self._room = 468.0
        """Width of a line, in points."""

    def dress(self) -> None:
        """Page, letters, header and footer of a file that has none yet."""
        from docx.enum.section import WD_ORIENT
        from docx.shared import Pt

        manner, document = self._manner, self._document
        section = document.sections[0]
        width, height = _PAPER[manner.paper]
        if manner.is_landscape:
            width, height = height, width
            section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = Pt(width), Pt(height)
        section.top_margin, section.bottom_margin = Pt(manner.top), Pt(manner.bottom)
        section.left_margin, section.right_margin = Pt(manner.left), Pt(manner.right)
        self._room = width - manner.left - manner.right
        style = document.styles["Normal"]
        style.font.name, style.font.size = manner.font or _FONT, Pt(manner.font_size)
        if manner.begins_right:
            _write_from_the_right(style)
        for level in range(1, 7):
            heading = document.styles[f"Heading {level}"]
            heading.font.name, heading.font.bold = manner.font or _FONT, True
            heading.font.size = Pt(manner.font_size * {1: 1.25, 2: 1.1}.get(level, 1.0))
            heading.font.color.rgb = None
            _theme_off(heading)
        properties = document.core_properties
        properties.title, properties.author, properties.comments = manner.title, manner.author, ""
        differs = manner.first_header is not None or manner.first_footer is not None
        section.different_first_page_header_footer = differs
        self._running(section.header, manner.header)
        self._running(section.footer, manner.footer)
        if differs:
            first_header = manner.header if manner.first_header is None else manner.first_header
            first_footer = manner.footer if manner.first_footer is None else manner.first_footer
            self._running(section.first_page_header, first_header)
            self._running(section.first_page_footer, first_footer)

    def _running(self, place: Any, parts: Running) -> None:
        from docx.enum.text import WD_TAB_ALIGNMENT
        from docx.shared import Pt

        if not parts:
            return
        paragraph = place.paragraphs[0]
        stops = paragraph.paragraph_format.tab_stops
        stops.clear_all()
        stops.add_tab_stop(Pt(self._room / 2), WD_TAB_ALIGNMENT.CENTER)
        stops.add_tab_stop(Pt(self._room), WD_TAB_ALIGNMENT.RIGHT)
        columns = [_lines(getattr(parts, name)) for name in ("left", "center", "right")]
        if self._manner.begins_right:
            columns.reverse()
        for line in range(max(map(len, columns))):
            if line:
                paragraph.add_run().add_break()
            for place_in_line, column in enumerate(columns):
                if place_in_line:
                    paragraph.add_run("\t")
                if line < len(column):
                    self._inlines(column[line], paragraph, {})

    def outline(self, entries: Sequence[Entry]) -> None:
        """Number the headings that are to follow, and list them here, as the manner wants it."""
        manner = self._manner
        self._headings = Headings(self._document, entries, has_contents=manner.has_contents)
        if manner.has_contents and entries:
            write_contents(
                self._document, entries, language=manner.language, width=self._room, font_size=manner.font_size
            )

    # Blocks
    def blocks(self, blocks: Iterable[Block], where: Any, *, depth: int = 0, style: str | None = None) -> None:
        """Append blocks to the document or a cell."""
        for block in blocks:
            self._block(block, where, depth, style)

    def _block(self, block: Block, where: Any, depth: int, style: str | None) -> None:
        match block:
            case Paragraph(inlines, layout):
                self._paragraph(inlines, layout, where, style)
            case Heading(level, inlines):
                style_name = self._style(f"Heading {level}")
                looks = {} if style_name else {"bold": True}
                paragraph = where.add_paragraph(style=style_name)
                if self._headings is not None and (sign := self._headings.begin(paragraph)):
                    self._inlines((Words(sign), *inlines), paragraph, looks)
                else:
                    self._inlines(inlines, paragraph, looks)
            case Listing():
                self._listing(block, where, depth)
            case Quote(inner):
                with self._as(lines=min(1.0, self._lines), indents=False, margin=self._margin + 36.0):
                    self.blocks(inner, where, style=self._style("Quote"))
            case Table():
                self._table(block, where)
            case Code(text):
                paragraph = where.add_paragraph()
                self._format(paragraph, Layout(left=12.0, indents_first_line=False), lines=1.0)
                for number, line in enumerate(text.split("\n")):
                    run = paragraph.add_run()
                    if number:
                        run.add_break()
                    run.add_text(_clean(line.replace(" ", "\u00a0")))
                    run.font.name = "Courier New"
            case Rule():
                _edge(self._blank(where), ("bottom",))
            case PageBreak():
                self._page_break(where)
            case EmptyLine():
                self._blank(where)
            case SideBySide(left, right, is_caption):
                self._sides(left, right, where, is_caption=is_caption)
            case Spacing(lines):
                self._lines = lines
            case Indentation(is_on):
                self._indents = is_on
            case Margin(points):
                self._margin = points
            case _ as unknown:
                assert_never(unknown)

    def _blank(self, where: Any) -> Any:
        paragraph = where.add_paragraph()
        self._format(paragraph, Layout(indents_first_line=False), lines=1.0)
        return paragraph

    def _page_break(self, where: Any) -> None:
        from docx.enum.text import WD_BREAK

        paragraph = where.paragraphs[-1] if where.paragraphs else where.add_paragraph()
        paragraph.add_run().add_break(WD_BREAK.PAGE)

    def _paragraph(self, inlines: tuple[Inline, ...], layout: Layout, where: Any, style: str | None) -> None:
        paragraph = where.add_paragraph(style=style)
        self._format(paragraph, layout)
        self._inlines(inlines, paragraph, {"bold": True} if layout.is_bold else {})
        if layout.has_border:
            _edge(paragraph, ("top", "left", "bottom", "right"))

    def _format(self, paragraph: Any, layout: Layout, lines: float | None = None) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Pt

        made = paragraph.paragraph_format
        indented = self._indents if layout.indents_first_line is None else layout.indents_first_line
        if self._is_within:
            indented = False
        else:
            lines = self._lines if lines is None else lines
            made.line_spacing = max(1.0, lines)
            made.space_after = Pt(self._manner.font_size if 0 < lines < 1.9 else 0)
            made.space_before = Pt(0)
        if indented and layout.alignment not in ("center", "right"):
            made.first_line_indent = Pt(self._manner.first_line)
        if layout.left or self._margin:
            made.left_indent = Pt(layout.left + self._margin)
        if layout.right:
            made.right_indent = Pt(layout.right)
        if layout.alignment:
            made.alignment = getattr(WD_ALIGN_PARAGRAPH, self._side(layout.alignment).upper())

    def _side(self, alignment: str) -> str:
        """What Word calls a side of the paper: paragraphs from the right have left and right exchanged (§17.18.44)."""
        if not self._manner.begins_right or alignment not in _EXCHANGED:
            return alignment
        return _EXCHANGED[alignment]

    def _listing(self, block: Listing, where: Any, depth: int) -> None:
        from docx.shared import Pt

        kind = "List Bullet" if block.numbering is None else "List Number"
        level = min(depth, _MOST_LEVELS - 1)
        name = self._style(kind if not level else f"{kind} {level + 1}") if has_numbering(self._document) else None
        number = None if block.numbering is None else fresh_numbering(self._document, name, block.numbering)
        lines = min(1.0, self._lines) if block.is_tight else self._lines
        paragraph: Any = None
        for place, item in enumerate(block.items):
            is_first = True
            for inner in item:
                if isinstance(inner, Paragraph):
                    paragraph = where.add_paragraph(style=name if is_first else None)
                    if is_first and name is None:
                        paragraph.add_run(f"{block.label(place)}\t")
                        paragraph.paragraph_format.left_indent = Pt(_LIST_STEP * (level + 1))
                        paragraph.paragraph_format.first_line_indent = Pt(-_LIST_STEP)
                    self._inlines(inner.inlines, paragraph, {})
                    if not self._is_within:
                        paragraph.paragraph_format.line_spacing = max(1.0, lines)
                        paragraph.paragraph_format.space_after = Pt(0 if block.is_tight else self._manner.font_size / 2)
                    if not is_first:
                        paragraph.paragraph_format.left_indent = Pt(_LIST_STEP * (level + 1))
                    elif number is not None:
                        properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
                        properties.get_or_add_ilvl().val = 0
                        properties.get_or_add_numId().val = number
                    is_first = False
                else:
                    self._block(inner, where, depth + 1, None)
        ends_in_words = bool(block.items[-1]) and isinstance(block.items[-1][-1], Paragraph)
        if ends_in_words and not depth and not self._is_within:
            paragraph.paragraph_format.space_after = Pt(self._manner.font_size / 2)  # what follows stands apart

    def _table(self, block: Table, where: Any) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Pt

        columns = len(block.alignments)
        if not columns or not block.rows:
            return
        table = _new_table(where, len(block.rows), columns, self._room)
        style = self._style("Table Grid")
        if style is not None:
            table.style = style
        for number, row in enumerate(block.rows):
            for place, cell in enumerate(row[:columns]):
                paragraph = table.cell(number, place).paragraphs[0]
                paragraph.paragraph_format.space_after = Pt(0)
                self._inlines(cell, paragraph, {"bold": True} if number < block.head_rows else {})
                if block.alignments[place]:
                    paragraph.alignment = getattr(WD_ALIGN_PARAGRAPH, self._side(block.alignments[place]).upper())
        self._blank(where)

    def _sides(self, left: Sequence[Block], right: Sequence[Block], where: Any, *, is_caption: bool) -> None:
        table = _new_table(where, 1, 2, self._room)
        with self._as(lines=min(1.0, self._lines), indents=False, margin=0.0):
            for place, blocks in enumerate((left, right)):
                cell = table.cell(0, place)
                self.blocks(blocks, cell)
                first = cell.paragraphs[0]
                if len(cell.paragraphs) > 1 and not first.runs:
                    first._p.getparent().remove(first._p)
        if is_caption:
            _cell_edges(table.cell(0, 0), ("right", "bottom"))
        self._blank(where)

    @contextmanager
    def _as(self, *, lines: float, indents: bool, margin: float) -> Iterator[None]:
        before = self._lines, self._indents, self._margin
        self._lines, self._indents, self._margin = lines, indents, margin
        try:
            yield
        finally:
            self._lines, self._indents, self._margin = before

    def _style(self, name: str) -> str | None:
        return name if name in {style.name for style in self._document.styles} else None

    # Within paragraphs
    def inlines(self, inlines: Iterable[Inline], paragraph: Any) -> None:
        """Append to a paragraph."""
        self._inlines(inlines, paragraph, {})

    def _inlines(self, inlines: Iterable[Inline], paragraph: Any, looks: dict[str, Any]) -> None:
        for inline in inlines:
            self._inline(inline, paragraph, looks)

    def _inline(self, inline: Inline, paragraph: Any, looks: dict[str, Any]) -> None:
        match inline:
            case Words(text):
                _run(paragraph, looks).add_text(_clean(text))
            case Styled(kind, inner):
                self._inlines(inner, paragraph, {**looks, **_LOOKS[kind]})
            case Link(url, inner):
                self._link(url, inner, paragraph, looks)
            case Picture():
                self._picture(inline, paragraph, looks)
            case Mark("break"):
                _run(paragraph, looks).add_break()
            case Mark("tab"):
                _run(paragraph, looks).add_tab()
            case Mark("page number"):
                _field(paragraph, "PAGE", looks)
            case Mark("page total"):
                _field(paragraph, "NUMPAGES", looks)
            case Mark("section number"):
                _field(paragraph, "SECTION", looks)
            case Mark("checkbox"):
                _run(paragraph, looks).add_text("____")
            case Mark():
                _run(paragraph, looks).add_text("_" * 25)
            case Note():
                self._notes.append(inline)
                _run(paragraph, {**looks, "superscript": True}).add_text(str(len(self._notes)))
            case _ as unknown:
                assert_never(unknown)

    def _link(self, url: str, inner: tuple[Inline, ...], paragraph: Any, looks: dict[str, Any]) -> None:
        from docx.opc.constants import RELATIONSHIP_TYPE
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        if not re.match(r"(?:https?|mailto|tel|ftp):", url, re.IGNORECASE):
            self._inlines(inner, paragraph, {**looks, "underline": True})
            return
        number = paragraph.part.relate_to(url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        place = len(paragraph._p)
        style = self._style(self._hyperlink_style or "Hyperlink")
        dressed = {"style": style} if style else {"underline": True, "color": "0563C1"}
        self._inlines(inner, paragraph, {**looks, **dressed})
        link = OxmlElement("w:hyperlink")
        link.set(qn("r:id"), number)
        for element in list(paragraph._p)[place:]:
            link.append(element)
        paragraph._p.append(link)

    def _picture(self, picture: Picture, paragraph: Any, looks: dict[str, Any]) -> None:
        from docx.shared import Pt

        made = for_word(picture.path)
        if made is None:
            if self._left_out is not None:
                self._left_out(picture.path)
            _run(paragraph, looks).add_text(_clean(picture.alternative or picture.path.name))
            return
        shape = paragraph.add_run().add_picture(io.BytesIO(made[0]))
        size = pixels(made[0])
        if picture.width is not None:
            wanted = Pt(self._room * picture.width if picture.is_share else picture.width)
        else:
            wanted = Pt(min(natural_width(made[0], size[0]) if size else self._room, self._room))
        if shape.width:
            shape.height, shape.width = int(shape.height * wanted / shape.width), wanted
        if picture.alternative:
            shape._inline.docPr.set("descr", _clean(picture.alternative))

    def notes(self) -> None:
        """Footnotes, at the end of the document: python-docx can make none."""
        if not self._notes:
            return
        _edge(self._blank(self._document), ("bottom",))
        for number, note in enumerate(self._notes, 1):
            paragraph = self._document.add_paragraph()
            self._format(paragraph, Layout(indents_first_line=False), lines=1.0)
            _run(paragraph, {"superscript": True}).add_text(f"{number} ")
            self._note(note, paragraph)

    def notes_within(self, paragraph: Any) -> None:
        """Footnotes, in brackets behind the words: where these stand there is no room for paragraphs."""
        for number, note in enumerate(self._notes, 1):
            _run(paragraph, {}).add_text(f" [{number} ")
            self._note(note, paragraph)
            _run(paragraph, {}).add_text("]")

    def _note(self, note: Note, paragraph: Any) -> None:
        for block in note.blocks:
            if isinstance(block, (Paragraph, Heading)):
                self._inlines(block.inlines, paragraph, {})


_LOOKS: dict[str, dict[str, Any]] = {
    "strong": {"bold": True},
    "emphasis": {"italic": True},
    "strike": {"strike": True},
    "super": {"superscript": True},
    "sub": {"subscript": True},
    "underline": {"underline": True},
    "code": {"name": "Courier New"},
}


def _run(paragraph: Any, looks: dict[str, Any]) -> Any:
    run = paragraph.add_run()
    for look, value in looks.items():
        if look == "color":
            from docx.shared import RGBColor

            run.font.color.rgb = RGBColor.from_string(value)
        elif look == "style":
            run.style = value
        else:
            setattr(run.font, look, value)
    return run


def _field(paragraph: Any, code: str, looks: dict[str, Any]) -> None:
    """A field that Word works out."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for kind in ("begin", "", "separate", "text", "end"):
        run = _run(paragraph, looks)
        if kind == "text":
            run.add_text("1")
        elif kind:
            element = OxmlElement("w:fldChar")
            element.set(qn("w:fldCharType"), kind)
            run._r.append(element)
        else:
            element = OxmlElement("w:instrText")
            element.set(qn("xml:space"), "preserve")
            element.text = f" {code} "
            run._r.append(element)


def _write_from_the_right(style: Any) -> None:
    """Paragraphs of a style begin at the right margin; all others are based on `Normal`."""
    from docx.oxml import OxmlElement

    style.element.get_or_add_pPr().insert_element_before(
        OxmlElement("w:bidi"), "w:adjustRightInd", "w:snapToGrid", "w:spacing", "w:ind", "w:jc", "w:outlineLvl"
    )


def _edge(paragraph: Any, sides: Iterable[str]) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    borders = OxmlElement("w:pBdr")
    for side in sides:
        edge = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", "4"), ("space", "4"), ("color", "auto")):
            edge.set(qn(f"w:{name}"), value)
        borders.append(edge)
    properties = paragraph._p.get_or_add_pPr()
    properties.insert_element_before(
        borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr", "w:sectPr"
    )


def _cell_edges(cell: Any, sides: Iterable[str]) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    borders = OxmlElement("w:tcBorders")
    for side in sides:
        edge = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", "4"), ("space", "0"), ("color", "auto")):
            edge.set(qn(f"w:{name}"), value)
        borders.append(edge)
    cell._tc.get_or_add_tcPr().append(borders)


def _new_table(where: Any, rows: int, columns: int, room: float) -> Any:
    from docx.document import Document as DocumentClass
    from docx.shared import Pt

    if isinstance(where, DocumentClass):
        # A part of another document has no pages of its own whose width could count.
        return where.add_table(rows, columns) if len(where.sections) else where._body.add_table(rows, columns, Pt(room))
    return (
        where.add_table(rows, columns)
        if where.__class__.__name__ == "_Cell"
        else where.add_table(rows, columns, Pt(room))
    )


def _theme_off(style: Any) -> None:
    """Let the font that was chosen count, not the theme's."""
    from docx.oxml.ns import qn

    fonts = style.element.rPr.rFonts
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{name}"), None)
    fonts.set(qn("w:hAnsi"), fonts.get(qn("w:ascii")))


def _lines(inlines: tuple[Inline, ...]) -> list[tuple[Inline, ...]]:
    """The lines of a header, cut at its breaks."""
    found: list[list[Inline]] = [[]]
    for inline in inlines:
        if inline == Mark("break"):
            found.append([])
        else:
            found[-1].append(inline)
    return [tuple(line) for line in found]


def _clean(text: str) -> str:
    return _CONTROLS.sub("", text)
