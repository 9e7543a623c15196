"""The history checker: does some order of the operations explain every answer that was given?

Each operation appends a token of its own to the one list of a session, and its answer says which version it made and
what the list looked like. Versions give the order; this module replays it:

- every version was made by one operation, or by a response action, which nobody asked from outside;
- a post or action makes a step: the list before it, with its token at the end;
- a check-in, a write in place or a response action adds its token to the newest step;
- Back drops the newest step with everything in it;
- every answer shows the list as it was at its version, with nothing missing, twice, or in another place.

Response actions are only known by their tokens: a version that no answer names is one of them, a gap in the list until
an answer shows which.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["step", "in_place", "back"]


class HistoryBroken(AssertionError):
    """No order of the operations explains what was answered."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One operation that was acknowledged."""

    kind: Kind
    token: str
    """What it appended; empty for Back."""
    version: int
    """The version it made."""
    shown: tuple[str, ...] | None = None
    """The whole list it answered with, if it did."""
    length: int | None = None
    """Or only how long the list was."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The list somebody was shown at a version without changing it."""

    version: int
    shown: tuple[str, ...]


@dataclass(slots=True)
class _Gap:
    """Something a response action appended, whose token no answer has shown yet."""

    token: str | None = None


@dataclass(slots=True)
class _Model:
    task_tokens: frozenset[str]
    steps: list[list[str | _Gap]] = field(default_factory=lambda: [[]])
    used: set[str] = field(default_factory=set)
    lost_gaps: int = 0

    @property
    def newest(self) -> list[str | _Gap]:
        return self.steps[-1]

    def response_actions(self, count: int) -> None:
        for _ in range(count):
            self.newest.append(_Gap())

    def apply(self, answered: Answered) -> None:
        match answered.kind:
            case "step":
                self.steps.append([*self.newest, answered.token])
            case "in_place":
                self.newest.append(answered.token)
            case "back":
                if len(self.steps) == 1:
                    raise HistoryBroken(f"version {answered.version}: Back on the only step")
                dropped = self.steps.pop()
                kept = {id(item) for item in self.newest if isinstance(item, _Gap)}
                self.lost_gaps += sum(
                    1 for item in dropped if isinstance(item, _Gap) and item.token is None and id(item) not in kept
                )

    def unify(self, shown: Sequence[str], where: str) -> None:
        """The list must be what was shown; gaps learn their tokens."""
        if len(shown) != len(self.newest):
            raise HistoryBroken(f"{where}: {list(shown)} was shown, {self._readable()} was expected")
        for item, token in zip(self.newest, shown, strict=True):
            if isinstance(item, _Gap) and item.token is None:
                if token not in self.task_tokens or token in self.used:
                    raise HistoryBroken(f"{where}: {token} stands where only a response action can have written")
                item.token = token
                self.used.add(token)
            elif (item.token if isinstance(item, _Gap) else item) != token:
                raise HistoryBroken(f"{where}: {list(shown)} was shown, {self._readable()} was expected")

    def _readable(self) -> list[str]:
        return [item if isinstance(item, str) else item.token or "(a response action)" for item in self.newest]


def check(
    answered: Iterable[Answered],
    seen: Iterable[Seen],
    *,
    first_version: int,
    last: Seen,
    task_tokens: frozenset[str],
    ended_tasks: int,
) -> None:
    """Replay the history up to the `last` look. Raises HistoryBroken.

    `task_tokens` are those of response actions, `ended_tasks` is how many of them have been taken in.
    """
    model = _Model(task_tokens)
    version = first_version
    order = sorted(answered, key=lambda each: each.version)
    looks = sorted((*seen, last), key=lambda each: each.version)
    _look(model, looks, version)
    for operation in order:
        if operation.version <= version:
            raise HistoryBroken(f"two operations were told they made version {operation.version}, or an older one")
        version = _advance(model, looks, version, operation.version - 1)
        version = operation.version
        model.apply(operation)
        if operation.shown is not None:
            model.unify(operation.shown, f"version {version}")
        if operation.length is not None and operation.length != len(model.newest):
            raise HistoryBroken(f"version {version}: length {operation.length}, expected {len(model.newest)}")
        _look(model, looks, version)
    _advance(model, looks, version, last.version)
    if looks:
        raise HistoryBroken(f"a version {looks[0].version} was shown, which nobody made")
    acknowledged = [operation.token for operation in order if operation.token]
    if len(set(acknowledged)) != len(acknowledged):
        raise HistoryBroken("a token was acknowledged twice")
    taken_in = len(model.used) + model.lost_gaps
    if taken_in != ended_tasks:
        raise HistoryBroken(f"{ended_tasks} response actions were taken in, {taken_in} are in the history")


def _advance(model: _Model, looks: list[Seen], version: int, until: int) -> int:
    """Versions that no answer names were made by response actions."""
    while version < until:
        version += 1
        model.response_actions(1)
        _look(model, looks, version)
    return version


def _look(model: _Model, looks: list[Seen], version: int) -> None:
    while looks and looks[0].version <= version:
        look = looks.pop(0)
        if look.version < version:
            raise HistoryBroken(f"a version {look.version} was shown, which nobody made")
        model.unify(look.shown, f"a look at version {version}")
