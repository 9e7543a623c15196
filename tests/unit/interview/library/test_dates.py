"""Dates and spans."""

import datetime
import pickle

import pytest

from shared.interview.library import dates
from shared.interview.runtime.run import Run


def test_a_date_prints_in_the_long_form_of_the_language(run: Run) -> None:
    assert str(dates.as_datetime("1989-04-01")) == "April 1, 1989"
    run.language = "es"
    assert str(dates.as_datetime("1989-04-01")) == "1 de abril de 1989"


def test_a_date_understood_from_text_is_aware_in_the_servers_time_zone(run: Run) -> None:
    moment = dates.as_datetime("5/17/2016 14:30")
    assert (moment.hour, str(moment.tzinfo)) == (14, "America/New_York")
    assert str(dates.as_datetime("2016-05-17", timezone="Asia/Tokyo").tzinfo) == "Asia/Tokyo"


def test_later_and_earlier(run: Run) -> None:
    moment = dates.as_datetime("2024-01-31")
    assert str(moment.plus(weeks=1)) == "February 7, 2024"
    assert str(moment.plus(months=1)) == "February 29, 2024"
    assert str(moment.minus(years=1, days=1)) == "January 30, 2023"
    assert isinstance(moment.plus(days=1), dates.DADateTime)
    assert isinstance(moment + dates.date_interval(days=1), dates.DADateTime)


def test_parts_of_a_date(run: Run) -> None:
    assert dates.year_of("1989-04-01") == 1989
    assert (dates.month_of("1989-04-01"), dates.month_of("1989-04-01", as_word=True)) == (4, "April")
    assert (dates.dow_of("1989-04-01"), dates.dow_of("1989-04-01", as_word=True)) == (6, "Saturday")
    assert dates.day_of("no date") == "___"


def test_a_difference_holds_the_whole_span_in_every_unit(run: Run) -> None:
    span = dates.date_difference(starting=dates.as_datetime("5/17/2016"), ending=dates.as_datetime("12/25/2016"))
    assert span.days == pytest.approx(222, abs=0.05)
    assert span.weeks == pytest.approx(222 / 7, abs=0.01)
    assert span.describe() == "seven months and eight days"


def test_whole_years_between_birthdays_are_whole_numbers(run: Run) -> None:
    assert dates.date_difference(starting="2000-02-29", ending="2024-02-29").years == pytest.approx(24, abs=0.001)


def test_now_and_today_are_the_moment_of_the_run(run: Run) -> None:
    assert dates.current_datetime("UTC").isoformat() == "2026-05-05T12:00:00+00:00"
    assert dates.today().format() == "May 5, 2026"
    assert dates.today(format="yyyy-MM-dd") == "2026-05-05"


def test_formats_are_styles_or_patterns(run: Run) -> None:
    assert dates.format_date("1989-04-01", format="MM/dd/yyyy") == "04/01/1989"
    assert dates.format_date("1989-04-01", format="short") == "4/1/89"
    assert dates.format_time(datetime.time(13, 5)) == "1:05\u202fPM"
    assert dates.as_datetime("1989-04-01").replace_time(datetime.time(9, 30)).format_time() == "9:30\u202fAM"


def test_a_text_that_is_no_date_comes_back_as_it_is(run: Run) -> None:
    assert dates.format_date("next week or so") == "next week or so"


@pytest.mark.usefixtures("importable")
def test_a_date_survives_storage(run: Run) -> None:
    moment = dates.as_datetime("1989-04-01")
    stored = pickle.dumps(moment)
    assert b"docassemble.base.util" in stored
    assert pickle.loads(stored) == moment
