"""Whatever is sent to a page of the gateway, the answer is never a 5xx (schemathesis, always the same examples).

Pages are described here from the routes: any text for each part of a path, parameters and fields that they read, and
many that they do not. The API describes itself and has a test of its own.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import hypothesis
import pytest
import schemathesis
from starlette.routing import Route

from services.gateway.web import _ROUTES
from tests.flows.system.conftest import INTERVIEWS
from tests.flows.system.person import Person, interview
from tests.sites import Site, embedded_site

EXAMPLES = 6
_PART = re.compile(r"\{(\w+)(?::(\w+))?\}")
_QUERY = ("i", "session", "action", "json", "from", "next", "tag", "reset", "new_session", "n", "event", "attachment")
_FIELDS = ("csrf_token", "_session", "_step", "_form", "_operation", "_action", "ajax", "email", "password", "delete")
_TEXT = {"type": "string", "maxLength": 60}
"""Long and broken texts come from hypothesis itself; these are only kept short enough for many examples."""


def _pages() -> Any:
    # Nothing is asked of the parts of a gateway before a request comes: addresses are known without them.
    routes = [route for module in _ROUTES for route in module.router(MagicMock()).routes]
    for route in routes:
        if not isinstance(route, Route) or not route.methods or route.path.startswith("/api/"):
            continue
        parts = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "integer"} if kind == "int" else _TEXT}
            for name, kind in _PART.findall(route.path)
        ]
        given = [{"name": name, "in": "query", "schema": _TEXT} for name in _QUERY]
        fields = {"type": "object", "properties": dict.fromkeys(_FIELDS, _TEXT)}
        body = {"content": {"application/x-www-form-urlencoded": {"schema": fields}}}
        calls: dict[str, Any] = {}
        for method in sorted(route.methods - {"HEAD", "OPTIONS"}):
            calls[method.lower()] = {"parameters": [*parts, *given], "responses": {"200": {"description": "A page."}}}
            if method != "GET":
                calls[method.lower()]["requestBody"] = body
        yield _PART.sub(r"{\1}", route.path), calls


@pytest.fixture
def open_site(tmp_path: Path) -> Iterator[Site]:
    """A system of its own that lets anybody ask as often as they like."""
    free = {"COLLOQUY_OPENS_PER_MINUTE": "0", "COLLOQUY_POSTS_PER_MINUTE": "0"}
    with embedded_site(tmp_path, interviews=[INTERVIEWS], environment=free) as running:
        yield running


@dataclass
class Caller:
    """Sends made-up calls, and notes how they were answered."""

    root: str
    known: dict[str, str]
    """What gets a call past the first check, where most made-up ones end."""
    with_each: dict[str, Any]
    statuses: Counter[int] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def try_out(self, operation: Any) -> None:
        @hypothesis.settings(
            max_examples=EXAMPLES,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy(), is_known=hypothesis.strategies.booleans())
        def send(case: Any, is_known: bool) -> None:
            if is_known:
                case.query = {**(case.query or {}), "i": self.known["i"]}
                if isinstance(case.body, dict):
                    case.body = {**case.body, **self.known}
            with contextlib.suppress(ValueError):  # what no client can put into a request
                answer = case.call(base_url=self.root, **self.with_each)
                self.statuses[answer.status_code] += 1
                if answer.status_code >= 500:
                    sent = f"{case.method} {case.formatted_path} {case.query} {case.body}"
                    self.broken.append(f"{sent}: {answer.status_code} {answer.text[:300]}")

        send()


@pytest.mark.timeout(400)
def test_no_request_is_answered_by_a_5xx(open_site: Site) -> None:
    person = Person(open_site.url)
    person.open()
    cookies = {cookie.name: cookie.value or "" for cookie in person.http.cookies.jar}
    known = {"i": interview("names"), **person.page_fields()}
    with_each = {"cookies": cookies, "timeout": 60, "allow_redirects": False}
    caller = Caller(open_site.url.rstrip("/"), known, with_each)
    document = {"openapi": "3.1.0", "info": {"title": "pages", "version": "1"}, "paths": dict(_pages())}
    operations = [found.ok() for found in schemathesis.openapi.from_dict(document).get_all_operations()]
    for operation in operations:
        caller.try_out(operation)
    assert caller.broken == []
    assert caller.statuses[200] > 10, f"calls got through: {caller.statuses}"
    assert caller.statuses.total() > 3 * len(operations)
