"""PDF forms: fields are filled, ticked, chosen and signed, and stay fields or not (spec/area4 §9.4)."""

from __future__ import annotations

import io

import pikepdf
import pytest
from PIL import Image

from shared.interview.runtime.operations import ShowScreen
from shared.interview.runtime.outcomes import RunFailed
from tests.language.documents.assembling import Assemble, AssemblingSession
from tests.language.documents.forms import form, pictures_of, values_of


def interview(fields: str, more: str = "", options: str = "") -> str:
    lines = "".join(f"    - {line}\n" for line in fields.splitlines())
    return (
        f"{more or 'comment: none'}\n---\nmandatory: True\nquestion: Done\nattachment:\n  name: Form\n"
        f"  pdf template file: form.pdf\n  fields:\n{lines}{options}"
    )


def failure(session: AssemblingSession) -> str:
    outcome = session.run(ShowScreen(is_first=True)).outcome
    assert isinstance(outcome, RunFailed), outcome
    return outcome.failure.error_message


def test_fields_hold_what_was_answered_and_show_it(assemble: Assemble) -> None:
    session = assemble(
        interview('who: ${ name }\nwhere: "1 Street[NEWLINE]Town"', "question: Name?\nfields:\n  - Name: name"),
        form__pdf=form(who="text", where="area", other="text"),
    )
    assert session.open() == "Name?"
    session.answer(name="Zoë Łuk")
    assert values_of(session.contents("Form.pdf")) == {"who": "Zoë Łuk", "where": "1 Street\nTown", "other": ""}
    assert list(session.links()) == ["pdf"]


def test_words_of_a_form_that_is_not_editable_are_on_its_page(assemble: Assemble) -> None:
    session = assemble(interview("who: Zoë Łuk", options="  editable: False\n"), form__pdf=form(who="text"))
    session.open()
    assert values_of(session.contents("Form.pdf")) == {}
    assert "Zoë Łuk" in session.pdf_text("Form.pdf")


def test_what_viewers_would_have_to_draw_is_drawn_once(assemble: Assemble) -> None:
    options = "  editable: False\n"
    session = assemble(interview("who: Łuk", options=options), form__pdf=drawn_by_viewers(who="text", left="text"))
    session.open()
    assert session.pdf_text("Form.pdf") == "Łuk as printed"


def test_fields_that_stay_show_what_viewers_would_have_to_draw(assemble: Assemble) -> None:
    session = assemble(interview("who: Łuk"), form__pdf=drawn_by_viewers(who="text", left="text"))
    session.open()
    with pikepdf.open(io.BytesIO(session.contents("Form.pdf"))) as pdf:
        assert not pdf.Root.AcroForm.get("/NeedAppearances")
        assert b"as printed" in pdf.pages[0].Annots[1].AP.N.read_bytes()


