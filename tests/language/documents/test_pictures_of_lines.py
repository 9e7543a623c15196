"""Pictures in every kind of document, above all those of lines (SVG): left out if broken, and no way to files."""

from __future__ import annotations

import io

import docx
import pypdfium2 as pdfium
import pytest
from PIL import Image
from pypdfium2 import raw

from shared.interview.documents.pictures import natural_width, printable, printable_pixels
from tests.language.documents.assembling import Assemble
from tests.language.documents.looks import drawn

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="96" height="48">{}<rect width="96" height="48" fill="#f00"/></svg>'
)
RED = SVG.format("")
UNUSABLE = {
    "cut off": RED[:60],
    "without size": '<svg xmlns="http://www.w3.org/2000/svg" width="0" height="0"></svg>',
    "wants a file": SVG.format('<image href="file:///etc/passwd" width="5" height="5"/>'),
    "a line without end": '<svg xmlns="http://www.w3.org/2000/svg" width="1e-9" height="5e9"><rect width="1"/></svg>',
}
INTERVIEW = """
objects:
  - seal: DAStaticFile.using(filename='data/templates/seal.svg')
---
mandatory: True
question: Done
attachment:
  name: Out
  valid formats: [pdf, docx, rtf]
  content: |
    Before [FILE ${ filename }] after
---
code: |
  filename = seal
"""


def interview() -> str:
    """An interview that ends in documents with the picture."""
    return INTERVIEW.replace("[FILE ${ filename }]", "${ filename }")


def reds(contents: bytes) -> int:
    with Image.open(io.BytesIO(contents)) as picture:
        return sum(pixel[:3] == (255, 0, 0) for pixel in picture.convert("RGB").getdata())


def test_they_stand_in_every_kind_of_document(assemble: Assemble) -> None:
    session = assemble(interview(), seal__svg=RED)
    assert session.open() == "Done"
    document = docx.Document(io.BytesIO(session.contents("Out.docx")))
    (shape,) = document.inline_shapes
    assert (round(shape.width.pt), round(shape.height.pt)) == (72, 36)
    (picture,) = [part.blob for part in document.part.package.iter_parts() if part.partname.endswith(".png")]
    assert reds(picture) == 192 * 96
    rtf = session.contents("Out.rtf")
    assert rtf.count(b"\\pngblip") == 1
    assert b"\\picwgoal1440\\pichgoal720 " in rtf
    assert drawn(session.contents("Out.pdf")) == {"rule"}


@pytest.mark.parametrize("contents", UNUSABLE.values(), ids=list(UNUSABLE))
def test_one_that_cannot_be_drawn_is_left_out_and_the_document_is_made(assemble: Assemble, contents: str) -> None:
    session = assemble(interview(), seal__svg=contents)
    assert session.open() == "Done"
    assert "after" in session.pdf_text("Out.pdf")
    assert drawn(session.contents("Out.pdf")) == set()
    assert "after" in session.docx_text("Out.docx")
    assert len(docx.Document(io.BytesIO(session.contents("Out.docx"))).inline_shapes) == 0


def test_they_stand_in_word_templates(assemble: Assemble) -> None:
    template = docx.Document()
    template.add_paragraph("{{ seal }}")
    made = io.BytesIO()
    template.save(made)
    text = INTERVIEW.partition("mandatory")[0]
    text += "mandatory: True\nquestion: Done\nattachment:\n  name: Out\n  docx template file: a.docx\n"
    session = assemble(text, a__docx=made.getvalue(), seal__svg=RED)
    assert session.open() == "Done"
    assert len(docx.Document(io.BytesIO(session.contents("Out.docx"))).inline_shapes) == 1


def test_however_large_one_says_it_is_its_pixels_are_few() -> None:
    huge = RED.replace('width="96" height="48"', 'width="900000000" height="450000000" viewBox="0 0 96 48"', 1)
    made = printable_pixels(huge.encode())
    assert made is not None
    with Image.open(io.BytesIO(made[0])) as picture:
        assert max(picture.size) <= 1000 / 72 * 192 + 1
        assert picture.getpixel((5, 5))[:3] == (255, 0, 0)


def test_pictures_of_pixels_say_themselves_how_wide_they_are() -> None:
    sizes = []
    for dpi in (None, (300, 300), (1, 1)):
        out = io.BytesIO()
        Image.new("RGB", (300, 10)).save(out, "PNG", **({} if dpi is None else {"dpi": dpi}))
        sizes.append(round(natural_width(out.getvalue(), 300)))
    assert sizes == [225, 72, 225]
    assert printable(b"no picture") is None


@pytest.mark.parametrize(("dpi", "points"), [(None, 225), (300, 72)])
def test_pictures_of_pixels_are_as_wide_in_every_kind_of_document(
    assemble: Assemble, dpi: int | None, points: int
) -> None:
    out = io.BytesIO()
    Image.new("RGB", (300, 150)).save(out, "PNG", **({} if dpi is None else {"dpi": (dpi, dpi)}))
    text = interview().replace("seal.svg", "seal.png").replace("Before ${ filename } after", "${ filename }")
    session = assemble(text, seal__png=out.getvalue())
    assert session.open() == "Done"
    (shape,) = docx.Document(io.BytesIO(session.contents("Out.docx"))).inline_shapes
    assert round(shape.width.pt) == points
    assert f"\\picwgoal{points * 20}\\".encode() in session.contents("Out.rtf")
    with pdfium.PdfDocument(session.contents("Out.pdf")) as pdf:
        (image,) = [thing for thing in pdf[0].get_objects() if thing.type == raw.FPDF_PAGEOBJ_IMAGE]
        left, _, right, _ = image.get_bounds()
    assert round(right - left) == points


@pytest.mark.parametrize(("content", "has"), [("No headings.", False), ("# One\n\nText\n\n# Two\n", True)])
def test_a_table_of_contents_is_there_where_there_are_headings(assemble: Assemble, content: str, has: bool) -> None:
    lines = "".join(f"    {line}\n" for line in content.splitlines())
    session = assemble(
        "mandatory: True\nquestion: Done\nattachment:\n  name: Out\n  valid formats: pdf\n"
        f"  metadata:\n    toc: True\n  content: |\n{lines}"
    )
    assert session.open() == "Done"
    assert ("Contents" in session.pdf_text("Out.pdf")) is has
    if has:
        assert session.pdf_text("Out.pdf").count("Two") == 2
