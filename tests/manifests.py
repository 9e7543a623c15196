"""What deploy/ says: objects of Kubernetes with their containers, variables, commands and probes, and compose.yaml.

The base is read as it is written, so that it can be held to the code where there is no kubectl; overlays are rendered
by kubectl.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
BASE = DEPLOY / "k8s" / "base"
COMPOSE = DEPLOY / "compose.yaml"
KUSTOMIZATIONS = sorted(path.parent for path in (DEPLOY / "k8s").rglob("kustomization.yaml"))
WHOLE = "*"
OVERLAYS = sorted(path for path in (DEPLOY / "k8s" / "overlays").iterdir() if path.is_dir())


def documents(file: Path) -> list[dict[str, Any]]:
    """The objects in one file."""
    return list(YAML(typ="safe", pure=True).load_all(file.read_text()))


def listed(folder: Path) -> Iterator[dict[str, Any]]:
    """All objects of a kustomization and of those it stands on, as they are written."""
    (kustomization,) = documents(folder / "kustomization.yaml")
    for name in kustomization["resources"]:
        path = folder / name
        if path.is_dir():
            yield from listed(path.resolve())
        else:
            yield from documents(path)


def named(kind: str) -> dict[str, dict[str, Any]]:
    """The objects of the base of one kind, by name."""
    return {one["metadata"]["name"]: one for one in listed(BASE) if one["kind"] == kind}


def template(name: str) -> dict[str, Any]:
    """The pod of a Deployment, or of a Job."""
    found = {**named("Deployment"), **named("Job")}[name]["spec"]["template"]
    assert isinstance(found, dict)
    return found


def container(name: str) -> dict[str, Any]:
    """The container in it."""
    (one,) = template(name)["spec"]["containers"]
    assert isinstance(one, dict)
    return one


def environment(name: str) -> dict[str, str]:
    """The variables of a container as the kubelet would make them, without Secrets."""
    given = dict(named("ConfigMap")["colloquy"]["data"])
    return given | {one["name"]: one["value"] for one in container(name)["env"] if "value" in one}


def secrets(pod: Mapping[str, Any]) -> dict[str, set[str]]:
    """The keys that a pod sees of each Secret, in files and in variables; `*` where it sees the whole one."""
    seen: dict[str, set[str]] = {}
    for volume in pod["volumes"]:
        if "secret" in volume:
            keys = {each["key"] for each in volume["secret"].get("items", ())}
            seen.setdefault(volume["secret"]["secretName"], set()).update(keys or {WHOLE})
    for one in pod["containers"]:
        for each in one.get("envFrom", ()):
            if "secretRef" in each:
                seen.setdefault(each["secretRef"]["name"], set()).add(WHOLE)
        for each in one.get("env", ()):
            if "secretKeyRef" in each.get("valueFrom", ()):
                of = each["valueFrom"]["secretKeyRef"]
                seen.setdefault(of["name"], set()).add(of["key"])
    return seen


def rendered(folder: Path) -> list[dict[str, Any]] | None:
    """The objects of an overlay as kubectl makes them; None where there is no kubectl."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        return None
    made = subprocess.run([kubectl, "kustomize", str(folder)], check=True, capture_output=True, text=True, timeout=120)
    return [one for one in YAML(typ="safe", pure=True).load_all(made.stdout) if one]


VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def compose(variables: Mapping[str, str]) -> dict[str, Any]:
    """compose.yaml with its variables filled in. Raises KeyError for one that has to be given and is not."""

    def value(found: re.Match[str]) -> str:
        name, how, text = found.groups()
        given = variables.get(name, "")
        if not given and how == "?":
            raise KeyError(name)
        return given or (text if how == "-" else "")

    def filled(one: Any) -> Any:
        if isinstance(one, str):
            return VARIABLE.sub(value, one)
        if isinstance(one, dict):
            return {name: filled(each) for name, each in one.items()}
        return [filled(each) for each in one] if isinstance(one, list) else one

    (read,) = documents(COMPOSE)
    return {name: filled(part) for name, part in read.items()}
