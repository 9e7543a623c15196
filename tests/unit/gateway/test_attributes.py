"""Attributes of form fields: complete, and closed to whatever a text may hold."""

from __future__ import annotations

import html
import json
import re

import pytest

from services.gateway.attributes import container_attributes, describedby, grid_class, limits, own_data, state
from shared.contracts.screen import Field

_HOSTILE = """"><script>alert('x')</script>&"""


def _parsed(attributes: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in re.findall(r'([a-z-]+)="([^"]*)"', attributes)}


def test_limits_name_only_what_is_limited() -> None:
    assert limits(Field(number="0")) == ""
    assert limits(Field(number="0", minimum="3", maxlength=9)) == ' min="3" data-maxlength="9"'


def test_a_disabled_field_is_not_required() -> None:
    assert state(Field(number="0")) == ' required aria-required="true"'
    assert state(Field(number="0", disabled=True)) == " disabled"
    assert state(Field(number="0", required=False)) == ""


def test_an_error_and_an_explanation_are_both_named() -> None:
    assert describedby(Field(number="0", input_name="eA", label_html="Age")) == ""
    found = describedby(
        Field(number="0", input_name="eA", label_html="Age", error_text="Too small", under_html="Below")
    )
    assert _parsed(found) == {"aria-describedby": "eA-error eA-under", "aria-invalid": "true"}
    found = describedby(Field(number="0", input_name="eA", label_html="Age", under_html="Below"))
    assert _parsed(found) == {"aria-describedby": "eA-under"}


def test_an_input_without_a_label_is_named_by_the_question() -> None:
    assert _parsed(describedby(Field(number="0"))) == {"aria-labelledby": "daMainQuestion"}
    assert describedby(Field(number="0", input_type="radio")) == "", "the group around them is named already"


def test_a_container_tells_scripts_about_its_field() -> None:
    field = Field(
        number="0",
        variable="x",
        input_name="eA",
        datatype="integer",
        input_type="integer",
        validation_messages={"min": "At least 1"},
        disable_others=("y",),
        list_index=2,
    )
    found = _parsed(container_attributes(field))
    assert found["data-variable"] == "x"
    assert found["data-required"] == "1"
    assert found["data-list-index"] == "2"
    assert json.loads(found["data-messages"]) == {"min": "At least 1"}
    assert json.loads(found["data-disable-others"]) == ["y"]
    assert {"darequired", "da-field-container-datatype-integer", "col-12"} <= set(found["class"].split())


@pytest.mark.parametrize("name", ["variable", "css_class", "datatype", "none_of_the_above"])
def test_no_value_leaves_its_attribute(name: str) -> None:
    field = Field.model_validate({"number": "0", "variable": "x", name: _HOSTILE})
    found = container_attributes(field)
    assert "<" not in found
    assert re.fullmatch(r'[a-z-]+="[^"]*"(?: [a-z-]+="[^"]*")*', found)


def test_messages_with_quotes_stay_json_inside_their_attribute() -> None:
    found = container_attributes(Field(number="0", variable="x", validation_messages={"min": _HOSTILE}))
    assert "<" not in found
    assert json.loads(_parsed(found)["data-messages"]) == {"min": _HOSTILE}


@pytest.mark.parametrize(
    ("grid", "classes"),
    [
        (None, "col-12"),
        (6, "col-12 col-md-6"),
        (99, "col-12 col-md-12"),
        ({"width": 4, "breakpoint": "lg", "offset": 2}, "col-12 col-lg-4 offset-lg-2"),
    ],
)
def test_the_grid_has_twelve_columns(grid: object, classes: str) -> None:
    assert grid_class(grid) == classes


def test_parameters_of_an_authors_datatype_are_data_of_the_input() -> None:
    field = Field(number="0", parameters={"Least age": 3, "shape": _HOSTILE, "of": [1, 2], "%": "no name"})
    found = own_data(field)
    assert _parsed(found) == {"data-least-age": "3", "data-shape": _HOSTILE, "data-of": "[1,2]"}
    assert "<" not in found
    assert own_data(Field(number="0")) == ""
