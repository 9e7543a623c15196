"""People who get e-mail (spec/area4 §6.7)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.lists import DAList
from shared.interview.library.objects.texts import evaluation_context

_NOBODY = "EMAIL NOT DEFINED"


@public
class DAEmailRecipient(DAObject):
    """Somebody with an e-mail `address` and perhaps a `name`."""

    def email_address(self, include_name: bool | None = None) -> str:
        """The address as mail programs write it, with the name when it is known."""
        if self.__dict__.get("empty"):
            return ""
        name = self.__dict__.get("name")
        if include_name is False or not (name or include_name):
            return str(self.address)
        name = self.name if include_name else name
        return f'"{str(name).replace(chr(34), "")}" <{self.address}>'

    def exists(self) -> bool:
        """Whether the address is known; never asks."""
        return "address" in self.__dict__

    def __str__(self) -> str:
        """A link to write to them; in a document the bare address."""
        known = self.__dict__
        if known.get("empty"):
            return ""
        name = str(known.get("name") or "")
        address = str(known.get("address") or "") if name else str(self.address or "")
        if not address:
            return name or _NOBODY
        if evaluation_context() == "docx":
            return address
        return f"[{_escaped(name or address)}](mailto:{quote(address, safe='@')})"


@public
class DAEmailRecipientList(DAList):
    """People who get an e-mail."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """A list of recipients; dictionaries of `name` and `address`, one or several, make one that is gathered."""
        super().init(*arguments[1:], **{"object_type": DAEmailRecipient, **attributes})
        if arguments:
            for given in [arguments[0]] if isinstance(arguments[0], dict) else arguments[0]:
                self.appendObject(DAEmailRecipient, **given)
            self.gathered = True


@public
class DAEmail(DAObject):
    """An e-mail that came in (spec/area3 §6.3): `from_address`, `to_address`, `cc_address`, `reply_to`, `return_path`,
    `subject`, `datetime_message`, `datetime_received`, `body_text`, `body_html`, `attachment`, `headers`; the address
    it came for as `short`, `key`, `index`, `address_owner`.

    Ours besides: `spf`, `dkim`, `dmarc` (what is known of whether the sender is who it says) and `is_automatic`.
    """

    @property
    def attachments(self) -> Any:
        """The files that came with it; docassemble calls them `attachment`."""
        return self.attachment

    def __str__(self) -> str:
        return "This is an e-mail"


def _escaped(text: str) -> str:
    """A name as Markdown shows it."""
    return re.sub(r"([\\\[\]<>*_`])", r"\\\1", text)
