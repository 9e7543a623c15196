"""Templates that are broken, far too large or hostile: the error names template and place (spec/area4 §9.3, §9.4)."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from random import Random  # noqa: TID251  # the same bytes in every run

import docx
import pikepdf
import pytest

from shared.interview.documents.archives import MOST_XML_BYTES
from shared.interview.documents.docx_template import MOST_PARAGRAPHS
from shared.interview.runtime.effects import LogLine
from shared.interview.runtime.operations import ShowScreen
from shared.interview.runtime.outcomes import RunFailed
from tests.language.documents.assembling import Assemble, AssemblingSession
from tests.language.documents.forms import form
from tests.language.documents.test_word_templates import template

_WORD = """\
objects:
  - user: Individual
---
code: |
  planet = 'Mars'
---
code: |
  nothing = 0
---
mandatory: True
question: Done
attachment:
  name: Out
  docx template file: a.docx
"""
_FORM = """\
mandatory: True
question: Done
attachment:
  name: Form
  pdf template file: form.pdf
  fields:
    - a: x
"""


def failed(session: AssemblingSession) -> RunFailed:
    outcome = session.run(ShowScreen(is_first=True)).outcome
    assert isinstance(outcome, RunFailed), outcome
    return outcome


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("{{ nowhere }}", "'nowhere'"),
        ("{{ user.nowhere.else }}", "'user.nowhere'"),
        ("{{ planet.nowhere }}", "nowhere"),
        ("{{ planet['nowhere'] }}", "nowhere"),
        ("{{ planet|nowhere }}", "nowhere"),
        ("{{ 1 / nothing }}", "division by zero"),
        ("{% if planet %}", "if"),
        ("{{ planet | }}", "expected token"),
        ("{{ planet", "a tag begins with {{ but does not end with }}"),
        ("{{ [0] * 10 ** 15 }}", "not enough memory"),
        ("{% nowhere %}", "nowhere"),
        ("{{ currency('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h') }}", "argument"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{r include_docx_template('nowhere.docx') }}", "nowhere.docx"),
    ],
)
def test_a_mistake_in_a_tag_is_told_with_template_and_words_around_it(
    assemble: Assemble, tag: str, reason: str
) -> None:
    contents = template("The first paragraph.", f"Here stands {tag}", "The last paragraph.")
    outcome = failed(assemble(_WORD, a__docx=contents))
    said = outcome.failure.error_message
    assert reason in said
    assert "a.docx" in said
    assert "Here stands" in said or "The last paragraph." in said, "an open tag is missed at the end"
    assert outcome.line is not None
    assert outcome.line >= 9, "the block of the document, in the interview"


def test_a_mistake_in_a_header_and_in_an_included_template_is_found_there(assemble: Assemble) -> None:
    made, contents = docx.Document(), io.BytesIO()
    made.add_paragraph("Fine.")
    made.sections[0].header.paragraphs[0].text = "Heading {{ nowhere }}"
    made.save(contents)
    said = failed(assemble(_WORD, a__docx=contents.getvalue())).failure.error_message
    assert "In the template a.docx, in a header, near “Heading {{ nowhere }}”." in said
    made.sections[0].header.paragraphs[0].text = "Heading"
    made.sections[0].footer.paragraphs[0].text = "Foot {% if planet %}"
    made.save(contents)
    said = failed(assemble(_WORD, a__docx=contents.getvalue())).failure.error_message
    assert said.startswith("The template a.docx is wrong in a footer: Unexpected end of template.")
    outer = template("{{p include_docx_template('part.docx') }}")
    said = failed(
        assemble(_WORD, a__docx=outer, part__docx=template("In part {{ 1 / nothing }}"))
    ).failure.error_message
    assert "part.docx, near “In part" in said


def changed(contents: bytes, member: str, before: str, after: str) -> bytes:
    """A Word file whose member says something else."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(contents)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            inside = old.read(name)
            new.writestr(name, inside.replace(before.encode(), after.encode()) if name == member else inside)
    return made.getvalue()


