"""Mail comes in while services, database and broker are killed: what was said to be kept is in its session, once
(spec/area3 §9.3). With `--fault-rounds 20`: 2,040 mails.
"""

from __future__ import annotations

import asyncio
import smtplib
import time
from collections.abc import AsyncIterator

import pytest

from tests.fault.hit_house import PATIENCE_SECONDS, House, Trouble, hit_house
from tests.flows.system.person import Person, encoded_action
from tests.letters import hand_over, letter
from tests.servers import answers
from tests.sites import free_port

pytestmark = [pytest.mark.fault, pytest.mark.timeout(3600)]

SESSIONS, SENDERS = 3, 4
MAILS, MAILS_A_ROUND = 8, 34
"""For each session: in the suite, and in each round of the long form."""
SERVICES_KILLED = ("mail", "worker", "session")


@pytest.fixture
def smtp_port() -> int:
    return free_port()


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
    async with hit_house(
        folder, redis_url=redis_url, amqp_url=amqp_url, is_broker_killed=rounds > 1, environment=environment
    ) as house:
        yield house


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
    began = time.monotonic()
    waiting = [(reader, subject) for reader in readers for subject in wanted[reader]]
    waiting.sort(key=lambda one: one[1])

    async def sender() -> None:
        while waiting:
            reader, subject = waiting.pop(0)
            await deliver(smtp_port, reader.address, subject)

    all_taken = asyncio.Event()
    trouble = Trouble(house, SERVICES_KILLED, lambda: answers("127.0.0.1", smtp_port))
    troubling = asyncio.create_task(trouble.until(all_taken))
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
    hits = trouble.hits
    print(f"{SESSIONS * number} mails, {hits.total()} kills {dict(hits)} in {time.monotonic() - began:.0f} s")
