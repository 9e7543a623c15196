"""Messages only grow: the committed schemas are those of the code, and no change to them breaks who knows the old.

What counts is what a release has sent and read: its schemas are kept with it for ever, and whatever is written beside
the code (`--write --breaking`), a message that such a release would not understand fails here.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.base import Command, Event, Reply
from shared.contracts.catalog import generate_schemas, message_types, not_additive, out_of_date
from shared.contracts.schema_changes import breaking_changes
from shared.contracts.session import SubmitAnswers
from tests.releases import moving

RELEASES = sorted((Path(__file__).parents[1] / "releases").glob(f"*/{moving.SCHEMAS}"))
Schemas = dict[str, dict[str, Any]]


@pytest.fixture(params=RELEASES, ids=lambda path: path.parent.name)
def kept(request: pytest.FixtureRequest) -> Schemas:
    """The schemas of a release: of every command, event and reply, and of the screen."""
    found = json.loads(request.param.read_text())
    return {f"{name}.json": schema for name, schema in found.items() if "asyncapi" not in name}


def test_the_committed_schemas_are_those_of_the_code() -> None:
    assert out_of_date() == [], "run python -m shared.contracts.catalog --write"


def test_there_is_a_release_to_compare_with() -> None:
    assert RELEASES


def test_every_change_since_a_release_is_additive_whatever_is_committed(kept: Schemas) -> None:
    assert breaking_changes(kept, generate_schemas()) == []


def _without_its_first_field(schema: dict[str, Any]) -> None:
    schema["properties"].pop(next(iter(schema["properties"])), None)


def _that_wants_more(schema: dict[str, Any]) -> None:
    schema.setdefault("required", []).append("something_new")


def _that_goes_elsewhere(schema: dict[str, Any]) -> None:
    for route in ("x-queue", "x-topic", "x-type"):
        if route in schema:
            schema[route] += ".other"


@pytest.mark.parametrize("kind", [Command, Event, Reply])
@pytest.mark.parametrize("change", [_without_its_first_field, _that_wants_more, _that_goes_elsewhere])
def test_such_a_change_of_any_message_of_a_release_would_be_found(
    kept: Schemas, kind: type[Any], change: Callable[[dict[str, Any]], None]
) -> None:
    """Of every single one: none is left out of the comparison."""
    ours = [f"{one.__name__}.json" for one in message_types().values() if issubclass(one, kind)]
    shared = [name for name in ours if name in kept and kept[name].get("properties")]
    assert shared
    now = generate_schemas()
    for name in shared:
        changed = copy.deepcopy(now[name])
        change(changed)
        assert breaking_changes({name: kept[name]}, {name: changed}), name
    gone = set(breaking_changes(kept, {name: schema for name, schema in now.items() if name not in shared}))
    assert gone == {f"{name}: removed." for name in shared}


def test_every_change_since_the_committed_schemas_is_additive() -> None:
    assert not_additive() == []


def test_there_is_a_schema_of_every_message_and_of_the_screen() -> None:
    names = {f"{message.__name__}.json" for message in message_types().values()}
    assert names | {"screen.json", "asyncapi.json", "actions.asyncapi.json"} == set(generate_schemas())
    assert "SubmitAnswers.json" in names
    assert "SessionRequest.json" not in names, "only what is really sent"


def test_no_sealed_value_appears_in_a_schema_as_if_it_were_readable() -> None:
    schema = generate_schemas()["SubmitAnswers.json"]
    assert SubmitAnswers.model_fields["submission"].is_required()
    assert list(schema["properties"]["submission"]["properties"]) == ["sealed"]
    assert "x-sealed-value" in schema["properties"]["submission"]
