"""The table of what brings information in and out names each function, each endpoint, and tests there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.gateway.api_calls import Endpoint
from services.gateway.routes.api import ENDPOINTS
from shared.interview.library.exports import members_of, public_names
from tests.flows.test_table_of_tests import _is_there

TABLE = Path(__file__).parent / "IN_AND_OUT.md"
_TEST = re.compile(r"([a-z_/]+)::(test_\w*)")

FUNCTIONS = [
    "interview_url",
    "interview_url_action",
    "url_action",
    "action_menu_item",
    "interview_url_as_qr",
    "interview_url_action_as_qr",
    "url_of",
    "response",
    "json_response",
    "variables_as_json",
    "all_variables",
    "safe_json",
    "transform_json_variables",
    "message",
    "log",
    "create_session",
    "get_session_variables",
    "set_session_variables",
    "run_action_in_session",
    "get_question_data",
    "go_back_in_session",
    "get_user_secret",
    "set_variables",
    "define",
    "interview_list",
    "stash_data",
    "retrieve_stashed_data",
    "DAStore",
    "mark_task_as_performed",
    "task_performed",
    "task_not_yet_performed",
    "times_task_performed",
    "set_task_counter",
    "DAGlobal",
    "DARedis",
    "write_record",
    "read_records",
    "delete_record",
    "store_variables_snapshot",
    "variables_snapshot_connection",
    "variables_snapshot_connect",
    "register_db",
    "create_objects",
    "upgrade_db",
    "alchemy_url",
    "connect_args",
    "SQLObject",
    "SQLObjectRelationship",
    "SQLObjectList",
    "SQLRelationshipList",
    "StandardRelationshipList",
    "DACloudStorage",
    "DAWeb",
    "DAWebError",
    "DAGoogleAPI",
    "DAOAuth",
]
"""What authors call (spec/area2 §6 to §10)."""


def rows() -> dict[str, list[tuple[str, str]]]:
    """What stands in the first column of each row, and the tests in the second."""
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("| ") and line != "| Name | Tests |"]
    return {name: _TEST.findall(tests) for name, tests in (line.strip("| ").split(" | ", 1) for line in lines)}


def test_every_row_names_tests_that_are_there() -> None:
    found = rows()
    assert len(found) > 70
    assert [name for name, tests in found.items() if not tests] == []
    missing = [f"{file}::{test}" for tests in found.values() for file, test in tests if not _is_there(file, test)]
    assert missing == []


def test_every_documented_function_is_in_the_table_and_in_the_library() -> None:
    named = set(re.findall(r"`(\w+)`", "\n".join(rows())))
    assert set(FUNCTIONS) - named == set()
    known = {*public_names(), *(members_of("docassemble.base.sql") or ()), *(members_of("docassemble.base.util") or ())}
    assert set(FUNCTIONS) - known == set()


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
def test_every_endpoint_is_in_the_table(endpoint: Endpoint) -> None:
    assert f"`{endpoint.method} {endpoint.path.replace('{number:int}', '{number}')}`" in "\n".join(rows())


def test_the_table_names_no_endpoint_that_is_not_there() -> None:
    named = set(re.findall(r"`((?:GET|POST|PATCH|DELETE) [^`]+)`", "\n".join(rows())))
    assert named == {f"{one.method} {one.path.replace('{number:int}', '{number}')}" for one in ENDPOINTS}
