"""Hand a mail to a service that takes it over HTTP: Mailgun, or SendGrid (spec/area3 §5.2).

Errors say the status, never an address or a text.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from email.headerregistry import Address
from typing import Any

from shared.mailbox.mail import Mail, address_of, one_line
from shared.mailbox.transport_smtp import MailRefused, MailServerBusy

MAILGUN = "https://api.mailgun.net/v3/%s/messages.mime"
SENDGRID = "https://api.sendgrid.com/v3/mail/send"
_BUSY_FROM, _WRONG_FROM, _TOO_MANY = 500, 400, 429


class MailgunTransport:
    """Mailgun takes the mail as it is written."""

    def __init__(self, *, domain: str, key: str, url: str = MAILGUN, timeout_seconds: float = 30.0) -> None:
        self._url = url.replace("%s", domain)
        self._key, self._timeout = key, timeout_seconds

    async def deliver(self, mail: Mail, message: bytes, *, return_path: str = "") -> None:
        """Hand it over. Raises MailServerBusy, MailRefused."""
        data: dict[str, Any] = {"to": list(mail.recipients)}
        data |= {f"v:{name}": value for name, value in mail.variables.items()}
        await _post(
            self._url,
            timeout_seconds=self._timeout,
            auth=("api", self._key),
            data=data,
            files={"message": ("message.mime", message, "message/rfc822")},
        )


class SendGridTransport:
    """SendGrid writes the mail itself."""

    def __init__(self, *, key: str, sender: str, url: str = SENDGRID, timeout_seconds: float = 30.0) -> None:
        self._url, self._key, self._sender, self._timeout = url, key, sender, timeout_seconds

    async def deliver(self, mail: Mail, message: bytes, *, return_path: str = "") -> None:
        """Hand it over. Raises MailServerBusy, MailRefused."""
        people: dict[str, Any] = {"to": [_person(one) for one in mail.to]}
        named = {one.addr_spec for one in mail.to}
        for field, addresses in (("cc", mail.cc), ("bcc", mail.bcc)):
            # It refuses an address that is named twice.
            others = [one for one in addresses if one.addr_spec not in named]
            named |= {one.addr_spec for one in others}
            if others:
                people[field] = [_person(one) for one in others]
        body: dict[str, Any] = {
            "personalizations": [people],
            "from": _person(mail.sender or address_of(self._sender)),
            "subject": one_line(mail.subject) or "(no subject)",
            "content": [{"type": "text/plain", "value": mail.text or " "}],
        }
        if mail.html is not None:
            body["content"].append({"type": "text/html", "value": mail.html})
        if mail.reply_to is not None:
            body["reply_to"] = _person(mail.reply_to)
        if mail.attachments:
            body["attachments"] = [
                {
                    "content": base64.b64encode(one.contents).decode(),
                    "filename": one_line(one.filename),
                    "type": one.mimetype,
                }
                for one in mail.attachments
            ]
        headers = {"authorization": f"Bearer {self._key}"}
        await _post(self._url, timeout_seconds=self._timeout, headers=headers, json=body)


def _person(address: Address) -> Mapping[str, str]:
    found = {"email": address.addr_spec}
    return {**found, "name": address.display_name} if address.display_name else found


async def _post(url: str, *, timeout_seconds: float, **request: Any) -> None:
    import httpx  # most installations hand their mail to an SMTP server

    try:
        async with httpx.AsyncClient(timeout=timeout_seconds, follow_redirects=False) as http:
            status = (await http.post(url, **request)).status_code
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise MailServerBusy(f"{type(error).__name__}.") from None
    if status >= _BUSY_FROM or status == _TOO_MANY:
        raise MailServerBusy(f"It answered {status}.")
    if status >= _WRONG_FROM:
        raise MailRefused(f"It answered {status}.")
