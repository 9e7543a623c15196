"""`colloquy config`: what is in force, every mistake at once, and the names of another system."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.cli import app
from shared.kernel.interview_config import BadInterviewConfig


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("COLLOQUY_"):
            monkeypatch.delenv(name)


def config(*options: str, **environment: str) -> Result:
    return CliRunner().invoke(app, ["config", *options], env=environment)


def told(*options: str, **environment: str) -> Any:
    return json.loads(config(*options, "--json", **environment).stdout)


def value_of(name: str, **environment: str) -> dict[str, str]:
    (found,) = (row for row in told(**environment) if row["setting"] == name)
    return found


def test_a_value_is_shown_with_where_it_is_from() -> None:
    assert value_of("COLLOQUY_PORT", COLLOQUY_PORT="9000")["value"] == "9000"
    assert value_of("COLLOQUY_PORT", COLLOQUY_PORT="9000")["from"] == "environment"
    assert value_of("COLLOQUY_PORT")["from"] == "default"


def test_a_default_that_differs_is_shown_for_each_service() -> None:
    assert value_of("COLLOQUY_HOUSEKEEPING_SECONDS")["value"] == "600 (session), 3600 (gateway)"


def test_secrets_and_passwords_in_addresses_are_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "mail-password"
    file.write_text("canary-one\n")
    result = config(
        COLLOQUY_DATABASE_URL="postgresql://user:canary-two@host/name",
        COLLOQUY_GOTENBERG_URL="http://user:canary-three@host:3000",
        COLLOQUY_MAIL_PASSWORD_FILE=str(file),
    )
    assert result.exit_code == 0
    assert "canary" not in result.stdout
    assert "(hidden)" in result.stdout


def test_every_mistake_of_every_service_is_found_at_once(tmp_path: Path) -> None:
    given = {
        "COLLOQUY_PORT": "door",
        "COLLOQUY_WORKER_CONCURRENCY": "0",
        "COLLOQUY_CRON": "{",
        "COLLOQUY_INTERVIEW_DELETE_DAYS": "-1",
        "COLLOQUY_AMQP_URL_FILE": str(tmp_path / "missing"),
    }
    assert set(told("--check", **given)["mistakes"]) == set(given)
    assert config("--check", **given).exit_code == 1


def test_what_a_service_needs_and_was_not_given_is_a_mistake() -> None:
    assert set(told("--check", "--service", "session")["mistakes"]) == {
        "COLLOQUY_AMQP_URL", "COLLOQUY_DATABASE_URL", "COLLOQUY_REDIS_URL",
    }  # fmt: skip


def test_settings_without_a_mistake_are_said_to_have_none() -> None:
    result = config("--check")
    assert (result.exit_code, result.stdout) == (0, "No mistakes.\n")


def test_a_name_that_no_setting_knows_is_doubtful_and_a_near_one_is_offered() -> None:
    warnings = told("--check", COLLOQUY_LOCK_WAIT_SECOND="3")["warnings"]
    assert warnings == {
        "COLLOQUY_LOCK_WAIT_SECOND": "No setting has this name. Did you mean COLLOQUY_LOCK_WAIT_SECONDS?"
    }


def test_a_folder_of_interviews_that_is_not_there_is_doubtful(tmp_path: Path) -> None:
    warnings = told("--check", COLLOQUY_INTERVIEW_PATH=f"{tmp_path}:{tmp_path}/none")["warnings"]
    assert warnings == {"COLLOQUY_INTERVIEW_PATH": f"There is no folder {tmp_path}/none."}


def test_a_variable_with_the_name_of_a_directive_is_explained() -> None:
    (text,) = told("--check", COLLOQUY_CONCURRENCY_LOCK_TIMEOUT="4")["warnings"].values()
    assert "COLLOQUY_LOCK_WAIT_SECONDS" in text


def test_an_environment_variable_of_docassemble_is_explained() -> None:
    assert "COLLOQUY_DATABASE_URL" in told("--check", DBHOST="db")["directives"]["DBHOST"]


def test_a_docassemble_configuration_is_explained_directive_by_directive(tmp_path: Path) -> None:
    file = tmp_path / "config.yml"
    file.write_text("db:\n  host: x\ncheckin_interval: 6000\nsql ping: True\nour own word: 1\n")
    told_of = told("--reference", str(file))["directives"]
    assert "COLLOQUY_DATABASE_URL" in told_of["db"]
    assert "COLLOQUY_CHECK_IN_SECONDS" in told_of["checkin_interval"]
    assert told_of["sql ping"].startswith("No counterpart.")
    assert told_of["our own word"].startswith("Not known to us.")


def test_a_configuration_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    result = config("--reference", str(tmp_path / "none.yml"))
    assert isinstance(result.exception, BadInterviewConfig)
    assert "none.yml" in str(result.exception)


@pytest.mark.parametrize("service", ["session", "gateway"])
def test_a_service_refuses_to_start_with_all_that_is_wrong(service: str) -> None:
    result = CliRunner().invoke(app, ["serve", service], env={"COLLOQUY_LOG_LEVEL": "loud"})
    assert set(result.exception.problems) >= {"COLLOQUY_LOG_LEVEL", "COLLOQUY_AMQP_URL"}  # type: ignore[union-attr]