_MANY = template("{%p for one in range(300) %}", "{%p for two in range(200) %}", "x", "{%p endfor %}", "{%p endfor %}")
_LONG = changed(
    template("x"), "word/document.xml", "<w:body>", "<w:body>" + "<w:p><w:r><w:t>x</w:t></w:r></w:p>" * MOST_PARAGRAPHS
)


@pytest.mark.parametrize("contents", [_MANY, _LONG])
def test_a_template_of_too_many_paragraphs_is_refused_before_it_takes_its_time(
    assemble: Assemble, contents: bytes
) -> None:
    said = failed(assemble(_WORD, a__docx=contents)).failure.error_message
    assert "a.docx is too large: it has" in said
    assert "Make several documents of it." in said


def seconds_to_fill(assemble: Assemble, paragraphs: int) -> float:
    """The processor time that a template of so many paragraphs takes."""
    many = "<w:body>" + "<w:p><w:r><w:t>x</w:t></w:r></w:p>" * paragraphs
    contents = changed(template("Dear {{ planet }}"), "word/document.xml", "<w:body>", many)
    session = assemble(_WORD + "  valid formats: docx\n", a__docx=contents)
    begun = time.process_time()
    assert session.open() == "Done"
    taken = time.process_time() - begun
    assert session.docx_text("Out.docx").endswith("Dear Mars")
    return taken


def test_a_long_template_takes_a_time_that_follows_its_length(assemble: Assemble) -> None:
    seconds_to_fill(assemble, 1)  # imports what fills templates
    short, long = (seconds_to_fill(assemble, paragraphs) for paragraphs in (4_000, 48_000))
    assert long / short < 21, "twelve times as long; to take the old body out piece by piece took its square"


_TEMPLATE_OF_WORD = changed(template("x"), "[Content_Types].xml", "document.main+xml", "template.main+xml")


def compound(*names: str, sector: int = 0, sector_size: int = 512) -> bytes:
    """A file as Office 97 wrapped it, whose directory with these names begins in that sector."""
    head = bytearray(sector_size)
    head[:8] = bytes.fromhex("d0cf11e0a1b11ae1")
    head[30:32] = (sector_size.bit_length() - 1).to_bytes(2, "little")
    head[48:52] = sector.to_bytes(4, "little")
    directory = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", *names))
    return bytes(head) + bytes(sector * sector_size) + directory


_OLD_WORD = compound("WordDocument")
_LOCKED = "a.docx is protected by a password. Use a copy without one."


