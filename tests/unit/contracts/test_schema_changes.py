"""The checker itself: what breaks, and what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, create_model

from shared.contracts import catalog
from shared.contracts.base import Sealed
from shared.contracts.schema_changes import breaking_changes


class Inner(BaseModel):
    first: str
    second: int = 0


class Smaller(BaseModel):
    first: str


class Tree(BaseModel):
    name: str
    branches: tuple[Tree, ...] = ()


class TallTree(BaseModel):
    name: str
    height: int
    branches: tuple[TallTree, ...] = ()


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Breaking changes between two models given by their fields."""
    old, new = create_model("Thing", **before), create_model("Thing", **after)
    return breaking_changes({"Thing": old.model_json_schema()}, {"Thing": new.model_json_schema()})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"a": (int, ...)}, {"a": (int, ...), "b": (str, "")}, id="a new field with a default"),
        pytest.param({"a": (int, ...)}, {"a": (int, 1)}, id="a field may be left out"),
        pytest.param({"a": (Literal["x"], ...)}, {"a": (Literal["x", "y"], ...)}, id="one more value"),
        pytest.param({"a": (Literal["x", "y"], ...)}, {"a": (str, ...)}, id="any value"),
        pytest.param({"a": (int, ...)}, {"a": (int | None, ...)}, id="one more kind"),
        pytest.param({"a": (int | str, ...)}, {"a": (int | str | None, ...)}, id="one more kind among others"),
        pytest.param({"a": (int, ...)}, {"a": (Any, ...)}, id="any kind"),
        pytest.param({"a": (int | None, None)}, {"a": (Any, None)}, id="any kind instead of some"),
        pytest.param({"a": (Smaller, ...)}, {"a": (Inner, ...)}, id="a part that has grown"),
        pytest.param({"a": (Sealed[Smaller], ...)}, {"a": (Sealed[Inner], ...)}, id="a sealed part that has grown"),
        pytest.param({"a": (Tree, ...)}, {"a": (Tree, ...)}, id="a part that contains itself"),
    ],
)
def test_additive_changes_are_accepted(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert changes(before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ({"a": (int, ...), "b": (int, 0)}, {"a": (int, ...)}, "Thing.b: removed."),
        ({"a": (int, ...)}, {"a": (str, ...)}, "Thing.a: type integer became string."),
        ({"a": (Any, ...)}, {"a": (str, ...)}, "Thing.a: type anything became string."),
        ({"a": (int, ...)}, {"a": (int, ...), "b": (int, ...)}, "Thing.b: must be given now."),
        ({"a": (int, 1)}, {"a": (int, ...)}, "Thing.a: must be given now."),
        ({"a": (Literal["x", "y"], ...)}, {"a": (Literal["x"], ...)}, "Thing.a: ['y'] are no longer allowed."),
        ({"a": (str, ...)}, {"a": (Literal["x", "y"], ...)}, "Thing.a: only ['x', 'y'] are allowed now."),
        ({"a": (int | None, ...)}, {"a": (int, ...)}, "Thing.a: null is no longer allowed."),
        ({"a": (int | str, ...)}, {"a": (int | None, ...)}, "Thing.a: string is no longer allowed."),
        ({"a": (Inner, ...)}, {"a": (Smaller, ...)}, "Thing.a.second: removed."),
        ({"a": (Inner | None, ...)}, {"a": (Smaller | None, ...)}, "Thing.a: Inner is no longer allowed."),
        ({"a": (Sealed[Inner], ...)}, {"a": (Sealed[Smaller], ...)}, "Thing.a.second: removed."),
        ({"a": (str, ...)}, {"a": (Sealed[str], ...)}, "Thing.a: type string became object."),
        ({"a": (list[int], ...)}, {"a": (list[str], ...)}, "Thing.a[]: type integer became string."),
        ({"a": (dict[str, int], ...)}, {"a": (dict[str, str], ...)}, "Thing.a: type integer became string."),
        ({"a": (dict[str, Any], ...)}, {"a": (dict[str, str], ...)}, "Thing.a: additionalProperties is narrower"),
        ({"a": (tuple[int, int], ...)}, {"a": (tuple[int, int, int], ...)}, "Thing.a: 2 places became 3."),
        ({"a": (Tree, ...)}, {"a": (TallTree, ...)}, "Thing.a.height: must be given now."),
        ({"a": (int, ...)}, {"a": (Annotated[int, Field(le=9)], ...)}, "Thing.a: maximum without became 9."),
    ],
)
def test_other_changes_are_named(before: dict[str, Any], after: dict[str, Any], sentence: str) -> None:
    found = changes(before, after)
    assert any(each.startswith(sentence) for each in found), found


def test_a_removed_message_is_named() -> None:
    assert breaking_changes({"Old.json": {}}, {}) == ["Old.json: removed."]


def test_a_new_message_is_additive() -> None:
    assert breaking_changes({}, {"New.json": {}}) == []


def test_another_queue_is_named() -> None:
    [sentence] = breaking_changes({"Do.json": {"x-queue": "one"}}, {"Do.json": {"x-queue": "other"}})
    assert sentence == "Do.json: queue 'one' became 'other'."


def test_writing_brings_a_folder_up_to_date_and_removes_what_is_gone(tmp_path: Path) -> None:
    (tmp_path / "Gone.json").write_text("{}")
    assert "Gone.json" in catalog.out_of_date(tmp_path)
    assert "Gone.json: removed." in catalog.not_additive(tmp_path)
    catalog.write_schemas(tmp_path)
    assert catalog.out_of_date(tmp_path) == []
    assert catalog.not_additive(tmp_path) == []
    assert not (tmp_path / "Gone.json").exists()


def test_the_command_refuses_to_write_what_is_not_additive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Gone.json").write_text("{}")
    assert catalog.main(["--write"], folder=tmp_path) == 1
    assert "Gone.json" in capsys.readouterr().err
    assert catalog.main(["--check"], folder=tmp_path) == 1
    assert catalog.main(["--write", "--breaking"], folder=tmp_path) == 0
    assert catalog.main(["--check"], folder=tmp_path) == 0
