"""Countries and their parts, for choices and for addresses (spec/area4 §7.5). Data of pycountry."""

from __future__ import annotations

from typing import Any, cast

import pycountry
from babel import Locale, UnknownLocaleError

from shared.interview.library.languages import get_country, get_language, word

__all__ = ["countries_list", "country_name", "state_name", "states_list", "subdivision_type"]


def countries_list() -> list[dict[str, str]]:
    """Choices of countries: a dictionary of code and name each, by name."""
    pairs = sorted(((country.alpha_2, country_name(country.alpha_2)) for country in pycountry.countries), key=_by_name)
    return [{code: name} for code, name in pairs]


def _by_name(pair: tuple[str, str]) -> str:
    return pair[1].casefold()


def country_name(code: Any, language: str | None = None) -> str:
    """What a country is called in the language of the run; an unknown code comes back as it is."""
    if not code:
        return ""
    text = str(code).upper()
    try:
        name = Locale.parse((language or get_language()).replace("-", "_")).territories.get(text)
    except (UnknownLocaleError, ValueError):
        name = None
    country = pycountry.countries.get(alpha_2=text) if len(text) == 2 else pycountry.countries.get(alpha_3=text)
    if country is None:
        return str(code)
    if get_language() == "en" or name is None:
        return word(getattr(country, "common_name", country.name))
    return str(name)


def _parts_of(country: str) -> list[Any]:
    return cast(list[Any], pycountry.subdivisions.get(country_code=country)) or []  # type: ignore[no-untyped-call]


def states_list(country_code: str | None = None, abbreviate: bool = False) -> dict[str, str]:
    """Choices of the parts of a country: name by code, by name. Without an argument, of the run's country."""
    country = (country_code or get_country()).upper()
    parts = [part for part in _parts_of(country) if part.parent_code is None]
    pairs = [(part.code.partition("-")[2], word(part.name)) for part in parts]
    return {code: code if abbreviate else name for code, name in sorted(pairs, key=_by_name)}


def state_name(code: Any, country_code: str | None = None) -> str:
    """What a part of a country is called; an unknown code comes back as it is."""
    country = (country_code or get_country()).upper()
    wanted = f"{country}-{str(code).upper()}"
    part = next((part for part in _parts_of(country) if part.code == wanted), None) if code else None
    return word(part.name) if part is not None else str(code)


def subdivision_type(country_code: str | None = None) -> str | None:
    """What the parts of a country are called, e.g. `State` or `Province`: the most frequent kind."""
    country = (country_code or get_country()).upper()
    counts: dict[str, int] = {}
    for part in _parts_of(country):
        if part.parent_code is None:
            counts[part.type] = counts.get(part.type, 0) + 1
    return word(max(counts, key=lambda kind: counts[kind])) if counts else None
