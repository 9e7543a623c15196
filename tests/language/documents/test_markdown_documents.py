"""Documents written as Markdown: what they say in every format, and how they are offered (spec/area4 §9.1, §9.2)."""

from __future__ import annotations

import io
import itertools

import pikepdf
import pytest
from docx import Document

from shared.interview.runtime.operations import ShowScreen
from shared.interview.runtime.outcomes import RunFailed
from tests.language.documents.assembling import Assemble
from tests.language.documents.looks import pages

_LETTER = """
mandatory: True
question: Here you are.
attachment:
  name: A *letter* to ${ planet }
  filename: letter
  content: |
    Dear **${ planet }**,

    hello.
---
question: Which planet?
fields:
  - Planet: planet
"""


def test_a_variable_of_a_document_is_asked_for_before_its_screen(assemble: Assemble) -> None:
    session = assemble(_LETTER)
    assert session.open() == "Which planet?"
    assert session.answer(planet="Mars") == "Here you are."


def test_a_document_is_made_as_pdf_and_rtf_and_can_be_previewed(assemble: Assemble) -> None:
    session = assemble(_LETTER)
    session.open()
    session.answer(planet="Mars")
    document = session.screen.documents[0]
    assert [kind for kind, _, _ in document.links] == ["pdf", "rtf"]
    assert (document.name_text, document.name_html) == ("A letter to Mars", "A <em>letter</em> to Mars")
    assert "<strong>Mars</strong>" in document.preview_html
    assert session.pdf_text("letter.pdf") == "Dear Mars, hello."
    assert "Dear Mars, hello." in session.rtf_text("letter.rtf").replace(" ,", ",")
    assert session.screen.documents_notice_html == "<p>The following document has been created for you.</p>"


def test_the_same_screen_shown_again_makes_no_new_documents(assemble: Assemble) -> None:
    session = assemble(_LETTER)
    session.open()
    session.answer(planet="Mars")
    before = session.links()
    session.open()
    assert session.links() == before
    assert len(session.kept) == 2


def test_without_keeping_documents_each_look_makes_them_anew(assemble: Assemble) -> None:
    session = assemble(_LETTER + "---\nfeatures:\n  cache documents: False\n")
    session.open()
    session.answer(planet="Mars")
    before = session.links()
    session.open()
    assert session.links() != before
    assert len(session.kept) == 4


def test_back_shows_the_documents_of_that_step_again(assemble: Assemble) -> None:
    session = assemble(_LETTER + "---\nevent: more\nquestion: More\n")
    session.open()
    session.answer(planet="Mars")
    before = session.links()
    session.act("more")
    session.back()
    assert session.links() == before


_VARIABLE = """
attachment:
  name: Letter
  variable name: letter
  content: |
    Dear ${ planet }.
---
code: |
  planet = 'Venus'
"""


def test_a_document_with_a_variable_is_made_when_it_is_sought(assemble: Assemble) -> None:
    session = assemble(
        _VARIABLE + "---\nmandatory: True\nquestion: Done\nsubquestion: |\n  [PDF](${ letter.pdf.url_for() })\n"
    )
    assert session.open() == "Done"
    assert session.pdf_text("Letter.pdf") == "Dear Venus."


def test_attachment_code_offers_documents_files_and_lists_of_them(assemble: Assemble) -> None:
    session = assemble(
        _VARIABLE
        + "---\nobjects:\n  - note: DAFile\n---\nmandatory: True\ncode: |\n  note.initialize(filename='note.txt')\n"
        "  note.write('hello')\n---\nmandatory: True\nquestion: Done\nattachment code: |\n  [letter, [note]]\n"
    )
    session.open()
    assert [document.name_text for document in session.screen.documents] == ["Letter", "note.txt"]
    assert "The following documents have been created for you." in session.screen.documents_notice_html


def test_a_document_with_a_variable_stays_until_the_variable_is_undefined(assemble: Assemble) -> None:
    session = assemble(
        """
attachment:
  name: Letter
  variable name: letter
  content: |
    Made again: ${ showifdef('again', 'not asked') }.
---
mandatory: True
question: First
attachment code: letter
continue button field: seen
---
mandatory: True
code: |
  if again:
    undefine('letter')
---
question: Again?
yesno: again
---
mandatory: True
question: Second
attachment code: letter
"""
    )
    session.open()
    assert session.fill({}) == "Again?"
    session.press("No")
    assert session.pdf_text("Letter.pdf") == "Made again: not asked."
    session.back()
    session.press("Yes")
    assert session.pdf_text("Letter.pdf") == "Made again: True."


