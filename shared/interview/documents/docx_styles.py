"""How things look in a DOCX: defaults, styles, and what a paragraph or run says itself (ECMA-376 §17.7)."""

from __future__ import annotations

import math
from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TWENTIETHS = 20.0
_LONGEST = 14_400.0
_MOST_DIGITS = 20
_HOLDERS = frozenset({"tabs", "pBdr", "tcBorders"})
_ADDED_UP = _HOLDERS | {"ind", "spacing"}
"""Of these a layer says some, and those below it the rest."""
Properties = dict[str, Any]
"""Local names of elements, with their attributes by local name."""


def properties(element: Any) -> Properties:
    """The children of a `w:pPr` or `w:rPr` by name; of tab stops and borders, what they hold: by place, by side."""
    if element is None:
        return {}
    return {
        local(child): _held(child)
        if local(child) in _HOLDERS
        else {local_name(name): value for name, value in child.attrib.items()}
        for child in element
        if isinstance(child.tag, str)
    }


def _held(holder: Any) -> dict[str, Any]:
    children = (child for child in holder if isinstance(child.tag, str))
    return {
        child.get(f"{W}pos") or local(child): {local_name(name): value for name, value in child.attrib.items()}
        for child in children
    }


def local(element: Any) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def local_name(name: str) -> str:
    """The name of an attribute without its namespace."""
    return name.rpartition("}")[2]


def points(value: str | None) -> float:
    """A length in twentieths of a point, no longer than paper can be; anything else is nothing."""
    try:
        made = float(value or 0) / _TWENTIETHS
    except ValueError:
        return 0.0
    return 0.0 if math.isnan(made) else min(max(made, -_LONGEST), _LONGEST)


def whole(value: str | None, default: int = 0, *, most: int = 32_767) -> int:
    """A number from 0 to `most`; anything else is the default."""
    try:
        return min(max(int((value or "")[:_MOST_DIGITS]), 0), most)
    except ValueError:
        return default


def is_on(given: Properties, name: str) -> bool:
    """Whether a switch is there and not turned off."""
    return name in given and given[name].get("val", "1") not in ("0", "false", "off", "none")


