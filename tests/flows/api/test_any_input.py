"""Whatever a program sends, the server answers: never with an error of its own (schemathesis over the API's document).

Half of the calls are made up altogether and mostly refused at once. The others get what a program that means it would
give (a session and its key, an account, a link that is there), so that what lies behind the first checks is reached.
"""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis

from services.gateway.api_document import openapi
from services.gateway.routes.api import ENDPOINTS
from tests.flows.api.conftest import INTERVIEWS, PASSWORD, SHARED, Program
from tests.flows.system.conftest import command
from tests.sites import Site, embedded_site

EXAMPLES = 25
REACHED = 0.8
"""Of the operations, those that some call must get through to, or the examples tell little."""


@pytest.fixture
def open_site(tmp_path: Path) -> Iterator[Site]:
    """A system of its own that lets anybody ask as often as they like."""
    free = {
        "COLLOQUY_OPENS_PER_MINUTE": "0",
        "COLLOQUY_POSTS_PER_MINUTE": "0",
        "COLLOQUY_API_CALLS_PER_MINUTE": "0",
        "COLLOQUY_PASSWORD_MEMORY_KIB": "7168",
        "COLLOQUY_WEBHOOKS_PRIVATE": "true",
    }
    with embedded_site(tmp_path, interviews=[INTERVIEWS], environment=free) as running:
        yield running


@dataclass
class Caller:
    """Sends made-up calls, and notes how they were answered."""

    root: str
    admin: Program
    statuses: Counter[int] = field(default_factory=Counter)
    reached: dict[str, bool] = field(default_factory=lambda: defaultdict(bool))
    broken: list[str] = field(default_factory=list)
    http: requests.Session = field(default_factory=requests.Session)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def meant(self) -> dict[str, Any]:
        """What a program that means it would give, under the names that endpoints have for it."""
        admin, number = self.admin, next(self.numbers)
        session = admin.begin(SHARED)
        admin.post("/api/session", **session.facts, variables={"favorite_fruit": "fig"})
        stashed = admin.post("/api/stash_data", data={"fruit": "fig"}).json()
        person = admin.post("/api/user/new", username=f"person{number}@example.org", password=PASSWORD).json()
        admin.post("/api/privileges", privilege=f"privilege{number}")
        hook = admin.post("/api/webhooks", url=f"{self.root}/hooks/{number}", events=["SessionChanged"]).json()
        return {
            "i": session.i, "session": session.session, "secret": session.secret or stashed["secret"],
            "stash_key": stashed["stash_key"], "action": "tell", "username": admin.email, "password": PASSWORD,
            "number": person["user_id"], "privilege": f"privilege{number}", "email": f"new{number}@example.org",
            "email_addresses": f"invited{number}@example.org", "privileges": ["user"],
            "api_key": admin.post("/api/user/api", name=f"key {number}").json(), "name": f"other {number}",
            "method": "none", "allowed": [], "permissions": [], "url": f"{self.root}/list", "expire": 60,
            "id": hook["id"],
            "events": ["SessionChanged"], "send_emails": False,
        }  # fmt: skip

    def try_out(self, operation: Any) -> None:
        known = self.meant()
        if operation.path == "/api/user/new":
            known["username"] = known["email"]
        name = f"{operation.method.upper()} {operation.path}"

        @hypothesis.settings(
            max_examples=EXAMPLES,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy(), is_meant=hypothesis.strategies.booleans())
        def send(case: Any, is_meant: bool) -> None:
            if is_meant:
                for place in ("path_parameters", "query", "body"):
                    given = getattr(case, place)
                    if isinstance(given, dict):
                        setattr(case, place, {name: known.get(name, value) for name, value in given.items()})
            with contextlib.suppress(ValueError):  # what no client can put into a request
                headers = {"x-api-key": self.admin.key}
                answer = case.call(base_url=self.root, session=self.http, headers=headers, timeout=60)
                self.statuses[answer.status_code] += 1
                self.reached[name] |= 200 <= answer.status_code < 300
                if answer.status_code >= 500:
                    sent = f"{case.method} {case.formatted_path} {case.query} {case.body}"
                    self.broken.append(f"{sent}: {answer.status_code} {answer.text[:300]}")

        send()


@pytest.mark.timeout(400)
def test_no_input_is_answered_with_an_error_of_the_server(open_site: Site) -> None:
    made = command(open_site, "users", "create", "admin@example.org", "--privilege", "admin", typed=PASSWORD)
    assert made.returncode == 0, made.stderr
    key = command(open_site, "api-keys", "create", "admin@example.org", "tests", "--publisher", "shop")
    caller = Caller(open_site.url.rstrip("/"), Program(open_site.url, key.stdout.strip(), "admin@example.org"))
    answered = [one for one in ENDPOINTS if not one.path.endswith("/events")]  # a feed does not end
    found: Any = schemathesis.openapi.from_dict(openapi(answered)).get_all_operations()
    operations = [one.ok() for one in found]
    with caller.http, caller.admin.http:
        for operation in operations:
            caller.try_out(operation)
    assert caller.broken == []
    assert sum(caller.reached.values()) >= REACHED * len(operations), [
        name for name, is_reached in caller.reached.items() if not is_reached
    ]
    assert caller.statuses.total() > EXAMPLES / 2 * len(operations)
