"""Who a browser is: its server-side session, found by three cookies.

`colloquy_session` is the signed id of the row; `secret` is the visitor's key to encrypted sessions and ends with the
browser, so that nobody can read the answers afterwards; `colloquy_device` tells one device from another.

Who has signed in, and their opened key, lie in the row sealed under the secret: the row opens nothing without the
browser, and a sign-in ends with it. Id and secret change at sign-in, so that nobody can have known them before.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from services.gateway.store import BrowserStore
from shared.contracts.base import Sealer
from shared.contracts.visitor import KeyHolder, UserFacts
from shared.crypto.aead import SealBroken, associated_data, derive_key, open_sealed, seal
from shared.crypto.rotation import SealedColumn, at_rest
from shared.crypto.tokens import Signer, TokenBroken
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import new_code, new_token, random_bytes
from shared.people.facts import facts_of_account
from shared.people.records import Account, UserKey

SESSION_COOKIE = "colloquy_session"
SECRET_COOKIE = "secret"  # noqa: S105 - the name of a cookie
DEVICE_COOKIE = "colloquy_device"

_SALT = "browser session"
_PURPOSE = "browser session"
_ID_LENGTH = 32
_CODE_PURPOSE = "current session"
_KEEP_SECONDS = 30 * 24 * 3600
_KEEP_DEVICE_SECONDS = 400 * 24 * 3600
_TOUCH_AFTER = timedelta(hours=1)
_LOGIN = "login"
_MOST_FORMER_SECRETS = 4


Accounts = Callable[[int], Awaitable[Account | None]]
"""Looks an account up, active or not."""


class BrowserData(BaseModel):
    """What is sealed in the row."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    session_uid: str
    """Stable id of this visit: pending actions of interviews belong to it."""
    login: str = ""
    """Who has signed in, sealed under the secret; base64."""
    pending: str = ""
    """What a sign-in that is under way has to remember, sealed likewise."""
    former_pages: str = ""
    """Hash of the id before signing in: pages from then, with what was typed into them, can still be sent."""


