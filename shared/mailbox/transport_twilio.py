"""Text messages, by Twilio's REST interface. The only module that imports twilio.

The address of the interface is a setting: a proxy, another region, or a double in tests. Errors say Twilio's number of
what was wrong, never who was written to.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from shared.kernel.settings import Settings
from shared.mailbox.texts import (
    NoSuchTextConfig,
    TextConfig,
    TextRefused,
    TextsBusy,
    WantsNoTexts,
    status_url,
    text_configs,
)

_DEFAULT = "default"
_STOPPED = 21610
"""Its number of the error for somebody who has answered STOP to it."""
_BUSY_FROM = 500
_TOO_MANY = 429


class TextTransport:
    """Hands text messages over, from any of several numbers."""

    def __init__(
        self, configs: Sequence[TextConfig], *, url: str = "", callback_url: str = "", timeout_seconds: float = 20.0
    ) -> None:
        """`url`: where the interface is, instead of Twilio's own address. `callback_url`: where Twilio tells later
        what has become of a message; empty: it is not asked to.
        """
        logging.getLogger("twilio.http_client").setLevel(logging.WARNING)  # it prints recipients and texts
        self._configs = {config.name: config for config in configs}
        self._url, self.callback_url, self._timeout = url, callback_url, timeout_seconds
        self._clients: dict[str, Client] = {}

    def config(self, name: str) -> TextConfig:
        """The configuration of this name. Raises NoSuchTextConfig."""
        found = self._configs.get(name or _DEFAULT)
        if found is None or not found.sends:
            raise NoSuchTextConfig
        return found

    def takes(self, account_sid: str, number: str) -> bool:
        """Whether texts to this number of an account are for us."""
        return any(
            config.sends and config.account_sid == account_sid and config.answers_to(number)
            for config in self._configs.values()
        )

    async def send(
        self, config: TextConfig, *, recipient: str, body: str, media: Sequence[str], message_id: str
    ) -> None:
        """Hand one message over. Raises WantsNoTexts, TextRefused, TextsBusy."""
        sender = config.sender_for(recipient)
        await asyncio.to_thread(self._send, config, sender, recipient, body, list(media), message_id)

    def _send(
        self, config: TextConfig, sender: str, recipient: str, body: str, media: list[str], message_id: str
    ) -> None:
        options: dict[str, Any] = {"media_url": media} if media else {}
        if self.callback_url:
            options["status_callback"] = status_url(self.callback_url, message_id)
        try:
            self._client(config).messages.create(to=recipient, from_=sender, body=body, **options)
        except TwilioRestException as error:
            if error.code == _STOPPED:
                raise WantsNoTexts from None
            told = f"It answered {error.status}, error {error.code}."
            if error.status >= _BUSY_FROM or error.status == _TOO_MANY:
                raise TextsBusy(told) from None
            raise TextRefused(told) from None
        except (TwilioException, requests.RequestException, OSError) as error:
            raise TextsBusy(f"{type(error).__name__}.") from None

    def _client(self, config: TextConfig) -> Client:
        if config.name not in self._clients:
            http = _HttpClient(self._url, timeout=self._timeout)
            self._clients[config.name] = Client(config.account_sid, config.auth_token, http_client=http)
        return self._clients[config.name]

    def is_signed(self, url: str, parameters: Mapping[str, str], signature: str) -> bool:
        """Whether a request to this URL is from Twilio, about an account of ours. No token is no key: anybody could
        sign with an empty one.
        """
        sid = parameters.get("AccountSid", "")
        tokens = {config.auth_token for config in self._configs.values() if config.account_sid == sid} - {""}
        return any(RequestValidator(token).validate(url, dict(parameters), signature) for token in tokens)


class _HttpClient(TwilioHttpClient):  # type: ignore[misc]
    """Twilio's own client, at another address."""

    def __init__(self, url: str, *, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._place = urlsplit(url)

    def request(self, method: str, url: str, *arguments: Any, **options: Any) -> Response:
        """One request."""
        if self._place.netloc:
            asked = urlsplit(url)
            path = self._place.path.rstrip("/") + asked.path
            url = urlunsplit((self._place.scheme, self._place.netloc, path, asked.query, ""))
        return super().request(method, url, *arguments, **options)


def texts_of(settings: Settings) -> TextTransport:
    """How text messages go out, as the settings say."""
    return TextTransport(
        text_configs(settings.twilio),
        url=settings.twilio_url,
        callback_url=settings.twilio_callback_url,
        timeout_seconds=settings.mail_limit_seconds,
    )
