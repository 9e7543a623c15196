"""Mail by configurations with names: other servers, and services that take it over HTTP."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import structlog

from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from shared.kernel.settings import Settings, SettingsInvalid
from shared.mailbox.courier import courier_of
from shared.mailbox.mail import Attachment, Mail, address_of
from shared.mailbox.schema import SCHEMA
from shared.mailbox.sendings import Errand
from shared.mailbox.transport_http import MailgunTransport, SendGridTransport
from shared.mailbox.transport_smtp import MailRefused, SmtpTransport
from shared.mailbox.ways_out import letters_of, ways_out
from shared.storage.database import Database
from shared.storage.migrations import migrate
from tests.post_office import PostOffice, post_office

MAIL = Mail(
    to=(address_of("Ann <ann@example.org>"), address_of("bob@example.org")),
    cc=(address_of("bob@example.org"), address_of("cid@example.org")),
    bcc=(address_of("dee@example.org"),),
    reply_to=address_of("office@example.org"),
    subject="Papers",
    text="For Ann",
    html="<p>For Ann</p>",
    attachments=(Attachment("paper.txt", "text/plain", b"Words"),),
    variables={"case": "12"},
)


class Service:
    """A double of a service that takes mail over HTTP."""

    def __init__(self, url: str) -> None:
        self.url, self.status = url, 200
        self.asked: list[tuple[str, dict[str, str], bytes]] = []


@pytest.fixture
def service() -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(found.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Service(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with contextlib.ExitStack() as stack:
        stack.callback(thread.join)
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        yield found


@pytest.fixture
async def tables(database: Database) -> Database:
    await migrate(database, [SCHEMA])
    return database


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as running:
        yield running


def fields(headers: dict[str, str], body: bytes) -> dict[str, list[bytes]]:
    """A multipart form, by name."""
    message = message_from_bytes(b"Content-Type: " + headers["content-type"].encode() + b"\r\n\r\n" + body)
    found: dict[str, list[bytes]] = {}
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
        raw = part.get_payload(decode=True)  # type: ignore[union-attr]
        if raw is None or name == "message":
            raw = part.as_bytes()  # type: ignore[union-attr]
        found.setdefault(str(name), []).append(raw)
    return found


async def send(tables: Database, keys: ServerKeys, mail: Mail = MAIL, config: str = "default", **given: Any) -> bool:
    courier = courier_of(Settings(**given), database=tables, server_keys=keys, clock=SystemClock())
    errand = Errand(new_id(), new_id(), "mail", ("somebody",), 1)
    return await courier.send(mail, errand, config=config)


async def test_mailgun_gets_the_mail_as_it_is_written(
    tables: Database, server_keys: ServerKeys, service: Service
) -> None:
    entry = {"mailgun domain": "mg.example.org", "mailgun api key": "k", "mailgun api url": service.url + "/v3/%s/mime"}
    assert await send(tables, server_keys, mail_configs=[entry]) is True
    [(path, headers, body)] = service.asked
    assert path == "/v3/mg.example.org/mime"
    assert headers["authorization"] == "Basic " + base64.b64encode(b"api:k").decode()
    form = fields(headers, body)
    recipients = ["ann@example.org", "bob@example.org", "cid@example.org", "dee@example.org"]
    assert [one.decode() for one in form["to"]] == recipients
    assert form["v:case"] == [b"12"]
    assert b"Subject: Papers" in form["message"][0]
    assert b"dee@example.org" not in form["message"][0]


async def test_sendgrid_gets_its_own_form(tables: Database, server_keys: ServerKeys, service: Service) -> None:
    entry = {
        "sendgrid api key": "k",
        "sendgrid api url": service.url + "/send",
        "default sender": "Us <us@example.org>",
    }
    assert await send(tables, server_keys, mail_configs=[entry]) is True
    [(path, headers, body)] = service.asked
    assert (path, headers["authorization"]) == ("/send", "Bearer k")
    told = json.loads(body)
    assert told["personalizations"] == [
        {
            "to": [{"email": "ann@example.org", "name": "Ann"}, {"email": "bob@example.org"}],
            "cc": [{"email": "cid@example.org"}],
            "bcc": [{"email": "dee@example.org"}],
        }
    ]
    assert told["from"] == {"email": "us@example.org", "name": "Us"}
    assert told["reply_to"] == {"email": "office@example.org"}
    assert [part["type"] for part in told["content"]] == ["text/plain", "text/html"]
    assert base64.b64decode(told["attachments"][0]["content"]) == b"Words"
    assert await send(tables, server_keys, Mail(to=MAIL.to, text=""), mail_configs=[entry]) is True
    assert json.loads(service.asked[1][2])["subject"] == "(no subject)"


@pytest.mark.parametrize("status", [400, 401, 413, 429, 500, 503])
async def test_what_a_service_refuses_was_not_sent(
    tables: Database, server_keys: ServerKeys, service: Service, status: int
) -> None:
    service.status = status
    entry = {"sendgrid api key": "k", "sendgrid api url": service.url}
    assert await send(tables, server_keys, mail_configs=[entry]) is False


async def test_a_name_chooses_the_way_and_an_unknown_one_takes_the_default(
    tables: Database, server_keys: ServerKeys, service: Service, office: PostOffice
) -> None:
    given = {
        **office.settings,
        "mail_configs": [{"name": "news", "sendgrid api key": "k", "sendgrid api url": service.url}],
    }
    assert await send(tables, server_keys, config="news", **given) is True
    assert (len(service.asked), len(office.taken)) == (1, 0)
    for name in ("default", "nothing"):
        assert await send(tables, server_keys, config=name, **given) is True
    assert (len(service.asked), len(office.taken)) == (1, 2)


def test_names_and_kinds_are_those_of_the_directive() -> None:
    entries = [
        {"server": "one.example.org", "use tls": False},
        {"name": "two", "server": "two.example.org", "use ssl": True, "port": 465},
        {"mailgun domain": "d", "mailgun api key": "k"},
        {"sendgrid api key": "k"},
    ]
    found = ways_out(Settings(mail_configs=entries), SystemClock())
    assert list(found) == ["config0", "two", "config2", "config3", "default"]
    kinds = [type(found[name].transport) for name in found]
    assert kinds == [SmtpTransport, SmtpTransport, MailgunTransport, SendGridTransport, SmtpTransport]
    assert found["default"].transport is found["config0"].transport


def test_two_of_one_name_are_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLOQUY_MAIL_CONFIGS", json.dumps([{"name": "a"}, {"name": "a"}]))
    with pytest.raises(SettingsInvalid, match="the same name"):
        Settings.load()


async def test_mail_that_may_come_back_leaves_with_an_address_of_its_own(
    tables: Database, server_keys: ServerKeys, office: PostOffice
) -> None:
    given = {**office.settings, "mail_bounces": True, "mail_domain": "forms.example.org"}
    assert await send(tables, server_keys, **given) is True
    [envelope] = office.taken
    message_id = await tables.fetchval("select message_id from mailbox.sendings order by created_at desc limit 1")
    assert envelope.mail_from == f"bounce+{str(message_id).replace('-', '')}@forms.example.org"


INTERNATIONAL = address_of("Jürgen <jürgen@exämple.org>")
ANN = address_of("ann@example.org")


@pytest.mark.parametrize(
    ("mail", "is_in_headers"),
    [
        (Mail(to=(INTERNATIONAL,), subject="Grüße", text="x"), True),
        (Mail(to=(ANN,), cc=(INTERNATIONAL,), text="x"), True),
        (Mail(to=(ANN,), bcc=(INTERNATIONAL,), text="x"), False),
        (Mail(to=(ANN,), reply_to=INTERNATIONAL, text="x"), True),
        (Mail(to=(ANN,), sender=INTERNATIONAL, text="x"), True),
    ],
)
async def test_an_address_beyond_ascii_needs_a_server_that_takes_it(
    tables: Database, server_keys: ServerKeys, office: PostOffice, mail: Mail, is_in_headers: bool
) -> None:
    assert await send(tables, server_keys, mail, **office.settings) is True
    [envelope] = office.taken
    assert tuple(envelope.rcpt_tos) == mail.recipients
    assert "SMTPUTF8" in envelope.mail_options
    assert ("Jürgen <jürgen@xn--exmple-cua.org>".encode() in envelope.content) is is_in_headers
    office.is_international = False
    with structlog.testing.capture_logs() as logs:
        assert await send(tables, server_keys, mail, **office.settings) is False
    [reason] = [entry["reason"] for entry in logs if entry["event"] == "mail.not_sent"]
    assert "SMTPUTF8" in reason
    assert "jürgen" not in reason
    assert len(office.taken) == 1


async def test_a_domain_beyond_ascii_goes_to_any_server(
    tables: Database, server_keys: ServerKeys, office: PostOffice
) -> None:
    office.is_international = False
    mail = Mail(to=(address_of("Jürgen <j@exämple.org>"),), subject="Grüße", text="Grüße")
    assert await send(tables, server_keys, mail, **office.settings) is True
    [envelope] = office.taken
    assert envelope.rcpt_tos == ["j@xn--exmple-cua.org"]
    assert "SMTPUTF8" not in envelope.mail_options


async def test_a_sender_of_the_settings_may_have_letters_beyond_ascii(
    tables: Database, server_keys: ServerKeys, office: PostOffice
) -> None:
    settings = {**office.settings, "mail_sender": "Förms <förms@example.org>"}
    assert await send(tables, server_keys, Mail(to=(ANN,), text="x"), **settings) is True
    [envelope] = office.taken
    assert envelope.mail_from == "förms@example.org"
    assert "From: Förms <förms@example.org>".encode() in envelope.content


async def test_letters_of_accounts_take_the_default_way(service: Service) -> None:
    from shared.mailbox.outgoing import Letter

    entry = {"sendgrid api key": "k", "sendgrid api url": service.url}
    letters = letters_of(Settings(mail_configs=[entry]), SystemClock())
    assert letters is not None
    await letters.send(Letter("ann@example.org", "Hello", "Text"), mail_id=new_id())
    assert json.loads(service.asked[0][2])["subject"] == "Hello"
    with pytest.raises(MailRefused):
        await letters.send(Letter("no address", "Hello", "Text"), mail_id=new_id())
    assert letters_of(Settings(), SystemClock()) is None
