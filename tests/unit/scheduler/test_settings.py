"""The timetable as operators give it."""

from __future__ import annotations

import pytest

from services.scheduler.settings import SchedulerSettings
from shared.kernel.settings import SettingsInvalid


def test_the_usual_types_come_at_the_usual_times() -> None:
    table = SchedulerSettings.load().timetable()
    assert sorted(table) == ["cron_daily", "cron_hourly", "cron_monthly", "cron_weekly"]
    assert {rule.zone for rule in table.values()} == {"America/New_York"}


def test_lines_of_operators_add_to_them_replace_them_or_switch_them_off() -> None:
    given = {"cron_daily": "0 5 * * *", "nightly": "0 2 * * *", "cron_weekly": ""}
    table = SchedulerSettings.load(cron=given, cron_timezone="Europe/Berlin").timetable()
    assert sorted(table) == ["cron_daily", "cron_hourly", "cron_monthly", "nightly"]
    assert table["cron_daily"].text() == "cron Europe/Berlin 0 5 * * *"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"cron": {"cron_daily": "25 6 * *"}}, "cron_daily: .*five fields"),
        ({"cron": {"my type": "25 6 * * *"}}, "'my type' is no name of a cron type"),
        ({"cron_timezone": "Mars/Olympus"}, "no time zone 'Mars/Olympus'"),
    ],
)
def test_a_timetable_that_cannot_be_read_refuses_the_start_and_says_where(given: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsInvalid, match=says):
        SchedulerSettings.load(**given)
