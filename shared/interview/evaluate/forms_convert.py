"""From what a browser posted to values of Python, by datatype (spec/area4 §5.4). Nothing here evaluates text.

What a person typed is data: text loses its tags and backslashes, so that no later page can take it for HTML.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from dateutil import parser as date_parser
from dateutil import tz

from shared.kernel.plain_text import strip_markup

BAD_NUMBER = "You need to enter a valid number."
BAD_DATE = "You need to enter a valid date."

BOOLEAN = frozenset({"boolean", "yesno", "noyes", "yesnowide", "noyeswide", "yesnoradio", "noyesradio"})
THREE_STATE = frozenset({"threestate", "yesnomaybe", "noyesmaybe"})
WHOLE = frozenset({"integer"})
DECIMAL = frozenset({"number", "float", "currency", "range"})
DATES = frozenset({"date", "datetime", "datetime-local"})
FILES = frozenset({"file", "files", "camera", "user", "environment", "camcorder", "microphone"})
OBJECTS = frozenset({"object", "object_radio"})
OBJECT_LISTS = frozenset({"object_checkboxes", "object_multiselect"})
BOX_DICTIONARIES = frozenset({"checkboxes", "multiselect"})
VERBATIM = frozenset({"raw", "password"})

_TRUTH = {"True": True, "False": False}


class ConversionRefused(ValueError):
    """What was typed does not fit the datatype; the message is for the person who typed it."""


def convert(datatype: str, text: str, *, timezone: str, make_date: Callable[[Any], Any]) -> Any:
    """The value of one posted text. Raises ConversionRefused with a message for the page.

    `make_date` makes a date of the library (`DADateTime`) of an aware datetime.
    """
    if datatype in BOOLEAN or datatype in THREE_STATE:
        return _TRUTH.get(text)
    if datatype in WHOLE:
        return _whole(text)
    if datatype in DECIMAL:
        return _decimal(text)
    if datatype in DATES:
        return "" if not text.strip() else make_date(_moment(text, timezone))
    if datatype == "time":
        return "" if not text.strip() else _moment(text, timezone).time()
    if datatype in VERBATIM:
        return text
    return strip_markup(text.replace("\r\n", "\n"))


def _whole(text: str) -> int:
    text = text.replace(",", "").strip()
    if text in {"", "None"}:
        return 0
    try:
        return int(text)
    except ValueError:
        return _whole_of_decimal(text)


def _whole_of_decimal(text: str) -> int:
    """`12.0` is a whole number too, as some browsers post it."""
    try:
        value = float(text)
    except ValueError as error:
        raise ConversionRefused(BAD_NUMBER) from error
    if not math.isfinite(value) or value != int(value):
        raise ConversionRefused(BAD_NUMBER)
    return int(value)


def _decimal(text: str) -> float:
    text = text.replace(",", "").replace("%", "").strip()
    if text in {"", "None"}:
        return 0.0
    try:
        value = float(text)
    except ValueError as error:
        raise ConversionRefused(BAD_NUMBER) from error
    if not math.isfinite(value):
        raise ConversionRefused(BAD_NUMBER)
    return value


def _moment(text: str, timezone: str) -> Any:
    try:
        moment = date_parser.parse(text.strip())
    except (ValueError, OverflowError, TypeError) as error:
        raise ConversionRefused(BAD_DATE) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=tz.gettz(timezone) or tz.UTC)
