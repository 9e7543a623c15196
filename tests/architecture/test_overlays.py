"""Each overlay as kubectl renders it: valid for the API, and its parts fit each other."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest

from services.settings_table import OF_SERVICES, known_variables
from tests.architecture.custom_resources import SCHEMAS
from tests.manifests import OVERLAYS, rendered

API = "1.32"
"""The release whose schemas the manifests are held to."""
Objects = list[dict[str, Any]]


@pytest.fixture(scope="module", params=OVERLAYS, ids=lambda path: path.name)
def objects(request: pytest.FixtureRequest) -> Objects:
    return made(request.param)


def made(overlay: Path) -> Objects:
    """The overlay's objects; without kubectl none, and a word about it: nothing is skipped in silence."""
    found = rendered(overlay)
    if found is None:
        warnings.warn(f"UNCHECKED: kubectl is not here, so the overlay {overlay.name} was not rendered.", stacklevel=2)
    return found or []


def of_kind(objects: Objects, kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}


def pods(objects: Objects) -> dict[str, dict[str, Any]]:
    """Labels of all pods, by what makes them."""
    makers = {**of_kind(objects, "Deployment"), **of_kind(objects, "Job")}
    return {name: one["spec"]["template"]["metadata"]["labels"] for name, one in makers.items()}


def finds(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    return selector["matchLabels"].items() <= labels.items()


def test_every_object_is_valid_for_the_api(objects: Objects) -> None:
    for one in objects:
        schema = SCHEMAS.get((one["apiVersion"], one["kind"]))
        if schema is None:
            kubernetes_validate.validate(one, API, strict=True)
        else:
            jsonschema.Draft202012Validator(schema).validate(one)


def test_names_are_taken_once(objects: Objects) -> None:
    names = [(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for one in objects]
    assert len(names) == len(set(names))


def test_every_pod_has_a_network_policy_and_every_policy_a_pod(objects: Objects) -> None:
    policies = {name: one["spec"]["podSelector"] for name, one in of_kind(objects, "NetworkPolicy").items()}
    for labels in pods(objects).values():
        assert [name for name, selector in policies.items() if finds(selector, labels)]
    of_operators = {"colloquy-postgres", "colloquy-rabbitmq"}
    for name, selector in policies.items():
        assert name in of_operators or any(finds(selector, labels) for labels in pods(objects).values()), name


def test_every_service_has_a_budget_of_its_own(objects: Objects) -> None:
    budgets = of_kind(objects, "PodDisruptionBudget")
    for name, labels in pods(objects).items():
        if labels["app.kubernetes.io/name"] == "colloquy" and name != "migrate":
            assert [one for one in budgets.values() if finds(one["spec"]["selector"], labels)] == [budgets[name]]


def test_what_is_mounted_is_there(objects: Objects) -> None:
    for one in [*of_kind(objects, "Deployment").values(), *of_kind(objects, "Job").values()]:
        pod = one["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert {each["name"] for each in container["volumeMounts"]} == {each["name"] for each in pod["volumes"]}
        variables = [each["name"] for each in container.get("env", ())]
        assert len(variables) == len(set(variables))
        if container["name"] in OF_SERVICES:
            assert set(variables) <= known_variables()


def test_the_configuration_names_settings(objects: Objects) -> None:
    for one in of_kind(objects, "ConfigMap").values():
        assert set(one["data"]) <= known_variables()


def test_all_pods_may_do_nothing_that_they_do_not_need(objects: Objects) -> None:
    for one in [*of_kind(objects, "Deployment").values(), *of_kind(objects, "Job").values()]:
        pod = one["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


@pytest.fixture(scope="module")
def production() -> Objects:
    (overlay,) = [path for path in OVERLAYS if path.name == "production"]
    return made(overlay)


def test_what_scales_leads_to_deployments_that_leave_their_number_to_it(production: Objects) -> None:
    scaled = {**of_kind(production, "HorizontalPodAutoscaler"), **of_kind(production, "ScaledObject")}
    targets = {one["spec"]["scaleTargetRef"]["name"] for one in scaled.values()}
    free = {name for name, one in of_kind(production, "Deployment").items() if "replicas" not in one["spec"]}
    assert targets == free


def test_mail_comes_in_by_both_ports_of_mail_with_the_address_of_its_sender(production: Objects) -> None:
    if not production:
        return
    service = of_kind(production, "Service")["mail"]["spec"]
    assert (service["type"], service["externalTrafficPolicy"]) == ("LoadBalancer", "Local")
    (container,) = of_kind(production, "Deployment")["mail"]["spec"]["template"]["spec"]["containers"]
    listens = {each["name"]: each["containerPort"] for each in container["ports"]}
    leads = {each["port"]: listens[each["targetPort"]] for each in service["ports"]}
    told = {each["name"]: each["value"] for each in container["env"] if "value" in each}
    told |= of_kind(production, "ConfigMap")["colloquy"]["data"]
    assert leads == {25: int(told["COLLOQUY_SMTP_PORT"]), 465: int(told["COLLOQUY_SMTP_TLS_PORT"])}
    policy = of_kind(production, "NetworkPolicy")["mail"]["spec"]["ingress"]
    assert set(leads.values()) <= {port["port"] for each in policy for port in each["ports"]}
