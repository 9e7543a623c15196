"""Where files of text messages lie: at Twilio, and the account's credentials open them.

A webhook is signed, but what it names is not therefore a place to send credentials to. Of an address only the path
counts, if it is one of a file of this very account; what is asked is always the interface that the settings name.
That answers with the file, or sends on to where its files lie: to hosts of its own that are known here
(https://www.twilio.com/docs/messaging/api/media-resource), or that the operator has named, without credentials. A
redirect elsewhere is not followed: nobody reaches through us what they cannot reach themselves.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from email.message import Message

import httpx

from services.mail.parsing import kind_of, name_for
from shared.files.contents import Contents, FileTooLarge, StoredContents
from shared.files.kinds import UNKNOWN, mimetype_of
from shared.kernel.errors import Refused, Retryable
from shared.mailbox.received import MediaProblem
from shared.mailbox.texts import TextConfig

INTERFACE = "https://api.twilio.com"
_OWN_HOSTS = (".twilio.com", ".twiliocdn.com")
_OWN_BUCKET = "media.twiliocdn.com.s3-external-1.amazonaws.com"
_PLACE = re.compile(r"/2010-04-01/Accounts/([A-Za-z0-9]{1,64})/Messages/[A-Za-z0-9]{1,64}/Media/[A-Za-z0-9]{1,64}")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3
_OK, _NOT_FOUND, _GONE, _ERRORS, _BUSY_FROM = 200, 404, 410, 400, 500
_COME_AGAIN = frozenset({408, 425, 429})


class MediaAway(Retryable):
    """The file of a text message cannot be had at the moment."""

    def __init__(self, reason: str, *, is_missing: bool = False) -> None:
        super().__init__(reason)
        self.is_missing = is_missing
        """Whether there is no such file: a new one may not be there at once."""


class MediaGone(Refused):
    """The file of a text message cannot be had."""

    def __init__(self, problem: MediaProblem) -> None:
        super().__init__(problem)
        self.problem: MediaProblem = problem


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file that was fetched."""

    stored: StoredContents
    filename: str
    mimetype: str


class MediaSource:
    """Fetches them."""

    def __init__(
        self,
        configs: Sequence[TextConfig],
        *,
        contents: Contents,
        url: str = "",
        further_hosts: Collection[str] = (),
        timeout_seconds: float = 20.0,
    ) -> None:
        """`url`: where the interface is, instead of Twilio's own address. `further_hosts`: where it may send to besides
        its own, each with its port if it has one.
        """
        self._configs, self._contents = configs, contents
        self._interface = httpx.URL((url or INTERFACE).rstrip("/"))
        self._further_hosts = frozenset(further_hosts)
        self._timeout = timeout_seconds
        self._http: httpx.AsyncClient | None = None

    async def start(self) -> None:
        """Begin."""
        if self._http is None:
            self._http = httpx.AsyncClient(
                timeout=self._timeout,
                follow_redirects=False,
                headers={"user-agent": "Colloquy", "accept-encoding": "identity"},
            )

    async def stop(self) -> None:
        """End."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    async def fetch(self, url: str, *, ours: str, claimed: str, number: int, limit_bytes: int) -> MediaFile:
        """The file at an address that a message to this number of ours has named, kept as contents that nobody has
        claimed yet. `claimed` is the kind that the message says, `number` which of its files it is.

        Raises MediaAway, MediaGone, StoreUnavailable.
        """
        place, credentials = self._place_of(url, ours)
        try:
            return await self._fetch(place, credentials, claimed=claimed, number=number, limit_bytes=limit_bytes)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            raise MediaAway(type(error).__name__) from None

    def _place_of(self, url: str, ours: str) -> tuple[httpx.URL, httpx.BasicAuth]:
        """Where to ask for it, and as whom. Raises MediaGone."""
        try:
            named = httpx.URL(url)
        except (httpx.InvalidURL, ValueError):
            raise MediaGone("foreign") from None
        found = _PLACE.fullmatch(named.path)
        if found is None or not (_is_own(named.host) or _origin(named) == _origin(self._interface)):
            raise MediaGone("foreign")
        for config in self._configs:
            if config.account_sid == found[1] and config.answers_to(ours) and config.auth_token:
                place = self._interface.copy_with(path=self._interface.path.rstrip("/") + named.path, query=None)
                return place, httpx.BasicAuth(config.account_sid, config.auth_token)
        raise MediaGone("no_account")

    async def _fetch(
        self, place: httpx.URL, credentials: httpx.BasicAuth, *, claimed: str, number: int, limit_bytes: int
    ) -> MediaFile:
        answer = await self._answer(place, credentials)
        try:
            _check(answer, limit_bytes)
            async with self._contents.receiving(limit_bytes=limit_bytes) as receiver:
                async for piece in answer.aiter_raw():
                    await receiver.write(piece)
        except FileTooLarge:
            raise MediaGone("too_large") from None
        finally:
            await answer.aclose()
        told = answer.headers.get("content-type", "").partition(";")[0].strip().lower() or claimed
        seen = mimetype_of("", receiver.head)  # else its ending would tell what it only claims to be
        filename = name_for(_filename_of(answer), told if seen == UNKNOWN else seen, number)
        return MediaFile(receiver.stored, filename, kind_of(filename, told, receiver.head))

    async def _answer(self, place: httpx.URL, credentials: httpx.BasicAuth) -> httpx.Response:
        """The first answer that is no redirect, its body still to be read."""
        assert self._http is not None
        auth: httpx.BasicAuth | None = credentials
        for _ in range(_MOST_REDIRECTS + 1):
            answer = await self._http.send(self._http.build_request("GET", place), stream=True, auth=auth)
            if answer.status_code not in _REDIRECTS:
                return answer
            await answer.aclose()
            place, auth = self._next(place.join(answer.headers.get("location", ""))), None
        raise MediaGone("foreign")

    def _next(self, place: httpx.URL) -> httpx.URL:
        """Raises MediaGone for what is not followed."""
        is_safe = place.scheme == "https" or place.scheme == self._interface.scheme
        is_known = (
            (_is_own(place.host) and place.port is None)
            or _origin(place) == _origin(self._interface)
            or place.netloc.decode("ascii").lower() in self._further_hosts
        )
        if not (is_safe and is_known) or place.userinfo:
            raise MediaGone("foreign")
        return place


def _is_own(host: str) -> bool:
    return host.lower().endswith(_OWN_HOSTS) or host.lower() == _OWN_BUCKET


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host.lower(), url.port


def _check(answer: httpx.Response, limit_bytes: int) -> None:
    """Raises MediaAway, MediaGone for an answer that is not the file."""
    status = answer.status_code
    if status in (_NOT_FOUND, _GONE):
        raise MediaAway(f"It answered {status}.", is_missing=True)
    if status >= _BUSY_FROM or status in _COME_AGAIN:
        raise MediaAway(f"It answered {status}.")
    if status != _OK or answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise MediaGone("refused")
    length = answer.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit_bytes:
        raise MediaGone("too_large")


def _filename_of(answer: httpx.Response) -> str:
    """The name that the answer gives it, if any (RFC 6266)."""
    header = Message()
    header["content-disposition"] = answer.headers.get("content-disposition", "")
    return header.get_filename() or ""
