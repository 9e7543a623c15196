"""The names that exist and look most like one that does not: for the message about an undefined variable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shared.interview.compile.names import IllegalName, parent_of, parsed
from shared.interview.evaluate.candidates import variants_of
from shared.interview.runtime.namespace import BUILTINS_KEY
from shared.interview.runtime.run import Run

_MOST = 3


def nearest_names(run: Run, name: str) -> tuple[str, ...]:
    """Up to three names, most alike first: of the interview's blocks, its answers and the library.

    Keys of dictionaries are left out, because they may be answers.
    """
    try:
        parsed(name)
    except IllegalName:
        return ()
    return most_alike(name, _existing(run, name))


def most_alike(name: str, existing: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that a slip of the fingers makes of this one, or a wrong case."""
    found: dict[str, int] = {}
    for other in existing:
        if other == name or other in found:
            continue
        limit = max(1, min(3, len(_tail(name)) // 3))
        distance = 0 if other.lower() == name.lower() else edit_distance(name, other, limit)
        if distance <= limit:
            found[other] = distance
    return tuple(sorted(found, key=lambda other: (found[other], other)))[:_MOST]


def edit_distance(one: str, other: str, limit: int) -> int:
    """How many letters to add, drop, change or swap with their neighbour; `limit` + 1 when there are more.

    Optimal string alignment (Damerau 1964), given up as soon as two rows are beyond the limit.
    """
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        before, last, row = row, before, [i]
        for j, mark in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != mark))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == mark:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > limit <= min(before):
            return limit + 1
    return min(row[-1], limit + 1)


def _tail(name: str) -> str:
    """What may be misspelt of it: the last part, the parts before it exist."""
    return name.rpartition(".")[2]


def _existing(run: Run, name: str) -> Iterator[str]:
    """Names as they would be written in the place of this one."""
    defined = {found for found, _ in run.interview.index.blocks()}
    parent = parent_of(name)
    if parent is None:
        yield from (found for found in defined if found.isidentifier())
        yield from (found for found in run.answers if not found.startswith("_"))
        yield from (found for found in run.answers[BUILTINS_KEY] if not found.startswith("_"))
        return
    yield from defined
    for variant in variants_of(name):
        head = parent_of(variant.name)
        if head is None:
            continue
        yield from (
            parent + found[len(head) :] for found in defined if found.startswith(head) and found[len(head) :][:1] == "."
        )
    thing = run.peek(parent)
    if thing is not None:
        yield from (f"{parent}.{found}" for found in dir(thing) if not found.startswith("_"))
