"""Documents that are damaged, far too large, or up to something: each ends in an error that names the file."""

from __future__ import annotations

import contextlib
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random  # noqa: TID251  # the same damage in every run
from typing import Any

import docx
import pikepdf
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn

from shared.interview.documents.archives import MOST_XML_BYTES, checked_archive
from shared.interview.documents.bates import Bates, number_pages
from shared.interview.documents.convert import docx_to_pdf, may_become_pdf, pictures_to_pdf, to_pdf
from shared.interview.documents.docx_join import concatenate_docx, variables_of
from shared.interview.documents.errors import DocumentError, DocumentTooLarge, DocumentUnreadable
from shared.interview.documents.pdf import Piece, concatenate, extract, finish, overlay, page_count, without_scripts
from shared.interview.documents.pdf_fields import fields_of
from shared.interview.documents.pdf_pictures import page_picture

from .made import docx_file, pages_of, picture

Work = Callable[[Path, Path], object]


def bomb(path: Path, member: str = "word/document.xml") -> Path:
    """A small archive of which one member unpacks to more than is allowed."""
    plain = docx_file(path.with_name("plain.docx"), "x")
    with zipfile.ZipFile(plain) as before, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            if name != member:
                after.writestr(name, before.read(name))
        with after.open(member, "w") as file:
            for _ in range(MOST_XML_BYTES // 2**20 + 1):
                file.write(b" " * 2**20)
    return path


class TestArchives:
    def test_bomb_is_refused_before_it_is_read(self, tmp_path: Path) -> None:
        with pytest.raises(DocumentTooLarge, match=r"letter\.docx is too large"):
            docx_to_pdf(bomb(tmp_path / "a.docx"), tmp_path / "a.pdf", name="letter.docx")

    def test_bomb_is_refused_before_a_library_reads_it(self, tmp_path: Path) -> None:
        with pytest.raises(DocumentTooLarge, match=r"a\.docx is too large"):
            concatenate_docx([bomb(tmp_path / "a.docx", "word/theme/theme1.xml")], tmp_path / "b.docx")

    def test_archive_that_lies_about_its_sizes_is_refused(self, tmp_path: Path) -> None:
        path = bomb(tmp_path / "a.docx")
        contents = bytearray(path.read_bytes())
        size = (MOST_XML_BYTES + 2**20).to_bytes(4, "little")
        while (place := contents.find(size)) >= 0:
            contents[place : place + 4] = (100).to_bytes(4, "little")
        path.write_bytes(contents)
        with pytest.raises(DocumentError, match=r"a\.docx"):
            docx_to_pdf(path, tmp_path / "a.pdf")

    def test_entities_that_grow_are_not_expanded(self, tmp_path: Path) -> None:
        entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "laugh"}">' for n in range(9))
        text = (
            f'<!DOCTYPE d [{entities}]><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/'
            '2006/main"><w:body><w:p><w:r><w:t>&e8;</w:t></w:r></w:p></w:body></w:document>'
        )
        plain = docx_file(tmp_path / "plain.docx", "x")
        with zipfile.ZipFile(plain) as before, zipfile.ZipFile(tmp_path / "a.docx", "w") as after:
            for name in before.namelist():
                after.writestr(name, text if name == "word/document.xml" else before.read(name))
        with pytest.raises(DocumentUnreadable, match=r"a\.docx cannot be read as DOCX"):
            docx_to_pdf(tmp_path / "a.docx", tmp_path / "a.pdf")

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
    @pytest.mark.parametrize(
        ("text", "has_dtd"),
        [
            ("<!DOCTYPE a><a/>", True),
            ("\r\n<!-- <a> --><?some <a> ?>\t<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", True),
            ("<!-- <!DOCTYPE a> --><a/>", False),
            ("<?some <!DOCTYPE a> ?><a/>", False),
            ("<a><![CDATA[<!DOCTYPE html><p>Words</p>]]></a>", False),
            ("<a><!-- <!DOCTYPE a> --></a>", False),
            ("<!-- <!DOCTYPE a>", False),
            ("", False),
        ],
    )
    def test_a_dtd_stands_before_the_first_tag(
        self, tmp_path: Path, encoding: str, text: str, *, has_dtd: bool
    ) -> None:
        declared = f'<?xml version="1.0" encoding="{"UTF-16" if "16" in encoding else "UTF-8"}"?>{text}'
        with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
            archive.writestr("customXml/item1.xml", declared.encode(encoding))
        with pytest.raises(DocumentUnreadable, match="has a DTD") if has_dtd else contextlib.nullcontext():
            checked_archive(tmp_path / "a.docx", "DOCX")

    @pytest.mark.parametrize("text", ["<!--{}", "<!--{}--><a/>", "<?p {}", "<!-- -->{}"])
    def test_long_comments_are_passed_over_in_no_time(self, tmp_path: Path, text: str) -> None:
        with zipfile.ZipFile(tmp_path / "a.docx", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.xml", text.format("<!-- -->" * (MOST_XML_BYTES // 8 - 4)))
        begun = time.process_time()
        checked_archive(tmp_path / "a.docx", "DOCX")
        assert time.process_time() - begun < 5

    def test_very_many_words_are_told_to_be_too_many(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("word " * 1_400_000)
        with pytest.raises(DocumentTooLarge, match=r"a\.txt is too large: it has too many words"):
            to_pdf(tmp_path / "a.txt", tmp_path / "a.pdf")

    def test_large_document_of_pictures_is_no_trouble(self, tmp_path: Path) -> None:
        plain = docx_file(tmp_path / "plain.docx", "words")
        noise = Random(1).randbytes(50 * 2**20)  # any bytes that do not shrink
        with zipfile.ZipFile(plain) as before, zipfile.ZipFile(tmp_path / "a.docx", "w") as after:
            for name in before.namelist():
                after.writestr(name, before.read(name))
            after.writestr("word/media/image1.bin", noise)
        docx_to_pdf(tmp_path / "a.docx", tmp_path / "a.pdf")
        assert "words" in pages_of(tmp_path / "a.pdf")[0]


@pytest.mark.parametrize("number", ["nan", "inf", "1e400", "-5e9", "99999999999", "9" * 5000, "²", "", "x"])
def test_numbers_of_a_word_file_that_are_none_are_passed_over(tmp_path: Path, number: str) -> None:
    made = docx.Document()
    properties = made.add_paragraph("some\twords")._p.get_or_add_pPr()
    for xml in (
        f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{number}"/><w:numId w:val="1"/></w:numPr>',
        f'<w:tabs {nsdecls("w")}><w:tab w:val="right" w:pos="{number}"/></w:tabs>',
        f'<w:spacing {nsdecls("w")} w:line="{number}" w:before="{number}"/>',
        f'<w:ind {nsdecls("w")} w:left="{number}" w:hanging="{number}"/>',
        f'<w:outlineLvl {nsdecls("w")} w:val="{number}"/>',
    ):
        properties.append(parse_xml(xml))
    made.add_table(1, 1).cell(0, 0)._tc.get_or_add_tcPr().append(
        parse_xml(f'<w:gridSpan {nsdecls("w")} w:val="{number}"/>')
    )
    columns = made.sections[0]._sectPr.find(qn("w:cols"))
    columns.set(qn("w:num"), number)
    columns.set(qn("w:space"), number)
    made.save(str(tmp_path / "a.docx"))
    docx_to_pdf(tmp_path / "a.docx", tmp_path / "a.pdf")
    assert page_count(Piece(tmp_path / "a.pdf")) >= 1


class TestPdfs:
    def test_scripts_and_actions_are_taken_out(self, tmp_path: Path) -> None:
        pdf = pikepdf.new()
        pdf.add_blank_page(page_size=(100, 100))
        script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
        pdf.Root.OpenAction = script
        pdf.Root.Names = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=pikepdf.Array(["a", script])))
        pdf.save(tmp_path / "a.pdf")
        assert without_scripts(Piece(tmp_path / "a.pdf"), tmp_path / "b.pdf")
        assert b"JavaScript" not in (tmp_path / "b.pdf").read_bytes()
        assert not without_scripts(Piece(tmp_path / "b.pdf"), tmp_path / "c.pdf")

    def test_scripts_do_not_come_along_when_pdfs_are_put_together(self, tmp_path: Path) -> None:
        pdf = pikepdf.new()
        pdf.add_blank_page(page_size=(100, 100))
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
        pdf.save(tmp_path / "a.pdf")
        concatenate([Piece(tmp_path / "a.pdf")], tmp_path / "b.pdf")
        assert b"JavaScript" not in (tmp_path / "b.pdf").read_bytes()

    def test_page_as_large_as_a_house_has_a_picture_of_bounded_size(self, tmp_path: Path) -> None:
        pdf = pikepdf.new()
        pdf.add_blank_page(page_size=(14_400, 14_400))
        pdf.save(tmp_path / "a.pdf")
        assert len(page_picture(tmp_path / "a.pdf", 1, dpi=300)) < 2**20

    def test_picture_that_unpacks_to_gigabytes_is_refused(self, tmp_path: Path) -> None:
        header = bytearray(picture(kind="BMP"))
        header[18:26] = (60_000).to_bytes(4, "little") * 2
        (tmp_path / "a.bmp").write_bytes(header)
        with pytest.raises(DocumentUnreadable, match=r"a\.bmp cannot be read as a picture"):
            pictures_to_pdf([tmp_path / "a.bmp"], tmp_path / "a.pdf")

    def test_broken_field_of_a_stamp_is_blamed_on_the_stamp(self, tmp_path: Path) -> None:
        with with_field(tmp_path / "a.pdf") as (pdf, field):
            look = pdf.make_stream(b"nothing that was deflated")
            look.Filter, look.Subtype, look.BBox = pikepdf.Name.FlateDecode, pikepdf.Name.Form, [0, 0, 80, 20]
            field.AP = pikepdf.Dictionary(N=look)
            pdf.Root.AcroForm.NeedAppearances = True
        with pytest.raises(DocumentUnreadable, match=r"^a\.pdf cannot be read"):
            overlay(Piece(blank(tmp_path / "b.pdf")), Piece(tmp_path / "a.pdf"), tmp_path / "c.pdf", stamp_page=int)

    def test_number_that_is_too_large_is_named(self, tmp_path: Path) -> None:
        with with_field(tmp_path / "a.pdf") as (pdf, field):
            field.F = 2**40
            pdf.Root.AcroForm.NeedAppearances = True
        with pytest.raises(DocumentUnreadable, match=r"^a\.pdf cannot be read"):
            overlay(Piece(blank(tmp_path / "b.pdf")), Piece(tmp_path / "a.pdf"), tmp_path / "c.pdf", stamp_page=int)

    @pytest.mark.parametrize("damaged_one", ["a.pdf", "b.pdf"])
    @pytest.mark.parametrize("is_below", [False, True])
    def test_damaged_page_is_blamed_on_the_file_it_is_of(
        self, tmp_path: Path, damaged_one: str, is_below: bool
    ) -> None:
        for name in ("a.pdf", "b.pdf"):
            with pikepdf.open(blank(tmp_path / name), allow_overwriting_input=True) as pdf:
                pdf.pages[0].obj.Contents = pdf.make_stream(b"7 7 9 9 re f")
                if name == damaged_one:
                    pdf.pages[0].obj.Contents = pdf.make_stream(b"nothing that was deflated")
                    pdf.pages[0].obj.Contents.Filter = pikepdf.Name.FlateDecode
                pdf.save()
        with pytest.raises(DocumentUnreadable, match=rf"^{damaged_one} cannot be read"):
            overlay(
                Piece(tmp_path / "b.pdf"),
                Piece(tmp_path / "a.pdf"),
                tmp_path / "c.pdf",
                stamp_page=int,
                is_below=is_below,
            )

    @pytest.mark.parametrize("form", [3, True, "text", pikepdf.Name.X, pikepdf.Array([1])])
    def test_stamp_whose_form_is_no_form_is_laid_over_without_one(self, tmp_path: Path, form: Any) -> None:
        with pikepdf.open(blank(tmp_path / "a.pdf"), allow_overwriting_input=True) as pdf:
            pdf.pages[0].obj.Contents = pdf.make_stream(b"7 7 9 9 re f")
            pdf.Root.AcroForm = form
            pdf.save()
        overlay(Piece(blank(tmp_path / "b.pdf")), Piece(tmp_path / "a.pdf"), tmp_path / "c.pdf", stamp_page=int)
        assert b"7 7 9 9 re" in drawn_over(tmp_path / "c.pdf")


