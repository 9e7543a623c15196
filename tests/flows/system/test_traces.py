"""One request is followed through all services, by a collector that takes what they send; nothing typed is in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.flows.system.collector import Collector, collector
from tests.flows.system.conftest import INTERVIEWS, until
from tests.flows.system.person import Person
from tests.sites import Site, distributed_site

pytestmark = pytest.mark.timeout(300)
WAY = {
    ("colloquy-gateway", "POST /interview"),
    ("colloquy-session", "colloquy.SubmitAnswers"),
    ("colloquy-session", "turn"),
    ("colloquy-session", "load"),
    ("colloquy-session", "evaluate"),
    ("colloquy-session", "commit"),
    ("colloquy-gateway", "database"),
    ("colloquy-session", "database"),
    ("colloquy-worker", "database"),
    ("colloquy-worker", "colloquy.RunTask"),
    ("colloquy-worker", "task"),
    ("colloquy-session", "colloquy.BackgroundEnded"),
}


@pytest.fixture(scope="module")
def traces() -> Iterator[Collector]:
    with collector() as kept:
        yield kept


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, traces: Collector) -> Iterator[Site]:
    told = {"COLLOQUY_OTLP_ENDPOINT": f"http://127.0.0.1:{traces.port}"}
    with distributed_site(tmp_path_factory.mktemp("traced"), interviews=[INTERVIEWS], environment=told) as running:
        yield running


def test_a_post_is_followed_through_queue_session_worker_and_back(site: Site, traces: Collector) -> None:
    person = Person(site.url, "vault")
    person.open()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = person.post(person.filled(fruit="kumquat"), traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    assert answer.headers["server-timing"].startswith(f'traceparent;desc="00-{trace}-')
    assert person.shown == "Of kumquat"
    until(lambda: {(one.service, one.name) for one in traces.spans if one.trace.hex() == trace} >= WAY, "The way")
    assert all(b"kumquat" not in said for said in traces.said)
    code = person.page_fields()["_session"].encode()
    assert all(code not in said for said in traces.said)
