"""Numbers of headings and the table of contents of a Word file: ECMA-376 §17.9 and §17.16.5.68.

The table is a field that Word can work out anew, and its entries stand in it already, so that it shows at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.interview.documents.markdown_outline import LEVELS, Entry, title_of_contents

_STEP = 12.0


class Headings:
    """What the headings of one file get, in the order in which they are written."""

    def __init__(self, document: Any, entries: Sequence[Entry], *, has_contents: bool) -> None:
        self._entries = iter(entries)
        self._has_contents = has_contents
        is_regular = not any("0" in entry.number.split(".") for entry in entries)
        is_numbered = any(entry.number for entry in entries)
        self._numbering = _numbering(document) if is_numbered and is_regular else None
        self._count = 0

    def begin(self, paragraph: Any) -> str:
        """Mark the next heading, whose paragraph is still empty. Gives what to write before its words.

        That is nothing where Word counts headings itself.
        """
        entry = next(self._entries, None)
        if entry is None:
            return ""
        if self._has_contents:
            self._bookmark(paragraph, entry)
        if self._numbering is None:
            return f"{entry.number} " if entry.number else ""
        properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
        properties.get_or_add_ilvl().val = entry.level - 1
        properties.get_or_add_numId().val = self._numbering
        return ""

    def _bookmark(self, paragraph: Any, entry: Entry) -> None:
        self._count += 1
        for kind in ("bookmarkStart", "bookmarkEnd"):
            said = {"id": str(9000 + self._count)} | ({"name": entry.bookmark} if kind == "bookmarkStart" else {})
            paragraph._p.append(_element(kind, **said))


def write_contents(document: Any, entries: Sequence[Entry], *, language: str, width: float, font_size: float) -> None:
    """Append a table of contents; `width` of a line, in points."""
    from docx.enum.text import WD_TAB_ALIGNMENT, WD_TAB_LEADER
    from docx.shared import Pt

    names = {style.name for style in document.styles}
    title = document.add_paragraph(style="TOC Heading" if "TOC Heading" in names else None)
    title.add_run(title_of_contents(language)).bold = True
    paragraph: Any = title
    for place, entry in enumerate(entries):
        paragraph = document.add_paragraph(style=_style(document, entry.level))
        layout = paragraph.paragraph_format
        layout.first_line_indent, layout.left_indent = Pt(0), Pt(_STEP * (entry.level - 1))
        layout.space_before, layout.space_after, layout.line_spacing = Pt(0), Pt(font_size / 4), 1.0
        layout.tab_stops.add_tab_stop(Pt(width), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)
        if not place:
            _begin(paragraph._p, rf' TOC \o "1-{LEVELS}" \h \z \u ')
        link = _element("hyperlink", anchor=entry.bookmark, history="1")
        paragraph._p.append(link)
        _text(link, f"{entry.number}  {entry.words}" if entry.number else entry.words)
        link.append(_run_with(_element("tab")))
        _begin(link, rf" PAGEREF {entry.bookmark} \h ")
        _text(link, str(entry.page))
        link.append(_run_with(_element("fldChar", fldCharType="end")))
    paragraph._p.append(_run_with(_element("fldChar", fldCharType="end")))


def _style(document: Any, level: int) -> str:
    """Word's style of such an entry, by which it writes the table anew."""
    from docx.enum.style import WD_STYLE_TYPE

    name = f"toc {level}"
    if name not in {style.name for style in document.styles}:
        document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH, builtin=True).base_style = document.styles["Normal"]
    return name


def _numbering(document: Any) -> int | None:
    """A list of many levels that counts headings; None in a file without lists of any kind."""
    from docx.oxml.ns import qn

    try:
        numbering = document.part.numbering_part.numbering_definitions._numbering
    except NotImplementedError:  # python-docx cannot add the part
        return None
    taken = [int(number) for number in numbering.xpath("./w:abstractNum/@w:abstractNumId")]
    kind = _element("abstractNum", abstractNumId=str(max(taken, default=-1) + 1))
    kind.append(_element("multiLevelType", val="multilevel"))
    for level in range(LEVELS):
        one = _element("lvl", ilvl=str(level))
        one.append(_element("start", val="1"))
        one.append(_element("numFmt", val="decimal"))
        one.append(_element("suff", val="space"))
        one.append(_element("lvlText", val=".".join(f"%{place + 1}" for place in range(level + 1))))
        one.append(_element("lvlJc", val="left"))
        indent = _element("pPr")
        indent.append(_element("ind", left="0", firstLine="0"))
        one.append(indent)
        kind.append(one)
    first = numbering.find(qn("w:num"))
    if first is None:
        numbering.append(kind)
    else:
        first.addprevious(kind)  # all kinds stand before all lists
    return int(numbering.add_num(int(kind.get(qn("w:abstractNumId")))).numId)


def _begin(where: Any, instruction: str) -> None:
    """The beginning of a field, up to what it shows."""
    from docx.oxml.ns import qn

    where.append(_run_with(_element("fldChar", fldCharType="begin")))
    code = _element("instrText")
    code.set(qn("xml:space"), "preserve")
    code.text = instruction
    where.append(_run_with(code))
    where.append(_run_with(_element("fldChar", fldCharType="separate")))


def _text(where: Any, words: str) -> None:
    from docx.oxml.ns import qn

    text = _element("t")
    text.set(qn("xml:space"), "preserve")
    text.text = words
    where.append(_run_with(text))


def _run_with(element: Any) -> Any:
    run = _element("r")
    run.append(element)
    return run


def _element(kind: str, **said: str) -> Any:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made: Any = OxmlElement(f"w:{kind}")
    for name, value in said.items():
        made.set(qn(f"w:{name}"), value)
    return made
