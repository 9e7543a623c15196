"""The plain rendition: a document's words, lists, tables and pictures set as PDF by Typst, without its finer layout."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import assert_never

from shared.interview.documents.errors import DocumentTooLarge
from shared.interview.documents.layout import (
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
    Rule,
    Section,
    Side,
    Span,
    Stop,
    Tab,
    Table,
)
from shared.interview.documents.pictures import printable
from shared.interview.documents.typesetting import fonts_like, quoted, typeset

MARK = "plain rendition"
"""Among the keywords of every PDF made this way."""
_NOTE = "Simplified layout"
_MOST_TABS = 200
"""On one line: where each jumps to has to be worked out."""
_LEADING = 0.5
_FUNCTIONS = """
#let tabbed(start, stops, ..pieces) = context {
  let x = start
  for (place, piece) in pieces.pos().enumerate() {
    let width = measure(piece).width
    if place > 0 {
      let next = stops.find(stop => stop.first() > x + 0.5pt)
      let (at, share, leader) = if next != none { next } else { ((calc.floor(x / 36pt + 0.01) + 1) * 36pt, 0, "") }
      let gap = calc.max(at - x - share * width, 2pt)
      if leader == "" { h(gap) } else { box(width: gap, repeat(leader)) }
      x += gap
    }
    piece
    x += width
  }
}
#let balanced(count, gutter, body) = layout(room => {
  let height = measure(body, width: (room.width - gutter * (count - 1)) / count).height
  block(height: height / count + 1em, columns(count, gutter: gutter, body))
})
"""
"""`tabbed`: the pieces of a line between its tabs, at `stops` (where, share, leader), from `start`. `balanced`: columns
that end at the same height."""
_BETWEEN = 0.6
"""Room between paragraphs that ask for none, in ems: lines are counted from their baselines."""
MOST_SOURCE_BYTES = 6 * 1024**2
"""What takes some twenty seconds to set, on a machine with nothing else to do."""


def rendered(document: Document, *, name: str, is_marked: bool = True, standards: Sequence[str] = ()) -> bytes:
    """The PDF of a document. `is_marked`: it says that it is a plain rendition, in its data and in small at the foot.

    Raises TypesettingFailed.
    """
    if standards and not document.title:
        document = replace(document, title=PurePath(name).stem or "Document")  # PDF/UA wants one
    with tempfile.TemporaryDirectory(prefix="set-") as folder:
        source = _Setter(Path(folder), document, is_marked=is_marked).source()
        if len(source) > MOST_SOURCE_BYTES:
            raise DocumentTooLarge(name, "it has too many words to be set as PDF here")
        return typeset(source, Path(folder), standards=standards, name=name)


class _Setter:
    """Writes the source of one document, and its pictures beside it."""

    def __init__(self, folder: Path, document: Document, *, is_marked: bool) -> None:
        self._folder, self._document, self._is_marked = folder, document, is_marked
        self._pictures: dict[bytes, str | None] = {}
        self._width = 0.0
        self._is_in_table = self._is_contained = False

    def source(self) -> str:
        document = self._document
        keywords = f"({quoted(MARK)},)" if self._is_marked else "()"
        author = f"({quoted(document.author)},)" if document.author else "()"
        language = document.language.partition("-")[0].lower()
        head = [
            f"#set document(title: {quoted(document.title)}, author: {author}, keywords: {keywords})",
            f"#set text(font: {fonts_like(document.font)}, size: {document.size:g}pt, "
            f"lang: {quoted(language if language.isalpha() and len(language) in (2, 3) else 'en')})",
            f"#set par(leading: {_LEADING}em, spacing: 0.5em)",
            "#set table(inset: 4pt)",
            _FUNCTIONS,
            '#show heading: set text(size: 1em, weight: "regular")',
            "#show heading: set block(above: 0pt, below: 0pt)",
        ]
        return "\n".join(head + [self._section(section, index) for index, section in enumerate(document.sections)])

    def _section(self, section: Section, index: int) -> str:
        page = section.page
        self._width = max(page.width - page.left - page.right, 36.0)
        opening = self._paper(section, page) if index == 0 or section.begins_page else ""
        if section.columns < 2:
            return opening + "\n" + self._blocks(section.blocks)
        gutter = min(section.gutter, self._width / section.columns / 2)
        self._width = (self._width - gutter * (section.columns - 1)) / section.columns
        self._is_contained = True
        blocks = self._blocks(section.blocks)
        self._is_contained = False
        has_breaks = any(isinstance(block, Paragraph) and block.in_new_column for block in section.blocks)
        if section.begins_page or has_breaks:
            return f"{opening}\n#columns({section.columns}, gutter: {gutter:g}pt)[{blocks}]"
        return f"{opening}\n#balanced({section.columns}, {gutter:g}pt)[{blocks}]"

    def _paper(self, section: Section, page: Page) -> str:
        def varied(usual: list[Block], first: list[Block] | None) -> str:
            if first is None:
                return f"[{self._blocks(usual)}]" if usual else "none"
            # A header comes before what its page begins with: only numbers of pages tell which section it is of.
            starts = "query(<section-start>).map(it => it.location().page()).filter(page => page <= here().page())"
            is_first = f"here().page() == calc.max(0, ..{starts})"
            return f"context if {is_first} {{ [{self._blocks(first)}] }} else {{ [{self._blocks(usual)}] }}"

        footer = varied(section.footer, section.first_footer)
        if self._is_marked:
            small = f"align(right, text(size: 6pt, fill: luma(130), {quoted(_NOTE)}))"
            footer = small if footer == "none" else f"stack(spacing: 3pt, {footer}, {small})"
        margins = f"(top: {page.top:g}pt, bottom: {page.bottom:g}pt, left: {page.left:g}pt, right: {page.right:g}pt)"
        has_start = section.first_header is not None or section.first_footer is not None
        return (
            f"#set page(width: {page.width:g}pt, height: {page.height:g}pt, margin: {margins}, "
            f"header: {varied(section.header, section.first_header)}, footer: {footer})"
            + ("\n#metadata(none) <section-start>" if has_start else "")
        )

    def _blocks(self, blocks: Iterable[Block]) -> str:
        return "\n".join(self._block(block) for block in blocks)

    def _block(self, block: Block) -> str:
        match block:
            case Paragraph():
                return self._paragraph(block)
            case Table():
                return self._table(block)
            case Rule():
                return "#line(length: 100%, stroke: 0.5pt)"
            case _:
                assert_never(block)

    def _paragraph(self, paragraph: Paragraph) -> str:
        content = self._lines(paragraph)
        breaks = ""
        if not self._is_in_table and (paragraph.on_new_page or paragraph.in_new_column):
            breaks = "#colbreak()\n" if self._is_contained or paragraph.in_new_column else "#pagebreak(weak: true)\n"
        if not content.strip():
            content = "~"
        sizes = {inline.size for inline in paragraph.inlines if isinstance(inline, Span)}
        size = sizes.pop() if len(sizes) == 1 else None
        settings = ", ".join(self._settings(paragraph))
        body = f"#set par({settings})\n{content}" if settings else content
        if "indent" in settings and not paragraph.heading:
            body = f"#par({settings})[{content}]"  # where there is no more than one, it has to be said that it is one
        if paragraph.alignment in ("center", "right") or (paragraph.begins_right and paragraph.alignment == "left"):
            body = f"#set align({paragraph.alignment})\n{body}"
        if size and size != self._document.size:
            body = f"#set text(size: {size:g}pt)\n{body}"
        if paragraph.heading:
            body = f"#heading(level: {paragraph.heading})[{body}]"
        near, far = _near_and_far(paragraph)
        near = min(max(near + min(paragraph.first, 0), 0), self._width * 0.8)
        if paragraph.label:
            gap = self._gap(paragraph.label, max(-paragraph.first, 14))
            look = next((inline for inline in paragraph.inlines if isinstance(inline, Span)), Span(""))
            label = _span(replace(look if paragraph.heading else Span(""), text=paragraph.label), self._document)
            body = f"#list(marker: [{label}], body-indent: {gap:g}pt)[{body}]"
        if near or far:
            left, right = (far, near) if paragraph.begins_right else (near, far)
            body = f"#pad(left: {max(left, 0):g}pt, right: {max(right, 0):g}pt)[{body}]"
        if paragraph.begins_right:
            body = f"#set text(dir: rtl)\n{body}"
        inset = ", inset: (left: 12pt), stroke: (left: 2pt + luma(200))" if paragraph.is_quote else ""
        if paragraph.edges:
            inset = f", inset: 3pt, stroke: {_strokes(paragraph.edges)}"
        below = f"{_BETWEEN}em + {max(paragraph.after, 0):g}pt"
        higher = max(paragraph.line_height - 1, 0) * 1.15
        above = f"{_BETWEEN + higher:g}em + {max(paragraph.before, 0):g}pt"
        sticky = ", sticky: true" if paragraph.heading else ""
        return f"{breaks}#block(width: 100%, above: {above}, below: {below}{inset}{sticky})[{body}]"

    def _lines(self, paragraph: Paragraph) -> str:
        """What stands in it; in lines with tabs, each at its stop. Who hangs has one where the others begin."""
        elsewhere = ("center", "left" if paragraph.begins_right else "right")
        if paragraph.alignment in elsewhere or not any(isinstance(one, Tab) for one in paragraph.inlines):
            return self._inlines(paragraph.inlines)
        near, far = _near_and_far(paragraph)
        hanging = [Stop(near)] if paragraph.first < 0 else []
        # What ends beyond the margin would not fit the line, and be broken.
        room = float("inf") if self._is_in_table else self._width - max(far, 0)
        stops = "".join(
            f"({min(stop.at, room) if stop.share else stop.at:g}pt, {stop.share:g}, {quoted(stop.leader)}), "
            for stop in sorted([*paragraph.stops, *hanging], key=lambda stop: stop.at)
        )
        lines, start = [], near + (0 if paragraph.label else paragraph.first)
        for line in _cut(paragraph.inlines, Break):
            pieces = [f"[{self._inlines(piece)}]" for piece in _cut(line, Tab)]
            is_tabbed = 1 < len(pieces) <= _MOST_TABS
            tabbed = f"#tabbed({start:g}pt, ({stops}), {', '.join(pieces)})"
            lines.append(tabbed if is_tabbed else self._inlines(line))
            start = near
        return "#linebreak()".join(lines)

    def _gap(self, label: str, hang: float) -> float:
        """What is between the label and the text, so that the text begins where it hangs."""
        return max(hang - len(label) * self._document.size * 0.5, 4)

    def _settings(self, paragraph: Paragraph) -> list[str]:
        """How its lines are set where that differs from the whole document: every setting costs time."""
        settings = []
        if abs(paragraph.line_height - 1) > 0.01:
            settings.append(f"leading: {max(0.3, _LEADING + (paragraph.line_height - 1) * 1.15):g}em")
        if paragraph.alignment == "justify":
            settings.append("justify: true")
        if paragraph.label or paragraph.alignment == "center":
            return settings
        if paragraph.first > 0:
            settings.append(f"first-line-indent: (amount: {min(paragraph.first, 200):g}pt, all: true)")
        elif paragraph.first < 0:
            settings.append(f"hanging-indent: {min(-paragraph.first, 200):g}pt")
        return settings

    def _inlines(self, inlines: Iterable[Inline]) -> str:
        return "".join(self._inline(inline) for inline in _joined(inlines))

    def _inline(self, inline: Inline) -> str:
        match inline:
            case Span():
                return _span(inline, self._document) if inline.text else ""
            case Break():
                return "#linebreak()"
            case Tab():
                return "#h(36pt)"
            case PageNumber(is_total=is_total):
                counted = "final().first()" if is_total else "get().first()"
                return f"#context str(counter(page).{counted})"
            case Picture():
                return self._picture(inline)
            case Footnote(inlines=inner):
                return f"#footnote[{self._inlines(inner)}]"
            case _:
                assert_never(inline)

    def _picture(self, picture: Picture) -> str:
        name = self._kept(picture.contents)
        if name is None:
            return "#" + quoted(f"[{picture.alternative or 'picture'}]")
        alternative = f", alt: {quoted(picture.alternative or 'picture')}"  # PDF/UA takes no empty one
        size = ""
        if picture.width:
            scale = min(1.0, self._width / picture.width)
            size = f", width: {picture.width * scale:g}pt"
            size += f', height: {picture.height * scale:g}pt, fit: "stretch"' if picture.height else ""
            return f"#box(image({quoted(name)}{size}{alternative}))"
        made = f"image({quoted(name)}{alternative}"
        return (
            f"#box(layout(room => {{ let it = {made}); "
            f"if measure(it).width > room.width {{ {made}, width: 100%) }} else {{ it }} }}))"
        )

    def _kept(self, contents: bytes) -> str | None:
        """The name of the picture's file; None when it is no picture the typesetter can show."""
        if contents not in self._pictures:
            fit = printable(contents)
            name = None
            if fit is not None:
                name = f"picture{len(self._pictures)}.{fit[1]}"
                (self._folder / name).write_bytes(fit[0])
            self._pictures[contents] = name
        return self._pictures[contents]

    def _table(self, table: Table) -> str:
        count = max((sum(cell.columns for cell in row) for row in table.rows), default=0)
        count = max(count, len(table.widths))
        if not count:
            return ""
        total = sum(table.widths)
        if len(table.widths) == count and total > 0:
            scale = min(1.0, self._width / total)
            columns = ", ".join(f"{max(width * scale, 4):g}pt" for width in table.widths)
        else:
            columns = ", ".join(["1fr"] * count)
        outer = self._width, self._is_in_table
        self._width, self._is_in_table = max(self._width / count, 36.0), True
        rows = ["".join(self._cell(cell) for cell in row) for row in table.rows]
        self._width, self._is_in_table = outer
        if 0 < table.headings < len(rows):
            rows[: table.headings] = [f"table.header({''.join(rows[: table.headings])}),"]
        stroke = "0.5pt" if table.has_lines else "none"
        return f"#table(columns: ({columns},), stroke: {stroke},\n" + "\n".join(rows) + "\n)"

    def _cell(self, cell: Cell) -> str:
        span = (f"colspan: {cell.columns}, " if cell.columns > 1 else "") + (
            f"rowspan: {cell.rows}, " if cell.rows > 1 else ""
        )
        fill = f"fill: rgb({quoted(cell.fill)}), " if cell.fill else ""
        stroke = f"stroke: {_strokes(cell.edges)}, " if cell.edges else ""
        return f"table.cell({span}{fill}{stroke})[{self._blocks(cell.blocks)}], "


