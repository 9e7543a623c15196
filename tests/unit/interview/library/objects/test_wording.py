"""How objects are spoken of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from shared.interview.errors import UndefinedAttribute
from shared.interview.library import grammar
from shared.interview.library.information import set_info
from shared.interview.library.languages import REPLACED, update_language_function, update_word_collection
from shared.interview.library.objects import DADict, DAList
from shared.interview.library.objects.persons import Individual, Person, Thing
from shared.interview.runtime.run import Run


def individual(name: str, first: str, gender: str, **attributes: Any) -> Individual:
    person = Individual(name, gender=gender, **attributes)
    person.name.first, person.name.last = first, "User"
    return person


@pytest.fixture
def user(run: Run) -> Iterator[Individual]:
    person = individual("user", "Ursula", "female")
    set_info(user=person)
    return person


def spoken(it: Any) -> list[str]:
    """Everything that can be said with it."""
    return [
        it.is_are_you(capitalize=True),
        it.pronoun_possessive("dog"),
        it.pronoun(),
        it.pronoun_subjective(),
        it.does_verb("belong"),
        it.did_verb("go"),
        it.possessive("hat"),
        it.do_question("eat"),
        it.did_question("eat"),
        it.were_question("present"),
        it.have_question("seen"),
        it.subjective_pronoun_or_name(),
        it.pronoun_or_name(),
        it.yourself_or_name(),
        it.itself(),
    ]


def test_the_user_is_spoken_to(user: Individual) -> None:
    assert user.is_user()
    assert ", ".join(spoken(user)) == (
        "Are you, your dog, you, you, belong, went, your hat, do you eat, did you eat, were you present, have you "
        "seen, you, you, yourself, yourself"
    )


def test_somebody_else_is_spoken_about(user: Individual) -> None:
    assert ", ".join(spoken(individual("other", "Harold", "male"))) == (
        "Is Harold User, his dog, him, he, belongs, went, Harold User's hat, does Harold User eat, did Harold User "
        "eat, was Harold User present, has Harold User seen, Harold User, Harold User, Harold User, himself"
    )


def test_a_thing_is_it(user: Individual) -> None:
    assert ", ".join(spoken(Thing("thing", name="apple tree"))) == (
        "Is apple tree, its dog, it, it, belongs, went, apple tree's hat, does apple tree eat, did apple tree eat, "
        "was apple tree present, has apple tree seen, apple tree, apple tree, apple tree, itself"
    )


def test_a_point_of_view_can_be_fixed(user: Individual) -> None:
    assert ", ".join(spoken(Thing("helper", name="Robot", _point_of_view="1"))) == (
        "Am I, my dog, me, I, belong, went, my hat, do I eat, did I eat, was I present, have I seen, I, me, myself, "
        "myself"
    )
    we = DAList("helpers", elements=[Person("a", name="ABC"), Person("b", name="DEF")], _point_of_view="1p")
    assert ", ".join(spoken(we)) == (
        "Are we, our dog, us, we, belong, went, helpers' hat, do we eat, did we eat, were we present, have we seen, "
        "we, us, ourselves, ourselves"
    )


def test_several_people_are_they(user: Individual) -> None:
    people = DAList("people", elements=[individual("a", "Ann", "female"), individual("b", "Bob", "male")])
    assert ", ".join(spoken(people)) == (
        "Are Ann User and Bob User, their dog, them, they, belong, went, people's hat, do Ann User and Bob User eat, "
        "did Ann User and Bob User eat, were Ann User and Bob User present, have Ann User and Bob User seen, "
        "Ann User and Bob User, Ann User and Bob User, Ann User and Bob User, themselves"
    )


def test_a_list_of_one_is_spoken_of_like_its_element(user: Individual) -> None:
    alone = DAList("people", elements=[individual("a", "Ann", "female")])
    assert (alone.pronoun(), alone.does_verb("eat"), alone.possessive("hat")) == ("her", "eats", "person's hat")
    assert DAList("users", elements=[user]).pronoun_subjective() == "you"
    assert DADict("d", elements={"x": Thing("t", name="oak")}).pronoun() == "it"


def test_a_gender_that_is_not_known_is_asked_for(run: Run) -> None:
    person = Individual("client")
    with pytest.raises(UndefinedAttribute) as caught:
        person.pronoun()
    assert caught.value.name == "client.gender"
    person.gender = "other"
    assert person.pronoun_subjective() == "they"


def test_owners_by_variable_name(user: Individual) -> None:
    assert user.object_possessive("name") == "your name"
    assert individual("person", "Tom", "male").object_possessive("dog", capitalize=True) == "The person's dog"
    assert Thing("helper", _point_of_view="1").object_possessive("arm") == "the helper's arm"


def test_the_third_person_can_be_forced(user: Individual) -> None:
    assert user.pronoun_possessive("dog", third_person=True) == "her dog"
    assert user.does_verb("eat", third_person=True) == "eats"


def test_the_user_can_be_spoken_about_too(user: Individual) -> None:
    assert user.do_question("eat", third_person=True) == "does Ursula User eat"
    assert user.is_are_you(third_person=True, capitalize=True) == "Is Ursula User"
    assert user.possessive("hat", third_person=True) == "Ursula User's hat"
    assert user.object_possessive("hat", third_person=True) == "the user's hat"
    assert user.yourself_or_name(third_person=True) == "Ursula User"
    assert user.were_question("there", third_person=True) == "was Ursula User there"


def test_questions_take_the_infinitive_whatever_form_is_given(user: Individual) -> None:
    other = individual("other", "Harold", "male")
    assert other.do_question("be ready") == "does Harold User be ready"
    assert other.did_question("went away") == "did Harold User go away"
    assert DAList("people", elements=[user, other]).do_question("likes it") == "do Ursula User and Harold User like it"


@pytest.fixture
def german() -> Iterator[None]:
    """German functions and words, as an author's module brings them."""
    functions: dict[str, Any] = {
        "his": lambda text, **_: f"sein {text}",
        "your": lambda text, **_: f"Ihr {text}",
        "do_you": lambda text, **_: f"{text} Sie",
        "does_a_b": lambda a, b, **_: f"{b} {a}",
        "possessify": lambda a, b, **_: f"{a}s {b}",
        "verb_present": lambda verb, person="3sg", **_: {"essen": "isst"}.get(verb, verb),
    }
    for name, function in functions.items():
        update_language_function("de", name, function)
    yield
    for name in functions:
        REPLACED.put("de", name, getattr(grammar, name).__wrapped__)


