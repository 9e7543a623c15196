"""Pictures that cannot be drawn: documents are made without them, and the author is told which and where (§9.2-9.4)."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import docx
import pikepdf
import pytest
from PIL import Image

from shared.interview.runtime.effects import LogLine
from shared.interview.runtime.operations import ShowScreen
from shared.interview.runtime.outcomes import ScreenReady
from tests.language.documents.assembling import Assemble, AssemblingSession
from tests.language.documents.forms import form, pictures_of
from tests.language.documents.looks import drawn

_OBJECT = (
    "objects:\n  - pic: DAStaticFile.using(filename='data/templates/NAME')\n---\nmandatory: True\nquestion: Done\n"
)
_MARKDOWN = _OBJECT + "attachment:\n  name: Out\n  valid formats: [FORMAT]\n  content: |\n    Before ${ pic } after\n"
_TEMPLATE = _OBJECT + "attachment:\n  name: Out\n  docx template file: a.docx\n"
_FORM = _OBJECT + "attachment:\n  name: Out\n  pdf template file: a.pdf\n  fields:\n    - a: ${ pic }\n"
_LINE = 7
"""Where the attachments stand."""


def painted(kind: str) -> bytearray:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(out, kind)
    return bytearray(out.getvalue())


def png_bomb() -> bytes:
    """A few bytes that say they are 3,600 million pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(999))) + chunk(b"IEND", b"")


def jpeg_bomb() -> bytes:
    made = painted("JPEG")
    frame = made.find(b"\xff\xc0")
    made[frame + 5 : frame + 9] = struct.pack(">HH", 65_000, 65_000)
    return bytes(made)


def gif_bomb() -> bytes:
    made = painted("GIF")
    made[6:10] = struct.pack("<HH", 65_000, 65_000)
    return bytes(made)


def tiff_bomb() -> bytes:
    made = painted("TIFF")
    (start,) = struct.unpack_from("<I", made, 4)
    (count,) = struct.unpack_from("<H", made, start)
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        (tag,) = struct.unpack_from("<H", made, entry)
        if tag in (256, 257, 278):  # width, length, rows of a strip
            struct.pack_into("<HHII", made, entry, tag, 4, 1, 100_000)
    return bytes(made)


def locked_pdf() -> bytes:
    pdf, out = pikepdf.new(), io.BytesIO()
    pdf.add_blank_page()
    pdf.save(out, encryption=pikepdf.Encryption(user="u", owner="o"))
    return out.getvalue()


UNUSABLE: dict[str, Callable[[], bytes]] = {
    "bomb.png": png_bomb,
    "bomb.jpg": jpeg_bomb,
    "bomb.gif": gif_bomb,
    "bomb.tif": tiff_bomb,
    "words.png": lambda: b"no picture",
    "cut.svg": lambda: b"<svg xmlns='http://www.w3.org/2000/svg' width='5'",
    "locked.pdf": locked_pdf,
    "broken.pdf": lambda: b"%PDF-1.7 nothing",
}


def template() -> bytes:
    document, made = docx.Document(), io.BytesIO()
    document.add_paragraph("Before {{ pic }} after {{ pic }}")
    document.save(made)
    return made.getvalue()


def told(session: AssemblingSession) -> list[str]:
    """What the author is told when the screen is shown."""
    result = session.run(ShowScreen(is_first=True))
    assert isinstance(result.outcome, ScreenReady), result.outcome
    return [effect.message for effect in result.effects if isinstance(effect, LogLine) and effect.priority == "warning"]


@pytest.mark.parametrize("name", UNUSABLE)
@pytest.mark.parametrize("formats", ["pdf", "docx", "rtf", "pdf, docx, rtf"])
def test_the_author_is_told_of_a_picture_that_a_markdown_document_lacks(
    assemble: Assemble, name: str, formats: str
) -> None:
    session = assemble(_MARKDOWN.replace("NAME", name).replace("FORMAT", formats))
    session.put(name, UNUSABLE[name]())
    (said,) = told(session)
    assert f"test.yml, line {_LINE}: the picture {name} is left out" in said
    if "pdf" in formats:
        assert "after" in session.pdf_text("Out.pdf")


@pytest.mark.parametrize("name", [name for name in UNUSABLE if not name.endswith(".pdf")])
def test_the_author_is_told_of_a_picture_that_a_word_template_lacks(assemble: Assemble, name: str) -> None:
    session = assemble(_TEMPLATE.replace("NAME", name), a__docx=template())
    session.put(name, UNUSABLE[name]())
    (said,) = told(session)
    assert f"test.yml, line {_LINE}: the picture {name} is left out" in said
    assert "after" in session.docx_text("Out.docx")


@pytest.mark.parametrize("name", UNUSABLE)
def test_the_author_is_told_of_a_picture_that_a_form_lacks(assemble: Assemble, name: str) -> None:
    session = assemble(_FORM.replace("NAME", name), a__pdf=form(a="text"))
    session.put(name, UNUSABLE[name]())
    (said,) = told(session)
    assert f"test.yml, line {_LINE}: the picture {name} is left out" in said
    assert pictures_of(session.contents("Out.pdf")) == 0


def test_an_uploaded_picture_is_told_by_the_name_it_came_with(assemble: Assemble) -> None:
    session = assemble(
        "question: Seal?\nfields:\n  - Seal: pic\n    datatype: file\n---\n"
        "mandatory: True\nquestion: Done\nattachment:\n  name: Out\n  valid formats: pdf\n  content: ${ pic } x\n"
    )
    assert session.open() == "Seal?"
    session.upload(("my seal.png", "image/png", png_bomb()))
    said = [message for kind, message in session.screen.log if kind == "console"]
    assert len(said) == 1
    assert "seal.png is left out" in said[0]


def test_a_jpeg_without_the_usual_head_stands_in_word_files(assemble: Assemble) -> None:
    jpeg = painted("JPEG")
    bare = bytes(jpeg[:2] + jpeg[4 + struct.unpack_from(">H", jpeg, 4)[0] :])
    for text in (_MARKDOWN.replace("FORMAT", "docx"), _TEMPLATE):
        session = assemble(text.replace("NAME", "bare.jpg"), a__docx=template(), bare__jpg=bare)
        assert told(session) == []
        document = docx.Document(io.BytesIO(session.contents("Out.docx")))
        assert len(document.inline_shapes) == (2 if text is _TEMPLATE else 1)
        part = next(part for part in document.part.package.iter_parts() if part.partname.endswith(".jpg"))
        assert Image.open(io.BytesIO(part.blob)).convert("RGB").getpixel((9, 9))[0] > 250


def test_a_pdf_is_drawn_as_ever(assemble: Assemble) -> None:
    pdf, out = pikepdf.new(), io.BytesIO()
    pdf.add_blank_page(page_size=(99, 99)).obj.Contents = pdf.make_stream(b"9 9 80 80 re f")
    pdf.save(out)
    session = assemble(_MARKDOWN.replace("NAME", "a.pdf").replace("FORMAT", "pdf"), a__pdf=out.getvalue())
    assert told(session) == []
    assert drawn(session.contents("Out.pdf")) == {"rule"}
