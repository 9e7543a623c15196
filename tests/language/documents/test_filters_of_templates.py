"""Every filter that Word templates know, with what it makes of a value (spec/area4 §9.3)."""

from __future__ import annotations

import pytest

from shared.interview.library.docx_filters import FILTERS
from tests.language.documents.assembling import Assemble
from tests.language.documents.test_word_templates import assembled, interview, template

OBJECTS = """
objects:
  - people: DAList.using(object_type=Individual, gathered=True, auto_gather=False)
  - prices: DADict.using(gathered=True, auto_gather=False)
---
mandatory: True
code: |
  people, prices  # both are there before anything is done
  for first, age, town in (('Bob', 30, 'York'), ('Ann', 20, 'Bath'), ('Cy', 25, 'York')):
    person = people.appendObject()
    person.name.first = first
    person.name.last = 'Lee'
    person.age = age
    person.town = town
  prices['pear'] = 2
  prices['fig'] = 1
"""
LIBRARY = {
    "day_of": ("'2026-11-21' | day_of", "21"),
    "dow_of": ("'2026-11-21' | dow_of", "6"),
    "month_of": ("'2026-11-21' | month_of", "11"),
    "year_of": ("'2026-11-21' | year_of", "2026"),
    "format_date": ("'2026-11-21' | format_date(format='yyyy/MM/dd')", "2026/11/21"),
    "format_datetime": ("'2026-11-21 15:04' | format_datetime(format='dd.MM. HH:mm')", "21.11. 15:04"),
    "format_time": ("'15:04' | format_time(format='H.mm')", "15.04"),
    "add_separators": ("(['a', 'b'] | add_separators)[0]", "a; and"),
    "capitalize": ("'a cat' | capitalize", "A cat"),
    "comma_and_list": ("['a', 'b', 'c'] | comma_and_list", "a, b, and c"),
    "comma_list": ("['a', 'b'] | comma_list", "a, b"),
    "fix_punctuation": ("'Yes' | fix_punctuation", "Yes."),
    "indefinite_article": ("'apple' | indefinite_article", "an apple"),
    "noun_plural": ("'child' | noun_plural", "children"),
    "noun_singular": ("'children' | noun_singular", "child"),
    "possessify": ("'Ann' | possessify('cat')", "Ann's cat"),
    "quantity_noun": ("2 | quantity_noun('apple')", "two apples"),
    "title_case": ("'a cat' | title_case", "A Cat"),
    "verb_past": ("'help' | verb_past", "helped"),
    "verb_present": ("'help' | verb_present", "helps"),
    "language_name": ("'de' | language_name", "German"),
    "word": ("'Yes' | word", "Yes"),
    "alpha": ("1 | alpha", "B"),
    "currency": ("1200 | currency", "$1,200.00"),
    "currency_symbol": ("1 | currency_symbol", "$"),
    "item_label": ("1 | item_label(0)", "II."),
    "name_suffix": ("(none | name_suffix)[0]", "Jr"),
    "nice_number": ("4 | nice_number", "four"),
    "ordinal": ("1 | ordinal", "second"),
    "ordinal_number": ("3 | ordinal_number", "third"),
    "period_list": ("(1 | period_list)[0][1]", "Per Month"),
    "roman": ("3 | roman", "IV"),
    "phone_number_formatted": ("'6175550123' | phone_number_formatted", "(617) 555-0123"),
    "phone_number_in_e164": ("'(617) 555-0123' | phone_number_in_e164", "+16175550123"),
    "phone_number_part": ("'(617) 555-0123' | phone_number_part(0)", "617"),
    "country_name": ("'DE' | country_name", "Germany"),
    "state_name": ("'NY' | state_name", "New York"),
    "indent": ("'a' | indent(2)", "a"),
    "yesno": ("True | yesno", "Yes"),
    "noyes": ("True | noyes", "No"),
    "quote_paragraphs": ("'a' | quote_paragraphs", "> a"),
    "redact": ("('secret' | redact) == 'secret'", "False"),
    "single_paragraph": ("'a\\nb' | single_paragraph", "a b"),
    "single_to_double_newlines": ("('a\\nb' | single_to_double_newlines) | length", "4"),
    "space_to_underscore": ("'a b' | space_to_underscore", "a_b"),
    "underscore_to_space": ("'a_b' | underscore_to_space", "a b"),
    "verbatim": ("'*a*' | verbatim", "*a*"),
    "chain": ("[1, 2] | chain([3]) | sum", "6"),
    "any": ("[False, True] | any", "True"),
    "all": ("[False, True] | all", "False"),
    "ampersand_filter": ("'a & b' | ampersand_filter", "a & b"),
    "nodoublequote": ("'a \"b\"' | nodoublequote", "a 'b'"),
}
OF_JINJA = {
    "map": ("people | map(attribute='name.first') | join(' ')", "Bob Ann Cy"),
    "map of a filter": ("['a', 'b'] | map('upper') | join", "AB"),
    "join": ("people | join('; ')", "Bob Lee; Ann Lee; Cy Lee"),
    "join of attributes": ("people | join(' ', attribute='town')", "York Bath York"),
    "sort": ("people | sort(attribute='age') | map(attribute='name.first') | join(' ')", "Ann Cy Bob"),
    "sort of words": ("['b', 'a'] | sort | join", "ab"),
    "dictsort": ("(prices | dictsort)[0][0]", "fig"),
    "groupby": ("(people | groupby('town') | map(attribute='grouper') | join(' '))", "Bath York"),
    "selectattr": ("people | selectattr('town', 'equalto', 'York') | join(', ')", "Bob Lee, Cy Lee"),
    "rejectattr": ("people | rejectattr('town', 'equalto', 'York') | join(', ')", "Ann Lee"),
    "select": ("[1, 2, 3] | select('odd') | join", "13"),
    "min": ("(people | min(attribute='age')).name.first", "Ann"),
    "max": ("(people | max(attribute='age')).name.first", "Bob"),
    "sum": ("people | sum(attribute='age')", "75"),
    "unique": ("people | unique(attribute='town') | join(', ')", "Bob Lee, Ann Lee"),
    "attr": ("people[1] | attr('age')", "20"),
    "length": ("people | length", "3"),
    "first and last": ("(people | first).name.first + (people | last).name.first", "BobCy"),
    "default": ("'' | default('none', true)", "none"),
    "upper": ("'a' | upper", "A"),
}
LETTERS = {
    "bold": ("'a' | bold", "a"),
    "italic": ("'a' | italic", "a"),
    "markdown": ("'a **b**' | markdown", "a b"),
    "inline_markdown": ("'a *b*' | inline_markdown", "a b"),
    "paragraphs": ("'a' | paragraphs", "a"),
    "manual_line_breaks": ("'a' | manual_line_breaks", "a"),
}
"""Those that change letters: what they look like is tried in test_word_templates.py."""
ALL = {**LIBRARY, **OF_JINJA, **LETTERS}


