"""Amounts of money: assets, income, expenses (spec/area4 §6.5)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.dicts import DADict
from shared.interview.library.objects.lists import DAList


@public
class Value(DAObject):
    """An amount that may exist or not."""

    def amount(self) -> Decimal:
        """The amount; zero when it does not exist."""
        return Decimal(str(self.value)) if self.exists else Decimal(0)

    def __str__(self) -> str:
        return str(self.amount())

    def __float__(self) -> float:
        return float(self.amount())

    def __int__(self) -> int:
        return int(self.amount())


@public
class PeriodicValue(Value):
    """An amount that comes `period` times a year."""

    def amount(self, period_to_use: Any = 1) -> Decimal:
        """The amount per year, or per the part of a year that `period_to_use` of them make up."""
        if not self.exists:
            return Decimal(0)
        return Decimal(str(self.value)) * Decimal(str(self.period)) / Decimal(str(period_to_use))


@public
class FinancialList(DADict):
    """Amounts by what they are for."""

    value_class: type[Value] = Value

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """An empty list of amounts."""
        super().init(*arguments, **{"object_type": self.value_class, "complete_attribute": "value", **attributes})

    def _validate(self, element: Any, complete_attribute: Any = None) -> None:
        """What somebody named is there; only amounts the author prepared are asked about."""
        if "value" in element.__dict__ or not self._was_prepared(element):
            element.__dict__.setdefault("exists", True)
        if element.exists:
            super()._validate(element, complete_attribute)

    def _was_prepared(self, element: Any) -> bool:
        return any(self.elements.get(key) is element for key in self.__dict__.get("_prepared", ()))

    def new(self, *keys: Any, **parameters: Any) -> None:
        """Prepare amounts: for each of them it is asked whether it exists."""
        known = set(self.elements)
        super().new(*keys, **parameters)
        prepared = self.__dict__.setdefault("_prepared", [])
        prepared.extend(key for key in self.elements if key not in known)

    def existing_items(self) -> DAList:
        """The names of the amounts that exist."""
        self._trigger_gather()
        found = DAList(f"{self.instanceName}.existing_items")
        found.__dict__["elements"] = [key for key in self._sorted_keys() if self.elements[key].exists]
        found.__dict__.update(gathered=True, auto_gather=False)
        return found

    def total(self) -> Decimal:
        """The sum of what exists."""
        self._trigger_gather()
        return sum((element.amount() for element in self.elements.values()), Decimal(0))

    def total_gathered(self) -> Decimal:
        """The sum of what is known so far; never asks."""
        return sum((element.amount() for element in self.elements.values() if "value" in element.__dict__), Decimal(0))

    def market_value_total(self) -> Decimal:
        """The sum of the market values of what exists."""
        self._trigger_gather()
        values = (Decimal(str(element.market_value)) for element in self.elements.values() if element.exists)
        return sum(values, Decimal(0))

    def balance_total(self) -> Decimal:
        """The sum of the balances of what exists."""
        self._trigger_gather()
        return sum((Decimal(str(element.balance)) for element in self.elements.values() if element.exists), Decimal(0))


@public
class PeriodicFinancialList(FinancialList):
    """Amounts that come several times a year."""

    value_class = PeriodicValue

    def _validate(self, element: Any, complete_attribute: Any = None) -> None:
        super()._validate(element, complete_attribute)
        if element.exists:
            _ = element.period

    def total(self, period_to_use: Any = 1) -> Decimal:
        """The sum of what exists, per year or another period."""
        self._trigger_gather()
        return sum((element.amount(period_to_use) for element in self.elements.values()), Decimal(0))


@public
class Income(PeriodicFinancialList):
    """What comes in."""


@public
class Expense(PeriodicFinancialList):
    """What goes out."""


@public
class Asset(FinancialList):
    """What somebody owns."""
