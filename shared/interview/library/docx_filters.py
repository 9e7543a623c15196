"""The filters of Word templates that are functions of the library, by the name they have there (spec/area4 §9.3)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from jinja2.runtime import Undefined

from shared.interview.library import dates, grammar, languages, numbers, phones, places, plain_text

_BY_MODULE = (
    (dates, "day_of dow_of format_date format_datetime format_time month_of year_of"),
    (
        grammar,
        "add_separators capitalize comma_and_list comma_list fix_punctuation indefinite_article noun_plural "
        "noun_singular possessify quantity_noun title_case verb_past verb_present",
    ),
    (languages, "language_name word"),
    (
        numbers,
        "alpha currency item_label nice_number ordinal ordinal_number roman",
    ),
    (phones, "phone_number_formatted phone_number_in_e164 phone_number_part"),
    (places, "country_name state_name"),
    (
        plain_text,
        "indent noyes quote_paragraphs redact single_paragraph single_to_double_newlines space_to_underscore "
        "underscore_to_space verbatim yesno",
    ),
)


_OF_NO_VALUE = (numbers, "currency_symbol name_suffix period_list")
"""Functions without a value, which are filters all the same: whatever stands before them counts for nothing."""


def _asking(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as a filter: a value that is missing is sought; one that is skipped stays nothing."""

    def filtered(value: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(value, Undefined):
            return str(value)  # raises what is to be sought
        return function(value, *arguments, **options)

    return filtered


def _alone(function: Callable[..., Any]) -> Callable[..., Any]:
    def filtered(_: Any, *__: Any, **options: Any) -> Any:
        return function(**options)

    return filtered


def _chain(*iterables: Any) -> Any:
    return itertools.chain(*iterables)


FILTERS: dict[str, Callable[..., Any]] = {
    name: _asking(getattr(module, name)) for module, names in _BY_MODULE for name in names.split()
} | {
    **{name: _alone(getattr(_OF_NO_VALUE[0], name)) for name in _OF_NO_VALUE[1].split()},
    "chain": _chain,
    "any": any,
    "all": all,
    "ampersand_filter": _asking(str),  # what is special to XML is seen to for every value
    "nodoublequote": _asking(lambda text: str(text).replace('"', "'")),
}
