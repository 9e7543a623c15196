"""Which blocks may define a missing name, best first, and what `x` and `i` stand for in each (spec/area4 §4.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from shared.interview.compile.blocks import Definer
from shared.interview.compile.names import IllegalName, normalised, parsed
from shared.interview.runtime.namespace import ITERATORS
from shared.interview.runtime.run import Run
from shared.interview.runtime.sought import Sought


@dataclass(frozen=True, slots=True)
class Variant:
    """One form of a name that a block may be written for."""

    name: str
    x: str | None
    iterators: tuple[str, ...]


@lru_cache(maxsize=10_000)
def variants_of(name: str) -> tuple[Variant, ...]:
    """All variants of a name in the order they are tried: literal, with indices replaced, generic.

    `people[0].name.first` gives itself, `people[i].name.first`, `x[0].name.first`, `x[i].name.first`,
    `x.name.first` and `x.first`.
    """
    name = normalised(name)
    try:
        base, parts = parsed(name)
    except IllegalName:
        return (Variant(name, None, ()),)
    steps = tuple((kind, text) for kind, text, _ in parts)
    found = dict[Variant, tuple[bool, int, int, int]]()
    _add_variants(found, base, None, steps)
    for cut in range(len(steps)):
        _add_variants(found, "x", base + _spelled(steps[:cut]), steps[cut:])
    return tuple(sorted(found, key=found.__getitem__))


def _add_variants(
    found: dict[Variant, tuple[bool, int, int, int]], head: str, x: str | None, steps: tuple[tuple[str, str], ...]
) -> None:
    places = [place for place, (kind, _) in enumerate(steps) if kind == "item"]
    dots = sum(kind == "attribute" for kind, _ in steps)
    for count in range(min(len(places), len(ITERATORS)) + 1):
        for chosen in combinations(places, count):
            letters = dict(zip(chosen, ITERATORS, strict=False))
            written = tuple((kind, letters.get(place, text)) for place, (kind, text) in enumerate(steps))
            variant = Variant(head + _spelled(written), x, tuple(steps[place][1] for place in chosen))
            found.setdefault(variant, (x is not None, -dots, -len(places), count))


def _spelled(steps: tuple[tuple[str, str], ...]) -> str:
    return "".join(f".{text}" if kind == "attribute" else f"[{text}]" for kind, text in steps)


def candidates(run: Run, name: str, *, is_forced: bool) -> Iterator[tuple[Sought, Definer]]:
    """Blocks to try for a name, with their context. `x` is looked at, never asked for."""
    index, language = run.interview.index, run.language
    for variant in variants_of(name):
        if variant.x is None:
            if not index.has_literal(variant.name):
                continue
            blocks = index.literal(variant.name, language)
        else:
            if not index.has_generic(variant.name):
                continue
            thing = run.peek(variant.x)
            if thing is None:
                continue
            classes = [cls.__name__ for cls in type(thing).__mro__]
            blocks = index.generic(variant.name, classes, language)
        sought = Sought(
            name=name,
            variant=variant.name,
            x=variant.x,
            iterators=variant.iterators,
            is_forced=is_forced,
        )
        for block in blocks:
            yield sought, block
