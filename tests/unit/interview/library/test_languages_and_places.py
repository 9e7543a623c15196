"""Language, country and their lists."""

from shared.contracts.visitor import RequestFacts
from shared.interview.library import languages, phones, places
from shared.interview.runtime.run import Run, running
from tests.unit.interview.library.being_asked import make_run


def test_a_word_is_looked_up_and_truth_values_have_words(run: Run) -> None:
    assert languages.word("This field is required.") == "You need to fill this in."
    assert [languages.word(value) for value in (True, False, None)] == ["yes", "no", "I don't know"]
    assert languages.word("continue", capitalize=True) == "Continue"


def test_the_language_set_is_the_runs_own(run: Run) -> None:
    languages.update_word_collection("es", {"Continue": "Adelante"})
    languages.set_language("es", dialect="mx")
    assert (languages.get_language(), languages.get_dialect()) == ("es", "mx")
    assert languages.word("Continue") == "Adelante"
    with running(make_run()):
        assert languages.get_language() == "en"
        assert languages.word("Continue", language="es") == "Continuar"


def test_the_browsers_wishes_are_taken_in_their_order() -> None:
    request = RequestFacts(headers={"Accept-Language": "fr-CH;q=0.8, es;q=0.9, en;q=0.1"})
    with running(make_run(request=request)):
        assert languages.language_from_browser() == "es"
        assert languages.language_from_browser("en", "fr") == "fr"
        assert languages.language_from_browser("de") is None


def test_states_are_those_of_the_runs_country(run: Run) -> None:
    assert places.states_list()["MA"] == "Massachusetts"
    assert next(iter(places.states_list())) == "AL"
    languages.set_country("CA")
    assert places.states_list()["ON"] == "Ontario"
    assert places.subdivision_type("US") == "State"
    assert places.states_list("US", abbreviate=True)["NY"] == "NY"


def test_names_of_places(run: Run) -> None:
    assert places.state_name("ma") == "Massachusetts"
    assert places.state_name("Nowhere") == "Nowhere"
    assert places.country_name("US") == "United States"
    assert {"US": "United States"} in places.countries_list()


def test_telephone_numbers_are_judged_in_their_country(run: Run) -> None:
    assert phones.phone_number_is_valid("617-555-0100")
    assert not phones.phone_number_is_valid("12")
    assert phones.phone_number_in_e164("(215) 555-2342") == "+12155552342"
    assert phones.phone_number_in_e164("no number") is None
    assert phones.phone_number_formatted("2155552342") == "(215) 555-2342"
    assert [phones.phone_number_part("2155552342", part) for part in range(4)] == ["215", "555", "2342", ""]
