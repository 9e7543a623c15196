"""People who get e-mail (spec/area4 §6.7)."""

from __future__ import annotations

from typing import Any

from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.lists import DAList


@public
class DAEmailRecipient(DAObject):
    """Somebody with an e-mail `address` and perhaps a `name`."""

    def email_address(self, include_name: bool | None = None) -> str:
        """The address as mail programs write it, with the name when it is known."""
        name = self.__dict__.get("name")
        if include_name is False or not name:
            return str(self.address)
        return f'"{str(name).replace(chr(34), "")}" <{self.address}>'

    def exists(self) -> bool:
        """Whether the address is known; never asks."""
        return "address" in self.__dict__

    def __str__(self) -> str:
        name = self.__dict__.get("name")
        return str(name) if name else str(self.address)


@public
class DAEmailRecipientList(DAList):
    """People who get an e-mail."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """A list of recipients."""
        super().init(*arguments, **{"object_type": DAEmailRecipient, **attributes})


@public
class DAEmail(DAObject):
    """A message that came in: `from_address`, `to_address`, `subject`, `body_text`, `attachment` …"""

    def __str__(self) -> str:
        return f"This is an e-mail: {self.__dict__.get('subject', '')}".strip()
