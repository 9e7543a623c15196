"""A hostile interview in a real house on RabbitMQ finds no password of our broker, and comes in with no obvious one.

The broker has a user of ours and no `guest`, as operators are told to have it (SECURITY.md). The same code as an
ordinary program beside the same broker finds the password and comes in, so that we know that it looks and knocks.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from shared.bus.amqp import is_open_to_guest
from shared.kernel.ids import random_bytes
from tests import servers
from tests.fault.own_servers import OwnRabbit
from tests.flows.system.conftest import until
from tests.flows.system.person import Person
from tests.sites import Site, service_command, site_on

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

HERE = Path(__file__).parent
USER = "colloquy"
NO_PROGRAM = "This test starts a RabbitMQ of its own: install Debian's rabbitmq-server."
INTERVIEW = """\
modules:
  - .attack
---
mandatory: True
code: |
  if url_args.get('where') == 'worker':
    if not there.ready():
      please_wait
    json_response(there.get())
  json_response(attack({target!r}, get_config('everything', {{}})))
---
code: |
  there = background_action('attack_there')
---
event: please_wait
question: It is under way
---
event: attack_there
code: |
  background_response(attack({target!r}, get_config('everything', {{}})))
"""


@dataclass(frozen=True)
class Broker:
    """A node of RabbitMQ with a user of ours, and without `guest`."""

    node: OwnRabbit
    password: str

    def target(self, *, pids: list[int], folders: list[Path]) -> dict[str, Any]:
        """What the attacker is told."""
        place = urlsplit(self.node.url)
        return {
            "host": place.hostname,
            "port": place.port,
            "user": USER,
            "digest": hashlib.sha256(self.password.encode()).hexdigest(),
            "size": len(self.password),
            "pids": pids,
            "folders": [str(folder) for folder in folders],
        }


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    program = shutil.which("rabbitmq-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/rabbitmq/bin")
    if program is None:
        pytest.fail(NO_PROGRAM, pytrace=False)
    folder = Path(tempfile.mkdtemp(prefix="colloquy-rabbitmq-"))
    folder.chmod(0o777)  # the server may run under a user of its own
    password = base64.b32encode(random_bytes(25)).decode()
    node = OwnRabbit(folder, program, user=USER, password=password)
    servers.in_thread(node.start)
    try:
        yield Broker(node, password)
    finally:
        servers.in_thread(node.stop)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def house(broker: Broker, tmp_path: Path) -> Iterator[Site]:
    """Gateway, session and worker on that broker, and a package of the attacker's on their path."""
    package = tmp_path / "interviews" / "hostile"
    (package / "data" / "questions").mkdir(parents=True)
    shutil.copy(HERE / "hostile_at_broker.py", package / "attack.py")
    (tmp_path / "site").mkdir()
    with ExitStack() as ending:
        site = ending.enter_context(
            site_on(
                tmp_path / "site",
                interviews=[tmp_path / "interviews"],
                commands={name: service_command(name) for name in ("session", "worker", "gateway")},
                database_url=ending.enter_context(servers.own_database(servers.postgres_server())),
                redis_url=ending.enter_context(servers.own_redis(tmp_path / "redis")),
                amqp_url=broker.node.url,
                environment={"COLLOQUY_INTERACTIVE_LIMIT_SECONDS": "90", "COLLOQUY_WORKER_PROCESSES": "1"},
            )
        )
        pids = [process.pid for process in site.processes.values()] + [os.getpid()]
        target = broker.target(pids=pids, folders=[site.folder, broker.node.folder])
        (package / "data" / "questions" / "broker.yml").write_text(INTERVIEW.format(target=target))
        yield site


def reported(person: Person, where: str) -> dict[str, Any]:
    """What the attack reports that runs in an interview process of this service."""
    answers: list[httpx.Response] = []

    def look() -> bool:
        query = {"i": "hostile:data/questions/broker.yml", "where": where}
        answers.append(person.http.get("/interview", params=query, timeout=100))
        return "It is under way" not in answers[-1].text

    until(look, "the end of the attack")
    assert answers[-1].headers["content-type"].startswith("application/json"), answers[-1].text[-2000:]
    report: dict[str, Any] = answers[-1].json()
    return report


@pytest.mark.parametrize("where", ["session", "worker"])
def test_it_finds_no_password_and_is_let_in_by_none(house: Site, broker: Broker, where: str) -> None:
    report = reported(Person(house.url, "broker"), where)
    assert report["found"] == {}
    assert {"environment", "objects", "processes", "memory", "configuration"} <= report["looked_at"].keys(), report[
        "looked_at"
    ]
    assert {"guest/guest", f"{USER}/{USER}", f"{USER}/guest", "admin/admin"} <= report["answers"].keys()
    assert set(report["answers"].values()) == {"refused"}, report["answers"]
    assert broker.password not in json.dumps(report)


def rehearsed(target: dict[str, Any], **environment: str) -> dict[str, Any]:
    """What the same code reports as an ordinary program with this environment."""
    ended = subprocess.run(
        [sys.executable, str(HERE / "hostile_at_broker.py"), json.dumps(target | {"is_rehearsal": True})],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    report: dict[str, Any] = json.loads(ended.stdout)
    return report


def test_where_nothing_is_kept_from_it_it_finds_the_password_and_comes_in(broker: Broker, tmp_path: Path) -> None:
    (tmp_path / "settings").write_text(f"password = {broker.password}")
    target = broker.target(pids=[], folders=[tmp_path])
    report = rehearsed(target, COLLOQUY_AMQP_URL=broker.node.url)
    assert {"environment", "processes", "files"} <= report["found"].keys()
    assert report["answers"][f"{USER}/{broker.password}"] == "let in"
    assert report["answers"]["guest/guest"] == "refused"


def test_a_broker_that_still_has_its_guest_lets_it_in(broker: Broker, amqp_url: str, tmp_path: Path) -> None:
    """Why operators are told to delete that user: no interview needs to find anything out."""
    place = urlsplit(amqp_url)
    assert (place.username, place.password) == ("guest", "guest"), "the suite's broker is one as it is installed"
    target = broker.target(pids=[], folders=[]) | {"host": place.hostname, "port": place.port}
    assert rehearsed(target)["answers"]["guest/guest"] == "let in"
    assert servers.in_thread(lambda: is_open_to_guest(amqp_url))


def test_the_doctor_advises_against_a_broker_with_a_guest_and_not_against_ours(
    broker: Broker, amqp_url: str, tmp_path: Path
) -> None:
    said = {}
    for name, url in (("ours", broker.node.url), ("as installed", amqp_url), ("wrong", broker.node.url[:-1] + "/x")):
        command = [sys.executable, "-m", "services.cli", "doctor", "--json"]
        environment = {**os.environ, "COLLOQUY_AMQP_URL": url, "COLLOQUY_DATA_DIR": str(tmp_path)}
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
        said[name] = json.loads(ended.stdout)
    assert {name: bool(told["checks"]["broker"]) for name, told in said.items()} == {
        "ours": False,
        "as installed": False,
        "wrong": True,
    }
    assert [told["advice"] != [] for told in said.values()] == [False, True, False]
    assert "rabbitmqctl delete_user guest" in said["as installed"]["advice"][0]
    assert broker.password not in str(said)
