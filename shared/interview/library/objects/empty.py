"""DAEmpty: a thing that swallows everything and shows nothing (spec/area4 §6.7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared.interview.library.named import public


@public
class DAEmpty:
    """Prints as nothing, has length 0, is false; every attribute, item, call and sum is empty too.

    `str=` and other keyword arguments say what it gives instead.
    """

    def __init__(self, *_: Any, **attributes: Any) -> None:
        self.str = str(attributes.pop("str", ""))
        self.__dict__.update(attributes)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return DAEmpty()

    def __str__(self) -> str:
        return self.str

    def __repr__(self) -> str:
        return repr(self.str)

    def __format__(self, specification: str) -> str:
        return self.str

    def __call__(self, *_: Any, **__: Any) -> DAEmpty:
        return DAEmpty()

    def __getitem__(self, _: Any) -> DAEmpty:
        return DAEmpty()

    def __setitem__(self, _: Any, __: Any) -> None:
        return None

    def __delitem__(self, _: Any) -> None:
        return None

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __reversed__(self) -> Iterator[Any]:
        return iter(())

    def __contains__(self, _: Any) -> bool:
        return False

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return False

    def __int__(self) -> int:
        return 0

    def __index__(self) -> int:
        return 0

    def __float__(self) -> float:
        return 0.0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DAEmpty) or other == self.str or other is None

    def __hash__(self) -> int:
        return hash(self.str)

    def __lt__(self, other: Any) -> bool:
        return not isinstance(other, DAEmpty)

    def __gt__(self, _: Any) -> bool:
        return False

    def __le__(self, _: Any) -> bool:
        return True

    def __ge__(self, other: Any) -> bool:
        return isinstance(other, DAEmpty)

    def _nothing(self, *_: Any) -> DAEmpty:
        return DAEmpty()

    def _other(self, other: Any) -> Any:
        """Adding nothing to something gives that thing."""
        return other

    __add__ = __radd__ = __or__ = __ror__ = __sub__ = _other
    __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __floordiv__ = __mod__ = __pow__ = __rsub__ = __and__ = _nothing
    __neg__ = __pos__ = __abs__ = __invert__ = _nothing
