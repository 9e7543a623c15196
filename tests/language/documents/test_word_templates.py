"""Word templates: names are sought, values look as they should, templates reach nothing else (spec/area4 §9.3)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import docx
import pytest
from PIL import Image

from shared.interview.runtime.operations import ShowScreen
from shared.interview.runtime.outcomes import RunFailed
from tests.language.documents.assembling import Assemble, AssemblingSession


def template(*paragraphs: str, prepare: Callable[[object], None] | None = None) -> bytes:
    """A Word file of these paragraphs."""
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    if prepare is not None:
        prepare(document)
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def interview(more: str = "", options: str = "") -> str:
    """An interview that ends in a document of `a.docx`."""
    return (
        f"{more or 'comment: none'}\n---\n"
        f"mandatory: True\nquestion: Done\nattachment:\n  name: Out\n  docx template file: a.docx\n{options}"
    )


def assembled(assemble: Assemble, contents: bytes, more: str = "", options: str = "", **parts: bytes) -> str:
    """The text of the document, of an interview that asks nothing."""
    session = assemble(interview(more, options), a__docx=contents, **parts)
    assert session.open() == "Done"
    return session.docx_text("Out.docx")


def failure(session: AssemblingSession) -> str:
    outcome = session.run(ShowScreen(is_first=True)).outcome
    assert isinstance(outcome, RunFailed), outcome
    return outcome.failure.error_message


def test_a_name_in_a_template_is_asked_for_and_filled_in(assemble: Assemble) -> None:
    session = assemble(
        interview("question: Planet?\nfields:\n  - Planet: planet"), a__docx=template("Dear {{ planet }}.")
    )
    assert session.open() == "Planet?"
    assert session.answer(planet="1 < 2 & {{ x }}") == "Done"
    assert session.docx_text("Out.docx") == "Dear 1 < 2 & {{ x }}."
    assert list(session.links()) == ["docx", "pdf"]
    assert "Dear 1 < 2 & {{ x }}." in session.pdf_text("Out.pdf")


def test_attributes_of_objects_are_asked_for_by_their_whole_name(assemble: Assemble) -> None:
    text = (
        "objects:\n  - user: Individual\n---\nquestion: Name?\nfields:\n  - First: user.name.first\n"
        "  - Last: user.name.last\n---\nquestion: Fruit?\nfields:\n  - Fruit: user.fruit"
    )
    session = assemble(interview(text), a__docx=template("{{ user }} likes {{ user.fruit }}."))
    assert session.open() == "Name?"
    assert session.fill({"user.name.first": "Ann", "user.name.last": "Lee"}) == "Fruit?"
    session.fill({"user.fruit": "plums"})
    assert session.docx_text("Out.docx") == "Ann Lee likes plums."


def test_names_of_branches_that_are_not_taken_are_not_asked_for(assemble: Assemble) -> None:
    contents = template("{% if likes %}{{ nowhere }}{% else %}no{% endif %} {{ 'x' if gone is defined else 'y' }}")
    assert assembled(assemble, contents, "code: |\n  likes = False") == "no y"


def test_skip_undefined_leaves_out_what_has_no_value(assemble: Assemble) -> None:
    contents = template("[{{ gone }}{{ gone.name.first }}{% for one in gone %}x{% endfor %}]")
    assert assembled(assemble, contents, options="  skip undefined: True\n") == "[]"


def test_table_rows_and_paragraphs_are_repeated(assemble: Assemble) -> None:
    def rows(document: object) -> None:
        table = document.add_table(3, 1)  # type: ignore[attr-defined]
        for place, text in enumerate(("{%tr for f in fruits %}", "{{ loop.index }}: {{ f }}", "{%tr endfor %}")):
            table.cell(place, 0).text = text

    contents = template("{%p for f in fruits %}", "One {{ f }}", "{%p endfor %}", prepare=rows)
    found = assembled(assemble, contents, "code: |\n  fruits = ['fig', 'plum']")
    assert found == "One fig\nOne plum\n1: fig\n2: plum"


def test_a_table_of_the_interview_becomes_one_of_word(assemble: Assemble) -> None:
    more = (
        "objects:\n  - fruits: DAList.using(gathered=True, elements=['fig', 'plum'])\n---\n"
        "table: fruit_table\nrows: fruits\ncolumns:\n  - Fruit: row_item\n  - Place: row_index + 1\n"
    )
    found = assembled(assemble, template("{{p fruit_table }}", "{{ 'x' }}"), more)
    assert found.split() == ["x", "Fruit", "Place", "fig", "1", "plum", "2"]


def test_filters_of_the_library_and_of_authors_work(assemble: Assemble) -> None:
    contents = template(
        "{{ 1200|currency }} {{ 'a cat'|title_case }} {{ 3|ordinal_number }}",
        "{{ ['a', 'b']|comma_and_list }} {{ 2|twice }}",
    )
    more = "initial: True\ncode: |\n  register_jinja_filter('twice', lambda number: number * 2)"
    assert assembled(assemble, contents, more) == "$1,200.00 A Cat third\na and b 4"


def test_auto_jinja_filter_goes_over_everything_that_is_shown(assemble: Assemble) -> None:
    more = "features:\n  auto jinja filter: str.upper\n---\ncode: |\n  planet = 'Mars'"
    assert assembled(assemble, template("Dear {{ planet }}."), more) == "Dear MARS."


def test_markdown_of_templates_becomes_paragraphs_and_runs(assemble: Assemble) -> None:
    contents = template("{{p note }}", "x{{r note }}y", "{{ '**b** c' | inline_markdown }}")
    more = "template: note\ncontent: |\n  One **bold**.\n\n  * item\n"
    session = assemble(interview(more), a__docx=contents)
    session.open()
    document = docx.Document(io.BytesIO(session.contents("Out.docx")))
    texts = [(paragraph.text, paragraph.style.name) for paragraph in document.paragraphs]
    assert texts[:2] == [("One bold.", "Normal"), ("item", "List Bullet")]
    assert texts[2][0] == "xOne bold."
    assert texts[-1][0] == "b c"
    bold = [run.text for paragraph in document.paragraphs for run in paragraph.runs if run.bold]
    assert bold == ["bold", "bold", "b"]


def test_what_takes_the_place_of_a_tag_keeps_the_letters_around_it(assemble: Assemble) -> None:
    def bold(document: object) -> None:
        document.add_paragraph().add_run("Sign {{ note }} here").bold = True  # type: ignore[attr-defined]

    session = assemble(interview("template: note\ncontent: |\n  in *slanted* letters"), a__docx=template(prepare=bold))
    session.open()
    (paragraph,) = docx.Document(io.BytesIO(session.contents("Out.docx"))).paragraphs
    assert [(run.text, bool(run.bold), bool(run.italic)) for run in paragraph.runs] == [
        ("Sign ", True, False),
        ("in ", True, False),
        ("slanted", True, True),
        (" letters", True, False),
        (" here", True, False),
    ]


def test_pictures_stand_where_files_are_named(assemble: Assemble) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(picture, "PNG")
    more = (
        "objects:\n  - signature: DAFile\n---\nsets: signature.initialized\ncode: |\n"
        "  signature.initialize(filename='s.png')\n  from PIL import Image\n"
        "  Image.new('RGB', (20, 10), 'red').save(signature.path())\n  del Image"
    )
    session = assemble(
        interview(more, options="  fields:\n    mark: ${ signature }\n"),
        a__docx=template("{{ signature }}", "{{ mark }}", "{{ '[QR hello]' }}"),
    )
    session.open()
    document = docx.Document(io.BytesIO(session.contents("Out.docx")))
    assert len(document.inline_shapes) == 3


def test_footnotes_of_markdown_are_not_lost(assemble: Assemble) -> None:
    more = "template: note\ncontent: |\n  Words[^1] go on.\n\n  [^1]: The *note*.\n"
    said = assembled(assemble, template("{{p note }}", "Here {{r note }}", "There {{ note }}", "End"), more)
    assert said.splitlines() == [
        "Words1 go on.",
        "",
        "1 The note.",
        "Here Words1 go on. [1 The note.]",
        "There Words1 go on. [1 The note.]",
        "End",
    ]


def test_parts_are_included_with_variables_of_their_own(assemble: Assemble) -> None:
    contents = template("{{p include_docx_template('part.docx', who='you & me') }}", "{{ planet }}")
    part = template("For {{ who }} on {{ planet }}")
    found = assembled(assemble, contents, "code: |\n  planet = 'Mars'", part__docx=part)
    assert found == "For you & me on Mars\nMars"


def test_templates_that_include_themselves_are_an_error(assemble: Assemble) -> None:
    session = assemble(interview(), a__docx=template("{{p include_docx_template('a.docx') }}"))
    assert "a.docx" in failure(session)


def test_several_templates_become_one_document(assemble: Assemble) -> None:
    text = interview().replace("a.docx", "[a.docx, b.docx]")
    session = assemble(text, a__docx=template("One"), b__docx=template("Two"))
    session.open()
    assert [line for line in session.docx_text("Out.docx").split("\n") if line.strip()] == ["One", "Two"]


def test_fields_and_code_give_values_of_their_own(assemble: Assemble) -> None:
    options = (
        "  fields:\n    - who: ${ planet }!\n  code: |\n    {'what': planet.lower()}\n  field code:\n    - n: 1 + 1\n"
    )
    found = assembled(
        assemble, template("{{ who }} {{ what }} {{ n }} {{ planet }}"), "code: |\n  planet = 'Mars'", options
    )
    assert found == "Mars! mars 2 Mars"


def test_headers_are_filled_and_redacted_words_are_blacked_out(assemble: Assemble) -> None:
    def header(document: object) -> None:
        document.sections[0].header.paragraphs[0].text = "For {{ planet }}"  # type: ignore[attr-defined]

    session = assemble(
        interview("code: |\n  planet = 'Mars'"), a__docx=template("No {{ redact('4711') }}", prepare=header)
    )
    session.open()
    document = docx.Document(io.BytesIO(session.contents("Out.docx")))
    assert document.sections[0].header.paragraphs[0].text == "For Mars"
    assert document.paragraphs[0].text == "No ████"


def test_curly_quotes_in_tags_are_quotes(assemble: Assemble) -> None:
    assert assembled(assemble, template("{{ “a” ~ ‘b’ }}")) == "ab"


@pytest.mark.parametrize(
    "tag", ["{{ ''.__class__ }}", "{{ open('/etc/passwd') }}", "{{ __import__('os') }}", "{{ eval('1') }}"]
)
def test_templates_reach_nothing_behind_the_names_of_the_interview(assemble: Assemble, tag: str) -> None:
    session = assemble(interview(), a__docx=template(tag))
    assert failure(session)


def test_a_broken_tag_is_named_with_its_template_and_place(assemble: Assemble) -> None:
    session = assemble(interview(), a__docx=template("Fine.", "Here {% if %} is wrong"))
    said = failure(session)
    assert "a.docx" in said
    assert "is wrong" in said


def test_a_damaged_file_and_one_that_unpacks_without_end_are_named(assemble: Assemble) -> None:
    assert "a.docx" in failure(assemble(interview(), a__docx=b"PK\x03\x04 broken"))
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * (80 * 1024 * 1024))
    said = failure(assemble(interview(), a__docx=bomb.getvalue()))
    assert "a.docx" in said
    assert "large" in said


def test_update_references_has_word_work_them_out(assemble: Assemble) -> None:
    session = assemble(interview(options="  update references: True\n"), a__docx=template("One"))
    session.open()
    with zipfile.ZipFile(io.BytesIO(session.contents("Out.docx"))) as archive:
        assert b"w:updateFields" in archive.read("word/settings.xml")


def test_assemble_docx_makes_a_file_in_code(assemble: Assemble) -> None:
    text = (
        "mandatory: True\ncode: |\n  made = assemble_docx('a.docx', fields={'who': 'you'}, filename='made.docx')\n"
        "  words = assemble_docx('a.docx', fields={'who': 'me'}, return_content=True)[:2]\n"
        "---\nmandatory: True\nquestion: Done ${ words }\nattachment code: made\n"
    )
    session = assemble(text, a__docx=template("For {{ who }}"))
    assert session.open() == "Done b’PK’"
    assert session.docx_text("made.docx") == "For you"


@pytest.mark.parametrize(("kind", "named"), [("pdf", "Lease v1.2.pdf"), ("docx", "Lease v1.2.docx")])
def test_files_of_assemble_docx_end_as_what_they_are(assemble: Assemble, kind: str, named: str) -> None:
    text = (
        f"mandatory: True\ncode: |\n  made = assemble_docx('a.docx', output_format='{kind}', filename='Lease v1.2')\n"
        "---\nmandatory: True\nquestion: Done\nattachment code: made\n"
    )
    session = assemble(text, a__docx=template("For you"))
    assert session.open() == "Done"
    assert list(session.links()) == [kind]
    assert named in session.names()


def test_a_word_file_of_the_package_is_filled_where_it_is_put(assemble: Assemble) -> None:
    more = (
        "objects:\n  - part: DAStaticFile.using(filename='data/templates/part.docx')\n---\ncode: |\n  planet = 'Mars'"
    )
    contents = template("{{p part }}", "{{p part.include_in_docx(use_jinja2=False) }}")
    found = assembled(assemble, contents, more, part__docx=template("On {{ planet }}"))
    assert found == "On Mars\nOn {{ planet }}"


def test_tags_in_files_of_the_session_are_words_unless_the_author_has_them_filled(assemble: Assemble) -> None:
    more = (
        "objects:\n  - sent: DAFile\n---\nsets: sent.initialized\ncode: |\n  sent.initialize(filename='sent.docx')\n"
        "  sent.copy_into(DAStaticFile(filename='data/templates/part.docx'))\n"
        "---\ncode: |\n  planet = 'Mars'"
    )
    contents = template("{{p sent }}", "{{p sent.include_in_docx() }}", "{{p sent.include_in_docx(use_jinja2=True) }}")
    found = assembled(assemble, contents, more, part__docx=template("On {{ planet }}"))
    assert found == "On {{ planet }}\nOn {{ planet }}\nOn Mars"


_SENT = (
    "objects:\n  - sent: DAFileList\n---\nsets: sent.there_are_any\ncode: |\n  for words in ('one', 'two'):\n"
    "    sent.appendObject()\n    sent[-1].initialize(filename=words + '.%s')\n    %s\n    sent[-1].commit()\n"
    "  sent.there_are_any = True\n  sent.there_is_another = False\n  sent.gathered = True\n"
    "---\ncode: |\n  planet = 'Mars'"
)


def test_all_word_files_of_a_list_are_put_in(assemble: Assemble) -> None:
    more = _SENT % ("docx", "sent[-1].copy_into(DAStaticFile(filename='data/templates/part.docx'))")
    contents = template("{{p sent.include_in_docx() }}", "{{p sent.include_in_docx(use_jinja2=True) }}")
    found = assembled(assemble, contents, more, part__docx=template("On {{ planet }}"))
    assert found.split("\n") == ["On {{ planet }}", "On {{ planet }}", "On Mars", "On Mars"]


def test_files_of_a_list_that_are_no_word_files_are_told(assemble: Assemble) -> None:
    more = _SENT % ("txt", "sent[-1].write(words)")
    contents = template("{{p sent.include_in_docx() }}")
    assert "DOCX" in failure(assemble(interview(more), a__docx=contents))


def test_texts_among_files_of_a_list_are_words(assemble: Assemble) -> None:
    more = _SENT % ("txt", "sent[-1].write(words)")
    assert assembled(assemble, template("{{ sent }}"), more) == "onetwo"


def test_document_that_was_assembled_before_is_put_in(assemble: Assemble) -> None:
    more = "attachment:\n  name: Part\n  variable name: part\n  docx template file: part.docx\n  valid formats: docx"
    contents = template("{{p part.include_in_docx() }}", "and more")
    assert assembled(assemble, contents, more, part__docx=template("Filled {{ 1 + 1 }}")) == "Filled 2\nand more"


def test_a_part_can_stay_as_it_is(assemble: Assemble) -> None:
    contents = template("{{p include_docx_template('part.docx', _use_jinja2=False) }}")
    assert assembled(assemble, contents, part__docx=template("On {{ planet }}")) == "On {{ planet }}"


def test_a_word_file_is_put_in_only_within_a_template(assemble: Assemble) -> None:
    text = "mandatory: True\nquestion: ${ DAStaticFile(filename='data/templates/a.docx').include_in_docx() }\n"
    assert "is for Word templates" in failure(assemble(text, a__docx=template("x")))


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("{% do found.append(3) %}{{ found }}", "[3]"),
        ("{% for n in range(9) %}{% if n == 2 %}{% break %}{% endif %}{{ n }}{% endfor %}", "01"),
        ("{{ 'say \"x\"' | nodoublequote }}", "say 'x'"),
        ("{{ 'a & b' | ampersand_filter }}", "a & b"),
        ("{{ 'one' | quote_paragraphs }}", "> one"),
        ("{{ 'one [BR] two' }}", "one\ntwo"),
        ("{{ 'Sign: [BLANK]' }}", "Sign: " + "_" * 25),
    ],
)
def test_what_templates_may_use_beside_filters(assemble: Assemble, tag: str, words: str) -> None:
    assert assembled(assemble, template(tag), "code: |\n  found = []") == words


def test_text_with_looks_is_made_in_the_template(assemble: Assemble) -> None:
    session = assemble(interview(), a__docx=template("{{r RichText('now', bold=True) }}"))
    session.open()
    (paragraph,) = docx.Document(io.BytesIO(session.contents("Out.docx"))).paragraphs
    assert [(run.text, run.bold) for run in paragraph.runs if run.text] == [("now", True)]


def test_assemble_docx_gives_markdown(assemble: Assemble) -> None:
    def more(document: object) -> None:
        document.add_heading("Part 1", 2)  # type: ignore[attr-defined]
        line = document.add_paragraph("For ")  # type: ignore[attr-defined]
        line.add_run("{{ who }} ").bold = True
        line.add_run("* now")
        for text in ("one", "two"):
            document.add_paragraph(text, style="List Number")  # type: ignore[attr-defined]
        table = document.add_table(2, 2)  # type: ignore[attr-defined]
        for place, text in enumerate(("Fruit", "Price", "Fig", "1|2")):
            table.cell(place // 2, place % 2).text = text

    text = (
        "mandatory: True\ncode: |\n  words = assemble_docx('a.docx', fields={'who': 'you'}, output_format='md',"
        " return_content=True)\n---\nmandatory: True\nquestion: Done\n"
    )
    session = assemble(text, a__docx=template(prepare=more))
    assert session.open() == "Done"
    assert session.answers["words"] == (
        "## Part 1\n\nFor **you** \\* now\n\n1. one\n2. two\n\n| Fruit | Price |\n|---|---|\n| Fig | 1\\|2 |\n"
    )


def test_the_same_picture_may_stand_in_a_part_and_in_the_template(assemble: Assemble) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(picture, "PNG")
    more = "objects:\n  - seal: DAStaticFile.using(filename='data/templates/seal.png')"
    contents = template("{{p include_docx_template('part.docx') }}", "{{ seal }}", "{{ seal }}")
    parts = {"part__docx": template("{{ seal }}"), "seal__png": picture.getvalue()}
    session = assemble(interview(more), a__docx=contents, **parts)
    assert session.open() == "Done"
    assert len(docx.Document(io.BytesIO(session.contents("Out.docx"))).inline_shapes) == 3
