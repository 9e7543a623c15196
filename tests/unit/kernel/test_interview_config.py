"""The file of what interviews may know (shared.kernel.interview_config)."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.kernel.interview_config import BadInterviewConfig, read_interview_config
from shared.kernel.settings import Settings, SettingsInvalid


def test_dates_are_text_and_an_empty_file_is_nothing(tmp_path: Path) -> None:
    file = tmp_path / "config.yml"
    file.write_text("since: 2020-01-31\njinja data:\n  counties: [Essex]\n")
    assert read_interview_config(file) == {"since": "2020-01-31", "jinja data": {"counties": ["Essex"]}}
    file.write_text("# nothing yet\n")
    assert read_interview_config(file) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [("- a list\n", "must be a mapping"), ("a: [", "while parsing"), (f"a: {'b' * 70_000}\n", "more than 64 KiB")],
)
def test_what_cannot_be_used_is_told(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "config.yml"
    file.write_text(text)
    with pytest.raises(BadInterviewConfig, match=said):
        read_interview_config(file)


def test_a_file_that_is_not_there_keeps_a_service_from_starting(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="COLLOQUY_INTERVIEW_CONFIG_FILE"):
        Settings.load(interview_config_file=tmp_path / "none.yml")
