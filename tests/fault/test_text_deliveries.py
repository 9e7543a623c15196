"""Text messages come in while services, database and broker are killed: each that was answered is in its session, once,
with its picture (DESIGN §3 walk 4). With `--fault-rounds 20`: 2,040 messages.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import httpx
import orjson
import pytest
from twilio.request_validator import RequestValidator

from tests.fault.hit_house import PATIENCE_SECONDS, House, Trouble, hit_house
from tests.flows.system.person import Person, encoded_action
from tests.phone_office import SID, TOKEN, Kept, PhoneOffice, phone_office

pytestmark = [pytest.mark.fault, pytest.mark.timeout(3600)]

SESSIONS, SENDERS = 3, 4
TEXTS, TEXTS_A_ROUND = 8, 34
"""For each session: in the suite, and in each round of the long form."""
SERVICES_KILLED = ("mail", "worker", "session", "gateway")
WITH_PICTURE, LATE_PICTURES = 2, (0, 6, 12, 18)
"""Every second has a picture; for these the provider does not answer the first time."""
OURS, PUBLIC = "+15550000001", "https://forms.example.org"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(300_000)


class MoodyOffice(PhoneOffice):
    """Does not answer for some files when it is asked for the first time."""

    def give(self, path: str, authorization: str) -> Kept:
        kept = super().give(path, authorization)
        if kept.headers.get("x-late") and [one for one, _ in self.asked].count(path) == 1:
            return Kept(status=503)
        return kept


@pytest.fixture
def office() -> Iterator[PhoneOffice]:
    with phone_office(MoodyOffice) as running:
        yield running


@pytest.fixture
async def house(
    tmp_path_factory: pytest.TempPathFactory, redis_url: str, amqp_url: str, office: PhoneOffice, rounds: int
) -> AsyncIterator[House]:
    environment = {
        "COLLOQUY_TWILIO": orjson.dumps(office.settings["twilio"][:1]).decode(),
        "COLLOQUY_TWILIO_URL": office.url,
        "COLLOQUY_TWILIO_CALLBACK_URL": PUBLIC,
        "COLLOQUY_TWILIO_INCOMING": "true",
        "COLLOQUY_SMTP_PORT": "0",
        "COLLOQUY_MAILS_PER_ADDRESS_HOUR": "100000",
        "COLLOQUY_INTERVIEW_PROCESSES": "1",
        "COLLOQUY_WORKER_CONCURRENCY": "2",
        "COLLOQUY_TASK_LEASE_SECONDS": "2",
        "COLLOQUY_OVERDUE_SECONDS": "0.5",
    }
    folder = tmp_path_factory.mktemp("t")  # a short name: a socket has to fit into it
    async with hit_house(
        folder, redis_url=redis_url, amqp_url=amqp_url, is_broker_killed=rounds > 1, environment=environment
    ) as house:
        yield house


class Asker(Person):
    """Somebody whose session expects texts from one number."""

    def __init__(self, url: str, theirs: str) -> None:
        super().__init__(url, "texts")
        self.interview, self.theirs = "faults:data/questions/texts.yml", theirs
        self.open()
        assert self._told("expect", who=theirs) is True

    def filed(self) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
        """What its action has filed, and what has come for it: what each says, and how large its picture is."""
        filed, kept = self._told("filed") or ([], [])
        return _seen(filed), _seen(kept)

    def _told(self, action: str, **arguments: str) -> object:
        query = {"i": self.interview, "action": encoded_action(action, **arguments)}
        try:
            answer = self.http.get("/interview", params=query)
        except httpx.HTTPError:
            return None
        is_answer = answer.status_code == 200 and "json" in answer.headers["content-type"]
        return answer.json() if is_answer else None


def _seen(texts: list[tuple[str, list[int]]]) -> list[tuple[str, int]]:
    return sorted((body, sum(sizes)) for body, sizes in texts)


async def deliver(url: str, office: PhoneOffice, theirs: str, number: int) -> None:
    """As Twilio does it when it is set to come again: until it is told that the message was taken."""
    form = {"AccountSid": SID, "MessageSid": f"SM{theirs[1:]}x{number}", "From": theirs, "To": OURS}
    form["Body"] = f"text-{number}"
    if number % WITH_PICTURE == 0:
        headers = {"x-late": "1"} if number in LATE_PICTURES else {}
        form |= {"MediaUrl0": office.keep(PICTURE, headers=headers), "MediaContentType0": "image/png"}
    signature = RequestValidator(TOKEN).compute_signature(f"{PUBLIC}/texts/incoming", form)
    ends = time.monotonic() + PATIENCE_SECONDS
    async with httpx.AsyncClient(base_url=url, timeout=15.0) as http:
        while time.monotonic() < ends:
            try:
                answer = await http.post("/texts/incoming", data=form, headers={"X-Twilio-Signature": signature})
            except httpx.HTTPError:
                status = 0
            else:
                status = answer.status_code
            if status == 200:
                return
            assert status == 0 or status >= 500, answer.text
            await asyncio.sleep(0.1)
    raise AssertionError(f"text-{number} was never taken")


def wanted(numbers: range) -> list[tuple[str, int]]:
    return sorted((f"text-{one}", len(PICTURE) if one % WITH_PICTURE == 0 else 0) for one in numbers)


async def test_each_text_that_was_taken_is_in_its_session_once(house: House, office: PhoneOffice, rounds: int) -> None:
    site = house.site
    askers = [await asyncio.to_thread(Asker, site.url, f"+1617555010{each}") for each in range(SESSIONS)]
    numbers = range(TEXTS if rounds == 1 else TEXTS_A_ROUND * rounds)
    began = time.monotonic()
    waiting = [(asker, number) for number in numbers for asker in askers]

    async def sender() -> None:
        while waiting:
            asker, number = waiting.pop(0)
            await deliver(site.url, office, asker.theirs, number)

    def stands() -> bool:
        try:
            return httpx.get(f"{site.url}health/ready", timeout=5.0).status_code == 200
        except httpx.HTTPError:
            return False

    all_taken = asyncio.Event()
    trouble = Trouble(house, SERVICES_KILLED, stands)
    troubling = asyncio.create_task(trouble.until(all_taken))
    try:
        await asyncio.gather(*(sender() for _ in range(SENDERS)))
    finally:
        all_taken.set()
        await troubling  # until each was hit, and what was hit last stands again
    ends = time.monotonic() + PATIENCE_SECONDS
    for asker in askers:
        while True:
            filed, kept = await asyncio.to_thread(asker.filed)
            if filed == kept == wanted(numbers) or time.monotonic() > ends:
                break
            await asyncio.sleep(0.2)
        assert kept == wanted(numbers)
        assert filed == wanted(numbers)
    hits = trouble.hits
    print(f"{SESSIONS * len(numbers)} texts, {hits.total()} kills {dict(hits)} in {time.monotonic() - began:.0f} s")
