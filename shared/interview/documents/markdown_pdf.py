"""Write a document as a PDF, by typst.

The tree goes to typst as JSON and is drawn by `markdown.typ`: nothing in a text can be code there. typst reads only
the folder it is given, and has its fonts with it; those of the machine are used for signs they lack.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, assert_never

from shared.interview.documents.markdown_pictures import LeftOut, for_typst
from shared.interview.documents.markdown_tree import (
    Block,
    Code,
    EmptyLine,
    Heading,
    Indentation,
    Inline,
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
from shared.interview.documents.typesetting import font_names, typeset

_TEMPLATE = Path(__file__).with_name("markdown.typ")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_LINKED = re.compile(r"(?:https?|mailto|tel|ftp):", re.IGNORECASE)

_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?![A-Za-z])")
"""The language of a tag such as `he` or `pt-BR`."""


def write_pdf(
    blocks: Sequence[Block],
    manner: Manner,
    target: Path,
    *,
    name: str = "The document",
    standards: Sequence[str] = (),
    left_out: LeftOut | None = None,
) -> None:
    """Write a PDF file, always tagged. `standards` as Typst calls them: `a-2b`, `ua-1`. Raises TypesettingFailed."""
    with tempfile.TemporaryDirectory(prefix="typst-") as folder:
        room = _Room(Path(folder), left_out)
        (room.folder / "document.json").write_text(json.dumps(room.document(blocks, manner)), encoding="utf-8")
        source = _TEMPLATE.read_text(encoding="utf-8")
        target.write_bytes(typeset(source, room.folder, standards=standards, name=name))


class _Room:
    """The folder typst works in, and the tree as data that point into it."""

    def __init__(self, folder: Path, left_out: LeftOut | None) -> None:
        self.folder, self._left_out = folder, left_out
        self._pictures: dict[Path, tuple[str, float | None]] = {}

    def document(self, blocks: Iterable[Block], manner: Manner) -> dict[str, Any]:
        said = asdict(manner)
        said |= {
            "fonts": font_names(manner.font),
            "justify": False,
            "language": found[1].lower() if (found := _LANGUAGE.match(manner.language)) else "en",
            "title": _clean(manner.title),
            "author": _clean(manner.author),
        }
        for name in ("header", "footer", "first_header", "first_footer"):
            said.pop(name)
        first_header = manner.header if manner.first_header is None else manner.first_header
        first_footer = manner.footer if manner.first_footer is None else manner.first_footer
        return {
            "manner": said,
            "header": self._running(manner.header),
            "footer": self._running(manner.footer),
            "first_header": self._running(first_header),
            "first_footer": self._running(first_footer),
            "blocks": self._blocks(blocks),
        }

    def _running(self, parts: Running) -> dict[str, Any] | None:
        if not parts:
            return None
        return {name: self._inlines(getattr(parts, name)) for name in ("left", "center", "right")}

    def _blocks(self, blocks: Iterable[Block]) -> list[dict[str, Any]]:
        return [self._block(block) for block in blocks]

    def _block(self, block: Block) -> dict[str, Any]:
        match block:
            case Paragraph(inlines, layout):
                return {
                    "t": "paragraph",
                    "c": self._inlines(inlines),
                    "align": layout.alignment,
                    "bold": layout.is_bold,
                    "border": layout.has_border,
                    "indent": layout.indents_first_line,
                    "left": layout.left,
                    "right": layout.right,
                }
            case Heading(level, inlines):
                return {"t": "heading", "level": level, "c": self._inlines(inlines)}
            case Listing(items, numbering, is_tight):
                return {
                    "t": "list",
                    "items": [self._blocks(item) for item in items],
                    "start": None if numbering is None else numbering.start,
                    "numbering": "" if numbering is None else numbering.pattern,
                    "tight": is_tight,
                }
            case Quote(blocks):
                return {"t": "quote", "c": self._blocks(blocks)}
            case Table(rows, alignments, head_rows):
                columns = len(alignments)
                return {
                    "t": "table",
                    "align": list(alignments),
                    "head": head_rows,
                    "rows": [[self._inlines(cell) for cell in _filled(row, columns)] for row in rows],
                }
            case Code(text):
                return {"t": "code", "s": _clean(text)}
            case Rule():
                return {"t": "rule"}
            case PageBreak():
                return {"t": "page"}
            case EmptyLine():
                return {"t": "empty"}
            case SideBySide(left, right, is_caption):
                return {
                    "t": "sides",
                    "left": self._blocks(left),
                    "right": self._blocks(right),
                    "caption": is_caption,
                }
            case Spacing(lines):
                return {"t": "spacing", "lines": lines}
            case Indentation(is_on):
                return {"t": "indentation", "on": is_on}
            case Margin(points):
                return {"t": "margin", "points": points}
            case _ as unknown:
                assert_never(unknown)

    def _inlines(self, inlines: Iterable[Inline]) -> list[dict[str, Any]]:
        return [made for inline in inlines if (made := self._inline(inline)) is not None]

    def _inline(self, inline: Inline) -> dict[str, Any] | None:
        match inline:
            case Words(text):
                return {"t": "words", "s": _clean(text)}
            case Styled(kind, inner):
                return {"t": kind, "c": self._inlines(inner)}
            case Link(url, inner):
                if not _LINKED.match(url):
                    return {"t": "underline", "c": self._inlines(inner)}
                return {"t": "link", "url": _clean(url), "c": self._inlines(inner)}
            case Picture(path, alternative, width, is_share):
                name, natural = self._picture(path)
                if not name:
                    return {"t": "words", "s": _clean(alternative)}
                said = _clean(alternative) or "picture"  # PDF/UA takes no empty one
                return {
                    "t": "picture",
                    "path": name,
                    "alt": said,
                    "width": width,
                    "share": is_share,
                    "natural": natural,
                }
            case Mark(kind):
                return {"t": kind}
            case Note(blocks):
                paragraphs = [block for block in blocks if isinstance(block, (Paragraph, Heading))]
                return {"t": "note", "c": [{"c": self._inlines(one.inlines)} for one in paragraphs]}
            case _ as unknown:
                assert_never(unknown)

    def _picture(self, path: Path) -> tuple[str, float | None]:
        """A copy typst may read, of a kind it can draw, and its own width; no name when it is no picture."""
        if path not in self._pictures:
            made = for_typst(path)
            if made is None:
                self._pictures[path] = "", None
                if self._left_out is not None:
                    self._left_out(path)
            else:
                name = f"picture{len(self._pictures)}.{made[1]}"
                (self.folder / name).write_bytes(made[0])
                size = pixels(made[0])
                self._pictures[path] = name, None if size is None else natural_width(made[0], size[0])
        return self._pictures[path]


def _filled(row: Sequence[tuple[Inline, ...]], columns: int) -> list[tuple[Inline, ...]]:
    return [*row[:columns], *[()] * (columns - len(row))]


def _clean(text: str) -> str:
    return _CONTROLS.sub("", text)
