"""Lists counted by letters and Roman numbers, as pandoc's Markdown has them, in every format (spec/area4 §9.2)."""

from __future__ import annotations

import io

import docx
import pytest

from tests.language.documents.assembling import Assemble, AssemblingSession
from tests.language.documents.looks import pages


def listed(assemble: Assemble, *lines: str) -> AssemblingSession:
    content = "".join(f"    {line}\n" for line in lines)
    text = (
        "mandatory: True\nquestion: Done\nattachment:\n  name: Out\n  valid formats: [pdf, docx, rtf]\n"
        f"  metadata:\n    SingleSpacing: True\n  content: |\n{content}"
    )
    session = assemble(text)
    assert session.open() == "Done"
    return session


def lines_of(session: AssemblingSession) -> list[str]:
    return [line.text for page in pages(session.contents("Out.pdf")) for line in page]


@pytest.mark.parametrize(
    "signs",
    [
        ("a.", "b.", "c."), ("(a)", "(b)", "(c)"), ("a)", "b)", "c)"), ("A)", "B)", "C)"), ("i.", "ii.", "iii."),
        ("(I)", "(II)", "(III)"), ("1)", "2)", "3)"), ("(1)", "(2)", "(3)"), ("c.", "d.", "e."), ("(8)", "(9)", "(10)"),
    ],
)  # fmt: skip
def test_items_keep_their_signs(assemble: Assemble, signs: tuple[str, ...]) -> None:
    session = listed(assemble, "Before", "", *(f"{sign} Item" for sign in signs))
    assert [line.replace(" ", "") for line in lines_of(session)[1:]] == [f"{sign}Item" for sign in signs]
    text = session.rtf_text("Out.rtf")
    assert [sign for sign in signs if f"{sign}Item" not in text.replace(" ", "")] == []
    document = docx.Document(io.BytesIO(session.contents("Out.docx")))
    kinds = {paragraph.style.name for paragraph in document.paragraphs if paragraph.text == "Item"}
    assert kinds == {"List Number"}


def test_word_counts_them_itself(assemble: Assemble) -> None:
    session = listed(assemble, "(c) Item", "(d) Item")
    document = docx.Document(io.BytesIO(session.contents("Out.docx")))
    (level,) = document.part.numbering_part.element.xpath("./w:num/w:lvlOverride/w:lvl")
    said = {element.tag.rpartition("}")[2]: element.values() for element in level}
    assert (said["start"], said["numFmt"], said["lvlText"]) == (["3"], ["lowerLetter"], ["(%1)"])


def test_they_stand_within_others_and_go_on_over_lines(assemble: Assemble) -> None:
    session = listed(assemble, "1. One", "", "    a. Inner **bold**", "       goes on", "    b. Inner", "", "2. Two")
    found = [line.replace(" ", "") for line in lines_of(session)]
    assert found == ["1.One", "a.Innerboldgoeson", "b.Inner", "2.Two"]


@pytest.mark.parametrize(
    "line", ["A. Smith is a name", "mix. of letters", "(a. no end", "e.g. this", "it. is none", "a.no blank"]
)
def test_what_only_begins_alike_is_no_list(assemble: Assemble, line: str) -> None:
    assert lines_of(listed(assemble, line)) == [line]


def test_a_list_does_not_interrupt_a_paragraph(assemble: Assemble) -> None:
    assert lines_of(listed(assemble, "A paragraph", "a. that goes on")) == ["A paragraph a. that goes on"]


def test_hashes_are_counted(assemble: Assemble) -> None:
    found = lines_of(listed(assemble, "#. One", "#. Two"))
    assert [line.replace(" ", "") for line in found] == ["1.One", "2.Two"]
