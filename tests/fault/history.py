"""The history checker: does some order of the operations explain every answer that was given?

Each operation appends a token of its own to the one list of a session, and its answer says which version it made and
what the list looked like. Versions give the order; this module replays it:

- every version was made by one operation, or by response actions, which nobody asked from outside: those that come
  together are saved together;
- a post or action makes a step: the list before it, with its token at the end;
- a check-in, a write in place or a response action adds its token to the newest step;
- Back drops the newest step with everything in it;
- every answer shows the list as it was at its version, with nothing missing, twice, or in another place.

Response actions are only known by their tokens: a version that no answer names is one or more of them, a gap in the
list until an answer shows what fills it.
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


@dataclass(slots=True, eq=False)
class _Gap:
    """What the response actions of one version appended."""

    until: tuple[str, ...] | None = None
    """The list up to its end, once an answer has shown where that is."""
    is_shown: bool = False
    """Whether an answer has shown its tokens, be it together with those of its neighbours."""


@dataclass(slots=True)
class _Model:
    task_tokens: frozenset[str]
    steps: list[list[str | _Gap]] = field(default_factory=lambda: [[]])
    owners: dict[str, set[_Gap]] = field(default_factory=dict)
    """Tokens of response actions that were shown, and the gaps they may belong to."""
    lost_gaps: int = 0

    @property
    def newest(self) -> list[str | _Gap]:
        return self.steps[-1]

    def response_actions(self) -> None:
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
                gone = [item for item in dropped if isinstance(item, _Gap) and item not in self.newest]
                self.lost_gaps += sum(1 for gap in gone if not gap.is_shown)

    def unify(self, shown: Sequence[str], where: str) -> None:
        """The list must be what was shown; gaps learn their tokens."""
        shown = tuple(shown)
        problem = f"{where}: {list(shown)} was shown, {self._readable()} was expected"
        if len(set(shown)) != len(shown):
            raise HistoryBroken(f"{where}: something stands twice in {list(shown)}")
        at = 0
        open_gaps: list[_Gap] = []
        for item in self.newest:
            if isinstance(item, _Gap):
                if item.until is None:
                    open_gaps.append(item)
                    continue
                if shown[: len(item.until)] != item.until:
                    raise HistoryBroken(problem)
                at = len(item.until)
            else:
                if item not in shown[at:]:
                    raise HistoryBroken(problem)
                end = shown.index(item)
                self._fill(open_gaps, shown, at, end, problem)
                at = end + 1
            open_gaps = []
        self._fill(open_gaps, shown, at, len(shown), problem)

    def _fill(self, gaps: Sequence[_Gap], shown: tuple[str, ...], start: int, end: int, problem: str) -> None:
        """Each of these gaps has at least one of the tokens from `start` to `end`, and nothing else has."""
        tokens = shown[start:end]
        if len(tokens) < len(gaps) or (tokens and not gaps):
            raise HistoryBroken(problem)
        for token in tokens:
            owners = self.owners.setdefault(token, set(gaps))
            owners &= set(gaps)
            if token not in self.task_tokens or not owners:
                raise HistoryBroken(f"{token} stands where only other response actions can have written. {problem}")
        for number, gap in enumerate(gaps, start=1):
            gap.is_shown = True
            if len(tokens) == len(gaps):
                gap.until = shown[: start + number]
        if gaps:
            gaps[-1].until = shown[:end]

    def measure(self, length: int, where: str) -> None:
        """The list must be able to be this long."""
        known, open_gaps = 0, 0
        for item in self.newest:
            if not isinstance(item, _Gap):
                known += 1
            elif item.until is None:
                open_gaps += 1
            else:
                known, open_gaps = len(item.until), 0
        if length < known + open_gaps or (length > known and not open_gaps):
            raise HistoryBroken(f"{where}: length {length}, expected {known} and {open_gaps} response actions or more")

    def _readable(self) -> list[str]:
        return [item if isinstance(item, str) else "(response actions)" for item in self.newest]


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
        if operation.length is not None:
            model.measure(operation.length, f"version {version}")
        _look(model, looks, version)
    _advance(model, looks, version, last.version)
    if looks:
        raise HistoryBroken(f"a version {looks[0].version} was shown, which nobody made")
    acknowledged = [operation.token for operation in order if operation.token]
    if len(set(acknowledged)) != len(acknowledged):
        raise HistoryBroken("a token was acknowledged twice")
    found, hidden = len(model.owners), model.lost_gaps  # Back took away gaps of one or more that no answer showed
    if found + hidden > ended_tasks or (found < ended_tasks and not hidden):
        raise HistoryBroken(
            f"{ended_tasks} response actions were taken in, {found} are in the history, {hidden} hidden"
        )


def _advance(model: _Model, looks: list[Seen], version: int, until: int) -> int:
    """Versions that no answer names were made by response actions."""
    while version < until:
        version += 1
        model.response_actions()
        _look(model, looks, version)
    return version


def _look(model: _Model, looks: list[Seen], version: int) -> None:
    while looks and looks[0].version <= version:
        look = looks.pop(0)
        if look.version < version:
            raise HistoryBroken(f"a version {look.version} was shown, which nobody made")
        model.unify(look.shown, f"a look at version {version}")
