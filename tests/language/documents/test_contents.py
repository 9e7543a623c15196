"""Tables of contents and numbers of headings, in every format (`toc`, `numbersections`)."""

from __future__ import annotations

import io
import re

import docx
import pytest
from docx.oxml.ns import qn

from tests.language.documents.assembling import Assemble
from tests.language.documents.looks import said
from tests.language.documents.test_keys_of_documents import opened

_HEADINGS = """
  # First

  Words

  [PAGEBREAK]

  Part of it
  ----------

  [PAGEBREAK]

  # Second
"""


def _interview(content: str = _HEADINGS, metadata: str = "toc: True\n  numbersections: True") -> str:
    return (
        "mandatory: True\nquestion: Done\nattachment:\n  name: Out\n  valid formats: [pdf, docx, rtf]\n"
        f"  metadata:\n    SingleSpacing: True\n    {metadata.replace(chr(10), chr(10) + '  ')}\n  content: |"
        + content.replace("\n", "\n  ")
    )


def _word(assemble: Assemble, text: str) -> docx.document.Document:
    return docx.Document(io.BytesIO(opened(assemble, text).contents("Out.docx")))


def _lines(document: docx.document.Document) -> list[str]:
    return [paragraph.text for paragraph in document.paragraphs if paragraph.text]


def test_word_file_shows_its_contents_without_being_updated(assemble: Assemble) -> None:
    found = _lines(_word(assemble, _interview()))
    assert found[:4] == ["Contents", "1  First\t1", "1.1  Part of it\t2", "2  Second\t3"]


def test_contents_of_a_word_file_are_a_field_whose_entries_lead_to_the_headings(assemble: Assemble) -> None:
    body = _word(assemble, _interview()).element.body
    codes = [element.text.split()[0] for element in body.iter(qn("w:instrText"))]
    assert codes == ["TOC", "PAGEREF", "PAGEREF", "PAGEREF"]
    kinds = [element.get(qn("w:fldCharType")) for element in body.iter(qn("w:fldChar"))]
    assert kinds.count("begin") == kinds.count("separate") == kinds.count("end") == 4
    places = {element.get(qn("w:name")) for element in body.iter(qn("w:bookmarkStart"))}
    assert {element.get(qn("w:anchor")) for element in body.iter(qn("w:hyperlink"))} == places
    assert len(places) == 3


def test_headings_of_a_word_file_are_counted_by_word(assemble: Assemble) -> None:
    document = _word(assemble, _interview(metadata="numbersections: True"))
    levels = document.element.body.xpath('.//w:pPr[starts-with(w:pStyle/@w:val, "Heading")]/w:numPr/w:ilvl/@w:val')
    lists = document.element.body.xpath('.//w:pPr[starts-with(w:pStyle/@w:val, "Heading")]/w:numPr/w:numId/@w:val')
    assert levels == ["0", "1", "0"]
    assert len(set(lists)) == 1
    assert "Contents" not in _lines(document)


def test_headings_that_leave_out_a_level_have_the_numbers_of_the_pdf(assemble: Assemble) -> None:
    session = opened(assemble, _interview("\n  Deep\n  ----\n\n  # High\n", "numbersections: True"))
    assert _lines(docx.Document(io.BytesIO(session.contents("Out.docx")))) == ["0.1 Deep", "1 High"]
    assert "0.1 Deep" in " ".join(said(session.contents("Out.pdf")).split())


def test_rtf_has_numbers_and_contents(assemble: Assemble) -> None:
    text = opened(assemble, _interview()).contents("Out.rtf").decode("ascii")
    field, _, rest = text.partition("TOC \\\\h \\\\u")[2].partition("\\outlinelevel")
    assert re.findall(r"([\d.]+  [\w ]+)\\tab \{\\field\{\\\*\\fldinst PAGEREF (\w+)\}\{\\fldrslt (\d)\}\}", field) == [
        ("1  First", "_Toc00000001", "1"),
        ("1.1  Part of it", "_Toc00000002", "2"),
        ("2  Second", "_Toc00000003", "3"),
    ]
    assert r"{\*\bkmkstart _Toc00000003}2 Second{\*\bkmkend _Toc00000003}" in rest
    assert text.count("{") == text.count("}")


def test_headings_within_quotations_are_counted_and_listed(assemble: Assemble) -> None:
    found = _lines(_word(assemble, _interview("\n  # First\n\n  > Quoted\n  > ------\n\n  # Second\n")))
    assert found[:4] == ["Contents", "1  First\t1", "1.1  Quoted\t1", "2  Second\t1"]


def test_contents_are_named_in_the_language_of_the_document(assemble: Assemble) -> None:
    text = _interview().replace("  name: Out", "  name: Out\n  language: es")
    assert _lines(_word(assemble, text))[0] == "Índice"


@pytest.mark.parametrize("name", ["Out.docx", "Out.rtf"])
def test_documents_without_headings_have_no_contents(assemble: Assemble, name: str) -> None:
    contents = opened(assemble, _interview("\n  Words\n")).contents(name)
    if name == "Out.docx":
        assert _lines(docx.Document(io.BytesIO(contents))) == ["Words"]
    else:
        assert b"TOC" not in contents
