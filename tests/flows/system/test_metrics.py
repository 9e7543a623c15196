"""`/metrics` of the five services: each number moves when what it counts happens, by as much, under its labels."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
import pytest
from websockets.sync.client import connect

from shared.bus.cloudevents import Codec
from shared.bus.outbox import Outbox
from shared.contracts.base import Command
from shared.contracts.catalog import message_types
from shared.contracts.envelope import Envelopes
from shared.contracts.scheduler import FireNow
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from tests import servers
from tests.flows.system.conftest import INTERVIEWS, until
from tests.flows.system.person import Person, encoded_action
from tests.flows.system.proxy import Proxy, proxy_before
from tests.flows.system.test_dead_letters import publish
from tests.post_office import PostOffice, post_office
from tests.sites import SERVICES, Site, free_port, service_command, site_on

pytestmark = pytest.mark.xdist_group("systems with proxies")

LOCK_WAIT_SECONDS = 0.5
POOL_SIZE = 6
PROCESSES = 2
ROOM = 3
OF_ONE_SESSION = ROOM - 1
"""How many tasks of one session a worker with this room runs at once."""
LOOKS_SECONDS = 0.1
FAR_SECONDS = 24 * 3600

Samples = Mapping[str, float]


@dataclass(frozen=True)
class House:
    """Five services, what each of them tells, and the servers behind them."""

    site: Site
    ports: Mapping[str, int]
    broker: Proxy
    redis: Proxy
    office: PostOffice

    def read(self, service: str) -> Samples:
        """Every sample, by its name without our prefix, with its labels as they are written."""
        text = httpx.get(f"http://127.0.0.1:{self.ports[service]}/metrics", timeout=60).raise_for_status().text
        lines = [line.rpartition(" ") for line in text.splitlines() if line.startswith("colloquy_")]
        return {name.removeprefix("colloquy_"): float(value) for name, _, value in lines}

    @contextlib.contextmanager
    def counting(self, service: str, wanted: Samples) -> Iterator[None]:
        """In the time of the block these samples grow by so much; those that are missing are 0.

        They are read again after two looks of the services, so that growth beyond it is seen where it follows at once.
        """
        before = self.read(service)

        def growth() -> Samples:
            now = self.read(service)
            return {name: now.get(name, 0.0) - before.get(name, 0.0) for name in wanted}

        yield
        until(lambda: all(grown >= wanted[name] for name, grown in growth().items()), f"{wanted}")
        time.sleep(2 * LOOKS_SECONDS)
        assert growth() == wanted

    def shows(self, service: str, name: str, value: float) -> None:
        """Wait until a gauge says this."""
        until(lambda: self.read(service).get(name) == value, f"{name} {value:g}")

    def grows(self, service: str, name: str) -> None:
        """Wait until a gauge says more than now."""
        first = self.read(service)[name]
        until(lambda: self.read(service)[name] > first, f"{name} above {first:g}")

    def person(self) -> Person:
        """Somebody who has opened a session of the interview."""
        person = Person(self.site.url, "measured")
        person.open()
        assert person.shown == "Ready"
        return person

    def told(self, sql: str) -> Any:
        """What the database answers."""

        async def ask() -> Any:
            async with self.database() as connection:
                return await connection.fetchval(sql)

        return servers.in_thread(ask)

    def send(self, message: Command) -> None:
        """Commit a message, as a turn or a command does."""
        keys = ServerKeys.load(self.site.folder / "server.keys")
        outbox = Outbox(codec=Codec(types=message_types(), sealer=keys.transport))

        async def add() -> None:
            async with self.database() as connection:
                await outbox.add(connection, [Envelopes("tests", SystemClock()).wrap(message, subject="")])

        servers.in_thread(add)

    @contextlib.asynccontextmanager
    async def database(self) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        """A connection to the database of the services."""
        connection = await asyncpg.connect(self.site.environment["COLLOQUY_DATABASE_URL"])
        try:
            yield connection
        finally:
            await connection.close()


@contextlib.contextmanager
def held(folder: Path) -> Iterator[str]:
    """What the action `long` is told to wait for: a file that comes at the end of the block."""
    gate = folder / "gate"
    try:
        yield str(gate)
    finally:
        gate.touch()


def act(person: Person, name: str, **arguments: Any) -> Any:
    """Follow a link with an action; gives what it answers."""
    query = {"i": person.interview, "action": encoded_action(name, **arguments)}
    return person.http.get("/interview", params=query).raise_for_status().json()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("measured")
    ports = {name: free_port() for name in SERVICES}
    with (
        servers.own_database(servers.postgres_server()) as database_url,
        servers.own_vhost() as amqp_url,
        servers.own_redis(folder / "redis-server") as redis_url,
        proxy_before(amqp_url) as (broker, amqp_through),
        proxy_before(redis_url) as (redis, redis_through),
        post_office() as office,
        site_on(
            folder,
            interviews=[INTERVIEWS],
            database_url=database_url,
            redis_url=redis_through,
            amqp_url=amqp_through,
            commands={
                name: ["env", f"COLLOQUY_HEALTH_PORT={port}", *service_command(name)] for name, port in ports.items()
            },
            environment={
                "COLLOQUY_METRICS_SECONDS": f"{LOOKS_SECONDS}",
                "COLLOQUY_LOCK_WAIT_SECONDS": f"{LOCK_WAIT_SECONDS}",
                "COLLOQUY_DATABASE_POOL_SIZE": f"{POOL_SIZE}",
                "COLLOQUY_INTERVIEW_PROCESSES": f"{PROCESSES}",
                "COLLOQUY_WORKER_CONCURRENCY": f"{ROOM}",
                "COLLOQUY_WORKER_PROCESSES": f"{PROCESSES}",
                **{f"COLLOQUY_{name.upper()}": str(value) for name, value in office.settings.items()},
            },
        ) as site,
    ):
        yield House(site, {**ports, "gateway": site.port}, broker, redis, office)


# Requests, turns, pages ----------------------------------------------------------------------------------------------


def test_a_form_post_is_one_request_one_message_and_one_turn(house: House) -> None:
    person = Person(house.site.url)
    person.open()
    with (
        house.counting("gateway", {'http_seconds_count{method="POST",route="interview",status="200"}': 1}),
        house.counting(
            "session",
            {
                'turn_seconds_count{cause="answers",ending="screen"}': 1,
                "lock_wait_seconds_count": 1,
                "lock_overtakes_total": 0,
                "lock_unguarded_total": 0,
                "turns_refused_total": 0,
                'message_seconds_count{ending="done",queue="session.interactive"}': 1,
            },
        ),
    ):
        person.answer(first_name="Ann")


def test_requests_of_programs_are_told_apart_from_those_of_people(house: House) -> None:
    with house.counting("gateway", {'http_seconds_count{method="GET",route="api",status="403"}': 1}):
        assert httpx.get(f"{house.site.url}api/list", timeout=60).status_code == 403


def test_a_failing_interview_is_a_turn_that_ends_in_a_problem(house: House) -> None:
    with house.counting("session", {'turn_seconds_count{cause="shown",ending="problem"}': 1}):
        Person(house.site.url, "failing").open()


def test_who_waits_too_long_overtakes_and_who_was_overtaken_runs_again(house: House, tmp_path: Path) -> None:
    person = house.person()
    waited = house.read("session")["lock_wait_seconds_sum"]
    running = 'interview_runs{pool="interviews",state="running"}'
    in_hand = 'messages_in_hand{queue="session.interactive"}'
    with (
        ThreadPoolExecutor() as pool,
        house.counting("session", {"lock_overtakes_total": 1, "turns_refused_total": 1, "lock_unguarded_total": 0}),
        held(tmp_path) as gate,
    ):
        slow = pool.submit(act, person, "long", until=gate)
        house.shows("session", running, 1)
        house.shows("session", in_hand, 1)
        assert act(person, "short") == ["short"]
    assert slow.result() == ["short", "long"]
    assert house.read("session")['interview_slots{pool="interviews"}'] == PROCESSES
    assert house.read("session")["lock_wait_seconds_sum"] - waited >= LOCK_WAIT_SECONDS
    house.shows("session", running, 0)
    house.shows("session", in_hand, 0)


def test_runs_that_find_no_place_are_queued(house: House, tmp_path: Path) -> None:
    people = [house.person() for _ in range(PROCESSES + 1)]
    with ThreadPoolExecutor() as pool, held(tmp_path) as gate:
        runs = [pool.submit(act, person, "long", until=gate) for person in people]
        house.shows("session", 'interview_runs{pool="interviews",state="queued"}', 1)
    assert [run.result() for run in runs] == [["long"]] * len(people)


def test_without_redis_turns_go_on_and_are_counted(house: House) -> None:
    person = house.person()
    house.redis.cut()
    try:
        with house.counting("session", {"lock_unguarded_total": 1}):
            assert act(person, "short") == ["short"]
    finally:
        house.redis.restore()
        house.site.wait_until_ready()


def test_a_page_counts_for_as_long_as_it_is_connected(house: House) -> None:
    person = house.person()
    facts = person.facts()
    cookies = "; ".join(f"{name}={value}" for name, value in person.http.cookies.items())
    house.shows("gateway", "live_pages", 0)
    with connect(house.site.url.replace("http", "ws") + "ws", additional_headers={"cookie": cookies}) as socket:
        socket.send(orjson.dumps({"type": "watch", "token": facts["watch"], "version": facts["version"]}).decode())
        house.shows("gateway", "live_pages", 1)
    house.shows("gateway", "live_pages", 0)


def test_the_pool_of_connections_is_within_its_limit_and_the_relay_has_one(house: House) -> None:
    for service in SERVICES:
        samples = house.read(service)
        used, idle = (samples[f'database_connections{{state="{state}"}}'] for state in ("used", "idle"))
        assert samples["database_connections_limit"] == POOL_SIZE
        assert 1 <= used <= used + idle <= POOL_SIZE


# Tasks ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("work", "outcome"),
    [("give_value", "value"), ("save_value", "response_action"), ("break_down", "failed")],
)
def test_the_end_of_a_task_is_counted_where_it_ran_and_where_pages_are_told(
    house: House, work: str, outcome: str
) -> None:
    person = house.person()
    ends = f'task_seconds_count{{outcome="{outcome}",priority="normal"}}'
    with house.counting("session", {"notices_total": 2}), house.counting("worker", {ends: 2}):
        act(person, "tasks", work=work, count=2)


def test_tasks_that_run_and_wait_are_shown_with_their_age_until_they_are_ended(house: House) -> None:
    person, count = house.person(), 5
    act(person, "tasks", work="wait_long", count=count)
    labels = {state: f'{{priority="normal",state="{state}"}}' for state in ("running", "pending")}
    house.shows("worker", "worker_tasks_running", OF_ONE_SESSION)
    house.shows("worker", 'interview_runs{pool="tasks",state="running"}', OF_ONE_SESSION)
    house.shows("worker", f"tasks_open{labels['running']}", OF_ONE_SESSION)
    house.shows("worker", f"tasks_open{labels['pending']}", count - OF_ONE_SESSION)
    assert house.read("worker")["worker_room"] == ROOM
    assert house.read("worker")['interview_slots{pool="tasks"}'] == PROCESSES
    house.grows("worker", f"tasks_open_oldest_seconds{labels['running']}")
    ended = 'task_seconds_count{outcome="ended_from_outside",priority="normal"}'
    with house.counting("worker", {ended: OF_ONE_SESSION}):
        act(person, "end_tasks")
    house.shows("worker", "worker_tasks_running", 0)
    for label in labels.values():
        house.shows("worker", f"tasks_open{label}", 0)
        house.shows("worker", f"tasks_open_oldest_seconds{label}", 0)


# Time ----------------------------------------------------------------------------------------------------------------


def test_a_sweep_of_the_timetable_is_late_and_one_that_is_asked_for_is_not(house: House) -> None:
    fires, late = 'fires_total{cron_type="cron_hourly"}', "fire_late_seconds_count"
    with house.counting("scheduler", {fires: 1, 'fires_total{cron_type="other"}': 1, late: 0}):
        for cron_type in ("cron_hourly", "of_somebody"):
            house.send(FireNow(fire_id=new_id(), cron_type=cron_type))
    before = house.read("scheduler")["fire_late_seconds_sum"]
    person = house.person()
    with house.counting("scheduler", {fires: 1, late: 1, "timers_rung_total": 1}):
        house.told("update scheduler.timetable set next_due = now() - interval '30 s' where cron_type = 'cron_hourly'")
        act(person, "timer", rings="ring", after=0)  # what is entered wakes the scheduler
    assert house.read("scheduler")["fire_late_seconds_sum"] - before >= 30


def test_a_timer_waits_is_overdue_as_long_as_it_cannot_ring_and_rings_late(house: House) -> None:
    async def hang() -> None:
        """Let the timer be due, and the scheduler not commit what it rings."""
        async with house.database() as holding, holding.transaction():
            await holding.execute("lock table bus.outbox in exclusive mode")
            async with house.database() as moving:
                await moving.execute("update scheduler.timers set due_at = now() - interval '1 h' where id = $1", timer)
            until(lambda: house.read("scheduler")["timers_overdue_seconds"] >= 3600, "a timer that is overdue")

    house.shows("scheduler", "timers_waiting", 0)
    person = house.person()
    before = house.read("scheduler")["timer_late_seconds_sum"]
    with house.counting("scheduler", {"timers_rung_total": 1, "timer_late_seconds_count": 1}):
        act(person, "timer", rings="ring", after=FAR_SECONDS)
        house.shows("scheduler", "timers_waiting", 1)
        assert house.read("scheduler")["timers_overdue_seconds"] == 0
        timer = house.told("select id from scheduler.timers where state = 'waiting'")
        servers.in_thread(hang)
    house.shows("scheduler", "timers_waiting", 0)
    house.shows("scheduler", "timers_overdue_seconds", 0)
    assert house.read("scheduler")["timer_late_seconds_sum"] - before >= 3600


@pytest.mark.parametrize(("name", "rings", "status"), [("timer", "break_down", "failed"), ("close", "ring", "refused")])
def test_a_timer_that_rings_without_effect_is_counted_by_the_reason(
    house: House, name: str, rings: str, status: str
) -> None:
    other = {"failed": "refused", "refused": "failed"}[status]
    counted = 'timers_without_effect_total{{status="{}"}}'
    person = house.person()
    with house.counting("session", {counted.format(status): 1, counted.format(other): 0}):
        act(person, name, rings=rings, after=0)


# Mail and messages ---------------------------------------------------------------------------------------------------


def test_mails_are_shown_by_what_became_of_them(house: House) -> None:
    person = house.person()
    house.office.refuses.add("nobody@example.org")
    assert act(person, "letter", to="ann@example.org") is True
    assert act(person, "letter", to="nobody@example.org") is False
    house.shows("mail", 'mails_last_hour{kind="mail",outcome="sent"}', 1)
    house.shows("mail", 'mails_last_hour{kind="mail",outcome="failed"}', 1)


def test_what_cannot_be_published_waits_in_the_outbox_and_grows_old(house: House) -> None:
    house.shows("session", "outbox_waiting", 0)
    house.broker.cut()
    try:
        house.send(FireNow(fire_id=new_id(), cron_type="of_somebody"))
        until(lambda: house.read("session")["outbox_waiting"] >= 1, "a message that waits")
        house.grows("session", "outbox_oldest_seconds")
    finally:
        house.broker.restore()
        house.site.wait_until_ready()
    house.shows("session", "outbox_waiting", 0)
    house.shows("session", "outbox_oldest_seconds", 0)


def test_a_message_for_later_does_not_wait_and_one_that_rests_after_a_failure_does(house: House) -> None:
    house.shows("session", "outbox_waiting", 0)
    house.told(
        "insert into bus.outbox (id, type, destination, is_event, body, attempts, created_at, not_before) values"
        " ('later', '', 'session.bulk', false, '', 0, now() - interval '2 d', now() + interval '1 d'),"
        " ('rests', '', 'session.bulk', false, '', 1, now() - interval '1 d', now() + interval '1 d')"
    )
    day = 24 * 3600
    try:
        house.shows("session", "outbox_waiting", 1)
        assert day <= house.read("session")["outbox_oldest_seconds"] < 2 * day
        house.told("update bus.outbox set attempts = 1 where id = 'later'")
        house.shows("session", "outbox_waiting", 2)
        assert house.read("session")["outbox_oldest_seconds"] >= 2 * day
    finally:
        house.told("delete from bus.outbox where id in ('later', 'rests')")
    house.shows("session", "outbox_waiting", 0)


def test_what_nobody_can_handle_is_counted_until_it_is_dropped(house: House) -> None:
    with house.counting("session", {'message_seconds_count{ending="dead",queue="session.bulk"}': 1}):
        publish(house.site, "session.bulk", b"this is no message")
    house.shows("session", "dead_letters", 1)
    house.told("delete from bus.dead_letters")
    house.shows("session", "dead_letters", 0)
