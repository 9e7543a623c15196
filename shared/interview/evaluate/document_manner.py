"""The pages of a Markdown document, from its `metadata` (spec/area4 §9.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from shared.interview.documents.markdown_codes import Sources, points
from shared.interview.documents.markdown_reader import read_line
from shared.interview.documents.markdown_tree import Inline, Manner, Mark, Running

_SPACINGS = {
    "TightSpacing": 0.0,
    "SingleSpacing": 1.0,
    "OneAndAHalfSpacing": 1.5,
    "DoubleSpacing": 2.0,
    "TripleSpacing": 3.0,
}
_FALSE = frozenset({"", "false", "no", "none", "0"})
_SIDES = ("top", "bottom", "left", "right")
_GEOMETRY = re.compile(r"(margin|top|bottom|left|right)\s*=\s*([\d.]+\s*[a-z]+)", re.IGNORECASE)
_PAPERS: dict[str, Literal["us-letter", "a4", "us-legal", "a5"]] = {
    "letter": "us-letter", "letterpaper": "us-letter", "a4": "a4", "a4paper": "a4", "legal": "us-legal",
    "legalpaper": "us-legal", "a5": "a5", "a5paper": "a5",
}  # fmt: skip
_LINE_POINTS = 13.0
_HEADER_POINTS = 60.0


def manner_of(metadata: Mapping[str, Any], *, title: str, language: str, sources: Sources) -> Manner:
    """How the pages look. Names of metadata that mean nothing to a page are passed over."""
    said = {name: value for name, value in metadata.items() if value is not None}
    spacing, indents = 2.0, True
    for name, lines in _SPACINGS.items():
        if _is_true(said.get(name)):
            spacing, indents = lines, lines > 1.0
    if "Indentation" in said:
        indents = _is_true(said["Indentation"])
    margins = dict.fromkeys(_SIDES, 72.0) | _margins(said)
    headers = {place: _running(said, place, sources) for place in ("Header", "Footer", "FirstHeader", "FirstFooter")}
    lines_above = max(_lines(headers["Header"]), _lines(headers["FirstHeader"]), int(_number(said.get("HeaderLines"))))
    margins["top"] = max(margins["top"], _HEADER_POINTS + lines_above * _LINE_POINTS)
    lines_below = max(_lines(headers["Footer"]), _lines(headers["FirstFooter"]), int(_number(said.get("FooterLines"))))
    margins["bottom"] = max(margins["bottom"], _HEADER_POINTS + lines_below * _LINE_POINTS)
    options = " ".join(_words(said, "papersize", "geometry", "classoption")).lower()
    return Manner(
        title=str(said.get("title") or title),
        author=", ".join(map(str, said["author"])) if isinstance(said.get("author"), list) else _text(said, "author"),
        language=language,
        line_spacing=spacing,
        indents_first_line=indents,
        first_line=points(_text(said, "IndentationAmount"), 36.0) or 36.0,
        font=_text(said, "mainfont") or _text(said, "fontfamily"),
        font_size=min(96.0, max(4.0, points(_text(said, "fontsize"), 12.0) or 12.0)),
        paper=next((paper for name, paper in _PAPERS.items() if re.search(rf"\b{name}\b", options)), "us-letter"),
        is_landscape="landscape" in options,
        numbers_sections=_is_true(said.get("numbersections") or said.get("number-sections")),
        has_contents=_is_true(said.get("toc")),
        header=headers["Header"],
        footer=headers["Footer"],
        first_header=headers["FirstHeader"] or None,
        first_footer=headers["FirstFooter"] or None,
        **margins,
    )


def _running(said: Mapping[str, Any], place: str, sources: Sources) -> Running:
    parts = {
        side.lower(): read_line(_text(said, f"{place}{side}"), sources) if f"{place}{side}" in said else ()
        for side in ("Left", "Center", "Right")
    }
    return Running(**parts)


def _lines(running: Running) -> int:
    return max(_lines_of(part) for part in (running.left, running.center, running.right))


def _lines_of(inlines: tuple[Inline, ...]) -> int:
    return sum(inline == Mark("break") for inline in inlines) + 1 if inlines else 0


def _margins(said: Mapping[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, length in _GEOMETRY.findall(" ".join(_words(said, "geometry"))):
        sides = _SIDES if name.lower() == "margin" else (name.lower(),)
        found |= dict.fromkeys(sides, points(length, 72.0))
    for side in _SIDES:
        if f"{side}-margin" in said or f"{side.capitalize()}Margin" in said:
            found[side] = points(_text(said, f"{side}-margin") or _text(said, f"{side.capitalize()}Margin"), 72.0)
    return {side: min(400.0, length) for side, length in found.items()}


def _words(said: Mapping[str, Any], *names: str) -> list[str]:
    values = [said.get(name) for name in names]
    return [str(word) for value in values for word in (value if isinstance(value, list) else [value]) if word]


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    return "" if value is None else str(value)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _is_true(value: Any) -> bool:
    return str(value).strip().lower() not in _FALSE if value is not None else False
