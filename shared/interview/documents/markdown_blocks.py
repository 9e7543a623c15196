"""Block rules of our Markdown: raw HTML, and lists as Python-Markdown reads them.

- A block-level HTML tag at the start of a line is raw up to its closing tag, blank lines included; with
  `markdown="1"` its inside is Markdown. CommonMark would end it at the first blank line.
- A list cannot interrupt a paragraph, `1)` starts none, and a marker needs text after it.
- In a table without a bar at its left edge, a row that begins with a bar has an empty first cell.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import list_block
from markdown_it.rules_block.state_block import StateBlock
from markdown_it.rules_core import StateCore

_BLOCK_TAGS_WRITTEN = (
    "address article aside blockquote body canvas center colgroup dd details dialog div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe legend li link main map math menu meta "
    "nav noscript object ol option output p pre progress script section select style summary svg table tbody td "
    "textarea tfoot th thead title tr ul video audio "
)
_BLOCK_TAGS = frozenset(_BLOCK_TAGS_WRITTEN.split())
_VOID_TAGS = frozenset({"hr", "link", "meta"})
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)((?:\s+[^<>]*?|\s*)(?:\"[^\"]*\"|'[^']*'|[^<>\"'])*)>", re.DOTALL)
_MARKDOWN_ATTRIBUTE = re.compile(r"""\s+markdown\s*=\s*["']?(1|block|span)["']?""", re.IGNORECASE)
_TABLE_RULE = re.compile(r" {0,3}:?-+:? *\|[ :|-]*")
_LIST_MARKER = re.compile(r"(?:[*+-]|\d{1,9}\.) +\S")


def install(parser: MarkdownIt) -> None:
    """Replace the rules of CommonMark."""
    interrupts: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote"]}
    parser.block.ruler.at("html_block", _html_block, interrupts)
    parser.block.ruler.at("list", _list, interrupts)
    parser.core.ruler.after("normalize", "empty_first_cells", _keep_empty_first_cells)


def _keep_empty_first_cells(state: StateCore) -> None:
    """A second bar before such a row: the parser takes the first for an edge, and the row would move to the left."""
    if "|" not in state.src:
        return
    lines = state.src.split("\n")
    is_in_table = False
    for number, line in enumerate(lines):
        if is_in_table:
            is_in_table = bool(line.strip())
            if line.lstrip().startswith("|"):
                lines[number] = f"| {line.lstrip()}"
        elif number and _TABLE_RULE.fullmatch(line):
            heading = lines[number - 1].strip()
            is_in_table = "|" in heading and not heading.startswith("|")
    state.src = "\n".join(lines)


def _list(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    line = state.src[state.bMarks[start_line] + state.tShift[start_line] : state.eMarks[start_line]]
    if not _LIST_MARKER.match(line):
        return False
    if silent and state.parentType == "paragraph" and state.listIndent < 0 and state.level == 0:
        return False
    return list_block(state, start_line, end_line, silent)


def _html_block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    start = state.bMarks[start_line] + state.tShift[start_line]
    if state.is_code_block(start_line) or start >= len(state.src) or state.src[start] != "<":
        return False
    stop = state.eMarks[end_line - 1]
    if state.src.startswith("<!--", start):
        if not silent:
            closing = state.src.find("-->", start)
            _push_raw(state, start_line, _line_of(state, start_line, end_line, stop if closing < 0 else closing) + 1)
        return True
    tag = _TAG.match(state.src, start, stop)
    if tag is None or tag[2].lower() not in _BLOCK_TAGS:
        return False
    if silent:
        return True
    closing_at = start if tag[1] or tag[2].lower() in _VOID_TAGS else _closing_of(state.src, tag, stop)
    if closing_at is None:
        _push_raw(state, start_line, _next_blank(state, start_line, end_line))
        return True
    if (mark := _MARKDOWN_ATTRIBUTE.search(tag[3])) is not None:
        _markdown_inside(state, start_line, end_line, tag, mark, closing_at)
        return True
    _push_raw(state, start_line, _line_of(state, start_line, end_line, _end_of_row(state.src, closing_at, stop)) + 1)
    return True


def _closing_of(source: str, opening: re.Match[str], stop: int) -> int | None:
    """Where the closing tag that matches `opening` starts."""
    name, depth = opening[2], 1
    if opening[3].rstrip().endswith("/"):
        return opening.start()
    for tag in re.finditer(rf"<(/?){name}\b[^>]*>", source[opening.end() : stop], re.IGNORECASE):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return opening.end() + tag.start()
    return None


def _end_of_row(source: str, closing_at: int, stop: int) -> int:
    """The last place that belongs to a closed tag: further blocks opened on the same line belong to it."""
    end = closing_at
    while True:
        line_end = source.find("\n", end, stop)
        line_end = stop if line_end < 0 else line_end
        after = source.find(">", end, stop)
        following = _TAG.search(source, after + 1, line_end) if 0 <= after < line_end else None
        if following is None or following[1] or following[2].lower() not in _BLOCK_TAGS - _VOID_TAGS:
            return end
        closing = _closing_of(source, following, stop)
        if closing is None or closing <= end:
            return end
        end = closing


def _markdown_inside(
    state: StateBlock, start_line: int, end_line: int, tag: re.Match[str], mark: re.Match[str], closing_at: int
) -> None:
    opening = f"<{tag[2]}{tag[3][: mark.start()]}{tag[3][mark.end() :]}>"
    first, last = (
        _line_of(state, start_line, end_line, tag.end() - 1),
        _line_of(state, start_line, end_line, closing_at),
    )
    closing_end = state.src.index(">", closing_at) + 1
    state.push("html_block", "", 0).content = opening + "\n"
    between = state.src[tag.end() : closing_at]
    if last > first and mark[1].lower() != "span":
        rest_of_first = state.src[tag.end() : state.eMarks[first]].strip()
        if rest_of_first:
            _push_inline(state, rest_of_first)
        state.md.block.tokenize(state, first + 1, last)
        before_closing = state.src[state.bMarks[last] : closing_at].strip()
        if before_closing:
            _push_inline(state, before_closing)
    else:
        _push_inline(state, between.strip())
    state.push("html_block", "", 0).content = state.src[closing_at:closing_end] + "\n"
    rest = state.src[closing_end : state.eMarks[last]].strip()
    if rest:
        _push_inline(state, rest)
    state.line = last + 1


def _push_inline(state: StateBlock, text: str) -> None:
    token = state.push("inline", "", 0)
    token.content, token.children, token.map = text, [], [state.line, state.line]


def _push_raw(state: StateBlock, start_line: int, next_line: int) -> None:
    state.line = next_line
    token = state.push("html_block", "", 0)
    token.map = [start_line, next_line]
    token.content = state.getLines(start_line, next_line, state.blkIndent, True).rstrip("\n") + "\n"


def _line_of(state: StateBlock, start_line: int, end_line: int, place: int) -> int:
    for line in range(start_line, end_line):
        if place <= state.eMarks[line]:
            return line
    return end_line - 1


def _next_blank(state: StateBlock, start_line: int, end_line: int) -> int:
    line = start_line + 1
    while line < end_line and not state.isEmpty(line):
        line += 1
    return line
