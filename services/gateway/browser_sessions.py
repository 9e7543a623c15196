"""Who a browser is: its server-side session, found by three cookies.

`colloquy_session` is the signed id of the row; `secret` is the visitor's key to encrypted sessions and ends with the
browser, so that nobody can read the answers afterwards; `colloquy_device` tells one device from another.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from services.gateway.store import BrowserStore
from shared.contracts.base import Sealer
from shared.contracts.visitor import KeyHolder, UserFacts
from shared.crypto.tokens import Signer, TokenBroken
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import new_code, new_token, random_bytes

SESSION_COOKIE = "colloquy_session"
SECRET_COOKIE = "secret"  # noqa: S105 - the name of a cookie
DEVICE_COOKIE = "colloquy_device"

_SALT = "browser session"
_PURPOSE = "browser session"
_CODE_PURPOSE = "current session"
_KEEP_SECONDS = 30 * 24 * 3600
_KEEP_DEVICE_SECONDS = 400 * 24 * 3600
_TOUCH_AFTER = timedelta(hours=1)


class BrowserData(BaseModel):
    """What is sealed in the row."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    session_uid: str
    """Stable id of this visit: pending actions of interviews belong to it."""


@dataclass(slots=True)
class Browser:
    """One browser during one request."""

    id: str
    number: int
    data: BrowserData
    secret: bytes
    device_id: str
    current_code: str | None = None
    """The code of its current session of the interview that was asked for."""
    is_stored: bool = True
    """A new browser is not, until it is shown its first screen: most that come once never see one."""
    new_cookies: dict[str, str] = field(default_factory=dict)
    """What its answer must set."""

    @property
    def id_hash(self) -> bytes:
        """How tables and tokens name it."""
        return hash_of(self.id)

    @property
    def user(self) -> UserFacts:
        """The visitor as interviews see them. Nobody can log in yet: everybody is anonymous."""
        return UserFacts(
            session_uid=self.data.session_uid, device_id=self.device_id, the_user_id=f"t{self.number}", roles=()
        )

    @property
    def keys(self) -> tuple[KeyHolder, ...]:
        """The keys this browser brings along: the secret of its cookie."""
        holder = hashlib.sha256(b"cookie holder " + self.secret).hexdigest()[:32]
        return (KeyHolder(holder=f"cookie:{holder}", key=base64.b64encode(self.secret).decode()),)


