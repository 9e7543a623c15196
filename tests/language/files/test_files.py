"""Files as authors use them: uploads, signatures, files made by code (spec/area4 §5.3 step 7, §6.6, §8.7)."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable

import pytest
from PIL import Image

from shared.interview.runtime.operations import PostedFile, SubmitForm
from shared.interview.runtime.outcomes import ResponseReady, RunFailed

from .filing import FilingSession, Kept

Open = Callable[..., FilingSession]

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def picture(width: int, height: int) -> bytes:
    made = io.BytesIO()
    Image.new("RGBA", (width, height), "red").save(made, "PNG")
    return made.getvalue()


UPLOAD = """
mandatory: True
question: |
  ${ [(one.number, one.filename, one.mimetype, one.extension, one.ok, one.instanceName) for one in document] }
subquestion: |
  ${ document }
---
question: Give us a document
fields:
  - Document: document
    datatype: files
"""


def test_uploads_become_a_list_of_files(session: Open) -> None:
    said = session(UPLOAD)
    assert said.open() == "Give us a document"
    asked = said.upload(("a.png", "image/png", PNG), ("b.pdf", "application/pdf", b"%PDF-1.4"))
    assert "1, 'a.png', 'image/png', 'png', True, 'document[0]'" in asked.replace("’", "'").replace("‘", "'")
    assert {number: kept.contents for number, kept in said.kept.items()} == {1: PNG, 2: b"%PDF-1.4"}


def test_a_picture_is_shown_and_anything_else_is_linked(session: Open) -> None:
    said = session(UPLOAD)
    said.open()
    said.upload(("a.png", "image/png", PNG), ("b.pdf", "application/pdf", b"%PDF-1.4"))
    assert '<img alt="" class="daicon" src="http://localhost/uploadedfile/1">' in said.screen.subquestion_html
    assert 'href="http://localhost/uploadedfile/2/b.pdf"' in said.screen.subquestion_html
    assert 1 not in said.fetched


def test_the_words_of_a_text_file_are_shown_and_nothing_in_them_counts(session: Open) -> None:
    said = session(UPLOAD)
    said.open()
    said.upload(("notes.txt", "text/plain", b"one <script>alert(1)</script>\n[BR] two"))
    assert "one &lt;script&gt;" in said.screen.subquestion_html
    assert "[BR] two" in said.screen.subquestion_html
    assert "<script>" not in said.screen.subquestion_html


@pytest.mark.parametrize(
    ("filename", "kind", "element"), [("a.mp3", "audio/mpeg", "<audio"), ("a.mp4", "video/mp4", "<video")]
)
def test_sound_and_film_get_a_player(session: Open, filename: str, kind: str, element: str) -> None:
    said = session(UPLOAD)
    said.open()
    said.upload((filename, kind, b"x"))
    assert element in said.screen.subquestion_html


def test_nothing_chosen_means_none(session: Open) -> None:
    said = session(
        """
mandatory: True
question: ${ document is None }
---
question: Give us a document
fields:
  - Document: document
    datatype: file
    required: False
