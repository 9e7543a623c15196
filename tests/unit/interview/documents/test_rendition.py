"""Where the plain rendition puts words: at tab stops, in columns, under lines; of Word files and of RTF."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.enum.section import WD_SECTION
from docx.enum.text import WD_BREAK, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Pt

from shared.interview.documents.convert import to_pdf
from tests.language.documents.looks import Line, drawn, pages

LONG = "The parties agree that what is written here is all they have agreed upon, and nobody may change it alone. "


@pytest.fixture
def word(tmp_path: Path) -> Callable[[Any], bytes]:
    """The PDF of a Word file."""

    def made(document: Any) -> bytes:
        document.save(str(tmp_path / "a.docx"))
        to_pdf(tmp_path / "a.docx", tmp_path / "a.pdf")
        return (tmp_path / "a.pdf").read_bytes()

    return made


@pytest.fixture
def rtf(tmp_path: Path) -> Callable[[str], bytes]:
    """The PDF of an RTF file with this body."""

    def made(body: str) -> bytes:
        head = r"{\rtf1\ansi{\fonttbl{\f0 Times New Roman;}}\paperw12240\paperh15840\margl1440\margr1440 "
        (tmp_path / "a.rtf").write_text(head + body + "}")
        to_pdf(tmp_path / "a.rtf", tmp_path / "a.pdf")
        return (tmp_path / "a.pdf").read_bytes()

    return made


def letter() -> Any:
    """A Word file without a word, on letter paper with margins of an inch."""
    made = docx.Document()
    section = made.sections[0]
    section.left_margin = section.right_margin = Pt(72)
    return made


def lines(contents: bytes, page: int = 0) -> list[Line]:
    return [line for line in pages(contents)[page] if line.text != "Simplified layout"]


def begins(contents: bytes, word: str) -> float:
    """Where a word begins on the first page, from its left edge."""
    import pypdfium2 as pdfium

    with pdfium.PdfDocument(contents) as pdf:
        text = pdf[0].get_textpage()
        place, _ = text.search(word).get_next()
        return float(text.get_charbox(place, loose=True)[0])


def columns(section: Any, count: int) -> None:
    section._sectPr.find(qn("w:cols")).set(qn("w:num"), str(count))


class TestTabs:
    def test_words_stand_at_their_stops(self, word: Callable[[Any], bytes]) -> None:
        made = letter()
        paragraph = made.add_paragraph("left\tmiddle\tend\tnext")
        stops = paragraph.paragraph_format.tab_stops
        stops.add_tab_stop(Pt(234), WD_TAB_ALIGNMENT.CENTER)
        stops.add_tab_stop(Pt(400), WD_TAB_ALIGNMENT.RIGHT)
        contents = word(made)
        middle = begins(contents, "middle")
        assert middle < 72 + 234 < middle + 2 * (72 + 234 - middle)
        assert 72 + 370 < begins(contents, "end") < 72 + 400
        assert begins(contents, "next") == pytest.approx(72 + 432, abs=1)  # every half inch where none is said

    def test_what_ends_beyond_the_margin_ends_at_it(self, word: Callable[[Any], bytes]) -> None:
        made = letter()
        paragraph = made.add_paragraph("two words\tend")
        paragraph.paragraph_format.tab_stops.add_tab_stop(Pt(500), WD_TAB_ALIGNMENT.RIGHT)
        contents = word(made)
        assert len(lines(contents)) == 1
        assert 72 + 468 - 40 < begins(contents, "end") < 72 + 468

    def test_dots_lead_to_a_stop(self, word: Callable[[Any], bytes]) -> None:
        made = letter()
        paragraph = made.add_paragraph("Rent\t1,200")
        paragraph.paragraph_format.tab_stops.add_tab_stop(Pt(468), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)
        (line,) = lines(word(made))
        assert line.text.replace(" ", "").startswith("Rent....................")
        assert line.text.endswith("1,200")

    def test_stops_of_a_style_count_unless_the_paragraph_clears_them(self, word: Callable[[Any], bytes]) -> None:
        made = letter()
        made.styles["Normal"].paragraph_format.tab_stops.add_tab_stop(Pt(200))
        made.add_paragraph("a\tstyled")
        cleared = made.add_paragraph("a\tcleared")
        cleared.paragraph_format.tab_stops.add_tab_stop(Pt(200), WD_TAB_ALIGNMENT.CLEAR)
        contents = word(made)
        assert begins(contents, "styled") == pytest.approx(72 + 200, abs=1)
        assert begins(contents, "cleared") == pytest.approx(72 + 36, abs=1)

    def test_what_hangs_has_a_stop_where_its_other_lines_begin(self, word: Callable[[Any], bytes]) -> None:
        made = letter()
        paragraph = made.add_paragraph("1.1\tFIRST " + LONG * 2)
        paragraph.paragraph_format.left_indent, paragraph.paragraph_format.first_line_indent = Pt(50), Pt(-50)
        contents = word(made)
        assert begins(contents, "1.1") == pytest.approx(72, abs=1)
        assert begins(contents, "FIRST") == pytest.approx(72 + 50, abs=1)
        assert lines(contents)[1].where == "122"

    def test_very_many_are_no_trouble(self, word: Callable[[Any], bytes]) -> None:
        made = letter()
        paragraph = made.add_paragraph("x\t" * 5_000)
        for place in range(1, 2_000):
            paragraph.paragraph_format.tab_stops.add_tab_stop(Pt(place / 10))
        assert lines(word(made))

    def test_of_rtf_count_as_well(self, rtf: Callable[[str], bytes]) -> None:
        contents = rtf(r"\pard\tx3600\tqr\tldot\tx9360 a\tab bee\tab end\par\pard\li720\fi-720 (a)\tab hung\par")
        assert begins(contents, "bee") == pytest.approx(72 + 180, abs=1)
        assert lines(contents)[0].text.endswith("end")
        assert "....." in lines(contents)[0].text
        assert begins(contents, "(a)") == pytest.approx(72, abs=1)
        assert begins(contents, "hung") == pytest.approx(72 + 36, abs=1)


class TestColumns:
    def test_of_a_section_end_at_one_height(self, word: Callable[[Any], bytes]) -> None:
        made = letter()
        made.add_paragraph("Above")
        made.add_section(WD_SECTION.CONTINUOUS)
        for number in range(4):
            made.add_paragraph(f"NUMBER{number} {LONG}")
        made.add_section(WD_SECTION.CONTINUOUS)
        columns(made.sections[1], 2)
        made.add_paragraph("Below")
        contents = word(made)
        assert [round(begins(contents, f"NUMBER{number}")) > 300 for number in range(4)] == [False, False, True, True]
        assert begins(contents, "Below") == pytest.approx(72, abs=1)
        assert len(pages(contents)) == 1

    def test_begin_where_the_author_says(self, word: Callable[[Any], bytes]) -> None:
        made = letter()
        made.add_paragraph("Landlord").add_run().add_break(WD_BREAK.COLUMN)
        made.paragraphs[-1].add_run("Tenant")
        made.add_section(WD_SECTION.CONTINUOUS)
        columns(made.sections[0], 2)
        made.add_paragraph("Below")
        contents = word(made)
        assert begins(contents, "Landlord") == pytest.approx(72, abs=1)
        assert begins(contents, "Tenant") == pytest.approx(72 + 216 + 36, abs=20)
        assert begins(contents, "Below") == pytest.approx(72, abs=1)

    def test_of_a_whole_page_are_filled_one_after_the_other(self, word: Callable[[Any], bytes]) -> None:
        made = letter()
        for number in range(60):
            made.add_paragraph(f"NUMBER{number:02d} {LONG}")
        made.add_page_break()
        columns(made.sections[0], 2)
        contents = word(made)
        assert begins(contents, "NUMBER00") == pytest.approx(72, abs=1)
        assert begins(contents, "NUMBER12") > 300
        assert len(pages(contents)) > 1


class TestParagraphs:
    def test_first_lines_are_indented(self, word: Callable[[Any], bytes]) -> None:
        made = letter()
        made.add_paragraph(LONG * 2).paragraph_format.first_line_indent = Pt(40)
        first, second, *_ = lines(word(made))
        assert (first.where, second.where) == ("112", "72")

    def test_lines_twice_as_high_stand_apart_between_paragraphs_too(self, word: Callable[[Any], bytes]) -> None:
        made = letter()
        for words in (LONG, "short", "short"):
            paragraph = made.add_paragraph(words)
            paragraph.paragraph_format.line_spacing, paragraph.paragraph_format.space_after = 2.0, Pt(0)
        heights = [line.bottom for line in lines(word(made))]
        steps = [round(above - below) for above, below in pairwise(heights)]
        assert max(steps) - min(steps) <= 3, steps

    def test_lines_at_their_sides_and_at_those_of_cells_are_drawn(self, word: Callable[[Any], bytes]) -> None:
        bordered = letter()
        bordered.add_paragraph("x")._p.get_or_add_pPr().append(
            parse_xml(f'<w:pBdr {nsdecls("w")}><w:bottom w:val="single"/></w:pBdr>')
        )
        cells = letter()
        cells.add_table(1, 2).cell(0, 0)._tc.get_or_add_tcPr().append(
            parse_xml(f'<w:tcBorders {nsdecls("w")}><w:right w:val="single"/></w:tcBorders>')
        )
        bare = letter()
        bare.add_paragraph("x")
        bare.add_table(1, 2)
        assert [drawn(word(made)) for made in (bordered, cells, bare)] == [{"rule"}, {"rule"}, set()]

    def test_lists_may_count_otherwise_than_their_kind(self, word: Callable[[Any], bytes]) -> None:
        made = letter()
        made.add_paragraph("one", style="List Number")
        numbering = made.part.numbering_part.numbering_definitions._numbering
        kind = int(numbering.xpath("./w:num[1]/w:abstractNumId/@w:val")[0])
        number = numbering.add_num(kind)
        override = number.add_lvlOverride(ilvl=0)
        override.add_startOverride(2)
        override.append(
            parse_xml(
                f'<w:lvl {nsdecls("w")} w:ilvl="0"><w:start w:val="2"/><w:numFmt w:val="lowerLetter"/>'
                '<w:lvlText w:val="(%1)"/></w:lvl>'
            )
        )
        properties = made.add_paragraph("other")._p.get_or_add_pPr().get_or_add_numPr()
        properties.get_or_add_ilvl().val, properties.get_or_add_numId().val = 0, number.numId
        assert [line.text for line in lines(word(made))][1:] == ["(b) other"]

    def test_number_of_a_heading_looks_as_its_words(self, word: Callable[[Any], bytes]) -> None:
        made = letter()
        paragraph = made.add_heading("Words", 1)
        properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
        properties.get_or_add_ilvl().val = 0
        found = made.styles["List Number"].element.xpath("./w:pPr/w:numPr/w:numId/@w:val")
        properties.get_or_add_numId().val = int(found[0])
        (line,) = lines(word(made))
        assert line.text == "1. Words"
        assert line.is_bold


class TestFromTheRight:
    def test_paragraphs_begin_there_and_call_it_left(self, word: Callable[[Any], bytes]) -> None:
        made = letter()
        for side, indent in (("", 0), ("left", 0), ("right", 0), ("", 36)):
            paragraph = made.add_paragraph("שלום עולם.")
            if indent:
                paragraph.paragraph_format.left_indent = Pt(indent)
            properties = paragraph._p.get_or_add_pPr()
            properties.insert(0, parse_xml(f"<w:bidi {nsdecls('w')}/>"))
            if side:
                properties.append(parse_xml(f'<w:jc {nsdecls("w")} w:val="{side}"/>'))
        found = lines(word(made))
        assert [line.where for line in found[:2]] == ["right", "right"]
        assert float(found[2].where) == pytest.approx(72, abs=3)
        assert 400 < float(found[3].where) < 540 - 36


class TestRtf:
    def test_headers_and_footers_stand_on_every_page(self, rtf: Callable[[str], bytes]) -> None:
        contents = rtf(
            r"{\header\pard On top\par}{\footer\pard Page {\field{\*\fldinst PAGE}{\fldrslt 9}} of "
            r"{\field{\*\fldinst {NUMPAGES}}{\fldrslt 9}}\par}\pard one\par\page\pard two\par"
        )
        assert [[line.text for line in lines(contents, page)] for page in (0, 1)] == [
            ["On top", "one", "Page 1 of 2"],
            ["On top", "two", "Page 2 of 2"],
        ]

    def test_the_first_page_may_have_others(self, rtf: Callable[[str], bytes]) -> None:
        contents = rtf(r"\titlepg{\header\pard All\par}{\headerf\pard First\par}\pard one\par\page\pard two\par")
        assert [lines(contents, page)[0].text for page in (0, 1)] == ["First", "All"]

    def test_notes_stand_at_the_foot(self, rtf: Callable[[str], bytes]) -> None:
        contents = rtf(r"\pard Words{\super\chftn}{\footnote\pard\plain {\super\chftn} The {\b note}.} go on.\par")
        said = [line.text for line in lines(contents)]
        assert "".join(said[:-1]).replace("1", "") == "Words go on."
        assert said[-1].endswith("The note.")

    def test_a_note_without_an_end_loses_nothing(self, rtf: Callable[[str], bytes]) -> None:
        said = [line.text for line in lines(rtf(r"\pard Words{\footnote\pard note{\footnote inner}"))]
        assert "Words" in said
        assert said[-1].endswith("note")

    def test_tables_have_the_lines_and_widths_that_are_said(self, rtf: Callable[[str], bytes]) -> None:
        row = r"\trowd LINE\cellx1440\cellx9360\pard\intbl first\cell second\cell\row\pard after\par"
        bare = rtf(row.replace("LINE", r"\clbrdrt\brdrtbl "))
        assert drawn(bare) == set()
        assert begins(bare, "second") == pytest.approx(72 + 72 + 4, abs=2)
        assert drawn(rtf(row.replace("LINE", r"\clbrdrt\brdrs\brdrw10 "))) == {"rule"}
        assert drawn(rtf(row.replace("LINE", "") + r"\pard\brdrb\brdrs under\par")) == {"rule"}

    def test_results_of_other_fields_stay(self, rtf: Callable[[str], bytes]) -> None:
        contents = rtf(r"\pard See {\field{\*\fldinst HYPERLINK \"https://example.com\"}{\fldrslt the page}}.\par")
        assert lines(contents)[0].text == "See the page."
