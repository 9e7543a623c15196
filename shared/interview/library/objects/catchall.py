"""DACatchAll: stands in for a variable nothing defines, and notes what it is used for (spec/area4 §6.7)."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject


@public
class DACatchAll(DAObject):
    """Any use of it records `context` and `operand`, then reads `value`, which the interview asks for."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """Nothing is known about its use yet."""
        self.__dict__["context"] = None
        super().init(*arguments, **attributes)

    def _used(self, context: str, operand: Any = None) -> Any:
        if "value" not in self.__dict__:
            self.__dict__["context"] = context
            self.__dict__.pop("operand", None)
            if operand is not None:
                self.__dict__["operand"] = operand
        return self.value

    def data_type_guess(self) -> str:
        """What kind of value its use calls for: `str`, `int`, `float`, `bool`, `list`, `dict` …"""
        context, operand = self.__dict__.get("context"), self.__dict__.get("operand")
        if operand is not None and not isinstance(operand, DAObject):
            return type(operand).__name__
        return _GUESSES.get(str(context), "str")

    def __str__(self) -> str:
        return str(self._used("str"))

    def __repr__(self) -> str:
        return repr(self._used("repr"))

    def __format__(self, specification: str) -> str:
        return format(self._used("str"), specification)

    def __bool__(self) -> bool:
        return bool(self._used("bool"))

    def __len__(self) -> int:
        return len(self._used("len"))

    def __iter__(self) -> Iterator[Any]:
        return iter(self._used("iter"))

    def __contains__(self, item: Any) -> bool:
        return item in self._used("contains", item)

    def __getitem__(self, key: Any) -> Any:
        return self._used("getitem", key)[key]

    def __int__(self) -> int:
        return int(self._used("int"))

    def __float__(self) -> float:
        return float(self._used("float"))

    def __index__(self) -> int:
        return operator.index(self._used("int"))

    def __round__(self, *digits: int) -> Any:
        return round(self._used("round"), *digits)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._used("call")(*arguments, **options)

    def __hash__(self) -> int:
        return hash((self.instanceName,))


_GUESSES = {
    "bool": "bool",
    "int": "int",
    "float": "float",
    "len": "list",
    "iter": "list",
    "contains": "list",
    "getitem": "dict",
    "add": "float",
    "sub": "float",
    "mul": "float",
    "truediv": "float",
    "floordiv": "int",
    "mod": "int",
    "pow": "float",
    "neg": "float",
    "abs": "float",
    "round": "float",
    "floor": "float",
    "ceil": "float",
    "trunc": "float",
    "divmod": "float",
}


def _binary(name: str, is_reflected: bool) -> Callable[[Any, Any], Any]:
    operation = divmod if name == "divmod" else getattr(operator, {"and": "and_", "or": "or_"}.get(name, name))

    def apply(self: DACatchAll, other: Any) -> Any:
        own = self._used(name, other)
        return operation(other, own) if is_reflected else operation(own, other)

    return apply


def _unary(name: str) -> Callable[[Any], Any]:
    operation = getattr(operator if hasattr(operator, name) else math, name)

    def apply(self: DACatchAll) -> Any:
        return operation(self._used(name))

    return apply


for _name in (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
    "divmod",
):
    setattr(DACatchAll, f"__{_name}__", _binary(_name, False))
    setattr(DACatchAll, f"__r{_name}__", _binary(_name, True))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(DACatchAll, f"__{_name}__", _binary(_name, False))
for _name in ("neg", "pos", "abs", "invert", "floor", "ceil", "trunc"):
    setattr(DACatchAll, f"__{_name}__", _unary(_name))
