"""Text in pictures and scans, at once and as a task (spec/area1 §4.8)."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
import segno
from PIL import Image
from pypdf import PdfReader

from shared.interview.runtime.document_calls import ProgramAnswer
from shared.interview.runtime.effects import LaunchTask
from shared.interview.runtime.operations import ShowScreen
from shared.interview.runtime.outcomes import BackgroundValue, RunFailed

from .filing import FilingSession, Kept
from .test_document_tools import pdf

Open = Callable[..., FilingSession]
Opened = Callable[[str, bytes], FilingSession]

READS = """
objects:
  - scan: DAFile
---
mandatory: True
code: |
  scan.initialize(filename=url_args['name'], number=901)
---
event: at_once
code: |
  json_response(ocr_file(scan, f=2, l=3, language='es'))
---
mandatory: True
code: |
  task = ocr_file_in_background(scan) if url_args['name'] == 'scan.pdf' else scan.make_ocr_pdf_in_background()
---
mandatory: True
question: Reading
"""


@pytest.fixture
def opened(session: Open) -> Callable[[str, bytes], FilingSession]:
    """A session with a scan of four pages, on a server whose program gives this for each."""

    def opened(name: str, given: bytes) -> FilingSession:
        said = session(READS)
        said.kept[901] = Kept(pdf(100, 100, 100, 100), "scan.pdf", "application/pdf")
        said.program, said.made_by_program = ProgramAnswer(is_made=True), given
        assert said.open(name=name) == "Reading"
        return said

    return opened


def test_words_of_the_pages_asked_for_are_given(opened: Opened) -> None:
    said = opened("scan.pdf", b"words")
    said.act("at_once")
    assert any(b"words\\fwords" in blob for blob in said.blobs.values())


def test_task_gives_the_words_of_all_pages(opened: Opened) -> None:
    said = opened("scan.pdf", b"words")
    said.work()
    assert said.payload() == "\f".join(["words"] * 4)


TELLS = """
objects:
  - scan: DAFile
---
mandatory: True
code: |
  scan.initialize(filename='scan.png', number=901)
---
mandatory: True
code: |
  task = ocr_file_in_background(scan, url_args['mode'], message=url_args.get('message'))
---
mandatory: True
question: ${ task.get() if task.ready() else 'Reading' }
"""


@pytest.mark.parametrize("mode", ["flash", "javascript"])
@pytest.mark.parametrize(("given", "told"), [({}, "OCR succeeded"), ({"message": "It is read."}, "It is read.")])
def test_page_is_told_the_message_and_the_value_is_the_text(
    session: Open, mode: str, given: dict[str, str], told: str
) -> None:
    said = session(TELLS)
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(picture, "PNG")
    said.kept[901] = Kept(picture.getvalue(), "scan.png", "image/png")
    said.program, said.made_by_program = ProgramAnswer(is_made=True), b"alert(1)"
    assert said.open(mode=mode, **given) == "Reading"
    outcome = said.work().outcome
    assert isinstance(outcome, BackgroundValue)
    assert outcome.json_value == told
    assert said.payload() == "alert(1)"
    assert said.open() == "alert(1)"


@pytest.mark.parametrize("name", ["scan.pdf", "searchable.pdf"])
def test_no_task_is_launched_where_no_program_would_do_it(session: Open, name: str) -> None:
    said = session(READS)
    said.kept[901] = Kept(pdf(100), "scan.pdf", "application/pdf")
    failed = said.run(ShowScreen(is_first=True), url_args={"name": name})
    assert isinstance(failed.outcome, RunFailed)
    assert failed.outcome.failure.error_type == "ProgramMissing"
    assert "needs Tesseract (the package tesseract-ocr)" in failed.outcome.failure.error_message
    assert not [effect for effect in failed.effects if isinstance(effect, LaunchTask)]


def test_file_becomes_one_that_can_be_searched(opened: Opened) -> None:
    said = opened("searchable.pdf", pdf(50))
    said.work()
    assert [round(page.mediabox.width) for page in PdfReader(io.BytesIO(said.kept[901].contents)).pages] == [50] * 4


def test_task_cannot_be_asked_for_by_an_address(opened: Opened) -> None:
    said = opened("scan.pdf", b"words")
    before = said.kept[901]
    said.act("_da_keep_searchable", target="scan", name="x.pdf", contents="x")
    said.act("_da_read_pictures", files="/etc/passwd")
    assert said.kept[901] == before


CODES = """
objects:
  - scan: DAFile
---
mandatory: True
code: |
  scan.initialize(filename=url_args['name'], number=901)
---
mandatory: True
question: ${ ' / '.join(read_qr(scan, **arguments)) or 'nothing' }
---
code: |
  arguments = {key: int(value) for key, value in url_args.items() if key != 'name'}
"""


def code(text: str) -> Image.Image:
    """A picture of a QR code."""
    drawn = io.BytesIO()
    segno.make(text, micro=False).save(drawn, kind="png", scale=6)
    return Image.open(drawn).convert("RGB")


def scan(*pages: Image.Image) -> bytes:
    """A PDF of these pictures, a page each, at 300 dots per inch."""
    written = io.BytesIO()
    pages[0].save(written, format="PDF", save_all=True, append_images=pages[1:], resolution=300)
    return written.getvalue()


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ({}, "first / zweiter Wörter / third"),
        ({"f": 2}, "zweiter Wörter / third"),
        ({"f": 2, "l": 2}, "zweiter Wörter"),
        ({"x": 0, "y": 0, "W": 20, "H": 20}, "nothing"),
    ],
)
def test_codes_are_read_page_by_page(session: Open, arguments: dict[str, int], shown: str) -> None:
    said = session(CODES)
    pages = scan(code("first"), code("zweiter Wörter"), code("third"))
    said.kept[901] = Kept(pages, "scan.pdf", "application/pdf")
    assert said.open(name="scan.pdf", **{key: str(value) for key, value in arguments.items()}) == shown


def test_a_picture_may_show_several_codes_or_none(session: Open) -> None:
    said = session(CODES)
    wide = Image.new("RGB", (800, 300), "white")
    wide.paste(code("left"), (20, 20))
    wide.paste(code("right"), (450, 20))
    written = io.BytesIO()
    wide.save(written, format="PNG")
    said.kept[901] = Kept(written.getvalue(), "photo.png", "image/png")
    assert sorted(said.open(name="photo.png").split(" / ")) == ["left", "right"]
