"""Messages, a sealer and a memory for bodies that only tests use."""

from __future__ import annotations

from collections.abc import Mapping

from shared.bus.port import BlobMissing
from shared.contracts.base import Command, Event, Message, Reply, Sealed
from shared.contracts.events import ActionRequested
from shared.contracts.session import RefusedRequest, TakeAction


class Greet(Command, queue="test.greetings"):
    """Say hello to somebody."""

    name: str
    secret: Sealed[str] = Sealed("")
    session_id: str = ""


class Sweep(Command, queue="test.sweeps"):
    """Something nobody waits for."""

    number: int
    session_id: str = ""


class Happened(Event, topic="test.happened"):
    """Something happened."""

    number: int
    session_id: str = ""


class Ended(Event, topic="test.ended"):
    """Something else happened."""

    number: int


class Greeting(Reply):
    """What was said."""

    text: str
    secret: Sealed[str] = Sealed("")


TYPES: Mapping[str, type[Message]] = {
    each.type_name: each
    for each in (Greet, Sweep, Happened, Ended, Greeting, RefusedRequest, ActionRequested, TakeAction)
}

_SCRAMBLE = bytes(255 - number for number in range(256))


class ScramblingSealer:
    """Not encryption: makes plain text unreadable and binds it to a purpose, so that tests see what was sealed."""

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        return purpose.encode() + b"\0" + plain.translate(_SCRAMBLE)

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        named, _, scrambled = sealed.partition(b"\0")
        if named != purpose.encode():
            raise PermissionError("sealed for another purpose")
        return scrambled.translate(_SCRAMBLE)


class MemoryBlobs:
    """A BlobStore in a dictionary."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}

    async def put(self, body: bytes) -> str:
        reference = f"blob:{len(self.bodies) + 1}"
        self.bodies[reference] = body
        return reference

    async def get(self, reference: str) -> bytes:
        try:
            return self.bodies[reference]
        except KeyError:
            raise BlobMissing() from None

    async def delete(self, reference: str) -> None:
        self.bodies.pop(reference, None)
