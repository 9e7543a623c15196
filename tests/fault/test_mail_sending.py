"""Interviews send mail while services, database and broker are killed, and their turns are done again: each mail leaves
once (DESIGN §1.4, §7). With `--fault-rounds 20`: 2,040 mails, half of them in direct and half in queued mode. Where
orders to send cross the broker, it is a RabbitMQ of the test's own that is killed, also in the suite.

SMTP cannot tell whether a server has taken a mail whose sender died before it heard so (RFC 5321 §4.5.3.2.6).
Such a mail, and no other, may leave a second time; it has the same Message-ID then.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from email import message_from_bytes
from typing import Any

import httpx
import pytest

from shared.kernel.ids import new_id
from shared.storage.database import Database
from shared.storage.errors import DatabaseUnavailable
from tests.fault.hit_house import PATIENCE_SECONDS, House, Trouble, hit_house
from tests.fault.own_servers import OwnRabbit, rabbit_program
from tests.flows.system.person import Person, encoded_action
from tests.post_office import PostOffice, post_office

pytestmark = [pytest.mark.fault, pytest.mark.timeout(3600)]

SESSIONS, SENDERS = 3, 4
MAILS, MAILS_A_ROUND = 8, 17
"""For each session: in the suite, and in each round of the long form."""
WHO_SENDS = {"direct": "session", "queued": "mail"}
KILLED = ("session", "mail")


class SlowOffice(PostOffice):
    """Takes its time before and after it has taken a mail, so that many senders die meanwhile."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        await asyncio.sleep(0.05)
        self.taken.append(envelope)
        await asyncio.sleep(0.05)
        return self.says

    def copies(self) -> list[tuple[str, str]]:
        """Subject and Message-ID of all it has taken."""
        mails = [message_from_bytes(envelope.content) for envelope in list(self.taken)]
        return [(str(mail["Subject"]), str(mail["Message-ID"]).strip("<>").partition("@")[0]) for mail in mails]


@pytest.fixture
def office() -> Iterator[SlowOffice]:
    with post_office(SlowOffice) as office:
        yield office


@pytest.fixture(params=list(WHO_SENDS))
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def house(
    tmp_path_factory: pytest.TempPathFactory,
    redis_url: str,
    amqp_url: str,
    office: SlowOffice,
    mode: str,
    rounds: int,
) -> AsyncIterator[House]:
    environment = {f"COLLOQUY_{name.upper()}": str(value) for name, value in office.settings.items()}
    environment |= {
        "COLLOQUY_MAIL_QUEUED": str(mode == "queued").lower(),
        "COLLOQUY_MAIL_LIMIT_SECONDS": "10",
        "COLLOQUY_MAIL_PER_HOUR": "100000",
        "COLLOQUY_LOCK_WAIT_SECONDS": "0.2",
        "COLLOQUY_INTERVIEW_PROCESSES": "2",
    }
    folder = tmp_path_factory.mktemp("s")  # a short name: a socket has to fit into it
    async with hit_house(
        folder,
        redis_url=redis_url,
        amqp_url=amqp_url,
        is_broker_killed=rounds > 1 or mode == "queued",
        environment=environment,
    ) as house:
        if mode == "queued" and rabbit_program() is not None:
            assert isinstance(house.servers["rabbit"], OwnRabbit)
        yield house


class Writer(Person):
    """Somebody whose session sends mail."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.interview = "faults:data/questions/sending.yml"
        self.open()

    def send(self, subject: str) -> None:
        """One operation, posted until it is answered, as the page's script does it."""
        form = self.page_fields() | {"_action": encoded_action("send", subject=subject), "_operation": new_id()}
        ends, said = time.monotonic() + PATIENCE_SECONDS, ""
        while time.monotonic() < ends:
            try:
                answer = self.http.post("/interview", params={"i": self.interview}, data=form)
            except httpx.HTTPError as error:
                said = type(error).__name__
            else:
                if answer.status_code == 200:
                    return
                said = f"{answer.status_code} {answer.text}"
            time.sleep(0.2)
        raise AssertionError(f"{subject} was never answered; at last: {said}")

    def told(self) -> list[list[Any]]:
        """What its answers say: subject, and whether it was sent."""
        query = {"i": self.interview, "action": encoded_action("told")}
        found: list[list[Any]] = self.http.get("/interview", params=query).json()
        return found


class Uncertain:
    """Which mails nobody can know about, because their sender died between the server's taking them and writing that
    down: how often for each.
    """

    def __init__(self, house: House, office: SlowOffice, mode: str) -> None:
        self._url = house.site.environment["COLLOQUY_DATABASE_URL"]
        self._office, self._sender = office, WHO_SENDS[mode]
        self.found: Counter[str] = Counter()

    async def look(self, name: str) -> None:
        """This service is dead at the moment."""
        if name != self._sender:
            return
        database = Database(url=self._url, minimum=1, maximum=1)
        await database.start()
        try:
            rows = await database.fetch("select message_id::text from mailbox.sendings where state = 'sending'")
        except DatabaseUnavailable:
            rows = []
        finally:
            await database.stop()
        self.found.update({row[0] for row in rows} & {message_id for _, message_id in self._office.copies()})


async def test_each_mail_of_a_session_leaves_once(house: House, office: SlowOffice, mode: str, rounds: int) -> None:
    writers = [await asyncio.to_thread(Writer, house.site.url) for _ in range(SESSIONS)]
    number = MAILS if rounds == 1 else MAILS_A_ROUND * rounds
    wanted = {writer: [f"{which} {each}" for each in range(number)] for which, writer in enumerate(writers)}
    waiting = [(writer, wanted[writer][each]) for each in range(number) for writer in writers]
    subjects = {subject for some in wanted.values() for subject in some}
    uncertain = Uncertain(house, office, mode)

    def stands() -> bool:
        try:
            return httpx.get(f"{house.site.url}health/ready", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    async def sender() -> None:
        while waiting:
            writer, subject = waiting.pop(0)
            await asyncio.to_thread(writer.send, subject)

    all_sent = asyncio.Event()
    trouble = Trouble(house, KILLED, stands, uncertain.look)
    troubling = asyncio.create_task(trouble.until(all_sent))
    began = time.monotonic()
    try:
        await asyncio.gather(*(sender() for _ in range(SENDERS)))
    finally:
        all_sent.set()
        await troubling  # until each was hit, and what was hit last stands again
    ends = time.monotonic() + PATIENCE_SECONDS
    while {subject for subject, _ in office.copies()} != subjects and time.monotonic() < ends:
        await asyncio.sleep(0.2)
    for writer in writers:
        assert sorted(await asyncio.to_thread(writer.told)) == sorted([subject, True] for subject in wanted[writer])
    taken = Counter(office.copies())
    assert {subject for subject, _ in taken} == subjects
    assert len(taken) == len(subjects), "a copy has the Message-ID of the first"
    again = {message_id: copies - 1 for (_, message_id), copies in taken.items() if copies > 1}
    assert {one: copies for one, copies in again.items() if copies > uncertain.found[one]} == {}
    print(
        f"{mode}: {len(subjects)} mails, {trouble.hits.total()} kills {dict(trouble.hits)}, {len(again)} left again of"
        f" {len(uncertain.found)} whose sender died, in {time.monotonic() - began:.0f} s"
    )
