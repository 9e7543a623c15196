"""Stored answers: what is kept, how it is written, and how it is read back.

Three pickles in one stream share their references: the variables, what `_internal` remembers, and its bookkeeping
(counters and times that move on every run). So whether a run changed anything is a comparison of bytes.
Classes are named by their module: those of the library say `docassemble.base.util`, and the import hook of
`library.import_hook` resolves it. Only an interview process reads this; the parent never does (DESIGN §6).
"""

from __future__ import annotations

import io
import pickle
import struct
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from shared.interview.errors import EvaluationError
from shared.interview.runtime.namespace import BUILTINS_KEY, LOCALS, Answers

PROTOCOL = 5
_MAGIC = b"CQ1\x00"
_SIZES = struct.Struct("<QQQ")
_DROPPED_TYPES = (ModuleType, FunctionType, BuiltinFunctionType, MethodType, type, io.IOBase)
_DROPPED_NAMES = frozenset({BUILTINS_KEY, "_internal", "__value", *LOCALS})
_BOOKKEEPING = ("tracker", "modtime", "accesstime", "accessroles")

_FORBIDDEN_MODULES = frozenset(
    {
        "os",
        "posix",
        "nt",
        "sys",
        "subprocess",
        "shutil",
        "socket",
        "importlib",
        "runpy",
        "pty",
        "code",
        "ctypes",
        "signal",
    }
)
_FORBIDDEN_BUILTINS = frozenset({"eval", "exec", "compile", "open", "__import__", "breakpoint", "input", "globals"})


class UnreadableAnswers(EvaluationError):
    """The stored answers cannot be read."""


class UnstorableValue(EvaluationError):
    """A variable holds something that cannot be stored."""


@dataclass(frozen=True, slots=True)
class StoredAnswers:
    """The bytes of one version of the answers, in parts."""

    variables: bytes
    memory: bytes
    bookkeeping: bytes

    def to_bytes(self) -> bytes:
        """As one stream."""
        sizes = _SIZES.pack(len(self.variables), len(self.memory), len(self.bookkeeping))
        return b"".join((_MAGIC, sizes, self.variables, self.memory, self.bookkeeping))

    @classmethod
    def from_bytes(cls, data: bytes) -> StoredAnswers:
        """Take a stream apart. Raises UnreadableAnswers."""
        head = len(_MAGIC) + _SIZES.size
        if not data.startswith(_MAGIC) or len(data) < head:
            raise UnreadableAnswers("The stored answers are not in a form this version can read")
        first, second, third = _SIZES.unpack_from(data, len(_MAGIC))
        if len(data) != head + first + second + third:
            raise UnreadableAnswers("The stored answers are incomplete")
        return cls(data[head : head + first], data[head + first : head + first + second], data[head + first + second :])

    def is_same_as(self, other: StoredAnswers) -> bool:
        """Whether they differ in bookkeeping at most."""
        return self.variables == other.variables and self.memory == other.memory


class _Unpickler(pickle.Unpickler):
    """Refuses to name what could act on the machine while answers are merely read."""

    def find_class(self, module: str, name: str) -> Any:
        """The class or function of this name. Raises pickle.UnpicklingError for what answers never hold."""
        if module.partition(".")[0] in _FORBIDDEN_MODULES or (module == "builtins" and name in _FORBIDDEN_BUILTINS):
            raise pickle.UnpicklingError(f"{module}.{name} may not be part of stored answers")
        return super().find_class(module, name)


def is_stored(name: str, value: Any) -> bool:
    """Whether a top-level variable is part of the stored answers (spec/area4 §6.8)."""
    return name not in _DROPPED_NAMES and not isinstance(value, _DROPPED_TYPES)


def dump_answers(answers: Answers) -> StoredAnswers:
    """Write the answers. Raises UnstorableValue, naming the variable."""
    variables = {name: value for name, value in answers.items() if is_stored(name, value)}
    internal: dict[str, Any] = answers["_internal"]
    memory = {name: value for name, value in internal.items() if name not in _BOOKKEEPING}
    bookkeeping = {name: internal[name] for name in _BOOKKEEPING if name in internal}
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, PROTOCOL)
    ends = []
    try:
        for part in (variables, memory, bookkeeping):
            pickler.dump(part)
            ends.append(stream.tell())
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError, ValueError) as error:
        raise UnstorableValue(_explanation({**variables, "_internal": internal}, error)) from error
    data = stream.getvalue()
    return StoredAnswers(data[: ends[0]], data[ends[0] : ends[1]], data[ends[1] :])


def load_answers(stored: StoredAnswers) -> Answers:
    """Read the answers back. Raises UnreadableAnswers, e.g. when a class they use no longer exists."""
    unpickler = _Unpickler(io.BytesIO(stored.variables + stored.memory + stored.bookkeeping))
    try:
        answers: Answers = unpickler.load()
        answers["_internal"] = {**unpickler.load(), **unpickler.load()}
    except Exception as error:  # a class's own __setstate__ may raise anything
        raise UnreadableAnswers(f"The stored answers cannot be read: {error}") from error
    return answers


def load_variables(stored: StoredAnswers) -> Answers:
    """The variables alone, as objects of their own. Raises UnreadableAnswers."""
    return dict(load_value(stored.variables))


def dump_value(value: Any, what: str) -> bytes:
    """Pickle one value that travels: arguments, a payload. Raises UnstorableValue naming `what`."""
    try:
        return pickle.dumps(value, PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError, ValueError) as error:
        raise UnstorableValue(f"{what} cannot be passed on: {error}") from error


def load_value(data: bytes) -> Any:
    """Read one value back. Raises UnreadableAnswers."""
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except Exception as error:  # a class's own __setstate__ may raise anything
        raise UnreadableAnswers(f"A passed value cannot be read: {error}") from error


def _explanation(variables: dict[str, Any], error: BaseException) -> str:
    for name, value in variables.items():
        try:
            pickle.dumps(value, PROTOCOL)
        except Exception as cause:  # whatever made it fail is what the author has to know
            return f"The variable {name} cannot be stored: {cause}. Delete it, or keep it out of the answers"
    return f"The answers cannot be stored: {error}"