@contextmanager
def with_field(path: Path) -> Iterator[tuple[pikepdf.Pdf, pikepdf.Object]]:
    """A PDF of a page with one field of text, to be changed before it is written."""
    pdf = pikepdf.open(blank(path), allow_overwriting_input=True)
    field = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Tx, T="a", V="x", Rect=[9, 9, 89, 29]
        )
    )
    pdf.pages[0].obj.Annots = pikepdf.Array([field])
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([field]))
    yield pdf, field
    pdf.save(path)


def blank(path: Path) -> Path:
    """A PDF of one empty page."""
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(100, 100))
    pdf.save(path)
    return path


def drawn_over(path: Path) -> bytes:
    """What the forms on the first page of a PDF draw."""
    with pikepdf.open(path) as pdf:
        return b"".join(form.read_bytes() for form in pdf.pages[0].form_xobjects.values())


PDF_WORK: tuple[Work, ...] = (
    lambda source, _: page_count(Piece(source)),
    lambda source, _: fields_of(Piece(source)),
    lambda source, _: page_picture(source, 1, width=50),
    lambda source, target: concatenate([Piece(source)], target),
    lambda source, target: extract(Piece(source), target, first=1, last=1),
    lambda source, target: overlay(Piece(source), Piece(source), target, stamp_page=lambda page: page),
    lambda source, target: number_pages(Piece(source), target, Bates()),
    lambda source, target: finish(Piece(source), target),
)


