"""A small HTTP/1.1 client that keeps its connection and cookies; light, for it shares two cores with the server."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

IDLE_SECONDS = 3.0
"""Servers close connections that are idle for some seconds; ours is closed before."""


@dataclass
class Answer:
    """Status, headers (lower case) and body of one answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode()


@dataclass
class Client:
    """One visitor on one connection."""

    host: str
    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None
    _used_at: float = 0.0

    async def get(self, path: str) -> Answer:
        """GET; follows up to five redirects on the same host."""
        for _ in range(5):
            answer = await self._exchange("GET", path, b"", "")
            if answer.status not in (301, 302, 303, 307):
                break
            path = answer.headers["location"].removeprefix(f"http://{self.host}:{self.port}")
        return answer

    async def post(self, path: str, form: dict[str, str]) -> Answer:
        """POST a form."""
        return await self._exchange("POST", path, urlencode(form).encode(), "application/x-www-form-urlencoded")

    async def close(self) -> None:
        """Close the connection."""
        if self._writer:
            self._writer.close()
            self._writer = None

    async def _exchange(self, method: str, path: str, body: bytes, content_type: str) -> Answer:
        if time.monotonic() - self._used_at > IDLE_SECONDS:
            await self.close()
        if self._writer is None or self._reader is None or self._writer.is_closing() or self._reader.at_eof():
            self._reader, self._writer = await asyncio.open_connection(self.host, self.port, limit=1 << 22)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}", f"Content-Length: {len(body)}"]
        if content_type:
            lines.append(f"Content-Type: {content_type}")
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        for line in head[1:]:
            name, _, value = line.partition(": ")
            if name.lower() == "set-cookie":
                cookie, _, value = value.partition(";")[0].partition("=")
                self.cookies[cookie] = value
            elif name:
                headers[name.lower()] = value
        if headers.get("transfer-encoding") == "chunked":
            content = await self._chunks()
        else:
            content = await self._reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection") == "close":
            await self.close()
        self._used_at = time.monotonic()
        return Answer(int(head[0].split()[1]), headers, content)

    async def _chunks(self) -> bytes:
        assert self._reader is not None
        parts: list[bytes] = []
        while size := int((await self._reader.readuntil(b"\r\n")).strip(), 16):
            parts.append(await self._reader.readexactly(size))
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)
        return b"".join(parts)
