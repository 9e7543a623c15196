"""deploy/monitoring: what the dashboard and the alert rules ask for is measured, with these labels."""

from __future__ import annotations

import ast
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
KINDS = ("counter", "gauge", "seconds", "bytes")
OF_PROMETHEUS = {"le", "job", "instance"}
_METRIC = re.compile(r"colloquy_(\w+)(?:\{([^}]*)\})?")
_CHOSEN = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_GROUPED = re.compile(r"\b(?:by|on|without|group_left)\s*\(([^)]*)\)")


PAGE = (ROOT / "docs" / "operators" / "monitoring.md").read_text()
_LOOKED_AT = (
    "tests/flows/system/test_metrics.py",
    "tests/contract/bus/test_rabbit.py",
    "tests/unit/mail/test_keeping_media.py",
)


@functools.cache
def made() -> dict[str, tuple[str, set[str]]]:
    """Every metric that code makes, without our prefix: its kind, and its labels."""
    found: dict[str, tuple[str, set[str]]] = {}
    for path in (path for folder in ("services", "shared") for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in KINDS):
                continue
            if not ast.unparse(node.func.value).endswith("metrics"):
                continue
            name = ast.literal_eval(node.args[0])
            found[name] = (node.func.attr, labels_of(node, path))
    return found


def measured() -> dict[str, set[str]]:
    """The same as Prometheus names it, and its labels."""
    found: dict[str, set[str]] = {}
    for name, (kind, labels) in made().items():
        suffixes = ("_bucket", "_count", "_sum") if kind in ("seconds", "bytes") else ("",)
        found |= {name + suffix: labels for suffix in suffixes}
    return found


def labels_of(call: ast.Call, path: Path) -> set[str]:
    if len(call.args) < 3:
        return set()
    try:
        return set(ast.literal_eval(call.args[2]))
    except ValueError:  # a name for a tuple of the same file
        name = ast.unparse(call.args[2])
        tree = ast.parse(path.read_text())
        (value,) = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]
        ]
        return set(ast.literal_eval(value))


def questions() -> Iterator[tuple[str, str]]:
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for rule in rules():
        yield rule["alert"], rule["expr"]


def rules() -> list[dict[str, Any]]:
    read = YAML(typ="safe", pure=True).load((MONITORING / "alerts.yaml").read_text())
    return [rule for group in read["groups"] for rule in group["rules"]]


@pytest.mark.parametrize(("title", "expression"), list(questions()), ids=lambda text: text[:40])
def test_what_is_asked_for_is_measured(title: str, expression: str) -> None:
    known = measured()
    asked = _METRIC.findall(expression)
    assert asked, title
    assert {name for name, _ in asked} <= set(known)
    labels = set().union(*(known[name] for name, _ in asked)) | OF_PROMETHEUS
    chosen = {label for _, given in asked for label in _CHOSEN.findall(given)}
    grouped = {each.strip() for names in _GROUPED.findall(expression) for each in names.split(",") if each.strip()}
    assert chosen | grouped <= labels


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_says_what_it_means_and_what_to_do(rule: dict[str, Any]) -> None:
    assert set(rule["annotations"]) == {"summary", "action"}
    assert rule["labels"]["severity"] in {"page", "ticket"}


def test_every_alert_is_explained_to_operators() -> None:
    assert [rule["alert"] for rule in rules() if f"`{rule['alert']}`" not in PAGE] == []


def test_operators_are_told_of_every_metric_and_of_none_that_is_not_made() -> None:
    assert set(re.findall(r"`colloquy_(\w+)`", PAGE)) == set(made())


def test_every_metric_is_named_in_a_test_that_looks_at_numbers() -> None:
    tests = "\n".join((ROOT / path).read_text() for path in _LOOKED_AT)
    samples = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", tests))
    unnamed = {name for name in made() if not {name, f"{name}_count", f"colloquy_{name}"} & samples}
    assert unnamed == set()


def test_the_dashboard_leaves_the_source_of_data_to_who_imports_it() -> None:
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    assert {panel["datasource"]["uid"] for panel in panels} == {"${source}"}
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    assert [panel["title"] for panel in panels if not panel["description"]] == []