def opendocument() -> bytes:
    """The beginning of an ODT."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as new:
        new.writestr("mimetype", "application/vnd.oasis.opendocument.text")
    return made.getvalue()


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (_OLD_WORD, "a.docx cannot be read as DOCX: it is a document of Office 97 to 2003, such as .doc."),
        (compound("EncryptionInfo", "EncryptedPackage"), _LOCKED),
        (compound("EncryptedPackage", sector=5_000), _LOCKED),
        (compound("EncryptedPackage", sector=600, sector_size=4096), _LOCKED),
        (_OLD_WORD + "On the EncryptedPackage".encode("utf-16-le"), "a.docx cannot be read as DOCX: it is a document"),
        (_OLD_WORD[:40], "a.docx cannot be read as DOCX: it is a document of Office 97 to 2003"),
        (opendocument(), "a.docx cannot be read as DOCX: it is an OpenDocument file, such as .odt."),
        (_TEMPLATE_OF_WORD, "a.docx cannot be read as DOCX: it is a Word template (.dotx)."),
        (b"{\\rtf1 x}", "a.docx cannot be read as DOCX: it is an RTF file."),
    ],
)
def test_a_template_of_another_kind_is_told_as_what_it_is(assemble: Assemble, contents: bytes, said: str) -> None:
    message = failed(assemble(_WORD, a__docx=contents)).failure.error_message
    assert message.startswith(said)
    assert "save it as DOCX" in message or "without one" in message
    assert "give its password" not in message, "there is nowhere to give one for a Word file"


def test_a_word_file_with_a_table_of_excel_inside_is_a_word_file(assemble: Assemble) -> None:
    kind = 'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"'
    contents = changed(
        template("Fine"), "[Content_Types].xml", "<Override", f'<Default Extension="xlsx" {kind}/><Override'
    )
    assert assemble(_WORD, a__docx=contents).open() == "Done"


@pytest.mark.parametrize("key", ["content file: text.md", "content: Hi\n  initial yaml: text.md"])
def test_a_content_file_that_is_not_utf8_is_named_with_its_line(assemble: Assemble, key: str) -> None:
    interview = f"mandatory: True\nquestion: Done\nattachment:\n  name: Out\n  {key}\n"
    outcome = failed(assemble(interview, text__md="one: 1\ntwo: Größe\n".encode("latin-1")))
    assert "text.md" in outcome.failure.error_message
    assert "is not UTF-8: see its line 2" in outcome.failure.error_message


def test_the_mark_that_some_editors_begin_a_file_with_is_no_part_of_it(assemble: Assemble) -> None:
    interview = (
        "mandatory: True\nquestion: Done\nattachment:\n  name: Out\n  valid formats: md\n  content file: text.md\n"
    )
    session = assemble(interview, text__md="Words".encode("utf-8-sig"))
    assert session.open() == "Done"
    assert session.contents("Out.md").decode().strip() == "Words"


def archive(more: Iterator[tuple[str, bytes]]) -> bytes:
    """A Word file with further members."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(template("Words"))) as before,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            after.writestr(name, before.read(name))
        for name, contents in more:
            after.writestr(name, contents)
    return made.getvalue()


def test_a_word_file_of_fifty_megabytes_is_refused_by_name_and_one_of_twenty_is_filled(assemble: Assemble) -> None:
    noise = Random(1).randbytes(50_000_000)  # any bytes that do not shrink
    outcome = failed(assemble(_WORD, a__docx=archive(iter([("word/media/image1.bin", noise)]))))
    assert outcome.failure.error_message.startswith("a.docx is too large: a template may have 32 MB.")
    assert outcome.line is not None
    session = assemble(_WORD, a__docx=archive(iter([("word/media/image1.bin", noise[:20_000_000])])))
    session.open()
    assert session.docx_text("Out.docx") == "Words"


def test_a_swollen_file_that_a_person_sends_is_not_put_into_a_template(assemble: Assemble) -> None:
    swollen = archive(iter([("word/comments.xml", b" " * (MOST_XML_BYTES + 1))]))
    code = (
        "objects:\n  - sent: DAFile\n---\nsets: sent.initialized\ncode: |\n"
        "  planet_file\n  sent.initialize(filename='sent.docx')\n"
        "  sent.copy_into(planet_file)\n---\nobjects:\n  - planet_file: DAStaticFile.using(filename='sent.docx')\n---\n"
    )
    for tag in ("{{ sent }}", "{{p sent }}"):
        session = assemble(code + _WORD, a__docx=template(tag))
        place = session.folder / "data" / "static" / "sent.docx"
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(swollen)
        said = failed(session).failure.error_message
        assert "sent.docx is too large" in said
        assert "In the template a.docx" in said


def test_an_archive_that_unpacks_without_end_is_refused_by_name(assemble: Assemble) -> None:
    swollen = archive(iter([("word/comments.xml", b" " * (MOST_XML_BYTES + 1))]))
    outcome = failed(assemble(_WORD, a__docx=swollen))
    assert "a.docx is too large" in outcome.failure.error_message
    assert outcome.line is not None


