"""Envelopes as CloudEvents, and back."""

from __future__ import annotations

import dataclasses
import json

import pytest

from shared.bus.cloudevents import Codec, peek
from shared.bus.port import MessageTooLarge, NotUnderstood
from shared.contracts.base import Sealed
from shared.contracts.envelope import Envelope
from shared.crypto.keys import ServerKeys
from tests.contract.bus.messages import TYPES, Greet, Greeting, Happened, MemoryBlobs, ScramblingSealer
from tests.contract.bus.worlds import WRITER

SEALER = ScramblingSealer()


def full() -> Envelope:
    return dataclasses.replace(
        WRITER.wrap(Greet(name="Ada", secret=Sealed("hunter2"), session_id="s1")),
        correlation_id="c1",
        traceparent="00-1-2-01",
        dedup_key="d1",
        expires="2030-01-01T00:00:00+00:00",
    )


async def test_an_envelope_survives_the_round_trip() -> None:
    codec, envelope = Codec(types=TYPES, sealer=SEALER), full()
    assert await codec.read(codec.encode(envelope)) == envelope


def test_it_is_a_cloudevent_in_structured_json_with_our_extensions() -> None:
    event = json.loads(Codec(types=TYPES, sealer=SEALER).encode(full()))
    assert event["specversion"] == "1.0"
    assert (event["type"], event["source"], event["subject"]) == ("colloquy.Greet", "colloquy/tests", "s1")
    assert (event["correlationid"], event["dedupkey"]) == ("c1", "d1")
    assert event["expirytime"] == "2030-01-01T00:00:00+00:00"
    assert event["data"]["name"] == "Ada"


def test_attributes_that_are_empty_are_left_out() -> None:
    event = json.loads(Codec(types=TYPES, sealer=SEALER).encode(WRITER.wrap(Happened(number=1))))
    assert set(event) == {"specversion", "id", "source", "type", "time", "datacontenttype", "data"}


def test_sealed_fields_are_unreadable() -> None:
    body = Codec(types=TYPES, sealer=SEALER).encode(full())
    assert b"hunter2" not in body
    assert set(json.loads(body)["data"]["secret"]) == {"sealed"}


async def test_fields_of_a_newer_sender_are_ignored() -> None:
    codec = Codec(types=TYPES, sealer=SEALER)
    event = json.loads(codec.encode(WRITER.wrap(Happened(number=1))))
    event["data"]["mood"] = "fine"
    event["newattribute"] = "x"
    assert (await codec.read(json.dumps(event).encode())).message == Happened(number=1)


async def test_what_was_sealed_by_somebody_else_is_not_understood_and_not_quoted() -> None:
    class Stranger(ScramblingSealer):
        def open(self, sealed: bytes, *, purpose: str) -> bytes:
            raise PermissionError("hunter2")

    body = Codec(types=TYPES, sealer=SEALER).encode(full())
    with pytest.raises(NotUnderstood, match="could not be opened") as error:
        await Codec(types=TYPES, sealer=Stranger()).read(body)
    assert "hunter2" not in str(error.value)


async def test_a_body_over_the_limit_without_a_store_is_an_error_that_names_type_and_sizes() -> None:
    codec = Codec(types=TYPES, sealer=SEALER, limit=300)
    with pytest.raises(MessageTooLarge, match=r"colloquy\.Greet has \d+ bytes, the limit is 300"):
        await codec.fit(codec.encode(WRITER.wrap(Greet(name="x" * 300))))


async def test_a_body_kept_apart_is_bound_to_its_message() -> None:
    blobs = MemoryBlobs()
    codec = Codec(types=TYPES, sealer=SEALER, blobs=blobs, limit=300)
    small = await codec.fit(codec.encode(WRITER.wrap(Greet(name="x" * 300))))
    assert len(small) <= 300
    assert (await codec.read(small)).message == Greet(name="x" * 300)
    forged = {**json.loads(small), "id": "another message"}
    with pytest.raises(NotUnderstood):
        await codec.read(json.dumps(forged).encode())


async def test_only_an_only_reader_deletes_what_was_kept_apart() -> None:
    blobs = MemoryBlobs()
    codec = Codec(types=TYPES, sealer=SEALER, blobs=blobs, limit=300)
    small = await codec.fit(codec.encode(WRITER.wrap(Greeting(text="x" * 300))))
    await codec.read(small)
    assert len(blobs.bodies) == 1
    await codec.read(small, is_only_reader=True)
    assert blobs.bodies == {}


def test_a_message_without_an_address_cannot_be_packed() -> None:
    with pytest.raises(TypeError, match=r"colloquy\.Greeting"):
        Codec(types=TYPES, sealer=SEALER).pack(WRITER.wrap(Greeting(text="x")))


def test_peeking_reads_what_can_be_read() -> None:
    envelope = full()
    assert peek(Codec(types=TYPES, sealer=SEALER).encode(envelope)) == ("colloquy.Greet", envelope.id, "s1")
    assert peek(b"junk") == ("", "", "")


async def test_a_sealed_field_opens_in_no_other_message(server_keys: ServerKeys) -> None:
    codec = Codec(types=TYPES, sealer=server_keys.transport)
    stolen, forged = (json.loads(codec.encode(WRITER.wrap(Greet(name="Ada", secret=Sealed(word))))) for word in "ab")
    forged["data"]["secret"] = stolen["data"]["secret"]
    with pytest.raises(NotUnderstood, match="could not be opened"):
        await codec.read(json.dumps(forged).encode())
