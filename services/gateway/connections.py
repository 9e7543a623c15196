"""One browser's connection: uvicorn's own, with an end to heads that are too long or never come."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

log = structlog.get_logger()

_LONGEST_HEAD = 64 * 1024


def patient_for(seconds: float) -> type[HttpToolsProtocol]:
    """The protocol whose requests must have told their head after so many seconds."""

    class Patient(HttpToolsProtocol):
        """Counts while a head arrives; costs a request that arrives at once a timer."""

        _deadline: asyncio.TimerHandle | None = None
        _head_bytes = 0

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._await_head()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._deadline is not None:
                self._head_bytes += len(data)
                if self._head_bytes > _LONGEST_HEAD:
                    log.warning("gateway.head_too_long")
                    self._head_is_there()
                    self.send_400_response("The head of this request is too long.")

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._await_head()

        def on_headers_complete(self) -> None:
            self._head_is_there()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._head_is_there()
            super().connection_lost(exc)

        def _await_head(self) -> None:
            if self._deadline is None:
                self._deadline = self.loop.call_later(seconds, self._give_up)

        def _head_is_there(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
            self._deadline, self._head_bytes = None, 0

        def _give_up(self) -> None:
            self._deadline = None
            self.transport.close()

    return Patient
