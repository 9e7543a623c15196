"""An ODT (OpenDocument text) as plain data: words, headings, lists, tables, pictures (ISO/IEC 26300-1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from shared.interview.documents.archives import Archive
from shared.interview.documents.docx_styles import local, numbered, whole
from shared.interview.documents.errors import DocumentUnreadable
from shared.interview.documents.layout import (
    Block,
    Break,
    Cell,
    Document,
    Inline,
    PageNumber,
    Paragraph,
    Picture,
    Section,
    Span,
    Tab,
    Table,
)

KIND = "ODT"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_FO = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
_SVG = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}"
_XLINK = "{http://www.w3.org/1999/xlink}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_LENGTH = re.compile(r"(-?[\d.]+)(in|cm|mm|pt|px)")
_POINTS = {"in": 72.0, "cm": 28.3465, "mm": 2.83465, "pt": 1.0, "px": 0.75}
_ALIGNMENTS = {"center": "center", "end": "right", "right": "right", "justify": "justify"}
_MOST_REPEATED = 50
_MOST_DEPTH = 40


def read_odt(path: Path, *, name: str = "") -> Document:
    """The document in a file. Raises DocumentUnreadable, DocumentTooLarge."""
    with Archive(path, KIND, name=name) as archive:
        return _Reader(archive).document()


class _Reader:
    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._styles: dict[str, Any] = {}
        self._lists: dict[str, dict[int, Any]] = {}
        self._depth = 0

    def document(self) -> Document:
        tree = self._archive.xml("content.xml")
        for source in (self._optional("styles.xml"), tree):
            if source is not None:
                self._take_styles(source)
        body = tree.find(f"{_OFFICE}body/{_OFFICE}text")
        if body is None:
            raise DocumentUnreadable(self._archive.name, KIND, "it holds no text")
        meta = self._optional("meta.xml")
        title = "" if meta is None else meta.findtext(f".//{_DC}title") or ""
        return Document([Section(self._blocks(body))], title)

    def _optional(self, member: str) -> Any | None:
        return self._archive.xml(member) if member in self._archive else None

    def _take_styles(self, tree: Any) -> None:
        for style in tree.iter(f"{_STYLE}style"):
            self._styles[style.get(f"{_STYLE}name", "")] = style
        for style in tree.iter(f"{_TEXT}list-style"):
            self._lists[style.get(f"{_STYLE}name", "")] = {
                whole(level.get(f"{_TEXT}level"), 1): level for level in style if level.get(f"{_TEXT}level")
            }

    def _of_style(self, name: str) -> dict[str, str]:
        """What a style and those it stands on say of text and paragraphs."""
        made: dict[str, str] = {}
        for _ in range(12):
            style = self._styles.get(name)
            if style is None:
                break
            for part in style:
                if local(part) in ("text-properties", "paragraph-properties"):
                    for key, value in part.attrib.items():
                        made.setdefault(str(key).rpartition("}")[2], str(value))
            name = style.get(f"{_STYLE}parent-style-name", "")
        return made

    def _blocks(self, container: Any, *, left: float = 0.0) -> list[Block]:
        self._depth += 1
        made: list[Block] = []
        for element in container if self._depth < _MOST_DEPTH else ():
            match local(element) if isinstance(element.tag, str) else "":
                case "p" | "h":
                    made.append(self._paragraph(element, left=left))
                case "list":
                    made += self._list(element, 1, element.get(f"{_TEXT}style-name", ""))
                case "table":
                    made.append(self._table(element))
                case "section" | "index-body" | "table-of-content" | "text-box" | "alphabetical-index":
                    made += self._blocks(element, left=left)
        self._depth -= 1
        return made

    def _paragraph(self, element: Any, *, left: float = 0.0, label: str = "", level: int = 0) -> Paragraph:
        given = self._of_style(element.get(f"{_TEXT}style-name", ""))
        outline = element.get(f"{_TEXT}outline-level", "1")
        heading = whole(outline, most=6) if local(element) == "h" else 0
        return Paragraph(
            list(self._inlines(element, _look(given, Span("")))),
            heading=heading,
            alignment=_ALIGNMENTS.get(given.get("text-align", ""), "left"),  # type: ignore[arg-type]
            left=left if label else max(left + _points(given.get("margin-left")), 0.0),
            first=-18.0 if label else _points(given.get("text-indent")),
            before=_points(given.get("margin-top")),
            after=_points(given.get("margin-bottom")),
            label=label,
            level=level,
            on_new_page=given.get("break-before") == "page",
        )

    def _list(self, element: Any, level: int, style: str) -> list[Block]:
        described = self._lists.get(style, {}).get(level)
        kind = "" if described is None else local(described)
        letters = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
        shape = "1" if described is None else described.get(f"{_STYLE}num-format") or ""
        start = "1" if described is None else described.get(f"{_TEXT}start-value") or "1"
        count = whole(start, 1)
        made: list[Block] = []
        for item in element:
            if local(item) not in ("list-item", "list-header") or level > _MOST_DEPTH:
                continue
            label = "•" if kind != "list-level-style-number" else f"{numbered(count, letters.get(shape, 'decimal'))}."
            count += 1
            for child in item:
                if local(child) == "list":
                    made += self._list(child, level + 1, child.get(f"{_TEXT}style-name") or style)
                elif local(child) in ("p", "h"):
                    made.append(self._paragraph(child, left=24.0 * level, label=label, level=level - 1))
                    label = "" if local(item) == "list-item" else label
        return made

    def _table(self, element: Any) -> Table:
        rows: list[list[Cell]] = []
        headings = 0
        for row in element.iter(f"{_TABLE}table-row"):
            cells = [
                Cell(self._blocks(cell), _count(cell, "columns-spanned"), _count(cell, "rows-spanned"))
                for cell in row
                if local(cell) == "table-cell"
                for _ in range(_count(cell, "columns-repeated"))
            ]
            if local(row.getparent()) == "table-header-rows":
                headings += 1
            rows += [cells] * _count(row, "rows-repeated")
        return Table(rows, headings=headings)

    def _inlines(self, element: Any, look: Span) -> Iterator[Inline]:
        if element.text:
            yield replace(look, text=_blanks(element.text))
        for child in element:
            match local(child) if isinstance(child.tag, str) else "":
                case "span":
                    yield from self._inlines(child, _look(self._of_style(child.get(f"{_TEXT}style-name", "")), look))
                case "a":
                    target = str(child.get(f"{_XLINK}href") or "")
                    is_web = target.startswith(("http://", "https://", "mailto:"))
                    yield from self._inlines(child, replace(look, link=target if is_web else ""))
                case "s":
                    yield replace(look, text=" " * whole(child.get(f"{_TEXT}c"), 1, most=200))
                case "tab":
                    yield Tab()
                case "line-break":
                    yield Break()
                case "page-number" | "page-count":
                    yield PageNumber(is_total=local(child) == "page-count")
                case "frame":
                    yield from self._frame(child)
                case "" | "note" | "annotation" | "tracked-changes":
                    pass
                case _:
                    yield from self._inlines(child, look)
            if child.tail:
                yield replace(look, text=_blanks(child.tail))

    def _frame(self, frame: Any) -> Iterator[Inline]:
        alternative = frame.findtext(f"{_SVG}desc") or frame.findtext(f"{_SVG}title") or ""
        for child in frame:
            member = str(child.get(f"{_XLINK}href") or "")
            if local(child) == "image" and member in self._archive:
                width, height = (_points(frame.get(f"{_SVG}{side}")) or None for side in ("width", "height"))
                yield Picture(self._archive.read(member), width, height, alternative)
                return
            if local(child) == "text-box":
                for block in self._blocks(child):
                    if isinstance(block, Paragraph):
                        yield Break()
                        yield from block.inlines


def _look(given: dict[str, str], look: Span) -> Span:
    position = given.get("text-position", "")
    color = given.get("color", "").removeprefix("#")
    size = _points(given.get("font-size"))
    return replace(
        look,
        is_bold=given["font-weight"] == "bold" if "font-weight" in given else look.is_bold,
        is_italic=given["font-style"] in ("italic", "oblique") if "font-style" in given else look.is_italic,
        is_underlined=given.get("text-underline-style", "none") != "none" or look.is_underlined,
        is_struck=given.get("text-line-through-style", "none") != "none" or look.is_struck,
        position="super" if position.startswith("super") else "sub" if position.startswith("sub") else look.position,
        size=size if size > 0 else look.size,
        color=color if len(color) == 6 and color != "000000" else look.color,
    )


def _points(length: str | None) -> float:
    found = _LENGTH.fullmatch(length or "")
    try:
        return float(found[1]) * _POINTS[found[2]] if found else 0.0
    except ValueError:
        return 0.0


def _blanks(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _count(element: Any, name: str) -> int:
    written = str(element.get(f"{_TABLE}number-{name}") or "1")
    return max(whole(written, 1, most=_MOST_REPEATED), 1)