"""
    )
    said.open()
    assert said.upload() == "True"


def test_a_file_of_the_wrong_kind_is_refused_beside_its_field(session: Open) -> None:
    said = session(UPLOAD.replace("datatype: files", 'datatype: files\n    accept: ".pdf, image/*"'))
    said.open()
    assert said.upload(("page.html", "text/html", b"<p>")) == "Give us a document"
    assert said.screen.fields[0].error_text == "Please upload a file with a valid file format."
    assert said.kept == {}
    assert said.upload(("a.PDF", "application/pdf", b"%PDF")).startswith("[(2")


def test_a_field_says_who_may_see_its_files_and_how_long_they_stay(session: Open) -> None:
    said = session(UPLOAD.replace("datatype: files", "datatype: files\n    private: False\n    persistent: 1 + 1 == 2"))
    said.open()
    said.upload(("a.png", "image/png", PNG))
    assert (said.kept[1].is_private, said.kept[1].is_persistent) == (False, True)


def test_a_picture_that_is_too_large_is_made_smaller_where_the_browser_did_not(session: Open) -> None:
    limits = "datatype: files\n    maximum image size: 50\n    image upload type: jpeg"
    said = session(UPLOAD.replace("datatype: files", limits))
    said.open()
    asked = said.upload(("a.png", "image/png", picture(200, 100)), ("b.txt", "text/plain", b"no picture"))
    assert "'a.jpg', 'image/jpeg', 'jpg'" in asked.replace("’", "'").replace("‘", "'")
    kept = said.kept[1]
    assert (kept.filename, kept.mimetype) == ("a.jpg", "image/jpeg")
    assert Image.open(io.BytesIO(kept.contents)).size == (50, 25)
    assert said.kept[2].contents == b"no picture"


def test_a_picture_from_a_camera_held_upright_stays_upright_when_it_is_made_smaller(session: Open) -> None:
    made, turned = io.BytesIO(), Image.Exif()
    turned[0x0112] = 6  # orientation: the camera was turned by a quarter
    Image.new("RGB", (200, 100), "red").save(made, "JPEG", exif=turned)
    said = session(UPLOAD.replace("datatype: files", "datatype: files\n    maximum image size: 50"))
    said.open()
    said.upload(("a.jpg", "image/jpeg", made.getvalue()))
    assert Image.open(io.BytesIO(said.kept[1].contents)).size == (25, 50)


def test_an_upload_that_code_writes_over_at_once_keeps_its_name(session: Open) -> None:
    said = session(
        """
mandatory: True
code: |
  document[0].write('written over')
  done
---
question: Give us a document
fields:
  - Document: document
    datatype: file
---
event: done
question: Thank you
"""
    )
    said.open()
    assert said.upload(("a.txt", "text/plain", b"as it came")) == "Thank you"
    assert (said.kept[1].contents, said.kept[1].filename) == (b"written over", "a.txt")


def test_the_parts_of_pillow_are_there_when_an_interview_imports_it(session: Open) -> None:
    said = session(
        """
imports:
  - PIL
---
mandatory: True
question: ${ PIL.Image.new("RGB", (3, 2)).size }
"""
    )
    assert said.open() == "(3, 2)"


def test_code_reads_what_was_uploaded_in_the_same_run_and_later(session: Open) -> None:
    said = session(
        """
mandatory: True
code: |
  document
  first
  second = document.slurp()
  done
---
question: Give us a document
fields:
  - Document: document
    datatype: file
---
code: |
  first = [document[0].slurp(auto_decode=False), document[0].readlines(), document[0].size_in_bytes()]
---
event: done
question: ${ second }
subquestion: ${ first }
"""
    )
    said.open()
    assert said.upload(("a.txt", "text/plain", b"one\ntwo\n")) == "one\ntwo"
    assert "[b'one\\ntwo\\n', ['one\\n', 'two\\n'], 8]" in said.screen.subquestion_html.replace("’", "'").replace(
        "‘", "'"
    )
    assert said.open() == "one\ntwo"


MAKING = """
objects:
  - letter: DAFile
---
mandatory: True
code: |
  letter.initialize(filename='letter.txt')
  letter.write('Dear Sir')
  made = True
---
mandatory: True
question: ${ letter.slurp() }
subquestion: ${ letter.url_for() } ${ letter.url_for(external=True, attachment=True) }
action buttons:
  - label: Change
    action: change
---
event: change
code: |
  with open(letter.path(), 'a') as file:
      file.write(' or Madam')
---
event: fail
code: |
  letter.write('lost')
  raise Exception('on purpose')
---
event: attributes
code: |
  letter.set_attributes(private=False, persistent=True, filename='new.md')
  letter.user_access(5, 'jane@example.com')
  letter.privilege_access('advocate')
---
event: move
code: |
  letter.set_attributes(session='a' * 32)
  letter.number
---
event: send
code: |
  response(file=letter)
---
event: temporary
code: |
  letter.write('for a while')
  json_response([letter.url_for(temporary=True, seconds=5), letter.url_for(temporary=True)])
