"""Keys of documents that few use: each changes what another program reads in the file (spec/area4 §9.1, §9.3, §9.4)."""

from __future__ import annotations

import io

import docx
import pikepdf
import pytest
from docx.oxml.ns import qn
from pikepdf import Array, Dictionary, Name, Pdf, String
from PIL import Image

from tests.language.documents.assembling import Assemble, AssemblingSession
from tests.language.documents.forms import form, values_of
from tests.language.documents.looks import drawn


def ended(more: str, *, before: str = "") -> str:
    """An interview that ends in a document with these lines."""
    lines = "".join(f"  {line}\n" for line in more.strip().splitlines())
    return f"{before}mandatory: True\nquestion: Done\nattachment:\n  name: Out\n{lines}"


def form_without_looks(*boxes: str) -> bytes:
    """A form whose boxes say nowhere what they are called when they are ticked."""
    pdf = Pdf.new()
    page = pdf.add_blank_page(page_size=(400, 600))
    made = [
        pdf.make_indirect(
            Dictionary(
                Type=Name.Annot, Subtype=Name.Widget, FT=Name.Btn, T=String(name), AS=Name.Off,
                Rect=Array([20, 500 - place * 40, 40, 520 - place * 40]),
            )
        )
        for place, name in enumerate(boxes)
    ]  # fmt: skip
    page.obj["/Annots"] = Array(made)
    pdf.Root["/AcroForm"] = Dictionary(Fields=Array(made))
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def opened(assemble: Assemble, text: str, **templates: bytes | str) -> AssemblingSession:
    session = assemble(text, **templates)
    assert session.open() == "Done"
    return session


def test_checkbox_export_value_says_what_ticked_boxes_are_called(assemble: Assemble) -> None:
    text = ended(
        "pdf template file: form.pdf\ncheckbox export value: ${ ticked }\n"
        "fields:\n  - a: Ja\n  - b: Nein\n  - c: ${ True }\n  - d: Oui",
        before="code: |\n  ticked = 'Ja'\n---\n",
    )
    session = opened(assemble, text, form__pdf=form_without_looks("a", "b", "c", "d"))
    assert values_of(session.contents("Out.pdf")) == {"a": "/Ja", "b": "/Off", "c": "/Ja", "d": "/Off"}


def test_a_box_keeps_the_name_it_has(assemble: Assemble) -> None:
    text = ended("pdf template file: form.pdf\ncheckbox export value: Ja\nfields:\n  - a: Ja\n  - b: Oui")
    session = opened(assemble, text, form__pdf=form(a="box", b="box"))
    assert values_of(session.contents("Out.pdf")) == {"a": "/Oui", "b": "/Oui"}


@pytest.mark.parametrize("editable", [True, False])
def test_flattened_checkbox_label_stands_in_ticked_boxes_that_are_none_any_more(
    assemble: Assemble, editable: bool
) -> None:
    text = ended(
        f"pdf template file: form.pdf\neditable: {editable}\nflattened checkbox label: Ticked\n"
        "fields:\n  - a: ${ True }\n  - b: ${ False }"
    )
    session = opened(assemble, text, form__pdf=form(a="box", b="box"))
    assert session.pdf_text("Out.pdf") == ("" if editable else "Ticked")


@pytest.mark.parametrize(("font", "used"), [("DejaVu Sans Mono", "DejaVuSansMono"), ("", "Helvetica")])
def test_rendering_font_names_the_letters_of_a_form(assemble: Assemble, font: str, used: str) -> None:
    line = f"rendering font: {font}\n" if font else ""
    session = opened(
        assemble, ended(f"pdf template file: form.pdf\n{line}fields:\n  - a: Hello"), form__pdf=form(a="text")
    )
    assert (used in fonts_of(session.contents("Out.pdf"))) is bool(font)


def fonts_of(contents: bytes) -> str:
    """The names of all fonts a PDF brings along."""
    with pikepdf.open(io.BytesIO(contents)) as pdf:
        return " ".join(
            str(thing["/FontName"])
            for thing in pdf.objects
            if isinstance(thing, Dictionary) and thing.get("/Type") == Name.FontDescriptor
        )


