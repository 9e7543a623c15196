"""DAList: a list that can be gathered by asking (spec/area4 §6.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from shared.interview.errors import UndefinedItem
from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject, DAObjectPlusParameters, rename
from shared.interview.library.objects.empty import DAEmpty
from shared.interview.library.objects.gathering import Gathered
from shared.interview.library.objects.item_links import ListLinks
from shared.interview.runtime.run import current_run

_MAXIMAL_GROWTH = 10
"""How many objects looking at an index beyond the end makes at once."""


@public
class DAList(ListLinks, Gathered):
    """A list whose items are asked for: by `there_are_any` and `there_is_another`, or by `target_number`."""

    elements: list[Any]

    def _empty(self) -> list[Any]:
        return []

    def _values(self) -> list[Any]:
        return self.elements

    def _fill(self, elements: Iterable[Any]) -> None:
        self.append(*elements)

    def _picked(self, fits: Callable[[Any], bool]) -> list[Any]:
        return [element for element in self.elements if fits(element)]

    # Gathering
    def _gather_one(self, item_object_type: Any, complete_attribute: Any) -> None:
        """Make or seek the next item and read what makes it complete."""
        if self.ask_object_type:
            self.appendObject(self._asked_type())
            self.__dict__.pop("new_object_type", None)
        elif item_object_type is not None:
            self.appendObject(item_object_type)
        elif self.object_type is not None:
            self.appendObject()
        else:
            raise UndefinedItem(self.item_name(len(self.elements)))
        self._complete(self.elements[-1], complete_attribute)

    def cancel_add_or_edit(self) -> None:
        """Forget a new item that was not completed: it is taken out of the list."""
        while self.elements and not self._is_complete(self.elements[-1]):
            self.elements.pop()
        self.__dict__.pop("_necessary_length", None)
        self.__dict__.pop("was_gathered", None)
        self.__dict__["there_is_another"] = False
        self._count_changed()
        self._forget_pending()

    # Adding and removing
    def append(self, *items: Any, set_instance_name: bool = False) -> None:
        """Add items; objects without a name, or all with `set_instance_name`, are named after their place."""
        for item in items:
            self._adopt(item, len(self.elements), set_instance_name)
            self.elements.append(item)
        if items:
            self._note_element()

    def _adopt(self, item: Any, index: int, always: bool = False) -> None:
        if isinstance(item, DAObject) and (always or not item.has_nonrandom_instance_name):
            item.set_instance_name(self.item_name(index))

    def appendObject(self, *arguments: Any, **parameters: Any) -> Any:
        """Add a new object of the class given, or of `object_type`. Gives the object."""
        object_type, own = (arguments[0], {}) if arguments else (self.object_type, dict(self.object_type_parameters))
        if object_type is None:
            object_type = DAObject
        made = (
            DAObjectPlusParameters(object_type, own)(self.item_name(len(self.elements)), **parameters)
            if (isinstance(object_type, type))
            else object_type(self.item_name(len(self.elements)), **parameters)
        )
        self.elements.append(made)
        self._note_element()
        return made

    def item_name(self, index: int) -> str:
        """The expression an item is found under."""
        return f"{self.instanceName}[{index}]"

    def pop(self, *index: int) -> Any:
        """Take out the last item or the one at an index, and give it."""
        self._trigger_gather()
        item = self.elements.pop(*index)
        self._removed(item)
        return item

    def remove(self, *items: Any) -> None:
        """Take items out, as far as they are there."""
        present = [item for item in items if item in self.elements]
        for item in present:
            self.elements.remove(item)
        self._removed(*present)

    def insert(self, index: int, item: Any) -> None:
        """Add an item at an index."""
        self.elements.insert(index, item)
        self._adopt(item, index)
        self._note_element()
        self._renumber()

    def extend(self, items: Iterable[Any]) -> None:
        """Add many items."""
        self.append(*items)

    def clear(self) -> None:
        """Take everything out."""
        items = list(self.elements)
        self.elements.clear()
        self._taken_out(*items)

    def delitem(self, *indices: int) -> None:
        """Take out the items at these indices."""
        taken = [self.elements.pop(i) for i in sorted(set(indices), reverse=True) if i < len(self.elements)]
        self._removed(*taken)

    def _removed(self, *items: Any) -> None:
        self._renumber()
        self._taken_out(*items)

    def _renumber(self) -> None:
        """Name the objects that belong to the list after their places."""
        for index, item in enumerate(self.elements):
            if isinstance(item, DAObject) and _is_item_of(item.instanceName, self.instanceName):
                rename(item, item.instanceName, self.item_name(index))

    def sort(self, *, key: Callable[[Any], Any] | None = None, reverse: bool = False) -> DAList:
        """Sort in place, and give the list."""
        self._trigger_gather()
        self.elements.sort(key=key, reverse=reverse)
        self._renumber()
        return self

    def sort_elements(self, *, key: Callable[[Any], Any] | None = None, reverse: bool = False) -> DAList:
        """Sort what is there in place, without gathering, and give the list."""
        self.elements.sort(key=key, reverse=reverse)
        self._renumber()
        return self

    def reverse(self) -> None:
        """Turn the order round, in place."""
        self._trigger_gather()
        self.elements.reverse()
        self._renumber()

    def swap(self, one: int, other: int) -> None:
        """Let two items change places; never gathers."""
        self.elements[one], self.elements[other] = self.elements[other], self.elements[one]
        self._renumber()

    def copy(self) -> list[Any]:
        """The items as a plain list."""
        return list(self.elements)

    def initializeObject(self, index: int, object_type: Any, **parameters: Any) -> Any:
        """Make a new object the item at an index. Gives the object."""
        made = object_type(self.item_name(index), **parameters)
        self[index] = made
        return made

    def invalidate_item(self, *indices: int) -> None:
        """Take items' values away, but keep them as defaults for when they are asked again."""
        run = current_run()
        for index in indices:
            if -len(self.elements) <= index < len(self.elements):
                run.steering.invalidate(run, self.item_name(index))

    def getitem_fresh(self, index: int) -> Any:
        """The item at an index, computed or asked anew (once per run)."""
        run = current_run()
        run.steering.reconsider(run, self.item_name(index))
        return self[index]

    # Looking
    def first(self) -> Any:
        """The first item."""
        self._trigger_gather()
        return self[0]

    def last(self) -> Any:
        """The last item."""
        self._trigger_gather()
        if not self.elements:
            return self[0]
        return self.elements[-1]

    def item(self, index: int) -> Any:
        """The item at an index, or an empty thing when there is none."""
        self._trigger_gather()
        return self.elements[index] if -len(self.elements) <= index < len(self.elements) else DAEmpty()

    def index(self, *arguments: Any) -> int:
        """Where an item stands."""
        self._trigger_gather()
        return self.elements.index(*arguments)

    def count(self, item: Any) -> int:
        """How often an item is there."""
        self._trigger_gather()
        return self.elements.count(item)

    def current_index(self) -> int:
        """The index of the item being asked about now; never gathers."""
        return len(self.elements) - 1 if self.elements else 0

    def does_contain(self, item: Any) -> bool:
        """Whether an item is there; never gathers."""
        return item in self.elements

    def filter(self, *arguments: Any, **attributes: Any) -> DAList:
        """A new list of the items whose attributes have these values. A first argument is the new list's name."""
        self._trigger_gather()
        fitting = [
            item for item in self.elements if all(getattr(item, name) == value for name, value in attributes.items())
        ]
        return self._derived(fitting, *arguments)

    # As Python sees it
    def __len__(self) -> int:
        self._trigger_gather()
        return len(self.elements)

    def __iter__(self) -> Iterator[Any]:
        self._trigger_gather()
        return iter(self.elements)

    def __reversed__(self) -> Iterator[Any]:
        self._trigger_gather()
        return iter(self.elements[::-1])

    def __contains__(self, item: Any) -> bool:
        self._trigger_gather()
        return item in self.elements

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            self._trigger_gather()
            return self.elements[index]
        if index < 0:
            if -index > len(self.elements):
                self._trigger_gather()
            return self.elements[index]
        if index < len(self.elements):
            return self.elements[index]
        may_grow = self.__dict__.get("_appending_allowed", False)
        if self.auto_gather and self.__dict__.get("gathered") and not may_grow:
            raise IndexError(f"{self.instanceName} has no item {index}: it has {len(self.elements)}")
        if self.object_type is None or self.ask_object_type or index - len(self.elements) >= _MAXIMAL_GROWTH:
            raise UndefinedItem(self.item_name(index))
        while len(self.elements) <= index:
            self.appendObject()
        return self.elements[index]

    def __setitem__(self, index: Any, item: Any) -> None:
        if isinstance(index, slice):
            self.elements[index] = item
            self._renumber()
            return
        while len(self.elements) <= index:
            self.elements.append(None)
        self._adopt(item, index if index >= 0 else len(self.elements) + index)
        self.elements[index] = item
        self._note_element()

    def __delitem__(self, index: Any) -> None:
        taken = self.elements[index]
        del self.elements[index]
        self._removed(*(taken if isinstance(index, slice) else [taken]))

    def __add__(self, other: Any) -> DAList:
        return self._derived([*self, *other])

    def __radd__(self, other: Any) -> list[Any]:
        return [*other, *self]

    def __iadd__(self, other: Any) -> DAList:
        self.append(*other)
        return self

    def __mul__(self, times: int) -> list[Any]:
        return list(self) * times

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DAList):
            return self is other or list(self) == list(other)
        return list(self) == other if isinstance(other, list) else False

    def __hash__(self) -> int:
        return hash((self.instanceName,))

    def __bool__(self) -> bool:
        return len(self) > 0

    def _allow_appending(self) -> None:
        """Let an index beyond the end make new objects although the list is gathered; for forms with many items."""
        self.__dict__["_appending_allowed"] = True

    def _disallow_appending(self) -> None:
        self.__dict__.pop("_appending_allowed", None)


def _is_item_of(name: str, list_name: str) -> bool:
    """Whether a name is `list[<number>]`."""
    if not (name.startswith(list_name + "[") and name.endswith("]")):
        return False
    return name[len(list_name) + 1 : -1].isdigit()
