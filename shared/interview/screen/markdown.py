"""Markdown to HTML, with the manners of Python-Markdown that interviews were written for (spec/area4 §7.2).

The parser is markdown-it-py. Rules shared with documents change what differs visibly: raw HTML blocks
(markdown_blocks), lists that may not interrupt a paragraph, emphasis next to punctuation (markdown_inline),
curly quotes and dashes (markdown_typography); `{: .class }` is only for screens (markdown_attributes). Links are
finished in links.py.
"""

from __future__ import annotations

import functools
import html
import re

from markdown_it import MarkdownIt

from shared.interview.documents import markdown_blocks, markdown_inline, markdown_typography
from shared.interview.screen import markdown_attributes, markdown_footnotes

_PLAIN = re.compile(r"[A-Za-z0-9,;?%°äöüßéèáàçñ“”’ ][A-Za-z0-9,;:?%°()/äöüßéèáàçñ“”’ ]*[A-Za-z0-9,;:?%()“”’]")
"""Text on which Markdown, typography and HTML leave no mark."""
_ONE_PARAGRAPH = re.compile(r"\s*<p>((?:(?!</?p>).)*)</p>\s*\Z", re.DOTALL)
_CELL_ALIGNMENT = re.compile(r'<(t[hd])((?: class="[^"]*")?) style="text-align:(left|center|right)">')
_ALIGNMENT_CLASS = {"left": "text-start text-left", "center": "text-center", "right": "text-end text-right"}
_TABLE = re.compile(r"<table>(.*?)</table>", re.DOTALL)
_SCHEMES_REFUSED = re.compile(r"\s*(?:javascript|vbscript|file|data)\s*:", re.IGNORECASE)
_HARMLESS_DATA = re.compile(r"\s*data:image/(?:gif|png|jpeg|webp);", re.IGNORECASE)
_JAVASCRIPT = re.compile(r"\s*javascript:", re.IGNORECASE)

DEFAULT_TABLE_CLASS = "table table-striped"


def to_html(
    text: str, *, trims: bool = False, allows_javascript_links: bool = False, table_class: str = DEFAULT_TABLE_CLASS
) -> str:
    """HTML of a Markdown text whose special markup has been replaced already.

    `trims` takes off the paragraph around a single paragraph: for headings, labels and buttons. Markdown links to
    `javascript:` are links only with `allows_javascript_links`: texts carry what people typed, and that is no program.
    `table_class` is `class` or `class, class of the head`.
    """
    text = text.strip("\n")
    if not text.strip():
        return ""
    if _PLAIN.fullmatch(text):
        return text if trims else f"<p>{text}</p>"
    made = str(_parser(allows_javascript_links).render(text))
    if "<table>" in made:
        made = _dress_tables(made, table_class)
    if "<blockquote>" in made:
        made = made.replace("<blockquote>", '<blockquote class="blockquote">')
    return _trim(made) if trims else made.strip("\n")


def to_plain_text(made_html: str) -> str:
    """The readable text of a piece of HTML, for titles and attributes."""
    if "<" not in made_html and "&" not in made_html:
        return made_html.strip()
    bare = re.sub(r"<(?:br|/p|/div|/li|/tr|/h\d)\b[^>]*>", " ", made_html)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", bare))).strip()


@functools.lru_cache(maxsize=2)
def _parser(allows_javascript_links: bool) -> MarkdownIt:
    """The configured parser; it keeps nothing between texts."""
    parser = MarkdownIt("commonmark", {"html": True, "typographer": True})
    parser.enable("table")
    parser.disable("fence")
    markdown_blocks.install(parser)
    markdown_inline.install(parser)
    markdown_typography.install(parser)
    markdown_attributes.install(parser)
    markdown_footnotes.install(parser)
    parser.validateLink = _accepts_everything_harmless(allows_javascript_links)  # type: ignore[method-assign]
    return parser


def _accepts_everything_harmless(allows_javascript_links: bool):  # type: ignore[no-untyped-def]
    def accepts(url: str) -> bool:
        if not _SCHEMES_REFUSED.match(url):
            return True
        return bool(_HARMLESS_DATA.match(url)) or (allows_javascript_links and bool(_JAVASCRIPT.match(url)))

    return accepts


def _trim(made: str) -> str:
    single = _ONE_PARAGRAPH.match(made)
    return (single[1] if single else made).strip()


def _dress_tables(made: str, table_class: str) -> str:
    classes, _, head_class = table_class.partition(",")
    head = f'<thead class="{html.escape(head_class.strip())}">' if head_class.strip() else "<thead>"
    opening = f'<div class="table-responsive"><table class="{html.escape(classes.strip())}">'

    def dress(table: re.Match[str]) -> str:
        inside = _CELL_ALIGNMENT.sub(
            lambda cell: f'<{cell[1]}{cell[2]} class="{_ALIGNMENT_CLASS[cell[3]]}">', table[1].replace("<thead>", head)
        )
        return f"{opening}{inside}</table></div>"

    return _TABLE.sub(dress, made)
