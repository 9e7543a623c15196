"""Emphasis as Python-Markdown reads it: `**Name:**Ann` is bold too, which CommonMark's flanking rules deny."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.rules_inline import emphasis
from markdown_it.rules_inline.state_inline import Delimiter, StateInline


def install(parser: MarkdownIt) -> None:
    """Replace the tokenizer of emphasis; the pairing of delimiters stays."""
    parser.inline.ruler.at("emphasis", _tokenize)


def _tokenize(state: StateInline, silent: bool) -> bool:
    start, marker = state.pos, state.src[state.pos]
    if silent or marker != "*":
        return emphasis.tokenize(state, silent)
    end = start
    while end < state.posMax and state.src[end] == marker:
        end += 1
    after_space = start == 0 or state.src[start - 1].isspace()
    before_space = end >= state.posMax or state.src[end].isspace()
    for _ in range(end - start):
        token = state.push("text", "", 0)
        token.content = marker
        state.delimiters.append(
            Delimiter(
                marker=ord(marker),
                length=end - start,
                token=len(state.tokens) - 1,
                end=-1,
                open=not before_space,
                close=not after_space,
            )
        )
    state.pos = end
    return True
