"""Inputs that take files: what a phone opens for each kind (spec/area4 §2.5, HTML Media Capture)."""

from __future__ import annotations

import pytest

from services.gateway.rendering import environment, macros_saying
from services.gateway.wording import wording
from shared.contracts.screen import Field

_KINDS = {
    "file": ("", ""),
    "files": ("", ""),
    "camera": ("image/*", "capture"),
    "user": ("image/*", 'capture="user"'),
    "environment": ("image/*", 'capture="environment"'),
    "camcorder": ("video/*", "capture"),
    "microphone": ("audio/*", "capture"),
}


def _shown(kind: str, **more: object) -> str:
    field = Field.model_validate({"number": "0", "input_name": "eA", "datatype": kind, "input_type": kind, **more})
    return str(macros_saying(wording({}), environment(static="/static"))["inputs"].control(field))


@pytest.mark.parametrize("kind", _KINDS)
def test_each_kind_opens_what_it_is_named_after(kind: str) -> None:
    accepted, capture = _KINDS[kind]
    shown = _shown(kind)
    assert ('type="file"' in shown, " multiple" in shown) == (True, kind == "files")
    assert (f'accept="{accepted}"' in shown) if accepted else ("accept=" not in shown)
    assert (f" {capture}" in shown) if capture else ("capture" not in shown)


def test_what_an_author_accepts_stands_before_what_the_kind_does() -> None:
    assert 'accept="image/png"' in _shown("camera", accept="image/png")


def test_an_author_may_give_the_input_classes_or_have_the_browsers_own() -> None:
    usual = _shown("file")
    assert "btn-file" in usual
    assert "Browse…" in usual
    assert 'class="form-control wide tall"' in _shown("file", parameters={"file_css_class": "wide tall"})
    assert "btn-file" in _shown("file", parameters={"file_css_class": "wide tall"})
    plain = _shown("file", parameters={"file_css_class": ""})
    assert "btn-file" not in plain
    assert "Browse…" not in plain
    assert '<input type="file" class="form-control"' in plain


@pytest.mark.parametrize("kind", ["text", "integer", "area", "dropdown", "combobox", "range", "date"])
def test_classes_and_parameters_of_an_authors_datatype_stand_on_the_input_itself(kind: str) -> None:
    shown = _shown(kind, input_class="of-the-author", parameters={"shape": "round"})
    opening = next(tag for tag in shown.split("<") if "of-the-author" in tag)
    assert opening.startswith(("input", "textarea", "select"))
    assert 'data-shape="round"' in opening
