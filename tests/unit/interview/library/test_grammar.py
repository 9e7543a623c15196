"""Lists, nouns with numbers and small phrases."""

from collections.abc import Callable

import pytest

from shared.interview.library import grammar, numbers
from shared.interview.library.languages import REPLACED, update_language_function, update_word_collection
from shared.interview.library.objects import DAList
from shared.interview.runtime.run import Run


def test_one_thing_stands_alone_and_two_are_joined_by_and() -> None:
    assert grammar.comma_and_list("a") == "a"
    assert grammar.comma_and_list(["a", "b"]) == "a and b"
    assert grammar.comma_and_list([]) == ""


def test_three_things_have_an_oxford_comma_unless_it_is_refused() -> None:
    assert grammar.comma_and_list("a", "b", "c") == "a, b, and c"
    assert grammar.comma_and_list("a", "b", "c", oxford=False) == "a, b and c"
    assert grammar.comma_and_list("a", "b", "c", and_string="or", comma_string="; ") == "a; b; or c"


def test_the_elements_of_a_gathered_list_are_listed() -> None:
    assert (
        grammar.comma_and_list(DAList("fears", elements=["spiders", "snakes", "fish"])) == "spiders, snakes, and fish"
    )
    assert grammar.comma_list([1, 2, 3]) == "1, 2, 3"


def test_clauses_get_their_separators() -> None:
    assert grammar.add_separators(["one", "two", "three"]) == ["one;", "two; and", "three."]
    assert grammar.add_separators(["one"]) == ["one."]


def test_a_noun_agrees_with_a_number_or_a_collection() -> None:
    assert grammar.noun_plural("apples", 1) == "apple"
    assert grammar.noun_plural("apple", 0) == "apples"
    assert grammar.noun_plural("child", ["a", "b"]) == "children"
    assert grammar.quantity_noun(4, "apple") == "four apples"
    assert grammar.quantity_noun(25, "apples") == "25 apples"
    assert grammar.quantity_noun(1, "apple", capitalize=True) == "One apple"


def test_a_single_letter_is_not_capitalised() -> None:
    assert grammar.capitalize("green eggs") == "Green eggs"
    assert grammar.capitalize("a") == "a"


def test_titles_keep_small_words_small() -> None:
    assert grammar.title_case("the art of war in an age") == "The Art of War in an Age"
    assert grammar.title_case("of mice and men") == "Of Mice and Men"


@pytest.mark.parametrize(
    ("text", "expected"), [("It ends", "It ends."), ("It ends.", "It ends."), ("Does it?", "Does it?")]
)
def test_a_sentence_gets_the_full_stop_it_lacks(text: str, expected: str) -> None:
    assert grammar.fix_punctuation(text) == expected


def test_a_plural_owner_in_s_takes_the_apostrophe_only() -> None:
    assert grammar.possessify("Fred", "dog") == "Fred's dog"
    assert grammar.possessify("the users", "dog", plural=True) == "the users' dog"
    assert grammar.possessify_long("plaintiff", "dog") == "the dog of the plaintiff"


def test_prefixes_go_before_a_noun() -> None:
    assert grammar.your("dog", capitalize=True) == "Your dog"
    assert grammar.a_in_the_b("cat", "hat") == "cat in the hat"
    assert grammar.do_you("go") == "do you go"


def test_another_languages_function_takes_the_place_of_the_english_one(run: Run) -> None:
    update_language_function("xx", "comma_and_list", lambda *items, **_: "+".join(items))
    try:
        run.language = "xx"
        assert grammar.comma_and_list("a", "b") == "a+b"
        run.language = "en"
        assert grammar.comma_and_list("a", "b") == "a and b"
    finally:
        REPLACED._functions.clear()


def test_one_call_can_speak_another_language(run: Run) -> None:
    update_word_collection("es", {"and": "y", "her": "su"})
    assert grammar.comma_and_list("a", "b", language="es") == "a y b"
    assert grammar.her("casa", language="es") == "su casa"
    assert numbers.nice_number(3, language="es") == "tres"
    assert numbers.ordinal(0, language="fr", capitalize=True) == "Premier"
    assert DAList("things", elements=[1, 2]).number_as_word(language="de") == "zwei"
    assert (run.language, grammar.comma_and_list("a", "b")) == ("en", "a and b")
    with pytest.raises(ValueError, match="could not convert"):
        numbers.nice_number("soon", language="es")
    assert run.language == "en"


