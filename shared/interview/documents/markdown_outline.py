"""The headings of a document: their numbers, their pages, and what stands above their list.

Word and RTF files number headings and list them as the PDF does (`numbersections`, `toc`). Only pages that are set have
numbers, so those of the list are the PDF's, until the word processor works out its own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.interview.documents.markdown_pdf import write_pdf
from shared.interview.documents.markdown_tree import Block, Heading, Listing, Manner, Quote, SideBySide, plain_text

if TYPE_CHECKING:
    import pikepdf

LEVELS = 6
_TITLES = {
    "ar": "المحتويات", "de": "Inhaltsverzeichnis", "es": "Índice", "fr": "Table des matières", "he": "תוכן עניינים",
    "it": "Indice", "nl": "Inhoudsopgave", "pl": "Spis treści", "pt": "Sumário",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One heading."""

    level: int
    words: str
    number: str
    """As `2.1`; empty where headings are not numbered."""
    bookmark: str
    """Its name for links, as Word gives names to headings."""
    page: int
    """From 1; 0 where nobody wants to know."""


def outline(blocks: Sequence[Block], manner: Manner) -> list[Entry]:
    """The headings in the order in which they are written. Raises TypesettingFailed where pages are wanted."""
    headings = list(_headings(blocks))
    pages = _pages(blocks, manner) if manner.has_contents and headings else []
    counts = [0] * LEVELS
    made = []
    for place, heading in enumerate(headings):
        counts[heading.level - 1] += 1
        counts[heading.level :] = [0] * (LEVELS - heading.level)
        made.append(
            Entry(
                level=heading.level,
                words=" ".join(plain_text(heading.inlines).split()),
                number=".".join(map(str, counts[: heading.level])) if manner.numbers_sections else "",
                bookmark=f"_Toc{place + 1:08}",
                page=(pages[place] if place < len(pages) else 1) if manner.has_contents else 0,
            )
        )
    return made


def title_of_contents(language: str) -> str:
    """What stands above a table of contents."""
    return _TITLES.get(language[:2].lower(), "Contents")


def _headings(blocks: Iterable[Block]) -> Iterator[Heading]:
    for block in blocks:
        match block:
            case Heading():
                yield block
            case Quote(inner):
                yield from _headings(inner)
            case Listing(items):
                for item in items:
                    yield from _headings(item)
            case SideBySide(left, right):
                yield from _headings(left)
                yield from _headings(right)
            case _:
                pass


def _pages(blocks: Sequence[Block], manner: Manner) -> list[int]:
    """The page of each heading in the PDF, which has a bookmark for each."""
    import pikepdf

    with tempfile.TemporaryDirectory(prefix="outline-") as folder:
        target = Path(folder, "set.pdf")
        write_pdf(blocks, manner, target)
        with pikepdf.open(target) as pdf:
            numbers = {tuple(page.obj.objgen): at for at, page in enumerate(pdf.pages, 1)}
            with pdf.open_outline() as found:
                return [numbers.get(_page_of(item, pdf), 1) for item in _all(found.root)]


def _all(items: Iterable[pikepdf.OutlineItem]) -> Iterator[pikepdf.OutlineItem]:
    for item in items:
        yield item
        yield from _all(item.children)


def _page_of(item: pikepdf.OutlineItem, pdf: pikepdf.Pdf) -> tuple[int, int]:
    import pikepdf

    destination: Any = item.destination
    if destination is None and item.action is not None:
        destination = item.action.get("/D")
    if isinstance(destination, (pikepdf.String, pikepdf.Name)):
        destination = pikepdf.NameTree(pdf.Root.Names.Dests).get(str(destination)) if "/Names" in pdf.Root else None
    if isinstance(destination, pikepdf.Dictionary):
        destination = destination.get("/D")
    return destination[0].objgen if destination is not None else (0, 0)
