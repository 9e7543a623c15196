"""What a mail says: HTML of templates with addresses that lead from anywhere, and the same as plain text."""

from __future__ import annotations

import html
import re
from functools import cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt

from shared.interview.documents import markdown_blocks, markdown_inline, markdown_typography

_LOCAL_ADDRESS = re.compile(r'(\b(?:href|src)=")(?=/(?!/))')
_BLOCKS = frozenset(
    {"address", "article", "blockquote", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li"}
    | {"ol", "p", "pre", "section", "table", "tr", "ul"}
)
_SKIPPED = frozenset({"head", "script", "style", "template", "title"})


def html_of_template(template: Any, root: str) -> str:
    """The text of a template as HTML; links within the site `root` become whole addresses."""
    if hasattr(type(template), "content_as_html"):
        made = str(template.content_as_html())
    else:
        made = str(_parser().render(str(template.content)))
    site = urlsplit(root)
    return _LOCAL_ADDRESS.sub(rf"\1{site.scheme}://{site.netloc}", made)


def html_of_text(text: str) -> str:
    """A plain text as HTML that looks like it: what people typed is no markup."""
    return "<br>\n".join(html.escape(line, quote=False) for line in text.splitlines())


def page_of(inside: str) -> str:
    """A piece of HTML as a whole page."""
    return f"<html><body>{inside}</body></html>"


def text_of_html(made: str) -> str:
    """What a mail program without HTML shows: the words, and where links lead."""
    reader = _Reader()
    reader.feed(made)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    """Collects the words of a page, with line breaks where blocks begin and end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._skipped = 0
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SKIPPED:
            self._skipped += 1
        elif tag in _BLOCKS or tag == "br":
            self.parts.append("\n")
        elif tag == "img":
            self.parts.append(dict(attrs).get("alt") or "")
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.parts)))
        if tag == "li":
            self.parts.append("* ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIPPED:
            self._skipped = max(0, self._skipped - 1)
        elif tag in _BLOCKS and tag != "li":
            self.parts.append("\n\n" if tag in ("p", "h1", "h2", "h3", "h4", "h5", "h6") else "\n")
        elif tag == "a" and self._links:
            address, begins = self._links.pop()
            words = "".join(self.parts[begins:]).strip()
            if address.startswith(("http://", "https://")) and words != address:
                self.parts.append(f" ({address})")

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.parts.append(re.sub(r"\s+", " ", data))


@cache
def _parser() -> MarkdownIt:
    """For templates that code made: those of blocks bring the parser of the screen."""
    parser = MarkdownIt("commonmark", {"html": True, "typographer": True}).enable("table")
    markdown_blocks.install(parser)
    markdown_inline.install(parser)
    markdown_typography.install(parser)
    return parser
