"""What a person answers and what opens it is nowhere in clear: not in logs, database, Redis, nor on any line."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterable, Iterator

import asyncpg
import pytest
import redis.asyncio

from services.gateway.browser_sessions import DEVICE_COOKIE, SECRET_COOKIE, SESSION_COOKIE
from tests import servers
from tests.flows.system.conftest import INTERVIEWS, until
from tests.flows.system.person import Person, encoded
from tests.flows.system.proxy import Proxy, proxy_before
from tests.letters import hand_over, letter
from tests.sites import Site, distributed_site, embedded_site, free_port

pytestmark = pytest.mark.xdist_group("systems with proxies")

CANARY = "Xylographer7Quokka"
"""A word that stands nowhere else; long enough to be found in base64 whatever stands before it."""

COLUMNS = """
select quote_ident(table_schema) || '.' || quote_ident(table_name) as place, quote_ident(column_name) as name
from information_schema.columns
where table_schema not in ('pg_catalog', 'information_schema')
"""


class Watched:
    """A system, and everything of it that can be looked at from outside."""

    def __init__(self, site: Site, database_url: str, redis_url: str, lines: Iterable[Proxy], smtp_port: int) -> None:
        self.site, self._database_url, self._redis_url, self._lines = site, database_url, redis_url, tuple(lines)
        self.smtp_port = smtp_port

    def places(self) -> Iterator[tuple[str, bytes]]:
        """Every place where something of a session may have been left: its name, and all that it holds."""
        for log in [*self.site.folder.glob("*.log"), *self.site.folder.glob("data/**/*.log")]:
            yield f"the log {log.name}", log.read_bytes()
        for name, line in zip(("the line to the broker", "the line to the database"), self._lines, strict=False):
            yield name, bytes(line.seen)
        yield from servers.in_thread(self._columns)
        yield "Redis", servers.in_thread(lambda: all_of_redis(self._redis_url))

    async def _columns(self) -> list[tuple[str, bytes]]:
        connection = await asyncpg.connect(self._database_url)
        found = []
        for column in await connection.fetch(COLUMNS):
            rows = await connection.fetch(f"select {column['name']}::text as value from {column['place']}")
            texts = [row["value"] for row in rows if row["value"] is not None]
            raw = [bytes.fromhex(text[2:]) for text in texts if text.startswith("\\x")]
            held = "\n".join(texts).encode() + b"\n" + b"\n".join(raw)
            found.append((f"the column {column['place']}.{column['name']}", held))
        await connection.close()
        return found


async def all_of_redis(url: str) -> bytes:
    """Every key, and what is under it."""
    client = redis.asyncio.Redis.from_url(url)
    held = []
    async for key in client.scan_iter():
        held.append(key)
        match await client.type(key):
            case b"string":
                held.append(await client.get(key) or b"")
            case b"hash":
                held += [part for pair in (await client.hgetall(key)).items() for part in pair]
            case b"list":
                held += await client.lrange(key, 0, -1)
            case b"stream":
                held.append(repr(await client.xrange(key)).encode())
            case b"zset":
                held += await client.zrange(key, 0, -1)
            case b"set":
                held += await client.smembers(key)
            case kind:
                raise AssertionError(f"nobody reads a {kind!r}")
    await client.aclose()
    return b"\n".join(held)


@pytest.fixture(scope="module", params=["one process", "five processes"])
def watched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A system on servers of its own, logging all it has to say; the five processes reach theirs through proxies."""
    folder = tmp_path_factory.mktemp("watched")
    smtp_port = free_port()
    loud = {"COLLOQUY_LOG_LEVEL": "debug", "COLLOQUY_SMTP_PORT": str(smtp_port)}
    with (
        servers.own_database(servers.postgres_server()) as database_url,
        servers.own_redis(folder / "own-redis") as redis_url,
    ):
        if request.param == "one process":
            given = {**loud, "COLLOQUY_DATABASE_URL": database_url, "COLLOQUY_REDIS_URL": redis_url}
            with embedded_site(folder, interviews=[INTERVIEWS], environment=given) as site:
                yield Watched(site, database_url, redis_url, (), smtp_port)
            return
        with (
            servers.own_vhost() as amqp_url,
            proxy_before(amqp_url) as (broker, amqp_through),
            proxy_before(database_url) as (database, database_through),
        ):
            given = {
                **loud,
                "COLLOQUY_AMQP_URL": amqp_through,
                "COLLOQUY_DATABASE_URL": database_through,
                "COLLOQUY_REDIS_URL": redis_url,
            }
            with distributed_site(folder, interviews=[INTERVIEWS], environment=given) as site:
                yield Watched(site, database_url, redis_url, (broker, database), smtp_port)


