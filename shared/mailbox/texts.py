"""The numbers that text messages are sent from (spec/area3 §7.2), apart from what sends them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from shared.kernel.errors import Refused, Retryable
from shared.mailbox.sendings import Unwanted

WHATSAPP = "whatsapp:"
_DEFAULT = "default"


class TextRefused(Refused):
    """This text message is not taken."""


class TextsBusy(Retryable):
    """Text messages cannot be handed over at this moment."""


class WantsNoTexts(Unwanted):
    """Whoever has this number has answered STOP: nothing is sent there until they answer START."""


class NoSuchTextConfig(Refused):
    """There is no configuration of this name for sending text messages (COLLOQUY_TWILIO)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextConfig:
    """One number to send from."""

    name: str
    account_sid: str
    auth_token: str = field(repr=False)
    number: str = ""
    whatsapp_number: str = ""
    sends: bool = True

    def sender_for(self, recipient: str) -> str:
        """What stands as the sender of a message. Raises TextRefused when there is none of that kind."""
        if recipient.startswith(WHATSAPP):
            return WHATSAPP + (self.whatsapp_number or self.number)
        if not self.number:
            raise TextRefused("This configuration sends by WhatsApp only.")
        return self.number

    def answers_to(self, number: str) -> bool:
        """Whether this is its number, as a message names it that comes there."""
        if number.startswith(WHATSAPP):
            return number == WHATSAPP + (self.whatsapp_number or self.number)
        return bool(number) and number == self.number


def incoming_url(callback_url: str) -> str:
    """Where Twilio hands over what comes for our numbers."""
    return f"{callback_url.rstrip('/')}/texts/incoming"


def status_url(callback_url: str, message_id: str) -> str:
    """Where Twilio tells what has become of one message."""
    return f"{callback_url.rstrip('/')}/texts/status/{message_id}"


def text_configs(entries: Sequence[Mapping[str, Any]]) -> list[TextConfig]:
    """What the directive `twilio` says (spec/area3 §7.2); entries without an account or a number are left out."""
    found: list[TextConfig] = []
    for entry in entries:
        number, whatsapp = (str(entry.get(name) or "") for name in ("number", "whatsapp number"))
        if not entry.get("account sid") or not (number or whatsapp):
            continue
        found.append(
            TextConfig(
                name=str(entry.get("name") or ("" if found else _DEFAULT)) or f"config{len(found)}",
                account_sid=str(entry["account sid"]),
                auth_token=str(entry.get("auth token") or "").strip(),
                number=number,
                whatsapp_number=whatsapp.removeprefix(WHATSAPP),
                sends=bool(entry.get("sms", True)),
            )
        )
    if found and all(config.name != _DEFAULT for config in found):
        found.append(replace(found[0], name=_DEFAULT))
    return found
