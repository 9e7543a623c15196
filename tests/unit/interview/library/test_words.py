"""English nouns and verbs."""

import pytest

from shared.interview.library.words import translated
from shared.interview.library.words.nouns import indefinite_article, noun_plural, noun_singular
from shared.interview.library.words.verbs import verb_past, verb_present


@pytest.mark.parametrize(
    ("singular", "plural"),
    [
        ("apple", "apples"),
        ("child", "children"),
        ("person", "people"),
        ("fish", "fish"),
        ("box", "boxes"),
        ("church", "churches"),
        ("baby", "babies"),
        ("attorney", "attorneys"),
        ("hero", "heroes"),
        ("photo", "photos"),
        ("knife", "knives"),
        ("status", "statuses"),
        ("policeman", "policemen"),
        ("daughter-in-law", "daughters-in-law"),
        ("house", "houses"),
        ("address", "addresses"),
        ("movie", "movies"),
        ("shoe", "shoes"),
        ("case", "cases"),
        ("next of kin list", "next of kin lists"),
        ("Witness", "Witnesses"),
    ],
)
def test_plural_and_singular_are_inverse(singular: str, plural: str) -> None:
    assert noun_plural(singular) == plural
    assert noun_singular(plural) == singular


@pytest.mark.parametrize("noun", ["bus", "gas", "news", "address", "class", "Texas", "status", "dress"])
def test_a_singular_noun_in_s_is_left_alone(noun: str) -> None:
    assert noun_singular(noun) == noun


@pytest.mark.parametrize(
    ("noun", "expected"),
    [
        ("apple", "an apple"),
        ("squash", "a squash"),
        ("hour", "an hour"),
        ("university", "a university"),
        ("umbrella", "an umbrella"),
        ("unimportant matter", "an unimportant matter"),
        ("European", "a European"),
        ("FBI agent", "an FBI agent"),
        ("X-ray", "an X-ray"),
        ("one-time fee", "a one-time fee"),
        ("8-year-old", "an 8-year-old"),
        ("11th juror", "an 11th juror"),
        ("110-page brief", "a 110-page brief"),
        ("äpple", "a äpple"),
    ],
)
def test_the_indefinite_article_follows_the_sound(noun: str, expected: str) -> None:
    assert indefinite_article(noun) == expected


@pytest.mark.parametrize(
    ("verb", "past", "present"),
    [
        ("eat", "ate", "eats"),
        ("go", "went", "goes"),
        ("help", "helped", "helps"),
        ("finish", "finished", "finishes"),
        ("try", "tried", "tries"),
        ("play", "played", "plays"),
        ("stop", "stopped", "stops"),
        ("visit", "visited", "visits"),
        ("agree", "agreed", "agrees"),
        ("have", "had", "has"),
        ("do", "did", "does"),
        ("belong", "belonged", "belongs"),
        ("prefer", "preferred", "prefers"),
        ("offer", "offered", "offers"),
    ],
)
def test_verbs_are_conjugated_in_the_third_person(verb: str, past: str, present: str) -> None:
    assert verb_past(verb) == past
    assert verb_present(verb) == present


@pytest.mark.parametrize(
    ("past", "present"),
    [
        ("walked", "walks"),
        ("used", "uses"),
        ("stopped", "stops"),
        ("created", "creates"),
        ("visited", "visits"),
        ("belonged", "belongs"),
        ("tried", "tries"),
        ("ate", "eats"),
        ("was", "is"),
        ("helping", "helps"),
        ("making", "makes"),
        ("running", "runs"),
        ("singing", "sings"),
        ("lying", "lies"),
        ("being", "is"),
        ("bring", "brings"),
    ],
)
def test_the_present_of_another_form_goes_through_its_infinitive(past: str, present: str) -> None:
    assert verb_present(past) == present


def test_to_be_differs_by_person() -> None:
    assert [verb_present("is", person) for person in ("1sg", "2sg", "3sg", "pl")] == ["am", "are", "is", "are"]
    assert [verb_past("be", person) for person in ("1sgp", "2sgp", "3sgp", "plp")] == ["was", "were", "was", "were"]


def test_an_authors_dictionary_goes_before_the_built_in_one() -> None:
    assert translated("This field is required.", "en") == "You need to fill this in."
    assert translated("Continue", "es", {"es": {"Continue": "Adelante"}}) == "Adelante"
    assert translated("Continue", "fr") == translated("Continue", "fr-CA") == "Continuer"
    assert translated("Continue", "fr-CA", {"fr": {"Continue": "Suite"}}) == "Suite"
    assert translated("Continue", "nl") == "Continue"