def disguises(secret: bytes) -> set[bytes]:
    """A secret as it is, and as it looks in base64 and hexadecimal, whatever stands beside it."""
    found = {secret, secret.hex().encode()}
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(b"\0" * shift + secret)[shift and 4 : -4])
    return {each for each in found if len(each) >= 12}


def play(url: str) -> set[bytes]:
    """Everything that carries an answer somewhere; gives what must not be found afterwards."""
    person = Person(url, "secrets")
    person.open()
    page = {name: value for name, value in person.fields().items() if name in ("csrf_token", "_session")}
    here = {"i": person.interview}
    call = {"do_action": "look", "parameters": json.dumps({"secret_word": CANARY})}
    person.http.post("/checkin", params=here, data=page | call)
    refused = person.answer(secret_word=CANARY, secret_age=CANARY)
    assert "You need to enter a valid number." in refused.text
    person.answer(secret_word=CANARY)
    until(lambda: person.open() and person.shown == f"{CANARY} was checked", "The result of the task")
    for action in ("fail_loudly", "fail_in_background", "secret_word"):
        said = json.dumps({"action": action, "arguments": {"word": CANARY}})
        person.open(action=base64.b64encode(said.encode()).decode())
    person.answer(secret_word=f"{CANARY} and more")
    person.http.post("/interview", params=here, data=person_form(page) | {"_form": CANARY, encoded("x"): CANARY})
    person.http.get("/interview", params={**here, "session": page["_session"], "from": CANARY})
    assert person.variables()["secret_word"] == f"{CANARY} and more"
    cookies = person.http.cookies
    secret = cookies[SECRET_COOKIE]
    return {
        CANARY.encode(),
        page["_session"].encode(),
        cookies[SESSION_COOKIE].encode(),
        cookies[DEVICE_COOKIE].encode(),
        secret.encode(),
        base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4)),
    }


def write_to(url: str, smtp_port: int, kind: str) -> None:
    """Mail comes for a session, and its visitor reads it."""
    person = Person(url, "post")
    person.open(kind=kind, word=CANARY)
    message = letter(person.shown, subject=f"About {CANARY}", text=f"The word is {CANARY}.", X_Word=CANARY)
    message.add_attachment(CANARY.encode() * 100, maintype="text", subtype="plain", filename=f"{CANARY}.txt")
    code, said = asyncio.run(hand_over(smtp_port, message, person.shown, sender=f"{CANARY}@example.org"))
    assert code == 250, said
    filed = "1 filed" if kind == "shared" else "0 filed"
    until(lambda: person.open() and f"About {CANARY}" in person.page and filed in person.page, "The mail")
    assert asyncio.run(hand_over(smtp_port, letter("x"), f"{CANARY}@localhost"))[0] == 550


def person_form(page: dict[str, str]) -> dict[str, str]:
    """The control fields of a post by script."""
    return page | {"ajax": "1"}


def test_no_answer_and_no_key_is_left_anywhere_in_clear(watched: Watched) -> None:
    secrets = play(watched.site.url)
    for kind in ("shared", "closed"):
        write_to(watched.site.url, watched.smtp_port, kind)
    watched.site.stop()
    hidden = {disguise for secret in secrets for disguise in disguises(secret)}
    places = list(watched.places())
    looked_at = b"".join(held for _, held in places)
    for told in (b"service.started", b"on change of secret_word", b"Somebody looked"):
        assert told in looked_at, "the logs were looked at"
    assert b"mail.received" in looked_at, "mail came"
    assert b"trials:data/questions/secrets.yml" in looked_at, "the database was looked at"
    assert [place for place, held in places if place.startswith("the line") and not held] == [], "the lines were heard"
    found = {(place, hint) for place, held in places for hint in hidden if hint in held}
    assert found == set()


def test_a_word_in_clear_would_be_found() -> None:
    told = f"He said: {CANARY}!".encode()
    for shown in (told, base64.b64encode(told), told.hex().encode(), base64.urlsafe_b64encode(b"a" + told)):
        assert any(hint in shown for hint in disguises(CANARY.encode()))