def test_hyperlink_style_dresses_the_links_of_a_word_file(assemble: Assemble) -> None:
    template = docx.Document()
    template.add_paragraph("{{ '[us](https://example.com)' | inline_markdown }}")
    template.styles.add_style("Leaning", docx.enum.style.WD_STYLE_TYPE.CHARACTER)
    out = io.BytesIO()
    template.save(out)
    session = opened(assemble, ended("docx template file: a.docx\nhyperlink style: Leaning"), a__docx=out.getvalue())
    [link] = docx.Document(io.BytesIO(session.contents("Out.docx"))).element.body.iter(qn("w:hyperlink"))
    assert [style.get(qn("w:val")) for style in link.iter(qn("w:rStyle"))] == ["Leaning"]


def test_usedefs_of_a_document_serve_its_content_and_its_files(assemble: Assemble) -> None:
    shouting = 'def: shouting\nmako: |\n  <%def name="shout(words)">${ words.upper() }!</%def>\n---\n'
    text = ended("usedefs: shouting\ncontent: |\n  ${ shout('hello') }", before=shouting)
    assert opened(assemble, text).pdf_text("Out.pdf") == "HELLO!"
    text = ended("usedefs:\n  - shouting\ncontent file: text.md", before=shouting)
    assert opened(assemble, text, text__md="${ shout('you') }").pdf_text("Out.pdf") == "YOU!"


def test_an_owner_password_alone_leaves_the_document_open(assemble: Assemble) -> None:
    session = opened(assemble, ended("owner password: lift\ncontent: Gold."))
    reader = session.pdf("Out.pdf")
    assert reader.is_encrypted
    assert reader.decrypt("").name == "USER_PASSWORD"
    assert reader.decrypt("lift").name == "OWNER_PASSWORD"


def test_a_document_says_who_may_open_it_and_how_long_it_stays(assemble: Assemble) -> None:
    text = ended(
        "valid formats: pdf\nprivate: False\npersistent: True\n"
        "allow users:\n  - ann@example.com\nallow privileges:\n  - advocate\ncontent: Gold."
    )
    session = opened(assemble, text)
    [kept] = session.kept.values()
    assert (kept.is_private, kept.is_persistent) == (False, True)
    assert (kept.emails, kept.privileges) == (("ann@example.com",), ("advocate",))


@pytest.mark.parametrize("value", ["\n    code: wanted", " [docx, pdf]", "\n    - docx\n    - pdf"])
def test_formats_are_a_list_or_come_from_code(assemble: Assemble, value: str) -> None:
    before = "code: |\n  wanted = ['docx', 'pdf']\n---\n"
    text = ended("content: Hello.", before=before) + f"  valid formats:{value}\n"
    assert sorted(opened(assemble, text).links()) == ["docx", "pdf"]


@pytest.mark.parametrize(
    ("key", "template"), [("docx template file", "a.docx"), ("pdf template file", "a.pdf"), ("content file", "a.md")]
)
def test_a_template_is_named_by_code_by_text_and_by_a_file(assemble: Assemble, key: str, template: str) -> None:
    word = io.BytesIO()
    docx.Document().save(word)
    templates: dict[str, bytes | str] = {"a__docx": word.getvalue(), "a__pdf": form(who="text"), "a__md": "Hello."}
    before = (
        f"code: |\n  wanted = {template!r}\n---\nobjects:\n"
        f"  - a_file: DAStaticFile.using(filename='data/templates/{template}')\n---\n"
    )
    for value in ("\n    code: wanted", " ${ wanted }", "\n    code: a_file"):
        fields = "fields:\n  - who: me" if key == "pdf template file" else "skip undefined: False"
        session = opened(assemble, ended(fields, before=before) + f"  {key}:{value}\n", **templates)
        assert session.links()