"""


def test_code_makes_a_file_which_is_kept_with_the_answers(session: Open) -> None:
    said = session(MAKING)
    assert said.open() == "Dear Sir"
    assert said.kept == {1: Kept(b"Dear Sir", "letter.txt", "text/plain")}
    assert "/uploadedfile/1/letter.txt " in said.screen.subquestion_html
    assert "http://localhost/uploadedfile/1/letter.txt?attachment=1" in said.screen.subquestion_html


def test_what_is_written_to_the_path_of_a_file_is_kept_without_more_ado(session: Open) -> None:
    said = session(MAKING)
    said.open()
    said.act("change")
    assert said.kept[1].contents == b"Dear Sir or Madam"
    assert said.open() == "Dear Sir or Madam"


def test_a_file_stays_with_its_session_whatever_its_attributes_say(session: Open) -> None:
    said = session(MAKING)
    said.open()
    assert not isinstance(said.act("move").outcome, RunFailed)
    assert said.result.effects == ()


def test_what_was_only_read_is_not_stored_again(session: Open) -> None:
    said = session(MAKING)
    said.open()
    stored = len(said.stored)
    said.open()
    assert said.result.effects == ()
    assert len(said.stored) == stored


def test_a_run_that_fails_changes_no_file(session: Open) -> None:
    said = session(MAKING)
    said.open()
    assert isinstance(said.act("fail").outcome, RunFailed)
    assert said.result.effects == ()
    assert said.kept[1].contents == b"Dear Sir"


def test_a_file_is_renamed_shared_and_made_to_last(session: Open) -> None:
    said = session(MAKING)
    said.open()
    said.act("attributes")
    assert said.kept[1] == Kept(
        b"Dear Sir",
        "new.md",
        "text/markdown",
        is_private=False,
        is_persistent=True,
        users=(5,),
        emails=("jane@example.com",),
        privileges=("advocate",),
    )


def test_a_response_sends_a_file(session: Open) -> None:
    said = session(MAKING)
    said.open()
    outcome = said.act("send").outcome
    assert isinstance(outcome, ResponseReady)
    assert (outcome.content_type, said.blobs["body"]) == ("text/plain", b"Dear Sir")


def test_a_temporary_address_opens_what_has_been_written_so_far(session: Open) -> None:
    said = session(MAKING)
    said.open()
    said.act("temporary")
    given, usual = json.loads(said.blobs["body"])
    assert given == "http://localhost/tempfile/link-to-1-for-5/letter.txt"
    assert usual == "http://localhost/tempfile/link-to-1-for-30/letter.txt"
    assert said.kept[1].contents == b"for a while"


def test_a_file_without_contents_is_asked_for_like_any_variable(session: Open) -> None:
    said = session(
        """
objects:
  - letter: DAFile
---
mandatory: True
question: ${ letter.slurp() }
---
code: |
  letter.initialize(filename='made.txt', content='made when needed')
""".replace("code: |", "only sets: letter.initialized\ncode: |")
    )
    assert said.open() == "made when needed"


def test_one_file_is_copied_into_another(session: Open) -> None:
    said = session(
        """
modules:
  - docassemble.base.util
---
objects:
  - copy: DAFile
  - logo: DAStaticFile.using(filename='logo.txt')
---
mandatory: True
code: |
  copy.initialize(filename='copy.txt')
  copy.copy_into(logo)
---
mandatory: True
question: ${ copy.slurp() } ${ path_and_mimetype(copy)[1] } ${ path_and_mimetype(copy.number)[1] }
""",
        **{"data/static/logo.txt": "a logo"},
    )
    assert said.open() == "a logo text/plain text/plain"


def test_pictures_are_made_with_pillow_and_pages_of_a_pdf_are_counted(session: Open) -> None:
    said = session(
        """
imports:
  - PIL.Image
  - pypdf
---
objects:
  - picture: DAFile
  - document: DAFile
