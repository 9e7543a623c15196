"""Functions and methods that work on documents, as interviews call them (spec/area4 §6.6, §9.4)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pikepdf
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter

from shared.interview.documents.pdf_form import FormManner, fill_form
from shared.interview.runtime.document_calls import ProgramAnswer
from tests.language.documents.forms import form

from .filing import FilingSession, Kept

Open = Callable[..., FilingSession]
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def pdf(*widths: int) -> bytes:
    """A PDF with empty pages of these widths."""
    made, out = PdfWriter(), io.BytesIO()
    for width in widths:
        made.add_blank_page(width=width, height=400)
    made.write(out)
    return out.getvalue()


def word_file(*paragraphs: str) -> bytes:
    made, out = docx.Document(), io.BytesIO()
    for paragraph in paragraphs:
        made.add_paragraph(paragraph)
    made.save(out)
    return out.getvalue()


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 20), "teal").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def after(session: Open) -> Callable[..., FilingSession]:
    """A session whose code ran on files that are there: variables by name, (file name, kind, contents)."""

    def opened(code: str, **files: tuple[str, str, bytes]) -> FilingSession:
        objects = "\n".join(f"  - {name}: DAFile" for name in ("made", *files))
        lines = "\n".join(
            f"  {name}.initialize(filename={given[0]!r}, mimetype={given[1]!r}, number={number})"
            for number, (name, given) in enumerate(files.items(), start=901)
        )
        body = "\n".join(f"  {line}" for line in code.strip().splitlines())
        said = session(
            f"objects:\n{objects}\n---\nmandatory: True\ncode: |\n{lines or '  pass'}\n{body}\n"
            "---\nmandatory: True\nquestion: ${ said }\n---\ncode: |\n  said = 'done'\n"
        )
        for number, (filename, mimetype, contents) in enumerate(files.values(), start=901):
            said.kept[number] = Kept(contents, filename, mimetype)
        said.open()
        return said

    return opened


def shown(said: FilingSession) -> str:
    return said.screen.question_text.replace("’", "'").replace("‘", "'")


def last_file(said: FilingSession) -> Kept:
    return said.kept[max(number for number in said.kept if number < 900)]


def widths(contents: bytes) -> list[int]:
    return [round(page.mediabox.width) for page in PdfReader(io.BytesIO(contents)).pages]


class TestConcatenating:
    def test_pages_follow_each_other(self, after: Any) -> None:
        said = after(
            "bundle = pdf_concatenate(a, [b], filename='all.pdf')",
            a=("a.pdf", "application/pdf", pdf(100, 110)),
            b=("b.pdf", "application/pdf", pdf(200)),
        )
        made = last_file(said)
        assert (made.filename, made.mimetype) == ("all.pdf", "application/pdf")
        assert widths(made.contents) == [100, 110, 200]

    def test_what_is_no_pdf_becomes_one(self, after: Any) -> None:
        said = after(
            "bundle = pdf_concatenate(a, b)",
            a=("a.docx", DOCX, word_file("Dear Sir")),
            b=("b.png", "image/png", picture()),
        )
        pages = PdfReader(io.BytesIO(last_file(said).contents)).pages
        assert "Dear Sir" in pages[0].extract_text()
        assert len(pages[1].images) == 1

    def test_result_can_go_into_a_file_that_is_there(self, after: Any) -> None:
        said = after(
            "made.initialize(filename='mine.pdf')\npdf_concatenate(a, a, output_to=made)\nsaid = made.filename",
            a=("a.pdf", "application/pdf", pdf(100)),
        )
        assert shown(said) == "mine.pdf"
        assert widths(last_file(said).contents) == [100, 100]

    def test_password_locks_the_result(self, after: Any) -> None:
        said = after(
            "bundle = pdf_concatenate(a, password='open', owner_password='change')\nsaid = bundle.is_encrypted()",
            a=("a.pdf", "application/pdf", pdf(100)),
        )
        assert shown(said) == "True"
        with pytest.raises(pikepdf.PasswordError):
            pikepdf.open(io.BytesIO(last_file(said).contents))
        with pikepdf.open(io.BytesIO(last_file(said).contents), password="open") as opened:
            assert len(opened.pages) == 1

    def test_damaged_file_is_named(self, after: Any) -> None:
        with pytest.raises(AssertionError, match=r"letter\.pdf cannot be read as a PDF"):
            after("bundle = pdf_concatenate(a)", a=("letter.pdf", "application/pdf", b"%PDF-1.4 nothing"))

    def test_locked_file_is_named(self, after: Any) -> None:
        locked, writer = io.BytesIO(), PdfWriter()
        writer.add_blank_page(100, 100)
        writer.encrypt("secret")
        writer.write(locked)
        with pytest.raises(AssertionError, match=r"letter\.pdf is protected by a password"):
            after("bundle = pdf_concatenate(a)", a=("letter.pdf", "application/pdf", locked.getvalue()))

    def test_documents_of_word_are_put_together(self, after: Any) -> None:
        said = after(
            "bundle = docx_concatenate(a, b, filename='both')",
            a=("a.docx", DOCX, word_file("first")),
            b=("b.docx", DOCX, word_file("second")),
        )
        made = docx.Document(io.BytesIO(last_file(said).contents))
        assert [paragraph.text for paragraph in made.paragraphs if paragraph.text.strip()] == ["first", "second"]
        assert last_file(said).filename == "both.docx"


class TestArchives:
    def test_hold_files_in_folders(self, after: Any) -> None:
        said = after(
            "bundle = zip_file(a, {'papers': [a, b]}, filename='all.zip')",
            a=("a.txt", "text/plain", b"one"),
            b=("b.txt", "text/plain", b"two"),
        )
        with zipfile.ZipFile(io.BytesIO(last_file(said).contents)) as archive:
            assert {name: archive.read(name) for name in archive.namelist()} == {
                "a.txt": b"one",
                "papers/a.txt": b"one",
                "papers/b.txt": b"two",
            }

    def test_equal_names_are_told_apart_and_none_leads_out(self, after: Any) -> None:
        said = after(
            "bundle = zip_file(a, b, {'../..': a})",
            a=("a.txt", "text/plain", b"one"),
            b=("a.txt", "text/plain", b"two"),
        )
        with zipfile.ZipFile(io.BytesIO(last_file(said).contents)) as archive:
            assert archive.namelist() == ["a.txt", "a_2.txt", "a_3.txt"]


class TestPages:
    def test_some_are_taken_out(self, after: Any) -> None:
        said = after("part = a.extract_pages(first=2, last=3)", a=("a.pdf", "application/pdf", pdf(1, 2, 3, 4)))
        assert widths(last_file(said).contents) == [2, 3]

    def test_pages_that_are_not_there_are_told(self, after: Any) -> None:
        with pytest.raises(AssertionError, match=r"a\.pdf has 2 pages: there is nothing from page 5"):
            after("part = a.extract_pages(first=5)", a=("a.pdf", "application/pdf", pdf(1, 2)))

    def test_they_are_counted(self, after: Any) -> None:
        said = after(
            "said = (a.num_pages(), b.num_pages(), c.num_pages())",
            a=("a.pdf", "application/pdf", pdf(1, 2)),
            b=("b.docx", DOCX, word_file("one page")),
            c=("c.png", "image/png", picture()),
        )
        assert shown(said) == "(2, 1, 1)"

    def test_each_has_a_picture(self, after: Any) -> None:
        said = after(
            "from PIL import Image\nsaid = (Image.open(a.page_path(1, 'screen')).size, a.page_path(2))",
            a=("a.pdf", "application/pdf", pdf(200)),
        )
        assert shown(said) == "((600, 1200), None)"

    def test_one_document_is_laid_over_another(self, after: Any) -> None:
        said = after(
            "both = overlay_pdf(a, b, only='even')",
            a=("a.pdf", "application/pdf", pdf(200, 200)),
            b=("b.docx", DOCX, word_file("DRAFT")),
        )
        pages = PdfReader(io.BytesIO(last_file(said).contents)).pages
        assert ["DRAFT" in page.extract_text() for page in pages] == [False, True]

    def test_what_fields_and_notes_show_is_laid_over_too(self, after: Any, tmp_path: Path) -> None:
        empty, filled = tmp_path / "empty.pdf", tmp_path / "filled.pdf"
        empty.write_bytes(form(a="text"))
        fill_form(empty, filled, {"a": "IN A FIELD"}, FormManner(is_editable=True))
        said = after(
            "both = overlay_pdf(a, b)",
            a=("a.pdf", "application/pdf", pdf(400)),
            b=("b.pdf", "application/pdf", filled.read_bytes()),
        )
        (page,) = PdfReader(io.BytesIO(last_file(said).contents)).pages
        assert page.extract_text().strip() == "IN A FIELD"

    def test_of_the_notes_of_a_letterhead_those_that_print_are_laid_over(self, after: Any) -> None:
        stamp = pikepdf.new()
        stamp.add_blank_page(page_size=(400, 400))
        notes = []
        for words, flags in (("ON SCREEN", 0), ("ON PAPER", 4)):
            look = stamp.make_stream(f"BT /F 9 Tf 5 5 Td ({words}) Tj ET".encode())
            look.Subtype, look.BBox = pikepdf.Name.Form, [0, 0, 90, 20]
            font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Courier)
            look.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
            note = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.FreeText, Rect=[9, 9, 99, 29])
            note.F, note.AP = flags, pikepdf.Dictionary(N=stamp.make_indirect(look))
            notes.append(stamp.make_indirect(note))
        stamp.pages[0].obj.Annots = pikepdf.Array(notes)
        out = io.BytesIO()
        stamp.save(out)
        said = after(
            "both = overlay_pdf(a, b)",
            a=("a.pdf", "application/pdf", pdf(400)),
            b=("b.pdf", "application/pdf", out.getvalue()),
        )
        (page,) = PdfReader(io.BytesIO(last_file(said).contents)).pages
        assert page.extract_text().strip() == "ON PAPER"

    def test_are_laid_over_page_by_page(self, after: Any) -> None:
        said = after(
            "both = overlay_pdf(a, pdf_concatenate(b, c), multi=True)",
            a=("a.pdf", "application/pdf", pdf(200, 200, 200)),
            b=("b.txt", "text/plain", b"ONE"),
            c=("c.txt", "text/plain", b"TWO"),
        )
        pages = PdfReader(io.BytesIO(last_file(said).contents)).pages
        assert [page.extract_text().strip() for page in pages] == ["ONE", "TWO", ""]


class TestBatesNumbers:
    def test_stand_on_every_page(self, after: Any) -> None:
        said = after("a.bates_number(prefix='SMITH-', start=9)", a=("a.pdf", "application/pdf", pdf(200, 300)))
        pages = PdfReader(io.BytesIO(said.kept[901].contents)).pages
        assert [page.extract_text().strip() for page in pages] == ["SMITH-00009", "SMITH-00010"]

    def test_go_on_from_file_to_file(self, after: Any) -> None:
        said = after(
            "files = DAFileList('files', elements=[a, b])\nfiles.bates_number(digits=3)",
            a=("a.pdf", "application/pdf", pdf(200, 200)),
            b=("b.docx", DOCX, word_file("x")),
        )
        assert "003" in PdfReader(io.BytesIO(said.kept[902].contents)).pages[0].extract_text()
        assert said.kept[902].filename == "b.pdf"

    def test_wrong_place_is_told(self, after: Any) -> None:
        with pytest.raises(AssertionError, match="area is one of TOP_LEFT"):
            after("a.bates_number(area='MIDDLE')", a=("a.pdf", "application/pdf", pdf(200)))


class TestLooking:
    def test_form_fields_are_listed(self, after: Any) -> None:
        form = pikepdf.new()
        form.add_blank_page(page_size=(200, 200))
        field = form.make_indirect(
            pikepdf.Dictionary(
                FT=pikepdf.Name.Tx,
                T="name",
                V="Ann",
                Subtype=pikepdf.Name.Widget,
                Rect=[10, 20, 110, 40],
            )
        )
        form.pages[0].obj.Annots = pikepdf.Array([field])
        form.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([field]))
        out = io.BytesIO()
        form.save(out)
        said = after("said = a.get_pdf_fields()", a=("a.pdf", "application/pdf", out.getvalue()))
        plain = shown(said)
        assert plain == "[('name', 'Ann', 1, [10.0, 20.0, 110.0, 40.0], '/Tx', '')]"

    def test_variables_of_a_template_are_listed(self, after: Any) -> None:
        template = word_file(
            "Dear {{ client.name }}, “{{ greeting|title }}”", "{%p for x in debts %}", "{{ x }}", "{%p endfor %}"
        )
        said = after("said = comma_and_list(a.get_docx_variables())", a=("a.docx", DOCX, template))
        assert shown(said) == "client, debts, and greeting"

    def test_broken_template_is_named(self, after: Any) -> None:
        with pytest.raises(AssertionError, match=r"a\.docx cannot be read as a DOCX template"):
            after("said = a.get_docx_variables()", a=("a.docx", DOCX, word_file("{{ name")))


class TestConverting:
    def test_file_becomes_another_kind_in_its_place(self, after: Any) -> None:
        said = after("a.convert_to('pdf')\nsaid = (a.filename, a.mimetype)", a=("a.docx", DOCX, word_file("Hello")))
        assert shown(said) == "('a.pdf', 'application/pdf')"
        assert "Hello" in PdfReader(io.BytesIO(said.kept[901].contents)).pages[0].extract_text()

    def test_plain_rendition_stands_in_for_a_program_that_fails(self, session: Open) -> None:
        said = session(SHOWS.replace("mandatory: True\nquestion: Your", MAKES + "mandatory: True\nquestion: Your"))
        said.program = ProgramAnswer(is_made=False, problem="it took longer than 20 seconds")
        said.kept[901] = Kept(word_file("Dear Sir"), "a.docx", DOCX)
        said.open(name="a.docx", kind=DOCX)
        assert "da-file-page" in said.screen.subquestion_html

    def test_pictures_change_their_kind(self, after: Any) -> None:
        said = after("a.convert_to('jpg')", a=("a.png", "image/png", picture()))
        assert Image.open(io.BytesIO(said.kept[901].contents)).format == "JPEG"

    def test_what_cannot_be_done_is_told(self, after: Any) -> None:
        with pytest.raises(AssertionError, match=r"a\.png cannot be converted to DOCX"):
            after("a.convert_to('docx')", a=("a.png", "image/png", picture()))

    def test_damaged_pdf_is_mended(self, after: Any) -> None:
        whole = pdf(100, 200)
        said = after("a.fix_up()", a=("a.pdf", "application/pdf", whole[: whole.rindex(b"xref")]))
        assert widths(said.kept[901].contents) == [100, 200]


class TestReadingPictures:
    def test_missing_program_is_told(self, after: Any) -> None:
        with pytest.raises(AssertionError, match="needs Tesseract"):
            after("said = ocr_file(a)", a=("a.png", "image/png", picture()))


SHOWS = """
objects:
  - letter: DAFile
