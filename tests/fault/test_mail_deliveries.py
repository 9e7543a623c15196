"""Mail comes in while services, database and broker are killed: what was said to be kept is in its session, once
(spec/area3 §9.3). With `--fault-rounds 20`: 2,040 mails.
"""

from __future__ import annotations

import asyncio
import smtplib
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from itertools import cycle

import pytest

from tests.fault.conftest import INTERVIEWS
from tests.fault.own_servers import own_broker, own_postgres
from tests.fault.storm import Server
from tests.flows.system.person import Person, encoded_action
from tests.letters import hand_over, letter
from tests.servers import answers
from tests.sites import SERVICES, Site, free_port, service_command, site_on

pytestmark = [pytest.mark.fault, pytest.mark.timeout(3600)]

SESSIONS, SENDERS = 3, 4
MAILS, MAILS_A_ROUND = 8, 34
"""For each session: in the suite, and in each round of the long form."""
PATIENCE_SECONDS, STANDS_SECONDS = 180.0, 60.0
SERVICES_KILLED = ("mail", "worker", "session")


@pytest.fixture
def smtp_port() -> int:
    return free_port()


@dataclass(frozen=True)
class House:
    """The services, and the servers below them that can be hit."""

    site: Site
    servers: Mapping[str, Server]


@pytest.fixture
async def house(
    tmp_path_factory: pytest.TempPathFactory, redis_url: str, amqp_url: str, smtp_port: int, rounds: int
) -> AsyncIterator[House]:
    environment = {
        "COLLOQUY_SMTP_PORT": str(smtp_port),
        "COLLOQUY_SMTP_MAILS_PER_MINUTE": "0",
        "COLLOQUY_MAILS_PER_ADDRESS_HOUR": "100000",
        "COLLOQUY_INTERVIEW_PROCESSES": "1",
        "COLLOQUY_WORKER_CONCURRENCY": "2",
        "COLLOQUY_TASK_LEASE_SECONDS": "2",
        "COLLOQUY_OVERDUE_SECONDS": "0.5",
    }
    folder = tmp_path_factory.mktemp("m")  # a short name: a socket has to fit into it
    async with (
        own_postgres(folder / "p") as postgres,
        own_broker(amqp_url, is_killed=rounds > 1) as broker,
    ):
        started = site_on(
            folder,
            interviews=[INTERVIEWS],
            commands={name: service_command(name) for name in SERVICES if name != "scheduler"},
            database_url=postgres.url,
            redis_url=redis_url,
            amqp_url=broker.url,
            environment=environment,
        )
        site = await asyncio.to_thread(started.__enter__)  # in a thread: a line to the broker may run in this one
        try:
            yield House(site, {"postgres": postgres, "rabbit": broker})
        finally:
            await asyncio.to_thread(started.__exit__, None, None, None)


class Reader(Person):
    """Somebody whose session gets mail."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "post")
        self.interview = "faults:data/questions/post.yml"
        self.open()
        self.address = self.shown

    def filed(self) -> tuple[list[str], list[str]]:
        """What its action has filed, and what is in its mailbox."""
        query = {"i": self.interview, "action": encoded_action("filed")}
        answer = self.http.get("/interview", params=query)
        if answer.status_code != 200 or "json" not in answer.headers["content-type"]:
            return [], []
        filed, kept = answer.json()
        return filed, kept


async def deliver(port: int, address: str, subject: str) -> None:
    """As a mail server does it: again, until it is told that the mail was kept."""
    message = letter(address, subject=subject, Message_ID=f"<{subject}@example.org>")
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        try:
            code, said = await hand_over(port, message, address)
        except (OSError, smtplib.SMTPException):
            code, said = 0, ""
        if code == 250:
            return
        assert code in (0, 421, 450, 451), said
        await asyncio.sleep(0.1)
    raise AssertionError(f"{subject} was never taken")


async def test_each_mail_that_was_taken_is_in_its_session_once(house: House, smtp_port: int, rounds: int) -> None:
    site = house.site
    readers = [await asyncio.to_thread(Reader, site.url) for _ in range(SESSIONS)]
    number = MAILS if rounds == 1 else MAILS_A_ROUND * rounds
    wanted = {reader: [f"mail-{each}" for each in range(number)] for reader in readers}
    hits: Counter[str] = Counter()
    began = time.monotonic()
    waiting = [(reader, subject) for reader in readers for subject in wanted[reader]]
    waiting.sort(key=lambda one: one[1])

    async def sender() -> None:
        while waiting:
            reader, subject = waiting.pop(0)
            await deliver(smtp_port, reader.address, subject)

    async def hit(name: str) -> None:
        hits[name] += 1
        if name in house.servers:
            await house.servers[name].strike()
            return
        await asyncio.to_thread(site.kill, name)
        site.start(name)

    async def trouble() -> None:
        for name in cycle((*SERVICES_KILLED, *house.servers)):
            if all_taken.is_set() and len(hits) == len(SERVICES_KILLED) + len(house.servers):
                return
            await asyncio.sleep(1.0)
            await hit(name)
            await stands_again()

    async def stands_again() -> None:
        """Start what has ended by itself, as its supervisor does, until the door for mail is open."""
        ends = time.monotonic() + STANDS_SECONDS
        while time.monotonic() < ends:
            for name, process in list(site.processes.items()):
                if process.poll() is not None:
                    site.start(name)
            if answers("127.0.0.1", smtp_port):
                return
            await asyncio.sleep(0.2)

    all_taken = asyncio.Event()
    troubling = asyncio.create_task(trouble())
    try:
        await asyncio.gather(*(sender() for _ in range(SENDERS)))
    finally:
        all_taken.set()
        await troubling  # until each was hit, and what was hit last stands again
    ends = time.monotonic() + PATIENCE_SECONDS
    for reader in readers:
        while True:
            filed, kept = await asyncio.to_thread(reader.filed)
            if sorted(filed) == sorted(kept) == sorted(wanted[reader]) or time.monotonic() > ends:
                break
            await asyncio.sleep(0.2)
        assert sorted(kept) == sorted(wanted[reader])
        assert sorted(filed) == sorted(wanted[reader])
    print(f"{SESSIONS * number} mails, {hits.total()} kills {dict(hits)} in {time.monotonic() - began:.0f} s")
