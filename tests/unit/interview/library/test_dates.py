"""Dates and spans."""

import datetime
import pickle

import pytest

from shared.interview.library import dates
from shared.interview.library.languages import update_word_collection
from shared.interview.library.sessions import set_parts
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
    assert dates.day_of("no date") == "Bad date"


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


def test_a_text_that_is_no_date_is_called_a_bad_one(run: Run) -> None:
    assert dates.format_date("next week or so") == "Bad date"
    assert dates.format_datetime("next week or so") == "Bad date"
    assert dates.format_time("next week or so") == "Bad date: next week or so"
    assert (dates.month_of("no date"), dates.dow_of("no date"), dates.year_of("no date")) == ("Bad date",) * 3
    assert (dates.format_date(""), dates.format_time("")) == ("", "")


@pytest.mark.usefixtures("importable")
def test_a_date_survives_storage(run: Run) -> None:
    moment = dates.as_datetime("1989-04-01")
    stored = pickle.dumps(moment)
    assert b"docassemble.base.util" in stored
    assert pickle.loads(stored) == moment


@pytest.mark.parametrize(
    ("language", "date", "span"),
    [
        ("en", "October 31, 2015", "one year, one month, and three days"),
        ("es", "31 de octubre de 2015", "1 año, 1 mes y 3 días"),
        ("de", "31. Oktober 2015", "1 Jahr, 1 Monat und 3 Tage"),
        ("fr", "31 octobre 2015", "1 an, 1 mois et 3 jours"),
    ],
)
def test_dates_and_spans_in_other_languages(run: Run, language: str, date: str, span: str) -> None:
    conjunctions = {"en": "and", "es": "y", "de": "und", "fr": "et"}
    update_word_collection(language, {"and": conjunctions[language]})
    run.language = language
    assert dates.format_date("10/31/2015") == date
    found = dates.date_difference(starting="11/15/2013", ending="12/18/2014").describe()
    assert found.replace("\xa0", " ") == span


@pytest.mark.parametrize(
    ("specificity", "words"),
    [
        ("year", "one year"),
        ("month", "one year and one month"),
        ("day", "one year, one month, and three days"),
        ("hour", "one year, one month, three days, and five hours"),
        ("minute", "one year, one month, three days, five hours, and six minutes"),
        (None, "one year, one month, and three days"),
    ],
)
def test_a_span_is_described_as_exactly_as_wanted(run: Run, specificity: str | None, words: str) -> None:
    span = dates.date_difference(starting="2013-11-15", ending="2014-12-18 05:06:07")
    assert span.describe(specificity=specificity) == words


def test_a_short_span_is_described_in_small_units(run: Run) -> None:
    assert dates.date_difference(starting="2024-01-01 10:00", ending="2024-01-01 12:30").describe(capitalize=True) == (
        "Two hours and 30 minutes"
    )
    assert str(dates.date_difference(starting="2024-01-01", ending="2024-01-01")) == "zero seconds"


# -- Worked results of spec/area3 §4.2


def test_a_difference_of_two_days_in_every_unit(run: Run) -> None:
    span = dates.date_difference("1/1/2025", "1/3/2025")
    assert span.years == pytest.approx(0.005475814013977016)
    assert span.weeks == pytest.approx(0.2857142857142857)
    assert (span.days, span.hours, span.minutes, span.seconds) == (2.0, 48.0, 2880.0, 172800)


def test_a_difference_that_goes_back_is_negative_and_told_without_its_sign(run: Run) -> None:
    span = dates.date_difference("1/3/2025", "1/1/2025")
    assert (span.days, str(span)) == (-2.0, "two days")


def test_a_day_on_which_the_clocks_change_is_a_day(run: Run) -> None:
    span = dates.date_difference("3/8/2025", "3/10/2025")
    assert (span.days, span.hours) == (2.0, 48.0)


@pytest.mark.parametrize(
    ("starting", "ending", "options", "words"),
    [
        ("1/1/2024", "4/3/2025", {}, "one year, three months, and two days"),
        ("1/1/2024", "4/3/2025", {"specificity": "month"}, "one year and three months"),
        ("1/1/2024", "4/3/2025", {"nice": False}, "1 year, 3 months, and 2 days"),
        ("1/1/2022 23:22:35", "4/3/2023 21:45:22", {}, "one year, three months, and one day"),
        (
            "1/1/2022 23:22:35",
            "4/3/2023 21:45:22",
            {"specificity": "second"},
            "one year, three months, one day, 22 hours, 22 minutes, and 47 seconds",
        ),
        ("1/1/2025", "1/1/2025", {}, "zero seconds"),
        ("1/1/2025", "1/1/2025", {"specificity": "day"}, "zero days"),
    ],
)
def test_spans_in_words(run: Run, starting: str, ending: str, options: dict[str, object], words: str) -> None:
    assert dates.date_difference(starting, ending).describe(**options) == words


def test_dates_and_times_as_they_are_written(run: Run) -> None:
    assert str(dates.as_datetime("12/25/2018")) == "December 25, 2018"
    christmas_eve = dates.as_datetime("2018-12-25T00:00:00Z")
    assert christmas_eve.replace(tzinfo=None).isoformat() == "2018-12-24T19:00:00"
    assert str(dates.as_datetime("1/31/2024") + dates.date_interval(months=1)) == "February 29, 2024"
    assert dates.format_time("04:01:23").replace("\u202f", " ") == "4:01 AM"
    assert dates.as_datetime("5/6/2018 17:00").format_datetime("h:mm in MMMM") == "5:00 in May"
    assert dates.format_date("April 5, 2014", format="full") == "Saturday, April 5, 2014"


def test_a_moment_is_told_by_its_own_clock_and_a_text_without_a_zone_as_universal_time(run: Run) -> None:
    in_utc = dates.as_datetime("2020-03-01 01:30", timezone="UTC")
    assert (dates.format_date(in_utc), dates.format_time(in_utc, "HH:mm")) == ("March 1, 2020", "01:30")
    assert dates.format_datetime(in_utc, "yyyy-MM-dd HH:mm z") == "2020-03-01 01:30 UTC"
    assert dates.day_of(in_utc) == 1
    assert dates.format_datetime("April 5, 2014 7:30").replace("\u202f", " ") == "April 5, 2014, 7:30:00 AM UTC"
    assert dates.format_datetime("2014-04-05 7:30", "HH:mm z", timezone="Asia/Tokyo") == "07:30 +0900"
    assert dates.as_datetime("2014-04-05 7:30").format_datetime("HH:mm z") == "07:30 EDT"


def test_an_interview_says_how_dates_are_written(run: Run) -> None:
    moment = dates.as_datetime("2020-03-01 13:30")
    assert (str(moment), dates.format_time(moment, "HH:mm")) == ("March 1, 2020", "13:30")
    set_parts(date_format="yyyy-MM-dd", time_format="HH:mm", datetime_format="dd.MM. HH:mm")
    assert (str(moment), dates.format_date("5/6/2018")) == ("2020-03-01", "2018-05-06")
    assert (dates.format_time(moment), dates.format_time(datetime.time(9, 5))) == ("13:30", "09:05")
    assert dates.format_datetime(moment) == "01.03. 13:30"
    assert dates.format_date(moment, "short") == "3/1/20"


@pytest.mark.parametrize(
    ("given", "is_one"),
    [("2020-02-29", True), ("2021-02-29", False), ("soon", False), ("", False), (datetime.date(2020, 1, 1), True)],
)
def test_what_is_no_date_can_be_known_beforehand(run: Run, given: object, is_one: bool) -> None:
    assert dates.valid_datetime(given) is is_one
