"""shared/kernel/health.py and telemetry.py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest

from shared.kernel import probe
from shared.kernel.health import HealthServer, probed
from shared.kernel.service import Service
from shared.kernel.telemetry import BadMetric, Metrics, Trace
from tests.sites import free_port


class Part:
    def __init__(self) -> None:
        self.missing: str | None = None

    async def problem(self) -> str | None:
        return self.missing

    async def broken(self) -> str | None:
        raise RuntimeError("cannot even ask")


@pytest.fixture
def part() -> Part:
    return Part()


@pytest.fixture
async def server(part: Part) -> AsyncIterator[HealthServer]:
    metrics = Metrics()
    metrics.counter("turns_total", "Turns.", ("outcome",)).labels(outcome="screen").inc()
    service = Service("session", [], {"database": part.problem})
    server = HealthServer(host="127.0.0.1", port=0, services=[service], metrics=metrics)
    await server.start()
    yield server
    await server.stop()


async def asked(server: HealthServer, request: bytes) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    if not answer:
        return 0, b""
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


async def got(server: HealthServer, path: str) -> tuple[int, bytes]:
    return await asked(server, f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())


async def test_a_service_without_problems_is_ready(server: HealthServer) -> None:
    status, body = await got(server, "/health/ready")
    assert (status, orjson.loads(body)) == (200, {"ready": True, "problems": {}})


async def test_a_service_that_lacks_something_says_what(server: HealthServer, part: Part) -> None:
    part.missing = "The database does not answer."
    status, body = await got(server, "/health/ready")
    assert status == 503
    assert orjson.loads(body)["problems"] == {"session": {"database": "The database does not answer."}}


async def test_a_check_that_fails_itself_is_a_problem(part: Part) -> None:
    server = HealthServer(host="127.0.0.1", port=0, services=[Service("x", [], {"c": part.broken})])
    await server.start()
    try:
        status, body = await got(server, "/health/ready")
        assert status == 503
        assert b"cannot even ask" in body
    finally:
        await server.stop()


async def test_it_is_alive_even_when_not_ready(server: HealthServer, part: Part) -> None:
    part.missing = "something"
    assert (await got(server, "/health/live?x=1"))[0] == 200


async def test_metrics_are_shown(server: HealthServer) -> None:
    status, body = await got(server, "/metrics")
    assert status == 200
    assert b'colloquy_turns_total{outcome="screen"} 1.0' in body


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /other HTTP/1.1\r\n\r\n", 404),
        (b"POST /health/live HTTP/1.1\r\n\r\n", 405),
        (b"nonsense\r\n\r\n", 400),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n", 400),
    ],
)
async def test_anything_else_gets_a_clear_answer(server: HealthServer, request_: bytes, status: int) -> None:
    assert (await asked(server, request_))[0] == status
    assert (await got(server, "/health/live"))[0] == 200


@pytest.mark.parametrize("name", ["turns", "Turns_total", "colloquy_turns_total", "turns-total"])
def test_a_badly_named_counter_is_refused(name: str) -> None:
    with pytest.raises(BadMetric):
        Metrics().counter(name, "x")


def test_durations_and_sizes_carry_their_unit() -> None:
    metrics = Metrics()
    with pytest.raises(BadMetric):
        metrics.seconds("turn", "x")
    with pytest.raises(BadMetric):
        metrics.bytes("step_size", "x")
    metrics.seconds("turn_seconds", "x").observe(0.2)
    assert 'colloquy_turn_seconds_bucket{le="0.25"} 1.0' in metrics.render()


def test_metrics_never_name_a_session_or_a_person() -> None:
    with pytest.raises(BadMetric, match="session_id"):
        Metrics().counter("turns_total", "x", ("session_id",))


def test_asking_twice_gives_the_same_metric_and_another_kind_is_refused() -> None:
    metrics = Metrics()
    assert metrics.gauge("children", "x") is metrics.gauge("children", "x")
    with pytest.raises(BadMetric):
        metrics.seconds("wait_seconds", "x")
        metrics.gauge("wait_seconds", "x")


def test_a_trace_goes_on_under_its_id() -> None:
    first = Trace.new()
    second = Trace.continued(first.traceparent)
    assert second.trace_id == first.trace_id
    assert second.span_id != first.span_id


@pytest.mark.parametrize("header", ["", "nonsense", "00-" + "0" * 32 + "-" + "1" * 16 + "-01", "00-XYZ"])
def test_a_header_that_names_no_trace_begins_a_new_one(header: str) -> None:
    trace = Trace.continued(header)
    assert Trace.continued(trace.traceparent).trace_id == trace.trace_id
    assert trace.trace_id not in header


async def test_a_probe_without_http_of_its_own_says_what_is_missing(server: HealthServer, part: Part) -> None:
    port = server.address[1]
    assert await asyncio.to_thread(probe.main, [str(port)]) == 0
    part.missing = "The database does not answer."
    assert "The database does not answer." in await asyncio.to_thread(probe.problem, port)
    assert await asyncio.to_thread(probe.main, [str(port)]) == 1
    await server.stop()
    assert "does not answer" in await asyncio.to_thread(probe.problem, port)


async def test_probes_are_answered_before_a_service_has_started() -> None:
    asked_while_starting: list[tuple[int, bytes]] = []

    class Slow:
        async def start(self) -> None:
            asked_while_starting.extend([await got(health, "/health/live"), await got(health, "/health/ready")])

        async def stop(self) -> None:
            """Nothing to end."""

    probes, service = probed(Service("x", [Slow()]), host="127.0.0.1", port=free_port())
    (health,) = probes.components
    assert isinstance(health, HealthServer)
    await probes.start()
    await service.start()
    assert [status for status, _ in asked_while_starting] == [200, 503]
    assert (await got(health, "/health/ready"))[0] == 200
    await service.stop()
    assert b"It is stopping." in (await got(health, "/health/ready"))[1]
    await probes.stop()