@pytest.mark.parametrize(("language", "begins_right"), [("ar", True), ("he-IL", True), ("en", False)])
def test_rtf_of_languages_written_from_the_right_begins_there(
    assemble: Assemble, language: str, begins_right: bool
) -> None:
    text = ended(
        f"language: {language}\nvalid formats: rtf\ncontent: |\n  # שלום\n\n  שלום\n\n  * one\n\n  [FLUSHLEFT] left\n\n"
        "  a | b\n  --|--\n  c | d"
    )
    body = opened(assemble, text).contents("Out.rtf").decode()
    paragraphs = [line for line in body.splitlines() if r"\par}" in line or r"\cell" in line]
    for words in (r"\u1513?", "one", "c"):
        line = next(line for line in paragraphs if words in line)
        assert (r"\rtlpar\qr" in line) is begins_right, line
    left = next(line for line in paragraphs if "left" in line)
    assert left.index(r"\ql") > left.find(r"\qr"), "the side said in the text counts"
    item = next(line for line in paragraphs if "one" in line)
    assert (r"\ri720" in item and r"\lin720" in item) is begins_right


@pytest.mark.parametrize(
    ("filename", "files"),
    [
        ("report.pdf", {"report.pdf", "report.rtf"}),
        ("report.v2", {"report.v2.pdf", "report.v2.rtf"}),
        ("Report.RTF", {"Report.pdf", "Report.rtf"}),
    ],
)
def test_an_ending_that_the_author_wrote_is_not_said_twice(assemble: Assemble, filename: str, files: set[str]) -> None:
    session = opened(assemble, ended(f"filename: {filename}\ncontent: Text"))
    assert set(session.names()) == files


def test_a_word_template_without_title_and_descriptions_can_be_a_tagged_pdf(assemble: Assemble) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(picture, "PNG")
    document, made = docx.Document(), io.BytesIO()
    document.add_paragraph("One")
    document.add_picture(io.BytesIO(picture.getvalue()))
    document.save(made)
    text = ended("docx template file: a.docx\nvalid formats: pdf\ntagged pdf: True")
    session = opened(assemble, text, a__docx=made.getvalue())
    with pikepdf.open(io.BytesIO(session.contents("Out.pdf"))) as pdf:
        metadata = pdf.open_metadata()
        assert (metadata["dc:title"], metadata["pdfuaid:part"]) == ("Out", "1")


def test_a_picture_without_a_description_may_stand_in_a_tagged_pdf(assemble: Assemble) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(picture, "PNG")
    text = ended(
        "content: ${ seal }\nvalid formats: pdf\ntagged pdf: True",
        before="objects:\n  - seal: DAStaticFile.using(filename='data/templates/seal.png')\n---\n",
    )
    session = opened(assemble, text, seal__png=picture.getvalue())
    with pikepdf.open(io.BytesIO(session.contents("Out.pdf"))) as pdf:
        said = [str(thing["/Alt"]) for thing in pdf.objects if isinstance(thing, Dictionary) and "/Alt" in thing]
    assert said == ["picture"]


@pytest.mark.parametrize(
    "content", ["[FILE seal.png]", "A [FILE seal.png] b", "[CENTER] [FILE seal.png]", "1. [FILE seal.png]"]
)
def test_a_picture_without_a_width_is_on_the_page(assemble: Assemble, content: str) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(picture, "PNG")
    named = content.replace("seal.png", "${ seal.filename }")
    text = ended(
        f"content: '{named}'\nvalid formats: pdf",
        before="objects:\n  - seal: DAStaticFile.using(filename='data/templates/seal.png')\n---\n",
    )
    session = opened(assemble, text, seal__png=picture.getvalue())
    assert "picture" in drawn(session.contents("Out.pdf"))


def test_lines_of_a_text_file_stay_lines_in_a_document(assemble: Assemble) -> None:
    text = ended(
        "content: ${ note }\nvalid formats: docx",
        before="objects:\n  - note: DAStaticFile.using(filename='data/templates/note.txt')\n---\n",
    )
    session = opened(assemble, text, note__txt="One [BR] *two*\nThree\n")
    assert session.docx_text("Out.docx") == "One [BR] *two*\nThree"


def test_a_pdf_is_seen_by_its_first_page_in_word_and_rtf(assemble: Assemble) -> None:
    text = ended(
        "content: ${ exhibit }\nvalid formats: [docx, rtf]",
        before="objects:\n  - exhibit: DAStaticFile.using(filename='data/templates/form.pdf')\n---\n",
    )
    session = opened(assemble, text, form__pdf=form(a="text"))
    assert len(docx.Document(io.BytesIO(session.contents("Out.docx"))).inline_shapes) == 1
    assert session.contents("Out.rtf").count(b"\\pngblip") == 1
