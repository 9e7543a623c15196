"""The door for mail keeps nothing of who is gone."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from services.mail.peers import Peers
from services.mail.smtp import SmtpDoor
from shared.kernel.clock import ManualClock


class Wire(asyncio.Transport):
    """A connection from one address, nobody at its end."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("192.0.2.1", 25) if name == "peername" else default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        return

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        return


async def test_nothing_is_kept_of_a_sender_who_left_in_the_middle() -> None:
    clock = ManualClock()
    door = SmtpDoor(
        receiver=None,  # type: ignore[arg-type] - nobody gets as far
        bounces=None,  # type: ignore[arg-type]
        peers=Peers(clock=clock),
        clock=clock,
        host="127.0.0.1",
        port=0,
    )
    conversation = door._conversation(has_tls=False)
    conversation.connection_made(Wire())
    conversation.connection_lost(None)
    with contextlib.suppress(ConnectionError):
        await conversation.smtp_DATA("")  # the command that had been read when the connection broke
    assert door._shares == {}
