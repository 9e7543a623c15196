"""A document as plain data: what the readers of DOCX, ODT, RTF and HTML make and the rendition sets. In points."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Alignment = Literal["left", "center", "right", "justify"]
Side = Literal["top", "bottom", "left", "right"]
MOST_STOPS = 64
"""How many tab stops a paragraph has: as Word."""


@dataclass(slots=True)
class Span:
    """Words of one look."""

    text: str
    is_bold: bool = False
    is_italic: bool = False
    is_underlined: bool = False
    is_struck: bool = False
    is_code: bool = False
    position: Literal["", "super", "sub"] = ""
    size: float | None = None
    color: str = ""
    """Six hexadecimal digits."""
    highlight: str = ""
    font: str = ""
    link: str = ""


@dataclass(slots=True)
class Break:
    """A new line."""


@dataclass(slots=True)
class Tab:
    """A jump to the next tab stop."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A tab stop."""

    at: float
    """From the left margin of the page."""
    share: float = 0
    """How much of what follows stands before it: 0 nothing, 0.5 half (centred), 1 all (flush right)."""
    leader: str = ""
    """What fills the room up to it."""


@dataclass(slots=True)
class PageNumber:
    """The number of the page, or of pages."""

    is_total: bool = False


@dataclass(slots=True)
class Picture:
    """A picture by its bytes."""

    contents: bytes
    width: float | None = None
    height: float | None = None
    alternative: str = ""


@dataclass(slots=True)
class Footnote:
    """A note at the foot of the page."""

    inlines: list[Inline]


Inline = Span | Break | Tab | PageNumber | Picture | Footnote


@dataclass(slots=True)
class Paragraph:
    """A paragraph, a heading, or an item of a list with the label it bears."""

    inlines: list[Inline] = field(default_factory=list)
    heading: int = 0
    """Level from 1; 0 for what is no heading."""
    alignment: Alignment = "left"
    left: float = 0
    right: float = 0
    first: float = 0
    """Indentation of the first line; negative: it hangs."""
    before: float = 0
    after: float = 0
    line_height: float = 1
    """In lines."""
    label: str = ""
    """Number or bullet of a list's item."""
    level: int = 0
    """How deep the item stands, from 0."""
    on_new_page: bool = False
    in_new_column: bool = False
    stops: tuple[Stop, ...] = ()
    """From left to right."""
    edges: frozenset[Side] = frozenset()
    """Sides with a line."""
    begins_right: bool = False
    """Written from the right: it begins there, and its sides are still those of the paper."""
    is_quote: bool = False
    is_preformatted: bool = False

    @property
    def text(self) -> str:
        """Its words alone."""
        return "".join(inline.text for inline in self.inlines if isinstance(inline, Span))


@dataclass(slots=True)
class Cell:
    """A cell of a table."""

    blocks: list[Block] = field(default_factory=list)
    columns: int = 1
    rows: int = 1
    fill: str = ""
    edges: frozenset[Side] = frozenset()
    """Sides with a line of their own."""


@dataclass(slots=True)
class Table:
    """Rows of cells. A cell that reaches over rows stands in the first of them only."""

    rows: list[list[Cell]]
    widths: list[float] = field(default_factory=list)
    """Of the columns; empty: as the contents need."""
    has_lines: bool = True
    headings: int = 0
    """How many rows are repeated on every page."""


@dataclass(slots=True)
class Rule:
    """A line from margin to margin."""


Block = Paragraph | Table | Rule


@dataclass(slots=True)
class Page:
    """The paper of a section."""

    width: float = 612
    height: float = 792
    top: float = 72
    bottom: float = 72
    left: float = 72
    right: float = 72


@dataclass(slots=True)
class Section:
    """Blocks on one kind of paper."""

    blocks: list[Block] = field(default_factory=list)
    page: Page = field(default_factory=Page)
    header: list[Block] = field(default_factory=list)
    footer: list[Block] = field(default_factory=list)
    first_header: list[Block] | None = None
    """Of the first page, where that has its own."""
    first_footer: list[Block] | None = None
    begins_page: bool = True
    columns: int = 1
    gutter: float = 36
    """Room between columns."""


@dataclass(slots=True)
class Document:
    """A whole document."""

    sections: list[Section]
    title: str = ""
    author: str = ""
    language: str = "en"
    font: str = ""
    size: float = 12
