"""When broker, database or Redis are gone for a while, pages say so, nothing is lost, and all goes on by itself."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests import servers
from tests.flows.system.conftest import INTERVIEWS, until
from tests.flows.system.person import Person
from tests.flows.system.proxy import Proxy, proxy_before
from tests.sites import SERVICES, Site, distributed_site

pytestmark = [pytest.mark.xdist_group("systems with proxies"), pytest.mark.fault]


@dataclass(frozen=True)
class House:
    """Five services and the lines to the servers behind them."""

    site: Site
    lines: Mapping[str, Proxy]

    @contextlib.contextmanager
    def without(self, what: str) -> Iterator[None]:
        """For the time of the block this server is gone; afterwards it is back, and all is well again."""
        self.lines[what].cut()
        try:
            yield
        finally:
            self.lines[what].restore()
            self.site.wait_until_ready()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with (
        servers.own_vhost() as amqp_url,
        servers.own_database(servers.postgres_server()) as database_url,
        servers.own_redis(folder / "own-redis") as redis_url,
        proxy_before(amqp_url) as (broker, amqp_through),
        proxy_before(database_url) as (database, database_through),
        proxy_before(redis_url) as (redis, redis_through),
        distributed_site(
            folder,
            interviews=[INTERVIEWS],
            environment={
                "COLLOQUY_AMQP_URL": amqp_through,
                "COLLOQUY_DATABASE_URL": database_through,
                "COLLOQUY_REDIS_URL": redis_through,
            },
        ) as site,
    ):
        yield House(site, {"broker": broker, "database": database, "redis": redis})


def says_that_it_tries_again(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert "Nothing is lost" in answer.text
    assert int(answer.headers["retry-after"]) > 0


def says_it_waits(log: Path, already: int) -> bool:
    """Whether more has been written, and says so."""
    return b".waiting" in log.read_bytes()[already:]


@pytest.mark.parametrize("what", ["broker", "database"])
def test_pages_say_so_and_a_post_is_applied_once_when_it_is_sent_again(house: House, what: str) -> None:
    person = Person(house.site.url, "counting")
    person.open()
    form = person.filled(amount="5")
    with house.without(what):
        with ThreadPoolExecutor(3) as pool:
            here = {"i": person.interview}
            shown = pool.submit(person.http.get, "/interview", params=here)
            posted = pool.submit(person.http.post, "/interview", params=here, data=form)
            by_script = pool.submit(person.post_by_script, form)
        for answer in (shown, posted, by_script):
            says_that_it_tries_again(answer.result())
        assert by_script.result().json()["is_retryable"] is True
        ready = person.http.get("/health/ready")
        assert ready.status_code == 503
        assert {"broker": "bus", "database": "database"}[what] in ready.json()["problems"]["gateway"]
        assert person.http.get("/health/live").status_code == 200
    assert person.post_by_script(form).status_code == 200
    assert person.post_by_script(form).status_code == 200
    person.open()
    assert person.shown == "The total is 5"


@pytest.mark.parametrize("what", ["broker", "database"])
def test_a_post_that_was_under_way_is_applied_once(house: House, what: str) -> None:
    person = Person(house.site.url, "slow")
    person.open()
    form = person.filled(amount="5")
    begun = house.lines["broker"].seen.count(b"colloquy.SubmitAnswers")
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(person.post_by_script, form)
        until(lambda: house.lines["broker"].seen.count(b"colloquy.SubmitAnswers") > begun, "The post")
        with house.without(what):
            assert under_way.result().status_code in (200, 503)
    until(lambda: person.post_by_script(form).status_code == 200, "The answer")
    until(lambda: person.open() and person.shown == "The total is 5, and twice that 10", "The result of the task")
    assert "It was saved 1 times." in person.page


@pytest.mark.parametrize("what", ["broker", "database"])
def test_a_task_that_was_under_way_ends_right(house: House, what: str) -> None:
    person = Person(house.site.url, "slow")
    person.open()
    person.answer(amount="7")
    with house.without(what):
        pass
    until(lambda: person.open() and person.shown == "The total is 7, and twice that 14", "The result of the task")
    assert "It was saved 1 times." in person.page


def test_a_line_that_is_silent_is_as_good_as_none(house: House) -> None:
    person = Person(house.site.url, "counting")
    person.open()
    form = person.filled(amount="5")
    house.lines["database"].freeze()
    try:
        says_that_it_tries_again(person.post_by_script(form))
    finally:
        house.lines["database"].restore()
    until(lambda: person.post_by_script(form).status_code == 200, "The answer")
    person.open()
    assert person.shown == "The total is 5"


def test_without_redis_sessions_go_on(house: House) -> None:
    person = Person(house.site.url, "counting")
    person.open()
    with house.without("redis"):
        assert person.answer(amount="5").status_code == 200
        assert person.shown == "The total is 5"
    person.open()
    assert person.shown == "The total is 5"


def test_services_that_start_first_wait_for_the_others(house: House) -> None:
    person = Person(house.site.url)
    person.open()
    person.answer(first_name="Ann")
    house.site.stop()
    logged = {name: (house.site.folder / f"{name}.log").stat().st_size for name in SERVICES}
    for line in house.lines.values():
        line.cut()
    house.site.start()
    for name in SERVICES:
        said = house.site.folder / f"{name}.log"
        until(functools.partial(says_it_waits, said, logged[name]), f"A word of {name}")
    for line in house.lines.values():
        line.restore()
    house.site.wait_until_ready()
    person.open()
    assert person.shown == "What is your favorite color?"
