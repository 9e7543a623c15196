"""deploy/: the manifests name settings, commands, probes and queues that exist. Overlays are in test_overlays.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from services.cli import app
from services.settings_table import OF_SERVICES, known_variables
from tests import servers
from tests.manifests import DEPLOY, KUSTOMIZATIONS, ROOT, container, documents, environment, named, template
from tests.sites import free_port

PODS = (*OF_SERVICES, "migrate")


@pytest.mark.parametrize("folder", KUSTOMIZATIONS, ids=lambda path: path.name)
def test_a_kustomization_lists_every_file_beside_it(folder: Path) -> None:
    (kustomization,) = documents(folder / "kustomization.yaml")
    files = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert {name for name in kustomization["resources"] if name.endswith(".yaml")} == files


def test_each_service_is_deployed_with_a_budget_and_a_network_policy() -> None:
    assert set(named("Deployment")) == set(OF_SERVICES)
    assert set(named("PodDisruptionBudget")) == set(OF_SERVICES)
    assert set(named("NetworkPolicy")) == set(PODS)


@pytest.mark.parametrize("name", PODS)
def test_the_variables_of_a_container_are_settings_with_values_it_takes(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = environment(name)
    assert set(given) <= known_variables()
    for variable in [one for one in os.environ if one.startswith("COLLOQUY_")]:
        monkeypatch.delenv(variable)
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    for variable, scheme in (("DATABASE", "postgresql"), ("REDIS", "redis"), ("AMQP", "amqp")):
        (tmp_path / variable).write_text(f"{scheme}://host/")
        monkeypatch.setenv(f"COLLOQUY_{variable}_URL_FILE", str(tmp_path / variable))
    settings = OF_SERVICES.get(name, OF_SERVICES["session"])
    assert settings.load(required=settings.NEEDED).health_port == 8090


@pytest.mark.parametrize("name", PODS)
def test_the_command_of_a_container_exists(name: str) -> None:
    command, *words = container(name)["args"]
    assert command in get_command(app).commands  # type: ignore[attr-defined]
    assert words == ([] if name == "migrate" else [name])


@pytest.mark.parametrize("name", PODS)
def test_a_container_may_do_nothing_that_it_does_not_need(name: str) -> None:
    pod, one = template(name)["spec"], container(name)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert one["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"/data", "/tmp"} <= {mount["mountPath"] for mount in one["volumeMounts"]}
    assert {mount["name"] for mount in one["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


@pytest.mark.parametrize("name", PODS)
def test_names_of_kubernetes_services_do_not_become_variables_of_ours(name: str) -> None:
    assert template(name)["spec"]["enableServiceLinks"] is False


@pytest.mark.parametrize("name", OF_SERVICES)
def test_what_selects_pods_finds_those_of_its_service(name: str) -> None:
    labels = template(name)["metadata"]["labels"]
    assert named("Deployment")[name]["spec"]["selector"]["matchLabels"] == labels
    assert named("PodDisruptionBudget")[name]["spec"]["selector"]["matchLabels"] == labels
    assert named("NetworkPolicy")[name]["spec"]["podSelector"]["matchLabels"] == labels
    (spread,) = template(name)["spec"]["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == labels


@pytest.mark.parametrize("name", OF_SERVICES)
def test_a_service_is_probed_where_it_answers(name: str) -> None:
    one, given = container(name), environment(name)
    port = int(given["COLLOQUY_PORT" if name == "gateway" else "COLLOQUY_HEALTH_PORT"])
    smtp = [int(given["COLLOQUY_SMTP_PORT"])] if name == "mail" else []
    assert [entry["containerPort"] for entry in one["ports"]] == [port, *smtp]
    probes = {kind: one[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert probes == {
        "startup": {"path": "/health/live", "port": port},
        "liveness": {"path": "/health/live", "port": port},
        "readiness": {"path": "/health/ready", "port": port},
    }


def test_the_ingress_leads_to_the_gateway_and_leaves_live_connections_open() -> None:
    (path,) = named("Ingress")["gateway"]["spec"]["rules"][0]["http"]["paths"]
    assert path["backend"]["service"] == {"name": "gateway", "port": {"name": "http"}}
    assert named("Service")["gateway"]["spec"]["selector"] == template("gateway")["metadata"]["labels"]
    annotations = named("Ingress")["gateway"]["metadata"]["annotations"]
    heartbeat = OF_SERVICES["gateway"].model_fields["heartbeat_seconds"].default
    assert int(annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]) > heartbeat


def test_the_image_is_made_of_what_is_there_and_runs_as_nobody() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY") and "--from" not in line]
    assert [name for names in copied for name in names if not (ROOT / name).exists()] == []
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001"]
    assert template("session")["spec"]["securityContext"]["runAsUser"] == 10001


def test_a_container_answers_its_probes_when_its_command_runs_as_a_process(tmp_path: Path, amqp_url: str) -> None:
    one, port = container("scheduler"), str(free_port())
    with servers.own_database(servers.postgres_server()) as database_url:
        given = {name: value for name, value in environment("scheduler").items() if not name.endswith("_FILE")}
        (tmp_path / "database-url").write_text(database_url)
        (tmp_path / "amqp-url").write_text(amqp_url)
        given |= {
            "COLLOQUY_DATABASE_URL_FILE": str(tmp_path / "database-url"),
            "COLLOQUY_AMQP_URL_FILE": str(tmp_path / "amqp-url"),
            "COLLOQUY_SERVER_KEY_FILE": str(tmp_path / "server.keys"),
            "COLLOQUY_AMQP_PREFIX": f"{tmp_path.name[-20:]}.{port}.",
            "COLLOQUY_DATA_DIR": str(tmp_path),
            "COLLOQUY_HEALTH_PORT": port,
            "PATH": os.environ["PATH"],
        }
        command = [sys.executable, "-m", "services.command"]
        for words in (["keys", "create"], container("migrate")["args"]):
            subprocess.run([*command, *words], env=given, cwd=ROOT, check=True, capture_output=True)
        with subprocess.Popen([*command, *one["args"]], env=given, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
            try:
                for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
                    assert answered(f"http://127.0.0.1:{port}{one[kind]['httpGet']['path']}", process)
            finally:
                process.terminate()
            assert process.wait(timeout=60) == 0


def answered(url: str, process: subprocess.Popen[bytes]) -> Any:
    """The body of the first good answer; a probe is asked again until then."""
    until = time.monotonic() + 90
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.load(answer)
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer")
