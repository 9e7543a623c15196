"""Which variables a run has given another value: what the record of who set what is made of. Names, never values.

The variables as they were loaded and as they are stored are read once more and walked side by side. Names are those an
author writes (`client.name.first`, `children[1].age`). Keys of dictionaries are left out of them (`income[…]`): people
type them. What changed deeper down, or in very many places, is told by the name above it.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from shared.interview.runtime.outcomes import LONGEST_NAME, MOST_NAMES
from shared.interview.runtime.pickling import PROTOCOL, StoredAnswers, load_variables

MORE = "…"
"""Stands last where there are more names than are told."""
_DEEPEST = 4
"""Attributes and indices in one name."""
_MOST_BELOW_ONE = 12
"""Names below one variable; of more, only the variable is named."""
_MOST_LOOKED_AT = 30_000
"""Values compared in one run, some 20 ms."""
_ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes})
_CONTAINERS = (list, tuple, dict, set, frozenset, BaseException)
_ELEMENTS = "elements"
"""The attribute in which lists and dictionaries of the library hold their items."""
_ABSENT = object()
_LONGEST_ROW = 32
_Pair: TypeAlias = tuple[Any, Any, str, int]
"""What was, what is now, the name to tell, and how deep it lies."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Names in alphabetical order."""

    changed: tuple[str, ...] = ()
    """Set, or given another value."""
    removed: tuple[str, ...] = ()
    """Variables that there are no longer."""


@dataclass(slots=True)
class _Walk:
    """What one comparison has left to look at."""

    left: int = _MOST_LOOKED_AT
    seen: set[tuple[int, int]] = field(default_factory=set)


def changes_between(before: StoredAnswers | None, after: StoredAnswers) -> Changes:
    """What one version of the answers has that the other has not.

    Every variable of answers that are new (`before` is None) is one that was set. Nothing is raised: values that cannot
    be read or compared, which classes of authors bring about, are no reason to lose answers.
    """
    if before is not None and before.variables == after.variables:
        return Changes()
    try:
        return _compared(before, after)
    except Exception:
        return Changes((MORE,))


def _compared(before: StoredAnswers | None, after: StoredAnswers) -> Changes:
    was, now = load_variables(before) if before is not None else {}, load_variables(after)
    walk, changed = _Walk(), set[str]()
    is_cut = False
    for name, value in now.items():
        if walk.left <= 0:
            is_cut = True
            break
        other = was.get(name, _ABSENT)
        if _is_same_atom(other, value):
            continue
        below = _differences(other, value, name, walk)
        changed |= {name} if len(below) > _MOST_BELOW_ONE else below
    return Changes(_told(changed, is_cut=is_cut), _told(set(was) - set(now)))


def _told(names: set[str], *, is_cut: bool = False) -> tuple[str, ...]:
    told = sorted(name[:LONGEST_NAME] for name in names)
    if len(told) < MOST_NAMES and not is_cut:
        return tuple(told)
    return (*told[: MOST_NAMES - 1], MORE)


def _differences(was: Any, now: Any, name: str, walk: _Walk) -> set[str]:
    """Names of what differs at and below one value. What authors' classes say of being equal does not count."""
    found = set[str]()
    waiting: list[_Pair] = [(was, now, name, 0)]
    while waiting and walk.left > 0:
        was, now, name, depth = waiting.pop()
        walk.left -= 1
        if was is now or name in found:
            continue
        kind = type(now)
        if type(was) is not kind:
            found.add(name)
        elif kind in _ATOMS:
            if not _is_same_atom(was, now):
                found.add(name)
        elif (id(was), id(now)) not in walk.seen:
            walk.seen.add((id(was), id(now)))
            parts = _parts(was, now, name, depth, walk)
            if parts is not None:
                waiting += parts
            elif not _is_same(was, now):
                found.add(name)
    return found


def _is_same_atom(was: Any, now: Any) -> bool:
    """Whether two values are equal at a glance; what is not a number is not equal to itself."""
    kind = type(now)
    return kind in _ATOMS and type(was) is kind and (was == now or (was != was and now != now))


def _is_same(was: Any, now: Any) -> bool:
    """Whether two values of one class that are one value to their author are equal."""
    if type(now) in (set, frozenset) and all(type(one) in _ATOMS for one in (*was, *now)):
        return bool(was == now)
    try:
        return pickle.dumps(was, PROTOCOL) == pickle.dumps(now, PROTOCOL)
    except Exception:  # a class of an author may raise anything
        return False


def _is_same_row(was: Any, now: Any) -> bool:
    """Whether two short lists hold the same atoms: rows of a table, which then need not be walked."""
    kind = type(now)
    if (kind is not list and kind is not tuple) or type(was) is not kind or len(now) > _LONGEST_ROW:
        return False
    kinds = [*map(type, now)]
    return _ATOMS.issuperset(kinds) and kinds == [*map(type, was)] and bool(was == now)


def _parts(was: Any, now: Any, name: str, depth: int, walk: _Walk) -> list[_Pair] | None:
    """The pairs of values that two values of one class consist of, but for those that are equal at a glance; None for
    what is one value to its author.
    """
    kind = type(now)
    pairs: list[_Pair] = []
    is_deep, below = depth >= _DEEPEST, depth + 1
    # Every atom of the answers passes through these loops with every turn: they call nothing for those that are equal.
    if kind is dict:
        inner = name if is_deep or name.endswith("[…]") else f"{name}[…]"
        for key, value in now.items():
            other = was.get(key, _ABSENT)
            kind = type(value)
            if not (kind in _ATOMS and type(other) is kind and other == value):
                pairs.append((other, value, inner, below))
        return pairs if len(was) == len(now) else [*pairs, (_ABSENT, None, name, below)]
    if kind is list or kind is tuple:
        for at, (other, value) in enumerate(zip(was, now, strict=False)):
            kind = type(value)
            if kind in _ATOMS:
                if type(other) is kind and other == value:
                    continue
            elif _is_same_row(other, value):
                walk.left -= 1
                if walk.left > 0:
                    continue
                break
            pairs.append((other, value, name if is_deep else f"{name}[{at}]", below))
        return pairs if len(was) == len(now) else [*pairs, (_ABSENT, None, name, below)]
    if issubclass(kind, _CONTAINERS):
        return None
    before, after = _attributes(was), _attributes(now)
    if not after:
        return None
    for key, value in after.items():
        other = before.get(key, _ABSENT)
        kind = type(value)
        if not (kind in _ATOMS and type(other) is kind and other == value):
            written = str(key)
            is_hidden = is_deep or key == _ELEMENTS or not written.isidentifier() or written.startswith("_")
            pairs.append((other, value, name if is_hidden else f"{name}.{written}", below))
    return pairs if len(before) == len(after) else [*pairs, (_ABSENT, None, name, below)]


def _attributes(value: Any) -> dict[Any, Any]:
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return found if isinstance(found, dict) else {}
