"""A gateway before played sessions, and a client that behaves like a browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import httpx
import orjson
import pytest

from shared.crypto.keys import ServerKeys
from tests.flows.gateway.house import House, gateway_house

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_PAGE = re.compile(r'<script type="application/json" id="da-page">(.*?)</script>', re.DOTALL)


@pytest.fixture
async def house(postgres_url: str, server_keys: ServerKeys, tmp_path: Path) -> AsyncIterator[House]:
    """A gateway that listens."""
    async with gateway_house(
        database_url=postgres_url, server_keys=server_keys, packages=tmp_path, max_body_bytes=64 * 1024
    ) as house:
        yield house


class Visitor:
    """A browser without scripts: keeps cookies, reads forms, posts them."""

    def __init__(self, url: str) -> None:
        self.http = httpx.AsyncClient(base_url=url, timeout=10.0)
        self.page = ""

    async def open(self, interview: str = "test:names.yml", **query: str) -> httpx.Response:
        answer = await self.http.get("/interview", params={"i": interview, **query}, follow_redirects=True)
        self.page = answer.text
        return answer

    @property
    def facts(self) -> dict[str, object]:
        """What the page tells the browser's modules."""
        match = _PAGE.search(self.page)
        assert match is not None, self.page
        facts: dict[str, object] = orjson.loads(match[1])
        return facts

    def fields(self, form_id: str = "daform") -> dict[str, str]:
        """The hidden fields of a form."""
        form = self.page.partition(f'<form id="{form_id}"')[2].partition("</form>")[0]
        return {name: unescape(value) for name, value in _HIDDEN.findall(form)}

    async def post(self, fields: dict[str, str], interview: str = "test:names.yml", **headers: str) -> httpx.Response:
        answer = await self.http.post("/interview", params={"i": interview}, data=fields, headers=headers)
        if answer.headers["content-type"].startswith("text/html"):
            self.page = answer.text
        return answer


@pytest.fixture
async def visitor(house: House) -> AsyncIterator[Visitor]:
    """One person with a browser."""
    visitor = Visitor(house.url)
    async with visitor.http:
        yield visitor


@pytest.fixture
async def somebody_else(house: House) -> AsyncIterator[Visitor]:
    """Another person with another browser."""
    visitor = Visitor(house.url)
    async with visitor.http:
        yield visitor
