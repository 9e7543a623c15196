"""`{: #id .class key="value" }` after a block, at the end of a heading, or right after an inline element."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_AT_END_OF_BLOCK = re.compile(r"(?:^|\n)[ ]*\{:[ ]*([^}\n]*?)[ ]*\}[ ]*$")
_AT_END_OF_HEADING = re.compile(r"[ ]*\{:[ ]*([^}\n]*?)[ ]*\}[ ]*$")
_AFTER_INLINE = re.compile(r"^\{:[ ]*([^}\n]*?)[ ]*\}")
_ONE = re.compile(r"""([^\s=]+)=(?:"([^"]*)"|'([^']*)'|(\S+))|\.([\w:-]+)|\#([\w:-]+)""")


def install(parser: MarkdownIt) -> None:
    """Run before the typography, which would curl the quotes inside the braces."""
    parser.core.ruler.before("replacements", "attribute_lists", _apply)
    parser.core.ruler.before("inline", "block_attribute_lists", _apply_to_blocks)


def _apply_to_blocks(state: StateCore) -> None:
    tokens = state.tokens
    for index, token in enumerate(tokens):
        if token.type != "inline" or "{:" not in token.content or index == 0:
            continue
        opener = tokens[index - 1]
        if opener.type == "heading_open":
            found = _AT_END_OF_HEADING.search(token.content)
        elif opener.type in {"paragraph_open", "th_open", "td_open"}:
            found = _AT_END_OF_BLOCK.search(token.content)
        else:
            continue
        if found is None or (found.start() == 0 and opener.type != "paragraph_open"):
            continue
        token.content = token.content[: found.start()]
        _set(_target(tokens, index - 1, is_alone=found.start() == 0), found[1])


def _target(tokens: list[Token], opener: int, is_alone: bool) -> Token:
    """The element an attribute list belongs to: an own paragraph speaks of the block before, a tight item of itself."""
    if tokens[opener].hidden and opener > 0 and tokens[opener - 1].type == "list_item_open":
        return tokens[opener - 1]
    if is_alone and opener > 0 and tokens[opener - 1].nesting == -1:
        level = tokens[opener - 1].level
        tokens[opener].hidden = tokens[opener + 2].hidden = True
        for candidate in reversed(tokens[: opener - 1]):
            if candidate.level == level and candidate.nesting == 1:
                return candidate
    return tokens[opener]


def _apply(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and token.children and "{:" in token.content:
            _apply_to_inline(token.children)


def _apply_to_inline(children: list[Token]) -> None:
    for index, child in enumerate(children):
        if child.type != "text" or index == 0 or (found := _AFTER_INLINE.match(child.content)) is None:
            continue
        target = _inline_target(children, index - 1)
        if target is not None:
            _set(target, found[1])
            child.content = child.content[found.end() :]


def _inline_target(children: list[Token], index: int) -> Token | None:
    before = children[index]
    if before.type in {"image", "code_inline"}:
        return before
    if before.nesting != -1:
        return None
    for candidate in reversed(children[:index]):
        if candidate.nesting == 1 and candidate.level == before.level and candidate.tag == before.tag:
            return candidate
    return None


def _set(token: Token, attributes: str) -> None:
    for one in _ONE.finditer(attributes):
        if one[5]:
            token.attrJoin("class", one[5])
        elif one[6]:
            token.attrSet("id", one[6])
        elif not one[1].lower().startswith("on"):
            token.attrSet(one[1], one[2] or one[3] or one[4] or "")
