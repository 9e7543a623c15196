"""Curly quotes, dashes and ellipses ("smart" typography), by the well-known rules of SmartyPants.

Quotes are decided over the text of a whole paragraph, in which emphasis is transparent and code, pictures and
escaped characters count as letters.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from shared.interview.documents.markdown_codes import SIGN

_OPAQUE = "\ufffc"
_QUOTE_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^'(?=[^\w\s" + _OPAQUE + r"]\B)"), "’"),
    (re.compile(r'^"(?=[^\w\s' + _OPAQUE + r"]\B)"), "”"),
    (re.compile(r"\"'(?=\w)"), "“‘"),
    (re.compile(r"'\"(?=\w)"), "‘“"),
    (re.compile(r"'(?=\d{2}s)"), "’"),
    (re.compile(r'(?<=[\s(\[{–—-])"(?=[\w$€£' + _OPAQUE + r"])"), "“"),
    (re.compile(r'"(?=\s)'), "”"),
    (re.compile(r'(?<=[^ \t\r\n\[{(–—-])"'), "”"),
    (re.compile(r'"'), "“"),
    (re.compile(r"(?<=[\s(\[{–—-])'(?=[\w$€£" + _OPAQUE + r"])"), "‘"),
    (re.compile(r"(?<=[^ \t\r\n\[{(–—-])'(?!\s|s\b|\d)"), "’"),
    (re.compile(r"(?<=[^ \t\r\n\[{(–—-])'(?=\s|s\b|\d|$)"), "’"),
    (re.compile(r"'"), "‘"),
)
_BEGINS = re.compile(r"(?!'s\b)[\"']{1,2}[\w$€£]")
_DASHES = re.compile(r"(?:https?|mailto|ftp):\S*[\w/=]|---?|\.\.\.")
"""An address that stands in a text is left alone: with a dash for two hyphens it would lead nowhere."""
_DASH = {"--": "–", "---": "—", "...": "…"}


def install(parser: MarkdownIt) -> None:
    """Take the place of markdown-it's own rules."""
    parser.core.ruler.at("replacements", _replace)
    parser.disable("smartquotes")
    parser.enable("replacements")


def curl(text: str) -> str:
    """A plain text with smart typography."""
    return _dashes(_curl_quotes(text)) if re.search(r"['\"]|--|\.\.\.", text) else text


def _replace(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and token.children and re.search(r"['\"]|--|\.\.\.", token.content):
            _quotes_in(token.children)
            for child in token.children:
                if child.type == "text" and child.info != "auto":
                    child.content = _dashes(child.content)


def _quotes_in(children: list[Token]) -> None:
    whole, places, is_autolink = [], [], False
    length = 0
    for child in children:
        if child.type in {"link_open", "link_close"} and child.info == "auto":
            is_autolink = child.type == "link_open"
        if child.type == "text" and not is_autolink:
            places.append((child, length))
            whole.append(child.content)
            length += len(child.content)
        elif child.type in {"softbreak", "hardbreak"}:
            whole.append("\n")
            length += 1
        elif child.type in {"code_inline", "image", "text_special", "text"}:
            whole.append(_OPAQUE)
            length += 1
    curled = _curl_quotes("".join(whole))
    for child, start in places:
        child.content = curled[start : start + len(child.content)]


def _curl_quotes(text: str) -> str:
    if "'" not in text and '"' not in text:
        return text
    curled = SIGN.sub(_as_letters, text)
    for pattern, replacement in _QUOTE_RULES:
        curled = pattern.sub(replacement, curled)
    for sign in SIGN.finditer(text):
        curled = curled[: sign.start()] + sign[0] + curled[sign.end() :]
    return curled


def _as_letters(sign: re.Match[str]) -> str:
    """A mark of documents counts as a word, or as a blank where a quotation begins behind it: `[INDENTBY 1in] "So"`."""
    behind = sign.string[sign.end() :]
    return _OPAQUE * (len(sign[0]) - 1) + (" " if _BEGINS.match(behind) else _OPAQUE)


def _dashes(text: str) -> str:
    return _DASHES.sub(lambda found: _DASH.get(found[0], found[0]), text) if "--" in text or "..." in text else text
