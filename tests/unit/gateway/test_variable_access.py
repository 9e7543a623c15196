"""An interview may keep its answers from scripts of its pages."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.routes.check_in import may_be_read


@pytest.mark.parametrize(
    ("variables", "may"),
    [
        ({"_internal": {"misc": {"variable_access": False}}}, False),
        ({"_internal": {"misc": {"variable_access": True}}}, True),
        ({"_internal": {"misc": {}}}, True),
        ({"_internal": None}, True),
        ({}, True),
        (None, True),
    ],
)
def test_only_an_explicit_no_closes_them(variables: Any, may: bool) -> None:
    assert may_be_read(variables) is may
