"""Keys of documents that no other test reads, and what a document is for code (spec/area4 §9.1, §9.2)."""

from __future__ import annotations

import io
import re

import docx
import pytest
from docx.enum.text import WD_ALIGN_PARAGRAPH

from tests.language.documents.assembling import Assemble
from tests.language.documents.forms import form, values_of
from tests.language.documents.looks import said
from tests.language.documents.test_keys_of_documents import ended, opened
from tests.language.documents.test_word_templates import template


def beside(options: str, shown: str) -> str:
    """An interview that ends in a screen which shows something of a document with a variable."""
    lines = "".join(f"  {line}\n" for line in options.splitlines())
    return (
        f"mandatory: True\nquestion: Done\nsubquestion: |\n  {shown}\n---\n"
        f"attachment:\n  name: Out\n  variable name: letter\n{lines}"
    )


def test_field_variables_give_their_values_to_a_form_and_raw_ones_too(assemble: Assemble) -> None:
    text = ended(
        "pdf template file: form.pdf\nfield variables:\n  - a\n  - ticked\nraw field variables:\n  - b",
        before="code: |\n  a, b, ticked = 'One', 2.5, True\n---\n",
    )
    session = opened(assemble, text, form__pdf=form(a="text", b="text", ticked="box"))
    found = values_of(session.contents("Out.pdf"))
    assert (found["a"], found["b"]) == ("One", "2.5")
    assert found["ticked"] not in ("/Off", "", None)


def test_field_variables_give_their_values_to_a_word_template_and_raw_ones_as_they_are(assemble: Assemble) -> None:
    text = ended(
        "docx template file: a.docx\nfield variables:\n  - a\nraw field variables:\n  - b",
        before="code: |\n  a, b = 'One', 2.5\n---\n",
    )
    contents = template("{{ a }} {{ b + 1 }}")
    assert opened(assemble, text, a__docx=contents).docx_text("Out.docx") == "One 3.5"


def test_a_variable_of_a_form_is_asked_for(assemble: Assemble) -> None:
    before = "question: What is a?\nfields:\n  - A: a\n---\n"
    text = ended("pdf template file: form.pdf\nfield variables:\n  - a", before=before)
    session = assemble(text, form__pdf=form(a="text"))
    assert session.open() == "What is a?"
    assert session.answer(a="Typed") == "Done"
    assert values_of(session.contents("Out.pdf")) == {"a": "Typed"}


def test_manual_code_gives_files_by_their_ending(assemble: Assemble) -> None:
    before = (
        "objects:\n  - note: DAFile\n---\nsets: note.initialized\ncode: |\n  note.initialize(filename='note.txt')\n"
        "  note.write('hello')\n---\n"
    )
    session = opened(assemble, ended("manual code: |\n  {'txt': note}", before=before))
    assert session.contents("Out.txt") == b"hello"
    assert list(session.links()) == ["txt"]


def test_manual_code_that_gives_no_dictionary_is_named(assemble: Assemble) -> None:
    with pytest.raises(AssertionError, match="dictionary of file endings"):
        assemble(ended("manual code: |\n  [1]")).open()


def test_initial_yaml_comes_before_metadata_and_additional_yaml_after_it(assemble: Assemble) -> None:
    text = ended(
        "valid formats: docx\ninitial yaml: first.yml\nadditional yaml: last.yml\n"
        "metadata:\n  fontsize: 20pt\n  geometry: margin=2in\ncontent: Words"
    )
    session = opened(
        assemble,
        text,
        first__yml="fontsize: 8pt\ngeometry: margin=3in\nclassoption: landscape\n",
        last__yml="geometry: margin=0.5in\n",
    )
    document = docx.Document(io.BytesIO(session.contents("Out.docx")))
    section = document.sections[0]
    assert section.left_margin.inches == 0.5
    assert section.page_width > section.page_height
    sizes = {run.font.size.pt for paragraph in document.paragraphs for run in paragraph.runs if run.font.size}
    assert (sizes or {document.styles["Normal"].font.size.pt}) == {20.0}


def test_a_reference_file_gives_a_word_file_its_styles(assemble: Assemble) -> None:
    made = docx.Document()
    made.styles["Normal"].font.name = "Courier New"
    made.add_paragraph("Words of the reference are not taken over.")
    out = io.BytesIO()
    made.save(out)
    text = ended("valid formats: docx\ndocx reference file: styles.docx\ncontent: Words")
    session = opened(assemble, text, styles__docx=out.getvalue())
    assert session.docx_text("Out.docx").strip() == "Words"
    document = docx.Document(io.BytesIO(session.contents("Out.docx")))
    assert document.styles["Normal"].font.name == "Courier New"


def test_lists_keep_their_signs_where_a_reference_file_has_no_numbering(assemble: Assemble) -> None:
    made, out = docx.Document(), io.BytesIO()
    relations = made.part.rels
    del relations[next(key for key, one in relations.items() if one.reltype.endswith("/numbering"))]
    made.save(out)
    text = ended("valid formats: docx\ndocx reference file: bare.docx\ncontent: |\n  3. Third\n  4. Fourth\n\n  * Dot")
    session = opened(assemble, text, bare__docx=out.getvalue())
    found = [line for line in session.docx_text("Out.docx").splitlines() if line.strip()]
    assert found == ["3.\tThird", "4.\tFourth", "•\tDot"]