@pytest.mark.parametrize(
    ("verb", "person", "present", "past"),
    [("is", 3, "is", "was"), ("is", 2, "are", "were"), ("were", "1", "am", "was"), ("walked", 3, "walks", "walked")],
)
def test_a_person_may_be_a_number(verb: str, person: str | int, present: str, past: str) -> None:
    assert grammar.verb_present(verb, person) == present
    assert grammar.verb_past(verb, person) == past


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("casa", "casas"), ("café", "cafés"), ("rubí", "rubíes"), ("ciudad", "ciudades"), ("luz", "luces"),
        ("canción", "canciones"), ("francés", "franceses"), ("país", "países"), ("examen", "exámenes"),
        ("árbol", "árboles"), ("lunes", "lunes"), ("padre", "padres"), ("viaje", "viajes"), ("reloj", "relojes"),
        ("clase", "clases"), ("mes", "meses"), ("Deudor", "Deudores"), ("orden de pago", "órdenes de pago"),
    ],
)  # fmt: skip
def test_nouns_in_spanish_follow_spanish_rules(run: Run, one: str, many: str) -> None:
    run.language = "es"
    assert grammar.noun_plural(one) == many
    assert grammar.noun_plural(many) == many
    assert grammar.noun_singular(many) == one
    assert grammar.noun_singular(one) == one
    assert grammar.noun_plural(many, 1) == one


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (lambda: grammar.the("casa"), "la casa"),
        (lambda: grammar.the("perros", capitalize=True), "Los perros"),
        (lambda: grammar.the("problema"), "el problema"),
        (lambda: grammar.the("agua"), "el agua"),
        (lambda: grammar.the("manos"), "las manos"),
        (lambda: grammar.your("cuentas"), "sus cuentas"),
        (lambda: grammar.her("hijo"), "su hijo"),
        (lambda: grammar.these("solicitudes"), "estas solicitudes"),
        (lambda: grammar.this("ciudad"), "esta ciudad"),
        (lambda: grammar.some("documentos"), "algunos documentos"),
        (lambda: grammar.of_the("tribunal"), "del tribunal"),
        (lambda: grammar.of_the("corte"), "de la corte"),
        (lambda: grammar.a_in_the_b("audiencia", "corte"), "audiencia en la corte"),
        (lambda: grammar.indefinite_article("petición"), "una petición"),
        (lambda: grammar.possessify("Juan", "casa"), "la casa de Juan"),
        (lambda: grammar.possessify("el demandante", "casa"), "la casa del demandante"),
        (lambda: grammar.possessify("El Salvador", "gobierno"), "el gobierno de El Salvador"),
        (lambda: grammar.possessify_long("demandante", "casa"), "la casa del demandante"),
        (lambda: grammar.the("ex esposa"), "la ex esposa"),
        (lambda: grammar.the("ex-mujer"), "la ex-mujer"),
        (lambda: grammar.the("ex esposos"), "los ex esposos"),
        (lambda: grammar.of_the("ex marido"), "del ex marido"),
        (lambda: grammar.the("futura madre"), "la futura madre"),
        (lambda: grammar.indefinite_article("gran casa"), "una gran casa"),
        (lambda: grammar.the("mejores amigas"), "las mejores amigas"),
        (lambda: grammar.the("menor de edad"), "el menor de edad"),
        (lambda: grammar.the("aguas"), "las aguas"),
    ],
)
def test_what_stands_before_a_spanish_noun_agrees_with_it(run: Run, said: Callable[[], str], expected: str) -> None:
    run.language = "es"
    assert said() == expected


def test_what_an_author_says_in_spanish_wins_over_our_rules(run: Run) -> None:
    run.language = "es"
    update_word_collection("es", {"the": "lo"})
    assert grammar.the("mejor") == "lo mejor"


def test_numbers_and_nouns_agree_in_spanish(run: Run) -> None:
    run.language = "es"
    assert grammar.quantity_noun(3, "hijo") == "tres hijos"
    assert grammar.quantity_noun(25, "canción") == "25 canciones"


def test_a_noun_between_two_others(run: Run) -> None:
    assert grammar.a_preposition_b("letter", "door", preposition="at the") == "letter at the door"
    assert grammar.a_preposition_b("letter", "box", capitalize=True) == "Letter in the box"
    assert grammar.these("houses") == "these houses"
    assert grammar.these("houses", capitalize=True) == "These houses"
