"""DAGlobal: an object whose attributes live outside the answers, where other sessions see them (spec/area2 §9.3).

They are read when the answers are, and each that has changed is written when the answers are saved, so that two
sessions that change different attributes do not undo each other's work.
"""

from __future__ import annotations

import copy
from typing import Any

from shared.interview.library import store_desk
from shared.interview.library.faults import DAError
from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject
from shared.interview.runtime.run import Run, current_run, current_run_or_none
from shared.kernel.ids import new_code

_OWN = ("instanceName", "has_nonrandom_instance_name", "base", "key")
_BASES = ("user", "interview", "global")
_MEMO = "shared attributes"
_MARK = ""
"""Stands among the attributes for the object being there, also without any."""

_restored: list[DAGlobal] = []
"""Objects that were read while no run was going on yet: their attributes come with the run."""


@public
class DAGlobal(DAObject):
    """Attributes shared under `base` (`user`, `interview`, `global`) and `key`. Not encrypted; Back undoes nothing."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """Read what is there; further attributes are set if there is nothing of that name."""
        base, key = attributes.pop("base", "user"), attributes.pop("key", None)
        self.__dict__["base"] = base
        self.__dict__["key"] = new_code(32) if key is None else _text(key)
        if current_run_or_none() is not None:
            _bring_in(self, current_run())
        super().init(*arguments, **{name: value for name, value in attributes.items() if name not in self.__dict__})

    @property
    def _store(self) -> str:
        return _store_of(self.__dict__.get("base"))

    def __getstate__(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in _OWN if name in self.__dict__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        run = current_run_or_none()
        if run is None:
            _restored.append(self)
        else:
            _bring_in(self, run)

    def __deepcopy__(self, memo: dict[int, Any]) -> DAGlobal:
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        made.__dict__.update({name: copy.deepcopy(value, memo) for name, value in self.__dict__.items()})
        return made

    @classmethod
    def keys(cls, base: str) -> list[str]:
        """The keys of all objects of this base."""
        return store_desk.names(_store_of(base), of_collections=True)

    @classmethod
    def defined(cls, base: str, key: str) -> bool:
        """Whether there is one."""
        return key in cls.keys(base)

    @classmethod
    def remove(cls, base: str, key: str) -> None:
        """Delete the attributes of one, if it is there."""
        store_desk.clear(_store_of(base), _text(key))

    def delete(self) -> None:
        """Delete the attributes, here and where they are shared."""
        key = self.__dict__.get("key")
        if key is not None:
            store_desk.clear(self._store, key)
        for name in [name for name in self.__dict__ if name not in _OWN]:
            del self.__dict__[name]
        known = _known(current_run())
        known[:] = [entry for entry in known if entry[0] is not self]


def _store_of(base: Any) -> str:
    return base if base in _BASES else "user"


def _text(key: Any) -> str:
    if not isinstance(key, str) or not key:
        raise DAError(f"The key of a DAGlobal has to be a text, not {key!r}")
    return key


def _known(run: Run) -> list[tuple[DAGlobal, dict[str, bytes]]]:
    """Objects of this run, and their attributes as they were read."""
    found: list[tuple[DAGlobal, dict[str, bytes]]] = run.memo.setdefault(_MEMO, [])
    return found


def _bring_in(thing: DAGlobal, run: Run) -> None:
    key = thing.__dict__.get("key")
    if key is None:
        return
    stored = store_desk.read_all(thing._store, key)
    before: dict[str, bytes] = {_MARK: b""} if _MARK in stored else {}
    for name, data in stored.items():
        if name == _MARK:
            continue
        value = store_desk.unpacked(data)
        place = f"{thing.instanceName}.{name}"
        if isinstance(value, DAObject) and value.instanceName != place:
            value._set_instance_name_recursively(place)
        thing.__dict__[name] = value
        before[name] = store_desk.packed(value, place)  # as it would be written: a name may be another one here
    _known(run).append((thing, before))


def forget_restored() -> None:
    """Before answers are read."""
    _restored.clear()


def bring_in_restored(run: Run) -> None:
    """After answers were read: the attributes of their shared objects."""
    things = list(_restored)
    _restored.clear()
    for thing in things:
        _bring_in(thing, run)


def keep_changes(run: Run) -> None:
    """Before the answers are saved: write what has changed of each."""
    for thing, before in _known(run):
        now = {name: value for name, value in thing.__dict__.items() if name not in _OWN}
        packed = {_MARK: b""} | {
            name: store_desk.packed(value, f"{thing.instanceName}.{name}") for name, value in now.items()
        }
        changed = {name: data for name, data in packed.items() if before.get(name) != data}
        gone = [name for name in before if name not in packed]
        if changed or gone:
            store_desk.write(thing._store, changed, collection=thing.__dict__["key"], deletes=gone)
            before.clear()
            before.update(packed)
