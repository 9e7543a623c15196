"""A document as data: what `markdown_reader` makes of a text, and the writers turn into PDF, Word and RTF.

Spec: area4 §7.3 (special markup), §9.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from shared.interview.documents.markdown_lists import Numbering

_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"})
"""Languages whose lines begin at the right."""

# -- Within a paragraph -----------------------------------------------------------------------------------------------

StyleKind = Literal["strong", "emphasis", "strike", "super", "sub", "underline", "code"]
MarkKind = Literal[
    "break",
    "tab",
    "page number",
    "page total",
    "section number",
    "blank",
    "fill",
    "checkbox",
]


@dataclass(frozen=True, slots=True)
class Words:
    """Text as it is read."""

    text: str


@dataclass(frozen=True, slots=True)
class Styled:
    """Text that looks different."""

    kind: StyleKind
    inlines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """Text that leads to an address."""

    url: str
    inlines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, or the first page of a PDF. `width` is a number of points, or a share of the line (`0.5`) when
    `is_share`; None: as large as it is, but no wider than the page.
    """

    path: Path
    alternative: str = ""
    width: float | None = None
    is_share: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign that is made by the page: a line break, a tab stop, the number of the page, …"""

    kind: MarkKind


@dataclass(frozen=True, slots=True)
class Note:
    """A footnote, where it is called."""

    blocks: tuple[Block, ...]


Inline = Words | Styled | Link | Picture | Mark | Note

# -- Blocks -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Layout:
    """How a paragraph stands. Lengths in points."""

    alignment: Literal["", "left", "center", "right"] = ""
    is_bold: bool = False
    has_border: bool = False
    indents_first_line: bool | None = None
    """None: as the document does."""
    left: float = 0.0
    right: float = 0.0


PLAIN = Layout()


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    inlines: tuple[Inline, ...]
    layout: Layout = PLAIN


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 to 6."""

    level: int
    inlines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list; `numbering` is None for bullets."""

    items: tuple[tuple[Block, ...], ...]
    numbering: Numbering | None = None
    is_tight: bool = True

    def label(self, place: int, bullet: str = "•") -> str:
        """What stands before the item at a place, counted from 0."""
        return bullet if self.numbering is None else self.numbering.label(self.numbering.start + place)


@dataclass(frozen=True, slots=True)
class Quote:
    """A quotation: moved in on both sides."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; the first `head_rows` are headings. `alignments` has one of "", left, center, right a column."""

    rows: tuple[tuple[tuple[Inline, ...], ...], ...]
    alignments: tuple[str, ...]
    head_rows: int = 1


@dataclass(frozen=True, slots=True)
class Code:
    """Lines that keep their blanks."""

    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the page."""


@dataclass(frozen=True, slots=True)
class PageBreak:
    """A new page begins."""


@dataclass(frozen=True, slots=True)
class EmptyLine:
    """`[SKIPLINE]`."""


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Two columns; those of a caption have a line between them."""

    left: tuple[Block, ...]
    right: tuple[Block, ...]
    is_caption: bool = False


@dataclass(frozen=True, slots=True)
class Spacing:
    """From here on lines are this far apart, in lines; 0 is tight: single, and no space between paragraphs."""

    lines: float


@dataclass(frozen=True, slots=True)
class Indentation:
    """From here on first lines are indented, or not."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class Margin:
    """From here on everything stands further in by this many points; 0 is back to the margin."""

    points: float


Block = (
    Paragraph
    | Heading
    | Listing
    | Quote
    | Table
    | Code
    | Rule
    | PageBreak
    | EmptyLine
    | SideBySide
    | Spacing
    | Indentation
    | Margin
)


@dataclass(frozen=True, slots=True)
class Running:
    """What stands at the top or bottom of pages: left, centre, right."""

    left: tuple[Inline, ...] = ()
    center: tuple[Inline, ...] = ()
    right: tuple[Inline, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.left or self.center or self.right)


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How the pages of a document look (spec/area4 §9.2 metadata). Lengths in points."""

    title: str = ""
    author: str = ""
    language: str = "en"
    line_spacing: float = 2.0
    indents_first_line: bool = True
    first_line: float = 36.0
    font: str = ""
    font_size: float = 12.0
    paper: Literal["us-letter", "a4", "us-legal", "a5"] = "us-letter"
    is_landscape: bool = False
    top: float = 72.0
    bottom: float = 72.0
    left: float = 72.0
    right: float = 72.0
    numbers_sections: bool = False
    has_contents: bool = False
    header: Running = field(default_factory=Running)
    footer: Running = field(default_factory=Running)
    first_header: Running | None = None
    """None: like all other pages."""
    first_footer: Running | None = None

    @property
    def begins_right(self) -> bool:
        """Whether lines begin at the right: by the first part of the language's tag (RFC 5646)."""
        return self.language.partition("-")[0].partition("_")[0].lower() in _RIGHT_TO_LEFT


def plain_text(inlines: tuple[Inline, ...]) -> str:
    """The words alone."""
    parts: list[str] = []
    for inline in inlines:
        match inline:
            case Words(text):
                parts.append(text)
            case Styled(_, inner) | Link(_, inner):
                parts.append(plain_text(inner))
            case Mark("break" | "tab"):
                parts.append(" ")
            case _:
                pass
    return "".join(parts)


def inlines_of(block: Block) -> tuple[Inline, ...]:
    """What a block says, on lines of one paragraph."""
    match block:
        case Paragraph(inlines, _) | Heading(_, inlines):
            return inlines
        case Listing(items):
            return _on_lines([(Words(f"{block.label(place)} "), *_all(item)) for place, item in enumerate(items)])
        case Quote(blocks):
            return _all(blocks)
        case Table(rows, _, _):
            return _on_lines([_between(row, Mark("tab")) for row in rows])
        case Code(text):
            return _on_lines([(Words(line),) for line in text.split("\n")])
        case SideBySide(left, right, _):
            return _on_lines([_all(left), _all(right)])
        case _:
            return ()


def _all(blocks: tuple[Block, ...]) -> tuple[Inline, ...]:
    return _on_lines([inlines_of(block) for block in blocks])


def _on_lines(lines: list[tuple[Inline, ...]]) -> tuple[Inline, ...]:
    return _between([line for line in lines if line], Mark("break"))


def _between(parts: Sequence[tuple[Inline, ...]], mark: Mark) -> tuple[Inline, ...]:
    found: list[Inline] = []
    for place, part in enumerate(parts):
        found += [mark, *part] if place else part
    return tuple(found)
