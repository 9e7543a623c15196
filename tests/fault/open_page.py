"""A page that is open in a browser, as a program: it posts forms, follows links, and listens on its live connection."""

from __future__ import annotations

import asyncio
import contextlib
import html
import json
import re
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import ClientConnection

from tests.bench.http import Client
from tests.bench.visitor import Visitor
from tests.sites import Site

INTERVIEW = "faults:data/questions/{name}.yml"
_PAGE = re.compile(r'id="da-page">(.*?)</script>', re.DOTALL)
_PARAGRAPHS = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_HEADING = re.compile(r'<h1 id="daMainQuestion"[^>]*>(.*?)</h1>', re.DOTALL)
_LINK = re.compile(r'<a [^>]*?href="([^"]+)"[^>]*>{text}</a>'.replace("{text}", "Stop"))


class OpenPage(Visitor):
    """One tab with one session."""

    def __init__(self, site: Site, name: str = "tasks") -> None:
        super().__init__(Client("127.0.0.1", site.port), INTERVIEW.format(name=name))
        self.commands: list[dict[str, Any]] = []

    @property
    def heading(self) -> str:
        found = _HEADING.search(self.body)
        assert found is not None, self.body
        return html.unescape(found[1]).strip()

    @property
    def text(self) -> str:
        return " ".join(html.unescape(each).strip() for each in _PARAGRAPHS.findall(self.body))

    async def look(self) -> None:
        """Reload."""
        await self._go(f"/interview?i={self.interview}")

    async def stop_the_task(self) -> None:
        """Click on the link of the waiting screen."""
        found = _LINK.search(self.body)
        assert found is not None, self.body
        await self._go(html.unescape(found[1]).removeprefix(f"http://{self.client.host}:{self.client.port}"))

    async def _go(self, path: str) -> None:
        answer = await self.client.get(path)
        found = _PAGE.search(answer.text)
        assert answer.status == 200, answer.text
        assert found is not None, answer.text
        self._take(json.loads(found[1]), answer.text)

    @contextlib.asynccontextmanager
    async def listening_live(self) -> AsyncIterator[ClientConnection]:
        """The live connection of the page, once the server knows that it is watched."""
        async with self.listening() as live:
            await live.send(self.hello())
            assert json.loads(await live.recv())["type"] == "watching"
            yield live

    async def told(self, live: ClientConnection) -> None:
        """Wait until the live connection gives a reason to look, as the page's script finds one; then look."""
        while True:
            change = json.loads(await live.recv())
            is_awaited = set(change["ended_tasks"]) & set(self.page["waits_for_tasks"])
            if is_awaited or change["version"] > self.page["version"]:
                return await self.look()

    async def check_in(self) -> list[dict[str, Any]]:
        """What the page is told to do now; it is acknowledged with the next check-in."""
        page = self.page
        form = {
            "action": "checkin",
            "csrf_token": page["csrf_token"],
            "ajax": "1",
            "_session": page["session"],
            "acknowledged": ",".join(str(command["notice"]) for command in self.commands),
        }
        answer = await self.client.post(page["check_in_url"], form)
        told = json.loads(answer.body)
        assert told["success"], told
        self.commands += told["commands"]
        return list(told["commands"])

    async def ended(self) -> None:
        """Look until the waiting screen is over."""
        while self.heading == "Waiting":
            await asyncio.sleep(0.05)
            await self.look()
