"""Collections as sets: union, intersection and what else two of them say about each other (spec/area4 §6.2–§6.4)."""

from __future__ import annotations

from typing import Any


def plain_set(other: Any) -> set[Any]:
    """The items of any collection, or the keys of a dictionary, as a set."""
    elements = getattr(other, "elements", None)
    if elements is not None:
        other._trigger_gather()
        return set(elements)
    return set(other)


class SetAlgebra:
    """What lists, dictionaries (by their keys) and sets share. Results are a DASet or a truth value; all gather."""

    elements: Any

    def _as_set(self, name: str, *others: Any) -> Any:
        from shared.interview.library.objects.sets import DASet

        self._trigger_gather()  # type: ignore[attr-defined]
        found = getattr(set(self.elements), name)(*(plain_set(other) for other in others))
        return DASet(elements=found) if isinstance(found, set) else found

    def union(self, *others: Any) -> Any:
        """What is in any of them."""
        return self._as_set("union", *others)

    def intersection(self, *others: Any) -> Any:
        """What is in all of them."""
        return self._as_set("intersection", *others)

    def difference(self, *others: Any) -> Any:
        """What is only here."""
        return self._as_set("difference", *others)

    def symmetric_difference(self, other: Any) -> Any:
        """What is in one of the two."""
        return self._as_set("symmetric_difference", other)

    def isdisjoint(self, other: Any) -> bool:
        """Whether they share nothing."""
        return bool(self._as_set("isdisjoint", other))

    def issubset(self, other: Any) -> bool:
        """Whether the other has everything that is here."""
        return bool(self._as_set("issubset", other))

    def issuperset(self, other: Any) -> bool:
        """Whether everything of the other is here."""
        return bool(self._as_set("issuperset", other))
