"""A system in one process, and programs that call its HTTP API."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.system.conftest import command
from tests.sites import Site, embedded_site

INTERVIEWS = Path(__file__).parent / "interviews"
PASSWORD = "correct horse battery"
FRUIT = "programs:data/questions/fruit.yml"
SHARED = "programs:data/questions/shared.yml"
QUESTIONLESS = "programs:data/questions/questionless.yml"
TASKS = "programs:data/questions/tasks.yml"
FILES = "programs:data/questions/files.yml"

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    environment = {
        "COLLOQUY_PASSWORD_MEMORY_KIB": "7168",
        "COLLOQUY_TRUSTED_PROXIES": "127.0.0.1",
        "COLLOQUY_WEBHOOKS_PRIVATE": "true",
        # On a quick machine all these tests are more than one network may ask for in a minute.
        "COLLOQUY_OPENS_PER_MINUTE": "0",
        "COLLOQUY_POSTS_PER_MINUTE": "0",
        "COLLOQUY_API_CALLS_PER_MINUTE": "0",
    }
    with embedded_site(tmp_path_factory.mktemp("api"), interviews=[INTERVIEWS], environment=environment) as running:
        yield running


@dataclass
class Session:
    """A session that a program has begun."""

    i: str
    session: str
    secret: str = ""

    @property
    def facts(self) -> dict[str, str]:
        return {"i": self.i, "session": self.session, **({"secret": self.secret} if self.secret else {})}


@dataclass
class Program:
    """A program with a key."""

    url: str
    key: str
    email: str = ""
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, timeout=60.0, headers={"x-api-key": self.key})

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.http.get(path, params=query or None)

    def post(self, path: str, **fields: Any) -> httpx.Response:
        return self.http.post(path, json=fields)

    def patch(self, path: str, **fields: Any) -> httpx.Response:
        return self.http.patch(path, json=fields)

    def delete(self, path: str, **query: Any) -> httpx.Response:
        return self.http.delete(path, params=query or None)

    def begin(self, interview: str = FRUIT, **query: str) -> Session:
        answer = self.get("/api/session/new", i=interview, **query)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        return Session(told["i"], told["session"], told.get("secret", ""))

    def join(self, session: Session) -> None:
        """Take part in a session of somebody else that is shared, with what opens this person's own sessions."""
        secret = self.get("/api/secret", username=self.email, password=PASSWORD).json()
        answer = self.get("/api/session/question", i=session.i, session=session.session, secret=secret)
        assert answer.status_code == 200, answer.text

    def variables(self, session: Session) -> dict[str, Any]:
        found: dict[str, Any] = self.get("/api/session", **session.facts).json()
        return found


@pytest.fixture(scope="session")
def admin(site: Site) -> Iterator[Program]:
    """With the key of an administrator."""
    made = command(site, "users", "create", "admin@example.org", "--privilege", "admin", typed=PASSWORD)
    assert made.returncode == 0, made.stderr
    key = command(site, "api-keys", "create", "admin@example.org", "tests", "--publisher", "shop")
    assert key.returncode == 0, key.stderr
    program = Program(site.url, key.stdout.strip(), "admin@example.org")
    with program.http:
        yield program


@pytest.fixture(scope="session")
def program(site: Site, admin: Program) -> Iterator[Program]:
    """With the key of an ordinary person."""
    with someone(site, admin).http as http:
        yield Program(site.url, http.headers["x-api-key"], http.headers["x-email"])


def someone(site: Site, admin: Program, *privileges: str) -> Program:
    """A new person with a key."""
    email = f"person{next(_NUMBERS)}@example.org"
    made = admin.post("/api/user/new", username=email, password=PASSWORD, privileges=list(privileges) or ["user"])
    assert made.status_code == 200, made.text
    key = admin.post(f"/api/user/{made.json()['user_id']}/api", name="first")
    assert key.status_code == 200, key.text
    program = Program(site.url, key.json(), email)
    program.http.headers["x-email"] = email
    return program


def limited(site: Site, admin: Program, *permissions: str) -> Program:
    """An administrator's key that may only do these."""
    key = admin.post("/api/user/api", name=f"limited {next(_NUMBERS)}", permissions=list(permissions))
    assert key.status_code == 200, key.text
    return Program(site.url, key.json())
