"""The page that shows mail where one person runs everything; nobody else ever sees it."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.gateway.letter_box import letter_box_of
from services.gateway.settings import GatewaySettings
from shared.bus.dispatch import consumers
from shared.contracts.mail import MailTaken, TakeMail
from shared.crypto.keys import ServerKeys
from shared.files.contents import StoredContents
from shared.files.room import FileRoom
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from shared.mailbox.mail import Attachment, Mail, address_of, written
from shared.mailbox.outgoing import Letter, Outgoing
from shared.storage.database import Database
from tests.flows.gateway.house import House, gateway_house
from tests.servers import content_store

KEY = "a signing key"
SENDGRID = ec.generate_private_key(ec.SECP256R1())
PUBLIC_KEY = b64encode(
    SENDGRID.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
LATIN = "Subject: Grüße\r\n\r\nÄ".encode("latin-1")


@pytest.fixture
async def house(postgres_url: str, server_keys: ServerKeys, tmp_path: Path) -> AsyncIterator[House]:
    async with gateway_house(
        database_url=postgres_url,
        server_keys=server_keys,
        packages=tmp_path,
        has_letter_box=True,
        mail_webhook_key=KEY,
    ) as running:
        yield running


@pytest.fixture
async def letter_id(house: House, server_keys: ServerKeys) -> str:
    """A mail of an interview that was kept."""
    mail = Mail(
        to=(address_of("Ann <ann@example.org>"),),
        subject="Kept <b>",
        text="For Ann only",
        html="<p>For <i>Ann</i></p>",
        attachments=(Attachment("paper.txt", "text/plain", b"Words"),),
    )
    number = new_id()
    raw = written(mail, default_sender="a@example.org", message_id=number, now=SystemClock().now())
    outgoing = Outgoing(sealer=server_keys.at_rest, clock=SystemClock())
    await outgoing.keep(house.database, Letter("ann@example.org", mail.subject, mail.text, raw), mail_id=number)
    return number


async def test_it_shows_what_was_kept(house: House, letter_id: str) -> None:
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as http:
        page = await http.get("/mail")
        assert page.status_code == 200
        assert "ann@example.org" in page.text
        assert "Kept &lt;b&gt;" in page.text
        letter = (await http.get(f"/mail/letters/{letter_id}")).text
        assert "For Ann only" in letter
        assert "a@example.org" in letter
        assert f'<a href="/mail/letters/{letter_id}/files/0">paper.txt</a>' in letter
        paper = await http.get(f"/mail/letters/{letter_id}/files/0")
        assert paper.content.strip() == b"Words"
        assert paper.headers["content-disposition"] == "attachment; filename*=UTF-8''paper.txt"
        assert (await http.get(f"/mail/letters/{letter_id}/files/1")).status_code == 404
        shown = await http.get(f"/mail/letters/{letter_id}?as=html")
        assert "<p>For <i>Ann</i></p>" in shown.text
        assert "sandbox" in shown.headers["content-security-policy"]
        raw = await http.get(f"/mail/letters/{letter_id}?as=raw")
        assert b'filename="paper.txt"' in raw.content
        assert (await http.get(f"/mail/letters/{new_id()}")).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "forms.example.org"},
        {"x-forwarded-for": "203.0.113.5"},
        {"forwarded": "for=203.0.113.5"},
        {"via": "1.1 proxy"},
    ],
)
async def test_nobody_sees_it_through_a_proxy_or_under_another_name(
    house: House, letter_id: str, headers: dict[str, str]
) -> None:
    async with httpx.AsyncClient(base_url=house.url, headers=headers, timeout=60) as http:
        letter = f"/mail/letters/{letter_id}"
        for path in ("/mail", letter, f"{letter}?as=raw", f"{letter}/files/0"):
            assert (await http.get(path)).status_code in (400, 404), path
        form = {"to": "a@b.example", "from": "c@d.example"}
        assert (await http.post("/mail", data=form, headers={"origin": house.url})).status_code in (400, 404)


async def test_nobody_sees_it_through_a_proxy_that_says_nothing_of_itself(house: House, letter_id: str) -> None:
    host = house.url.removeprefix("http://").rstrip("/")
    found = []
    for version in ("1.1", "1.0"):
        reader, writer = await asyncio.open_connection(*host.split(":"))
        writer.write(f"GET /mail HTTP/{version}\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        found.append((await reader.readline()).split()[1])
        writer.close()
    assert found == [b"200", b"404"]


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
async def test_no_other_site_sends_by_it(house: House, origin: str | None) -> None:
    headers = {"origin": origin} if origin else {}
    async with httpx.AsyncClient(base_url=house.url, headers=headers, timeout=60) as http:
        assert (await http.post("/mail", data={"to": "a@b.example", "from": "c@d.example"})).status_code == 404


async def test_it_is_not_there_where_the_gateway_is_a_process_of_its_own(
    postgres_url: str, server_keys: ServerKeys, tmp_path: Path
) -> None:
    async with (
        gateway_house(database_url=postgres_url, server_keys=server_keys, packages=tmp_path) as house,
        httpx.AsyncClient(base_url=house.url, headers={"origin": house.url}, timeout=60) as http,
    ):
        for path in ("/mail", f"/mail/letters/{new_id()}"):
            assert (await http.get(path)).status_code == 404
        assert (await http.post("/mail", data={"to": "a@b.example", "from": "c@d.example"})).status_code == 404
        assert (await http.post("/mail/incoming", data={"recipient": "a@b.example"})).status_code == 404


@pytest.mark.parametrize(
    ("settings", "is_there"),
    [
        ({"host": "127.0.0.1"}, True),
        ({"host": "::1"}, True),
        ({"host": "localhost"}, True),
        ({"host": "0.0.0.0"}, False),
        ({"host": "192.0.2.1"}, False),
        ({"host": "127.0.0.1", "public_url": "https://forms.example.org/"}, False),
        ({"host": "127.0.0.1", "mail_host": "mail.example.org"}, False),
    ],
)
def test_it_is_for_who_runs_everything_on_one_machine(
    settings: dict[str, Any], is_there: bool, server_keys: ServerKeys
) -> None:
    database = Database(url="postgresql://nobody@localhost/none")
    given = GatewaySettings.model_validate(settings)
    found = letter_box_of(given, database=database, server_keys=server_keys, clock=SystemClock())
    assert (found is not None) is is_there


@pytest.fixture
async def taken(
    postgres_url: str, server_keys: ServerKeys, tmp_path: Path
) -> AsyncIterator[tuple[House, list[TakeMail]]]:
    """A gateway before a mail service that says it has kept everything."""
    messages: list[TakeMail] = []

    async def take(message: TakeMail) -> MailTaken:
        messages.append(message)
        return MailTaken(outcome="unknown" if "nobody" in message.recipients.value[0] else "kept")

    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(
            gateway_house(
                database_url=postgres_url,
                server_keys=server_keys,
                packages=tmp_path,
                has_letter_box=True,
                mail_webhook_key=KEY,
                mail_webhook_public_key=PUBLIC_KEY,
                before_start=lambda bus: [bus.consume(one) for one in consumers({TakeMail: take}, parts={})],
            )
        )
        yield house, messages


async def test_what_is_typed_is_handed_to_the_mail_service(taken: tuple[House, list[TakeMail]]) -> None:
    house, messages = taken
    form = {"to": "abcdef@localhost", "from": "Ann <ann@example.org>", "subject": "Hi\r\nBcc: x@y.example", "text": "A"}
    async with httpx.AsyncClient(base_url=house.url, headers={"origin": house.url}, timeout=60) as http:
        answer = await http.post("/mail", data=form, files={"file": ("paper.txt", b"Words")})
        assert "It was delivered." in answer.text
        refused = await http.post("/mail", data={**form, "to": "nobody@localhost"})
        assert "Nobody has this address" in refused.text
        assert all(f'value="{one}"' in refused.text for one in ("nobody@localhost", "Ann &lt;ann@example.org&gt;"))
        assert ">A</textarea>" in refused.text
        assert "not one e-mail address" in (await http.post("/mail", data={**form, "to": "a, b"})).text
    assert (messages[0].recipients.value, messages[0].sender.value) == (("abcdef@localhost",), "ann@example.org")
    assert (messages[0].via, len(messages)) == ("page", 2)


async def test_what_is_typed_may_come_from_an_address_with_letters_beyond_ascii(
    taken: tuple[House, list[TakeMail]], server_keys: ServerKeys
) -> None:
    house, messages = taken
    form = {"to": "abcdef@localhost", "from": "Jürgen <jürgen@exämple.org>", "subject": "Grüße", "text": "Ä"}
    async with httpx.AsyncClient(base_url=house.url, headers={"origin": house.url}, timeout=60) as http:
        assert "It was delivered." in (await http.post("/mail", data=form)).text
    [message] = messages
    stored = StoredContents(message.location, b64decode(message.key.value), message.size_bytes)
    room = FileRoom.of(
        database=house.database,
        store=content_store(),
        server_keys=server_keys,
        clock=SystemClock(),
        max_file_bytes=1 << 20,
    )
    raw = await room.contents.read(stored)
    assert "From: Jürgen <jürgen@xn--exmple-cua.org>\r\n".encode() in raw
    assert message.sender.value == "jürgen@xn--exmple-cua.org"


async def test_a_provider_hands_mail_over_when_it_signs(taken: tuple[House, list[TakeMail]]) -> None:
    house, messages = taken

    begun = time.time()

    async def post(
        *, key: str = KEY, age: float = 0.0, to: str = "abcdef", token: str = "t", text: str = "Text"
    ) -> int:
        timestamp = str(int(begun - age))
        signature = hmac.new(key.encode(), (timestamp + token).encode(), sha256).hexdigest()
        form = {"recipient": f"{to}@forms.example.org", "sender": "a@b.example"}
        form |= {"body-mime": f"Subject: Hi\r\n\r\n{text}"}
        form |= {"timestamp": timestamp, "token": token, "signature": signature}
        async with httpx.AsyncClient(base_url=house.url, timeout=60) as http:
            return (await http.post("/mail/incoming", data=form)).status_code

    assert await post() == 200
    assert (messages[0].via, messages[0].sender.value) == ("webhook", "a@b.example")
    assert await post(key="another") == 403
    assert await post(age=3600) == 403
    assert await post(to="nobody", token="another") == 406
    assert await post() == 200, "the provider may repeat itself"
    assert await post(text="Other words") == 403
    assert await post(to="fedcba") == 403
    assert len(messages) == 3


async def test_a_provider_that_signs_whole_requests_hands_mail_over_byte_for_byte(
    taken: tuple[House, list[TakeMail]], server_keys: ServerKeys
) -> None:
    house, messages = taken
    form = {
        "envelope": json.dumps({"to": ["abcdef@forms.example.org"], "from": "a@b.example"}),
        "to": "elsewhere@x.example",
    }
    request = httpx.Request("POST", f"{house.url}/mail/incoming", data=form, files={"email": (None, LATIN)})
    body = request.read()

    async def post(*, key: ec.EllipticCurvePrivateKey = SENDGRID, age: float = 0.0, said: bytes = body) -> int:
        moment = str(int(time.time() - age))
        signature = b64encode(key.sign(moment.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
        headers = {
            "content-type": request.headers["content-type"],
            "x-twilio-email-event-webhook-signature": signature,
            "x-twilio-email-event-webhook-timestamp": moment,
        }
        async with httpx.AsyncClient(base_url=house.url, timeout=60) as http:
            return (await http.post("/mail/incoming", content=said, headers=headers)).status_code

    assert await post() == 200
    (message,) = messages
    assert (message.recipients.value, message.sender.value) == (("abcdef@forms.example.org",), "a@b.example")
    assert message.size_bytes == len(LATIN)
    assert await post(said=body.replace(b"abcdef", b"fedcba")) == 403
    assert await post(key=ec.generate_private_key(ec.SECP256R1())) == 403
    assert await post(age=3600) == 403
    assert len(messages) == 1
