"""The cheap default of dictionaries says and does what a plain `{}` does."""

from __future__ import annotations

from pydantic import BaseModel

from shared.kernel.defaults import empty_dict


class Plain(BaseModel):
    """As pydantic has it."""

    words: dict[str, str] = {}


class Cheap(BaseModel):
    """With ours."""

    words: dict[str, str] = empty_dict()


def test_the_schema_is_the_same() -> None:
    assert Cheap.model_json_schema()["properties"] == Plain.model_json_schema()["properties"]


def test_every_object_has_a_dictionary_of_its_own() -> None:
    one, other = Cheap(), Cheap.model_validate_json("{}")
    one.words["a"] = "b"
    assert other.words == {}


def test_it_is_left_out_where_defaults_are() -> None:
    assert Cheap(words={}).model_dump_json(exclude_defaults=True) == "{}"
    assert Cheap(words={"a": "b"}).model_dump(exclude_defaults=True) == {"words": {"a": "b"}}
