"""Persons, addresses, courts and objects: what interviews reach for now and then (spec/area4 §6.1, §6.5, §7.5)."""

from __future__ import annotations

from collections.abc import Callable

from tests.language.screen.playing import Play

Open = Callable[[str], Play]


def values(play: Open, code: str, *expressions: str) -> list[object]:
    """What expressions give after some code has run."""
    lines = "".join(f"  {line}\n" for line in code.strip().splitlines())
    found = play(
        f"mandatory: True\ncode: |\n{lines}  found = [{', '.join(expressions)}]\n---\nmandatory: True\nquestion: Done\n"
    ).answers["found"]
    assert isinstance(found, list)
    return found


def test_numbers_of_a_person_are_written_as_networks_know_them(play: Open) -> None:
    found = values(
        play,
        """
person = Person('person')
person.mobile_number = '617 555 1234'
person.fax_number = '(617) 555-9999'
nobody = Person('nobody', fax_number='none')
abroad = Person('abroad', fax_number='030 901820', country='DE')
""",
        "person.sms_number()",
        "person.facsimile_number()",
        "nobody.facsimile_number()",
        "abroad.facsimile_number()",
        "person.facsimile_number(country='US')",
    )
    assert found == ["+16175551234", "+16175559999", None, "+4930901820", "+16175559999"]


def test_an_address_that_cannot_be_looked_up_is_left_as_it_is(play: Open) -> None:
    found = values(
        play,
        """
home = Address('home', address='12 Main St.', unit='5', city='Boston', state='MA', zip='02110')
was_found = home.normalize()
""",
        "was_found",
        "home.on_one_line()",
        "home.line_one()",
        "home.line_two()",
    )
    assert found == [False, "12 Main St., Unit 5, Boston, MA 02110", "12 Main St., Unit 5", "Boston, MA 02110"]


def test_objects_are_plain_data_for_json_with_their_classes_and_names(play: Open) -> None:
    found = values(
        play,
        """
dog = Thing('dog')
dog.name.text = 'Rex'
dog.bites = DAList('dog.bites', elements=['Ann', 'Bob'])
data = dog.as_serializable()
""",
        "data['_class']",
        "data['instanceName']",
        "data['name']['text']",
        "data['bites']['elements']",
        "json.dumps(data)[:1]",
    )
    assert found == ["docassemble.base.util.Thing", "dog", "Rex", ["Ann", "Bob"], "{"]


def test_the_beginning_of_a_name_is_replaced_in_everything_inside(play: Open) -> None:
    found = values(
        play,
        """
case = DAObject('case')
case.client = Individual('case.client')
case.papers = DAList('case.papers', object_type=DAObject, gathered=True)
paper = case.papers.appendObject()
paper.seal = DAObject('case.papers[0].seal')
case.fix_instance_name('case', 'matter')
""",
        "case.instanceName",
        "case.client.name.instanceName",
        "case.papers[0].instanceName",
        "case.papers[0].seal.instanceName",
    )
    assert found == ["matter", "matter.client.name", "matter.papers[0]", "matter.papers[0].seal"]


def test_a_jurisdiction_is_spoken_of_by_its_name_or_by_its_variable(play: Open) -> None:
    it = play(
        """
modules:
  - docassemble.base.legal
---
objects:
  - court: Court
  - county: Jurisdiction
  - whole_state: Jurisdiction
---
mandatory: True
code: |
  county.name = 'Suffolk County'
  county.court = 'Housing Court'
  court.name = 'Housing Court'
  court.jurisdiction.append(county)
---
mandatory: True
question: |
  ${ county }, ${ whole_state }, ${ court.jurisdiction[0].court } of ${ court.jurisdiction[0] }
"""
    )
    assert it.screen.question_text == "Suffolk County, whole state, Housing Court of Suffolk County"


def test_blanks_become_underscores_and_come_back(play: Open) -> None:
    found = values(
        play,
        "text = space_to_underscore('My first  name')",
        "text",
        "underscore_to_space('my_first_name')",
        "space_to_underscore(7)",
    )
    assert found == ["My_first_name", "my first name", "7"]


def test_a_module_turns_markdown_into_html_as_a_screen_does(play: Open) -> None:
    found = values(
        play,
        "from docassemble.base.filter import markdown_to_html",
        "markdown_to_html('Be **quick** [BR] now')",
        "markdown_to_html('*now*', trim=True)",
    )
    assert found == ["<p>Be <strong>quick</strong> <br> now</p>", "<em>now</em>"]
