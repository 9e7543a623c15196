"""One short function for every message the mail service works on."""

from __future__ import annotations

from services.mail.inbound import Inbound
from services.mail.sending import Sending
from services.mail.taking_texts import TakingTexts
from services.mail.webhooks import WebhookSender
from shared.bus.dispatch import HandlerTable
from shared.bus.port import RETRY_DELAYS_SECONDS
from shared.contracts.envelope import Envelope
from shared.contracts.events import WebhooksDue
from shared.contracts.mail import MailTaken, SendMail, TakeMail, TakeText, TextTaken


async def on_send_mail(message: SendMail, *, sending: Sending, envelope: Envelope) -> None:
    """Send one letter that was queued."""
    await sending.send(message, is_last=envelope.attempt > len(RETRY_DELAYS_SECONDS))


async def on_webhooks_due(_: WebhooksDue, *, webhooks: WebhookSender) -> None:
    """Something is to be told to webhooks."""
    webhooks.ring()


async def on_take_mail(message: TakeMail, *, inbound: Inbound) -> MailTaken:
    """Take a mail in that came through the gateway."""
    return await inbound.take(message)


async def on_take_text(message: TakeText, *, texts: TakingTexts) -> TextTaken:
    """Take a text message in that came through the gateway."""
    return await texts.take(message)


HANDLERS: HandlerTable = {
    SendMail: on_send_mail,
    TakeMail: on_take_mail,
    TakeText: on_take_text,
    WebhooksDue: on_webhooks_due,
}
