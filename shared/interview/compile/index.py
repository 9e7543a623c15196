"""The index *name → language → blocks that can define it*, literal and generic (spec/area4 §3.1, §4.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from shared.interview.compile.blocks import Definer

ANY_LANGUAGE = "*"
_Table = dict[str, dict[str, list[Definer]]]


class DefinitionIndex:
    """Finds the blocks to try for a name, best first. Filled while compiling, then sorted once by `settle`."""

    def __init__(self) -> None:
        self._literal: _Table = {}
        self._generic: dict[str, _Table] = {}

    def add(self, name: str, block: Definer) -> None:
        """Register a block, in reading order."""
        table = self._literal if block.generic_object is None else self._generic.setdefault(block.generic_object, {})
        blocks = table.setdefault(name, {}).setdefault(block.language, [])
        if not blocks or blocks[-1] is not block:
            blocks.append(block)

    def settle(self, order: Sequence[str] = ()) -> None:
        """Sort every list best first: later blocks first, then `supersedes`, then the ids of an `order` block."""
        rank = {block_id: place for place, block_id in enumerate(order)}
        for table in (self._literal, *self._generic.values()):
            for languages in table.values():
                for language, blocks in languages.items():
                    languages[language] = _sorted(blocks, rank)

    def literal(self, name: str, language: str) -> Iterator[Definer]:
        """Blocks that define this name as it stands; those of the language first."""
        yield from _of_language(self._literal.get(name), language)

    def generic(self, name: str, classes: Iterable[str], language: str) -> Iterator[Definer]:
        """Blocks of `generic object` for these classes, in the order of the classes."""
        for class_name in classes:
            if (table := self._generic.get(class_name)) is not None:
                yield from _of_language(table.get(name), language)

    def has_generic(self, name: str) -> bool:
        """Whether any class has a block for this generic name: a cheap test before `x` is evaluated."""
        return any(name in table for table in self._generic.values())

    def has_literal(self, name: str) -> bool:
        """Whether any block defines this name as it stands."""
        return name in self._literal

    def names(self) -> Iterator[str]:
        """All names of the literal index."""
        return iter(self._literal)

    def blocks(self) -> Iterator[tuple[str, Definer]]:
        """Every (name, block) pair, literal and generic."""
        for table in (self._literal, *self._generic.values()):
            for name, languages in table.items():
                for blocks in languages.values():
                    for block in blocks:
                        yield name, block


def _of_language(languages: Mapping[str, list[Definer]] | None, language: str) -> Iterator[Definer]:
    if languages is None:
        return
    if language != ANY_LANGUAGE:
        yield from languages.get(language, ())
    yield from languages.get(ANY_LANGUAGE, ())


def _sorted(blocks: list[Definer], rank: Mapping[str, int]) -> list[Definer]:
    latest_first = sorted(blocks, key=lambda block: -block.number)
    if rank:
        latest_first.sort(key=lambda block: rank.get(block.id or "", len(rank)))
    found: dict[Definer, None] = {}
    for block in latest_first:
        _put(block, latest_first, found, ())
    return list(found)


def _put(block: Definer, blocks: Sequence[Definer], found: dict[Definer, None], below: tuple[Definer, ...]) -> None:
    """Add a block after those that supersede it; blocks that supersede each other in a circle stay as they come."""
    if block in found or block in below:
        return
    for other in blocks:
        if block.id is not None and block.id in other.supersedes:
            _put(other, blocks, found, (*below, block))
    found[block] = None