def drawn_by_viewers(**fields: str) -> bytes:
    """A form that leaves it to viewers to draw its fields, as many do; the second holds something already."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(form(**fields))) as pdf:
        pdf.Root.AcroForm["/NeedAppearances"] = True
        pdf.pages[0].Annots[1]["/V"] = pikepdf.String("as printed")
        pdf.save(out)
    return out.getvalue()


def test_boxes_are_ticked_by_truth_and_by_their_own_name(assemble: Assemble) -> None:
    session = assemble(
        interview("a: ${ True }\nb: ${ False }\nc: Oui\nd: Yes\ne: something"),
        form__pdf=form(a="box", b="box", c="box", d="box", e="box"),
    )
    session.open()
    assert values_of(session.contents("Form.pdf")) == {"a": "/Oui", "b": "/Off", "c": "/Oui", "d": "/Oui", "e": "/Off"}


@pytest.mark.parametrize(
    ("value", "state"),
    [("${ True }", "/Oui"), ("Yes", "/Oui"), ("x", "/Oui"), ("Oui", "/Oui"), ("${ False }", "/Off"), ("odd", "/Off")],
)
def test_a_box_in_several_places_is_ticked_in_all_of_them(assemble: Assemble, value: str, state: str) -> None:
    session = assemble(interview(f"a: {value}"), form__pdf=form(a="box+box"))
    session.open()
    contents = session.contents("Form.pdf")
    assert values_of(contents) == {"a": state}
    with pikepdf.open(io.BytesIO(contents)) as pdf:
        assert [str(place["/AS"]) for place in pdf.Root.AcroForm.Fields[0].Kids] == [state, state]


def test_choices_are_made_by_what_is_saved_or_shown(assemble: Assemble) -> None:
    session = assemble(interview("a: Blue\nb: r"), form__pdf=form(a="choice", b="choice"))
    session.open()
    assert values_of(session.contents("Form.pdf")) == {"a": "b", "b": "r"}


def test_signatures_and_codes_are_drawn_into_their_fields(assemble: Assemble) -> None:
    more = (
        "imports:\n  - PIL.Image\n---\nobjects:\n  - signature: DAFile\n---\nsets: signature.initialized\ncode: |\n"
        "  signature.initialize(filename='s.png')\n  PIL.Image.new('RGB', (20, 10), 'red').save(signature.path())\n"
    )
    fields = '"sign": ${ signature }\n"code": "[QR hello]"'
    for options in ("", "  editable: False\n"):
        session = assemble(interview(fields, more, options), form__pdf=form(sign="sign", code="text"))
        session.open()
        assert pictures_of(session.contents("Form.pdf")) == 2


def test_code_and_its_dictionaries_count_more_than_fields(assemble: Assemble) -> None:
    options = "  field code:\n    - b: 1.5\n  code: |\n    {'c': 'code', 'd': 2.25}\n  decimal places: 2\n"
    session = assemble(
        interview("a: text\nc: text", options=options), form__pdf=form(a="text", b="text", c="text", d="text")
    )
    session.open()
    assert values_of(session.contents("Form.pdf")) == {"a": "text", "b": "1.50", "c": "code", "d": "2.25"}


def test_skip_undefined_leaves_fields_empty(assemble: Assemble) -> None:
    session = assemble(
        interview("a: ${ gone }\nb: there", options="  skip undefined: True\n"), form__pdf=form(a="text", b="text")
    )
    session.open()
    assert values_of(session.contents("Form.pdf")) == {"a": "", "b": "there"}


def test_marks_of_layout_and_none_leave_no_trace(assemble: Assemble) -> None:
    session = assemble(interview("a: '[CENTER] Hello[EMDASH]you'\nb: ${ None }"), form__pdf=form(a="text", b="text"))
    session.open()
    assert values_of(session.contents("Form.pdf")) == {"a": "Hello—you", "b": ""}


def test_what_people_type_cannot_leave_its_field(assemble: Assemble) -> None:
    session = assemble(
        interview("a: ${ name }", "code: |\n  name = '#panic() $x$ (Tj) ET'", "  editable: False\n"),
        form__pdf=form(a="text"),
    )
    session.open()
    assert "#panic() $x$ (Tj) ET" in session.pdf_text("Form.pdf")


def test_a_field_of_four_places_takes_four_letters(assemble: Assemble) -> None:
    session = assemble(interview("a: '123456'"), form__pdf=form(a="comb"))
    session.open()
    assert values_of(session.contents("Form.pdf")) == {"a": "1234"}


def test_a_name_that_no_field_has_is_noted_and_a_wrong_form_is_an_error(assemble: Assemble) -> None:
    session = assemble(interview("a: x\nnope: y"), form__pdf=form(a="text"))
    session.open()
    assert any("nope" in message for _, message in session.screen.log)
    said = failure(assemble(interview("nope: y"), form__pdf=form(a="text")))
    assert "form.pdf" in said
    assert "'nope'" in said


def test_a_damaged_form_and_a_closed_one_are_named(assemble: Assemble) -> None:
    assert "form.pdf" in failure(assemble(interview("a: x"), form__pdf=b"%PDF-1.7 nothing"))
    closed = io.BytesIO()
    with pikepdf.open(io.BytesIO(form(a="text"))) as pdf:
        pdf.save(closed, encryption=pikepdf.Encryption(owner="o", user="u"))
    assert "password" in failure(assemble(interview("a: x"), form__pdf=closed.getvalue()))
    session = assemble(interview("a: x", options="  template password: u\n"), form__pdf=closed.getvalue())
    session.open()
    assert values_of(session.contents("Form.pdf")) == {"a": "x"}


def test_a_picture_keeps_its_shape_in_a_field(assemble: Assemble) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (2000, 100), "blue").save(picture, "PNG")
    session = assemble(interview('a: "[FILE wide.png]"'), form__pdf=form(a="text"))
    path = session.folder / "data" / "static" / "wide.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(picture.getvalue())
    session.open()
    assert pictures_of(session.contents("Form.pdf")) == 1


def test_a_file_that_is_no_picture_is_named_among_the_words_of_a_field(assemble: Assemble) -> None:
    more = (
        "objects:\n  - note: DAStaticFile.using(filename='note_1.txt')\n"
        "  - part: DAStaticFile.using(filename='p_1.zip')\n"
        "---\nattachment:\n  name: Letter\n  variable name: letter\n  valid formats: [docx, pdf]\n  content: Dear you\n"
    )
    fields = 'a: "See ${ part }."\nb: ${ note } [x]\nc: "[FILE gone_1.png] C:\\\\.d"\nd: ${ letter.pdf }'
    options = "  editable: False\n  code: |\n    {'e': letter, 'f': part}\n"
    session = assemble(
        interview(fields, more, options), form__pdf=form(a="text", b="area", c="text", d="text", e="text", f="text")
    )
    session.put("../static/note_1.txt", "*one*\n[BR] two")
    session.put("../static/p_1.zip", b"PK")
    session.open()
    said = session.pdf_text("Form.pdf")
    assert said.startswith(r"See p_1.zip. *one* [BR] two [x] gone_1.png C:\.d")
    assert said.count("p_1.zip") == 2, "by its name also when code gives it"
    assert said.count("Dear you") == 2, "a PDF is drawn into its field"
