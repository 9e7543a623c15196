"""Which variable a new object is being assigned to, read from the code that makes it (spec/area4 §6.1)."""

from __future__ import annotations

import dis
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

from shared.kernel.ids import new_code

_IGNORED = frozenset({"CACHE", "PRECALL", "NOP", "EXTENDED_ARG", "COPY", "DUP_TOP", "RESUME", "NOT_TAKEN"})


def random_name() -> str:
    """A name for an object that nobody has named yet."""
    return new_code(12)


def name_from_frame(frame: FrameType | None, made: Any) -> str | None:
    """The variable the object under construction goes to, e.g. `a`, `a.b` or `a['k']`; None when it cannot be told.

    `frame` is the one that called the constructor; constructors of derived classes are stepped over.
    """
    while frame is not None and _is_constructor_of(frame, made):
        frame = frame.f_back
    if frame is None:
        return None
    pieces = _target_after(frame.f_code, frame.f_lasti)
    if pieces is None:
        return None
    name = str(pieces[0])
    for kind, value in pieces[1:]:
        if kind == "attribute":
            name += f".{value}"
        elif kind == "constant":
            name += f"[{value!r}]"
        else:
            found = frame.f_locals.get(value, frame.f_globals.get(value))
            if not isinstance(found, str | int):
                return None
            name += f"[{found!r}]"
    return name


def _is_constructor_of(frame: FrameType, made: Any) -> bool:
    """Whether this frame is an `__init__` of the object itself, or the class being called with parameters."""
    code = frame.f_code
    if code.co_name == "__init__" and code.co_argcount:
        return frame.f_locals.get(code.co_varnames[0]) is made
    return False


@lru_cache(maxsize=2000)
def _target_after(code: CodeType, offset: int) -> tuple[Any, ...] | None:
    """What the value computed at `offset` is stored in: (base name, (kind, value) …), or None."""
    pieces: list[Any] = []
    has_started = False
    for instruction in dis.get_instructions(code):
        if instruction.offset <= offset:
            continue
        operation, value = instruction.opname, instruction.argval
        if operation in _IGNORED:
            continue
        if operation in ("STORE_NAME", "STORE_GLOBAL") and not has_started:
            return (value,)
        if operation in ("LOAD_NAME", "LOAD_GLOBAL"):
            if has_started:
                pieces.append(("name", value))
            else:
                pieces.append(value)
                has_started = True
        elif not has_started:
            return None
        elif operation == "LOAD_ATTR":
            pieces.append(("attribute", value))
        elif operation in ("LOAD_CONST", "LOAD_SMALL_INT"):
            pieces.append(("constant", value))
        elif operation == "STORE_ATTR":
            return (*pieces, ("attribute", value))
        elif operation == "STORE_SUBSCR":
            return tuple(pieces) if len(pieces) > 1 and pieces[-1][0] != "attribute" else None
        elif operation not in ("BINARY_SUBSCR", "BINARY_OP"):
            return None
    return None
