"""Lists of a Word file that begin anew, and may count by letters: ECMA-376 §17.9."""

from __future__ import annotations

import copy
from typing import Any

from shared.interview.documents.markdown_lists import Numbering


def has_numbering(document: Any) -> bool:
    """Whether a Word file has a part for numbers and bullets: python-docx can add none, and styles alone show none."""
    from docx.opc.constants import RELATIONSHIP_TYPE

    return any(relation.reltype == RELATIONSHIP_TYPE.NUMBERING for relation in document.part.rels.values())


def fresh_numbering(document: Any, style: str | None, wanted: Numbering) -> int | None:
    """The number of a list that starts anew, placed as the style's lists; None when the style has none."""
    if style is None:
        return None
    found = document.styles[style].element.xpath("./w:pPr/w:numPr/w:numId/@w:val")
    if not found:
        return None
    numbering = document.part.numbering_part.numbering_definitions._numbering
    kinds = numbering.xpath(f'./w:num[@w:numId="{int(found[0])}"]/w:abstractNumId/@w:val')
    if not kinds:
        return None
    fresh = numbering.add_num(int(kinds[0]))
    override = fresh.add_lvlOverride(ilvl=0)
    override.add_startOverride(wanted.start)
    levels = numbering.xpath(f'./w:abstractNum[@w:abstractNumId="{int(kinds[0])}"]/w:lvl[@w:ilvl="0"]')
    if wanted.pattern != Numbering().pattern and levels:
        override.append(_level(levels[0], wanted))
    return int(fresh.numId)


def _level(given: Any, wanted: Numbering) -> Any:
    """A level of a list with other signs, in the same place."""
    from docx.oxml.ns import qn

    level = copy.deepcopy(given)
    said = {"start": str(wanted.start), "numFmt": wanted.kind, "lvlText": wanted.pattern_for("%1")}
    for element in list(level):
        if element.tag == qn("w:pStyle"):
            level.remove(element)  # only one list may belong to a style
        for name, value in said.items():
            if element.tag == qn(f"w:{name}"):
                element.set(qn("w:val"), value)
    return level
