"""Read the text of a document: special markup, then Markdown, into the tree that the writers take (spec/area4 §9.2).

Markdown is read as on screens, so that a preview shows what the document says, and with some of what pandoc knows
besides: struck out, raised and lowered text, footnotes. HTML has no page to be shown on: tags for bold, italic,
underlined, raised and lowered text and line breaks count, the words of all others stay.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.subscript import sub_plugin
from mdit_py_plugins.superscript import superscript_plugin

from shared.interview.documents import markdown_blocks, markdown_inline, markdown_lists, markdown_typography
from shared.interview.documents.markdown_codes import SIGN, Columns, Signs, Sources, take_codes
from shared.interview.documents.markdown_lists import Numbering
from shared.interview.documents.markdown_tree import (
    PLAIN,
    Block,
    Code,
    Heading,
    Inline,
    Layout,
    Link,
    Listing,
    Mark,
    Note,
    Paragraph,
    Picture,
    Quote,
    Rule,
    SideBySide,
    Styled,
    StyleKind,
    Table,
    Words,
)

_STYLES: dict[str, StyleKind] = {"strong": "strong", "em": "emphasis", "s": "strike", "sup": "super", "sub": "sub"}
_HTML_STYLES: dict[str, StyleKind] = {
    "b": "strong", "strong": "strong", "i": "emphasis", "em": "emphasis", "u": "underline", "ins": "underline",
    "s": "strike", "del": "strike", "strike": "strike", "sup": "super", "sub": "sub", "code": "code", "tt": "code",
}  # fmt: skip
_HTML_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)\b[^>]*>")
_ATTRIBUTES = re.compile(r"\s*\{:[^{}\n]*\}\s*\Z")
_DEEPEST = 20


def read_markdown(text: str, sources: Sources) -> tuple[Block, ...]:
    """The blocks of a text in order."""
    return _Reader(sources).read(text)


def read_line(text: str, sources: Sources) -> tuple[Inline, ...]:
    """A text of one paragraph, for headers, footers and cells; the lines of several paragraphs follow each other."""
    found: list[Inline] = []
    for block in read_markdown(text, sources):
        inlines = block.inlines if isinstance(block, (Paragraph, Heading)) else ()
        if found and inlines:
            found.append(Mark("break"))
        found.extend(inlines)
    return tuple(found)


@functools.cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "typographer": True})
    parser.enable(["table", "strikethrough"])
    markdown_blocks.install(parser)
    markdown_lists.install(parser)
    markdown_inline.install(parser)
    markdown_typography.install(parser)
    parser.disable("html_block")
    parser.use(footnote_plugin)
    parser.use(sub_plugin)
    parser.use(superscript_plugin)
    return parser


class _Reader:
    def __init__(self, sources: Sources, depth: int = 0) -> None:
        self._signs = Signs(sources)
        self._notes: dict[int, tuple[Block, ...]] = {}
        self._depth = depth

    def read(self, text: str) -> tuple[Block, ...]:
        tokens = _parser().parse(take_codes(text, self._signs).strip("\n"))
        body, notes = _without_notes(tokens)
        for number, content in notes.items():
            self._notes[number] = tuple(self._blocks(content))
        return tuple(self._blocks(body))

    # Blocks
    def _blocks(self, tokens: list[Token]) -> Iterator[Block]:
        place = 0
        while place < len(tokens):
            token = tokens[place]
            end = _end_of(tokens, place)
            inside = tokens[place + 1 : end]
            yield from self._block(token, inside)
            place = end + 1

    def _block(self, token: Token, inside: list[Token]) -> Iterator[Block]:
        match token.type:
            case "paragraph_open":
                for inline in inside:
                    yield from self._paragraphs(inline.children or [])
            case "inline":
                yield from self._paragraphs(token.children or [])
            case "heading_open":
                inlines = tuple(self._inlines(inside[0].children or [])) if inside else ()
                yield Heading(int(token.tag[1:]), inlines)
            case "bullet_list_open":
                yield Listing(self._items(inside), None, is_tight=_is_tight(inside))
            case "ordered_list_open":
                yield self._numbered(token, inside)
            case "blockquote_open":
                yield Quote(tuple(self._blocks(inside)))
            case "table_open":
                yield self._table(inside)
            case "code_block" | "fence":
                yield Code(SIGN.sub("", token.content).rstrip("\n"))
            case "hr":
                yield Rule()
            case _:
                if inside:
                    yield from self._blocks(inside)

    def _numbered(self, token: Token, inside: list[Token]) -> Listing:
        start = token.attrs.get("start")
        numbering = token.meta.get("numbering") or Numbering(start=1 if start is None else int(start))
        return Listing(self._items(inside), numbering, is_tight=_is_tight(inside))

    def _items(self, inside: list[Token]) -> tuple[tuple[Block, ...], ...]:
        items, place = [], 0
        while place < len(inside):
            end = _end_of(inside, place)
            items.append(tuple(self._blocks(inside[place + 1 : end])))
            place = end + 1
        return tuple(items)

    def _table(self, inside: list[Token]) -> Table:
        rows: list[tuple[tuple[Inline, ...], ...]] = []
        alignments: list[str] = []
        row: list[tuple[Inline, ...]] = []
        head_rows = 0
        for place, token in enumerate(inside):
            if token.type == "tr_open":
                row = []
            elif token.type in ("th_open", "td_open"):
                row.append(tuple(self._inlines(inside[place + 1].children or [])))
                if not rows:
                    alignments.append(str(token.attrs.get("style", "")).removeprefix("text-align:"))
            elif token.type == "tr_close":
                rows.append(tuple(row))
            elif token.type == "thead_close":
                head_rows = len(rows) if any(cell for cell in rows[0]) else 0
        return Table(tuple(rows if head_rows else rows[1:]), tuple(alignments), head_rows)

    def _paragraphs(self, children: list[Token]) -> Iterator[Block]:
        """What a paragraph of Markdown is: signs of blocks cut it in pieces."""
        layout, piece = PLAIN, []
        for inline in self._signed(children):
            if isinstance(inline, (Words, Styled, Link, Picture, Mark, Note)):
                piece.append(inline)
                continue
            if _has_content(piece) or (layout is not PLAIN and not isinstance(inline, Layout)):
                yield from _paragraph(piece, layout)
                layout = PLAIN
            piece = []
            match inline:
                case Layout():
                    layout = _together(layout, inline)
                case Columns():
                    yield self._side_by_side(inline)
                case _:
                    yield inline
        if _has_content(piece):
            yield from _paragraph(piece, layout)

    def _side_by_side(self, columns: Columns) -> Block:
        if self._depth >= _DEEPEST:
            return Paragraph((Words(columns.left), Words(columns.right)))
        left, right = (
            _Reader(self._signs.sources, self._depth + 1).read(text) for text in (columns.left, columns.right)
        )
        return SideBySide(left, right, columns.kind == "caption")

    # Within paragraphs
    def _inlines(self, children: list[Token]) -> Iterator[Inline]:
        for inline in self._signed(children):
            if isinstance(inline, (Words, Styled, Link, Picture, Mark, Note)):
                yield inline

    def _signed(self, children: list[Token]) -> Iterator[Inline | Block | Layout | Columns]:
        return iter(_joined(self._nested(children)))

    def _nested(self, children: list[Token]) -> Iterator[Inline | Block | Layout | Columns]:
        place = 0
        while place < len(children):
            token = children[place]
            end = _end_of(children, place) if token.nesting == 1 else _closing_tag(children, place)
            inside = children[place + 1 : end]
            match token.type:
                case "text" | "text_special":
                    yield from self._words(token.content)
                case "softbreak":
                    yield Words(" ")
                case "hardbreak":
                    yield Mark("break")
                case "code_inline":
                    yield Styled("code", (Words(SIGN.sub("", token.content)),))
                case "image":
                    yield from self._image(token)
                case "footnote_ref":
                    yield Note(self._notes.get(int(token.meta["id"]), ()))
                case "html_inline":
                    yield from self._html(token, inside)
                case "link_open":
                    yield from self._lifted(inside, functools.partial(Link, str(token.attrs.get("href", ""))))
                case _ if token.tag in _STYLES:
                    kind = _STYLES[token.tag]
                    yield from self._lifted(inside, functools.partial(Styled, kind))
                case _:
                    yield from self._nested(inside)
            place = end + 1

    def _lifted(
        self, inside: list[Token], make: Callable[[tuple[Inline, ...]], Inline]
    ) -> Iterator[Inline | Block | Layout | Columns]:
        """Inlines within another; signs of blocks among them are of the paragraph."""
        inlines: list[Inline] = []
        for inline in _joined(self._nested(inside)):
            if isinstance(inline, (Words, Styled, Link, Picture, Mark, Note)):
                inlines.append(inline)
            else:
                if inlines:
                    yield make(tuple(inlines))
                inlines = []
                yield inline
        if inlines:
            yield make(tuple(inlines))

    def _words(self, content: str) -> Iterator[Inline | Block | Layout | Columns]:
        last = 0
        for sign in SIGN.finditer(content):
            if sign.start() > last:
                yield Words(content[last : sign.start()])
            yield self._signs.table[int(sign[1])]
            last = sign.end()
        if last < len(content):
            yield Words(content[last:])

    def _image(self, token: Token) -> Iterator[Inline]:
        path = self._signs.sources.picture(str(token.attrs.get("src", "")))
        alternative = SIGN.sub("", token.content)
        if path is not None:
            yield Picture(path, alternative)
        elif alternative:
            yield Words(alternative)

    def _html(self, token: Token, inside: list[Token]) -> Iterator[Inline | Block | Layout | Columns]:
        tag = _HTML_TAG.match(token.content)
        if tag is None:
            return
        name = tag[2].lower()
        if name == "br":
            yield Mark("break")
        elif inside and not tag[1] and name in _HTML_STYLES:
            kind = _HTML_STYLES[name]
            yield from self._lifted(inside, functools.partial(Styled, kind))
        else:
            yield from self._nested(inside)


def _without_notes(tokens: list[Token]) -> tuple[list[Token], dict[int, list[Token]]]:
    """The tokens of the text, and those of its footnotes by number."""
    start = next((place for place, token in enumerate(tokens) if token.type == "footnote_block_open"), None)
    if start is None:
        return tokens, {}
    end = _end_of(tokens, start)
    inside, notes, place = tokens[start + 1 : end], {}, 0
    while place < len(inside):
        close = _end_of(inside, place)
        kept = [token for token in inside[place + 1 : close] if token.type != "footnote_anchor"]
        notes[int(inside[place].meta["id"])] = kept
        place = close + 1
    return tokens[:start] + tokens[end + 1 :], notes


def _end_of(tokens: list[Token], place: int) -> int:
    """Where what opens at a place is closed; the place itself when nothing opens there."""
    depth = 0
    for at in range(place, len(tokens)):
        depth += tokens[at].nesting
        if depth <= 0:
            return at
    return len(tokens) - 1 if tokens[place].nesting == 1 else place


def _closing_tag(children: list[Token], place: int) -> int:
    """Where an HTML tag is closed; the place itself when it is not, or no tag is opened there."""
    token = children[place]
    tag = _HTML_TAG.match(token.content) if token.type == "html_inline" else None
    if tag is None or tag[1] or tag[2].lower() == "br":
        return place
    depth = 0
    for at in range(place, len(children)):
        other = _HTML_TAG.match(children[at].content) if children[at].type == "html_inline" else None
        if other is not None and other[2].lower() == tag[2].lower():
            depth += -1 if other[1] else 1
            if depth == 0:
                return at
    return place


def _is_tight(inside: list[Token]) -> bool:
    """Whether its own items stand close; those of lists within it may stand otherwise."""
    depth = inside[0].level + 1 if inside else 0
    own = [token.hidden for token in inside if token.type == "paragraph_open" and token.level == depth]
    return any(own) or not own


def _together(first: Layout, second: Layout) -> Layout:
    """Two marks at the beginning of one paragraph."""
    return Layout(
        alignment=second.alignment or first.alignment,
        is_bold=first.is_bold or second.is_bold,
        has_border=first.has_border or second.has_border,
        indents_first_line=False,
        left=second.left or first.left,
        right=second.right or first.right,
    )


def _has_content(inlines: Iterable[Inline]) -> bool:
    return any(not isinstance(inline, Words) or inline.text.strip(" \n") for inline in inlines)


def _paragraph(inlines: list[Inline], layout: Layout) -> Iterator[Paragraph]:
    if inlines and isinstance(inlines[-1], Words):
        inlines[-1] = Words(_ATTRIBUTES.sub("", inlines[-1].text))
    trimmed = _trimmed(inlines)
    if trimmed or layout.has_border:
        alone = len(trimmed) == 1 and isinstance(trimmed[0], Picture)
        yield Paragraph(trimmed, replace(layout, indents_first_line=False) if alone else layout)


def _trimmed(inlines: list[Inline]) -> tuple[Inline, ...]:
    """Without blanks at both ends and around line breaks."""
    found: list[Inline] = []
    for place, inline in enumerate(inlines):
        if isinstance(inline, Words):
            text = inline.text
            if not found or found[-1] == Mark("break"):
                text = text.lstrip(" \n")
            if place + 1 == len(inlines) or inlines[place + 1] == Mark("break"):
                text = text.rstrip(" \n")
            if not text:
                continue
            inline = Words(text)
        found.append(inline)
    while found and found[-1] == Mark("break"):
        found.pop()
    return tuple(found)


def _joined(inlines: Iterable[Inline | Block | Layout | Columns]) -> list[Inline | Block | Layout | Columns]:
    """Words that follow each other become one."""
    found: list[Inline | Block | Layout | Columns] = []
    for inline in inlines:
        if isinstance(inline, Words) and found and isinstance(found[-1], Words):
            found[-1] = Words(found[-1].text + inline.text)
        else:
            found.append(inline)
    return found


class NoSources:
    """For texts without pictures."""

    def picture(self, reference: str) -> Path | None:
        """Nothing is found."""
        return None

    def text(self, reference: str) -> str | None:
        """Nothing is found."""
        return None

    def is_registered(self, name: str) -> bool:
        """No image has a name."""
        return False

    def keep(self, contents: bytes, suffix: str) -> Path:
        """Pictures cannot be made here. Raises ValueError."""
        raise ValueError("There is no place for pictures")
