"""Each pod, and each service of compose.yaml, is given the secrets that its service makes use of, and no other."""

from __future__ import annotations

import importlib
import os
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from services.settings_table import OF_SERVICES
from shared.crypto.keys import ServerKeys
from shared.kernel.settings import IN_A_FILE, Settings, secrets_of, variable
from tests.manifests import BASE, OVERLAYS, ROOT, WHOLE, compose, container, named, rendered, secrets, template

PODS = (*OF_SERVICES, "migrate")
IN_FILES = {"database_url": "database-url", "redis_url": "redis-url", "amqp_url": "amqp-url"}
"""Settings that come as files of the Secret `colloquy`; the others come by name of `colloquy-more`."""
KEY_RING = "COLLOQUY_SERVER_KEY_FILE"
GIVEN: dict[str, Any] = {
    "database_url": "postgresql://host/colloquy",
    "redis_url": "redis://host/0",
    "amqp_url": "amqp://host/",
    "files_url": "s3://bucket",
    "mail_host": "mail.example.org",
    "mail_configs": [{"name": "news", "server": "mail.example.org"}],
    "twilio": [{"account sid": "AC1", "auth token": "secret", "number": "+15551234567"}],
    "twilio_callback_url": "https://forms.example.org",
    "twilio_incoming": True,
}
"""Everything that a service looks at only where it is set up."""


def used(name: str, folder: Path) -> set[str]:
    """The secret settings that a service reads while it is put together, and those that it alone has."""
    settings = OF_SERVICES.get(name)
    if settings is None:
        return {"database_url"}  # all that `migrate` opens
    watched, read = secrets_of(settings), set[str]()

    class Watched(settings):  # type: ignore[misc, valid-type]
        def __getattribute__(self, field: str) -> Any:
            if field in watched:
                read.add(field)
            return super().__getattribute__(field)

    loaded = Watched.load(**GIVEN, server_key_file=folder / "server.keys", data_dir=folder)
    read.clear()  # what checks of the settings have looked at
    module = importlib.import_module(f"services.{name}.app")
    module.build(loaded, module.parts_from(loaded))
    return read | (watched - secrets_of(Settings))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    ServerKeys.load(tmp_path / "server.keys", create=True)
    return tmp_path


@pytest.mark.parametrize("name", PODS)
def test_a_pod_sees_the_secrets_that_its_service_uses_and_no_other(name: str, folder: Path) -> None:
    wanted = used(name, folder)
    expected = {
        "colloquy": {key for field, key in IN_FILES.items() if field in wanted},
        "colloquy-more": {variable(field) for field in wanted - set(IN_FILES)},
        "colloquy-server-keys": set() if name == "migrate" else {"server.keys"},
    }
    assert secrets(template(name)["spec"]) == {secret: keys for secret, keys in expected.items() if keys}


@pytest.mark.parametrize("name", PODS)
def test_what_a_pod_sees_of_secrets_is_where_its_settings_look(name: str) -> None:
    """Every file is named by a variable, every variable by the name that the operator gave it, and may be left out."""
    pod, one = template(name)["spec"], container(name)
    places = {mount["name"]: mount["mountPath"] for mount in one["volumeMounts"]}
    files = {
        f"{places[volume['name']]}/{item['path']}"
        for volume in pod["volumes"]
        for item in volume.get("secret", {}).get("items", ())
    }
    told = {each["name"]: each["value"] for each in one["env"] if "value" in each}
    assert files == {value for variable_name, value in told.items() if variable_name.endswith(IN_A_FILE)}
    for each in one["env"]:
        if "valueFrom" in each:
            assert each["valueFrom"]["secretKeyRef"] == {
                "name": "colloquy-more",
                "key": each["name"],
                "optional": True,
            }


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.name)
def test_an_overlay_lets_its_pods_see_no_more_than_the_base(overlay: Path) -> None:
    objects = rendered(overlay)
    if objects is None:
        warnings.warn(f"UNCHECKED: kubectl is not here, so the overlay {overlay.name} was not rendered.", stacklevel=2)
        return
    for one in objects:
        if one["kind"] in ("Deployment", "Job"):
            pod = one["spec"]["template"]
            seen = secrets(pod["spec"])
            assert all(WHOLE not in keys for keys in seen.values()), one["metadata"]["name"]
            if pod["metadata"]["labels"]["app.kubernetes.io/name"] == "colloquy":
                component = pod["spec"]["containers"][0]["name"]
                added = {"colloquy-smtp-tls": {"tls.crt", "tls.key"}} if component == "mail" else {}
                wanted = secrets(template(component)["spec"])
                assert seen in (wanted, wanted | added), one["metadata"]["name"]


