"""Which addresses webhooks are sent to, whatever the name of a host leads to at the next look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from services.mail.webhooks import OFF_REASON, WebhookSender
from shared.kernel.clock import ManualClock
from shared.mailbox.webhooks import Due, Webhooks
from shared.storage.database import Database


class OneDue:
    """Webhooks with one delivery; notes what became of it."""

    def __init__(self, url: str) -> None:
        self._due = [Due("d1", "w1", "SessionChanged", b"{}", 1, url, "whsec_c2VjcmV0")]
        self.outcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.turned_off: list[str] = []
        self.breaks = 0
        """How often it cannot be asked."""

    async def claim(self, _: object, *, limit: int) -> list[Due]:
        if self.breaks:
            self.breaks -= 1
            raise RuntimeError("Nobody has thought of this.")
        due, self._due = self._due, []
        return due

    async def turn_off(self, _: object, webhook_id: str, reason: str) -> bool:
        self.turned_off.append(webhook_id)
        self.outcome.set_result(reason)
        return True

    async def sent(self, _: object, due: Due, status: int) -> None:
        self.outcome.set_result(status)

    async def failed(self, _: object, due: Due, *, status: int | None, problem: str) -> bool:
        self.outcome.set_result(problem)
        return True


class Names:
    """A name server that gives another answer at each look."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)

    async def __call__(self, host: str, port: int) -> list[str]:
        assert host == "hook.example"
        if not self._answers:
            raise OSError("no such host")
        return self._answers.pop(0)


async def outcome(url: str, names: Names, *, reaches_private: bool, breaks: int = 0, may: bool = True) -> Any:
    async def may_tell(_: int) -> bool:
        return may

    webhooks = OneDue(url)
    webhooks.breaks = breaks
    sender = WebhookSender(
        database=cast(Database, None),
        webhooks=cast(Webhooks, webhooks),
        clock=ManualClock(),
        may_tell=may_tell,
        reaches_private=reaches_private,
        resolve=names,
    )
    await sender.start()
    try:
        while webhooks.breaks:
            await asyncio.sleep(0)
        sender.ring()
        async with asyncio.timeout(30):
            return await webhooks.outcome
    finally:
        await sender.stop()


@pytest.fixture
async def heard() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A receiver: its port, and the heads of the requests it got."""
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], heads
    server.close()


async def test_what_was_looked_at_is_what_is_connected_to(heard: tuple[int, list[bytes]]) -> None:
    port, heads = heard
    names = Names(["127.0.0.1"], ["203.0.113.9"])
    assert await outcome(f"http://hook.example:{port}/told?a=1", names, reaches_private=True) == 204
    (head,) = heads
    assert head.startswith(b"POST /told?a=1 HTTP/1.1\r\n")
    assert f"host: hook.example:{port}".encode() in head.lower()


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
async def test_one_address_inside_is_enough_to_refuse(heard: tuple[int, list[bytes]], inside: str) -> None:
    port, heads = heard
    said = await outcome(f"http://hook.example:{port}/", Names(["93.184.215.14", inside]), reaches_private=False)
    assert "private network" in said
    assert not heads


async def test_another_address_of_the_host_is_tried(heard: tuple[int, list[bytes]]) -> None:
    port, _ = heard
    assert await outcome(f"http://hook.example:{port}/", Names(["127.0.0.2", "127.0.0.1"]), reaches_private=True) == 204


async def test_a_host_that_is_not_known_is_told_so() -> None:
    assert "not known" in await outcome("https://hook.example/", Names(), reaches_private=False)


@pytest.mark.parametrize(
    "url", ["http://h:abc/", "http://-ü.ä-/", "http://x\x01y/", "http://h/\x7f", "http://xn--a/", "http://[::1/"]
)
async def test_an_address_that_cannot_be_read_is_a_failure_of_its_own(url: str) -> None:
    assert await outcome(url, Names(), reaches_private=True) == "Its address cannot be read."


async def test_the_sender_goes_on_after_an_error_that_nobody_has_thought_of(heard: tuple[int, list[bytes]]) -> None:
    port, _ = heard
    names = Names(["127.0.0.1"])
    assert await outcome(f"http://hook.example:{port}/", names, reaches_private=True, breaks=1) == 204


async def test_a_webhook_of_somebody_who_may_not_know_any_more_is_turned_off(
    heard: tuple[int, list[bytes]],
) -> None:
    port, heads = heard
    said = await outcome(f"http://hook.example:{port}/", Names(["127.0.0.1"]), reaches_private=True, may=False)
    assert said == OFF_REASON
    assert not heads
