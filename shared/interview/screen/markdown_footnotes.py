"""Footnotes as Python-Markdown writes them: a raised number that leads to the note, and a sign that leads back.

The names of anchors are the author's own labels (`fn:1`, `fnref:1`), so that links and styles written for it hold.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin


def install(parser: MarkdownIt) -> None:
    """Teach a parser `word[^label]` and `[^label]: the note`."""
    parser.use(footnote_plugin, inline=False)
    parser.add_render_rule("footnote_ref", _reference)
    parser.add_render_rule("footnote_block_open", _opening)
    parser.add_render_rule("footnote_block_close", _closing)
    parser.add_render_rule("footnote_open", _note)
    parser.add_render_rule("footnote_anchor", _way_back)


def _reference(_renderer: Any, tokens: Sequence[Token], index: int, *_: Any) -> str:
    token = tokens[index]
    return (
        f'<sup id="{_name_of_reference(token)}">'
        f'<a class="footnote-ref" href="#fn:{_label(token)}">{token.meta["id"] + 1}</a></sup>'
    )


def _opening(*_: Any) -> str:
    return '<div class="footnote">\n<hr />\n<ol>\n'


def _closing(*_: Any) -> str:
    return "</ol>\n</div>\n"


def _note(_renderer: Any, tokens: Sequence[Token], index: int, *_: Any) -> str:
    return f'<li id="fn:{_label(tokens[index])}">'


def _way_back(_renderer: Any, tokens: Sequence[Token], index: int, *_: Any) -> str:
    token = tokens[index]
    title = f"Jump back to footnote {token.meta['id'] + 1} in the text"
    return f'&#160;<a class="footnote-backref" href="#{_name_of_reference(token)}" title="{title}">&#8617;&#xFE0E;</a>'


def _label(token: Token) -> str:
    return html.escape(str(token.meta["label"] or token.meta["id"] + 1))


def _name_of_reference(token: Token) -> str:
    """The first reference to a note is `fnref:label`; the second `fnref2:label`."""
    again = token.meta.get("subId", 0)
    return f"fnref{again + 1 if again > 0 else ''}:{_label(token)}"
