"""Send what webhooks are to be told: signed, again with growing pauses when the receiver has it not.

Addresses inside this machine or its network are refused unless the settings allow them, no redirect is followed, and
what is connected to is the very address that was looked at: nobody reaches through us what they cannot reach
themselves. Before each sending it is looked whether whoever made the webhook may still see sessions; if not, it is
turned off for good.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import httpx
import structlog

from shared.kernel.clock import Clock
from shared.kernel.ending import end
from shared.kernel.now_and_then import Errand
from shared.mailbox.webhooks import BadWebhook, Due, Webhooks, signature, target_of
from shared.storage.database import Database

log = structlog.get_logger()

_AT_ONCE = 16
_LOOK_SECONDS = 5.0
_TIMEOUT_SECONDS = 15.0
_KEPT = timedelta(days=14)
_TIDY_EVERY_LOOKS = 720
_PORTS = {"http": 80, "https": 443}
_ADDRESSES = 3
"""How many addresses of a host are tried."""

OFF_REASON = "Whoever made this webhook may not see sessions any more. Delete it, and make another one if it is wanted."

MayTell = Callable[[int], Awaitable[bool]]
"""Whether this account may learn what happens in sessions. Raises what the database raises."""

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Host and port to addresses. Raises OSError, UnicodeError."""


class WebhookSender:
    """Works through what is due; a Component. Any number may work on one database."""

    def __init__(
        self,
        *,
        database: Database,
        webhooks: Webhooks,
        clock: Clock,
        may_tell: MayTell,
        reaches_private: bool,
        resolve: Resolve | None = None,
    ) -> None:
        self._may_tell = may_tell
        self._database, self._webhooks, self._clock = database, webhooks, clock
        self._reaches_private, self._resolve = reaches_private, resolve or _addresses
        self._bell = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._http: httpx.AsyncClient | None = None

    async def start(self) -> None:
        """Begin."""
        if self._task is None:
            self._http = httpx.AsyncClient(
                timeout=_TIMEOUT_SECONDS, follow_redirects=False, trust_env=False, headers={"user-agent": "Colloquy"}
            )
            self._task = asyncio.create_task(self._go_on(), name="webhooks")

    async def stop(self) -> None:
        """End; what was in hand is sent again later."""
        task, self._task = self._task, None
        if task is not None:
            await end(task)
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    def ring(self) -> None:
        """Something is due."""
        self._bell.set()

    async def _go_on(self) -> None:
        looks, errand = 0, Errand("webhooks")
        while True:
            looks += 1
            await errand.attempt(self._send_due)
            if looks % _TIDY_EVERY_LOOKS == 0:
                await errand.attempt(self._tidy)
            await asyncio.sleep(errand.rest_seconds)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._bell.wait()
            self._bell.clear()

    async def _send_due(self) -> None:
        while due := await self._webhooks.claim(self._database, limit=_AT_ONCE):
            await asyncio.gather(*(self._send(one) for one in await self._allowed(due)))

    async def _tidy(self) -> None:
        await self._webhooks.tidy(self._database, before=self._clock.now() - _KEPT)

    async def _allowed(self, due: Sequence[Due]) -> list[Due]:
        """Those whose makers may know; webhooks of others are turned off."""
        may = {account: await self._may_tell(account) for account in {one.account_id for one in due}}
        for webhook_id in {one.webhook_id for one in due if not may[one.account_id]}:
            if await self._webhooks.turn_off(self._database, webhook_id, OFF_REASON):
                log.warning("webhook.turned_off", webhook=webhook_id, reason=OFF_REASON)
        return [one for one in due if may[one.account_id]]

    async def _send(self, due: Due) -> None:
        status, problem = await self._post(due)
        if not problem:
            await self._webhooks.sent(self._database, due, status or 0)
            return
        is_tried_again = await self._webhooks.failed(self._database, due, status=status, problem=problem)
        log.info("webhook.failed", webhook=due.webhook_id, delivery=due.id, status=status, again=is_tried_again)

    async def _post(self, due: Due) -> tuple[int | None, str]:
        """Status, and what was wrong; nothing of what the receiver says is kept."""
        try:
            url = target_of(due.url)
        except BadWebhook:
            return None, "Its address cannot be read."
        try:
            addresses = await self._resolve(url.host, url.port or _PORTS.get(url.scheme, 443))
        except (OSError, UnicodeError):
            return None, "Its host is not known."
        if not self._reaches_private and not all(ipaddress.ip_address(one).is_global for one in addresses):
            return None, "Its address is in a private network (COLLOQUY_WEBHOOKS_PRIVATE)."
        assert self._http is not None
        timestamp = int(self._clock.now().timestamp())
        headers = {
            "content-type": "application/json",
            "host": url.netloc.decode("ascii"),
            "webhook-id": due.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(due.secret, delivery_id=due.id, timestamp=timestamp, body=due.body),
        }
        problem = "No address of its host answers."
        for address in addresses[:_ADDRESSES]:
            try:
                async with self._http.stream(
                    "POST",
                    url.copy_with(host=address),
                    content=due.body,
                    headers=headers,
                    extensions={"sni_hostname": url.host},
                ) as answer:
                    status = answer.status_code
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                problem = type(error).__name__
                continue
            except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
                return None, type(error).__name__
            return status, "" if 200 <= status < 300 else f"It answered {status}."
        return None, problem


async def _addresses(host: str, port: int) -> list[str]:
    """The addresses of a host. Raises OSError, UnicodeError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found))