@pytest.mark.parametrize("kept", [0, 9, 60, 400])
def test_a_form_that_is_cut_off_is_named(assemble: Assemble, kept: int) -> None:
    outcome = failed(assemble(_FORM, form__pdf=form(a="text")[:kept]))
    assert "form.pdf cannot be read as PDF form" in outcome.failure.error_message
    assert "/" not in outcome.failure.error_message.partition("In the template")[0]
    assert outcome.line is not None


def test_fields_that_stand_in_each_other_without_end_are_passed_over(assemble: Assemble) -> None:
    made = io.BytesIO()
    with pikepdf.open(io.BytesIO(form(a="text", b="text"))) as pdf:
        circle = pdf.Root.AcroForm.Fields[1]
        circle.Kids = pikepdf.Array([circle])
        pdf.save(made)
    session = assemble(_FORM, form__pdf=made.getvalue())
    assert session.open() == "Done"


# Names that a form lacks
def test_a_name_that_a_form_lacks_is_told_to_the_author_with_form_and_line(assemble: Assemble) -> None:
    session = assemble(_FORM + "    - nope: y\n", form__pdf=form(a="text"))
    result = session.run(ShowScreen(is_first=True))
    wanted = "the form form.pdf has no field called 'nope'"
    assert [kind for kind, message in session.screen.log if wanted in message] == ["console"]
    (line,) = [effect for effect in result.effects if isinstance(effect, LogLine)]
    assert line.priority == "warning"
    assert line.message.startswith(session.reference)
    assert wanted in line.message


def test_lint_finds_names_that_a_form_lacks_in_the_lines_that_give_them(assemble: Assemble) -> None:
    session = assemble(
        _FORM + "    - nope: ${ 1 + 1 }\n  field code:\n    - neither: 2\n    - b: 3\n",
        form__pdf=form(a="text", group__b="text"),
    )
    found = [(one.severity, one.source_line, one.message) for one in session.engine.lint(session.reference)]
    assert found == [
        ("warning", "- nope: ${ 1 + 1 }", "The form form.pdf has no field called 'nope'. Its fields are: a, group.b"),
        ("warning", "- neither: 2", "The form form.pdf has no field called 'neither'. Its fields are: a, group.b"),
    ]  # fmt: skip


def test_lint_finds_names_that_nothing_defines_in_templates(assemble: Assemble) -> None:
    session = assemble(
        _WORD + "  fields:\n    given: 1\n---\nattachment:\n  variable name: more\n  content file: text.md\n",
        a__docx=template("{{ user.name }} {{ planet }} {{ given }} {{ today() }}", "{{ nowhere.else }}"),
        text__md="Dear ${ planet }, ${ neither }",
    )
    assert [(one.severity, one.message) for one in session.engine.lint(session.reference)] == [
        ("warning", "The template a.docx mentions nowhere, but nothing defines it"),
        ("warning", "The template text.md mentions neither, but nothing defines it"),
    ]


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (None, "The template 'a.docx' was not found"),
        (b"PK\x03\x04 broken", "a.docx cannot be read as DOCX"),
        (template("{{ 1 + }}"), "The template a.docx is wrong"),
    ],
)
def test_lint_finds_templates_that_cannot_be_used(assemble: Assemble, contents: bytes | None, reason: str) -> None:
    session = assemble(_WORD, **({} if contents is None else {"a__docx": contents}))
    (finding,) = session.engine.lint(session.reference)
    assert reason in finding.message
    assert finding.source_line == "docx template file: a.docx"


def test_lint_says_nothing_of_templates_it_cannot_see(assemble: Assemble) -> None:
    session = assemble(
        _WORD.replace("a.docx", "other.package:data/templates/a.docx")
        + "---\nattachment:\n  variable name: more\n  docx template file:\n    code: planet + '.docx'\n"
        + "---\nattachment:\n  variable name: third\n  skip undefined: True\n  docx template file: a.docx\n",
        a__docx=template("{{ nowhere }}"),
    )
    assert session.engine.lint(session.reference) == []
