"""Ordered lists as documents know them besides `1.`: `a.`, `A.`, `i.`, `I.`, `#.`, each also as `a)` and `(a)`.

The signs are those of pandoc's `fancy_lists` (https://pandoc.org/MANUAL.html#extension-fancy_lists). Screens do not
read them: Python-Markdown has no such lists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.rules_block import list_block
from markdown_it.rules_block.state_block import StateBlock

from shared.interview.documents.docx_styles import numbered

_SIGN = re.compile(
    r"(?P<open>\(?)(?P<count>\d{1,9}|#|[a-z]|[A-Z]|[ivxlc]{2,7}|[IVXLC]{2,7})(?P<close>[.)])(?P<gap> +)\S"
)
_KINDS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman", "1": "decimal"}
_ROMAN_SIGNS = frozenset("IVX")
_LONGEST = 200
"""How far a list of letters is counted to find which number a sign is."""


@dataclass(frozen=True, slots=True)
class Numbering:
    """How the items of a list are counted: `pattern` is the sign of the first, e.g. `(a)`, `I.`, `1)`."""

    pattern: str = "1."
    start: int = 1

    @property
    def kind(self) -> str:
        """What Word calls it (ECMA-376 §17.18.59)."""
        return _KINDS[self.pattern.strip("().")]

    def label(self, number: int) -> str:
        """What stands before the item that has this number."""
        return self.pattern_for(numbered(number, self.kind))

    def pattern_for(self, sign: str) -> str:
        """The pattern with another sign in it."""
        return self.pattern.replace(self.pattern.strip("()."), sign)


def install(parser: MarkdownIt) -> None:
    """Read them in place of the lists that the parser knows, where these begin with another sign."""
    plain = next(rule.fn for rule in parser.block.ruler.__rules__ if rule.name == "list")

    def rule(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
        found = None if state.is_code_block(start_line) else _first(_line(state, start_line))
        if found is None:
            return bool(plain(state, start_line, end_line, silent))
        if silent and state.parentType == "paragraph" and state.listIndent < 0 and state.level == 0:
            return False  # as with other lists: an ordinary line may begin like one
        if silent:
            return True
        written, opened = state.src, len(state.tokens)
        _as_numbers(state, start_line, end_line, found)
        if not list_block(state, start_line, end_line, silent):
            state.src = written
            return False
        state.tokens[opened].meta["numbering"] = found
        return True

    parser.block.ruler.at("list", rule, {"alt": ["paragraph", "reference", "blockquote"]})


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _first(line: str) -> Numbering | None:
    """How a list is counted that begins with this line; None when none of ours does."""
    sign = _SIGN.match(line)
    if sign is None or (sign["open"] and sign["close"] == "."):
        return None
    count, around = sign["count"], (sign["open"], sign["close"])
    if count.isdigit():
        return None if around == ("", ".") else Numbering(f"{sign['open']}1{sign['close']}", int(count))
    if count == "#":
        return Numbering(f"{sign['open']}1{sign['close']}")
    if len(count) == 1 and count.isupper() and around == ("", ".") and len(sign["gap"]) < 2:
        return None  # `A. Smith` is a name
    is_roman = len(count) > 1 or count in "iI"
    kind = ("i" if count.islower() else "I") if is_roman else ("a" if count.islower() else "A")
    made = Numbering(f"{sign['open']}{kind}{sign['close']}")
    start = next((number for number in range(1, _LONGEST) if numbered(number, made.kind) == count), None)
    return None if start is None else Numbering(made.pattern, start)


def _as_numbers(state: StateBlock, start_line: int, end_line: int, numbering: Numbering) -> None:
    """Write signs that CommonMark counts, as long as ours, before the items of one list: same place, next number."""
    column, number = state.sCount[start_line], numbering.start
    for line in range(start_line, end_line):
        if state.isEmpty(line) or state.sCount[line] > column:
            continue
        if state.sCount[line] < column:
            return
        sign = _SIGN.match(_line(state, line))
        if sign is None or not _continues(sign, numbering, number):
            continue
        number += 1
        place = state.bMarks[line] + state.tShift[line]
        length = sign.start("gap")
        counted = "1".rjust(length - 1, "0") + sign["close"]
        state.src = state.src[:place] + counted + state.src[place + length :]


def _continues(sign: re.Match[str], numbering: Numbering, number: int) -> bool:
    if (sign["open"], sign["close"]) != (numbering.pattern[:-2], numbering.pattern[-1]):
        return False
    if numbering.kind == "decimal":
        return sign["count"].isdigit() or sign["count"] == "#"
    return sign["count"] == numbered(number, numbering.kind)
