"""What of a task is sealed, and with which key. Every value is bound to its session, its task and its column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from shared.contracts.visitor import RequestFacts, UserFacts
from shared.crypto.aead import SealBroken, associated_data
from shared.crypto.answers import open_value, seal_value
from shared.crypto.keys import ServerKeys
from shared.crypto.rotation import SealedColumn, wrapped
from shared.tasks.records import Failure, GrantBroken

M = TypeVar("M", bound=BaseModel)

PROGRESS = "progress"
"""What a task says of its progress."""


class Keys(Protocol):
    """The opened data keys of a session."""

    @property
    def session_id(self) -> str:
        """Whose keys."""
        ...

    @property
    def generation(self) -> int:
        """Which of them seals what is written now."""
        ...

    @property
    def by_generation(self) -> Mapping[int, bytes]:
        """All that could be opened."""
        ...


@dataclass(frozen=True, slots=True)
class GrantedKeys:
    """The data keys of a session as a task's grant opens them. Fits Keys."""

    session_id: str
    by_generation: Mapping[int, bytes] = field(repr=False)

    @property
    def generation(self) -> int:
        """The newest."""
        return max(self.by_generation)


@dataclass(frozen=True, slots=True)
class Grant:
    """One data key, wrapped under the server key for one task."""

    generation: int
    wrapped: bytes
    key_id: str


def make_grants(keys: Keys, task_id: str, server_keys: ServerKeys) -> list[Grant]:
    """Wrap every data key of the session for one task."""
    return [make_grant(keys, generation, task_id, server_keys) for generation in keys.by_generation]


def make_grant(keys: Keys, generation: int, task_id: str, server_keys: ServerKeys) -> Grant:
    """Wrap one data key for one task."""
    place = _grant_place(keys.session_id, task_id, generation)
    return Grant(generation, *server_keys.wrap(keys.by_generation[generation], associated=place))


def open_grants(
    grants: Sequence[tuple[int, bytes]], *, session_id: str, task_id: str, server_keys: ServerKeys
) -> GrantedKeys:
    """The data keys again. Raises GrantBroken."""
    try:
        opened = {
            generation: server_keys.unwrap(wrapped, associated=_grant_place(session_id, task_id, generation))
            for generation, wrapped in grants
        }
    except SealBroken as error:
        raise GrantBroken(f"Task {task_id}: {error}") from error
    if not opened:
        raise GrantBroken(f"Task {task_id} has none: it has ended.")
    return GrantedKeys(session_id, opened)


def seal(plain: bytes, column: str, task_id: str, keys: Keys) -> bytes:
    """The stored form of one column."""
    data_key = keys.by_generation[keys.generation]
    return seal_value(plain, data_key=data_key, purpose=f"task {column}", ids=(keys.session_id, task_id))


def unseal(sealed: bytes, column: str, task_id: str, keys: Keys) -> bytes:
    """The plain bytes of one column, whichever generation it was sealed with. Raises SealBroken."""
    for generation in sorted(keys.by_generation, reverse=True):
        try:
            return open_value(
                sealed,
                data_key=keys.by_generation[generation],
                purpose=f"task {column}",
                ids=(keys.session_id, task_id),
            )
        except SealBroken:
            continue
    raise SealBroken(f"Column {column} of task {task_id}.")


def seal_model(value: BaseModel, column: str, task_id: str, keys: Keys) -> bytes:
    """The stored form of data."""
    return seal(value.model_dump_json().encode(), column, task_id, keys)


def unseal_model(kind: type[M], sealed: bytes, column: str, task_id: str, keys: Keys) -> M:
    """The data again. Raises SealBroken, also when it is not what is expected there."""
    plain = unseal(sealed, column, task_id, keys)
    try:
        return kind.model_validate_json(plain)
    except ValidationError as error:
        raise _unreadable(column, task_id, error) from None


def seal_visitor(user: UserFacts, request: RequestFacts, task_id: str, keys: Keys) -> bytes:
    """Who launched a task, stored."""
    plain = orjson.dumps({"user": user.model_dump(mode="json"), "request": request.model_dump(mode="json")})
    return seal(plain, "visitor", task_id, keys)


def unseal_visitor(sealed: bytes, task_id: str, keys: Keys) -> tuple[UserFacts, RequestFacts]:
    """Who launched a task. Raises SealBroken, also when it is not what is expected there."""
    both: dict[str, Any] = orjson.loads(unseal(sealed, "visitor", task_id, keys))
    try:
        return UserFacts.model_validate(both["user"]), RequestFacts.model_validate(both["request"])
    except ValidationError as error:
        raise _unreadable("visitor", task_id, error) from None


def unseal_failure(sealed: bytes, task_id: str, keys: Keys) -> Failure:
    """Why a task failed; a failure that these keys do not open says so."""
    try:
        return unseal_model(Failure, sealed, "failure", task_id, keys)
    except SealBroken:
        return Failure(error_type="KeyLost", error_message="The error of this task cannot be read with your key.")


def unseal_progress(sealed: bytes, task_id: str, keys: Keys) -> str:
    """What a task says of its progress; nothing when these keys do not open it."""
    try:
        return unseal(sealed, PROGRESS, task_id, keys).decode()
    except SealBroken:
        return ""


def _unreadable(column: str, task_id: str, error: ValidationError) -> SealBroken:
    """Names no contents."""
    return SealBroken(f"Column {column} of task {task_id} is not valid in {error.error_count()} places.")


def _grant_place(session_id: str, task_id: str, generation: int) -> bytes:
    return associated_data("task grant", session_id, task_id, generation)


SEALED = SealedColumn(
    table="tasks.grants",
    column="wrapped",
    key=("task_id", "generation"),
    reads=("(select session_id from tasks.tasks where tasks.id = grants.task_id) as session_id",),
    seal_again=wrapped(lambda row: _grant_place(str(row["session_id"]), str(row["task_id"]), row["generation"])),
    key_id_column="key_id",
)
