"""Names of things and of people (spec/area4 §6.5)."""

from __future__ import annotations

from typing import Any

from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject


@public
class Name(DAObject):
    """A name that is one text."""

    def full(self, **_: Any) -> str:
        """The whole name."""
        return str(self.text)

    def familiar(self) -> str:
        """What friends say."""
        return str(self.text)

    def firstlast(self) -> str:
        """The name in its ordinary order."""
        return str(self.text)

    def lastfirst(self) -> str:
        """The name as it is sorted."""
        return str(self.text)

    def middle_initial(self, with_period: bool = True) -> str:
        """Nothing: this name has no parts."""
        return ""

    def defined(self) -> bool:
        """Whether the name is known; never asks."""
        return "text" in self.__dict__

    def __str__(self) -> str:
        return self.full()


@public
class IndividualName(Name):
    """The name of a person, in parts: first, middle, last, suffix; or one `text` when `uses_parts` is False."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """A name in parts unless `uses_parts=False`."""
        self.__dict__["uses_parts"] = True
        super().init(*arguments, **attributes)

    def defined(self) -> bool:
        """Whether the (first) name is known; never asks."""
        return ("first" if self.uses_parts else "text") in self.__dict__

    def full(self, middle: Any = "initial", use_suffix: bool = True, **_: Any) -> str:
        """First, middle, last name and suffix, as far as they are known; only the first name is asked for.

        `middle` is `initial` (a letter and a point), `full`, or False.
        """
        if not self.uses_parts:
            return super().full()
        parts = [str(self.first).strip()]
        if middle in (False, None):
            pass
        elif middle is True or middle == "full":
            parts.append(self._part("middle"))
        else:
            parts.append(self.middle_initial())
        parts += self._last_names()
        if use_suffix:
            parts.append(self._part("suffix"))
        return " ".join(part for part in parts if part)

    def _part(self, name: str) -> str:
        value = self.__dict__.get(name)
        return "" if value is None else str(value).strip()

    def _last_names(self) -> list[str]:
        if "last" in self.__dict__:
            return [self._part("last")]
        return [self._part("paternal_surname"), self._part("maternal_surname")]

    def firstlast(self) -> str:
        """First and last name."""
        if not self.uses_parts:
            return super().firstlast()
        return f"{self.first} {self.last}"

    def lastfirst(self) -> str:
        """`Smith, John`, with suffix and middle initial as far as they are known."""
        if not self.uses_parts:
            return super().lastfirst()
        parts = [str(self.last).strip()]
        if suffix := self._part("suffix"):
            parts[0] += f" {suffix}"
        given = " ".join(part for part in (str(self.first).strip(), self.middle_initial()) if part)
        return f"{parts[0]}, {given}"

    def familiar(self) -> str:
        """The first name."""
        return str(self.first) if self.uses_parts else super().familiar()

    def middle_initial(self, with_period: bool = True) -> str:
        """The first letter of the middle name, as far as it is known."""
        middle = self._part("middle")
        return middle[:1] + ("." if with_period else "") if middle else ""