---
mandatory: True
question: Your letter
subquestion: |
  ${ letter }
"""


def shows(session: Open, filename: str, mimetype: str, contents: bytes) -> FilingSession:
    """A session whose screen shows a file."""
    said = session(SHOWS.replace("mandatory: True\nquestion: Your", MAKES + "mandatory: True\nquestion: Your"))
    said.kept[901] = Kept(contents, filename, mimetype)
    said.open(name=filename, kind=mimetype)
    return said


MAKES = """
mandatory: True
code: |
  letter.initialize(filename=url_args['name'], mimetype=url_args['kind'], number=901)
---
"""


class TestShowing:
    def test_first_page_is_shown_as_a_picture_that_opens_the_document(self, session: Open) -> None:
        said = shows(session, "a.pdf", "application/pdf", pdf(200, 300))
        assert '<a class="da-file-page" href="http://localhost/uploadedfile/901/a.pdf"' in said.screen.subquestion_html
        assert 'alt="a.pdf (two pages)" src="http://localhost/uploadedfile/1"' in said.screen.subquestion_html
        assert Image.open(io.BytesIO(said.kept[1].contents)).size == (600, 1200)

    def test_picture_is_made_once(self, session: Open) -> None:
        said = shows(session, "a.pdf", "application/pdf", pdf(200))
        said.open(name="a.pdf", kind="application/pdf")
        assert [number for number in said.kept if number < 900] == [1]
        assert said.fetched == [901]

    def test_document_of_word_is_shown_too(self, session: Open) -> None:
        said = shows(session, "a.docx", DOCX, word_file("Dear Sir"))
        assert 'alt="a.docx" src="http://localhost/uploadedfile/1"' in said.screen.subquestion_html

    @pytest.mark.parametrize("contents", [b"%PDF-1.4 nothing", b"", b"PK\x03\x04"])
    def test_damaged_one_is_linked(self, session: Open, contents: bytes) -> None:
        said = shows(session, "a.pdf", "application/pdf", contents)
        assert '<a class="da-file-link" href="http://localhost/uploadedfile/901/a.pdf"' in said.screen.subquestion_html
        assert [number for number in said.kept if number < 900] == []


class TestAddresses:
    def test_file_is_made_of_an_address_that_holds_it(self, after: Any) -> None:
        said = after(
            "made.from_url('data:text/csv;base64,YSxi')\nsaid = (made.slurp(), made.extension, url_of(made))",
        )
        assert shown(said) == "('a,b', 'csv', '/uploadedfile/1/file.csv')"

    def test_address_that_holds_nothing_is_refused(self, after: Any) -> None:
        with pytest.raises(AssertionError, match="not well formed"):
            after("made.from_url('data:text/csv;base64,?')")


def test_a_word_file_as_docx_is_a_new_file_and_as_a_data_address_its_contents(
    after: Callable[..., FilingSession],
) -> None:
    s = after(
        """
letter.make_pngs()
made = letter.as_docx(filename='Copy')
said = ' '.join([made.filename, str(made.number != letter.number), letter.as_data_url()[:45], str(letter.pngs_ready())])
""",
        letter=("letter.docx", DOCX, word_file("Dear Sir")),
    )
    assert s.open() == f"Copy.docx True {f'data:{DOCX};base64,'[:45]} True"
    [copy] = [file for file in s.kept.values() if file.filename == "Copy.docx"]
    assert docx.Document(io.BytesIO(copy.contents)).paragraphs[0].text == "Dear Sir"
