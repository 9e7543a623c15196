"""Which fields a template has, and documents as Markdown."""

from __future__ import annotations

from pathlib import Path

import docx
import pikepdf
import pytest

from shared.interview.documents.docx_template import TemplateBroken
from shared.interview.documents.errors import DocumentError, DocumentUnreadable, NotConvertible
from shared.interview.documents.template_fields import fields_in
from shared.interview.documents.work import done
from shared.interview.documents.work_order import DocumentWork
from tests.unit.interview.documents.made import docx_file, picture


def form(path: Path) -> Path:
    """A PDF with a text field, a box and a group of two fields."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(300, 400))

    def widget(name: str, kind: str, **more: object) -> pikepdf.Object:
        return pdf.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot,
                Subtype=pikepdf.Name.Widget,
                FT=pikepdf.Name("/" + kind),
                T=name,
                Rect=[10, 20, 110, 40],
                **more,
            )
        )

    on = pikepdf.Dictionary(Yes=pdf.make_stream(b""), Off=pdf.make_stream(b""))
    fields = [widget("full name", "Tx", V="Ada"), widget("agrees", "Btn", AP=pikepdf.Dictionary(N=on))]
    page.Annots = pdf.make_indirect(pikepdf.Array(fields))
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array(fields))
    pdf.save(path)
    return path


def test_a_pdf_form_is_told_with_values_kinds_and_places(tmp_path: Path) -> None:
    found = fields_in(form(tmp_path / "form.pdf"), kind="pdf", name="form.pdf").told()
    assert found == {
        "fields": ["full name", "agrees"],
        "default_values": {"full name": "Ada", "agrees": ""},
        "types": {"full name": "/Tx", "agrees": "/Btn"},
        "locations": {
            "full name": {"page": 1, "box": [10.0, 20.0, 110.0, 40.0]},
            "agrees": {"page": 1, "box": [10.0, 20.0, 110.0, 40.0]},
        },
        "export_values": {"agrees": "Yes"},
    }


def test_a_pdf_without_a_form_has_no_fields(tmp_path: Path) -> None:
    pdf = pikepdf.new()
    pdf.add_blank_page()
    pdf.save(tmp_path / "plain.pdf")
    assert fields_in(tmp_path / "plain.pdf", kind="pdf", name="plain.pdf").told() == {"fields": []}


def test_of_a_word_template_the_variables_that_it_asks_for_are_told_once(tmp_path: Path) -> None:
    path = docx_file(
        tmp_path / "letter.docx",
        "Dear {{ user.name.full() }}, {{ user.name.full() }}: {{r currency(fee) }} and {{ fee }}",
        "{%p if has_children and user.address.city == ‘Rome’ %}",
        "{%p for child in children %}",
        "{{ child.name }} {{ loop.index }} {{ notes[0] }} {{ table['a b'].x | upper }} {{ items[number] }}",
        "{%p endfor %}",
        "{%p endif %}",
        "{% set total = a + b %}{{ total }}",
    )
    made = docx.Document(str(path))
    made.sections[0].header.paragraphs[0].text = "{{ case_number }}"
    made.add_table(rows=1, cols=1).cell(0, 0).text = "{{ in_a_cell }}"
    made.save(str(path))
    assert sorted(fields_in(path, kind="docx", name="letter.docx").fields) == sorted(
        [
            "case_number", "user.name", "fee", "has_children", "user.address.city", "children", "notes[0]",
            "table['a b'].x", "items", "number", "a", "b", "in_a_cell",
        ]
    )  # fmt: skip


def test_of_a_markdown_template_the_variables_that_it_asks_for_are_told(tmp_path: Path) -> None:
    path = tmp_path / "letter.md"
    path.write_text(
        "---\ntitle: A letter\n---\n"
        "Dear ${ user.name.full() },\n"
        "% if has_children:\n"
        "% for child in children:\n"
        "${ child.name } and ${ nice_number(len(pets)) }\n"
        "% endfor\n"
        "% elif other:\n"
        "${ x['a'] + str(y) }\n"
        "% else:\nnone\n"
        "% endif\n"
    )
    assert fields_in(path, kind="md", name="letter.md").fields == [
        "user.name",
        "has_children",
        "children",
        "pets",
        "other",
        "x['a']",
        "y",
    ]


def test_nothing_of_a_template_is_run(tmp_path: Path) -> None:
    there = tmp_path / "there"
    code = f"open({str(there)!r}, 'w').write('x')"
    path = docx_file(tmp_path / "evil.docx", "{{ ''.__class__.__mro__[1].__subclasses__() }} {{ x() }}")
    fields_in(path, kind="docx", name="evil.docx")
    (tmp_path / "evil.md").write_text(f"${{ {code} }}\n<%\n{code}\n%>\n<%!\n{code}\n%>\n")
    fields_in(tmp_path / "evil.md", kind="md", name="evil.md")
    assert not there.exists()


@pytest.mark.parametrize(
    ("name", "contents", "error"),
    [
        ("a.docx", b"no archive", DocumentUnreadable),
        ("a.pdf", b"no pdf", DocumentUnreadable),
        ("a.md", b"\xff\xfe\xff", DocumentUnreadable),
        ("a.md", b"${ not python at all }", TemplateBroken),
        ("a.md", b"% if x:\nnever ends\n", TemplateBroken),
        ("a.txt", b"x", NotConvertible),
    ],
)
def test_what_is_no_template_is_named(tmp_path: Path, name: str, contents: bytes, error: type[Exception]) -> None:
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(error, match=name):
        fields_in(tmp_path / name, kind=name.partition(".")[2], name=name)


def test_a_word_template_that_is_wrong_is_named(tmp_path: Path) -> None:
    path = docx_file(tmp_path / "wrong.docx", "{% if x %} never ends")
    with pytest.raises(TemplateBroken, match=r"wrong\.docx"):
        fields_in(path, kind="docx", name="wrong.docx")


def markdown(path: Path) -> str:
    work = DocumentWork(task="markdown", kind=path.suffix[1:], name=path.name)
    return done(work, path.read_bytes())[1].decode()


def test_a_word_document_becomes_markdown(tmp_path: Path) -> None:
    made = docx.Document()
    made.add_heading("The *case*", level=2)
    paragraph = made.add_paragraph("It is ")
    paragraph.add_run("very ").bold = True
    paragraph.add_run("good").italic = True
    made.add_paragraph("# no heading")
    made.add_paragraph("1. no list")
    made.add_paragraph("one", style="List Bullet")
    made.add_paragraph("two", style="List Number")
    table = made.add_table(rows=2, cols=2)
    for place, text in ((0, "a|b"), (1, "c"), (2, "d"), (3, "e")):
        table.cell(*divmod(place, 2)).text = text
    made.save(str(tmp_path / "a.docx"))
    assert markdown(tmp_path / "a.docx") == (
        "## The \\*case\\*\n\nIt is **very** *good*\n\n\\# no heading\n\n1\\. no list\n\n"
        "- one\n1. two\n\n| a\\|b | c |\n| --- | --- |\n| d | e |\n"
    )


def test_html_becomes_markdown_without_its_scripts(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        "<h1>Title</h1><p>A <a href='https://example.org/x'>link</a><script>alert(1)</script></p><p>b<br>c</p>"
    )
    made = markdown(tmp_path / "a.html")
    assert made.startswith("# Title\n\nA [link](<https://example.org/x>)")
    assert "b\\\nc" in made
    assert "alert" not in made


def test_a_page_is_a_picture_of_the_width_that_was_asked_for(tmp_path: Path) -> None:
    from PIL import Image

    for name, contents in (("a.pdf", form(tmp_path / "a.pdf").read_bytes()), ("b.png", picture(900, 300))):
        work = DocumentWork(task="page", kind=name[2:], name=name, width=200)
        (tmp_path / "page.png").write_bytes(done(work, contents)[1])
        with Image.open(tmp_path / "page.png") as page:
            assert (page.format, page.width) == ("PNG", 200)


@pytest.mark.parametrize(("kind", "page"), [("pdf", 2), ("png", 2), ("exe", 1), ("svg", 1)])
def test_what_has_no_such_page_is_no_picture(tmp_path: Path, kind: str, page: int) -> None:
    contents = form(tmp_path / "a.pdf").read_bytes() if kind == "pdf" else picture()
    with pytest.raises(DocumentError):
        done(DocumentWork(task="page", kind=kind, name=f"a.{kind}", page=page), contents)
