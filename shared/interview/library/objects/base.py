"""DAObject: an object that knows which variable it is, so that a missing attribute can be asked for."""

from __future__ import annotations

import copy
import inspect
import re
import sys
from typing import Any, TypeVar

from shared.interview.errors import UndefinedAttribute
from shared.interview.library.languages import word
from shared.interview.library.named import public
from shared.interview.library.numbers import ordinal
from shared.interview.library.objects.naming import name_from_frame, random_name
from shared.interview.library.objects.related import Related
from shared.interview.library.objects.wording import Wording
from shared.interview.library.words.nouns import noun_singular
from shared.interview.runtime.run import current_run, current_run_or_none

Self = TypeVar("Self", bound="DAObject")

_INDEXED = re.compile(r"(.*?)\[([^\[\]]+)\]\Z")
_BOOKKEEPING = frozenset({"instanceName", "has_nonrandom_instance_name"})


@public
class DAObjectPlusParameters:
    """A class together with the attributes its objects begin with: what `Class.using(…)` gives."""

    def __init__(self, object_type: type[Any], parameters: dict[str, Any]) -> None:
        self.object_type, self.parameters = object_type, parameters

    def using(self, **parameters: Any) -> DAObjectPlusParameters:
        """The same with further parameters."""
        return DAObjectPlusParameters(self.object_type, {**self.parameters, **parameters})

    def __call__(self, *arguments: Any, **parameters: Any) -> Any:
        """Make an object. Lists and dictionaries among the parameters are copied, so that objects do not share them."""
        own = {name: _unshared(value) for name, value in self.parameters.items()}
        return self.object_type(*arguments, **{**own, **parameters})


def _unshared(value: Any) -> Any:
    return copy.copy(value) if type(value) in (list, dict, set) else value


class _Property(property):
    """A property that keeps the AttributeError it ended with: Python drops it and asks `__getattr__` instead."""

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        try:
            return super().__get__(instance, owner)
        except AttributeError as error:
            run = current_run_or_none()
            if run is not None:
                run.memo[_Property] = instance, self, error
            raise


def _raise_again(instance: DAObject, descriptor: Any) -> None:
    """Raise what this property has just ended with; return when that is not known, and it has to be asked again."""
    run = current_run_or_none()
    found = None if run is None else run.memo.pop(_Property, None)
    if found is not None and found[0] is instance and found[1] is descriptor:
        raise found[2]