FILLED_IN = {
    "COLLOQUY_PASSWORD": "a",
    "COLLOQUY_AUTHOR_PASSWORD": "b",
    "COLLOQUY_PUBLIC_URL": "http://localhost/",
}


@pytest.mark.parametrize("name", PODS)
def test_compose_tells_a_service_the_secrets_that_it_uses_and_no_other(name: str, folder: Path) -> None:
    one = compose(FILLED_IN)["services"]
    offered = {given for each in one.values() for given in each.get("environment", {})}
    wanted = {variable(field) for field in used(name, folder)} & offered
    all_secrets = {variable(field) for settings in OF_SERVICES.values() for field in secrets_of(settings)}
    told = set(one[name]["environment"])
    assert told & all_secrets == wanted
    has_ring = any(volume.startswith("keys:") for volume in one[name].get("volumes", ()))
    assert has_ring == (KEY_RING in told) == (name != "migrate")


def test_compose_tells_what_makes_the_key_ring_of_nothing_else() -> None:
    assert set(compose(FILLED_IN)["services"]["keys"]["environment"]) == {KEY_RING}


def test_the_pods_of_all_services_are_looked_at() -> None:
    assert set(PODS) == {*named("Deployment"), *named("Job")}


# The guide -----------------------------------------------------------------------------------------------------------


GUIDE = (ROOT / "docs" / "operators" / "least-privilege.md").read_text()


def test_the_guide_tells_which_pod_sees_which_key() -> None:
    (table,) = re.findall(r"^\| Secret \| Keys \|.*\n(?:\|.*\n)+", GUIDE, re.MULTILINE)
    head, _, *lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    told: dict[str, dict[str, set[str]]] = {name: {} for name in head[2:]}
    for secret, keys, *cells in lines:
        for name, cell in zip(told, cells, strict=True):
            assert cell in ("yes", "–"), (name, cell)
            if cell == "yes":
                told[name].setdefault(secret.strip("`"), set()).update(re.findall(r"`([^`]+)`", keys))
    assert told == {name: secrets(template(name)["spec"]) for name in PODS}


def test_the_patch_of_the_guide_gives_a_pod_the_address_of_its_own_role(tmp_path: Path) -> None:
    (patch,) = re.findall(r"```yaml\n(patches:\n.*?)```", GUIDE, re.DOTALL)
    base = os.path.relpath(BASE, tmp_path.resolve())
    (tmp_path / "kustomization.yaml").write_text(f"resources: [{base}]\n{patch}")
    objects = rendered(tmp_path)
    if objects is None:
        warnings.warn("UNCHECKED: kubectl is not here, so the patch of the guide was not tried.", stacklevel=2)
        return
    (gateway,) = [one for one in objects if (one["kind"], one["metadata"]["name"]) == ("Deployment", "gateway")]
    pod, before = gateway["spec"]["template"]["spec"], template("gateway")["spec"]
    assert secrets(pod)["colloquy"] == {"amqp-url", "database-url-gateway"}
    (old, new) = ([item["path"] for item in each["volumes"][0]["secret"]["items"]] for each in (before, pod))
    assert old == new
