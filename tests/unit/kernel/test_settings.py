"""shared/kernel/settings.py: every mistake at once, by the name of its variable."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.kernel.settings import Settings, SettingsInvalid


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in list(os.environ):
        if name.startswith("COLLOQUY_"):
            monkeypatch.delenv(name)
    return monkeypatch


class GatewaySettings(Settings):
    port: int = 8000
    origins: list[str] = []


def test_without_any_variable_the_defaults_hold() -> None:
    settings = Settings.load()
    assert settings.lock_wait_seconds == 4.0
    assert settings.database_url == ""
    assert settings.key_file == Path(".data/server.keys")


def test_variables_are_read_by_their_prefix(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("COLLOQUY_PORT", "9000")
    environment.setenv("COLLOQUY_DATA_DIR", "/data")
    environment.setenv("COLLOQUY_LOG_LEVEL", "WARNING")
    settings = GatewaySettings.load()
    assert (settings.port, settings.data_dir, settings.log_level) == (9000, Path("/data"), "warning")


def test_the_interview_path_is_split_like_path(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("COLLOQUY_INTERVIEW_PATH", os.pathsep.join(["/a", "", "/b"]))
    assert Settings.load().interview_path == (Path("/a"), Path("/b"))


def test_an_empty_variable_counts_as_not_given(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("COLLOQUY_LOCK_WAIT_SECONDS", "")
    assert Settings.load().lock_wait_seconds == 4.0


def test_all_mistakes_are_reported_at_once(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("COLLOQUY_DATABASE_URL", "mysql://user:hidden@host/db")
    environment.setenv("COLLOQUY_LOCK_WAIT_SECONDS", "soon")
    environment.setenv("COLLOQUY_PORT", "80x")
    with pytest.raises(SettingsInvalid) as caught:
        GatewaySettings.load(required=["amqp_url", "database_url"])
    assert set(caught.value.problems) == {
        "COLLOQUY_AMQP_URL", "COLLOQUY_DATABASE_URL", "COLLOQUY_LOCK_WAIT_SECONDS", "COLLOQUY_PORT",
    }  # fmt: skip
    text = str(caught.value)
    assert all(name in text for name in caught.value.problems)
    assert "postgresql://" in text
    assert "hidden" not in text


def test_a_list_that_is_not_json_names_its_variable(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("COLLOQUY_ORIGINS", "[not json")
    with pytest.raises(SettingsInvalid, match="COLLOQUY_ORIGINS: It must be JSON"):
        GatewaySettings.load()


def test_what_is_needed_and_missing_is_named() -> None:
    with pytest.raises(SettingsInvalid, match="COLLOQUY_REDIS_URL: This is needed"):
        Settings.load(required=["redis_url"], database_url="postgresql://h/d")


def test_what_is_given_comes_before_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("COLLOQUY_DATABASE_URL", "postgresql://environment/d")
    assert Settings.load(database_url="postgresql://given/d").database_url == "postgresql://given/d"


def test_settings_do_not_change_and_do_not_show_passwords() -> None:
    settings = Settings.load(database_url="postgresql://u:hidden@h/d", amqp_url="amqp://u:hidden@h/", redis_url="")
    assert "hidden" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.log_level = "debug"  # type: ignore[misc]


def test_a_secret_is_read_from_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "database-url"
    file.write_text("postgresql://from-a-file/d\n")
    environment.setenv("COLLOQUY_DATABASE_URL_FILE", str(file))
    assert Settings.load(required=["database_url"]).database_url == "postgresql://from-a-file/d"


def test_what_is_no_secret_is_not_read_from_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "level"
    file.write_text("debug")
    environment.setenv("COLLOQUY_LOG_LEVEL_FILE", str(file))
    assert Settings.load().log_level == "info"


@pytest.mark.parametrize("text", ["", "postgresql://h/d"])
def test_a_secret_given_twice_or_by_an_empty_file_is_a_mistake(
    environment: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "database-url"
    file.write_text(text)
    environment.setenv("COLLOQUY_DATABASE_URL_FILE", str(file))
    if text:
        environment.setenv("COLLOQUY_DATABASE_URL", text)
    with pytest.raises(SettingsInvalid, match="COLLOQUY_DATABASE_URL_FILE: "):
        Settings.load()


def test_what_comes_by_text_message_needs_an_address_whose_signature_can_be_checked(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("COLLOQUY_TWILIO_INCOMING", "true")
    with pytest.raises(SettingsInvalid, match="COLLOQUY_TWILIO_CALLBACK_URL"):
        Settings.load()
    environment.setenv("COLLOQUY_TWILIO_CALLBACK_URL", "https://forms.example.org/")
    assert Settings.load().twilio_incoming


@pytest.mark.parametrize("token", [{}, {"auth token": ""}, {"auth token": None}, {"auth token": " "}])
def test_what_comes_by_text_message_needs_the_token_of_every_number(
    environment: pytest.MonkeyPatch, token: dict[str, str | None]
) -> None:
    whole = {"account sid": "AC1", "number": "+15550000001", "auth token": "x"}
    lacking = {"name": "other", "account sid": "AC2", "whatsapp number": "+15550000002", **token}
    environment.setenv("COLLOQUY_TWILIO", json.dumps([whole, lacking]))
    environment.setenv("COLLOQUY_TWILIO_CALLBACK_URL", "https://forms.example.org/")
    assert len(Settings.load().twilio) == 2, "one may send without taking anything in"
    environment.setenv("COLLOQUY_TWILIO_INCOMING", "true")
    with pytest.raises(SettingsInvalid, match="auth token"):
        Settings.load()
    environment.setenv("COLLOQUY_TWILIO", json.dumps([whole, {"name": "left out"}]))
    assert Settings.load().twilio_incoming


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"azure client id": "x", "azure client secret": "y", "azure tenant id": "z"}, "Microsoft Graph"),
        ({"mailgun domain": "mg.example.org"}, "Mailgun needs both"),
        ({"server": "mail.example.org", "mailgun api key": "x"}, "Mailgun needs both"),
    ],
)
def test_mail_for_which_there_is_no_way_out_does_not_go_to_the_server_of_this_machine(
    environment: pytest.MonkeyPatch, config: dict[str, str], said: str
) -> None:
    environment.setenv("COLLOQUY_MAIL_CONFIGS", json.dumps([config]))
    with pytest.raises(SettingsInvalid, match=said):
        Settings.load()
    environment.setenv("COLLOQUY_MAIL_CONFIGS", json.dumps([{"server": "mail.example.org", "azure client id": "x"}]))
    assert Settings.load().mail_configs
