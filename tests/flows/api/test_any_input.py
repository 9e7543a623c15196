"""Whatever a program sends, the server answers: never with an error of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from services.gateway.api_document import openapi
from services.gateway.routes.api import ENDPOINTS
from tests.flows.api.conftest import Program
from tests.sites import Site

ANSWERED = [one for one in ENDPOINTS if not one.path.endswith("/events")]  # a feed does not end
schema = schemathesis.openapi.from_dict(openapi(ANSWERED))


@pytest.fixture(scope="module")
def connections() -> Iterator[requests.Session]:
    """One set of connections for all: to make one for each input takes longer than its answer."""
    with requests.Session() as session:
        yield session


@schema.parametrize()
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_input_is_answered_with_an_error_of_the_server(
    case: schemathesis.Case, site: Site, admin: Program, connections: requests.Session
) -> None:
    headers = {"x-api-key": admin.key}
    answer = case.call(base_url=site.url.rstrip("/"), session=connections, headers=headers, timeout=60)
    assert answer.status_code < 500, answer.text
