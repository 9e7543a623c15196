"""Telephone numbers."""

from __future__ import annotations

from typing import Any

import phonenumbers

from shared.interview.library.languages import get_country

__all__ = ["phone_number_formatted", "phone_number_in_e164", "phone_number_is_valid", "phone_number_part"]


def _parsed(number: Any, country: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(str(number), (country or get_country()).upper())
    except phonenumbers.NumberParseException:
        return None


def phone_number_is_valid(number: Any, country: str | None = None) -> bool:
    """Whether this is a number somebody could be called under."""
    parsed = _parsed(number, country)
    return parsed is not None and phonenumbers.is_valid_number(parsed)


def phone_number_in_e164(number: Any, country: str | None = None) -> str | None:
    """The number in international form, `+16175550100`, or None when it is no number."""
    parsed = _parsed(number, country)
    return None if parsed is None else str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def phone_number_formatted(number: Any, country: str | None = None) -> str | None:
    """The number as it is written in its country, or None when it is no number."""
    parsed = _parsed(number, country)
    if parsed is None:
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL))


def phone_number_part(number: Any, part: int, country: str | None = None) -> str:
    """One of the groups of digits of a number, counted from 0; nothing when there is none."""
    written = phone_number_formatted(number, country)
    groups = [] if written is None else [group for group in _groups(written) if group]
    return groups[part] if 0 <= part < len(groups) else ""


def _groups(written: str) -> list[str]:
    return "".join(letter if letter.isdigit() else " " for letter in written).split()