def damaged(contents: bytes, chance: Random) -> bytes:
    """The same with some bytes changed, lost or doubled."""
    made = bytearray(contents)
    for _ in range(chance.choice([1, 5, 40])):
        place = chance.randrange(max(len(made), 1))
        if place >= len(made):
            break
        match chance.randrange(4):
            case 0:
                made[place] = chance.randrange(256)
            case 1:
                del made[place : place + chance.randrange(1, 40)]
            case 2:
                made[place:place] = made[-chance.randrange(1, 60) :]
            case _:
                made = made[: max(place, 20)]
    return bytes(made)


def names_the_file(work: Callable[[], object], name: str) -> bool:
    """Whether the work succeeds, or fails with an error of ours that names the file."""
    try:
        work()
    except DocumentError as error:
        return name in str(error)
    return True


@pytest.mark.parametrize("seed", range(6))
def test_damaged_pdf_is_worked_on_or_named(tmp_path: Path, seed: int) -> None:
    chance = Random(seed)  # the same damage in every run
    to_pdf(docx_file(tmp_path / "a.docx", "some words"), tmp_path / "whole.pdf")
    source, target = tmp_path / "harm.pdf", tmp_path / "out.pdf"
    for _ in range(5):
        source.write_bytes(damaged((tmp_path / "whole.pdf").read_bytes(), chance))
        for work in PDF_WORK:
            assert names_the_file(lambda work=work: work(source, target), "harm.pdf")


@pytest.mark.parametrize("kind", ["docx", "rtf", "odt", "md", "html"])
def test_damaged_document_is_worked_on_or_named(tmp_path: Path, kind: str) -> None:
    assert may_become_pdf(kind)
    chance = Random(kind)  # the same damage in every run
    whole = docx_file(tmp_path / "a.docx", "some words").read_bytes()
    if kind != "docx":
        whole = rb"{\rtf1 some {\b words} \'e4 \par\trowd\intbl a\cell\row <b>x</b> **y** | a | b |}"
    for _ in range(10):
        source = tmp_path / f"harm.{kind}"
        source.write_bytes(damaged(whole, chance))
        assert names_the_file(lambda source=source: to_pdf(source, tmp_path / "out.pdf"), source.name)
        if kind == "docx":
            assert names_the_file(lambda source=source: variables_of(source), source.name)
