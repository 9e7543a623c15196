"""Terms: words of a text that carry a definition, shown as a popover (spec/area4 §7.4).

`{term}` and `{term|shown}` name explicit terms; automatic terms are found wherever they stand as whole words. They are
looked for in finished HTML, in the text between tags only, never inside links, buttons or option labels.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_TAGS = re.compile(r"(<[^>]*>)")
_OPAQUE = frozenset({"a", "button", "script", "style", "textarea", "code", "option", "select"})
_EXPLICIT = re.compile(r"\{([^{}|]+)(?:\|([^{}]+))?\}")


@dataclass(frozen=True)
class Terms:
    """Definitions as HTML by term, in the order they are tried."""

    explicit: Mapping[str, str] = field(default_factory=dict)
    automatic: Mapping[str, str] = field(default_factory=dict)
    trigger: str = "focus"
    used: dict[str, str] = field(default_factory=dict)
    """Those explicit ones that have been marked somewhere; `mark_terms` adds to it."""
    used_automatic: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.explicit or self.automatic)


NO_TERMS = Terms()


def normalised(term: str) -> str:
    """How terms are kept: lower case, white space as single blanks, straight quotes."""
    return re.sub(r"\s+", " ", term).strip().lower().replace("’", "'")


def mark_terms(made: str, terms: Terms) -> str:
    """The HTML with its terms turned into popover links."""
    if not terms or ("{" not in made and not terms.automatic):
        return made
    automatic = _pattern_of(terms.automatic)
    pieces = _TAGS.split(made)
    closed_by: list[str] = []
    for index, piece in enumerate(pieces):
        if index % 2:
            _track(piece, closed_by)
        elif piece and not closed_by:
            pieces[index] = _mark(piece, terms, automatic)
    return "".join(pieces)


def _track(tag: str, closed_by: list[str]) -> None:
    found = re.match(r"<(/?)([a-zA-Z][\w-]*)", tag)
    if found is None:
        return
    name = found[2].lower()
    if found[1]:
        if name in closed_by:
            del closed_by[closed_by.index(name) :]
    elif name in _OPAQUE and not tag.endswith("/>"):
        closed_by.append(name)


def _mark(text: str, terms: Terms, automatic: re.Pattern[str] | None) -> str:
    pieces: list[str] = []
    position = 0
    for found in _EXPLICIT.finditer(text) if terms.explicit else ():
        definition = _lookup(terms.explicit, found[1])
        if definition is None:
            continue
        terms.used[normalised(html.unescape(found[1]))] = definition
        pieces.append(_automatic(text[position : found.start()], terms, automatic))
        pieces.append(_link((found[2] or found[1]).strip(), definition, terms.trigger))
        position = found.end()
    pieces.append(_automatic(text[position:], terms, automatic))
    return "".join(pieces)


def _automatic(text: str, terms: Terms, pattern: re.Pattern[str] | None) -> str:
    if pattern is None or not text:
        return text

    def link(found: re.Match[str]) -> str:
        definition = _lookup(terms.automatic, found[0])
        if definition is None:
            return found[0]
        terms.used_automatic[normalised(html.unescape(found[0]))] = definition
        return _link(found[0], definition, terms.trigger)

    return pattern.sub(link, text)


def _lookup(terms: Mapping[str, str], written: str) -> str | None:
    key = normalised(html.unescape(written))
    if key in terms:
        return terms[key]
    for pattern, definition in terms.items():
        try:
            if re.fullmatch(pattern, key, re.IGNORECASE):
                return definition
        except re.error:
            continue
    return None


def _pattern_of(terms: Mapping[str, str]) -> re.Pattern[str] | None:
    """One pattern for all automatic terms. Terms are regular expressions; one that is none is taken literally."""
    alternatives = []
    for term in terms:
        try:
            re.compile(term)
        except re.error:
            term = re.escape(term)
        alternatives.append(term.replace("'", "['’]").replace(" ", r"\s+"))
    if not alternatives:
        return None
    return re.compile(r"(?<!\w)(?:" + "|".join(alternatives) + r")(?!\w)", re.IGNORECASE)


def _link(shown: str, definition: str, trigger: str) -> str:
    return (
        f'<a tabindex="0" role="button" class="daterm" data-bs-toggle="popover" data-bs-container="body" '
        f'data-bs-html="true" data-bs-trigger="{html.escape(trigger)}" data-bs-placement="bottom" '
        f'data-bs-content="{html.escape(definition)}">{shown}</a>'
    )
