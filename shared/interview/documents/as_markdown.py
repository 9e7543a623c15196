"""Write a document that was read (layout.Document) as Markdown: words, headings, lists, tables and links."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from shared.interview.documents.layout import (
    Block,
    Break,
    Document,
    Footnote,
    Inline,
    Paragraph,
    Rule,
    Span,
    Tab,
    Table,
)

_SPECIAL = re.compile(r"([\\`*_\[\]<>|])")
_NUMBER = re.compile(r"(\d+)[.)]?")


def as_markdown(document: Document) -> str:
    """The text of a document. Pictures, headers and footers are left out."""
    notes: list[str] = []
    parts: list[str] = []
    was_item = False
    for section in document.sections:
        for block in section.blocks:
            text = _block(block, notes)
            if not text:
                continue
            is_item = isinstance(block, Paragraph) and bool(block.label)
            parts += ["\n" if was_item and is_item else "\n\n"] if parts else []
            parts.append(text)
            was_item = is_item
    listed = "".join(f"\n\n[^{number}]: {note}" for number, note in enumerate(notes, 1))
    return "".join(parts) + listed + "\n"


def _block(block: Block, notes: list[str]) -> str:
    match block:
        case Rule():
            return "---"
        case Table():
            return _table(block, notes)
        case Paragraph(is_preformatted=True):
            return "\n".join(f"    {line}" for line in block.text.split("\n"))
        case Paragraph():
            is_plain = bool(block.heading)  # headings are bold by themselves
            inlines = [
                replace(one, is_bold=False) if is_plain and isinstance(one, Span) else one for one in block.inlines
            ]
            text = _inlines(inlines, notes).strip()
            if not text:
                return ""
            if block.heading:
                return f"{'#' * min(block.heading, 6)} {text}"
            if block.label:
                number = _NUMBER.fullmatch(block.label)
                return f"{'    ' * block.level}{f'{number[1]}.' if number else '*'} {text}"
            return f"> {text}" if block.is_quote else text


def _table(table: Table, notes: list[str]) -> str:
    rows = [
        [" ".join(text for inner in cell.blocks if (text := _block(inner, notes).replace("\n", " "))) for cell in row]
        for row in table.rows
    ]
    columns = max((len(row) for row in rows), default=0)
    if not columns:
        return ""
    lines = [f"| {' | '.join(row + [''] * (columns - len(row)))} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * columns, *lines[1:]])


def _inlines(inlines: Iterable[Inline], notes: list[str]) -> str:
    parts = []
    for inline in inlines:
        match inline:
            case Span():
                parts.append(_span(inline))
            case Break():
                parts.append("  \n")
            case Tab():
                parts.append(" ")
            case Footnote():
                notes.append(_inlines(inline.inlines, []).strip())
                parts.append(f"[^{len(notes)}]")
            case _:
                pass
    return "".join(parts)


def _span(span: Span) -> str:
    """Words with their signs, which stand close to them: blanks at their ends go outside."""
    words = span.text.strip()
    if not words:
        return span.text
    before, _, after = span.text.partition(words)
    made = _SPECIAL.sub(r"\\\1", words)
    for is_so, sign in ((span.is_italic, "*"), (span.is_bold, "**"), (span.is_struck, "~~")):
        made = f"{sign}{made}{sign}" if is_so else made
    return f"{before}{f'[{made}]({span.link})' if span.link else made}{after}"
