"""The server's side of one interview process: send a frame, wait for the next; believe nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Callable
from typing import cast

from shared.evaluation.frames import SAID_BY_CHILD, BadFrame, Frame, FrameLimits, FrameReader, FrameTooLarge, encode
from shared.evaluation.port import ProcessDied

_UNASKED_FRAMES = 1
_REAP_SECONDS = 1.0
_CLOSED = "It closed its pipe."


class InterviewProcess(asyncio.Protocol):
    """One process and its pipe. It is either idle in the pool or held by one run."""

    def __init__(self, limits: FrameLimits) -> None:
        self._limits = limits
        self._reader = FrameReader(limits, SAID_BY_CHILD)
        self._transport: asyncio.WriteTransport | None = None
        self._frames: deque[Frame] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._kill: Callable[[], None] = lambda: None
        self._problem: str | None = None
        self._exit = ""
        """How it ended, once that is known before its pipe has ended."""
        self._reaped = asyncio.Event()

    @property
    def is_alive(self) -> bool:
        """Whether it can take a request: it lives and has said nothing it was not asked."""
        return self._problem is None and not self._frames and not self._reaped.is_set()

    async def connect(self, pipe: socket.socket) -> None:
        """Take over our end of the pipe."""
        await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=pipe)

    def killed_by(self, kill: Callable[[], None]) -> None:
        """How to end it, known once it is started."""
        self._kill = kill
        if self._problem is not None:
            kill()

    def send(self, frame: Frame) -> None:
        """Hand a frame over. Raises FrameTooLarge, ProcessDied."""
        pieces = encode(frame, self._limits)
        if self._problem is not None or self._transport is None:
            raise ProcessDied(self._problem or "It has no pipe.")
        self._transport.writelines(pieces)

    async def receive(self) -> Frame:
        """The next frame. Raises ProcessDied when it ended, or said what it must not."""
        while not self._frames:
            if self._problem is not None:
                raise ProcessDied(await self._reason())
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        return self._frames.popleft()

    def end(self, problem: str = "It was ended.") -> None:
        """Kill it; at once, whatever it does."""
        if self._problem is None:
            self._problem = problem
            self._kill()
            if self._transport is not None:
                self._transport.abort()
            self._wake()

    def ended(self, status: int) -> None:
        """It is reaped."""
        reason = f"It ended by signal {-status}." if status < 0 else f"It ended with status {status}."
        self._reaped.set()
        if self._problem == _CLOSED:
            self._problem = reason
        elif self._problem is None:
            # What it said last may still be on its way through the pipe, whose end follows.
            self._exit = reason
            asyncio.get_running_loop().call_later(_REAP_SECONDS, self.end, reason)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The pipe is there."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        try:
            self._frames.extend(self._reader.feed(data))
        except (BadFrame, FrameTooLarge) as error:
            self.end(str(error))
            return
        if len(self._frames) > _UNASKED_FRAMES:
            self.end("It said more than it was asked.")
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        """The pipe is closed."""
        self.end(self._exit or _CLOSED)

    async def _reason(self) -> str:
        """Why it ended: the exit status, which comes a moment after the end of the pipe, says more than the pipe."""
        if self._problem == _CLOSED:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_REAP_SECONDS):
                    await self._reaped.wait()
        return self._problem or ""

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
