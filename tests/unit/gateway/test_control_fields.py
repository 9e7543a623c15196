"""What the hidden fields of a form tell scripts of authors."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from services.gateway.control_fields import control_fields
from services.gateway.forms import posted_of
from services.gateway.names import encoded_name
from shared.contracts.screen import Form, FormField


def decoded(text: str) -> Any:
    return json.loads(base64.b64decode(text + "=" * (-len(text) % 4)))


def field(variable: str, datatype: str, **more: Any) -> FormField:
    return FormField(input_name=encoded_name(variable), variable=variable, datatype=datatype, **more)


def test_inputs_are_told_by_the_names_of_their_variables() -> None:
    numbered = encoded_name("_field_1")
    box = encoded_name("fruit[B'YXBwbGU=']")
    form = Form(
        question_name="ID a",
        sought=("user.name",),
        fields=(
            field("name", "text"),
            FormField(input_name=numbered, variable="age", datatype="integer"),
            field("fruit", "checkboxes", keys=(box,), absent="False"),
            field("done", "boolean", absent="True", options={"always": True}),
            field("none", "radio", options={"is_empty": True}),
        ),
    )
    found = control_fields(form, 7)
    assert found.pop("_tracker") == "7"
    told = {name: decoded(value) for name, value in found.items()}
    assert told == {
        "_event": ["user.name"],
        "_datatypes": {
            encoded_name(name): kind
            for name, kind in (
                ("name", "text"), ("age", "integer"), ("fruit", "checkboxes"), ("done", "boolean"), ("none", "radio")
            )
        },
        "_varnames": {numbered: encoded_name("age")},
        "_checkboxes": {box: "False"},
        "_empties": {encoded_name("none"): "radio"},
    }  # fmt: skip


def test_the_list_that_is_collected_is_named_and_taken_for_no_answer() -> None:
    found = control_fields(Form(question_name="ID a", list_collect={"list": "fruit", "count": 2}), 1)
    assert decoded(found["_list_collect_list"]) == "fruit"
    posted = posted_of([*found.items(), ("_collect", "add")], (), max_fields=9)
    assert [one.name for one in posted.inputs] == ["_collect"]


@pytest.mark.parametrize(
    ("told", "location"),
    [
        ('{"latitude": 53.55, "longitude": 10}', {"latitude": 53.55, "longitude": 10}),
        ('{"error": "denied"}', {"error": "denied"}),
        ('{"latitude": 91, "longitude": 10}', None),
        ('{"latitude": true, "longitude": "10"}', None),
        ('{"latitude": NaN, "longitude": 1}', None),
        ("[]", None),
        ("what", None),
        ("", None),
    ],
)
def test_where_a_browser_is_counts_only_as_a_place_or_a_reason(told: str, location: dict[str, Any] | None) -> None:
    assert posted_of([("_track_location", told)], (), max_fields=9).location == location


def test_a_reason_is_cut_short() -> None:
    told = json.dumps({"error": "x" * 5000})
    assert posted_of([("_track_location", told)], (), max_fields=9).location == {"error": "x" * 200}