def _cut(inlines: Iterable[Inline], mark: type[Break | Tab]) -> list[list[Inline]]:
    """The pieces between marks of that kind."""
    pieces: list[list[Inline]] = [[]]
    for inline in inlines:
        if isinstance(inline, mark):
            pieces.append([])
        else:
            pieces[-1].append(inline)
    return pieces


def _near_and_far(paragraph: Paragraph) -> tuple[float, float]:
    """Its indents: on the side where its lines begin, and on the other."""
    sides = paragraph.left, paragraph.right
    return sides[::-1] if paragraph.begins_right else sides


def _strokes(sides: Iterable[Side]) -> str:
    return f"({', '.join(f'{side}: 0.5pt' for side in sorted(sides))})"


def _joined(inlines: Iterable[Inline]) -> list[Inline]:
    """With neighbouring words of one look in one piece: office programs cut them at every turn."""
    made: list[Inline] = []
    for inline in inlines:
        last = made[-1] if made else None
        if isinstance(inline, Span) and isinstance(last, Span) and replace(last, text="") == replace(inline, text=""):
            made[-1] = replace(last, text=last.text + inline.text)
        else:
            made.append(inline)
    return made


def _span(span: Span, base: Document) -> str:
    made = f"raw({quoted(span.text)})" if span.is_code else quoted(span.text)
    looks = []
    if span.size and span.size != base.size:
        looks.append(f"size: {span.size:g}pt")
    if span.color:
        looks.append(f"fill: rgb({quoted(span.color)})")
    if span.font and span.font != base.font and not span.is_code:
        looks.append(f"font: {fonts_like(span.font)}")
    if span.is_bold:
        looks.append('weight: "bold"')
    if span.is_italic:
        looks.append('style: "italic"')
    if looks:
        made = f"text({', '.join(looks)}, {made})"
    if span.is_underlined:
        made = f"underline({made})"
    if span.is_struck:
        made = f"strike({made})"
    if span.highlight:
        made = f"highlight(fill: rgb({quoted(span.highlight)}), {made})"
    if span.position:
        made = f"{span.position}({made})"
    if span.link:
        made = f"link({quoted(span.link)}, {made})"
    return f"#{made}"
