"""What the routes about accounts have in common: who comes in, what changes hands then, where they go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.addresses import address_to_go_to
from services.gateway.browser_sessions import Browser, Login
from services.gateway.desk import Desk
from services.gateway.forms import read_form
from services.gateway.peers import address_of, is_loopback, subscriber
from services.gateway.requests import url_root
from shared.contracts.base import Sealed
from shared.contracts.session import AdoptedSessions, AdoptSessions
from shared.kernel.errors import ColloquyError, NotAllowed
from shared.people.records import Account, UserKey
from shared.people.sign_in import Caller

SIGN_IN = "/user/sign-in"
AFTER_SIGN_IN = "/interviews"
_MOST_FIELDS = 100


class SignInNeeded(ColloquyError):
    """This page is for people who have signed in."""


class AdministratorsOnly(NotAllowed):
    """This page is for administrators."""


@dataclass(frozen=True, slots=True)
class Form:
    """A posted form about an account, and whose browser it came from."""

    values: Mapping[str, str]
    browser: Browser

    def get(self, name: str) -> str:
        """A value as it was typed; empty when it was not posted."""
        return self.values.get(name, "")

    def text(self, name: str) -> str:
        """A value without what stands around it."""
        return self.get(name).strip()


async def posted(desk: Desk, request: Request) -> Form:
    """A post of one of these pages. Raises TooManyRequests, FormUnreadable, and ForeignForm."""
    await desk.admit("post", request)
    read = await read_form(request, max_fields=_MOST_FIELDS)
    browser = await desk.browsers.find_or_begin(request.cookies)
    desk.tokens.check_csrf(read.get("csrf_token"), browser)
    return Form({one.name: one.value for one in reversed(read.inputs)}, browser)


async def somebody(desk: Desk, request: Request) -> tuple[Browser, Login]:
    """Who has signed in. Raises SignInNeeded."""
    browser = await desk.browsers.find(request.cookies)
    if browser is None or browser.login is None:
        raise SignInNeeded
    return browser, browser.login


def login_of(form: Form) -> Login:
    """Who has signed in, on a post. Raises SignInNeeded."""
    if form.browser.login is None:
        raise SignInNeeded
    return form.browser.login


async def administrator(desk: Desk, request: Request) -> Browser:
    """The browser of an administrator. Raises SignInNeeded, AdministratorsOnly and TooManyRequests."""
    await desk.admit("open", request)
    browser, login = await somebody(desk, request)
    if not login.account.is_admin:
        raise AdministratorsOnly
    return browser


async def administrators_form(desk: Desk, request: Request) -> tuple[Form, Login]:
    """A post of an administrator. Raises as `posted`, SignInNeeded and AdministratorsOnly."""
    form = await posted(desk, request)
    login = login_of(form)
    if not login.account.is_admin:
        raise AdministratorsOnly
    return form, login


def to_sign_in(request: Request) -> Response:
    """To the sign-in, and from there back here if this is a page to go to."""
    here = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    query = {"next": here} if request.method == "GET" else {}
    return RedirectResponse(f"{SIGN_IN}?{urlencode(query)}", status_code=303)


def caller_of(desk: Desk, request: Request, browser: Browser) -> Caller:
    """From where somebody tries. Without trusted proxies, our own machine is everybody's address: not counted."""
    address = address_of(request)
    is_counted = bool(desk.settings.trusted_proxies) or not is_loopback(address)
    is_known = not any(name == "colloquy_device" for name in browser.new_cookies)
    return Caller(address=subscriber(address) if is_counted else "", device=browser.device_id if is_known else "")


def local_address(wanted: str, *, otherwise: str = AFTER_SIGN_IN) -> str:
    """Where to go on: always within this site, whatever the address says (spec/area2 §12.2)."""
    text = address_to_go_to(wanted.replace("\\", "/"), otherwise="")
    try:
        parts = urlsplit(text)
    except ValueError:
        return otherwise
    path = "/" + parts.path.lstrip("/")
    if not text or parts.scheme not in ("", "http", "https") or (path == "/" and not parts.query):
        return otherwise
    return path + (f"?{parts.query}" if parts.query else "")


def link_to(desk: Desk, request: Request, path: str) -> str:
    """An address for a letter."""
    return url_root(request, desk.settings.public_url) + path.lstrip("/")


async def enter(
    desk: Desk, request: Request, browser: Browser, account: Account, key: UserKey, *, go_on: str
) -> Response:
    """Somebody has shown who they are: what was done in this browser before is theirs, and they go on.

    Raises what the session service raises when it does not answer: then nobody is signed in, and nothing is lost.
    """
    if browser.login is not None and browser.login.account.id != account.id:
        await desk.browsers.end(browser)
        browser = await desk.browsers.begin_anew(browser)
    kept = None
    if browser.is_stored:
        kept = await desk.kept_forms.find(browser)
        await adopt(desk, request, browser, account, key)
    await desk.browsers.sign_in(browser, account, key)
    if kept is not None and kept.account_id == account.id:
        await desk.kept_forms.keep(browser, kept)  # under the new secret
        go_on = kept.address
    elif kept is not None:
        await desk.kept_forms.drop(browser)
    await desk.people.sign_in.done(account, Caller(address="", device=browser.device_id))
    return desk.with_cookies(browser, RedirectResponse(go_on, status_code=303))


async def adopt(desk: Desk, request: Request, browser: Browser, account: Account, key: UserKey) -> None:
    """Let the account's key open what this browser's cookie opens."""
    former = browser.login.former_secrets if browser.login else ()
    as_user = replace(browser, login=Login(account, key, former))
    message = AdoptSessions(visitor=Sealed(desk.visitor(request, as_user)))
    await desk.sessions.request(message, AdoptedSessions)
