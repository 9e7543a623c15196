"""HTML and Markdown as plain data, for PDFs of files that are uploaded or made. Nothing outside the file is fetched."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from shared.interview.documents.docx_styles import numbered
from shared.interview.documents.errors import DocumentTooLarge, DocumentUnreadable
from shared.interview.documents.layout import (
    Block,
    Break,
    Cell,
    Document,
    Inline,
    Paragraph,
    Picture,
    Rule,
    Section,
    Span,
    Table,
)

MOST_BYTES = 16 * 1024**2
_SKIPPED = frozenset({"script", "style", "head", "template", "noscript", "iframe", "object", "svg", "math", "select"})
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_HEADING_SIZES = {1: 20.0, 2: 16.0, 3: 14.0}
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "ul",
    ]
)
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_BULLETS = "•◦▪"
_INDENT = 24.0
_MOST_DEPTH = 60
_STEPS: dict[str, dict[str, Any]] = {
    "b": {"is_bold": True}, "strong": {"is_bold": True}, "th": {"is_bold": True},
    "i": {"is_italic": True}, "em": {"is_italic": True}, "cite": {"is_italic": True},
    "u": {"is_underlined": True}, "ins": {"is_underlined": True},
    "s": {"is_struck": True}, "del": {"is_struck": True}, "strike": {"is_struck": True},
    "code": {"is_code": True}, "kbd": {"is_code": True}, "samp": {"is_code": True},
    "sup": {"position": "super"}, "sub": {"position": "sub"}, "mark": {"highlight": "ffff00"},
}  # fmt: skip


def read_markdown(path: Path, *, name: str = "") -> Document:
    """A Markdown file. Raises DocumentUnreadable, DocumentTooLarge."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    return document_of_html(reader.render(_text(path, name, "Markdown")), name=name or path.name)


def read_html(path: Path, *, name: str = "") -> Document:
    """An HTML file. Raises DocumentUnreadable, DocumentTooLarge."""
    return document_of_html(_text(path, name, "HTML"), name=name or path.name)


def read_text(path: Path, *, name: str = "") -> Document:
    """A file of plain text. Raises DocumentUnreadable, DocumentTooLarge."""
    lines = _text(path, name, "text").replace("\f", "\n").expandtabs(8).splitlines()
    return Document([Section([Paragraph([Span(line)] if line.strip() else []) for line in lines])], size=11)


def document_of_html(text: str, *, name: str) -> Document:
    """The document of an HTML text. Raises DocumentUnreadable."""
    from lxml import etree, html

    if not text.strip():
        return Document([Section([])])
    try:
        tree = html.document_fromstring(text)
    except (etree.LxmlError, ValueError) as error:
        raise DocumentUnreadable(name, "HTML", str(error)) from error
    title = tree.findtext(".//title") or ""
    maker = _Maker()
    maker.walk(tree, Span(""))
    maker.finish()
    return Document([Section(maker.blocks)], title.strip(), language=str(tree.get("lang") or "en"), size=11)


def _text(path: Path, name: str, kind: str) -> str:
    contents = path.read_bytes()
    if len(contents) > MOST_BYTES:
        raise DocumentTooLarge(name or path.name, f"more than {MOST_BYTES // 1024**2} MB of {kind}")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return contents.decode(encoding)
        except UnicodeDecodeError:
            continue
    return contents.decode("utf-8", "replace")


