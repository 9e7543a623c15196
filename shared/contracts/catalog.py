"""Every message by its type name, and the schemas other programs read.

`python -m shared.contracts.catalog --write` writes `schemas/`: one JSON Schema per message, `screen.json`, and
`asyncapi.yaml`. `--check` says what the code has and the committed files have not, and what is not additive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType

from shared.contracts import events, mail, scheduler, session, worker
from shared.contracts.base import Command, Event, Message, Reply

ROOMS = (session, worker, scheduler, mail, events)
"""The modules that define messages."""


@cache
def message_types() -> Mapping[str, type[Message]]:
    """All concrete messages by type name, e.g. `colloquy.RunTask`; classes other messages derive from are left out."""
    found = [
        candidate
        for room in ROOMS
        for candidate in vars(room).values()
        if isinstance(candidate, type) and issubclass(candidate, Message) and candidate.__module__ == room.__name__
    ]
    bases = {base for candidate in found for base in candidate.__mro__[1:]}
    return MappingProxyType({concrete.type_name: concrete for concrete in found if concrete not in bases})


def commands() -> Iterator[type[Command]]:
    """All commands."""
    return (found for found in message_types().values() if issubclass(found, Command))


def events_published() -> Iterator[type[Event]]:
    """All events."""
    return (found for found in message_types().values() if issubclass(found, Event))


def replies() -> Iterator[type[Reply]]:
    """All replies."""
    return (found for found in message_types().values() if issubclass(found, Reply))