@pytest.mark.usefixtures("german")
def test_another_language_speaks_by_its_own_functions_and_words(run: Run, user: Individual) -> None:
    other = individual("other", "Harold", "male")
    run.language = "de"
    update_word_collection("de", {"he": "er", "him": "ihn", "is": "ist", "you": "Sie", "Mr.": "Herr", "are": "sind"})
    assert (other.pronoun_subjective(capitalize=True), other.pronoun(), other.pronoun_possessive("Hund")) == (
        "Er",
        "ihn",
        "sein Hund",
    )
    assert (other.possessive("Hund"), user.possessive("Hund")) == ("Harold Users Hund", "Ihr Hund")
    assert (other.do_question("isst"), user.do_question("essen")) == ("isst Harold User", "essen Sie")
    assert (other.is_are_you(), user.is_are_you(), other.does_verb("essen")) == ("ist Harold User", "sind Sie", "isst")
    assert other.salutation(with_name_and_punctuation=True) == "Herr User:"


def test_several_users_are_spoken_to_together(run: Run) -> None:
    them = [individual("users[0]", "Ann", "female"), individual("users[1]", "Bob", "male")]
    users = DAList("users", elements=them)
    set_info(user=users)
    assert (users.itself(), users.pronoun_possessive("hat"), users.do_question("eat")) == (
        "yourselves",
        "your hat",
        "do you eat",
    )
    assert (users.itself(third_person=True), users.does_verb("be")) == ("themselves", "are")


def test_a_collection_of_one_is_spoken_of_like_its_element(run: Run) -> None:
    alone = DAList("case.plaintiff", elements=[individual("p", "Ann", "female")])
    assert (alone.pronoun(), alone.is_are_you(), alone.possessive("hat")) == ("her", "is Ann User", "plaintiff's hat")
    set_info(user=alone.elements[0])
    assert (alone.pronoun(), alone.itself(), alone.pronoun_possessive("hat")) == ("you", "yourself", "your hat")
