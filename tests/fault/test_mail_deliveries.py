"""Mail comes in while services are killed: what was said to be kept is in its session, once (spec/area3 §9.3)."""

from __future__ import annotations

import asyncio
import smtplib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fault.conftest import INTERVIEWS
from tests.flows.system.person import Person, encoded_action
from tests.letters import hand_over, letter
from tests.sites import Site, distributed_site, free_port

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

SESSIONS, SENDERS = 3, 4
PATIENCE_SECONDS = 120.0


@pytest.fixture
def smtp_port() -> int:
    return free_port()


@pytest.fixture
def house(tmp_path: Path, smtp_port: int) -> Iterator[Site]:
    environment = {
        "COLLOQUY_SMTP_PORT": str(smtp_port),
        "COLLOQUY_SMTP_MAILS_PER_MINUTE": "0",
        "COLLOQUY_MAILS_PER_ADDRESS_HOUR": "100000",
        "COLLOQUY_INTERVIEW_PROCESSES": "1",
        "COLLOQUY_WORKER_CONCURRENCY": "2",
        "COLLOQUY_TASK_LEASE_SECONDS": "2",
        "COLLOQUY_OVERDUE_SECONDS": "0.5",
    }
    with distributed_site(tmp_path, interviews=[INTERVIEWS], environment=environment) as site:
        yield site


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


async def test_each_mail_that_was_taken_is_in_its_session_once(house: Site, smtp_port: int, rounds: int) -> None:
    readers = [await asyncio.to_thread(Reader, house.url) for _ in range(SESSIONS)]
    wanted = {reader: [f"mail-{number}" for number in range(8 * rounds)] for reader in readers}
    waiting = [(reader, subject) for reader in readers for subject in wanted[reader]]
    waiting.sort(key=lambda one: one[1])

    async def sender() -> None:
        while waiting:
            reader, subject = waiting.pop(0)
            await deliver(smtp_port, reader.address, subject)

    async def trouble() -> None:
        while True:
            for name in ("mail", "worker", "session"):
                await asyncio.sleep(1.0)
                await asyncio.to_thread(house.kill, name)
                await asyncio.to_thread(house.start, name)
                await asyncio.to_thread(house.wait_until_ready)

    troubling = asyncio.create_task(trouble())
    await asyncio.gather(*(sender() for _ in range(SENDERS)))
    troubling.cancel()
    await asyncio.gather(troubling, return_exceptions=True)
    for name in ("mail", "worker", "session"):
        if name not in house.processes:
            await asyncio.to_thread(house.start, name)
    ends = time.monotonic() + PATIENCE_SECONDS
    for reader in readers:
        while True:
            filed, kept = await asyncio.to_thread(reader.filed)
            if sorted(filed) == sorted(kept) == sorted(wanted[reader]) or time.monotonic() > ends:
                break
            await asyncio.sleep(0.2)
        assert sorted(kept) == sorted(wanted[reader])
        assert sorted(filed) == sorted(wanted[reader])
