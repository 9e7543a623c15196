"""DASet: a set that can be gathered by asking for `new_item` (spec/area4 §6.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from shared.interview.library import grammar
from shared.interview.library.named import public
from shared.interview.library.objects.gathering import Gathered


def plain_set(other: Any) -> set[Any]:
    """The items of any collection, or the keys of a dictionary, as a set."""
    elements = getattr(other, "elements", None)
    if elements is not None:
        other._trigger_gather()
        return set(elements)
    return set(other)


@public
class DASet(Gathered):
    """A set of plain values."""

    elements: set[Any]

    def _empty(self) -> set[Any]:
        return set()

    def _values(self) -> list[Any]:
        return _sorted(self.elements)

    def _fill(self, elements: Iterable[Any]) -> None:
        self.elements.update(elements)
        self._note_element()

    def _gather(self, number: int | None = None, minimum: int | None = None) -> None:
        number = self._wanted_number(number)
        minimum = self.minimum_number if minimum is None else minimum
        if number is None and minimum is None:
            minimum = 1 if self.elements else (1 if self.there_are_any else 0)
        at_least = max(int(minimum or 0), number or 0, int(self.__dict__.get("_necessary_length", 0)))
        while len(self.elements) < at_least:
            self._gather_one()
        self.__dict__.pop("_necessary_length", None)
        if number is None and minimum != 0:
            while self._another_is_wanted():
                self.__dict__["_necessary_length"] = len(self.elements) + 1
                self._gather_one()
                del self.__dict__["_necessary_length"]

    def _gather_one(self) -> None:
        self.elements.add(self.new_item)
        self.__dict__.pop("new_item", None)
        self._note_element()

    def comma_and_list(self, **options: Any) -> str:
        """The items as in a sentence, sorted."""
        self._trigger_gather()
        return grammar.comma_and_list(_sorted(self.elements), **options)

    # Adding and removing
    def add(self, *items: Any) -> None:
        """Add items; a collection is added item by item."""
        for item in items:
            if isinstance(item, str) or not isinstance(item, Iterable):
                self.elements.add(item)
            else:
                self.elements.update(item)
        self._note_element()

    def update(self, *others: Iterable[Any]) -> None:
        """Add the items of other collections."""
        for other in others:
            self.elements.update(other)
        self._note_element()

    def remove(self, item: Any) -> None:
        """Take an item out. Raises KeyError when it is not there."""
        self.elements.remove(item)
        self._count_changed()

    def discard(self, item: Any) -> None:
        """Take an item out, if it is there."""
        self.elements.discard(item)
        self._count_changed()

    def pop(self) -> Any:
        """Take any item out and give it."""
        item = self.elements.pop()
        self._count_changed()
        return item

    def clear(self) -> None:
        """Take everything out."""
        self.elements.clear()
        self._count_changed()

    def copy(self) -> set[Any]:
        """The items as a plain set."""
        return set(self.elements)

    def difference_update(self, *others: Any) -> None:
        """Take out what is in any of the others."""
        self.elements.difference_update(*map(plain_set, others))
        self._count_changed()

    def intersection_update(self, *others: Any) -> None:
        """Take out what is not in all of the others."""
        self.elements.intersection_update(*map(plain_set, others))
        self._count_changed()

    def symmetric_difference_update(self, other: Any) -> None:
        """Take out what is in both, and add what is only in the other."""
        self.elements.symmetric_difference_update(plain_set(other))
        self._count_changed()

    # As sets
    def _combined(self, name: str, *others: Any) -> Any:
        self._trigger_gather()
        found = getattr(self.elements, name)(*(plain_set(other) for other in others))
        return DASet(elements=found) if isinstance(found, set) else found

    def union(self, *others: Any) -> DASet:
        """What is in any of them."""
        return self._combined("union", *others)  # type: ignore[no-any-return]

    def intersection(self, *others: Any) -> DASet:
        """What is in all of them."""
        return self._combined("intersection", *others)  # type: ignore[no-any-return]

    def difference(self, *others: Any) -> DASet:
        """What is only here."""
        return self._combined("difference", *others)  # type: ignore[no-any-return]

    def symmetric_difference(self, other: Any) -> DASet:
        """What is in one of the two."""
        return self._combined("symmetric_difference", other)  # type: ignore[no-any-return]

    def isdisjoint(self, other: Any) -> bool:
        """Whether they share nothing."""
        return bool(self._combined("isdisjoint", other))

    def issubset(self, other: Any) -> bool:
        """Whether the other has everything that is here."""
        return bool(self._combined("issubset", other))

    def issuperset(self, other: Any) -> bool:
        """Whether everything of the other is here."""
        return bool(self._combined("issuperset", other))

    __or__, __and__, __sub__, __xor__ = union, intersection, difference, symmetric_difference

    # As Python sees it
    def __len__(self) -> int:
        self._trigger_gather()
        return len(self.elements)

    def __iter__(self) -> Iterator[Any]:
        self._trigger_gather()
        return iter(_sorted(self.elements))

    def __contains__(self, item: Any) -> bool:
        self._trigger_gather()
        return item in self.elements

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DASet | set) and plain_set(other) == self.elements

    def __hash__(self) -> int:
        return hash((self.instanceName,))

    def __bool__(self) -> bool:
        return len(self) > 0


def _sorted(items: set[Any]) -> list[Any]:
    try:
        return sorted(items)
    except TypeError:
        return sorted(items, key=str)