class Browsers:
    """Finds browsers by their cookies and makes new ones."""

    def __init__(self, *, store: BrowserStore, signer: Signer, sealer: Sealer, clock: Clock, is_secure: bool) -> None:
        self._store, self._signer, self._sealer, self._clock = store, signer, sealer, clock
        self._is_secure = is_secure

    async def find(self, cookies: Mapping[str, str], interview: str = "") -> Browser | None:
        """The browser that sends these cookies, or None when we do not know it."""
        session_id = self._unsigned(cookies.get(SESSION_COOKIE, ""))
        if session_id is None:
            return None
        stored = await self._store.load(hash_of(session_id), interview)
        if stored is None:
            return None
        try:
            data = BrowserData.model_validate_json(self._sealer.open(stored.data_sealed, purpose=_PURPOSE))
            code = self._open_code(stored.code_sealed)
        except (ColloquyError, ValueError):
            return None  # sealed with a key that is gone: the visitor starts anew
        browser = Browser(session_id, stored.number, data, b"", "", code)
        self._complete(browser, cookies)
        now = self._clock.now()
        if now - stored.seen_at > _TOUCH_AFTER:
            await self._store.touch(stored.number, now=now)
            browser.new_cookies[SESSION_COOKIE] = self._signed(session_id)
        return browser

    async def find_or_begin(self, cookies: Mapping[str, str], interview: str = "") -> Browser:
        """The browser that sends these cookies; a new one when we do not know it, stored once it enters a session."""
        found = await self.find(cookies, interview)
        if found is not None:
            return found
        session_id = new_code(32)
        data = BrowserData(session_uid=new_code(32))
        browser = Browser(session_id, await self._store.new_number(), data, b"", "", is_stored=False)
        browser.new_cookies[SESSION_COOKIE] = self._signed(session_id)
        self._complete(browser, cookies)
        return browser

    async def remember(self, browser: Browser, interview: str, code: str) -> None:
        """Make this the browser's current session of the interview, unless it is already."""
        if browser.current_code == code:
            return
        sealed, now = self._sealer.seal(code.encode(), purpose=_CODE_PURPOSE), self._clock.now()
        if browser.is_stored:
            await self._store.remember(browser.number, interview, sealed, now=now)
        else:
            data = self._sealer.seal(browser.data.model_dump_json().encode(), purpose=_PURPOSE)
            await self._store.create(browser.id_hash, browser.number, data, interview, sealed, now=now)
            browser.is_stored = True
        browser.current_code = code

    async def forget(self, browser: Browser, interview: str) -> None:
        """The browser leaves its session of this interview."""
        await self._store.forget(browser.number, interview)
        browser.current_code = None

    async def forget_all(self, browser: Browser) -> None:
        """The browser leaves all its sessions; they stay where they are."""
        await self._store.forget_all(browser.number)
        browser.current_code = None

    async def end(self, browser: Browser) -> None:
        """The visit is over (logout): the row goes, and with it everything it opened."""
        await self._store.delete(browser.id_hash)

    async def latest_interview(self, browser: Browser) -> str | None:
        """The interview the browser was in last."""
        return await self._store.latest_interview(browser.number)

    async def sessions(self, browser: Browser) -> tuple[tuple[str, str], ...]:
        """(interview, code) of every session the browser is in."""
        found = []
        for interview, sealed in await self._store.sessions(browser.number):
            try:
                found.append((interview, self._sealer.open(sealed, purpose=_CODE_PURPOSE).decode()))
            except ColloquyError:
                continue  # sealed with a key that is gone
        return tuple(found)

    def set_cookies(self, browser: Browser, response: Response) -> None:
        """Give the browser what it has to bring along next time; nothing that we should not know again."""
        if not browser.is_stored:
            return
        ages = {SESSION_COOKIE: _KEEP_SECONDS, DEVICE_COOKIE: _KEEP_DEVICE_SECONDS, SECRET_COOKIE: None}
        for name, value in browser.new_cookies.items():
            response.set_cookie(
                name, value, max_age=ages[name], httponly=True, samesite="lax", secure=self._is_secure, path="/"
            )

    def clear_cookies(self, response: Response) -> None:
        """Take away what opened the visit and its answers."""
        for name in (SESSION_COOKIE, SECRET_COOKIE):
            response.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=self._is_secure)

    def _complete(self, browser: Browser, cookies: Mapping[str, str]) -> None:
        secret = _secret_in(cookies.get(SECRET_COOKIE, ""))
        if secret is None:
            secret = random_bytes(32)
            browser.new_cookies[SECRET_COOKIE] = base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
        browser.secret = secret
        device = cookies.get(DEVICE_COOKIE, "")
        if not 16 <= len(device) <= 64 or not device.isascii():
            device = new_token(24)
            browser.new_cookies[DEVICE_COOKIE] = device
        browser.device_id = device

    def _open_code(self, sealed: bytes | None) -> str | None:
        return None if sealed is None else self._sealer.open(sealed, purpose=_CODE_PURPOSE).decode()

    def _signed(self, session_id: str) -> str:
        return self._signer.sign(session_id.encode(), salt=_SALT)

    def _unsigned(self, cookie: str) -> str | None:
        if not cookie:
            return None
        try:
            return self._signer.unsign(cookie, salt=_SALT).decode()
        except TokenBroken:
            return None


def hash_of(session_id: str) -> bytes:
    """How tables and tokens name a browser session; ids have too much chance in them to be guessed back."""
    return hashlib.sha256(session_id.encode()).digest()


def _secret_in(cookie: str) -> bytes | None:
    try:
        secret = base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
    except (binascii.Error, ValueError):
        return None
    return secret if len(secret) == 32 else None
