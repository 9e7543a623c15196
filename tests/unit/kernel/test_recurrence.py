"""When something that recurs is due next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.kernel.recurrence import BadRecurrence, Crontab, crontab, interval, recurrence_of

NEW_YORK = "America/New_York"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def following(rule: Crontab, start: str, number: int) -> list[str]:
    found, at = [], moment(start)
    for _ in range(number):
        at = rule.next_after(at, due=at)
        found.append(f"{at:%Y-%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("line", "start", "expected"),
    [
        ("0 9 * * *", "2026-03-07T12:00", ["2026-03-07 14:00", "2026-03-08 13:00", "2026-03-09 13:00"]),
        ("0 9 * * *", "2026-10-31T00:00", ["2026-10-31 13:00", "2026-11-01 14:00", "2026-11-02 14:00"]),
        ("30 2 * * *", "2026-03-07T12:00", ["2026-03-08 07:00", "2026-03-09 06:30"]),
        ("30 1 * * *", "2026-10-31T12:00", ["2026-11-01 05:30", "2026-11-02 06:30"]),
        ("0 12 29 2 *", "2026-01-01T00:00", ["2028-02-29 17:00", "2032-02-29 17:00"]),
        ("0 0 31 * *", "2026-01-31T06:00", ["2026-03-31 04:00", "2026-05-31 04:00"]),
        ("0 0 L * *", "2026-01-31T06:00", ["2026-02-28 05:00", "2026-03-31 04:00"]),
    ],
    ids=[
        "clocks go forward",
        "clocks go back",
        "an hour that is skipped",
        "an hour that comes twice",
        "leap days",
        "months that are short",
        "the last day",
    ],
)
def test_a_crontab_line_is_read_on_the_clocks_of_its_zone(line: str, start: str, expected: list[str]) -> None:
    assert following(crontab(line, NEW_YORK), start, len(expected)) == expected


def test_an_interval_counts_from_its_first_time_however_late_it_is_looked_at() -> None:
    due = moment("2026-01-01T00:00")
    rule = interval(3600)
    assert rule.next_after(due, due=due) == due + timedelta(hours=1)
    assert rule.next_after(due + timedelta(hours=5, minutes=59), due=due) == due + timedelta(hours=6)
    assert rule.next_after(due - timedelta(days=1), due=due) == due + timedelta(hours=1)


@pytest.mark.parametrize("rule", [interval(90), interval(0.5 + 1), crontab(" */5  9-17 * * 1-5", NEW_YORK)])
def test_a_rule_is_read_from_its_own_text(rule: Crontab) -> None:
    assert recurrence_of(rule.text()) == rule


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cron UTC x * * * *", "Bad minute"),
        ("cron UTC * * * *", "five fields"),
        ("cron UTC 0 0 31 2 *", "Bad day-of-month"),
        ("cron Mars/Olympus 0 0 * * *", "no time zone 'Mars/Olympus'"),
        ("every never", "not a number"),
        ("every 0", "from 1 second"),
        ("now and then", "neither an interval nor a crontab line"),
    ],
)
def test_what_is_not_understood_says_why(text: str, says: str) -> None:
    with pytest.raises(BadRecurrence, match=says):
        recurrence_of(text)
