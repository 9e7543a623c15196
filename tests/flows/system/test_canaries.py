"""A thousand secrets are typed, uploaded, given to tasks, raised, printed, come and go by mail, and wait in mail and
text messages for a visitor who has the only key; no byte of the disks tells one of them.

Everything the system runs on is its own here, so that whole folders can be searched: PostgreSQL's (tables, indexes and
the log of changes), Redis's append-only file, RabbitMQ's queues, the store of files, and every log. A store that cannot
be searched, or in which nothing stands that has to stand there, fails the test: who did not look has not found nothing.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import smtplib
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from pathlib import Path

import httpx
import psycopg
import pytest
import redis.asyncio
from twilio.request_validator import RequestValidator

from services.gateway.browser_sessions import SECRET_COOKIE, SESSION_COOKIE
from shared.kernel.ids import new_code
from shared.storage.service_folder import service_folder
from tests import servers
from tests.fault.own_servers import OwnPostgres, OwnRabbit, rabbit_program
from tests.flows.system.conftest import INTERVIEWS, until
from tests.flows.system.person import Person, encoded
from tests.flows.system.test_secrets import all_of_redis, disguises
from tests.sites import SERVICES, Site, free_port, service_command, site_on

pytestmark = pytest.mark.timeout(400)

MARK = "Wobbegong5Saxophone"
"""All secrets begin with it, so that one look at a file finds any of them."""
IN_EACH, WAYS = 84, 8
"""Secrets that go one way in one session; eight ways in two sessions make more than a thousand."""
OUR_NUMBER, SID, TOKEN = "+15550000001", "AC" + "0" * 32, "a token of ours"
PUBLIC = "https://forms.example.org"
SEEN = "Thylacine9Harmonium"
"""A word that may be seen, and is left in Redis."""
TOLD = {
    "PostgreSQL": b"trials:data/questions/canaries.yml",
    "Redis": SEEN.encode(),
    "RabbitMQ": b"application/cloudevents",
    "logs and files": b"service.started",
}
"""What does stand in each of these stores: whoever does not find it has not looked there."""
CANNOT_LOOK = (
    "The disk of RabbitMQ cannot be searched: there is no rabbitmq-server on this machine, and another one's is out of "
    "reach. Install Debian's rabbitmq-server; the test starts a node of its own."
)
INPUTS = 30
PAPERS = 5


@dataclass
class Watched:
    """A system, the folders of everything under it, and how to end all of it so that everything is on the disk."""

    site: Site
    folders: dict[str, Path]
    smtp_port: int
    redis_url: str
    end: list[Callable[[], None]] = field(default_factory=list)

    def stop(self) -> None:
        """Everything it kept is in its folders afterwards."""
        self.site.stop()
        if "Redis" not in self.folders:  # simulated: what it keeps is in its memory alone
            self.folders["Redis"] = folder = self.site.folder.with_name("what-redis-held")
            folder.mkdir()
            (folder / "everything").write_bytes(servers.in_thread(lambda: all_of_redis(self.redis_url)))
        while self.end:
            self.end.pop()()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """Five processes on servers of their own, saying all they have to say."""
    postgres = OwnPostgres(tmp_path / "database")
    with ExitStack() as ending:
        servers.in_thread(postgres.start)
        ending.callback(servers.in_thread, postgres.stop)
        redis_url = ending.enter_context(servers.own_redis(tmp_path / "redis"))
        servers.in_thread(lambda: leave_in_redis(redis_url))
        amqp_url, queues = _broker(ending)
        folders = {
            "PostgreSQL": service_folder(tmp_path / "database" / "postgres").home,
            "logs and files": tmp_path / "site",
            "RabbitMQ": queues,
        }
        if shutil.which("redis-server"):
            folders["Redis"] = tmp_path / "redis"
        (tmp_path / "site").mkdir()
        smtp_port = free_port()
        running = site_on(
            tmp_path / "site",
            interviews=[INTERVIEWS],
            commands={name: service_command(name) for name in SERVICES},
            database_url=postgres.url,
            redis_url=redis_url,
            amqp_url=amqp_url,
            environment={
                "COLLOQUY_LOG_LEVEL": "debug",
                "COLLOQUY_SMTP_PORT": str(smtp_port),
                "COLLOQUY_TWILIO": json.dumps([{"account sid": SID, "auth token": TOKEN, "number": OUR_NUMBER}]),
                "COLLOQUY_TWILIO_CALLBACK_URL": PUBLIC,
                "COLLOQUY_TWILIO_INCOMING": "true",
            },
        )
        with running as site:
            yield Watched(site, folders, smtp_port, redis_url, [ending.close])
    shutil.rmtree(queues, ignore_errors=True)


async def leave_in_redis(url: str) -> None:
    async with redis.asyncio.Redis.from_url(url) as client:
        await client.set("canaries:seen", SEEN)


def _broker(ending: ExitStack) -> tuple[str, Path]:
    """A node of our own, and the folder of its queues."""
    program = rabbit_program()
    if program is None:
        pytest.fail(CANNOT_LOOK, pytrace=False)
    place = Path(tempfile.mkdtemp(prefix="colloquy-rabbitmq-"))
    place.chmod(0o777)  # the server may run under a user of its own
    node = OwnRabbit(place, program)
    servers.in_thread(node.start)
    ending.callback(servers.in_thread, node.stop)
    return node.url, place


def some() -> list[str]:
    """Secrets that stand nowhere else."""
    return [f"{MARK}{new_code(12)}" for _ in range(IN_EACH)]


@dataclass
class Teller:
    """Somebody who gives away secrets in every way there is, in an ordinary session or one that is shared."""

    person: Person
    smtp_port: int
    secrets: list[str] = field(default_factory=list)

    def tell_all(self, shared: str) -> None:
        self.person.open(shared=shared)
        self._type()
        self._upload()
        until(lambda: self.person.open() and f"told {INPUTS} words" in self.person.page, "what the task has told")
        words = self._fresh()
        assert self._act("say", words).json() == len(words)
        words = self._fresh()
        assert self._act("fail", words[:60]).status_code == 500
        assert self._act("fail_behind", words[60:]).json() is True
        until(lambda: self.person.open() and "failed" in self.person.page, "the failure of the task")
        self._get_mail()
        assert self._act("write", self._fresh()).json() is True

    def _get_mail(self) -> None:
        """Mail comes while nobody has the session open, and is read by who opens it."""
        words = self._fresh()
        self._send_mail(self._act("address", []).json(), words)
        [[subject, sender, text, attached, headers]] = self._act("read_mail", []).json()
        said = f"{subject} {sender} {text} {attached} {headers}"
        assert [word for word in words if word not in said] == []

    def leave(self, theirs: str) -> None:
        """A mail and a text message come, and nobody opens the session any more."""
        address = self._act("address", []).json()
        assert self._act("expect", [theirs]).json() is True
        self._send_mail(address, self._fresh())
        form = {"AccountSid": SID, "MessageSid": new_code(), "From": theirs, "To": OUR_NUMBER}
        form["Body"] = " ".join(self._fresh())
        signature = RequestValidator(TOKEN).compute_signature(f"{PUBLIC}/texts/incoming", form)
        headers = {"X-Twilio-Signature": signature}
        assert self.person.http.post("/texts/incoming", data=form, headers=headers).status_code == 200

    def _send_mail(self, address: str, words: list[str]) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = f"{words[0]}@example.org", address, words[1]
        message[f"X-{words[2]}"] = words[3]
        message.set_content("\n".join(words[4:40]))
        message.add_attachment(" ".join(words[40:]).encode(), maintype="text", subtype="plain", filename="paper.txt")
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=60) as server:
            server.sendmail(f"{words[0]}@example.org", [address], message.as_bytes(policy=policy.SMTP))

    def _fresh(self) -> list[str]:
        words = some()
        self.secrets += words
        return words

    def _type(self) -> None:
        words = self._fresh()
        self.person.answer(**{f"typed[{number}]": " ".join(words[number::INPUTS]) for number in range(INPUTS)})
        assert self.person.shown == "Give us", self.person.page[-3000:]

    def _upload(self) -> None:
        words = self._fresh()
        papers = [
            (encoded("kept"), (f"{words[number]}.txt", "\n".join(words[number::PAPERS]) * 50, "text/plain"))
            for number in range(PAPERS)
        ]
        where = {"i": self.person.interview}
        self.person._see(self.person.http.post("/interview", params=where, data=self.person.fields(), files=papers))
        assert self.person.shown == "Thank you", self.person.page[-3000:]
        (address,) = re.findall(r"/uploadedfile/[^\s<\"&]+", self.person.page)
        assert words[0] in self.person.http.get(address).text

    def _act(self, action: str, words: list[str]) -> httpx.Response:
        said = base64.b64encode(json.dumps({"action": action, "arguments": {"words": words}}).encode()).decode()
        fields = self.person.page_fields() | {"_action": said, "_operation": ""}
        return self.person.http.post("/interview", params={"i": self.person.interview}, data=fields)


def left_by(database_url: str) -> dict[str, int]:
    """What has become of the latest two messages of each session, counted."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("select action from mailbox.mails order by received_at desc limit 4").fetchall()
    return dict(Counter(row[0] for row in rows))


