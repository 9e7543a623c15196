"""Every class of the library is stored under the name authors know, and opened again as it was."""

from __future__ import annotations

import pickle
import pickletools
from collections.abc import Callable
from typing import Any

import pytest

from shared.interview.library.dates import as_datetime, date_difference
from shared.interview.library.exports import hidden_members_of, public_names
from shared.interview.library.json_form import simplified
from shared.interview.library.named import COLLOQUY, FUNCTIONS, UTIL
from shared.interview.library.objects import DAObject
from shared.interview.library.unavailable import CLASSES
from shared.interview.runtime.run import Run

MADE_OTHERWISE: dict[str, Callable[[Any], Any]] = {
    "DADateTime": lambda cls: as_datetime("2024-05-01 10:00"),
    "DateTimeDelta": lambda cls: date_difference(starting="2024-01-01", ending="2024-02-01"),
    "DAObjectPlusParameters": lambda cls: DAObject.using(color="red"),
    "DAEmpty": lambda cls: cls(str="nothing"),
    "DAValidationError": lambda cls: cls("Too old", field="age"),
    "DAError": lambda cls: cls("no"),
    "DAException": lambda cls: cls("no"),
    "DANav": lambda cls: cls(),
    "SessionResponse": lambda cls: cls(b"yes", 200, "text/plain"),
    "TaskHandle": lambda cls: cls("task"),
    "ReminderHandle": lambda cls: cls("reminder", as_datetime("2024-05-01 10:00")),
    "TaskResult": lambda cls: cls([1]),
    "Launching": lambda cls: cls().with_options(idempotent=True, time_limit=60),
    "MachineLearner": lambda cls: cls("letters"),
    "RandomForestMachineLearner": lambda cls: cls("letters"),
    "SVMMachineLearner": lambda cls: cls("letters"),
    "SimpleTextMachineLearner": lambda cls: cls("letters"),
    "TimerHandle": lambda cls: cls("timer", as_datetime("2024-05-01 10:00")),
}
NOT_STORED = {"CustomDataType", "DAGlobal"} | set(CLASSES)
"""Classes authors derive from, those this server cannot make, and one whose attributes lie elsewhere."""
STORED = {
    name: cls
    for name, cls in {
        **public_names(),
        **hidden_members_of(UTIL),
        **hidden_members_of(FUNCTIONS),
        **hidden_members_of(COLLOQUY),
    }.items()
    if isinstance(cls, type) and name not in NOT_STORED
}


def state_of(thing: Any) -> Any:
    """What there is of a thing, as plain data."""
    if isinstance(thing, DAObject):
        return simplified(thing)
    attributes = getattr(thing, "__dict__", {})
    text = str(thing) if type(thing).__str__ is not object.__str__ else ""
    return {name: str(value) for name, value in attributes.items()}, text


def names_in(stored: bytes) -> set[str]:
    """The names of classes a pickle refers to, `module.name`."""
    texts: list[str] = []
    found = set()
    for operation, argument, _ in pickletools.genops(stored):
        if operation.name == "GLOBAL":
            found.add(str(argument).replace(" ", "."))
        elif operation.name == "STACK_GLOBAL":
            found.add(".".join(texts[-2:]))
        if isinstance(argument, str) and "GLOBAL" not in operation.name:
            texts.append(argument)
    return found


@pytest.mark.usefixtures("importable", "run")
@pytest.mark.parametrize("name", sorted(STORED))
def test_each_class_is_opened_again_by_its_published_name(name: str) -> None:
    cls = STORED[name]
    thing = MADE_OTHERWISE[name](cls) if name in MADE_OTHERWISE else cls("thing")
    if isinstance(thing, DAObject):
        thing.__dict__["kept"] = [1, {"a": thing}]
    stored = pickle.dumps(thing)
    again = pickle.loads(stored)
    assert type(again) is cls
    assert f"{cls.__module__}.{cls.__qualname__}" in names_in(stored)
    assert not any(found.startswith(("shared.", "services.")) for found in names_in(stored))
    assert state_of(again) == state_of(thing)


@pytest.mark.usefixtures("importable")
def test_what_is_shared_inside_stays_shared_and_names_stay(run: Run) -> None:
    names = public_names()
    people = names["DAList"]("people", object_type=names["Individual"].using(gender="female"), complete_attribute="age")
    people.appendObject()
    judge = names["Individual"]("judge", mother=people[0])
    kinds = names["DADict"]("kinds", elements={"a": people[0]})
    again = pickle.loads(pickle.dumps({"people": people, "judge": judge, "kinds": kinds}))
    first = again["people"].elements[0]
    assert again["judge"].mother is first is again["kinds"].elements["a"]
    assert (first.instanceName, first.name.instanceName, first.gender) == ("people[0]", "people[0].name", "female")
    assert again["people"].object_type is names["Individual"]
    assert again["people"].object_type_parameters == {"gender": "female"}
