"""Documents made PDFs: the plain rendition, opened again by another tool."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pytest
from docx.enum.text import WD_BREAK
from pypdf import PdfReader

from shared.interview.documents.convert import convert, docx_to_pdf, pictures_to_pdf, to_pdf
from shared.interview.documents.errors import DocumentUnreadable, NotConvertible

from .made import changed_docx, docx_file, pages_of, picture


class TestDocx:
    def test_shows_words_as_they_are_and_never_as_markup(self, tmp_path: Path) -> None:
        source = docx_file(tmp_path / "a.docx", '#set page(fill: red) $x^2$ *a* _b_ "c" \\d @e <f> `g`')
        docx_to_pdf(source, tmp_path / "a.pdf")
        assert '#set page(fill: red) $x^2$ *a* _b_ "c" \\d @e <f> `g`' in pages_of(tmp_path / "a.pdf")[0]

    def test_says_that_it_is_a_plain_rendition(self, tmp_path: Path) -> None:
        docx_to_pdf(docx_file(tmp_path / "a.docx", "Hello"), tmp_path / "a.pdf")
        metadata = PdfReader(tmp_path / "a.pdf").metadata
        assert metadata is not None
        assert metadata["/Keywords"] == "plain rendition"
        assert "Simplified layout" in pages_of(tmp_path / "a.pdf")[0]

    def test_numbers_lists(self, tmp_path: Path) -> None:
        made = docx.Document()
        for words in ("first", "second"):
            made.add_paragraph(words, style="List Number")
        made.add_paragraph("point", style="List Bullet")
        made.save(str(tmp_path / "a.docx"))
        docx_to_pdf(tmp_path / "a.docx", tmp_path / "a.pdf")
        assert pages_of(tmp_path / "a.pdf")[0].splitlines()[:3] == ["1. first", "2. second", "• point"]

    def test_sets_tables_with_merged_cells(self, tmp_path: Path) -> None:
        made = docx.Document()
        table = made.add_table(2, 3)
        table.cell(0, 0).merge(table.cell(0, 2)).text = "across"
        table.cell(1, 2).text = "corner"
        made.save(str(tmp_path / "a.docx"))
        docx_to_pdf(tmp_path / "a.docx", tmp_path / "a.pdf")
        words = pages_of(tmp_path / "a.pdf")[0]
        assert words.index("across") < words.index("corner")

    def test_keeps_pictures(self, tmp_path: Path) -> None:
        made = docx.Document()
        made.add_picture(io.BytesIO(picture()))
        made.save(str(tmp_path / "a.docx"))
        docx_to_pdf(tmp_path / "a.docx", tmp_path / "a.pdf")
        assert len(PdfReader(tmp_path / "a.pdf").pages[0].images) == 1

    def test_begins_pages_where_they_are_broken(self, tmp_path: Path) -> None:
        made = docx.Document()
        paragraph = made.add_paragraph("before")
        paragraph.add_run().add_break(WD_BREAK.PAGE)
        paragraph.add_run("after")
        made.save(str(tmp_path / "a.docx"))
        docx_to_pdf(tmp_path / "a.docx", tmp_path / "a.pdf")
        assert [page.splitlines()[0] for page in pages_of(tmp_path / "a.pdf")] == ["before", "after"]

    def test_repeats_headers_and_footers_on_every_page(self, tmp_path: Path) -> None:
        made = docx.Document()
        made.sections[0].header.paragraphs[0].text = "In re Smith"
        made.add_page_break()
        made.add_paragraph("second")
        made.save(str(tmp_path / "a.docx"))
        docx_to_pdf(tmp_path / "a.docx", tmp_path / "a.pdf")
        assert ["In re Smith" in page for page in pages_of(tmp_path / "a.pdf")] == [True, True]

    def test_first_page_of_a_section_has_a_header_of_its_own(self, tmp_path: Path) -> None:
        made = docx.Document()
        for number in (1, 2):
            section = made.sections[0] if number == 1 else made.add_section()
            section.different_first_page_header_footer = True
            for part, words in (
                (section.first_page_header, "begins"),
                (section.header, "goes on"),
                (section.first_page_footer, "below the first"),
                (section.footer, "below others"),
            ):
                part.is_linked_to_previous = False
                part.paragraphs[0].text = f"{words} {number}"
            made.add_paragraph("a")
            made.add_page_break()
            made.add_paragraph("b")
        made.save(str(tmp_path / "a.docx"))
        docx_to_pdf(tmp_path / "a.docx", tmp_path / "a.pdf")
        seen = [[line for line in page.splitlines() if line[-1:].isdigit()] for page in pages_of(tmp_path / "a.pdf")]
        assert seen == [
            ["begins 1", "below the first 1"],
            ["goes on 1", "below others 1"],
            ["begins 2", "below the first 2"],
            ["goes on 2", "below others 2"],
        ]

    def test_takes_the_size_of_the_paper(self, tmp_path: Path) -> None:
        made = docx.Document()
        made.sections[0].page_width, made.sections[0].page_height = docx.shared.Mm(210), docx.shared.Mm(297)
        made.save(str(tmp_path / "a.docx"))
        docx_to_pdf(tmp_path / "a.docx", tmp_path / "a.pdf")
        assert [round(side) for side in PdfReader(tmp_path / "a.pdf").pages[0].mediabox[2:]] == [595, 842]

    def test_fetches_nothing_from_outside(self, tmp_path: Path) -> None:
        plain = docx_file(tmp_path / "a.docx", "PLACE")
        drawing = (
            "</w:t></w:r><w:r><w:pict><v:imagedata xmlns:v='urn:schemas-microsoft-com:vml' "
            "xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships' r:id='far'/></w:pict></w:r>"
            "<w:r><w:t>there"
        )
        with_picture = changed_docx(plain, tmp_path / "b.docx", "word/document.xml", "PLACE", drawing)
        relation = (
            '<Relationship Id="far" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" '
            'Target="file:///etc/hostname" TargetMode="External"/></Relationships>'
        )
        hostile = changed_docx(
            with_picture, tmp_path / "c.docx", "word/_rels/document.xml.rels", "</Relationships>", relation
        )
        docx_to_pdf(hostile, tmp_path / "c.pdf")
        assert "there" in pages_of(tmp_path / "c.pdf")[0]
        assert len(PdfReader(tmp_path / "c.pdf").pages[0].images) == 0

    def test_expands_no_entities(self, tmp_path: Path) -> None:
        plain = docx_file(tmp_path / "a.docx", "PLACE")
        declared = changed_docx(
            plain,
            tmp_path / "b.docx",
            "word/document.xml",
            "<w:document ",
            '<!DOCTYPE a [<!ENTITY secret SYSTEM "file:///etc/passwd">]><w:document ',
        )
        hostile = changed_docx(declared, tmp_path / "c.docx", "word/document.xml", "PLACE", "x&secret;y")
        with pytest.raises(DocumentUnreadable, match=r"c\.docx cannot be read as DOCX: word/document\.xml has a DTD"):
            docx_to_pdf(hostile, tmp_path / "c.pdf")

    def test_damaged_one_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "a.docx").write_bytes(b"PK\x03\x04 nothing")
        with pytest.raises(DocumentUnreadable, match=r"My letter\.docx cannot be read as DOCX"):
            docx_to_pdf(tmp_path / "a.docx", tmp_path / "a.pdf", name="My letter.docx")

    @pytest.mark.parametrize(
        ("kind", "sort"),
        [
            ("docm", "ms-word.document.macroEnabled.main"),
            ("docx", "ms-word.document.macroEnabled.main"),
            ("docx", "openxmlformats-officedocument.wordprocessingml.template.main"),
        ],
    )
    def test_one_with_macros_and_a_template_convert_as_well(self, tmp_path: Path, kind: str, sort: str) -> None:
        plain = docx_file(tmp_path / "plain.docx", "Hello")
        usual = "openxmlformats-officedocument.wordprocessingml.document.main"
        source = changed_docx(plain, tmp_path / f"a.{kind}", "[Content_Types].xml", usual, sort)
        convert(source, tmp_path / "a.pdf", source_kind=kind, target_kind="pdf")
        assert "Hello" in pages_of(tmp_path / "a.pdf")[0]
        convert(source, tmp_path / "a.png", source_kind=kind, target_kind="png")
        assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


class TestOtherKinds:
    def test_markdown_becomes_words_lists_and_tables(self, tmp_path: Path) -> None:
        (tmp_path / "a.md").write_text("# Head\n\n1. one\n2. two\n\n| a | b |\n|---|---|\n| c | d |\n")
        to_pdf(tmp_path / "a.md", tmp_path / "a.pdf")
        assert pages_of(tmp_path / "a.pdf")[0].split() == ["Head", "1.", "one", "2.", "two", "a", "b", "c", "d"]

    def test_html_loses_its_scripts(self, tmp_path: Path) -> None:
        (tmp_path / "a.html").write_text("<p>Hello <b>you</b><script>alert(1)</script></p><ol><li>one</li></ol>")
        to_pdf(tmp_path / "a.html", tmp_path / "a.pdf")
        assert pages_of(tmp_path / "a.pdf")[0].split() == ["Hello", "you", "1.", "one"]

    def test_texts_keep_their_lines(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("one\ntwo\n")
        to_pdf(tmp_path / "a.txt", tmp_path / "a.pdf")
        assert pages_of(tmp_path / "a.pdf")[0].splitlines() == ["one", "two"]

    def test_pictures_have_a_page_each(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(picture())
        (tmp_path / "b.jpg").write_bytes(picture(900, 400, kind="JPEG"))
        pictures_to_pdf([tmp_path / "a.png", tmp_path / "b.jpg"], tmp_path / "c.pdf")
        pages = PdfReader(tmp_path / "c.pdf").pages
        assert [len(page.images) for page in pages] == [1, 1]
        assert pages[1].mediabox.width > pages[1].mediabox.height

    def test_what_nobody_knows_is_refused_by_name(self, tmp_path: Path) -> None:
        (tmp_path / "a.xyz").write_bytes(b"?")
        with pytest.raises(NotConvertible, match=r"a\.xyz cannot be converted to PDF"):
            to_pdf(tmp_path / "a.xyz", tmp_path / "a.pdf")

    def test_rtf_keeps_letters_labels_tables_and_pictures(self, tmp_path: Path) -> None:
        words = (
            r"{\rtf1\ansi{\fonttbl{\f0 Times;}}{\info{\title hidden}}\pard \'e4\u8364? \b bold\b0\par"
            r"{\listtext 7.\tab}item\par"
            r"\trowd\intbl one\cell two\cell\row\pard after {\*\unknown gone}"
            r"{\pict\pngblip\picwgoal600\pichgoal300 " + picture().hex() + r"}\par}"
        )
        (tmp_path / "a.rtf").write_text(words)
        to_pdf(tmp_path / "a.rtf", tmp_path / "a.pdf")
        page = PdfReader(tmp_path / "a.pdf").pages[0]
        assert page.extract_text().split()[:8] == ["ä€", "bold", "7.", "item", "one", "two", "after", "Simplified"]
        assert len(page.images) == 1

    def test_odt_keeps_headings_lists_and_tables(self, tmp_path: Path) -> None:
        names = "urn:oasis:names:tc:opendocument:xmlns:"
        content = f"""<o:document-content xmlns:o="{names}office:1.0" xmlns:t="{names}text:1.0"
            xmlns:s="{names}style:1.0" xmlns:b="{names}table:1.0"><o:automatic-styles><t:list-style s:name="L">
            <t:list-level-style-number t:level="1" s:num-format="a"/></t:list-style></o:automatic-styles>
            <o:body><o:text><t:h t:outline-level="1">Head</t:h><t:p>one<t:s t:c="2"/>two</t:p>
            <t:list t:style-name="L"><t:list-item><t:p>item</t:p></t:list-item></t:list>
            <b:table><b:table-row><b:table-cell><t:p>cell</t:p></b:table-cell></b:table-row></b:table>
            </o:text></o:body></o:document-content>"""
        with zipfile.ZipFile(tmp_path / "a.odt", "w") as archive:
            archive.writestr("content.xml", content)
        to_pdf(tmp_path / "a.odt", tmp_path / "a.pdf")
        assert pages_of(tmp_path / "a.pdf")[0].split()[:6] == ["Head", "one", "two", "a.", "item", "cell"]
