"""Numbers as texts: words, ordinals, money, labels of list items (spec/area4 §7.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.core import UnknownLocaleError
from babel.numbers import format_currency, format_decimal, get_currency_symbol, get_territory_currencies

from shared.interview.library.languages import (
    by_language,
    get_language,
    get_locale_name,
    overridden_convention,
    update_language_function,
    word,
)

__all__ = [
    "alpha",
    "currency",
    "currency_symbol",
    "item_label",
    "name_suffix",
    "nice_number",
    "ordinal",
    "ordinal_number",
    "period_list",
    "roman",
    "update_nice_numbers",
    "update_ordinal_function",
    "update_ordinal_numbers",
]

_PLACE = "\ue000"
"""Stands for the symbol in a pattern: whatever letters it has, they are no part of the pattern."""
_CARDINALS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ORDINALS = ("zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
    (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip


class OwnNumbers:
    """Words for numbers in other languages, given by authors' modules when they are imported."""

    def __init__(self) -> None:
        self._words: dict[tuple[str, str], dict[str, str]] = {}

    def put(self, kind: str, language: str, words: Mapping[Any, str]) -> None:
        """Take over words by their numbers."""
        self._words.setdefault((kind, language), {}).update((str(number), text) for number, text in words.items())

    def find(self, kind: str, language: str, number: float) -> str | None:
        """The word for a number, of the language or of all languages (`*`)."""
        for own in (language, "*"):
            if found := self._words.get((kind, own), {}).get(str(number)):
                return found
        return None


OWN = OwnNumbers()
"""One table per process, like the modules that fill it when they are imported."""


def update_nice_numbers(language: str, words: Mapping[Any, str]) -> None:
    """Add words for numbers in a language to those `nice_number()` knows: `{'11': 'once', '12': 'doce'}`."""
    OWN.put("cardinal", language, words)


def update_ordinal_numbers(language: str, words: Mapping[Any, str]) -> None:
    """Add words to those `ordinal_number()` knows: `{'1': 'primera', '2': 'segunda'}`."""
    OWN.put("ordinal", language, words)


def update_ordinal_function(language: str, function: Callable[..., str]) -> None:
    """Have a language's ordinals made by a function that is given the number: 1 is the first."""
    update_language_function(language, "ordinal_number", lambda number, **_: function(int(number_of(number))))


def number_of(value: Any) -> float | int:
    """A number, the number a text stands for, or how many things a collection has. Raises ValueError, TypeError."""
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, str):
        number = float(value.replace(",", ""))
        return int(number) if number.is_integer() else number
    if hasattr(value, "__len__"):
        return len(value)
    return float(value)


@by_language
def nice_number(number: Any, *, use_word: bool | None = None, capitalize: bool = False, **_: Any) -> str:
    """Zero to ten as a word, other numbers in digits with grouping. `use_word` decides for any whole number."""
    value = number_of(number)
    whole = round(value) if float(value) == round(value) else None
    own = OWN.find("cardinal", get_language(), value if whole is None else whole) if use_word is not False else None
    if own is not None:
        text = own
    elif whole is not None and (use_word or (use_word is None and 0 <= whole < len(_CARDINALS))):
        language = get_language()
        text = _CARDINALS[whole] if language == "en" and 0 <= whole < len(_CARDINALS) else _in_words(whole, language)
        text = word(text)
    else:
        text = format_decimal(value if whole is None else whole, locale=_babel_locale())
    return text[:1].upper() + text[1:] if capitalize else text


def _in_words(number: int, language: str, form: str = "cardinal") -> str:
    from num2words import num2words  # languages for numbers beyond the first few, which most interviews never write

    try:
        return str(num2words(number, lang=language, to=form))
    except (NotImplementedError, OverflowError):
        return str(number)


@by_language
def ordinal_number(number: Any, *, use_word: bool | None = None, capitalize: bool = False, **_: Any) -> str:
    """`first` for 1; words up to tenth, then `11th`. `use_word` forces or forbids the word."""
    value = int(number_of(number))
    language = get_language()
    own = OWN.find("ordinal", language, value) if use_word is not False else None
    if use_word is None:
        use_word = 0 <= value < len(_ORDINALS)
    if own is not None:
        text = own
    elif not use_word:
        text = _in_words(value, language, "ordinal_num")
    elif language == "en" and 0 <= value < len(_ORDINALS):
        text = _ORDINALS[value]
    else:
        text = _in_words(value, language, "ordinal")
    return text[:1].upper() + text[1:] if capitalize else text


