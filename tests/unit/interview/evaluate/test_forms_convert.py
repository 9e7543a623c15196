"""What a browser posted becomes values, by datatype; what a person typed can never become markup (spec/area4 §5.4)."""

from __future__ import annotations

import datetime
from typing import Any

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.interview.evaluate.forms_convert import BAD_DATE, BAD_NUMBER, ConversionRefused, convert, strip_markup


def converted(datatype: str, text: str) -> Any:
    return convert(datatype, text, timezone="Europe/Berlin", make_date=lambda moment: moment)


@pytest.mark.parametrize(
    ("datatype", "text", "value"),
    [
        ("boolean", "True", True),
        ("boolean", "False", False),
        ("threestate", "None", None),
        ("integer", "1,234", 1234),
        ("integer", "", 0),
        ("integer", "12.0", 12),
        ("integer", "-3", -3),
        ("number", "3.5%", 3.5),
        ("currency", "1,000.25", 1000.25),
        ("currency", "", 0.0),
        ("range", "7", 7.0),
        ("text", "  hello ", "hello"),
        ("text", "", ""),
        ("text", "None", "None"),
        ("text", "a\\b", "ab"),
        ("area", "one\r\ntwo", "one\ntwo"),
        ("email", "a@b.c", "a@b.c"),
        ("raw", "<b>x</b> \\", "<b>x</b> \\"),
        ("date", "", ""),
    ],
)
def test_values_by_datatype(datatype: str, text: str, value: object) -> None:
    assert converted(datatype, text) == value


def test_dates_are_aware() -> None:
    moment = converted("date", "2026-05-05")
    assert (moment.year, moment.month, moment.day) == (2026, 5, 5)
    assert moment.utcoffset() == datetime.timedelta(hours=2)


def test_times_are_times() -> None:
    assert converted("time", "13:45") == datetime.time(13, 45)


@pytest.mark.parametrize("text", ["abc", "1.5", "1e400", "nan", "--1"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(ConversionRefused, match=BAD_NUMBER):
        converted("integer", text)


@pytest.mark.parametrize("text", ["abc", "inf", "nan", "1.2.3"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ConversionRefused, match=BAD_NUMBER):
        converted("number", text)


@pytest.mark.parametrize("text", ["tomorrow-ish", "2026-13-45", "99999999999999"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ConversionRefused, match=BAD_DATE):
        converted("date", text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("<b>Ann</b>", "Ann"),
        ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
        ("AT&T &lt;b&gt;", "AT&T &lt;b&gt;"),
        ("I <3 you", "I <3 you"),
        ("<script>alert(1)</script>hi", "hi"),
        ("<\\script>alert(1)</script>", ""),
        ("x<y", "x< y"),
        ("<", "< "),
        ("<<b>script>alert(1)<<b>/script>", ""),
        ("<" * 50 + "b>" * 50, "<" * 42 + " " + "b>" * 42),
    ],
)
def test_markup_goes_and_everything_else_stays(typed: str, kept: str) -> None:
    assert strip_markup(typed) == kept


@given(st.lists(st.text(alphabet="<>/!ab \\&;\"'=", max_size=12), min_size=1, max_size=4))
def test_typed_texts_never_make_a_tag_not_even_together(typed: list[str]) -> None:
    together = "".join(strip_markup(text) for text in typed)
    assert "<" not in nh3.clean(together, tags={"a", "b"}, attributes={"a": {"*"}})
