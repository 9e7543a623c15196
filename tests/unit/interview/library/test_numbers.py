"""Numbers as texts."""

from decimal import Decimal

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
