"""What a run has asked of other sessions, told apart: the same for turns and for tasks."""

from __future__ import annotations

import hashlib

from shared.interview.runtime.operations import Blobs
from shared.interview.runtime.session_calls import ListMySessions, ReachSession
from shared.kernel.ids import derived_id


def content_of(call: ReachSession | ListMySessions, blobs: Blobs) -> bytes:
    """What tells one thing asked for from another."""
    digest = hashlib.sha256(call.model_dump_json().encode())
    for name in sorted(blobs):
        digest.update(name.encode() + b"\0" + hashlib.sha256(blobs[name]).digest())
    return digest.digest()


def operation_of_call(operation_id: str, content: bytes, repetition: int) -> str:
    """The operation id under which the other session knows it."""
    return derived_id("reach", operation_id, content.hex(), str(repetition))