class Styles:
    """The styles of one document."""

    def __init__(self, tree: Any | None) -> None:
        self._styles: dict[str, Any] = {}
        self._made: dict[str, tuple[Properties, Properties]] = {}
        self._defaults: tuple[Properties, Properties] = ({}, {})
        self._default_paragraph = ""
        if tree is None:
            return
        self._defaults = (
            properties(tree.find(f"{W}docDefaults/{W}pPrDefault/{W}pPr")),
            properties(tree.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr")),
        )
        for style in tree.iter(f"{W}style"):
            identifier = style.get(f"{W}styleId", "")
            self._styles[identifier] = style
            if style.get(f"{W}type") == "paragraph" and style.get(f"{W}default") in ("1", "true"):
                self._default_paragraph = identifier

    def paragraph(self, own: Properties) -> tuple[Properties, Properties, str]:
        """What holds for a paragraph, for its runs, and the name of its style in small letters."""
        identifier = own.get("pStyle", {}).get("val") or self._default_paragraph
        of_paragraph, of_runs = self._style(identifier)
        return (
            merged(self._defaults[0], of_paragraph, own),
            merged(self._defaults[1], of_runs),
            self._name(identifier),
        )

    def run(self, inherited: Properties, own: Properties) -> Properties:
        """What holds for a run."""
        of_style = self._style(own.get("rStyle", {}).get("val", ""))[1]
        return merged(inherited, of_style, own)

    def heading(self, own: Properties, name: str) -> int:
        """The level of a heading; 0 for other paragraphs."""
        if name == "title":
            return 1
        if name.startswith("heading ") and whole(name[8:]):
            return whole(name[8:], most=6)
        level = whole(own.get("outlineLvl", {}).get("val"), 9)
        return level + 1 if level < 6 else 0

    def listed(self, identifier: str, seen: frozenset[str] = frozenset()) -> Properties:
        """The list a style of paragraphs belongs to."""
        style = self._styles.get(identifier)
        if style is None or identifier in seen:
            return {}
        found = properties(style.find(f"{W}pPr/{W}numPr"))
        based = style.find(f"{W}basedOn")
        return found or ({} if based is None else self.listed(based.get(f"{W}val", ""), seen | {identifier}))

    def has_table_lines(self, identifier: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether tables of a style have lines between their cells."""
        style = self._styles.get(identifier)
        if style is None or identifier in seen:
            return False
        borders = style.find(f"{W}tblPr/{W}tblBorders")
        if borders is not None:
            return any(is_on(properties(borders), side) for side in ("insideH", "insideV", "top", "left"))
        based = style.find(f"{W}basedOn")
        return based is not None and self.has_table_lines(based.get(f"{W}val", ""), seen | {identifier})

    def _name(self, identifier: str) -> str:
        style = self._styles.get(identifier)
        name = style.find(f"{W}name") if style is not None else None
        return (name.get(f"{W}val", "") if name is not None else identifier).lower()

    def _style(self, identifier: str, seen: frozenset[str] = frozenset()) -> tuple[Properties, Properties]:
        style = self._styles.get(identifier)
        if style is None or identifier in seen:
            return {}, {}
        if identifier not in self._made:
            based = style.find(f"{W}basedOn")
            below = ({}, {}) if based is None else self._style(based.get(f"{W}val", ""), seen | {identifier})
            self._made[identifier] = (
                merged(below[0], properties(style.find(f"{W}pPr"))),
                merged(below[1], properties(style.find(f"{W}rPr"))),
            )
        return self._made[identifier]


def merged(*layers: Properties) -> Properties:
    """Layers over each other: what a later one says of an attribute counts."""
    made: Properties = {}
    for layer in layers:
        for name, attributes in layer.items():
            made[name] = {**made[name], **attributes} if name in made and name in _ADDED_UP else attributes
    return made


class Numbering:
    """The labels of list items, counted as they come."""

    def __init__(self, tree: Any | None) -> None:
        self._levels: dict[str, dict[int, Any]] = {}
        self._own_levels: dict[str, dict[int, Any]] = {}
        self._abstract_of: dict[str, str] = {}
        self._starts: dict[tuple[str, int], int] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._begun: set[str] = set()
        if tree is None:
            return
        for abstract in tree.iter(f"{W}abstractNum"):
            self._levels[abstract.get(f"{W}abstractNumId", "")] = {
                whole(level.get(f"{W}ilvl")): level for level in abstract.iter(f"{W}lvl")
            }
        for number in tree.iter(f"{W}num"):
            identifier, abstract = number.get(f"{W}numId", ""), number.find(f"{W}abstractNumId")
            if abstract is not None:
                self._abstract_of[identifier] = abstract.get(f"{W}val", "")
            for override in number.iter(f"{W}lvlOverride"):
                place = whole(override.get(f"{W}ilvl"))
                start, level = override.find(f"{W}startOverride"), override.find(f"{W}lvl")
                if start is not None:
                    self._starts[identifier, place] = whole(start.get(f"{W}val"), 1)
                if level is not None:
                    self._own_levels.setdefault(identifier, {})[place] = level

    def item(self, identifier: str, level: int) -> tuple[str, Properties] | None:
        """The label of the next item, and what its level says of paragraphs; None for no list."""
        levels = self._levels.get(self._abstract_of.get(identifier, ""), {}) | self._own_levels.get(identifier, {})
        if level not in levels:
            return None
        key = self._abstract_of[identifier]
        counts = self._counts.setdefault(key, {})
        if identifier not in self._begun:
            self._begun.add(identifier)
            for (number, at), start in self._starts.items():
                if number == identifier:
                    counts[at] = start - 1
        counts[level] = counts.get(level, _start(levels[level]) - 1) + 1
        for deeper in [other for other in counts if other > level]:
            del counts[deeper]
        own = properties(levels[level].find(f"{W}pPr"))
        return self._label(levels, counts, level), own

    @staticmethod
    def _label(levels: dict[int, Any], counts: dict[int, int], level: int) -> str:
        text = _value(levels[level], "lvlText")
        if _value(levels[level], "numFmt") == "bullet":
            return {"o": "◦", "\uf0a7": "▪", "\uf0b7": "•"}.get(text, "•")
        for other in range(level + 1):
            if other in levels:
                count = counts.get(other, _start(levels[other]))
                text = text.replace(f"%{other + 1}", numbered(count, _value(levels[other], "numFmt")))
        return text


def _start(level: Any) -> int:
    return whole(_value(level, "start"), 1)


def _value(level: Any, name: str) -> str:
    found = level.find(f"{W}{name}")
    return "" if found is None else str(found.get(f"{W}val", ""))


_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


def numbered(count: int, kind: str) -> str:
    """A number as a list shows it (ECMA-376 §17.18.59)."""
    match kind:
        case "none":
            return ""
        case "decimalZero":
            return f"{count:02d}"
        case "lowerLetter" | "upperLetter":
            times, place = divmod(max(count, 1) - 1, 26)
            made = chr(ord("a") + place) * min(times + 1, 20)
        case "lowerRoman" | "upperRoman":
            left, made = min(max(count, 1), 3999), ""
            for value, letters in _ROMAN:
                while left >= value:
                    made, left = made + letters, left - value
        case _:
            return str(count)
    return made.upper() if kind.startswith("upper") else made
