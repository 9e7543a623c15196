"""A document as Markdown: its words, headings, lists, tables, links and pictures (spec/area2 §11.3).

Pictures stand in the text as `data:` addresses (RFC 2397), so that it needs no files beside it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from shared.interview.documents.layout import (
    Block,
    Break,
    Document,
    Footnote,
    Inline,
    Paragraph,
    Picture,
    Rule,
    Span,
    Tab,
    Table,
)
from shared.interview.documents.pictures import printable

MOST_PICTURE_BYTES = 8 * 1024**2
"""Of all pictures together; those after them are told by their alternative texts."""
_MEDIA_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "svg": "image/svg+xml",
}
_SIGNS = re.compile(r"([\\`*_\[\]<>])")
_AT_START = re.compile(r"^(\d*)([#>+\-=~|.)])")
"""What would make a paragraph something else, were it not told apart."""
_NUMBER = re.compile(r"\(?[0-9a-zA-Z]+[.)]\Z")
_DEEPEST_HEADING = 6
_NEW_LINE = "\\\n"


def as_markdown(document: Document) -> str:
    """The text, in UTF-8 and with a newline at its end."""
    writer = _Writer()
    lines = [line for section in document.sections for line in writer.blocks(section.blocks)]
    notes = [f"[^{number}]: {text}" for number, text in enumerate(writer.notes, start=1)]
    text = "\n\n".join(("\n".join(lines).strip("\n"), *notes)).strip()
    return re.sub(r"\n{3,}", "\n\n", text) + "\n"


class _Writer:
    def __init__(self) -> None:
        self.notes: list[str] = []
        self._room = MOST_PICTURE_BYTES

    def blocks(self, blocks: Iterable[Block]) -> Iterator[str]:
        was_item = False
        for block in blocks:
            is_item = isinstance(block, Paragraph) and bool(block.label) and not block.heading
            if was_item and not is_item:
                yield ""
            was_item = is_item
            match block:
                case Paragraph():
                    yield from self._paragraph(block)
                case Table():
                    yield from self._table(block)
                case Rule():
                    yield from ("---", "")

    def _paragraph(self, block: Paragraph) -> Iterator[str]:
        if block.is_preformatted:
            yield from ("```", *block.text.split("\n"), "```", "")
            return
        inlines = block.inlines
        if block.heading:  # bold in any case
            inlines = [replace(one, is_bold=False) if isinstance(one, Span) else one for one in inlines]
        text = self._inlines(inlines).strip()
        if not text:
            yield ""
        elif block.heading:
            yield from (f"{'#' * min(block.heading, _DEEPEST_HEADING)} {text.replace(_NEW_LINE, ' ')}", "")
        elif block.label:
            sign = "1." if _NUMBER.match(block.label.strip()) else "-"
            indent = " " * 4 * block.level
            yield indent + sign + " " + text.replace("\n", "\n" + indent + " " * (len(sign) + 1))
        else:
            text = _AT_START.sub(r"\1\\\2", text)
            yield from ("\n".join(f"> {line}" for line in text.split("\n")) if block.is_quote else text, "")

    def _table(self, table: Table) -> Iterator[str]:
        rows = [[self._cell(cell.blocks) for cell in row for _ in range(max(1, cell.columns))] for row in table.rows]
        width = max((len(row) for row in rows), default=0)
        if not width:
            return
        for number, row in enumerate(rows):
            yield "| " + " | ".join([*row, *[""] * (width - len(row))]) + " |"
            if number == 0:
                yield "|" + " --- |" * width
        yield ""

    def _cell(self, blocks: Iterable[Block]) -> str:
        lines = [line for line in self.blocks(blocks) if line]
        return "<br>".join(lines).replace(_NEW_LINE, "<br>").replace("\n", "<br>").replace("|", "\\|")

    def _inlines(self, inlines: Iterable[Inline]) -> str:
        made: list[str] = []
        for inline in inlines:
            match inline:
                case Span():
                    made.append(_span(inline))
                case Break():
                    made.append(_NEW_LINE)
                case Tab():
                    made.append(" ")
                case Picture():
                    made.append(self._picture(inline))
                case Footnote():
                    self.notes.append(self._inlines(inline.inlines).strip().replace("\n", " "))
                    made.append(f"[^{len(self.notes)}]")
        return "".join(made)

    def _picture(self, picture: Picture) -> str:
        words = _SIGNS.sub(r"\\\1", " ".join(picture.alternative.split()))
        fit = printable(picture.contents) if len(picture.contents) <= self._room else None
        if fit is None or len(fit[0]) > self._room:
            return f"\\[{words}\\]" if words else ""
        contents, ending = fit
        self._room -= len(contents)
        return f"![{words}](data:{_MEDIA_TYPES[ending]};base64,{base64.b64encode(contents).decode()})"


def _span(span: Span) -> str:
    """Signs stand at the words, not at the spaces around them: Markdown sees them only there."""
    words = span.text.strip()
    if not words:
        return span.text
    lead, tail = span.text[: len(span.text) - len(span.text.lstrip())], span.text[len(span.text.rstrip()) :]
    code = f"`{words}`" if "`" not in words else f"`` {words} ``"
    text = code if span.is_code else _SIGNS.sub(r"\\\1", words)
    for is_so, sign in ((span.is_struck, "~~"), (span.is_italic, "*"), (span.is_bold, "**")):
        text = f"{sign}{text}{sign}" if is_so else text
    if span.link:
        text = f"[{text}](<{span.link.replace('<', '%3C').replace('>', '%3E')}>)"
    return lead + text + tail
