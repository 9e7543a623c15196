"""What the page of an interview's error shows: to everybody, and to its author."""

from __future__ import annotations

import pytest

from services.gateway.notices import of_problem
from services.gateway.settings import GatewaySettings
from shared.contracts.session import Problem

CODE = Problem(
    title="Error",
    message="401 for https://api.example.org/?key=canary",
    file="docs:data/questions/intake.yml",
    line=7,
    block="ID ask",
    sought=("fee",),
    source_line="requests.get(address, key='canary')",
    is_from_code=True,
    trace="File …, line 7: canary",
)
UNDEFINED = Problem(title="Error", message="There is no 'colour'", nearest=("color",), sought=("colour", "page"))


def test_an_author_sees_the_line_the_words_of_the_exception_and_the_trace() -> None:
    notice = of_problem(CODE, shows_details=True)
    assert notice.message == CODE.message
    assert notice.source_line == CODE.source_line
    assert notice.trace == CODE.trace


def test_others_see_where_it_is_and_nothing_that_code_says() -> None:
    notice = of_problem(CODE, shows_details=False)
    assert notice.where == "docs:data/questions/intake.yml, line 7 (ID ask)"
    assert "canary" not in repr(notice)
    assert "has an error" in notice.message


def test_everybody_sees_what_is_undefined_and_which_names_are_near() -> None:
    notice = of_problem(UNDEFINED, shows_details=False)
    assert notice.message == f"{UNDEFINED.message}. The number of this error is {notice.number}."
    assert (notice.nearest, notice.sought) == (("color",), ("colour", "page"))


@pytest.mark.parametrize(
    ("public_url", "host", "given", "shows"),
    [
        ("", "127.0.0.1", None, True),
        ("", "0.0.0.0", None, False),
        ("https://forms.example.org", "127.0.0.1", None, False),
        ("https://forms.example.org", "0.0.0.0", True, True),
        ("", "127.0.0.1", False, False),
    ],
)
def test_details_are_shown_while_only_this_machine_is_served_unless_it_is_said(
    public_url: str, host: str, given: bool | None, shows: bool
) -> None:
    assert GatewaySettings(public_url=public_url, host=host, error_details=given).shows_error_details is shows