def test_none_of_a_thousand_secrets_is_on_any_disk(watched: Watched) -> None:
    tellers = {shared: Teller(Person(watched.site.url, "canaries"), watched.smtp_port) for shared in ("no", "yes")}
    for shared, teller in tellers.items():
        teller.tell_all(shared)
    for number, teller in enumerate(tellers.values()):
        teller.leave(f"+1617555010{number}")
    waiting = {"closed": 2, "done": 2}  # the key of one session is not at hand; that of the other is
    until(lambda: left_by(watched.site.environment["COLLOQUY_DATABASE_URL"]) == waiting, "what has come last")
    assert len({secret for teller in tellers.values() for secret in teller.secrets}) == IN_EACH * WAYS * 2 > 1000
    keys = [teller.person.page_fields()["_session"] for teller in tellers.values()]
    keys += [t.person.http.cookies[name] for t in tellers.values() for name in (SECRET_COOKIE, SESSION_COOKIE)]
    watched.stop()

    hints = {hint for secret in (MARK, *keys) for hint in disguises(secret.encode())}
    assert search(watched.folders, hints) == []


def search(folders: Mapping[str, Path], hints: Collection[bytes]) -> list[tuple[str, str]]:
    """In which files of which stores one of these is. Raises AssertionError when a store could not be searched."""
    assert folders.keys() == TOLD.keys(), "every store is searched"
    found, seen = [], set()
    for name, folder in folders.items():
        assert folder.is_dir(), f"{folder} of {name} is not there"
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                held = path.read_bytes()
                found += [(name, str(path.relative_to(folder))) for hint in hints if hint in held]
                seen |= {name} if TOLD[name] in held else set()
    assert seen == folders.keys(), "what has to stand there was not found: these are not the folders of all stores"
    return found


