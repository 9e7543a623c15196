"""A whole system in one process, a mail server that takes its letters, and people with browsers."""

from __future__ import annotations

import itertools
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler

from tests.flows.system.conftest import command, until
from tests.flows.system.person import Person
from tests.sites import Site, embedded_site, free_port

INTERVIEWS = Path(__file__).parent / "interviews"
PASSWORD = "correct horse battery"

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_NUMBERS = itertools.count(1)


@dataclass
class Letterbox:
    """What a mail server was given."""

    port: int
    letters: list[Message] = field(default_factory=list)

    def to(self, address: str, subject: str = "") -> list[str]:
        """Texts of letters to somebody."""
        return [
            str(letter.get_payload(decode=True).decode())  # type: ignore[union-attr]
            for letter in self.letters
            if letter["To"] == address and subject in str(letter["Subject"])
        ]

    def link_to(self, address: str, subject: str = "") -> str:
        """The path of the link in the last letter to somebody; waits for it."""
        texts = until(lambda: self.to(address, subject), f"a letter to {address}")
        found = re.search(r"https?://[^/\s]+(/\S+)", texts[-1])
        assert found is not None, texts[-1]
        return found[1]


class _Taking(MessageHandler):
    def __init__(self, box: Letterbox) -> None:
        super().__init__()
        self._box = box

    def handle_message(self, message: Message) -> None:
        self._box.letters.append(message)


@pytest.fixture(scope="session")
def letterbox() -> Iterator[Letterbox]:
    box = Letterbox(free_port())
    server = Controller(_Taking(box), hostname="127.0.0.1", port=box.port)
    server.start()
    yield box
    server.stop()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, letterbox: Letterbox) -> Iterator[Site]:
    """A system whose new addresses are confirmed by letter."""
    environment = {
        "COLLOQUY_MAIL_HOST": "127.0.0.1",
        "COLLOQUY_MAIL_PORT": str(letterbox.port),
        "COLLOQUY_MAIL_SECURITY": "none",
        "COLLOQUY_MAIL_SENDER": "Forms <forms@example.org>",
        "COLLOQUY_CONFIRM_ADDRESSES": "false",
        "COLLOQUY_SIGN_IN_ATTEMPTS": "5",
        "COLLOQUY_PASSWORD_MEMORY_KIB": "7168",
        "COLLOQUY_TRUSTED_PROXIES": "127.0.0.1",
    }
    folder = tmp_path_factory.mktemp("accounts")
    with embedded_site(folder, interviews=[INTERVIEWS], environment=environment) as running:
        yield running


def fields_of(page: str) -> dict[str, str]:
    """The hidden fields of the last form on a page."""
    form = page.rpartition("<form ")[2].partition("</form>")[0]
    return {name: unescape(value) for name, value in _HIDDEN.findall(form)}


class Somebody(Person):
    """A person with a browser, and perhaps an account."""

    def __init__(self, url: str, name: str = "names", address: str = "") -> None:
        super().__init__(url)
        self.email = f"person{next(_NUMBERS)}@example.org"
        self.http.headers["x-forwarded-for"] = address or f"203.0.113.{next(_NUMBERS) % 250}"
        self.go_to(name)

    def go_to(self, name: str) -> None:
        """From now on another interview is meant."""
        self.interview = f"people:data/questions/{name}.yml"

    def get(self, path: str, **query: str) -> httpx.Response:
        return self._see(self.http.get(path, params=query or None))

    def send(self, path: str, **values: Any) -> httpx.Response:
        """Open a page with a form, fill it in and send it to where it belongs."""
        self.get(path)
        return self.send_again(path, **values)

    def send_again(self, path: str, **values: Any) -> httpx.Response:
        """Send the form that is on the page."""
        return self._see(self.http.post(path.partition("?")[0], data=fields_of(self.page) | values))

    def register(self, **more: str) -> httpx.Response:
        given = {"email": self.email, "password": PASSWORD, "again": PASSWORD, "first_name": "Ann", "last_name": "Lee"}
        return self.send("/user/register", **(given | more))

    def sign_in(self, email: str = "", password: str = PASSWORD, path: str = "/user/sign-in") -> httpx.Response:
        return self.send(path, email=email or self.email, password=password)

    def me(self) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get("/me").json()
        return found

    def sessions(self, **query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.http.get("/interviews", params={"json": "1", **query}).json()["interviews"]
        return found


@pytest.fixture
def people(site: Site) -> Iterator[Callable[..., Somebody]]:
    """Makes people, each with a browser of their own."""
    made: list[Somebody] = []

    def make(name: str = "names", address: str = "") -> Somebody:
        made.append(Somebody(site.url, name, address))
        return made[-1]

    yield make
    for one in made:
        one.http.close()


MakePerson = Callable[..., Somebody]


def operator(site: Site, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """`colloquy …` with something typed into it."""
    return command(site, *words, typed=typed)


@pytest.fixture(scope="session")
def admin_address(site: Site) -> str:
    """An administrator who was made from the command line."""
    ended = operator(site, "users", "create", "root@example.org", "--privilege", "admin", typed=PASSWORD + "\n")
    assert ended.returncode == 0, ended.stderr
    return "root@example.org"