@by_language
def ordinal(index: Any, **options: Any) -> str:
    """The place of an index that counts from zero: `ordinal(0)` is `first`."""
    return str(ordinal_number(int(number_of(index)) + 1, **options))


@by_language
def currency(
    value: Any,
    *,
    decimals: bool = True,
    symbol: str | None = None,
    symbol_precedes: bool | None = None,
    **_: Any,
) -> str:
    """An amount of money in the manner of the locale, `$1,234.50`; an empty text for what is no number."""
    try:
        if not isinstance(value, int | float | Decimal) and hasattr(type(value), "__float__"):
            value = float(value)
        amount = Decimal(str(value).replace(",", "")) if not isinstance(value, bool) else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite():
        return ""
    locale, unit = _babel_locale(), _currency_code()
    symbol = overridden_convention("currency_symbol") if symbol is None else symbol
    pattern = _pattern_of_money(locale, decimals=decimals, symbol_precedes=symbol_precedes)
    if symbol is None:
        return str(format_currency(amount, unit, format=pattern, locale=locale, currency_digits=decimals))
    shown = format_currency(amount, unit, format=pattern.replace("¤", _PLACE), locale=locale, currency_digits=False)
    return str(shown).replace(_PLACE, str(symbol)).strip()


def _pattern_of_money(locale: Locale, *, decimals: bool, symbol_precedes: bool | None) -> str:
    """The locale's pattern for amounts, without decimals if they are unwanted, the symbol on the side it is wanted."""
    pattern = str(locale.currency_formats["standard"].pattern).partition(";")[0]
    if symbol_precedes is not None and symbol_precedes is not _symbol_precedes(locale):
        number = pattern.replace("¤", "").strip(" \xa0\u200f\u200e")
        pattern = f"¤{number}" if symbol_precedes else f"{number}\xa0¤"
    return pattern if decimals else pattern.replace(".00", "")


@by_language
def currency_symbol(**_: Any) -> str:
    """The sign of the locale's money."""
    own = overridden_convention("currency_symbol")
    return str(own) if own is not None else str(get_currency_symbol(_currency_code(), locale=_babel_locale()))


def _symbol_precedes(locale: Locale) -> bool:
    pattern = locale.currency_formats["standard"].pattern
    return bool(pattern.find("¤") < pattern.find("#"))


def _babel_locale() -> Locale:
    return _locale_named(get_locale_name().partition(".")[0])


@lru_cache(maxsize=200)
def _locale_named(name: str) -> Locale:
    try:
        return Locale.parse(name)
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_US")


def _currency_code() -> str:
    return _currency_of(_babel_locale().territory or "US")


@lru_cache(maxsize=200)
def _currency_of(territory: str) -> str:
    return next(iter(get_territory_currencies(territory)), "USD")


def alpha(index: Any, *, case: str | None = None, **_: Any) -> str:
    """The letter of an index that counts from zero: A, B … Z, AA; `case="lower"` for small letters."""
    number, text = int(index) + 1, ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text.lower() if case == "lower" else text


def roman(index: Any, *, case: str | None = None, **_: Any) -> str:
    """The Roman numeral of an index that counts from zero: `roman(0)` is `I`."""
    number, text = int(index) + 1, ""
    for value, letters in _ROMAN:
        count, number = divmod(number, value)
        text += letters * count
    return text.lower() if case == "lower" else text


def item_label(index: Any, level: int | None = None, punctuation: bool = True) -> str:
    """The label of a list item at a level of an outline: `I.`, `A.`, `1.`, `a)`, `(1)`, `(a)`, `i)`."""
    number = int(index)
    plain = str(number + 1)
    shapes = (
        (roman(number), "%s."),
        (alpha(number), "%s."),
        (plain, "%s."),
        (alpha(number, case="lower"), "%s)"),
        (plain, "(%s)"),
        (alpha(number, case="lower"), "(%s)"),
        (roman(number, case="lower"), "%s)"),
    )
    label, shape = shapes[min(max(int(level or 0), 0), len(shapes) - 1)]
    return shape % label if punctuation else label


@by_language
def period_list(**_: Any) -> list[list[Any]]:
    """Choices for how often something is paid: times a year, and what it is called."""
    return [
        [12, word("Per Month")],
        [1, word("Per Year")],
        [52, word("Per Week")],
        [24, word("Twice Per Month")],
        [26, word("Every Two Weeks")],
    ]


@by_language
def name_suffix(**_: Any) -> list[str]:
    """Choices for what follows a name."""
    return ["Jr", "Sr", "II", "III", "IV", "V", "VI"]