@pytest.fixture
def stores(tmp_path: Path) -> dict[str, Path]:
    """Folders of stores in which nothing but what has to be there stands."""
    folders = {name: tmp_path / name for name in TOLD}
    for name, folder in folders.items():
        folder.mkdir()
        (folder / "data").write_bytes(b"..." + TOLD[name] + b"...")
    return folders


@pytest.mark.parametrize("name", TOLD)
def test_a_secret_in_any_store_would_be_found(stores: dict[str, Path], name: str) -> None:
    assert search(stores, [MARK.encode()]) == []
    (stores[name] / "below").mkdir()
    (stores[name] / "below" / "log").write_bytes(b"\0" + MARK.encode())
    assert search(stores, [MARK.encode()]) == [(name, "below/log")]


@pytest.mark.parametrize("name", TOLD)
def test_a_store_that_was_not_searched_fails_the_test(stores: dict[str, Path], name: str) -> None:
    (stores[name] / "data").write_bytes(b"another store")
    with pytest.raises(AssertionError, match="not the folders"):
        search(stores, [MARK.encode()])
    (stores[name] / "data").unlink()
    with pytest.raises(AssertionError, match="not the folders"):
        search(stores, [MARK.encode()])
    stores[name].rmdir()
    with pytest.raises(AssertionError, match="is not there"):
        search(stores, [MARK.encode()])
    del stores[name]
    with pytest.raises(AssertionError, match="every store"):
        search(stores, [MARK.encode()])