@public
class DAObject(Wording, Related):
    """Base of everything an interview speaks about.

    `instanceName` is the expression the object is found under. Reading an attribute that is not there raises
    UndefinedAttribute with `<instanceName>.<attribute>`, which the evaluation seeks.
    """

    instanceName: str
    has_nonrandom_instance_name: bool

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        if arguments:
            name, arguments = str(arguments[0]), arguments[1:]
            is_named = True
        else:
            found = name_from_frame(sys._getframe(1), self)
            name, is_named = found or random_name(), found is not None
        self.__dict__["has_nonrandom_instance_name"] = is_named
        self.__dict__["instanceName"] = name
        self.init(*arguments, **attributes)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name, value in list(vars(cls).items()):
            if type(value) is property:
                setattr(cls, name, _Property(value.fget, value.fset, value.fdel, value.__doc__))

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """Set the attributes; derived classes extend this and call `super().init(*arguments, **attributes)`."""
        for name, value in attributes.items():
            setattr(self, name, value)

    @classmethod
    def using(cls, **parameters: Any) -> DAObjectPlusParameters:
        """The class with attributes its objects begin with, accepted wherever a class is."""
        return DAObjectPlusParameters(cls, parameters)

    # Attributes
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        inherited = inspect.getattr_static(type(self), name, None)
        if inherited is not None and hasattr(inherited, "__get__"):
            # A property lacked something itself: Python came here because what it raised is an AttributeError too.
            _raise_again(self, inherited)
            return inherited.__get__(self, type(self))
        own = self.__dict__.get("instanceName")
        if own is None:
            raise AttributeError(name)
        raise UndefinedAttribute(f"{own}.{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, DAObject) and not value.has_nonrandom_instance_name and name not in _BOOKKEEPING:
            value.set_instance_name(f"{self.instanceName}.{name}")
        object.__setattr__(self, name, value)

    def __dir__(self) -> list[str]:
        return self.attrList

    @property
    def attrList(self) -> list[str]:
        """Names of the attributes that have a value."""
        return [name for name in self.__dict__ if name != "has_nonrandom_instance_name"]

    def initializeAttribute(self, name: str, object_type: Any, **parameters: Any) -> Any:
        """Make an object the attribute, unless there is something already. Gives the attribute."""
        if name not in self.__dict__:
            object.__setattr__(self, name, object_type(f"{self.instanceName}.{name}", **parameters))
        return self.__dict__[name]

    def reInitializeAttribute(self, name: str, object_type: Any, **parameters: Any) -> Any:
        """Make a new object the attribute, whatever was there. Gives the attribute."""
        self.__dict__.pop(name, None)
        return self.initializeAttribute(name, object_type, **parameters)

    def attribute_defined(self, name: str) -> bool:
        """Whether the attribute has a value; never asks."""
        return name in self.__dict__ or hasattr(type(self), name)

    def attr(self, name: str) -> Any:
        """The attribute of that name, sought when it is missing."""
        return getattr(self, name)

    def attr_name(self, name: str) -> str:
        """The expression an attribute is found under, e.g. for `url_action()`."""
        return f"{self.instanceName}.{name}"

    def delattr(self, *names: str) -> None:
        """Take the values of attributes away, as far as they have one."""
        for name in names:
            self.__dict__.pop(name, None)

    def invalidate_attr(self, *names: str) -> None:
        """Take values away, but keep them as defaults for when they are asked again."""
        run = current_run()
        for name in names:
            if name in self.__dict__:
                run.steering.invalidate(run, self.attr_name(name))
                self.__dict__.pop(name, None)

    def getattr_fresh(self, name: str) -> Any:
        """The attribute, computed or asked anew (once per run)."""
        run = current_run()
        run.steering.reconsider(run, self.attr_name(name))
        return getattr(self, name)

    def alternative(self, *names: Any, **choices: Any) -> Any:
        """One of several texts, by the value of an attribute (or of several, joined by `_`).

        `person.alternative('language', es='Hola', default='Hello')`. Without a fit or a default: the first text.
        """
        values = [_known_value(self, name) for name in names if isinstance(name, str)]
        wanted = "_".join(values)
        if wanted in choices:
            return choices[wanted]
        if "default" in choices:
            return choices["default"]
        return next(iter(choices.values()), "")

    # Names
    def set_instance_name(self, name: str) -> None:
        """Name the object, and everything inside that was named after it."""
        rename(self, self.instanceName, name)
        self.__dict__["has_nonrandom_instance_name"] = True

    def _set_instance_name_recursively(self, name: str, matching: str | None = None) -> None:
        """Name the object, and everything inside after its place here, whatever it was called before.

        `matching` spares objects whose names do not begin with it.
        """
        name_by_place(self, name, matching)

    def set_random_instance_name(self) -> None:
        """Give the object a name of its own that no variable has."""
        rename(self, self.instanceName, random_name())
        self.__dict__["has_nonrandom_instance_name"] = False

    def fix_instance_name(self, old: str, new: str) -> None:
        """Replace the beginning of the name, here and in everything inside."""
        rename(self, old, new)

    def copy_shallow(self: Self, name: str) -> Self:
        """A new object of that name with the same attributes; objects inside are shared."""
        made = copy.copy(self)
        made.__dict__["instanceName"], made.__dict__["has_nonrandom_instance_name"] = name, True
        return made

    def copy_deep(self: Self, name: str) -> Self:
        """A new object of that name with copies of everything inside, named after it."""
        made = copy.deepcopy(self)
        made._set_instance_name_recursively(name)
        return made

    def object_name(self, **options: Any) -> str:
        """What the variable is called: `case.plaintiff` is `plaintiff in the case`, `dog[0]` is `first dog`."""
        parts = [_spoken_part(part) for part in reversed(_parts(self.instanceName))]
        text = f" {word('in the')} ".join(parts)
        return text[:1].upper() + text[1:] if options.get("capitalize") else text

    def as_serializable(self) -> Any:
        """The object as plain data for JSON (spec/area2 §7)."""
        from shared.interview.library.json_form import simplified

        return simplified(self)

    # Text, order, identity
    def __str__(self) -> str:
        name = self.__dict__.get("name")
        return str(name) if name is not None else self.object_name()

    def __repr__(self) -> str:
        return repr(str(self))

    def __format__(self, specification: str) -> str:
        return format(str(self), specification)

    def __hash__(self) -> int:
        return hash((self.instanceName,))

    def __eq__(self, other: object) -> bool:
        return self is other

    def __lt__(self, other: Any) -> bool:
        return str(self) < str(other)

    def __le__(self, other: Any) -> bool:
        return str(self) <= str(other)

    def __gt__(self, other: Any) -> bool:
        return str(self) > str(other)

    def __ge__(self, other: Any) -> bool:
        return str(self) >= str(other)


def rename(thing: Any, old: str, new: str) -> None:
    """Replace a beginning of names in an object and everything inside it that carries that beginning."""
    seen: set[int] = set()

    def renamed(name: str) -> str | None:
        if name == old:
            return new
        return new + name[len(old) :] if name.startswith((old + ".", old + "[")) else None

    def visit(value: Any) -> None:
        if id(value) in seen:
            return
        if isinstance(value, DAObject):
            seen.add(id(value))
            changed = renamed(value.instanceName)
            if changed is None:
                return
            value.__dict__["instanceName"] = changed
            for inner in value.__dict__.values():
                visit(inner)
        elif type(value) in (list, tuple, set):
            seen.add(id(value))
            for inner in value:
                visit(inner)
        elif isinstance(value, dict):
            seen.add(id(value))
            for inner in value.values():
                visit(inner)

    visit(thing)


def name_by_place(thing: DAObject, name: str, matching: str | None = None) -> None:
    """Name an object and everything inside by where it is found: `<name>.<attribute>`, `<name>[<index>]`."""
    seen: set[int] = set()

    def visit(value: Any, place: str) -> None:
        if not isinstance(value, DAObject | list | tuple | dict) or id(value) in seen:
            return
        seen.add(id(value))
        if isinstance(value, DAObject):
            if matching is not None and not value.instanceName.startswith(matching):
                return
            value.__dict__["instanceName"], value.__dict__["has_nonrandom_instance_name"] = place, True
            for attribute, inner in value.__dict__.items():
                visit(inner, place if attribute == "elements" else f"{place}.{attribute}")
        else:
            for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
                visit(inner, f"{place}[{key!r}]")

    visit(thing, name)


def _parts(name: str) -> list[str]:
    """The dotted parts of a name; dots inside brackets do not count."""
    parts, depth, begin = [], 0, 0
    for place, letter in enumerate(name):
        depth += (letter == "[") - (letter == "]")
        if letter == "." and depth == 0:
            parts.append(name[begin:place])
            begin = place + 1
    return [*parts, name[begin:]]


def _spoken_part(part: str) -> str:
    match = _INDEXED.match(part)
    if match is None:
        return part.replace("_", " ")
    index = match.group(2).strip("'\"")
    label = ordinal(int(index)) if index.isdigit() else index.replace("_", " ")
    return f"{label} {noun_singular(_spoken_part(match.group(1)))}"


def _known_value(thing: DAObject, name: str) -> str:
    return str(getattr(thing, name))


def instantiate(object_type: Any, name: str, **parameters: Any) -> Any:
    """Make an object of a class or of a class with parameters, under a name. For `objects` blocks and lists."""
    return object_type(name, **parameters)
