"""What all collections of the library share: when they gather, and how they are spoken of (spec/area4 §6.2).

Gathering seeks what a collection lacks by reading it: the missing name is raised and the evaluation comes back later.
While a collection gathers, looking into it does not start gathering again; the run keeps the list of those that do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from shared.interview.library import grammar
from shared.interview.library.numbers import nice_number
from shared.interview.library.objects.base import DAObject, DAObjectPlusParameters
from shared.interview.library.objects.set_algebra import SetAlgebra
from shared.interview.library.objects.wording import PointOfView, Pronouns
from shared.interview.runtime.run import current_run_or_none

Self = TypeVar("Self", bound="Gathered")

_FLAGS = ("gathered", "there_are_any", "there_is_another", "there_is_one_other")


class Gathered(SetAlgebra, DAObject):
    """Base of DAList, DADict and DASet."""

    elements: Any
    auto_gather: bool
    ask_number: bool
    minimum_number: Any
    object_type: Any
    object_type_parameters: dict[str, Any]
    complete_attribute: Any
    ask_object_type: bool

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """Prepare an empty collection; `elements=[…]` fills it and counts as gathered."""
        defaults = {
            "elements": self._empty(),
            "auto_gather": True,
            "ask_number": False,
            "minimum_number": None,
            "object_type": None,
            "object_type_parameters": {},
            "complete_attribute": None,
            "ask_object_type": False,
        }
        self.__dict__.update(defaults)
        elements = attributes.pop("elements", None)
        super().init(*arguments, **attributes)
        if elements is not None:
            self._fill(elements)
            self.__dict__.update(gathered=True, revisit=True)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "object_type":
            parameters: dict[str, Any] = {}
            if isinstance(value, DAObjectPlusParameters):
                value, parameters = value.object_type, dict(value.parameters)
            self.__dict__["object_type"], self.__dict__["object_type_parameters"] = value, parameters
            return
        super().__setattr__(name, value)

    def _empty(self) -> Any:
        raise NotImplementedError

    def _fill(self, elements: Any) -> None:
        raise NotImplementedError

    def _values(self) -> Iterable[Any]:
        """The elements as they are, without gathering."""
        raise NotImplementedError

    def _picked(self, fits: Callable[[Any], bool]) -> Any:
        """The elements that fit, in a plain collection of the same kind; never gathers."""
        raise NotImplementedError

    def _gather_one(self, item_object_type: Any, complete_attribute: Any) -> None:
        """Make or seek the next element and read what makes it complete. Raises the missing name."""
        raise NotImplementedError

    # When it gathers
    def gather(self, **options: Any) -> bool:
        """Ask for everything the collection lacks. Returns True; raises the next missing name until it is complete."""
        if self.__dict__.get("gathered"):
            wants_more = self.auto_gather and not self.elements and self.__dict__.get("there_are_any")
            if not wants_more:
                return True
            del self.__dict__["gathered"]
        with self._gathering_mode():
            self._gather(**options)
            self.hook_on_gather()
            if self.auto_gather:
                self.__dict__["gathered"] = True
                self.__dict__["revisit"] = True
        self.hook_after_gather()
        return True

    def _gather(
        self,
        item_object_type: Any = None,
        number: int | None = None,
        minimum: int | None = None,
        complete_attribute: Any = None,
    ) -> None:
        """Read everything that is missing: up to a number, or a minimum and then as long as there is another."""
        number = self._wanted_number(number)
        minimum = self.minimum_number if minimum is None else minimum
        if number is None and minimum is None:
            minimum = 1 if self.elements or self.there_are_any else 0
        self._complete_all(complete_attribute)
        at_least = max(int(minimum or 0), number or 0, int(self.__dict__.get("_necessary_length", 0)))
        while len(self.elements) < at_least:
            self._gather_one(item_object_type, complete_attribute)
        self.__dict__.pop("_necessary_length", None)
        if number is None and minimum != 0:
            while self._another_is_wanted():
                self.__dict__["_necessary_length"] = len(self.elements) + 1
                self._gather_one(item_object_type, complete_attribute)
                del self.__dict__["_necessary_length"]

    def _complete_all(self, complete_attribute: Any = None) -> None:
        """Read what makes the elements complete that are there."""
        for element in list(self._values()):
            self._complete(element, complete_attribute)

    def _complete(self, element: Any, complete_attribute: Any = None) -> None:
        """Read what makes an element complete, and tell the hook when it is."""
        self._validate(element, complete_attribute)
        self.hook_on_item_complete(element)

    def _trigger_gather(self) -> None:
        """Make sure that the collection is complete, unless it is being gathered right now."""
        if self.__dict__.get("gathered") and (self.elements or not self.__dict__.get("there_are_any")):
            return
        if self._is_gathering():
            return
        if self.auto_gather:
            self.gather()
        else:
            _ = self.gathered

    def _is_gathering(self) -> bool:
        run = current_run_or_none()
        return run is not None and self.instanceName in run.gathering

    @contextmanager
    def _gathering_mode(self) -> Iterator[None]:
        """Mark the collection as being gathered; the mark stays when a missing name interrupts."""
        run = current_run_or_none()
        if run is not None:
            run.gathering.setdefault(self.instanceName, run.sought[-1] if run.sought else "")
        yield
        if run is not None:
            run.gathering.pop(self.instanceName, None)

    def hook_on_gather(self, *_: Any, **__: Any) -> None:
        """Called at the end of gathering, before it counts as gathered; for derived classes."""

    def hook_after_gather(self, *_: Any, **__: Any) -> None:
        """Called when gathering is over; for derived classes."""

    def hook_on_item_complete(self, *_: Any, **__: Any) -> None:
        """Called with an element that was found complete, each time the collection gathers; for derived classes."""

    def hook_on_remove(self, *_: Any, **__: Any) -> None:
        """Called with an element that was taken out; for derived classes."""

    def has_been_gathered(self) -> bool:
        """Whether the collection is complete; never asks."""
        return bool(self.__dict__.get("gathered"))

    def gathering_started(self) -> bool:
        """Whether anything is known about what it holds; never asks."""
        return bool(self.elements) or any(
            name in self.__dict__ for name in ("gathered", "there_are_any", "target_number")
        )

    def reset_gathered(
        self, recursive: bool = False, only_if_empty: bool = False, mark_incomplete: bool = False
    ) -> None:
        """Let it be gathered again: more may be added. `recursive` also resets collections inside."""
        if only_if_empty and self.elements:
            return
        for name in _FLAGS:
            if name == "there_are_any" and self.elements:
                continue
            self.__dict__.pop(name, None)
        if mark_incomplete:
            for element in self._values():
                if isinstance(element, DAObject):
                    element.delattr(*self._complete_names())
        if recursive:
            for element in self._values():
                for inner in [element, *vars(element).values()] if isinstance(element, DAObject) else [element]:
                    if isinstance(inner, Gathered):
                        inner.reset_gathered(
                            recursive=True, only_if_empty=only_if_empty, mark_incomplete=mark_incomplete
                        )

    def gathered_and_complete(self) -> bool:
        """Gather again from what is there, so that elements that became incomplete are asked for."""
        self.__dict__.pop("gathered", None)
        if self.complete_attribute == "complete":
            for element in self._values():
                if isinstance(element, DAObject):
                    element.delattr("complete")
        return self.gather()

    def _complete_names(self) -> tuple[str, ...]:
        names = self.complete_attribute
        if names is None:
            return ()
        return (names,) if isinstance(names, str) else tuple(names)

    def _validate(self, element: Any, complete_attribute: Any = None) -> None:
        """Read what makes an element complete."""
        names = complete_attribute if complete_attribute is not None else self.complete_attribute
        if names is None or not isinstance(element, DAObject):
            str(element)
            return
        for name in (names,) if isinstance(names, str) else names:
            functools.reduce(getattr, str(name).split("."), element)

    def _is_complete(self, element: Any) -> bool:
        """Whether an element has what makes it complete; never asks."""
        try:
            self._validate(element)
        except (AttributeError, NameError, LookupError):
            return False
        return True

    def complete_elements(self: Self, complete_attribute: Any = None) -> Self:
        """A new collection of the elements that are complete; never asks."""
        judged = self
        if complete_attribute is not None:
            judged = self.copy_shallow(self.instanceName)
            judged.__dict__["complete_attribute"] = complete_attribute
        return self._derived(self._picked(judged._is_complete))

    def _derived(self: Self, elements: Any, *arguments: Any) -> Self:
        """A gathered collection of the same kind that holds other elements; they keep their names."""
        made = type(self)(*(arguments or (self.instanceName,)))
        if not arguments:
            made.set_random_instance_name()
        for name in ("object_type", "object_type_parameters", "complete_attribute", "auto_gather"):
            made.__dict__[name] = self.__dict__[name]
        made.__dict__["elements"] = elements
        made.__dict__.update(gathered=True, revisit=True, there_are_any=bool(elements))
        return made

    def _asked_type(self) -> Any:
        """The class of the next object, asked for. Raises TypeError when the answer is none."""
        chosen = self.new_object_type
        if isinstance(chosen, type | DAObjectPlusParameters):
            return chosen
        raise TypeError(f"{self.instanceName}.new_object_type has to be a class, not {chosen!r}")

    def _wanted_number(self, number: int | None) -> int | None:
        """How many elements there shall be, if a number is asked for."""
        if number is not None or not self.ask_number:
            return number
        if self.__dict__.get("there_are_any") is False:
            return 0
        return int(self.target_number)

    def _another_is_wanted(self) -> bool:
        """Ask whether there is another, and forget the answer if there is."""
        if self.__dict__.get("there_is_one_other"):
            del self.__dict__["there_is_one_other"]
            self.__dict__["there_is_another"] = False
            return True
        if not self.there_is_another:
            return False
        del self.__dict__["there_is_another"]
        return True

    def _forget_pending(self) -> None:
        """Nothing is to be asked any more for an item whose adding or editing was cancelled."""
        run = current_run_or_none()
        if run is not None:
            run.steering.forget_pending(run, self.instanceName)

    def _count_changed(self) -> None:
        """Let `there_are_any` follow what the collection holds."""
        if "there_are_any" in self.__dict__:
            self.__dict__["there_are_any"] = bool(self.elements)

    def _note_element(self) -> None:
        """There are some: nobody has to be asked whether there are any."""
        self.__dict__["there_are_any"] = True

    def _taken_out(self, *elements: Any) -> None:
        """Elements are gone: `there_are_any` follows, the hook is told."""
        self._count_changed()
        for element in elements:
            self.hook_on_remove(element)

    # How it is spoken of
    def number(self) -> int:
        """How many there are; while they are being gathered by number, how many there shall be."""
        if self.ask_number and not self.__dict__.get("gathered"):
            return int(self._wanted_number(None) or 0)
        return len(self)

    def number_gathered(self, if_started: bool = False) -> int:
        """How many are known so far; never asks."""
        return len(self.elements)

    def number_as_word(self, language: str | None = None, capitalize: bool = False) -> str:
        """How many there are, in words."""
        return nice_number(self.number(), capitalize=capitalize, language=language)

    def quantity_noun(self, *noun: Any, **options: Any) -> str:
        """The number with a noun: `two apples`."""
        return grammar.quantity_noun(self.number(), noun[0] if noun else self._noun(), **options)

    def _noun(self) -> str:
        """What an element is called, from the name of the collection."""
        name = str(self.object_name().partition(" in the ")[0])
        return name.replace("_", " ")

    def as_noun(self, *noun: Any, **options: Any) -> str:
        """The name of the collection as a noun in the right number: `child` or `children`."""
        text = str(noun[0]) if noun else self._noun()
        is_plural = options.get("plural", False) or self.number() != 1
        found = grammar.noun_plural(text) if is_plural else grammar.noun_singular(text)
        if options.get("this"):
            found = f"{'these' if is_plural else 'this'} {found}"
        elif options.get("article"):
            found = f"{'some' if is_plural else grammar.indefinite_article(found).split(' ')[0]} {found}"
        return found[:1].upper() + found[1:] if options.get("capitalize") else found

    def as_singular_noun(self) -> str:
        """The name of the collection as a singular noun."""
        return grammar.noun_singular(self._noun())

    def possessive(self, target: Any, **options: Any) -> str:
        """What belongs to them, by the name of the collection: `the users' dog`."""
        return grammar.possessify(
            self.as_noun(), target, plural=self.number() > 1, capitalize=options.get("capitalize", False)
        )

    def is_user(self) -> bool:
        """Whether this is who `set_info(user=…)` named; a collection of one is judged by its element."""
        return super().is_user() or (
            self.number() == 1 and isinstance(only := self._only(), DAObject) and only.is_user()
        )

    def _only(self) -> Any:
        return next(iter(self._values()), None)

    def _is_several(self) -> bool:
        return self.number() > 1

    def point_of_view(self) -> PointOfView:
        """Who is spoken of; a collection of one is spoken of like its element."""
        if "_point_of_view" not in self.__dict__ and self.number() == 1 and isinstance(only := self._only(), DAObject):
            return only.point_of_view()
        return super().point_of_view()

    def _third_person(self) -> Pronouns:
        only = self._only()
        return only._third_person() if isinstance(only, DAObject) else super()._third_person()

    def __str__(self) -> str:
        return self.comma_and_list()

    def __repr__(self) -> str:
        """As the plain collection of its elements, so that `repr()` shows them as Python writes them."""
        self._trigger_gather()
        return repr(self.elements)

    def comma_and_list(self, **options: Any) -> str:
        """The elements as in a sentence."""
        self._trigger_gather()
        return grammar.comma_and_list(list(self._values()), **options)