class _Maker:
    """Goes through the elements and makes blocks of them."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._paragraph = Paragraph()
        self._left = 0.0
        self._lists = 0
        self._label = ""
        self._depth = 0

    def walk(self, element: Any, look: Span) -> None:
        """Take in an element and what is in it."""
        if not isinstance(element.tag, str) or element.tag in _SKIPPED or self._depth > _MOST_DEPTH:
            return
        self._depth += 1
        tag = element.tag.lower()
        look = replace(look, **_STEPS.get(tag, {}))
        if tag == "a":
            address = str(element.get("href") or "")
            look = replace(look, link=address) if address.startswith(("http://", "https://", "mailto:")) else look
        if tag in _BLOCKS:
            self._block(tag, element, look)
        elif tag == "br":
            self._paragraph.inlines.append(Break())
        elif tag == "img":
            self._paragraph.inlines += _picture(element)
        elif tag == "input":
            self._words("☒ " if element.get("checked") is not None else "☐ ", look)
        else:
            self._inside(element, look)
        self._depth -= 1

    def finish(self) -> None:
        """The paragraph that is open ends."""
        made, self._paragraph = self._paragraph, Paragraph()
        while made.inlines and isinstance(made.inlines[-1], Break):
            made.inlines.pop()
        if made.text.strip() or any(isinstance(inline, Picture) for inline in made.inlines) or made.label:
            made.inlines = _trimmed(made.inlines) if not made.is_preformatted else made.inlines
            self.blocks.append(made)

    def _open(self, tag: str, element: Any) -> None:
        style = str(element.get("style") or "") + " text-align:" + str(element.get("align") or "")
        aligned = re.search(r"text-align:\s*(center|right|justify)", style)
        self._paragraph = Paragraph(
            heading=_HEADINGS.get(tag, 0),
            alignment=aligned[1] if aligned else "center" if tag == "center" else "left",  # type: ignore[arg-type]
            left=self._left,
            first=-18.0 if self._label else 0.0,
            before=10.0 if tag in _HEADINGS else 0.0,
            after=2.0 if self._lists else 6.0,
            label=self._label,
            level=max(self._lists - 1, 0),
            is_preformatted=tag == "pre",
        )
        self._label = ""

    def _block(self, tag: str, element: Any, look: Span) -> None:
        self.finish()
        match tag:
            case "hr":
                self.blocks.append(Rule())
                return
            case "table":
                self.blocks.append(_table(element, look))
                return
            case "ul" | "ol":
                self._list(tag, element, look)
                return
            case "pre":
                self._open(tag, element)
                for number, line in enumerate("".join(element.itertext()).rstrip("\n").split("\n")):
                    self._paragraph.inlines += ([Break()] if number else []) + [replace(look, text=line, is_code=True)]
                self.finish()
                return
            case "blockquote" | "dd":
                self._left += _INDENT
                self._inside(element, look)
                self.finish()
                self._left -= _INDENT
                return
        self._open(tag, element)
        if tag in _HEADINGS:
            look = replace(look, is_bold=True, size=_HEADING_SIZES.get(_HEADINGS[tag], 12.0))
        self._inside(element, look)
        self.finish()

    def _list(self, tag: str, element: Any, look: Span) -> None:
        self._lists += 1
        self._left += _INDENT
        start = str(element.get("start") or "1")
        kinds = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
        kind = kinds.get(str(element.get("type") or ""), "decimal")
        for count, item in enumerate(
            (child for child in element if child.tag == "li"), start=int(start) if start.isdigit() else 1
        ):
            bullet = _BULLETS[min(self._lists, len(_BULLETS)) - 1]
            self._label = f"{numbered(count, kind)}." if tag == "ol" else bullet
            self._open("li", item)
            self._inside(item, look)
            self.finish()
            self._label = ""
        self._left -= _INDENT
        self._lists -= 1

    def _inside(self, element: Any, look: Span) -> None:
        self._words(element.text, look)
        for child in element:
            if isinstance(child.tag, str) and child.tag.lower() == "p" and self._paragraph.label:
                self._inside(child, look) if not self._paragraph.inlines else self.walk(child, look)
            else:
                self.walk(child, look)
            self._words(child.tail, look)

    def _words(self, text: str | None, look: Span) -> None:
        if text:
            if not text.strip() and not self._paragraph.inlines:
                return
            if not self._paragraph.inlines and not self._paragraph.label:
                self._paragraph.left = max(self._paragraph.left, self._left)
            self._paragraph.inlines.append(replace(look, text=_BLANKS.sub(" ", text)))


def _table(element: Any, look: Span) -> Table:
    rows: list[list[Cell]] = []
    headings = 0
    for row in element.iter("tr"):
        cells = []
        for cell in row:
            if cell.tag not in ("td", "th"):
                continue
            inner = _Maker()
            inner._open("p", cell)
            inner._paragraph.after = 0.0
            inner._inside(cell, replace(look, is_bold=look.is_bold or cell.tag == "th"))
            inner.finish()
            cells.append(Cell(inner.blocks, _count(cell, "colspan"), _count(cell, "rowspan")))
        if cells and headings == len(rows) and all(cell.tag == "th" for cell in row if isinstance(cell.tag, str)):
            headings += 1
        if cells:
            rows.append(cells)
    return Table(rows, headings=headings)


def _count(cell: Any, name: str) -> int:
    written = str(cell.get(name) or "1")
    return min(max(int(written), 1), 100) if written.isdigit() else 1


def _picture(element: Any) -> Iterator[Inline]:
    found = re.fullmatch(r"data:image/[\w.+-]+;base64,(.*)", str(element.get("src") or ""), re.DOTALL)
    alternative = str(element.get("alt") or "")
    try:
        contents = base64.b64decode(found[1]) if found else b""
    except (binascii.Error, ValueError):
        contents = b""
    yield Picture(contents, alternative=alternative) if contents else Span(f"[{alternative}]" if alternative else "")


def _trimmed(inlines: list[Inline]) -> list[Inline]:
    """Without blanks at the ends, and with one blank where there were several."""
    made: list[Inline] = []
    ends_blank = True
    for inline in inlines:
        if isinstance(inline, Span):
            text = inline.text.lstrip(" ") if ends_blank else inline.text
            if text:
                made.append(replace(inline, text=text))
                ends_blank = text.endswith(" ")
        else:
            made.append(inline)
            ends_blank = isinstance(inline, Break)
    return made
