"""Numbers as texts."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from shared.interview.library import numbers
from shared.interview.library.languages import set_locale
from shared.interview.runtime.run import Run


def test_an_ordinal_counts_from_zero_and_its_number_from_one() -> None:
    assert [numbers.ordinal(index) for index in (0, 1, 9, 10, 20)] == ["first", "second", "tenth", "11th", "21st"]
    assert numbers.ordinal_number(1) == "first"
    assert numbers.ordinal_number(3, use_word=False) == "3rd"
    assert numbers.ordinal_number(11, use_word=True) == "eleventh"
    assert numbers.ordinal(0, capitalize=True) == "First"


def test_small_whole_numbers_are_words_and_others_are_grouped_digits() -> None:
    assert [numbers.nice_number(number) for number in (0, 1, 10, 11)] == ["zero", "one", "ten", "11"]
    assert numbers.nice_number(1234567) == "1,234,567"
    assert numbers.nice_number(2.5) == "2.5"
    assert numbers.nice_number(12, use_word=True) == "twelve"
    assert numbers.nice_number(4, use_word=False) == "4"


def test_money_has_the_symbol_grouping_and_two_decimals() -> None:
    assert numbers.currency(1234.5) == "$1,234.50"
    assert numbers.currency(Decimal("410")) == "$410.00"
    assert numbers.currency(43, decimals=False) == "$43"
    assert numbers.currency(12, symbol="€") == "€12.00"
    assert numbers.currency(-3) == "-$3.00"


def test_what_is_no_number_is_no_money() -> None:
    assert numbers.currency("soon") == ""
    assert numbers.currency(None) == ""


def test_money_follows_the_locale_of_the_run(run: Run) -> None:
    set_locale("de_DE.utf8")
    assert numbers.currency(1234.5) == "1.234,50\xa0€"
    assert numbers.currency_symbol() == "€"


def test_labels_of_outlines() -> None:
    assert [numbers.alpha(index) for index in (0, 25, 26)] == ["A", "Z", "AA"]
    assert [numbers.roman(index) for index in (0, 3, 8)] == ["I", "IV", "IX"]
    assert [numbers.item_label(1, level) for level in range(7)] == ["II.", "B.", "2.", "b)", "(2)", "(b)", "ii)"]
    assert numbers.item_label(0, 3, punctuation=False) == "a"


def test_periods_are_times_a_year_and_their_names() -> None:
    assert numbers.period_list()[0] == [12, "Per Month"]
    assert [number for number, _ in numbers.period_list()] == [12, 1, 52, 24, 26]


@pytest.mark.parametrize(
    ("locale", "whole", "rounded", "owed"),
    [
        ("en_US", "$1,234.50", "$1,234", "-$3.00"),
        ("en_GB.utf8", "£1,234.50", "£1,234", "-£3.00"),
        ("de_DE", "1.234,50\xa0€", "1.234\xa0€", "-3,00\xa0€"),
        ("fr_FR", "1\u202f234,50\xa0€", "1\u202f234\xa0€", "-3,00\xa0€"),
        ("pt_BR", "R$\xa01.234,50", "R$\xa01.234", "-R$\xa03,00"),
        ("en_IN", "₹1,234.50", "₹1,234", "-₹3.00"),
        ("zz_ZZ", "$1,234.50", "$1,234", "-$3.00"),
    ],
)
def test_money_in_the_manner_of_each_locale(run: Run, locale: str, whole: str, rounded: str, owed: str) -> None:
    set_locale(locale)
    assert (numbers.currency(1234.5), numbers.currency(1234.5, decimals=False), numbers.currency(-3)) == (
        whole,
        rounded,
        owed,
    )


def test_money_without_a_place_behind_the_point_has_none(run: Run) -> None:
    set_locale("ja_JP")
    assert numbers.currency(1234) == numbers.currency(1234, decimals=False) == "￥1,234"


def test_the_symbol_stands_where_it_is_wanted(run: Run) -> None:
    assert numbers.currency(12.5, symbol="kr", symbol_precedes=False) == "12.50\xa0kr"
    assert numbers.currency(12.5, symbol="") == "12.50"
    assert numbers.currency(12.5, symbol="'") == "'12.50"
    set_locale("de_DE")
    assert numbers.currency(5, symbol="$", symbol_precedes=True) == "$5,00"
    set_locale(currency_symbol="EUR")
    assert (numbers.currency(5), numbers.currency_symbol()) == ("5,00\xa0EUR", "EUR")


def test_numbers_are_spoken_in_other_languages(run: Run) -> None:
    run.language = "es"
    assert (numbers.nice_number(3), numbers.nice_number(12), numbers.ordinal(2)) == ("tres", "12", "tercero")
    run.language = "fr"
    assert (numbers.nice_number(8), numbers.ordinal_number(1)) == ("huit", "premier")
    run.language = "de"
    assert numbers.nice_number(12, use_word=True) == "zwölf"


@pytest.fixture
def latin() -> Iterator[None]:
    """Words for numbers in Latin, as an author's module brings them."""
    numbers.update_nice_numbers("la", {"11": "undecim", 2.5: "duo et dimidium"})
    numbers.update_ordinal_numbers("la", {"1": "primus", 12: "duodecimus"})
    numbers.update_ordinal_function("gl", lambda number: f"{number}º")
    yield
    numbers.OWN = numbers.OwnNumbers()


@pytest.mark.usefixtures("latin")
def test_authors_bring_words_for_numbers(run: Run) -> None:
    run.language = "la"
    assert (numbers.nice_number(11), numbers.nice_number(2.5), numbers.nice_number(11, use_word=False)) == (
        "undecim",
        "duo et dimidium",
        "11",
    )
    assert (numbers.ordinal(0), numbers.ordinal_number(12, capitalize=True)) == ("primus", "Duodecimus")
    run.language = "gl"
    assert (numbers.ordinal(4), numbers.ordinal_number("3")) == ("5º", "3º")