def test_every_filter_of_the_library_is_tried() -> None:
    assert set(LIBRARY) == set(FILTERS)


def test_each_filter_makes_of_a_value_what_its_function_does(assemble: Assemble) -> None:
    contents = template(*(f"{name}: {{{{ {expression} }}}}" for name, (expression, _) in ALL.items()))
    lines = assembled(assemble, contents, OBJECTS).split("\n")
    found = {name: text.strip() for name, _, text in (line.partition(": ") for line in lines) if name in ALL}
    assert found == {name: made for name, (_, made) in ALL.items()}


@pytest.mark.parametrize("name", ["capitalize", "currency", "upper", "join", "markdown", "map('upper') | join"])
def test_a_value_that_is_missing_is_asked_for_whatever_the_filter(assemble: Assemble, name: str) -> None:
    more = "question: Planet?\nfields:\n  - Planet: planet\n    default: '12'"
    session = assemble(interview(more), a__docx=template(f"{{{{ planet | {name} }}}}"))
    assert session.open() == "Planet?"


@pytest.mark.parametrize("way", ["map", "sort", "unique"])
def test_an_attribute_that_an_item_lacks_is_asked_for_by_its_whole_name(assemble: Assemble, way: str) -> None:
    more = OBJECTS + "---\ngeneric object: Individual\nquestion: Nick of ${ x }?\nfields:\n  - Nick: x.nick\n"
    session = assemble(interview(more), a__docx=template(f"{{{{ people | {way}(attribute='nick') | join }}}}"))
    assert session.open() in ("Nick of Bob Lee?", "Nick of Ann Lee?")  # sorting may begin with either