def test_depends_on_has_a_document_made_anew(assemble: Assemble) -> None:
    session = assemble(
        """
attachment:
  name: Letter
  variable name: letter
  content: |
    Dear ${ planet }.
depends on: planet
---
question: Which planet?
fields:
  - Planet: planet
---
mandatory: True
question: Done
subquestion: ${ letter.pdf.number }
attachment code: letter
"""
    )
    session.open()
    session.answer(planet="Mars")
    session.act("planet")
    session.answer(planet="Jupiter")
    assert session.pdf_text("Letter.pdf") == "Dear Jupiter."


def test_special_markup_has_its_meaning_in_documents(assemble: Assemble) -> None:
    session = assemble(
        """
mandatory: True
question: Done
attachment:
  name: Paper
  valid formats: [pdf, docx, rtf]
  metadata:
    FooterCenter: Page [PAGENUM]
  content: |
    [BOLDCENTER] Title [BR] below

    First[EMDASH]page.
    [PAGEBREAK]
    Second page.

    | One
    | Two

    [BEGIN_TWOCOL] left [BREAK] right [END_TWOCOL]
"""
    )
    session.open()
    reader = session.pdf("Paper.pdf")
    assert len(reader.pages) == 2
    assert "Page 2" in reader.pages[1].extract_text()
    assert "Title\nbelow" in reader.pages[0].extract_text()
    assert "First—page." in session.pdf_text("Paper.pdf")
    assert "One\nTwo" in session.docx_text("Paper.docx")
    assert session.docx_text("Paper.docx").endswith("left\nright")
    assert r"\page" in session.contents("Paper.rtf").decode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('[INDENTBY 1in] "So be it"', "“So be it”"),
        ("[CENTER] 'So'", "‘So’"),
        ('"Fill in [BLANK]"', "“Fill in ”"),
        ('"[BLANK]" is nobody', "“ ” is nobody"),
        ("[NBSP][BLANK]'s dog", "’s dog"),
    ],
)
def test_quotation_marks_know_on_which_side_of_a_mark_they_stand(assemble: Assemble, text: str, shown: str) -> None:
    session = assemble(
        f"mandatory: True\nquestion: Done\nattachment:\n  name: Paper\n  valid formats: pdf\n  content: |\n    {text}\n"
    )
    session.open()
    assert session.pdf_text("Paper.pdf") == shown


def test_items_of_a_list_stand_apart_as_it_is_written_whatever_stands_in_them(assemble: Assemble) -> None:
    def gaps(text: str) -> list[float]:
        lines = "".join(f"    {line}\n" for line in text.split("\n"))
        session = assemble(
            "mandatory: True\nquestion: Done\nattachment:\n  name: Paper\n  valid formats: pdf\n"
            f"  metadata:\n    SingleSpacing: True\n  content: |\n{lines}"
        )
        session.open()
        [page] = pages(session.contents("Paper.pdf"))
        return [round(above.bottom - below.bottom) for above, below in itertools.pairwise(page)]

    close = gaps("* a\n    * b\n    * c\n* d")
    assert len(set(close)) == 1, "all lines of a tight list are as far apart as lines of a paragraph"
    apart = gaps("* a\n\n* b\n    * c\n    * d\n\n* e")
    assert len(set(apart)) == 2, "between items, and in the tight list within"
    assert min(apart) == close[0] < max(apart)


def test_what_people_type_is_never_code_of_the_typesetter(assemble: Assemble) -> None:
    session = assemble(_LETTER)
    session.open()
    session.answer(planet='#panic("x") $x^2$ #read("/etc/passwd") @note')
    assert '#panic("x") $x^2$ #read("/etc/passwd") @note' in session.pdf_text("letter.pdf").replace("“", '"').replace(
        "”", '"'
    )


def test_redacted_words_are_in_no_file(assemble: Assemble) -> None:
    session = assemble(
        """
mandatory: True
question: Done
attachments:
  - name: Public
    valid formats: [pdf, rtf, docx, md, html]
    content: |
      Number ${ redact('4711') }.
  - name: Judge
    redact: False
    content: |
      Number ${ redact('4711') }.
"""
    )
    session.open()
    for name in ("Public.pdf", "Public.rtf", "Public.docx", "Public.md"):
        assert b"4711" not in session.contents(name)
    assert "4711" not in session.pdf_text("Public.pdf")
    assert "4711" not in session.screen.documents[0].preview_html + session.screen.documents[0].markdown_text
    assert session.pdf_text("Judge.pdf") == "Number 4711."


