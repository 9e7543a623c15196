"""DAEmpty, DACatchAll, DAContext, DALink, DATemplate, session state, files."""

from __future__ import annotations

import math

import pytest

from shared.interview.errors import UndefinedAttribute
from shared.interview.library.objects.catchall import DACatchAll
from shared.interview.library.objects.empty import DAEmpty
from shared.interview.library.objects.files import DAFile, DAFileList, DAStaticFile
from shared.interview.library.objects.remembered import DANav
from shared.interview.library.objects.texts import DAContext, DALink, DATemplate
from shared.interview.runtime.run import Run
from tests.unit.interview.library.objects.test_lists import sought


def test_nothing_swallows_everything() -> None:
    nothing = DAEmpty()
    assert (str(nothing), len(nothing), bool(nothing), list(nothing)) == ("", 0, False, [])
    assert str(nothing.any.thing["at all"](1).works) == ""
    assert nothing + 3 == 3
    assert f"{nothing:>10}" == ""
    assert str(DAEmpty(str="n/a")) == "n/a"


def test_a_stand_in_notes_how_it_is_used_and_asks_for_its_value() -> None:
    stand_in = DACatchAll("salary")
    assert sought(lambda: stand_in * 2.5) == "salary.value"
    assert stand_in.data_type_guess() == "float"
    assert sought(lambda: stand_in + 3) == "salary.value"
    assert stand_in.data_type_guess() == "int"
    assert sought(lambda: str(stand_in)) == "salary.value"
    assert sought(lambda: stand_in == "yes") == "salary.value"
    assert stand_in.data_type_guess() == "str"
    stand_in.value = 4
    assert (stand_in + 1, 2 * stand_in, stand_in > 3, f"{stand_in}") == (5, 8, True, "4")


def test_a_later_use_forgets_what_an_earlier_one_worked_with() -> None:
    stand_in = DACatchAll("thing")
    sought(lambda: stand_in > 1.5)
    sought(lambda: bool(stand_in))
    assert stand_in.data_type_guess() == "bool"
    assert not hasattr(stand_in, "operand")


def test_a_stand_in_can_be_rounded_and_divided_with_a_rest() -> None:
    stand_in = DACatchAll("thing")
    assert sought(lambda: round(stand_in)) == "thing.value"
    assert stand_in.data_type_guess() == "float"
    stand_in.value = 7.4
    assert (round(stand_in), math.floor(stand_in), math.ceil(stand_in), divmod(stand_in, 7)[0]) == (7, 7, 8, 1)


def test_a_bare_use_has_a_guess_of_its_own() -> None:
    stand_in = DACatchAll("thing")
    sought(lambda: bool(stand_in))
    assert stand_in.data_type_guess() == "bool"
    stand_in = DACatchAll("thing")
    sought(lambda: list(stand_in))
    assert stand_in.data_type_guess() == "list"


def test_a_text_depends_on_where_it_is_shown(run: Run) -> None:
    text = DAContext("x", question="on screen", document="on paper", pdf="in PDF")
    assert str(text) == "on screen"
    run.evaluation_context = "docx"
    assert str(text) == "on paper"
    run.evaluation_context = "pdf"
    assert str(text) == "in PDF"


def test_links_and_fixed_templates_are_markdown() -> None:
    assert str(DALink("link", url="https://example.com", anchor_text="here")) == "[here](https://example.com)"
    template = DATemplate("t", content="Hello", subject="Greeting")
    assert (str(template), template.show(), template.subject) == ("Hello", "Hello", "Greeting")


def test_sections_are_remembered_beside_the_variables(run: Run) -> None:
    nav = DANav()
    nav.set_sections(["intro", {"about": "About you", "subsections": [{"contact": "Contact info"}]}, {"Rest": ["end"]}])
    assert nav.section_ids() == ["intro", "about", "contact", "Rest", "end"]
    assert nav.set_section("about")
    assert not nav.set_section("about")
    assert (nav.get_section(), nav.get_section(display=True)) == ("about", "About you")
    assert run.internal["section"]["past"] == ["about"]
    nav.hide()
    assert not nav.visible()
    assert nav.as_dict() == {"past": ["about"], "current": "about", "hidden": True, "progressive": True}


def test_a_stored_file_is_shown_by_its_number(run: Run) -> None:
    file = DAFile("upload[0]", filename="photo.PNG", number=7)
    assert (str(file), file.mimetype, file.extension, file.ok) == ("[FILE 7]", "image/png", "png", True)
    file.set_alt_text("A dog")
    assert file.show(width="50px") == "[FILE 7, 50px, A dog]"
    assert file.url_for(external=True) == "http://example.com/uploadedfile/7/photo.PNG"
    files = DAFileList("upload", elements=[file])
    assert (files.filename, str(files)) == ("photo.PNG", "[FILE 7, None, A dog]")


def test_a_file_that_was_not_made_is_sought() -> None:
    assert sought(lambda: str(DAFile("letter"))) == "letter.initialized"


def test_static_files_are_served_from_their_package(run: Run) -> None:
    here = DAStaticFile("logo", filename="logo.png")
    assert here.url_for() == "/packagestatic/docs/logo.png"
    assert str(here) == "[FILE docs:data/static/logo.png]"
    there = DAStaticFile("logo", filename="other:data/static/logo.png")
    assert there.url_for(_external=True) == "http://example.com/packagestatic/other/logo.png"
    assert there.mimetype == "image/png"


def test_an_attribute_of_a_file_can_be_missing_like_any_other() -> None:
    with pytest.raises(UndefinedAttribute):
        _ = DAFile("letter").number
