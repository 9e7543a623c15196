"""DADict and DAOrderedDict: dictionaries that can be gathered by asking (spec/area4 §6.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from shared.interview.errors import UndefinedItem
from shared.interview.library import grammar
from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject, DAObjectPlusParameters
from shared.interview.library.objects.empty import DAEmpty
from shared.interview.library.objects.gathering import Gathered
from shared.interview.library.objects.item_links import DictLinks
from shared.interview.library.objects.lists import DAList
from shared.interview.runtime.run import current_run


@public
class DADict(DictLinks, Gathered):
    """A dictionary whose entries are asked for: a key by `new_item_name`, a plain value under it."""

    elements: dict[Any, Any]
    _keeps_order = False

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """Like every collection; `keys=[…]` makes entries beforehand."""
        keys = attributes.pop("keys", None)
        super().init(*arguments, **attributes)
        if keys is not None:
            self.new(*keys)

    def _empty(self) -> dict[Any, Any]:
        return {}

    def _values(self) -> list[Any]:
        return [self.elements[key] for key in self._sorted_keys()]

    def _fill(self, elements: Any) -> None:
        for key, value in dict(elements).items():
            self[key] = value

    def _picked(self, fits: Callable[[Any], bool]) -> dict[Any, Any]:
        return {key: value for key, value in self.elements.items() if fits(value)}

    # Gathering
    def _gather(self, *arguments: Any, keys: Iterable[Any] | None = None, **options: Any) -> None:
        if keys is not None:
            self.new(*keys)
        super()._gather(*arguments, **options)

    def _complete_all(self, complete_attribute: Any = None) -> None:
        super()._complete_all(complete_attribute)
        if self.__dict__.get("new_item_name") in self.elements and "new_item_value" not in self.__dict__:
            del self.__dict__["new_item_name"]

    def _gather_one(self, item_object_type: Any, complete_attribute: Any) -> None:
        """Ask for the next key and its value (`new_item_value` or under the key), and read what makes it complete."""
        key = self.new_item_name
        object_type = item_object_type or self.object_type
        if self.ask_object_type:
            self.initializeObject(key, self._asked_type())
            self.__dict__.pop("new_object_type", None)
        elif object_type is not None:
            if key not in self.elements:
                self.initializeObject(key, object_type)
        elif "new_item_value" in self.__dict__:
            self.elements[key] = self.__dict__.pop("new_item_value")
        elif key not in self.elements:
            raise UndefinedItem(self.item_name(key))
        self.__dict__.pop("new_item_name", None)
        self._note_element()
        self._complete(self.elements[key], complete_attribute)

    def cancel_add_or_edit(self) -> None:
        """Forget new entries that were not completed."""
        for key in [key for key, value in self.elements.items() if not self._is_complete(value)]:
            del self.elements[key]
        for name in ("_necessary_length", "new_item_name", "new_item_value", "new_object_type", "was_gathered"):
            self.__dict__.pop(name, None)
        self.__dict__["there_is_another"] = False
        self._count_changed()
        self._forget_pending()

    # Adding and removing
    def item_name(self, key: Any) -> str:
        """The expression an entry is found under."""
        return f"{self.instanceName}[{key!r}]"

    def initializeObject(self, *arguments: Any, **parameters: Any) -> Any:
        """Make a new object the entry of a key, of the class given or of `object_type`. Gives the object."""
        key, *rest = arguments
        object_type = rest[0] if rest else self.object_type or DAObject
        if isinstance(object_type, type):
            own = {} if rest else dict(self.object_type_parameters)
            object_type = DAObjectPlusParameters(object_type, own)
        made = object_type(self.item_name(key), **parameters)
        self.elements[key] = made
        self._note_element()
        return made

    def new(self, *keys: Any, **parameters: Any) -> None:
        """Make entries for keys: new objects, or nothing yet when there is no `object_type`."""
        for key in keys:
            if isinstance(key, list | tuple | set | DAList):
                self.new(*key, **parameters)
            elif key not in self.elements:
                if self.object_type is not None:
                    self.initializeObject(key, **parameters)
                else:
                    self.elements[key] = None

    def pop(self, *arguments: Any) -> Any:
        """Take out the entry of a key and give its value."""
        taken = [self.elements[arguments[0]]] if arguments[0] in self.elements else []
        value = self.elements.pop(*arguments)
        self._taken_out(*taken)
        return value

    def popitem(self) -> tuple[Any, Any]:
        """Take out the last entry and give it."""
        found = self.elements.popitem()
        self._taken_out(found[1])
        return found

    def delitem(self, *keys: Any) -> None:
        """Take out entries, as far as they are there."""
        self._taken_out(*[self.elements.pop(key) for key in keys if key in self.elements])

    def clear(self) -> None:
        """Take everything out."""
        values = list(self.elements.values())
        self.elements.clear()
        self._taken_out(*values)

    def copy(self) -> dict[Any, Any]:
        """The entries as a plain dictionary."""
        return dict(self.elements)

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """The value of a key, which is given the default when it has none."""
        if key not in self.elements:
            self[key] = default
        return self.elements[key]

    def update(self, *arguments: Any, **entries: Any) -> None:
        """Take over entries."""
        others = arguments[0].elements if arguments and isinstance(arguments[0], DADict) else dict(*arguments)
        for key, value in {**others, **entries}.items():
            self[key] = value

    def invalidate_item(self, *keys: Any) -> None:
        """Take values away, but keep them as defaults for when they are asked again."""
        run = current_run()
        for key in keys:
            if key in self.elements:
                run.steering.invalidate(run, self.item_name(key))
                self.elements.pop(key, None)

    def getitem_fresh(self, key: Any) -> Any:
        """The value of a key, computed or asked anew (once per run)."""
        run = current_run()
        run.steering.reconsider(run, self.item_name(key))
        return self[key]

    # Looking
    def _sorted_keys(self) -> list[Any]:
        keys = list(self.elements)
        if self._keeps_order:
            return keys
        try:
            return sorted(keys)
        except TypeError:
            return keys

    def keys(self) -> list[Any]:
        """The keys, sorted where that is possible."""
        self._trigger_gather()
        return self._sorted_keys()

    def values(self) -> Any:
        """The values."""
        self._trigger_gather()
        return self.elements.values()

    def items(self) -> Any:
        """Pairs of key and value."""
        self._trigger_gather()
        return self.elements.items()

    def get(self, *arguments: Any) -> Any:
        """The value of a key, or a default (None)."""
        self._trigger_gather()
        key, *default = arguments
        return self.elements[key] if key in self.elements else (default[0] if default else None)

    def item(self, key: Any) -> Any:
        """The value of a key, or an empty thing when there is none."""
        self._trigger_gather()
        return self.elements[key] if key in self.elements else DAEmpty()

    def slice(self, *keys: Any) -> DADict:
        """A new dictionary of the entries of some keys, or of those a function says yes to."""
        self._trigger_gather()
        wanted = keys[0] if keys and callable(keys[0]) else None
        return self._derived(
            {key: value for key, value in self.elements.items() if (wanted(value) if wanted else key in keys)}
        )

    def _chosen(self, keys: tuple[Any, ...]) -> list[Any]:
        self._trigger_gather()
        return list(keys) if keys else list(self.elements)

    def all_true(self, *keys: Any, exclusive: bool = False) -> bool:
        """Whether the values of these keys (all) are true; with `exclusive`, and no others."""
        chosen = self._chosen(keys)
        if any(key not in self.elements or not self.elements[key] for key in chosen):
            return False
        return not exclusive or not any(value for key, value in self.elements.items() if key not in chosen)

    def all_false(self, *keys: Any, exclusive: bool = False) -> bool:
        """Whether the values of these keys (all) are false; with `exclusive`, and all others true."""
        chosen = self._chosen(keys)
        if any(key not in self.elements or self.elements[key] for key in chosen):
            return False
        return not exclusive or all(value for key, value in self.elements.items() if key not in chosen)

    def any_true(self, *keys: Any, exclusive: bool = False) -> bool:
        """Whether one of the values of these keys (all) is true; with `exclusive`, and none of the others."""
        chosen = self._chosen(keys)
        if not any(self.elements.get(key) for key in chosen):
            return False
        return not exclusive or not any(value for key, value in self.elements.items() if key not in chosen)

    def any_false(self, *keys: Any, exclusive: bool = False) -> bool:
        """Whether one of the values of these keys (all) is false; with `exclusive`, and none of the others."""
        chosen = self._chosen(keys)
        if not any(key in self.elements and not self.elements[key] for key in chosen):
            return False
        return not exclusive or all(value for key, value in self.elements.items() if key not in chosen)

    def true_values(self, insertion_order: bool = False) -> DAList:
        """The keys whose value is true, as a list."""
        return self._keys_where(True, insertion_order)

    def false_values(self, insertion_order: bool = False) -> DAList:
        """The keys whose value is false, as a list."""
        return self._keys_where(False, insertion_order)

    def _keys_where(self, wanted: bool, insertion_order: bool) -> DAList:
        self._trigger_gather()
        keys = list(self.elements) if insertion_order else self._sorted_keys()
        found = DAList(f"{self.instanceName}.{'true' if wanted else 'false'}_values")
        found.__dict__["elements"] = [key for key in keys if bool(self.elements[key]) is wanted]
        found.__dict__.update(gathered=True, auto_gather=False, there_are_any=bool(found.elements))
        return found

    def comma_and_list(self, **options: Any) -> str:
        """The keys as in a sentence."""
        self._trigger_gather()
        return grammar.comma_and_list(self._sorted_keys(), **options)

    # As Python sees it
    def __len__(self) -> int:
        self._trigger_gather()
        return len(self.elements)

    def __iter__(self) -> Iterator[Any]:
        self._trigger_gather()
        return iter(self._sorted_keys())

    def __reversed__(self) -> Iterator[Any]:
        self._trigger_gather()
        return iter(self._sorted_keys()[::-1])

    def __contains__(self, key: Any) -> bool:
        self._trigger_gather()
        return key in self.elements

    def __getitem__(self, key: Any) -> Any:
        if key in self.elements:
            return self.elements[key]
        if self.object_type is None or self.ask_object_type:
            raise UndefinedItem(self.item_name(key))
        return self.initializeObject(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(value, DAObject) and not value.has_nonrandom_instance_name:
            value.set_instance_name(self.item_name(key))
        self.elements[key] = value
        self._note_element()

    def __delitem__(self, key: Any) -> None:
        self._taken_out(self.elements.pop(key))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DADict):
            return self is other or self.elements == other.elements
        return self.elements == other if isinstance(other, dict) else False

    def __hash__(self) -> int:
        return hash((self.instanceName,))

    def __bool__(self) -> bool:
        return len(self) > 0


@public
class DAOrderedDict(DADict):
    """A DADict that keeps its entries in the order they were made."""

    _keeps_order = True
