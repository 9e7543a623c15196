"""Numbers as texts: words, ordinals, money, labels of list items (spec/area4 §7.5)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.core import UnknownLocaleError
from babel.numbers import format_currency, format_decimal, get_currency_symbol, get_territory_currencies
from num2words import num2words

from shared.interview.library.languages import by_language, get_language, get_locale_name, overridden_convention, word

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
]

_CARDINALS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ORDINALS = ("zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
    (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip


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
    if whole is not None and (use_word or (use_word is None and 0 <= whole < len(_CARDINALS))):
        language = get_language()
        text = _CARDINALS[whole] if language == "en" and 0 <= whole < len(_CARDINALS) else _in_words(whole, language)
        text = word(text)
    else:
        text = format_decimal(value if whole is None else whole, locale=_babel_locale())
    return text[:1].upper() + text[1:] if capitalize else text


def _in_words(number: int, language: str, form: str = "cardinal") -> str:
    try:
        return str(num2words(number, lang=language, to=form))
    except (NotImplementedError, OverflowError):
        return str(number)


@by_language
def ordinal_number(number: Any, *, use_word: bool | None = None, capitalize: bool = False, **_: Any) -> str:
    """`first` for 1; words up to tenth, then `11th`. `use_word` forces or forbids the word."""
    value = int(number_of(number))
    language = get_language()
    if use_word is None:
        use_word = 0 <= value < len(_ORDINALS)
    if not use_word:
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
    digits = "#,##0.00" if decimals else "#,##0"
    if symbol is None and symbol_precedes is None:
        pattern = locale.currency_formats["standard"].pattern if decimals else None
        if pattern is not None:
            return str(format_currency(amount, unit, locale=locale))
    shown = symbol if symbol is not None else get_currency_symbol(unit, locale=locale)
    number = format_decimal(abs(amount), format=digits, locale=locale)
    precedes = symbol_precedes if symbol_precedes is not None else _symbol_precedes(locale)
    sign = "-" if amount < 0 else ""
    return f"{sign}{shown}{number}" if precedes else f"{sign}{number} {shown}"


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


def period_list() -> list[list[Any]]:
    """Choices for how often something is paid: times a year, and what it is called."""
    return [
        [12, word("Per Month")],
        [1, word("Per Year")],
        [52, word("Per Week")],
        [24, word("Twice Per Month")],
        [26, word("Every Two Weeks")],
    ]


def name_suffix() -> list[str]:
    """Choices for what follows a name."""
    return ["Jr", "Sr", "II", "III", "IV", "V", "VI"]