---
mandatory: True
code: |
  picture.initialize(filename='picture.jpg')
  PIL.Image.new('RGB', (4, 3), 'red').save(picture.path())
  document.initialize(filename='two.pdf')
  writer = pypdf.PdfWriter()
  writer.add_blank_page(100, 100)
  writer.add_blank_page(100, 100)
  writer.write(document.path())
  del writer
---
mandatory: True
question: ${ document.num_pages() } ${ picture.num_pages() } ${ document.is_encrypted() }
"""
    )
    assert said.open() == "2 1 False"
    assert Image.open(io.BytesIO(said.kept[1].contents)).size == (4, 3)
    assert said.kept[1].mimetype == "image/jpeg"


SIGN = """
mandatory: True
question: ${ 'none' if mine is None else mine.filename }
---
question: Sign
signature: mine
"""


def test_a_signature_is_a_file(session: Open) -> None:
    said = session(SIGN)
    assert said.open() == "Sign"
    assert said.screen.kind == "signature"
    assert said.upload(("canvas.png", "image/png", PNG)) == "canvas.png"
    assert said.kept[1].contents == PNG


def test_a_signature_is_needed_unless_the_author_says_otherwise(session: Open) -> None:
    said = session(SIGN)
    said.open()
    assert said.screen.signature_is_required
    assert said.upload() == "Sign"
    assert "You must sign your name to continue." in said.screen.error_html


def test_a_signature_that_may_be_left_out_is_none(session: Open) -> None:
    said = session(SIGN + "required: False\n")
    said.open()
    assert not said.screen.signature_is_required
    assert said.screen.form is not None
    assert said.asked(said.run(SubmitForm(form=said.screen.form, inputs=(("_success", "0"),)))) == "none"


SHARED = """
objects:
  - client: Individual
---
mandatory: True
code: |
  client.email = 'client@example.com'
---
mandatory: True
question: |
  ${ mine[0].user_access() } ${ mine[0].privilege_access() } ${ other[0].user_access() }
---
question: Give us both
fields:
  - Mine: mine
    datatype: file
    allow users:
      - 5
      - ${ 'jane' }@example.com
    allow privileges: advocate
  - Other: other
    datatype: files
    allow users:
      code: "[client, 7]"
    required: False
"""


def test_a_field_says_who_else_may_open_its_files(session: Open) -> None:
    said = session(SHARED)
    said.open()
    form = said.screen.form
    assert form is not None
    files = []
    for number, field in enumerate(form.fields[:2], 1):
        said.uploads[number] = Kept(PNG, "a.png", "image/png")
        files.append(PostedFile(name=field.input_name, number=number, filename="a.png", mimetype="image/png"))
    said.asked(said.run(SubmitForm(form=form, files=tuple(files))))
    mine, other = said.kept[1], said.kept[2]
    assert (mine.users, mine.emails, mine.privileges) == ((5,), ("jane@example.com",), ("advocate",))
    assert (other.users, other.emails, other.privileges) == ((7,), ("client@example.com",), ())


def test_a_field_that_says_nothing_of_readers_shares_nothing(session: Open) -> None:
    said = session(UPLOAD)
    said.open()
    said.upload(("a.png", "image/png", PNG))
    assert said.kept[1].users in (None, ())


@pytest.mark.parametrize(
    ("written", "kinds"),
    [
        (".pdf, image/*", ".pdf, image/*"),
        ("image/png", "image/png"),
        ("image/png,image/jpeg", "image/png,image/jpeg"),
        ("'\"application/pdf,image/png\"'", "application/pdf,image/png"),
        ("str(', '.join(kinds))", ".txt, .md"),
        ("kinds", ".txt,.md"),
    ],
)
def test_the_kinds_a_field_takes_are_written_or_given_by_an_expression(session: Open, written: str, kinds: str) -> None:
    said = session(
        UPLOAD.replace("datatype: files", f"datatype: files\n    accept: {written}")
        + "---\ncode: kinds = ['.txt', '.md']\n"
    )
    said.open()
    assert said.screen.fields[0].accept == kinds
