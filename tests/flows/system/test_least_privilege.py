"""The five services run with the roles and permissions that operators are told to give them, and with no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from services.installation import bring_up_to_date
from shared.kernel.ids import new_code
from tests import servers
from tests.flows.system.conftest import INTERVIEWS, until
from tests.flows.system.person import Person
from tests.manifests import DEPLOY, documents
from tests.sites import ROOT, SERVICES, Site, service_command, site_on

pytestmark = pytest.mark.timeout(300)

TOLD = (ROOT / "docs" / "operators" / "least-privilege.md").read_text()
PATTERN = re.compile(r"^  '(.*)'", re.MULTILINE)


@pytest.fixture
def database(postgres_server: str) -> Iterator[tuple[str, str]]:
    """URL of a database with the roles of the page, and what stands before their names here."""
    prefix = f"t{new_code(8).lower()}"
    block = "".join(re.findall(r"```sql\n(.*?)```", TOLD, re.DOTALL))

    async def run(url: str, sql: str) -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    with servers.own_database(postgres_server) as url:
        servers.in_thread(lambda: bring_up_to_date(url, wait_seconds=60))
        given = block.replace("colloquy_", f"{prefix}_").replace(" login;", " login password 'given';")
        given = given.replace("password '…'", "password 'given'")
        servers.in_thread(lambda: run(url, given))
        try:
            yield url, prefix
        finally:
            roles = ", ".join(f"{prefix}_{name}" for name in (*SERVICES, "author", "keda"))
            servers.in_thread(lambda: run(url, f"drop owned by {roles}; drop role {roles}"))


def as_user(url: str, user: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{user}:given@{parts.netloc.rpartition('@')[2]}"))


@pytest.fixture
def broker() -> Iterator[str]:
    """URL of a virtual host for a user with the permissions of the page, where we may make one."""
    with servers.own_vhost() as url:
        host = urlsplit(url).path.removeprefix("/")
        if not host:
            yield url
            return
        user = f"t{new_code(8).lower()}"
        allowed = ", ".join('<<"' + found.replace("\\", "\\\\") + '">>' for found in PATTERN.findall(TOLD)[:3])
        made = f"""
            U = <<"{user}">>, H = <<"{host}">>, M = <<"tests">>,
            ok = rabbit_auth_backend_internal:add_user(U, <<"given">>, M),
            ok = rabbit_auth_backend_internal:set_permissions(U, H, {allowed}, M).
        """
        assert servers.broker_told("eval", made)
        try:
            yield as_user(url, user)
        finally:
            gone = f'rabbit_auth_backend_internal:delete_user(<<"{user}">>, <<"tests">>).'
            servers.broker_told("eval", gone)


@pytest.fixture
def site(tmp_path: Path, database: tuple[str, str], broker: str) -> Iterator[Site]:
    url, prefix = database
    with ExitStack() as ending:
        redis_url = ending.enter_context(servers.own_redis(tmp_path / "redis"))
        commands = {
            name: ["env", f"COLLOQUY_DATABASE_URL={as_user(url, f'{prefix}_{name}')}", *service_command(name)]
            for name in SERVICES
        }
        running = site_on(
            tmp_path,
            commands=commands,
            database_url=url,
            redis_url=redis_url,
            amqp_url=broker,
            interviews=[INTERVIEWS],
            # In a virtual host of their own names need no prefix; the permissions are about names.
            environment={"COLLOQUY_AMQP_PREFIX": ""} if urlsplit(broker).path.strip("/") else {},
        )
        yield ending.enter_context(running)


def test_services_need_no_more_than_operators_are_told_to_give(site: Site) -> None:
    person = Person(site.url, "vault")
    person.open()
    person.answer(fruit="quince")
    assert person.shown == "Of quince", person.page[-2000:]
    until(lambda: "6 letters" in person.open().text, "the result of the task")
    (address,) = re.findall(r"/uploadedfile/[^\s<\"&]+", person.page)
    assert person.http.get(address).text == "about quince"
    assert person.http.get("/user/register").status_code == 200
    for name in SERVICES:
        log = (site.folder / f"{name}.log").read_text()
        assert "permission denied" not in log, log[-3000:]
        assert "ACCESS_REFUSED" not in log, log[-3000:]


@pytest.mark.parametrize(
    ("role", "allowed", "refused"),
    [
        ("gateway", "gateway.browser_sessions", ("session.steps", "session.wraps", "scheduler.timers")),
        ("author", "jsonstorage", ("stores.records", "people.accounts", "session.steps", "bus.outbox")),
    ],
)
def test_a_role_reads_nothing_of_others(
    database: tuple[str, str], role: str, allowed: str, refused: tuple[str, ...]
) -> None:
    url, prefix = database

    async def look(table: str) -> None:
        connection = await asyncpg.connect(as_user(url, f"{prefix}_{role}"))
        try:
            await connection.fetch(f"select * from {table}")
        finally:
            await connection.close()

    servers.in_thread(lambda: look(allowed))
    for table in refused:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            servers.in_thread(lambda table=table: look(table))


def test_keda_counts_tasks_and_reads_nothing_of_them(database: tuple[str, str]) -> None:
    url, prefix = database
    scaled = [
        one
        for one in documents(DEPLOY / "k8s" / "overlays" / "production" / "scaling.yaml")
        if one["kind"] == "ScaledObject"
    ]
    assert scaled

    async def look(query: str) -> object:
        connection = await asyncpg.connect(as_user(url, f"{prefix}_keda"))
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    for one in scaled:
        (trigger,) = one["spec"]["triggers"]
        assert servers.in_thread(lambda query=trigger["metadata"]["query"]: look(query)) == 0
    for query in ("select action from tasks.tasks", "select data from session.steps"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            servers.in_thread(lambda query=query: look(query))
