"""How sessions ended that are gone: what a second delivery of the operation gets, under the server's key."""

from __future__ import annotations

from shared.crypto.rotation import SealedColumn, at_rest


def ending_purpose(session_id: str, operation_id: str) -> str:
    """What an ending is bound to."""
    return f"ending {session_id} {operation_id}"


SEALED = SealedColumn(
    table="session.endings",
    column="outcome_sealed",
    key=("session_id", "operation_id"),
    seal_again=at_rest(lambda row: ending_purpose(str(row["session_id"]), str(row["operation_id"]))),
)
