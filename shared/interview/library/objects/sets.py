"""DASet: a set that can be gathered by asking for `new_item` (spec/area4 §6.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from shared.interview.library import grammar
from shared.interview.library.named import public
from shared.interview.library.objects.gathering import Gathered
from shared.interview.library.objects.set_algebra import SetAlgebra, plain_set


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

    def _picked(self, fits: Callable[[Any], bool]) -> set[Any]:
        return {item for item in self.elements if fits(item)}

    def _gather_one(self, item_object_type: Any, complete_attribute: Any) -> None:
        """Ask for the next item; one that is there already is asked again."""
        item = self.new_item
        self.elements.add(item)
        self.__dict__.pop("new_item", None)
        self._note_element()
        self._complete(item, complete_attribute)

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
        self._taken_out(item)

    def discard(self, item: Any) -> None:
        """Take an item out, if it is there."""
        if item in self.elements:
            self.remove(item)

    def pop(self) -> Any:
        """Take any item out and give it."""
        item = self.elements.pop()
        self._taken_out(item)
        return item

    def clear(self) -> None:
        """Take everything out."""
        items = list(self.elements)
        self.elements.clear()
        self._taken_out(*items)

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

    # As Python sees it
    __or__, __and__ = SetAlgebra.union, SetAlgebra.intersection
    __sub__, __xor__ = SetAlgebra.difference, SetAlgebra.symmetric_difference

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
