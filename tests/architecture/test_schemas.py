"""Messages only grow: the committed schemas are those of the code, and no change to them breaks who knows the old."""

from __future__ import annotations

from shared.contracts.catalog import generate_schemas, message_types, not_additive, out_of_date
from shared.contracts.session import SubmitAnswers


def test_the_committed_schemas_are_those_of_the_code() -> None:
    assert out_of_date() == [], "run python -m shared.contracts.catalog --write"


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
