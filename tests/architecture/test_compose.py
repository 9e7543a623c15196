"""deploy/compose.yaml: valid, its variables are settings, and its commands work when they run as processes."""

from __future__ import annotations

import http.client
import importlib.resources
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.main import get_command

from services.cli import app
from services.settings_table import OF_SERVICES, known_variables
from tests import manifests, servers
from tests.fault.conftest import INTERVIEWS
from tests.sites import free_port

FILLED_IN = {
    "COLLOQUY_PASSWORD": "secret",
    "COLLOQUY_AUTHOR_PASSWORD": "other",
    "COLLOQUY_PUBLIC_URL": "http://127.0.0.1/",
}
COMPOSE = manifests.compose(FILLED_IN)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"] == "colloquy"}
COMMAND = [sys.executable, "-m", "services.command"]
PORT = {"gateway": "COLLOQUY_PORT"}
"""The setting of the port where a service is probed, if it is another than that of the others."""


def test_it_is_valid_by_the_schema_of_compose() -> None:
    schema = importlib.resources.files("check_jsonschema.builtin_schemas.vendor") / "compose-spec.json"
    jsonschema.Draft202012Validator(json.loads(schema.read_text())).validate(COMPOSE)


@pytest.mark.parametrize("missing", FILLED_IN)
def test_what_has_to_be_filled_in_is_missed(missing: str) -> None:
    with pytest.raises(KeyError, match=missing):
        manifests.compose({name: value for name, value in FILLED_IN.items() if name != missing})


def test_the_example_of_variables_names_those_that_are_used() -> None:
    used = set(manifests.VARIABLE.findall(manifests.COMPOSE.read_text()))
    names = {name for name, *_ in used} - {"COLLOQUY_IMAGE", "COLLOQUY_PORT"}
    example = (manifests.DEPLOY / "compose.env.example").read_text().splitlines()
    assert {line.partition("=")[0] for line in example if line and not line.startswith("#")} == names


@pytest.mark.parametrize("name", OURS)
def test_a_service_runs_a_command_that_exists_with_settings_that_exist(name: str) -> None:
    command, *words = OURS[name]["command"]
    assert command in get_command(app).commands  # type: ignore[attr-defined]
    assert words in ([], ["create"], [name])
    assert set(OURS[name]["environment"]) <= known_variables()


@pytest.mark.parametrize("name", OURS)
def test_a_service_may_do_nothing_that_it_does_not_need(name: str) -> None:
    one = OURS[name]
    assert (one["read_only"], one["cap_drop"]) == (True, ["ALL"])
    assert set(one.get("volumes", ())) <= {
        *(f"{volume}:/{volume}" for volume in ("keys", "files")),
        "keys:/keys:ro",
        "./interviews:/interviews:ro",
        f"{name}-data:/data",
    }


def test_servers_are_reached_from_inside_only() -> None:
    assert {name for name, one in SERVICES.items() if "ports" in one} == {"gateway", "mail"}
    assert all(one["networks"] == ["inside"] for name, one in SERVICES.items() if name not in OURS)
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_what_belongs_to_authors_is_backed_up_without_asking_for_a_password() -> None:
    redis = SERVICES["author-redis"]
    assert redis["environment"]["REDISCLI_AUTH"] == redis["command"][redis["command"].index("--requirepass") + 1]
    guide = (manifests.ROOT / "docs" / "operators" / "backup.md").read_text()
    assert "exec -T author-redis " in guide
    assert "run --rm -T author-redis " in guide


@pytest.mark.timeout(300)
def test_its_commands_run_as_processes_and_are_found_healthy(
    tmp_path: Path, redis_url: str, amqp_url: str, name_prefix: str
) -> None:
    ports = {name: free_port() for name in OF_SERVICES}
    with servers.own_database(servers.postgres_server()) as database_url:
        # Where things are here. Each takes the place of what compose.yaml tells a service, and is told to no other.
        here = {
            "COLLOQUY_DATABASE_URL": database_url,
            "COLLOQUY_REDIS_URL": redis_url,
            "COLLOQUY_AUTHOR_REDIS_URL": redis_url,
            "COLLOQUY_AMQP_URL": amqp_url,
            "COLLOQUY_SERVER_KEY_FILE": str(tmp_path / "server.keys"),
            "COLLOQUY_FILES_DIR": str(tmp_path / "files"),
            "COLLOQUY_INTERVIEW_PATH": str(INTERVIEWS),
            "COLLOQUY_HOST": "127.0.0.1",
            "COLLOQUY_SMTP_HOST": "127.0.0.1",
            "COLLOQUY_SMTP_PORT": "0",
        }

        def environment(name: str) -> dict[str, str]:
            told = OURS[name]["environment"]
            port = {} if name not in ports else {PORT.get(name, "COLLOQUY_HEALTH_PORT"): str(ports[name])}
            return {
                **told,
                **{variable: value for variable, value in here.items() if variable in told},
                **{variable: value for variable, value in port.items() if variable in told},
                "COLLOQUY_DATA_DIR": str(tmp_path / "data" / name),  # the image's; each container has its own
                "COLLOQUY_AMQP_PREFIX": f"{name_prefix}.",  # others use the same broker
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(manifests.ROOT),
            }

        for name in ("keys", "migrate"):
            words = [*COMMAND, *OURS[name]["command"]]
            subprocess.run(words, env=environment(name), cwd=tmp_path, check=True, capture_output=True)
        running = {
            name: subprocess.Popen(
                [*COMMAND, *OURS[name]["command"]], env=environment(name), cwd=tmp_path, stderr=subprocess.DEVNULL
            )
            for name in OF_SERVICES
        }
        try:
            for name, process in running.items():
                until_healthy(name, ports[name], process, environment(name))
            assert shows_a_form(ports["gateway"])
        finally:
            for process in running.values():
                process.terminate()
            statuses = {name: process.wait(timeout=60) for name, process in running.items()}
        assert set(statuses.values()) == {0}


def until_healthy(name: str, port: int, process: subprocess.Popen[bytes], environment: dict[str, str]) -> None:
    """The health check of the service, with our interpreter and port, becomes content."""
    kind, python, *words, said_port = OURS[name]["healthcheck"]["test"]
    assert (kind, python) == ("CMD", "/venv/bin/python")
    assert said_port == OURS[name]["environment"][PORT.get(name, "COLLOQUY_HEALTH_PORT")]
    until = time.monotonic() + 110
    while time.monotonic() < until and process.poll() is None:
        asked = [sys.executable, *words, str(port)]
        if subprocess.run(asked, env=environment, capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.2)
    raise AssertionError(f"{name} does not become healthy (status {process.poll()})")


def shows_a_form(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/interview?i=faults:data/questions/rolling.yml")
    answer = connection.getresponse()
    while answer.status in (302, 303):
        cookies = "; ".join(line.partition(";")[0] for line in answer.headers.get_all("set-cookie", []))
        to = "/" + answer.headers["location"].partition("//")[2].partition("/")[2]
        answer.read()
        connection.request("GET", to, headers={"cookie": cookies})
        answer = connection.getresponse()
    return b"What now?" in answer.read()