def test_headings_are_numbered_and_listed_where_a_reference_file_has_no_numbering(assemble: Assemble) -> None:
    made, out = docx.Document(), io.BytesIO()
    relations = made.part.rels
    del relations[next(key for key, one in relations.items() if one.reltype.endswith("/numbering"))]
    made.save(out)
    text = ended(
        "valid formats: docx\ndocx reference file: bare.docx\nmetadata:\n  numbersections: True\n  toc: True\n"
        "content: |\n  # One\n\n  1. item\n\n  # Two\n\n  ## Deep\n\n  * Dot",
    )
    session = opened(assemble, text.replace("##", "${ '##' }"), bare__docx=out.getvalue())
    found = [line for line in session.docx_text("Out.docx").splitlines() if line.strip()]
    assert found[-5:] == ["1 One", "1.\titem", "2 Two", "2.1 Deep", "•\tDot"]
    assert "2.1  Deep\t1" in found


def test_rtf_to_docx_makes_a_word_file_that_has_a_name_of_its_own(assemble: Assemble) -> None:
    session = opened(assemble, beside("valid formats: rtf to docx\ncontent: Words", "${ letter.rtf_to_docx.filename }"))
    assert session.docx_text("Out.docx").strip() == "Words"
    assert "Out.docx" in session.screen.subquestion_html


def test_headers_numbers_and_letters_are_on_the_pages(assemble: Assemble) -> None:
    text = ended(
        "valid formats: pdf\nmetadata:\n  numbersections: True\n  SingleSpacing: True\n  HeaderLeft: On top\n"
        "  FooterCenter: Page [PAGENUM] of [TOTALPAGES]\n  FirstFooterCenter: First\n"
        "content: |\n  # One\n\n  Words\n\n  [PAGEBREAK]\n\n  # Two\n\n  More"
    )
    first, second = said(opened(assemble, text).contents("Out.pdf")).split("\n--\n")
    assert "On top" in first
    assert "On top" in second
    assert "First" in first
    assert "Page 2 of 2" in second
    assert "1 One" in " ".join(first.split())
    assert "2 Two" in " ".join(second.split())


def test_the_first_page_has_the_header_of_all_where_only_its_footer_is_another(assemble: Assemble) -> None:
    text = ended(
        "valid formats: [docx, rtf]\nmetadata:\n  HeaderLeft: On top\n  FooterCenter: All\n  FirstFooterCenter: First\n"
        "content: Words"
    )
    session = opened(assemble, text)
    section = docx.Document(io.BytesIO(session.contents("Out.docx"))).sections[0]
    assert "On top" in section.first_page_header.paragraphs[0].text
    assert "First" in section.first_page_footer.paragraphs[0].text
    parts = dict(
        re.findall(r"^\{\\(headerf|footerf|header|footer) (.*)\}$", session.contents("Out.rtf").decode(), re.M)
    )
    assert "On top" in parts["headerf"]
    assert "First" in parts["footerf"]


def test_left_and_right_are_those_of_the_paper_in_every_language(assemble: Assemble) -> None:
    text = ended(
        "language: he\nvalid formats: [pdf, docx]\nmetadata:\n  HeaderLeft: אבא\n"
        "content: |\n  [FLUSHRIGHT] ימין\n\n  [FLUSHLEFT] שמאל"
    )
    session = opened(assemble, text)
    header, *_ = said(session.contents("Out.pdf")).splitlines()
    assert float(header.partition(":")[0]) < 80
    document = docx.Document(io.BytesIO(session.contents("Out.docx")))
    assert document.sections[0].header.paragraphs[0].text == "\t\tאבא"  # what comes last stands at the left
    first, second = [one for one in document.paragraphs if one.text]
    assert (first.alignment, second.alignment) == (WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.RIGHT)


def test_what_a_document_is_called_and_made_of_is_told_to_code(assemble: Assemble) -> None:
    shown = (
        "${ letter.info['name'] } ${ letter.info['filename'] } ${ sorted(letter.info['formats']) } "
        "${ letter.pdf.mimetype } ${ letter.md.slurp().strip() }"
    )
    session = opened(assemble, beside("valid formats: [pdf, md]\ncontent: Words", shown))
    found = session.screen.subquestion_html
    for word in ("Out Out", "md", "pdf", "application/pdf", "Words"):
        assert word in found, found


def test_a_document_without_a_variable_is_kept_beside_the_answers(assemble: Assemble) -> None:
    text = ended("valid formats: pdf\ncontent: Words") + (
        "---\nevent: look\nquestion: |\n"
        "  ${ ', '.join([one.pdf.filename for places in _internal['docvar'].values() for one in places.values()]) }\n"
    )
    session = opened(assemble, text)
    assert session.asked(session.act("look")) == "Out.pdf"


def test_an_object_may_be_another_text_in_documents_than_on_screens(assemble: Assemble) -> None:
    text = ended(
        "valid formats: [md, docx]\ncontent: Dear ${ friend }",
        before="objects:\n  - friend: |\n      DAContext.using(question='you', document='madam')\n---\n",
    ).replace("question: Done", "question: Done\nsubquestion: Hello ${ friend }")
    session = opened(assemble, text)
    assert "Hello you" in session.screen.subquestion_html
    assert session.contents("Out.md").strip() == b"Dear madam"
    assert session.docx_text("Out.docx").strip() == "Dear madam"


def test_a_form_is_named_by_code(assemble: Assemble) -> None:
    text = ended("pdf template file:\n  code: which\nfields:\n  - a: x", before="code: |\n  which = 'form.pdf'\n---\n")
    assert values_of(opened(assemble, text, form__pdf=form(a="text")).contents("Out.pdf")) == {"a": "x"}