class _StoredLogin(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    account_id: int
    key_number: int
    key: str
    epoch: int
    former_secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Login:
    """Who has signed in with a browser, and what opens what is theirs."""

    account: Account
    key: UserKey
    former_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    """Cookie secrets from before signing in: a session that was begun at that very moment is wrapped for one."""


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
    login: Login | None = None
    former_account: int = 0
    """Who was signed in here until it was ended elsewhere, e.g. by changing the password; 0: nobody we know of."""

    @property
    def id_hash(self) -> bytes:
        """How tables and tokens name it."""
        return hash_of(self.id)

    @property
    def has_signed_in_before(self) -> bool:
        """Whether somebody was signed in here and is not any more: what is closed to them opens by signing in."""
        return self.login is None and bool(self.data.login)

    @property
    def user(self) -> UserFacts:
        """The visitor as interviews see them."""
        if self.login is None:
            return UserFacts(
                session_uid=self.data.session_uid, device_id=self.device_id, the_user_id=f"t{self.number}", roles=()
            )
        facts = facts_of_account(self.login.account, session_uid=self.data.session_uid)
        return facts.model_copy(update={"device_id": self.device_id, "former_id": f"t{self.number}"})

    @property
    def keys(self) -> tuple[KeyHolder, ...]:
        """The keys this browser brings along: the secret of its cookie, and the key of who has signed in."""
        if self.login is None:
            return (_cookie_key(self.secret),)
        key = self.login.key
        cookies = (_cookie_key(secret) for secret in (self.secret, *self.login.former_secrets))
        return (*cookies, KeyHolder(holder=key.holder, key=base64.b64encode(key.key).decode()))


class Browsers:
    """Finds browsers by their cookies and makes new ones."""

    def __init__(
        self,
        *,
        store: BrowserStore,
        signer: Signer,
        sealer: Sealer,
        clock: Clock,
        is_secure: bool,
        accounts: Accounts,
    ) -> None:
        self._store, self._signer, self._sealer, self._clock = store, signer, sealer, clock
        self._is_secure, self._accounts = is_secure, accounts

    async def find(self, cookies: Mapping[str, str], interview: str = "") -> Browser | None:
        """The browser that sends these cookies, or None when we do not know it."""
        cookie = cookies.get(SESSION_COOKIE, "")
        session_id = self._unsigned(cookie) or self._of_another_key(cookie)
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
        if data.login:
            browser.login = await self._login_of(browser)
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
        # An id of ours that is not stored stays: forms of ours were made for it before anything was worth storing.
        session_id = self._unsigned(cookies.get(SESSION_COOKIE, "")) or new_code(_ID_LENGTH)
        data = BrowserData(session_uid=new_code(32))
        browser = Browser(session_id, await self._store.new_number(), data, b"", "", is_stored=False)
        browser.new_cookies[SESSION_COOKIE] = self._signed(session_id)
        self._complete(browser, cookies)
        return browser

    async def begin_anew(self, former: Browser) -> Browser:
        """Another browser on the same device: nothing of who used it before goes with it."""
        session_id = new_code(_ID_LENGTH)
        browser = Browser(
            session_id,
            await self._store.new_number(),
            BrowserData(session_uid=new_code(32)),
            random_bytes(32),
            former.device_id,
            is_stored=False,
        )
        browser.new_cookies[SESSION_COOKIE] = self._signed(session_id)
        browser.new_cookies[SECRET_COOKIE] = _secret_cookie(browser.secret)
        return browser

    async def sign_in(self, browser: Browser, account: Account, key: UserKey) -> None:
        """From now on this browser is somebody's: under another id, with another secret."""
        former = [browser.secret, *(browser.login.former_secrets if browser.login else ())]
        session_id, secret = new_code(_ID_LENGTH), random_bytes(32)
        stored = _StoredLogin(
            account_id=account.id,
            key_number=key.number,
            key=base64.b64encode(key.key).decode(),
            epoch=account.epoch,
            former_secrets=tuple(base64.b64encode(each).decode() for each in former[:_MOST_FORMER_SECRETS]),
        )
        login = _sealed(stored, secret, browser.number)
        data = BrowserData(session_uid=browser.data.session_uid, login=login, former_pages=browser.id_hash.hex())
        former_hash = browser.id_hash if browser.is_stored else None
        await self._write(former_hash, hash_of(session_id), browser.number, data)
        browser.id, browser.secret, browser.data, browser.is_stored = session_id, secret, data, True
        browser.login = Login(account, key, tuple(former[:_MOST_FORMER_SECRETS]))
        browser.new_cookies[SESSION_COOKIE] = self._signed(session_id)
        browser.new_cookies[SECRET_COOKIE] = _secret_cookie(secret)

    async def keep_pending(self, browser: Browser, pending: BaseModel | None) -> None:
        """Remember what a sign-in that is under way needs, until it has ended."""
        text = "" if pending is None else _sealed(pending, browser.secret, browser.number)
        data = browser.data.model_copy(update={"pending": text})
        await self._write(browser.id_hash if browser.is_stored else None, browser.id_hash, browser.number, data)
        browser.data, browser.is_stored = data, True

    def pending(self, browser: Browser) -> bytes | None:
        """JSON of what was remembered; None when there is nothing, or the browser has ended in between."""
        return _opened(browser.data.pending, browser.secret, browser.number) if browser.data.pending else None

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

    def set_cookies(self, browser: Browser, response: Response, *, even_if_new: bool = False) -> None:
        """Give the browser what it has to bring along next time; nothing that we should not know again.

        `even_if_new` for pages whose form does not need more of a browser than that it is the same.
        """
        if not browser.is_stored and not even_if_new:
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
            browser.new_cookies[SECRET_COOKIE] = _secret_cookie(secret)
        browser.secret = secret
        device = cookies.get(DEVICE_COOKIE, "")
        if not 16 <= len(device) <= 64 or not device.isascii():
            device = new_token(24)
            browser.new_cookies[DEVICE_COOKIE] = device
        browser.device_id = device

    async def _write(self, former_hash: bytes | None, id_hash: bytes, number: int, data: BrowserData) -> None:
        sealed = self._sealer.seal(data.model_dump_json().encode(), purpose=_PURPOSE)
        if former_hash is None:
            await self._store.create_bare(id_hash, number, sealed, now=self._clock.now())
        else:
            await self._store.rewrite(former_hash, id_hash, sealed, now=self._clock.now())

    async def _login_of(self, browser: Browser) -> Login | None:
        """Who has signed in; nobody when the secret has ended with the browser, or the account says that it is over."""
        opened = _opened(browser.data.login, browser.secret, browser.number)
        if opened is None:
            return None
        stored = _StoredLogin.model_validate_json(opened)
        account = await self._accounts(stored.account_id)
        if account is None or not account.is_active or account.epoch != stored.epoch:
            browser.former_account = stored.account_id
            return None
        key = UserKey(account.id, stored.key_number, base64.b64decode(stored.key))
        return Login(account, key, tuple(base64.b64decode(each) for each in stored.former_secrets))

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

    def _of_another_key(self, cookie: str) -> str | None:
        """The id in a cookie that outlives the server key it was signed with.

        It finds a browser that is there, for nobody guesses 190 bits, but a new one never gets such an id.
        """
        try:
            session_id = self._signer.unverified(cookie).decode("ascii")
        except (TokenBroken, UnicodeDecodeError):
            return None
        return session_id if len(session_id) == _ID_LENGTH else None


def hash_of(session_id: str) -> bytes:
    """How tables and tokens name a browser session; ids have too much chance in them to be guessed back."""
    return hashlib.sha256(session_id.encode()).digest()


def _cookie_key(secret: bytes) -> KeyHolder:
    holder = hashlib.sha256(b"cookie holder " + secret).hexdigest()[:32]
    return KeyHolder(holder=f"cookie:{holder}", key=base64.b64encode(secret).decode())


def _sealed(value: BaseModel, secret: bytes, number: int) -> str:
    place = associated_data(_LOGIN, number)
    sealed = seal(derive_key(secret, purpose=_LOGIN), value.model_dump_json().encode(), associated=place)
    return base64.b64encode(sealed).decode()


def _opened(sealed: str, secret: bytes, number: int) -> bytes | None:
    place = associated_data(_LOGIN, number)
    try:
        return open_sealed(derive_key(secret, purpose=_LOGIN), base64.b64decode(sealed), associated=place)
    except SealBroken:
        return None


def _secret_cookie(secret: bytes) -> str:
    return base64.urlsafe_b64encode(secret).rstrip(b"=").decode()


def _secret_in(cookie: str) -> bytes | None:
    try:
        secret = base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
    except (binascii.Error, ValueError):
        return None
    return secret if len(secret) == 32 else None


SEALED = (
    SealedColumn(
        table="gateway.browser_sessions",
        column="data_sealed",
        key=("id_hash",),
        seal_again=at_rest(lambda _: _PURPOSE),
    ),
    SealedColumn(
        table="gateway.current_sessions",
        column="code_sealed",
        key=("browser", "interview"),
        seal_again=at_rest(lambda _: _CODE_PURPOSE),
    ),
)
