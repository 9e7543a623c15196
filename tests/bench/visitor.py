"""A visitor as a program: opens an interview, posts its forms as the page's script does, listens for changes."""

from __future__ import annotations

import base64
import html
import json
import re
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import connect

from tests.bench.http import Answer, Client

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)"[^>]*? value="([^"]*)"')
_PAGE = re.compile(r'id="da-page">(.*?)</script>', re.DOTALL)


def input_name(variable: str) -> str:
    """The name of a variable's input: base64 without padding."""
    return base64.b64encode(variable.encode()).decode().rstrip("=")


@dataclass
class Visitor:
    """One browser in one session."""

    client: Client
    interview: str
    hidden: dict[str, str] = field(default_factory=dict)
    page: dict[str, Any] = field(default_factory=dict)
    body: str = ""

    async def open(self) -> None:
        """Start a new session."""
        answer = await self.client.get(f"/interview?i={self.interview}&new_session=1")
        found = _PAGE.search(answer.text)
        if answer.status != 200 or found is None:
            raise AssertionError(f"{answer.status}: {answer.text[:500]}")
        self._take(json.loads(found[1]), answer.text)

    async def submit(self, **values: str) -> Answer:
        """Post the form on the screen and take the next screen."""
        form = self.hidden | {"ajax": "1"} | {input_name(name): value for name, value in values.items()}
        answer = await self.client.post(f"/interview?i={self.interview}", form)
        given = json.loads(answer.body)
        if answer.status != 200 or given.get("action") != "body":
            raise AssertionError(f"{answer.status}: {answer.text[:500]}")
        self._take(given, given["body"])
        return answer

    def _take(self, page: dict[str, Any], body: str) -> None:
        self.page, self.body = page, body
        start = body.find('id="daform"')
        self.hidden = (
            {name: html.unescape(value) for name, value in _HIDDEN.findall(body[start:])} if start >= 0 else {}
        )

    def listening(self) -> connect:
        """The live connection of the screen; say `hello()` first."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())
        return connect(
            f"ws://{self.client.host}:{self.client.port}/ws", additional_headers={"Cookie": cookies}, compression=None
        )

    def hello(self) -> str:
        """What a page says first."""
        return json.dumps({"type": "watch", "token": self.page["watch"], "version": self.page["version"]})
