"""Every message by its type name, and the schemas other programs read.

`python -m shared.contracts.catalog --write` writes `schemas/`: one JSON Schema per message (of the CloudEvent's
`data`), `screen.json`, `asyncapi.json` with the queues and topics, and `actions.asyncapi.json` for other services. It
refuses a change that is not additive unless
`--breaking` says that it is meant. `--check` only says what it would find.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from shared.contracts import events, file_work, mail, operators, provenance, scheduler, session, session_lists, worker
from shared.contracts.actions_document import actions_document
from shared.contracts.base import Command, Event, Message
from shared.contracts.schema_changes import breaking_changes
from shared.contracts.screen import Screen

SCHEMAS = Path(__file__).parent / "schemas"
ROOMS = (session, session_lists, file_work, operators, provenance, worker, scheduler, mail, events)
"""The modules that define messages."""

ASYNCAPI = "asyncapi.json"
ACTIONS = "actions.asyncapi.json"
"""What other services need of it, complete in one file."""
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_CONTENT_TYPE = "application/cloudevents+json"


@cache
def message_types() -> Mapping[str, type[Message]]:
    """All concrete messages by type name, e.g. `colloquy.RunTask`; classes others derive from are left out."""
    found = [
        candidate
        for room in ROOMS
        for candidate in vars(room).values()
        if isinstance(candidate, type) and issubclass(candidate, Message) and candidate.__module__ == room.__name__
    ]
    bases = {base for candidate in found for base in candidate.__mro__[1:]}
    return MappingProxyType({concrete.type_name: concrete for concrete in found if concrete not in bases})


def generate_schemas() -> dict[str, dict[str, Any]]:
    """All schemas by file name, the AsyncAPI description among them."""
    schemas = {f"{message.__name__}.json": _message_schema(message) for message in message_types().values()}
    schemas["screen.json"] = _schema(Screen)
    schemas[ASYNCAPI] = _asyncapi()
    schemas[ACTIONS] = actions_document()
    return schemas


def committed_schemas(folder: Path = SCHEMAS) -> dict[str, dict[str, Any]]:
    """The schemas in the folder, by file name."""
    return {path.name: orjson.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))}


def not_additive(folder: Path = SCHEMAS) -> list[str]:
    """What the code breaks of the schemas in the folder, in sentences."""
    committed, generated = committed_schemas(folder), generate_schemas()
    for name in (ASYNCAPI, ACTIONS):  # they say the same once more
        committed.pop(name, None)
    return breaking_changes(committed, generated)


def out_of_date(folder: Path = SCHEMAS) -> list[str]:
    """Names of the files that differ from what the code says."""
    committed, generated = committed_schemas(folder), generate_schemas()
    return sorted(name for name in committed.keys() | generated.keys() if committed.get(name) != generated.get(name))


def write_schemas(folder: Path = SCHEMAS) -> None:
    """Write all files anew; those of messages that are gone are removed."""
    folder.mkdir(exist_ok=True)
    generated = generate_schemas()
    for path in folder.glob("*.json"):
        if path.name not in generated:
            path.unlink()
    for name, schema in generated.items():
        text = orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
        (folder / name).write_bytes(text)


class _Generator(GenerateJsonSchema):
    """Without warnings for defaults that are sealed: they have no JSON form here."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return {"$schema": _DIALECT, **model.model_json_schema(schema_generator=_Generator)}


def _message_schema(message: type[Message]) -> dict[str, Any]:
    routing = {"x-type": message.type_name}
    if issubclass(message, Command):
        routing["x-queue"] = message.queue
    elif issubclass(message, Event):
        routing["x-topic"] = message.topic
    return {**_schema(message), **routing}


def _asyncapi() -> dict[str, Any]:
    """AsyncAPI 3.0: which message goes where. Every queue is received from; whoever sends needs no operation here."""
    channels: dict[str, dict[str, Any]] = {}
    for address, kind, message in _routes():
        channel = channels.setdefault(
            address,
            {"address": address, "messages": {}, "bindings": {"amqp": _binding(address, kind)}},
        )
        channel["messages"][message.__name__] = {"$ref": f"#/components/messages/{message.__name__}"}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Colloquy",
            "version": "1",
            "description": "Messages between the services. Bodies are CloudEvents 1.0 in structured JSON; "
            "the payloads described here are their data.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": _CONTENT_TYPE,
        "channels": channels,
        "operations": {
            f"receive-{address}": {"action": "receive", "channel": {"$ref": f"#/channels/{address}"}}
            for address in channels
        },
        "components": {
            "messages": {
                message.__name__: {
                    "name": message.type_name,
                    "contentType": _CONTENT_TYPE,
                    "payload": {"$ref": f"./{message.__name__}.json"},
                }
                for message in message_types().values()
            }
        },
    }


def _routes() -> Iterator[tuple[str, str, type[Message]]]:
    for message in message_types().values():
        if issubclass(message, Command):
            yield message.queue, "queue", message
        elif issubclass(message, Event):
            yield message.topic, "routingKey", message


def _binding(address: str, kind: str) -> dict[str, Any]:
    if kind == "queue":
        return {"is": "queue", "queue": {"name": address, "durable": True}, "bindingVersion": "0.3.0"}
    name = "colloquy.actions" if address == events.ActionRequested.topic else "colloquy.events"
    exchange = {"name": name, "type": "topic", "durable": True}
    return {"is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"}


def main(arguments: list[str] | None = None, *, folder: Path = SCHEMAS) -> int:
    """The command; gives its exit status."""
    parser = argparse.ArgumentParser(prog="python -m shared.contracts.catalog", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true", help="write the files anew")
    action.add_argument("--check", action="store_true", help="say what is out of date or not additive")
    parser.add_argument("--breaking", action="store_true", help="write although a change is not additive")
    given = parser.parse_args(arguments)
    broken = not_additive(folder)
    for sentence in broken:
        sys.stderr.write(f"not additive: {sentence}\n")
    if given.write and (given.breaking or not broken):
        write_schemas(folder)
        return 0
    if given.write:
        sys.stderr.write("Nothing was written. Give a changed meaning a new class, or say --breaking.\n")
        return 1
    stale = out_of_date(folder)
    for name in stale:
        sys.stderr.write(f"out of date: {name}; run python -m shared.contracts.catalog --write\n")
    return 1 if broken or stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