@pytest.mark.parametrize(("language", "begins_right"), [("ar", True), ("he-IL", True), ("en", False)])
def test_languages_written_from_the_right_begin_there(assemble: Assemble, language: str, begins_right: bool) -> None:
    session = assemble(
        f"mandatory: True\nquestion: Done\nattachment:\n  name: Paper\n  language: {language}\n"
        "  valid formats: [pdf, docx]\n  content: |\n    [NOINDENT] שלום\n"
    )
    session.open()
    [[line]] = pages(session.contents("Paper.pdf"))
    assert (line.where == "right") is begins_right
    normal = Document(io.BytesIO(session.contents("Paper.docx"))).styles["Normal"].element
    assert bool(normal.xpath("./w:pPr/w:bidi")) is begins_right


def test_language_of_a_document_is_its_own(assemble: Assemble) -> None:
    session = assemble(
        """
initial: True
code: |
  set_language('es')
---
mandatory: True
question: Listo
attachment:
  name: Food
  language: en
  content: |
    ${ comma_and_list('fries', 'a Coke') }
"""
    )
    session.open()
    assert session.pdf_text("Food.pdf") == "fries and a Coke"


def test_pages_follow_metadata_and_files_of_it(assemble: Assemble) -> None:
    session = assemble(
        """
attachment options:
  - metadata:
      papersize: a4
---
mandatory: True
question: Done
attachment:
  name: Paper
  valid formats: [pdf, docx]
  additional yaml: more.yml
  metadata:
    SingleSpacing: True
    geometry: margin=2in
  content file: text.md
---
code: |
  planet = 'Venus'
""",
        more__yml="fontsize: 20pt\nlandscape: true\nclassoption: landscape\n",
        text__md="Dear ${ planet }.",
    )
    session.open()
    page = session.pdf("Paper.pdf").pages[0]
    assert (round(page.mediabox.width), round(page.mediabox.height)) == (842, 595)
    section = Document(io.BytesIO(session.contents("Paper.docx"))).sections[0]
    assert section.left_margin.inches == 2
    assert session.pdf_text("Paper.pdf") == "Dear Venus."


def test_files_made_by_code_are_offered_as_they_are(assemble: Assemble) -> None:
    session = assemble(
        """
objects:
  - note: DAFile
---
sets: note.initialized
code: |
  note.initialize(filename='note.txt')
  note.write('hello')
---
mandatory: True
question: Done
attachment:
  name: A note
  manual:
    txt: note
"""
    )
    session.open()
    assert session.contents("A_note.txt") == b"hello"
    assert list(session.links()) == ["txt"]


def test_a_raw_document_is_its_content(assemble: Assemble) -> None:
    session = assemble(
        "mandatory: True\nquestion: Done\nattachment:\n  name: Data\n  raw: .csv\n  content: |\n    a,**b**\n"
    )
    session.open()
    assert session.contents("Data.csv") == b"a,**b**\n"


def test_a_password_closes_the_pdf(assemble: Assemble) -> None:
    session = assemble(
        "mandatory: True\nquestion: Done\nattachment:\n  name: Secret\n  password: sesame\n  content: |\n    Gold.\n"
    )
    session.open()
    reader = session.pdf("Secret.pdf")
    assert reader.is_encrypted
    assert reader.decrypt("sesame")
    assert "Gold." in reader.pages[0].extract_text()


def test_mistakes_of_authors_are_named(assemble: Assemble) -> None:
    session = assemble("mandatory: True\nquestion: Done\nattachment:\n  name: One\n  content file: missing.md\n")
    failure = session.run(ShowScreen(is_first=True)).outcome
    assert isinstance(failure, RunFailed)
    assert "The template 'missing.md' was not found" in failure.failure.error_message


_STANDARDS = """
features:
  {feature}: True
---
mandatory: True
question: Done
attachment:
  filename: letter
  valid formats: [pdf]
  content: |
    # A heading

    Some words.
"""


@pytest.mark.parametrize(
    ("feature", "claimed"),
    [("pdf/a", {"pdfaid:part": "2", "pdfaid:conformance": "B"}), ("tagged pdf", {"pdfuaid:part": "1"})],
)
def test_a_document_claims_the_standard_it_is_made_for(
    assemble: Assemble, feature: str, claimed: dict[str, str]
) -> None:
    session = assemble(_STANDARDS.format(feature=feature))
    assert session.open() == "Done"
    with pikepdf.open(io.BytesIO(session.contents("letter.pdf"))) as pdf, pdf.open_metadata() as metadata:
        assert {name: metadata.get(name) for name in claimed} == claimed
        assert pdf.Root.MarkInfo.Marked, "the parts of the text are told apart"
